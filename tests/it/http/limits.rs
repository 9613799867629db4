//! Limits: whatever a server does, a fetch ends; and a stop ends it at once.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use pfetch::http::{DnsConfig, FetchConfig, PinnedAddresses, PinnedHost};
use pfetch::model::outcome::{FailureKind, Outcome, Verdict};
use pfetch::model::timing::Phase;
use rustix::net::{AddressFamily, SocketType, bind, listen, socket};

use crate::http::support::{Underway, assert_failed, client, get, get_with, told};
use crate::raw::Raw;
use crate::server::Server;

const SHORT: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(10);

fn stalling() -> FetchConfig {
    FetchConfig {
        stall_timeout: Some(SHORT),
        ..FetchConfig::default()
    }
}

fn unlimited() -> FetchConfig {
    FetchConfig {
        stall_timeout: None,
        ..FetchConfig::default()
    }
}

/// A listener with no room for one more connection, so that connecting takes for ever.
struct Full {
    addr: SocketAddr,
    _kept: (TcpListener, Vec<TcpStream>),
}

fn full() -> Full {
    full_at(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn full_at(addr: SocketAddr) -> Full {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &addr).expect("the loopback has a free port");
    listen(&socket, 0).expect("a bound socket listens");
    let listener = TcpListener::from(socket);
    let addr = listener.local_addr().expect("a bound socket has a name");
    let mut waiting = Vec::new();
    for _ in 0..16 {
        match TcpStream::connect_timeout(&addr, Duration::from_millis(500)) {
            Ok(stream) => waiting.push(stream),
            Err(_) => {
                return Full {
                    addr,
                    _kept: (listener, waiting),
                };
            }
        }
    }
    panic!("the backlog of 0 took {} connections", waiting.len());
}

#[test]
fn connecting_has_its_limit() {
    let full = full();
    let config = FetchConfig {
        connect_timeout: SHORT,
        ..unlimited()
    };
    let outcome = get(&format!("http://{}/", full.addr), config);
    assert_failed(
        "full backlog",
        &outcome,
        FailureKind::Timeout,
        Some(Phase::Connect),
        "timed out after 300ms",
    );
    assert!(
        outcome.last.timing.phase(Phase::Connect) >= Some(SHORT / 2),
        "{outcome:#?}"
    );
}

#[test]
fn an_address_that_does_not_answer_is_not_waited_for_when_there_is_another() {
    // The first is the one that is waited for, and the last the one that is connected to; the one
    // between is begun while another is under way, and does not answer either.
    let server = Server::start();
    let port = server.addr().port();
    let hosts: Vec<IpAddr> = [3, 2, 1].map(|n| IpAddr::from([127, 0, 0, n])).into();
    let _full = [0, 1].map(|n| full_at(SocketAddr::new(hosts[n], port)));
    let mut pinned = PinnedAddresses::default();
    for host in hosts {
        let name = PinnedHost::parse("some.invalid").expect("it is a name");
        pinned.add(name, port, host);
    }
    let config = FetchConfig {
        connect_timeout: Duration::from_secs(3600),
        dns: DnsConfig {
            pinned,
            ..DnsConfig::default()
        },
        ..unlimited()
    };
    let mut client = client(config);
    for reused in [false, true] {
        let outcome = get_with(&mut client, &format!("http://some.invalid:{port}/bytes/5"));
        assert_eq!(outcome.verdict, Verdict::Ok, "{outcome:#?}");
        assert_eq!(outcome.last.remote, Some(server.addr()), "{outcome:#?}");
        assert_eq!(outcome.last.reused, Some(reused), "{outcome:#?}");
    }
}

#[test]
fn the_tls_handshake_is_part_of_connecting() {
    let server = Raw::start(|wire| wire.hang());
    let url = server.url("/").replace("http:", "https:");
    let config = FetchConfig {
        connect_timeout: SHORT,
        ..unlimited()
    };
    let outcome = get(&url, config);
    assert_failed(
        "silent handshake",
        &outcome,
        FailureKind::Timeout,
        Some(Phase::Ssl),
        "timed out after 300ms",
    );
}

#[test]
fn the_whole_attempt_has_its_limit() {
    let server = Server::start();
    let dripping = Raw::start(|mut wire| {
        wire.request();
        wire.send("HTTP/1.1 200 OK\r\n\r\n")?;
        wire.drip([b'x'; 2000], PAUSE)
    });
    for (url, phase) in [
        (server.url("/hang"), Phase::Wait),
        (dripping.url("/"), Phase::Receive),
    ] {
        let config = FetchConfig {
            timeout: Some(SHORT),
            ..unlimited()
        };
        let outcome = get(&url, config);
        assert_failed(
            &url,
            &outcome,
            FailureKind::Timeout,
            Some(phase),
            "timed out after 300ms",
        );
    }
}

#[test]
fn silence_and_dripping_are_stalls() {
    const LITTLE: &str = "stalled: less than 1 KiB came in 300ms";
    for (what, head, piece, phase) in [
        ("silence", "", "", Phase::Wait),
        (
            "dripped header",
            "HTTP/1.1 200 OK\r\nX: ",
            "x",
            Phase::Receive,
        ),
        ("silent body", "HTTP/1.1 200 OK\r\n\r\n", "", Phase::Receive),
        (
            "dripped body",
            "HTTP/1.1 200 OK\r\n\r\n",
            "x",
            Phase::Receive,
        ),
        (
            "dripped chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1\r\nx\r\n",
            Phase::Receive,
        ),
    ] {
        let server = Raw::start(move |mut wire| {
            wire.request();
            wire.send(head)?;
            wire.drip(piece, PAUSE)
        });
        let outcome = get(&server.url("/"), stalling());
        assert_failed(what, &outcome, FailureKind::Stall, Some(phase), LITTLE);
    }
}

/// An interim response with more bytes than a stalled connection gives.
fn interim() -> String {
    format!(
        "HTTP/1.1 102 Processing\r\nX: {}\r\n\r\n",
        "a".repeat(2_000)
    )
}

#[test]
fn interim_responses_may_not_go_on_for_ever() {
    let server = Raw::start(|mut wire| {
        wire.request();
        // Fewer in the time than are allowed.
        wire.drip(interim(), Duration::from_millis(100))
    });
    let config = FetchConfig {
        stall_timeout: Some(Duration::from_secs(2)),
        ..FetchConfig::default()
    };
    let outcome = get(&server.url("/"), config);
    let failure = outcome.error();
    // On a machine so busy that hardly anything came, it is the other kind of stall.
    let kind = failure.map(|failure| failure.kind);
    assert_eq!(kind, Some(FailureKind::Stall), "{outcome:#?}");
}

#[test]
fn interim_responses_have_a_limit_even_where_time_has_none() {
    let server = Raw::start(|mut wire| {
        wire.request();
        wire.drip(interim().repeat(10), Duration::ZERO)
    });
    let outcome = get(&server.url("/"), unlimited());
    assert_failed(
        "endless 1xx",
        &outcome,
        FailureKind::Protocol,
        Some(Phase::Receive),
        "the server's answer is not valid HTTP: its header does not end",
    );
    assert!(outcome.last.wire_bytes < Some(1_000_000), "{outcome:#?}");
}

fn assert_skipped(what: &str, outcome: &Outcome) {
    assert_eq!(told(outcome), "stopped before it was complete", "{what}");
    assert_eq!(outcome.verdict, Verdict::Skipped, "{what}: {outcome:#?}");
}

#[test]
fn a_stop_ends_the_wait_for_an_answer() {
    let (asked, heard) = mpsc::channel();
    let server = Raw::start(move |mut wire| {
        wire.request();
        asked.send(()).expect("the test listens");
        wire.hang()
    });
    let underway = Underway::get(&server.url("/"), unlimited());
    heard
        .recv_timeout(crate::http::support::LONG)
        .expect("asked");
    assert_skipped("waiting", &underway.stop());
}

#[test]
fn a_stop_ends_a_body() {
    let server = Raw::start(|mut wire| {
        wire.request();
        wire.send("HTTP/1.1 200 OK\r\n\r\nabc")?;
        wire.hang()
    });
    let underway = Underway::get(&server.url("/"), unlimited());
    underway.wait_for_bytes(3);
    let outcome = underway.stop();
    assert_skipped("body", &outcome);
    assert_eq!(outcome.status(), Some(200), "{outcome:#?}");
}

#[test]
fn a_stop_ends_connecting() {
    let full = full();
    let config = FetchConfig {
        connect_timeout: Duration::from_secs(3600),
        ..unlimited()
    };
    let underway = Underway::get(&format!("http://{}/", full.addr), config);
    underway.wait_for_bytes(0);
    assert_skipped("connecting", &underway.stop());
}

#[test]
fn a_short_body_of_no_stated_length_is_held_against_the_limit_of_its_bytes() {
    // It comes with its head, so that it is whole before any of it is counted.
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let server = Raw::start(move |mut wire| {
        while wire.request().is_some() {
            wire.send(answer)?;
        }
        Ok(())
    });
    for (most, expected) in [(5, None), (4, Some(FailureKind::TooLarge))] {
        let config = FetchConfig {
            max_bytes: Some(most),
            ..FetchConfig::default()
        };
        let outcome = get(&server.url("/"), config);
        let found = outcome.error().map(|failure| failure.kind);
        assert_eq!(found, expected, "at most {most}: {outcome:#?}");
        assert_eq!(outcome.bytes, 5, "at most {most}: {outcome:#?}");
    }
}
