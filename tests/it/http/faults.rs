//! Answers that are none: each fault of a server is a failure with its kind, phase and one plain
//! line, never a success and never a panic.

use std::io;
use std::net::TcpListener;

use pfetch::http::FetchConfig;
use pfetch::model::outcome::FailureKind::{self, Closed, Connect, Protocol, Tls};
use pfetch::model::timing::Phase;

use crate::http::support::{assert_failed, get, told};
use crate::raw::{Raw, Wire};
use crate::server::Server;

/// How a faulty answer ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// By an end of stream.
    Close,
    /// By a reset.
    Reset,
    /// Not at all: only the client can end it.
    Hang,
}
use End::{Close, Hang, Reset};

/// What the server sends, how it ends, and what the client must make of it.
type Case<'a> = (&'a str, &'a [u8], End, FailureKind, Phase, &'a str);

const RESET: &str = "the server reset the connection";
const IN_HEAD: &str = "the server closed the connection in the response header";
const IN_BODY: &str = "the server closed the connection in the body, after 3 bytes";

const CASES: &[Case<'_>] = &[
    (
        "closed without an answer",
        b"",
        Close,
        Closed,
        Phase::Wait,
        "the server closed the connection without an answer",
    ),
    (
        "reset without an answer",
        b"",
        Reset,
        Closed,
        Phase::Wait,
        RESET,
    ),
    (
        "closed in the status line",
        b"HTTP/1.",
        Close,
        Closed,
        Phase::Receive,
        IN_HEAD,
    ),
    (
        "closed in the header",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        Close,
        Closed,
        Phase::Receive,
        IN_HEAD,
    ),
    (
        "reset in the header",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        Reset,
        Closed,
        Phase::Receive,
        RESET,
    ),
    (
        "closed in a body of known length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        Close,
        Closed,
        Phase::Receive,
        IN_BODY,
    ),
    (
        "reset in a body of known length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        Reset,
        Closed,
        Phase::Receive,
        RESET,
    ),
    (
        "reset in a body that ends with the connection: no success",
        b"HTTP/1.1 200 OK\r\n\r\nabc",
        Reset,
        Closed,
        Phase::Receive,
        RESET,
    ),
    (
        "closed in a chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        Close,
        Closed,
        Phase::Receive,
        IN_BODY,
    ),
    (
        "closed between chunks",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        Close,
        Closed,
        Phase::Receive,
        IN_BODY,
    ),
    (
        "closed in a chunk's length",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1",
        Close,
        Closed,
        Phase::Receive,
        IN_BODY,
    ),
    (
        "reset between chunks",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        Reset,
        Closed,
        Phase::Receive,
        RESET,
    ),
    (
        "a document without a header (HTTP/0.9)",
        b"<html>hello</html>\r\n",
        Close,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: it does not begin with HTTP/1 but with \"<html>hello</html>\"; another service may be on this port",
    ),
    (
        "another protocol",
        b"SSH-2.0-Server_1.0\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: it does not begin with HTTP/1; an SSH server is on this port",
    ),
    (
        "a TLS alert, as of an https port",
        b"\x15\x03\x01\x00\x02\x02\x16",
        Close,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: it does not begin with HTTP/1; https is on this port",
    ),
    (
        "another version",
        b"HTTP/2.0 200 OK\r\n\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: it is in HTTP/2.0, and pfetch reads HTTP/1.0 and HTTP/1.1",
    ),
    (
        "no status",
        b"HTTP/1.1 abc\r\n\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: its status line is \"HTTP/1.1 abc\", without a status of three digits",
    ),
    (
        "an impossible status",
        b"HTTP/1.1 099 -\r\n\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: its status line is \"HTTP/1.1 099 -\", without a status of three digits",
    ),
    (
        "a NUL in a header",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: its header has a NUL byte in it",
    ),
    (
        "two lengths",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: it states two lengths (Content-Length), 3 and 4",
    ),
    (
        "a length that is no number",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: its Content-Length is \"abc\", which is not a number",
    ),
    (
        "a chunk length that is no number",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: a chunk of its body does not state its length",
    ),
    (
        "a chunk longer than it says",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
        Hang,
        Protocol,
        Phase::Receive,
        "the server's answer is not valid HTTP: a chunk of its body does not end where its length \
         says",
    ),
];

fn misbehave(mut wire: Wire<'_>, answer: &[u8], end: End) -> io::Result<()> {
    if wire.request().is_none() {
        return Ok(());
    }
    wire.send(answer)?;
    match end {
        Close => Ok(()),
        Reset => wire.reset(),
        Hang => wire.hang(),
    }
}

#[test]
fn each_fault_has_its_kind_its_phase_and_its_words() {
    for &(what, answer, end, kind, phase, message) in CASES {
        let server = Raw::start(move |wire| misbehave(wire, answer, end));
        let outcome = get(&server.url("/"), FetchConfig::default());
        assert_failed(what, &outcome, kind, Some(phase), message);
        assert_eq!(outcome.requests(), 1, "{what}: {outcome:#?}");
        assert_eq!(outcome.last.reused, Some(false), "{what}: {outcome:#?}");
        assert_eq!(
            outcome.last.remote,
            Some(server.addr()),
            "{what}: {outcome:#?}"
        );
        assert_eq!(server.connections(), 1, "{what}");
        assert_eq!(
            outcome.last.timing.ttfb().is_some(),
            phase == Phase::Receive
        );
    }
}

#[test]
fn a_reset_by_unread_data_is_no_end_of_a_body() {
    // A server that closes with the client's request unread: the system then sends a reset.
    let server = Raw::start(|mut wire| {
        wire.peek_once()?;
        wire.send("HTTP/1.1 200 OK\r\n\r\nabc")
    });
    for _ in 0..20 {
        let outcome = get(&server.url("/"), FetchConfig::default());
        let phase = Some(Phase::Receive);
        assert_failed("unread", &outcome, Closed, phase, RESET);
    }
}

#[test]
fn headers_without_measure_are_refused() {
    let huge = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(1_000_000));
    let line = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "1".repeat(1_000_000)
    );
    let zeros = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "0".repeat(1_000_000)
    );
    for (what, answer, reason) in [
        ("a huge header", huge, "its header is longer than 256 KiB"),
        (
            "a huge chunk length",
            line,
            "a chunk of its body is too large",
        ),
        (
            "an endless chunk length",
            zeros,
            "what comes beside its body does not end",
        ),
    ] {
        let message = &format!("the server's answer is not valid HTTP: {reason}");
        let server = Raw::start(move |wire| misbehave(wire, answer.as_bytes(), Hang));
        let outcome = get(&server.url("/"), FetchConfig::default());
        assert_failed(what, &outcome, Protocol, Some(Phase::Receive), message);
    }
}

#[test]
fn the_largest_headers_that_are_allowed_pass() {
    let big = format!("X: {}\r\n", "a".repeat(250_000));
    let many = "X: a\r\n".repeat(4_000);
    for header in [big, many] {
        let server = Server::with(move |_, reply| reply.send(200, &header, b"abc"));
        let outcome = get(&server.url("/"), FetchConfig::default());
        assert_eq!(told(&outcome), "ok 200 3", "{outcome:#?}");
    }
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let outcome = get(&format!("http://{addr}/"), FetchConfig::default());
    assert_failed(
        "refused",
        &outcome,
        Connect,
        Some(Phase::Connect),
        "connection refused",
    );
    assert_eq!((outcome.last.remote, outcome.last.reused), (None, None));
    assert!(
        outcome.last.timing.phase(Phase::Connect).is_some(),
        "{outcome:#?}"
    );
    assert_eq!(outcome.last.timing.ttfb(), None, "{outcome:#?}");
}

#[test]
fn tls_to_a_server_that_speaks_none() {
    let server = Raw::start(|mut wire| {
        wire.read_once()?;
        wire.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
        wire.hang()
    });
    let url = server.url("/").replace("http:", "https:");
    let outcome = get(&url, FetchConfig::default());
    assert_failed(
        "plain server",
        &outcome,
        Tls,
        Some(Phase::Ssl),
        "the server does not speak TLS on this port; for plain HTTP write http://",
    );
    assert!(
        outcome.last.timing.phase(Phase::Ssl).is_some(),
        "{outcome:#?}"
    );
    for (end, kind, message) in [
        (
            Close,
            Tls,
            "the server closed the connection in the TLS handshake",
        ),
        (Reset, Closed, RESET),
    ] {
        let server = Raw::start(move |mut wire| {
            wire.read_once()?;
            match end {
                Reset => wire.reset(),
                _ => Ok(()),
            }
        });
        let url = server.url("/").replace("http:", "https:");
        let outcome = get(&url, FetchConfig::default());
        assert_failed("cut", &outcome, kind, Some(Phase::Ssl), message);
    }
}
