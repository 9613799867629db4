//! Good answers: bodies of every kind, statuses, phases.

use pfetch::http::FetchConfig;
use pfetch::model::outcome::{FailureKind, HttpVersion, Verdict};
use pfetch::model::target::Verb;
use pfetch::model::timing::Phase;

use crate::http::support::{assert_failed, client, fetch, get, get_with, target, told};
use crate::raw::Raw;
use crate::server::{Server, bytes};

#[test]
fn every_kind_of_body_is_read_to_its_end() {
    let server = Server::start();
    let mut client = client(FetchConfig::default());
    for (path, expected) in [
        ("/bytes/0", "ok 200 0"),
        ("/bytes/1", "ok 200 1"),
        ("/bytes/1000000", "ok 200 1000000"),
        ("/chunked/0", "ok 200 0"),
        ("/chunked/1", "ok 200 1"),
        ("/chunked/100000", "ok 200 100000"),
        ("/close/0", "ok 200 0"),
        ("/close/100000", "ok 200 100000"),
        ("/status/204", "ok 204 0"),
        ("/status/304", "ok 304 0"),
    ] {
        let outcome = get_with(&mut client, &server.url(path));
        assert_eq!(told(&outcome), expected, "{path}: {outcome:#?}");
        assert_eq!(outcome.last.version, Some(HttpVersion::Http11), "{path}");
        assert_eq!(outcome.requests(), 1, "{path}: {outcome:#?}");
        assert_eq!(outcome.last.remote, Some(server.addr()), "{path}");
    }
    // Only the two bodies that end where the connection ends cost a connection.
    assert_eq!(server.connections(), 3, "{:?}", server.targets());
}

#[test]
fn head_asks_for_headers_and_waits_for_no_body() {
    let server = Server::start();
    let mut client = client(FetchConfig::default());
    for path in ["/bytes/5000", "/chunked/5000", "/bytes/0", "/status/204"] {
        let outcome = fetch(&mut client, &target(&server.url(path)), Verb::Head);
        assert_eq!(outcome.verdict, Verdict::Ok, "{path}: {outcome:#?}");
        assert_eq!((outcome.bytes, outcome.verb), (0, Verb::Head), "{path}");
        assert!(outcome.last.wire_bytes > Some(0), "{path}: {outcome:#?}");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn statuses_without_a_body_end_at_their_header_whatever_it_says() {
    // RFC 9112, 6.3: these have no body even if a length is given (304 gives that of the document).
    let server = Raw::start(|mut wire| {
        while let Some(path) = wire.request() {
            wire.send(format!(
                "HTTP/1.1 {} -\r\nContent-Length: 77\r\n\r\n",
                &path[1..]
            ))?;
        }
        Ok(())
    });
    let mut client = client(FetchConfig::default());
    for (path, expected) in [("/304", "ok 304 0"), ("/204", "ok 204 0")] {
        let outcome = get_with(&mut client, &server.url(path));
        assert_eq!(told(&outcome), expected, "{outcome:#?}");
    }
    let outcome = fetch(&mut client, &target(&server.url("/200")), Verb::Head);
    assert_eq!(told(&outcome), "ok 200 0", "{outcome:#?}");
    // Behind the 204 there may be the body that it announces.
    assert_eq!(server.connections(), 2);
}

#[test]
fn interim_responses_are_passed_over() {
    let server = Raw::start(|mut wire| {
        while wire.request().is_some() {
            wire.send(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            )?;
            // In one piece with more than fits a buffer.
            let rest = "HTTP/1.1 103 -\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n";
            wire.send([rest.as_bytes(), &bytes(200_000)].concat())?;
        }
        Ok(())
    });
    let outcome = get(&server.url("/"), FetchConfig::default());
    assert_eq!(told(&outcome), "ok 200 200000", "{outcome:#?}");
}

#[test]
fn a_status_that_is_not_accepted_is_a_failure_with_its_body_read() {
    let server = Server::start();
    let mut client = client(FetchConfig::default());
    for (status, message) in [
        (404, "not found"),
        (410, "gone"),
        (500, "internal server error"),
        (503, "service unavailable"),
        (599, "status 599 is not accepted"),
    ] {
        let outcome = get_with(&mut client, &server.url(&format!("/status/{status}")));
        assert_failed(
            &status.to_string(),
            &outcome,
            FailureKind::Status,
            None,
            message,
        );
        assert_eq!((outcome.status(), outcome.bytes), (Some(status), 11));
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_is_accepted_can_be_said() {
    let server = Server::start();
    let config = FetchConfig {
        accept: "201-299,404".parse().unwrap(),
        ..FetchConfig::default()
    };
    let mut client = client(config);
    let mut verdict = |status: u16| {
        let url = server.url(&format!("/status/{status}"));
        get_with(&mut client, &url).verdict
    };
    assert_eq!(verdict(404), Verdict::Ok);
    assert_eq!(verdict(204), Verdict::Ok);
    assert_eq!(verdict(200), Verdict::Failed);
    assert_eq!(verdict(304), Verdict::Failed);
}

#[test]
fn a_worker_keeps_one_connection_for_many_requests() {
    let server = Server::start();
    let mut client = client(FetchConfig::default());
    for number in 0..200 {
        let outcome = get_with(&mut client, &server.url("/bytes/100"));
        assert_eq!(told(&outcome), "ok 200 100", "{number}: {outcome:#?}");
        assert_eq!(
            outcome.last.reused,
            Some(number > 0),
            "{number}: {outcome:#?}"
        );
        let timing = &outcome.last.timing;
        assert_eq!(
            timing.phase(Phase::Connect).is_none(),
            number > 0,
            "{outcome:#?}"
        );
        assert_eq!(
            (timing.phase(Phase::Dns), timing.phase(Phase::Ssl)),
            (None, None),
            "{outcome:#?}"
        );
        let on_network = [
            timing.phase(Phase::Send),
            timing.phase(Phase::Wait),
            timing.phase(Phase::Receive),
            timing.ttfb(),
        ];
        assert!(on_network.iter().all(Option::is_some), "{outcome:#?}");
        assert_eq!(outcome.last.remote, Some(server.addr()), "{outcome:#?}");
        let head = outcome.last.wire_bytes.unwrap() - outcome.bytes;
        assert!((20..200).contains(&head), "{outcome:#?}");
    }
    assert_eq!((server.connections(), server.requests()), (1, 200));
}

#[test]
fn idle_connections_are_kept_up_to_their_limit() {
    let servers: Vec<Server> = (0..3).map(|_| Server::start()).collect();
    let config = FetchConfig {
        idle_connections: 2,
        ..FetchConfig::default()
    };
    let mut client = client(config);
    let mut connections_after = |fetched: &[usize]| -> usize {
        for &server in fetched {
            let outcome = get_with(&mut client, &servers[server].url("/bytes/1"));
            assert_eq!(told(&outcome), "ok 200 1", "{outcome:#?}");
        }
        servers.iter().map(Server::connections).sum()
    };
    assert_eq!(connections_after(&[0, 1, 0, 1]), 2);
    // The third host pushes one of the others' out, which then needs a new one.
    assert_eq!(connections_after(&[2, 2]), 3);
    assert!(connections_after(&[0, 1]) > 3);
}

#[test]
fn the_request_says_who_asks_and_nothing_twice() {
    let server = Server::with(|request, reply| {
        let count = |name: &str| {
            let lines = request.head.lines();
            lines
                .filter(|line| line.to_lowercase().starts_with(&format!("{name}:")))
                .count()
        };
        let names = ["host", "user-agent", "accept", "accept-encoding"];
        let agent = request.header("user-agent").unwrap_or_default();
        let is_right = names.iter().all(|name| count(name) == 1)
            && agent.starts_with("pfetch/")
            && request.header("accept-encoding") == Some("identity")
            && request.target == "/a%20b?c=%C3%A9";
        let status = if is_right { 200 } else { 400 };
        reply.send(status, "", &bytes(3))
    });
    let outcome = get(&server.url("/a b?c=é#part"), FetchConfig::default());
    assert_eq!(told(&outcome), "ok 200 3", "{:?}", server.targets());
}
