//! Kept connections: reused while they are good, replaced when they are not, never confused.

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pfetch::http::FetchConfig;
use pfetch::model::outcome::{FailureKind, HttpVersion};
use pfetch::model::timing::Phase;

use crate::http::support::{LONG, assert_failed, client, get_with, told};
use crate::raw::Raw;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Fetches `/0`, `/1`, … with one client and gives what became of each.
fn fetch_some(server: &Raw, count: usize) -> Vec<(String, u32, Option<bool>)> {
    let mut client = client(FetchConfig::default());
    (0..count)
        .map(|number| {
            let outcome = get_with(&mut client, &server.url(&format!("/{number}")));
            (told(&outcome), outcome.requests(), outcome.last.reused)
        })
        .collect()
}

fn ok(attempts: u32, reused: bool) -> (String, u32, Option<bool>) {
    ("ok 200 2".to_owned(), attempts, Some(reused))
}

#[test]
fn a_request_on_a_stale_connection_is_tried_again_on_a_fresh_one() {
    for reset in [false, true] {
        // The first connection ends as its second request comes in: no look beforehand can tell.
        let server = Raw::start(move |mut wire| {
            let mut answered = 0;
            while wire.request().is_some() {
                if wire.number == 0 && answered == 1 {
                    return if reset { wire.reset() } else { Ok(()) };
                }
                wire.send(OK)?;
                answered += 1;
            }
            Ok(())
        });
        let expected = [ok(1, false), ok(2, false), ok(1, true)];
        assert_eq!(fetch_some(&server, 3), expected, "reset: {reset}");
        assert_eq!(server.requests(), ["/0", "/1", "/1", "/2"]);
        assert_eq!(server.connections(), 2);
    }
}

#[test]
fn a_stale_connection_is_replaced_once_only() {
    // Every connection but the first is closed without an answer.
    let server = Raw::start(|mut wire| {
        wire.request();
        if wire.number == 0 {
            wire.send(OK)?;
            wire.request();
        }
        Ok(())
    });
    let mut client = client(FetchConfig::default());
    get_with(&mut client, &server.url("/0"));
    let outcome = get_with(&mut client, &server.url("/1"));
    assert_failed(
        "closed twice",
        &outcome,
        FailureKind::Closed,
        Some(Phase::Wait),
        "the server closed the connection without an answer",
    );
    assert_eq!(outcome.requests(), 2, "{outcome:#?}");
    assert_eq!(server.requests(), ["/0", "/1", "/1"]);
}

#[test]
fn a_request_that_was_answered_in_part_is_not_tried_again() {
    let server = Raw::start(|mut wire| {
        wire.request();
        wire.send(OK)?;
        wire.request();
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
    });
    let results = fetch_some(&server, 2);
    assert_eq!(results[1].1, 1, "{results:?}");
    assert_eq!(server.requests(), ["/0", "/1"]);
}

#[test]
fn a_server_that_closes_after_each_answer_without_a_word_loses_nothing() {
    let server = Raw::start(move |mut wire| {
        wire.request();
        wire.send(OK)
    });
    // Whether the end is seen in time or only by the request differs: the answer does not.
    for (result, attempts, _) in fetch_some(&server, 50) {
        assert_eq!(result, "ok 200 2");
        assert!((1..=2).contains(&attempts), "{attempts} attempts");
    }
}

/// What a server may say though nobody has asked for it.
const UNASKED: [&str; 3] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "x",
    "\r\n",
];

#[test]
fn what_comes_unasked_with_an_answer_is_not_the_next_answer() {
    for unasked in UNASKED {
        let server = Raw::start(move |mut wire| {
            while wire.request().is_some() {
                wire.send(format!("{OK}{unasked}"))?;
            }
            Ok(())
        });
        let results = fetch_some(&server, 5);
        assert!(
            results.iter().all(|result| *result == ok(1, false)),
            "{unasked:?}: {results:?}"
        );
    }
}

#[test]
fn what_comes_unasked_after_an_answer_is_not_the_next_answer() {
    for unasked in UNASKED {
        let (ask, asked) = mpsc::channel();
        let (said, heard) = mpsc::channel();
        let channels = Mutex::new((asked, said));
        let server = Raw::start(move |mut wire| {
            while wire.request().is_some() {
                wire.send(OK)?;
                // Not before the client has taken the answer to be over.
                let channels = channels.lock().expect("nobody panics with it");
                if channels.0.recv_timeout(LONG).is_err() {
                    break;
                }
                wire.send(unasked)?;
                channels.1.send(()).expect("the test listens");
            }
            Ok(())
        });
        let mut client = client(FetchConfig::default());
        for number in 0..5 {
            let outcome = get_with(&mut client, &server.url(&format!("/{number}")));
            assert_eq!(told(&outcome), "ok 200 2", "{unasked:?}: {outcome:#?}");
            assert_eq!(outcome.requests(), 1, "{unasked:?}: {outcome:#?}");
            // What has been sent is in the client's system; before, nobody could know of it.
            ask.send(()).expect("the server listens");
            heard.recv_timeout(LONG).expect("sent");
            // A connection is looked at when it has been idle for a while: this is that while.
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(server.connections(), 5, "{unasked:?}");
    }
}

#[test]
fn http_1_0_closes_unless_it_says_otherwise() {
    for (keep, connections) in [("", 3), ("Connection: keep-alive\r\n", 1)] {
        let server = Raw::start(move |mut wire| {
            while wire.request().is_some() {
                wire.send(format!(
                    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n{keep}\r\nok"
                ))?;
            }
            Ok(())
        });
        let mut client = client(FetchConfig::default());
        for _ in 0..3 {
            let outcome = get_with(&mut client, &server.url("/"));
            assert_eq!(told(&outcome), "ok 200 2", "{keep}: {outcome:#?}");
            assert_eq!(
                outcome.last.version,
                Some(HttpVersion::Http10),
                "{outcome:#?}"
            );
        }
        assert_eq!(server.connections(), connections, "{keep}");
    }
}

#[test]
fn an_http_1_0_body_without_a_length_ends_with_the_connection() {
    let server = Raw::start(|mut wire| {
        wire.request();
        wire.send("HTTP/1.0 200 OK\r\n\r\nok")
    });
    let results = fetch_some(&server, 2);
    assert_eq!(results, [ok(1, false), ok(1, false)]);
}
