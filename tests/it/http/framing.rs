//! Where a response begins and ends: lengths, chunks and headers at their limits and beyond.

use std::time::Duration;

use pfetch::http::FetchConfig;
use pfetch::model::outcome::FailureKind::{self, Closed, Protocol};
use pfetch::model::target::Verb;
use pfetch::model::timing::Phase;

use crate::http::support::{client, fetch, get, get_with, target, told};
use crate::raw::Raw;

/// How an answer ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Close,
    Reset,
    Hang,
}
use End::{Close, Hang, Reset};

fn answering(answer: Vec<u8>, end: End) -> Raw {
    Raw::start(move |mut wire| {
        if wire.request().is_none() {
            return Ok(());
        }
        wire.send(&answer)?;
        match end {
            Close => Ok(()),
            Reset => wire.reset(),
            Hang => wire.hang(),
        }
    })
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunked(rest: impl AsRef<str>) -> Vec<u8> {
    format!("{CHUNKED}{}", rest.as_ref()).into_bytes()
}

fn length(value: &str, rest: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n{rest}").into_bytes()
}

fn head(line: &str) -> Vec<u8> {
    format!("{line}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn what_cannot_be_read_is_a_failure_of_its_kind() {
    let cases: [(&str, Vec<u8>, End, FailureKind); 32] = [
        ("closed before its body", length("5", "\r\n"), Close, Closed),
        ("reset before its body", length("5", "\r\n"), Reset, Closed),
        ("closed before its chunks", chunked(""), Close, Closed),
        ("reset before its chunks", chunked(""), Reset, Closed),
        ("reset in a chunk", chunked("5\r\nab"), Reset, Closed),
        (
            "reset in the last chunk's length",
            chunked("0"),
            Reset,
            Closed,
        ),
        (
            "a chunk with a sign",
            chunked("+3\r\nabc\r\n0\r\n\r\n"),
            Hang,
            Protocol,
        ),
        (
            "a chunk behind a blank",
            chunked(" 3\r\nabc\r\n0\r\n\r\n"),
            Hang,
            Protocol,
        ),
        (
            "a bare CR behind a chunk's length",
            chunked("3\rabc"),
            Hang,
            Protocol,
        ),
        (
            "a negative chunk",
            chunked("-3\r\nabc\r\n0\r\n\r\n"),
            Hang,
            Protocol,
        ),
        (
            "a chunk in C's hexadecimal",
            chunked("0x3\r\nabc\r\n0\r\n\r\n"),
            Hang,
            Protocol,
        ),
        (
            "a chunk without a length",
            chunked("\r\nabc\r\n0\r\n\r\n"),
            Hang,
            Protocol,
        ),
        (
            "a chunk that no number holds",
            chunked("fffffffffffffffff\r\nabc"),
            Hang,
            Protocol,
        ),
        (
            "the longest chunk, cut off",
            chunked("ffffffffffffffff\r\nabc"),
            Close,
            Closed,
        ),
        (
            "a chunk shorter than it says",
            chunked("5\r\nabc\r\n0\r\n\r\n"),
            Hang,
            Protocol,
        ),
        (
            "an extension without measure",
            chunked(format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(200_000))),
            Hang,
            Protocol,
        ),
        ("a negative length", length("-1", "\r\n"), Hang, Protocol),
        (
            "a length with a sign",
            length("+3", "\r\nabc"),
            Hang,
            Protocol,
        ),
        ("an empty length", length("", "\r\nabc"), Hang, Protocol),
        (
            "two lengths in one",
            length("3, 4", "\r\nabcd"),
            Hang,
            Protocol,
        ),
        (
            "a length that no number holds",
            length("99999999999999999999", "\r\nabc"),
            Hang,
            Protocol,
        ),
        ("no status at all", head("HTTP/1.1"), Hang, Protocol),
        ("a short status", head("HTTP/1.1 20"), Hang, Protocol),
        ("a long status", head("HTTP/1.1 2000 OK"), Hang, Protocol),
        (
            "a status of letters",
            head("HTTP/1.1 2OO OK"),
            Hang,
            Protocol,
        ),
        (
            "a version from elsewhere",
            head("ICY 200 OK"),
            Hang,
            Protocol,
        ),
        (
            "HTTP/2 in a status line",
            head("HTTP/2 200 OK"),
            Hang,
            Protocol,
        ),
        (
            "another protocol that nobody asked for",
            head("HTTP/1.1 101 Switching Protocols"),
            Hang,
            Protocol,
        ),
        ("a NUL", head("HTTP/1.1 200 OK\r\nX: a\0b"), Hang, Protocol),
        (
            "a length with a control character",
            length("3\u{b}", "\r\nabc"),
            Hang,
            Protocol,
        ),
        (
            "a coding behind a control character",
            head("HTTP/1.1 200 OK\r\nTransfer-Encoding\u{1}: chunked"),
            Hang,
            Protocol,
        ),
        (
            "a length without a colon",
            head("HTTP/1.1 200 OK\r\nContent-Length 5"),
            Hang,
            Protocol,
        ),
    ];
    let mut wrong = Vec::new();
    for (what, answer, end, kind) in cases {
        let server = answering(answer, end);
        let config = FetchConfig {
            stall_timeout: Some(Duration::from_secs(10)),
            ..FetchConfig::default()
        };
        let outcome = get(&server.url("/"), config);
        let failure = outcome.error();
        let is_right = failure.map(|f| (f.kind, f.phase)) == Some((kind, Some(Phase::Receive)));
        if !is_right || (outcome.requests(), server.connections()) != (1, 1) {
            wrong.push(format!("{what}: should be {kind:?}: {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_odd_but_plain_is_read() {
    for (what, answer, expected) in [
        ("no reason", head("HTTP/1.1 200"), "ok 200 0"),
        ("an empty reason", head("HTTP/1.1 200 "), "ok 200 0"),
        ("a reason in UTF-8", head("HTTP/1.1 200 zwölf"), "ok 200 0"),
        (
            "the same length twice",
            length("3", "Content-Length: 3\r\n\r\nabc"),
            "ok 200 3",
        ),
        ("leading zeros", length("0003", "\r\nabc"), "ok 200 3"),
        // RFC 9112, 6.3: Transfer-Encoding overrides Content-Length.
        (
            "chunked, and a length besides",
            length(
                "999",
                "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            ),
            "ok 200 3",
        ),
        (
            "a chunk with an extension",
            chunked("3;a=b;c=\"d\"\r\nabc\r\n0;x\r\n\r\n"),
            "ok 200 3",
        ),
        (
            "a chunk in capitals",
            chunked("A\r\n0123456789\r\n0\r\n\r\n"),
            "ok 200 10",
        ),
        (
            "leading zeros of a chunk",
            chunked("0003\r\nabc\r\n000\r\n\r\n"),
            "ok 200 3",
        ),
        (
            "a trailer",
            chunked("3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
            "ok 200 3",
        ),
        (
            "a trailer with a bare CR",
            chunked("3\r\nabc\r\n0\r\nX: y\rz\r\n\r\n"),
            "ok 200 3",
        ),
        ("chunks with LF alone", chunked("3\nabc\n0\n\n"), "ok 200 3"),
        (
            "a long extension",
            chunked(format!(
                "3;chunk-signature={}\r\nabc\r\n0\r\n\r\n",
                "f".repeat(64)
            )),
            "ok 200 3",
        ),
        (
            "an extension with a bare CR",
            chunked("3;a\rb\r\nabc\r\n0\r\n\r\n"),
            "ok 200 3",
        ),
        (
            "blanks behind a length",
            chunked("3  \r\nabc\r\n0\r\n\r\n"),
            "ok 200 3",
        ),
        (
            "lines with LF alone",
            b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc".to_vec(),
            "ok 200 3",
        ),
        (
            "empty lines before",
            [b"\r\n\n", &length("3", "\r\nabc")[..]].concat(),
            "ok 200 3",
        ),
        ("several blanks", head("HTTP/1.1   200   OK"), "ok 200 0"),
        (
            "no blank before the reason",
            head("HTTP/1.1 200OK"),
            "ok 200 0",
        ),
        (
            "a space before the colon",
            head("HTTP/1.1 200 OK\r\nX : y"),
            "ok 200 0",
        ),
        (
            "a line without a colon",
            head("HTTP/1.1 200 OK\r\nhello"),
            "ok 200 0",
        ),
        (
            "a line without a name",
            head("HTTP/1.1 200 OK\r\n: y"),
            "ok 200 0",
        ),
        (
            "a name of two words",
            head("HTTP/1.1 200 OK\r\nMy Header: y"),
            "ok 200 0",
        ),
        (
            "a name in UTF-8",
            head("HTTP/1.1 200 OK\r\nGröße: y"),
            "ok 200 0",
        ),
        (
            "a control character in a value",
            head("HTTP/1.1 200 OK\r\nX: a\u{1}b"),
            "ok 200 0",
        ),
        (
            "a bare CR in a value",
            head("HTTP/1.1 200 OK\r\nX: a\rb"),
            "ok 200 0",
        ),
        (
            "a folded line",
            head("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc"),
            "ok 200 0",
        ),
        ("a folded length", length("", "\t3\r\n\r\nabc"), "ok 200 3"),
        (
            "a 100 with headers",
            [
                b"HTTP/1.1 100 Continue\r\nX: y\r\nContent-Length: 9\r\n\r\n",
                &length("3", "\r\nabc")[..],
            ]
            .concat(),
            "ok 200 3",
        ),
        ("HTTP/1.5", head("HTTP/1.5 200 OK"), "ok 200 0"),
    ] {
        let server = answering(answer, Hang);
        let config = FetchConfig {
            stall_timeout: Some(Duration::from_secs(10)),
            ..FetchConfig::default()
        };
        let outcome = get(&server.url("/"), config);
        assert_eq!(told(&outcome), expected, "{what}: {outcome:#?}");
    }
}

#[test]
fn a_chunked_body_is_whole_once_its_last_chunk_has_come() {
    // RFC 9112, 8: incomplete is one whose zero-sized chunk has not been received.
    let server = answering(chunked("3\r\nabc\r\n0\r\n"), Close);
    let outcome = get(&server.url("/"), FetchConfig::default());
    assert_eq!(told(&outcome), "ok 200 3", "{outcome:#?}");
}

#[test]
fn as_many_headers_as_are_allowed_pass_and_one_more_does_not() {
    for (count, passes) in [(129, true), (4096, true), (4097, false), (20_000, false)] {
        let headers = "X: a\r\n".repeat(count);
        let server = answering(
            format!("HTTP/1.1 204 -\r\n{headers}\r\n").into_bytes(),
            Hang,
        );
        let outcome = get(&server.url("/"), FetchConfig::default());
        let expected = if passes {
            "ok 204 0"
        } else {
            "protocol: the server's answer is not valid HTTP: its header has more than 4096 lines"
        };
        assert_eq!(told(&outcome), expected, "{count}: {outcome:#?}");
    }
}

#[test]
fn headers_without_an_end_are_refused_however_they_come() {
    // In large pieces and in small ones, and with nothing that limits the time.
    for lines in [1, 100] {
        let server = Raw::start(move |mut wire| {
            wire.request();
            wire.send("HTTP/1.1 200 OK\r\n")?;
            wire.drip(
                "X-Filler: aaaaaaaaaaaaaaaaaaaa\r\n".repeat(lines),
                Duration::ZERO,
            )
        });
        let config = FetchConfig {
            stall_timeout: None,
            ..FetchConfig::default()
        };
        let outcome = get(&server.url("/"), config);
        let kind = outcome.error().map(|failure| failure.kind);
        assert_eq!(kind, Some(Protocol), "{lines}: {outcome:#?}");
        assert!(outcome.last.wire_bytes < Some(1_000_000), "{outcome:#?}");
    }
}

#[test]
fn a_body_that_was_misread_would_poison_the_next_answer_and_does_not() {
    // One client, one server: odd answers and plain ones in turn.
    let answers = [
        length("3", "\r\nabc"),
        chunked("3;x\r\nabc\r\n0\r\nX: y\r\n\r\n"),
        length("3", "Content-Length: 3\r\n\r\nabc"),
        chunked("3\r\nabc\r\n0\r\n\r\n"),
    ];
    let server = Raw::start(move |mut wire| {
        while let Some(path) = wire.request() {
            let number: usize = path[1..].parse().expect("the test asks for numbers");
            wire.send(&answers[number % answers.len()])?;
        }
        Ok(())
    });
    let mut client = client(FetchConfig::default());
    for number in 0..20 {
        let outcome = get_with(&mut client, &server.url(&format!("/{number}")));
        assert_eq!(told(&outcome), "ok 200 3", "{number}: {outcome:#?}");
    }
    assert_eq!(server.requests().len(), 20);
}

#[test]
fn a_body_that_is_whole_waits_for_nothing_behind_it_and_its_connection_is_not_used_again() {
    let server = Raw::start(|mut wire| {
        while wire.request().is_some() {
            wire.send(chunked("5\r\nabcde\r\n0\r\n"))?;
        }
        Ok(())
    });
    let mut client = client(FetchConfig::default());
    for _ in 0..3 {
        let outcome = get_with(&mut client, &server.url("/"));
        assert_eq!(told(&outcome), "ok 200 5", "{outcome:#?}");
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn trailers_without_an_end_hold_up_nobody() {
    let server = Raw::start(|mut wire| {
        if wire.request().is_none() {
            return Ok(());
        }
        wire.send(chunked("5\r\nabcde\r\n0\r\n"))?;
        // Until the client has closed the connection.
        loop {
            wire.send("x-more: and more\r\n".repeat(1000))?;
        }
    });
    let outcome = get(&server.url("/"), FetchConfig::default());
    assert_eq!(told(&outcome), "ok 200 5", "{outcome:#?}");
}

/// Transfer codings that nobody asked for, as header lines.
const UNREAD: [&str; 7] = [
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: identity, chunked",
];

/// Answers `/0`, `/1`, ... on one connection each with what `answer` gives for the number, as long as
/// the client stays.
fn numbered(answer: impl Fn(usize) -> String + Send + Sync + 'static) -> Raw {
    Raw::start(move |mut wire| {
        while let Some(path) = wire.request() {
            let number = path[1..].parse().expect("the test asks for numbers");
            wire.send(answer(number))?;
        }
        Ok(())
    })
}

#[test]
fn a_transfer_coding_that_nobody_asked_for_is_refused_and_its_connection_is_not_used_again() {
    let chunks = "3\r\nabc\r\n0\r\n\r\n";
    // However else the end of the body may be told: by its chunks, by its length, at once.
    let ends = [
        ("", chunks),
        ("Content-Length: 13\r\n", chunks),
        ("Content-Length: 0\r\n", ""),
    ];
    for coding in UNREAD {
        for (length, body) in ends {
            let what = format!("{coding:?} {length:?}");
            let odd = format!("HTTP/1.1 200 OK\r\n{coding}\r\n{length}\r\n{body}");
            let server = numbered(move |number| match number {
                1 => odd.clone(),
                _ => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
            });
            let mut client = client(FetchConfig::default());
            for number in 0..3 {
                let outcome = get_with(&mut client, &server.url(&format!("/{number}")));
                if number != 1 {
                    assert_eq!(told(&outcome), "ok 200 3", "{what}: {outcome:#?}");
                    assert_eq!(outcome.last.reused, Some(false), "{what}: {outcome:#?}");
                    continue;
                }
                let error = outcome.error().expect(&what);
                let kind = (error.kind, error.phase);
                assert_eq!(
                    kind,
                    (Protocol, Some(Phase::Receive)),
                    "{what}: {outcome:#?}"
                );
                let is_told = error.message.ends_with("which nobody asked for");
                assert!(is_told, "{what}: {outcome:#?}");
                assert_eq!(outcome.last.reused, Some(true), "{what}: {outcome:#?}");
                assert_eq!(outcome.requests(), 1, "{what}: {outcome:#?}");
            }
            assert_eq!(server.connections(), 2, "{what}");
        }
    }
}

#[test]
fn chunks_over_http_1_0_are_undone_and_their_connection_is_not_used_again() {
    for more in ["", "Connection: keep-alive\r\n", "Content-Length: 13\r\n"] {
        for (body, expected) in [
            ("3\r\nabc\r\n0\r\n\r\n", "ok 200 3"),
            (
                "3\r\nab",
                "receive: the server closed the connection in the body, after 2 bytes",
            ),
        ] {
            let answer =
                format!("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n{more}\r\n{body}");
            let server = answering(answer.into_bytes(), Close);
            let mut client = client(FetchConfig::default());
            for number in 1..3 {
                let outcome = get_with(&mut client, &server.url("/"));
                assert_eq!(told(&outcome), expected, "{more:?} {body:?}: {outcome:#?}");
                assert_eq!(server.connections(), number, "{more:?} {body:?}");
            }
        }
    }
}

#[test]
fn a_list_of_nothing_but_chunked_or_identity_is_read() {
    for (coding, body) in [
        ("Transfer-Encoding: CHUNKED", "3\r\nabc\r\n0\r\n\r\n"),
        ("Transfer-Encoding: , chunked ,", "3\r\nabc\r\n0\r\n\r\n"),
        (
            "Transfer-Encoding: chunked, chunked",
            "3\r\nabc\r\n0\r\n\r\n",
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "3\r\nabc\r\n0\r\n\r\n",
        ),
        ("Transfer-Encoding: identity\r\nContent-Length: 3", "abc"),
        ("Transfer-Encoding:\r\nContent-Length: 3", "abc"),
    ] {
        let server = numbered(move |_| format!("HTTP/1.1 200 OK\r\n{coding}\r\n\r\n{body}"));
        let mut client = client(FetchConfig::default());
        for number in 0..2 {
            let outcome = get_with(&mut client, &server.url(&format!("/{number}")));
            assert_eq!(told(&outcome), "ok 200 3", "{coding}: {outcome:#?}");
            assert_eq!(
                outcome.last.reused,
                Some(number == 1),
                "{coding}: {outcome:#?}"
            );
        }
    }
}

#[test]
fn a_transfer_coding_of_a_body_that_does_not_come_is_no_failure() {
    for coding in UNREAD {
        for (status, verb) in [("200", Verb::Head), ("204", Verb::Get), ("304", Verb::Get)] {
            let server = answering(
                format!("HTTP/1.1 {status} -\r\n{coding}\r\n\r\n").into_bytes(),
                Hang,
            );
            let mut client = client(FetchConfig::default());
            let outcome = fetch(&mut client, &target(&server.url("/")), verb);
            let expected = format!("ok {status} 0");
            assert_eq!(told(&outcome), expected, "{coding}: {outcome:#?}");
        }
    }
}

#[test]
fn a_transfer_coding_of_a_body_that_is_dropped_costs_its_connection_and_nothing_else() {
    let plain = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    for coding in UNREAD {
        // Chunks that are none, and a body that is over at once.
        for rest in ["\r\nno chunk", "Content-Length: 0\r\n\r\n"] {
            for (status, expected) in [("302", "ok 200 3"), ("404", "not found")] {
                let what = format!("{coding:?} {rest:?} {status}");
                let odd = format!("HTTP/1.1 {status} -\r\nLocation: /2\r\n{coding}\r\n{rest}");
                let server = numbered(move |number| match number {
                    1 => odd.clone(),
                    _ => plain.to_owned(),
                });
                let mut client = client(FetchConfig::default());
                let outcome = get_with(&mut client, &server.url("/1"));
                assert_eq!(told(&outcome), expected, "{what}: {outcome:#?}");
                let outcome = get_with(&mut client, &server.url("/2"));
                assert_eq!(told(&outcome), "ok 200 3", "{what}: {outcome:#?}");
                // Neither request went out over the connection of the odd answer.
                assert_eq!(server.connections(), 2, "{what}: {outcome:#?}");
            }
        }
    }
}

#[test]
fn chunks_that_are_dropped_may_be_wrong_whenever_they_come() {
    let plain = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    for rest in ["no chunk", "1\r\na\r\n;\r\n", "1\r\nab", "1\r\na\r\n0\r\n"] {
        for (status, expected) in [("302", "ok 200 3"), ("404", "not found")] {
            // With the head, or behind it.
            for pause in [false, true] {
                let what = format!("{rest:?} {status}, apart: {pause}");
                let head = format!(
                    "HTTP/1.1 {status} -\r\nLocation: /2\r\nTransfer-Encoding: chunked\r\n\r\n"
                );
                let server = Raw::start(move |mut wire| {
                    while let Some(target) = wire.request() {
                        if target == "/2" {
                            wire.send(plain)?;
                        } else if pause {
                            wire.send(&head)?;
                            wire.send(rest)?;
                        } else {
                            wire.send(format!("{head}{rest}"))?;
                        }
                    }
                    Ok(())
                });
                let mut client = client(FetchConfig::default());
                let outcome = get_with(&mut client, &server.url("/1"));
                assert_eq!(told(&outcome), expected, "{what}: {outcome:#?}");
                let outcome = get_with(&mut client, &server.url("/2"));
                assert_eq!(told(&outcome), "ok 200 3", "{what}: {outcome:#?}");
                assert_eq!(server.connections(), 2, "{what}: {outcome:#?}");
            }
        }
    }
}
