use std::collections::VecDeque;
use std::io::Write;
use std::sync::Mutex;

use ureq::unversioned::transport::time;

use super::super::framing::BodyLength;
use super::super::handover::NextRequest;
use super::super::stream::ByteStream;
use super::super::whole_body::WholeBody;
use super::*;
use crate::pool::StopToken;

/// One read of a script.
#[derive(Debug, Clone)]
enum Step {
    Bytes(&'static [u8]),
    /// As many bytes as there is room for.
    Fill,
    End,
    Fails(io::ErrorKind),
}
use Step::{Bytes, End, Fails, Fill};

/// A stream whose reads follow a script, and the calls by which they were made.
#[derive(Debug)]
struct Scripted {
    steps: VecDeque<Step>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Scripted {
    fn next(&mut self, call: &'static str, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls.lock().unwrap().push(call);
        match self.steps.pop_front() {
            Some(Bytes(bytes)) => {
                assert!(bytes.len() <= buffer.len(), "no room for the script");
                buffer[..bytes.len()].copy_from_slice(bytes);
                Ok(bytes.len())
            }
            Some(Fill) => Ok(buffer.len()),
            Some(Fails(kind)) => Err(kind.into()),
            Some(End) | None => Ok(0),
        }
    }
}

impl io::Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.next("read", buffer)
    }
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ByteStream for Scripted {
    fn is_idle(&mut self) -> bool {
        self.calls.lock().unwrap().push("look");
        true
    }

    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.next("discard", buffer)
    }

    fn bind(&mut self, _: &Arc<RequestClock>) {}
}

/// A worker of one, and what it has seen.
struct Bench {
    clock: Arc<RequestClock>,
    handover: Arc<Handover>,
    connections: Arc<Connections>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Bench {
    fn new() -> Self {
        Bench {
            clock: Arc::new(RequestClock::new(StopToken::new())),
            handover: Arc::default(),
            connections: Arc::new(Connections::new(8, None)),
            calls: Arc::default(),
        }
    }

    /// A connection whose request is out, and whose reads follow this script.
    fn connection(&self, steps: &[Step], is_reused: bool) -> Connection {
        self.handover.announce(NextRequest {
            key: "origin".into(),
            may_resend: is_reused,
            ..NextRequest::default()
        });
        let stream = ServerStream {
            stream: Box::new(Scripted {
                steps: steps.iter().cloned().collect(),
                calls: Arc::clone(&self.calls),
            }),
            remote: ([127, 0, 0, 1], 80).into(),
            is_tls: false,
        };
        let parts = ConnectionParts {
            clock: Arc::clone(&self.clock),
            handover: Arc::clone(&self.handover),
            connections: Arc::clone(&self.connections),
            now: Instant::now(),
        };
        let next = self.handover.take_next();
        let mut connection = Connection::new(stream, None, parts, next, is_reused);
        connection.transmit_output(0, for_ever()).unwrap();
        connection
    }

    /// What ureq reads of a response until its body is over, or the fault.
    fn read(&self, connection: &mut Connection) -> Result<Vec<u8>, Fault> {
        let mut read = Vec::new();
        loop {
            match connection.await_input(for_ever()) {
                Ok(false) => return Ok(read),
                Ok(true) => {
                    let input = connection.buffers().input().to_vec();
                    connection.buffers().input_consume(input.len());
                    read.extend_from_slice(&input);
                }
                Err(_) => {
                    let figures = self.clock.finish(Instant::now());
                    return Err(figures.fault.expect("a failure has a cause"));
                }
            }
        }
    }

    fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// True if the connection was kept.
    fn has_kept(&self) -> bool {
        self.connections.take("origin", Instant::now()).is_some()
    }
}

fn for_ever() -> NextTimeout {
    NextTimeout {
        after: time::Duration::NotHappening,
        reason: ureq::Timeout::Global,
        per_read: None,
        per_write: None,
    }
}

const HEAD: &str = "HTTP/1.0 200\r\n\r\n";

/// The same of a body that is not ureq's to read.
const WHOLE: &str = "HTTP/1.0 204\r\n\r\n";

fn text(bytes: Result<Vec<u8>, Fault>) -> Result<String, Fault> {
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn ureq_reads_a_canonical_head_and_a_body_that_ends_with_its_input() {
    let (whole, coming) = (true, false);
    for (steps, body, is_whole, is_kept) in [
        (
            &[Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")][..],
            "abc",
            whole,
            true,
        ),
        (
            &[
                Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"),
                Bytes(b"\r\nab"),
                Bytes(b"c"),
            ],
            "abc",
            coming,
            true,
        ),
        (
            &[Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
            "",
            whole,
            true,
        ),
        (
            &[Bytes(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            )],
            "abc",
            whole,
            true,
        ),
        (
            &[
                Bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3"),
                Bytes(b"\r\na"),
                Bytes(b"bc"),
                Bytes(b"\r"),
                Bytes(b"\n0\r\n\r\n"),
            ],
            "abc",
            coming,
            true,
        ),
        // The body is whole, and what is left of the framing is not waited for.
        (
            &[Bytes(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
            )],
            "abc",
            whole,
            false,
        ),
        (
            &[Bytes(b"HTTP/1.1 200 OK\r\n\r\nab"), Bytes(b"c"), End],
            "abc",
            coming,
            false,
        ),
        (
            &[Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef")],
            "abc",
            whole,
            false,
        ),
        (
            &[
                Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na"),
                Bytes(b"bcd"),
            ],
            "abc",
            coming,
            false,
        ),
        (
            &[Bytes(
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
            )],
            "abc",
            whole,
            false,
        ),
        (
            &[
                Bytes(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100\r\n\r\n"),
                Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"),
            ],
            "a",
            whole,
            true,
        ),
    ] {
        let bench = Bench::new();
        let mut connection = bench.connection(steps, false);
        let read = text(bench.read(&mut connection));
        // All of it has come: to ureq there is none, and the client takes it from the buffers.
        let head = if is_whole { WHOLE } else { HEAD };
        assert_eq!(read, Ok(format!("{head}{body}")), "{steps:?}");
        drop(connection);
        assert_eq!(bench.has_kept(), is_kept, "{steps:?}");
        let answer = bench.handover.take_answer().expect("a head has come");
        assert_eq!(answer.head.status().as_u16(), 200, "{steps:?}");
        assert_eq!(answer.is_whole, is_whole, "{steps:?}");
    }
}

#[test]
fn a_whole_body_is_read_from_the_buffers_which_go_back_for_the_next_request() {
    let bench = Bench::new();
    for body in ["abc", "", "defg"] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let steps = [Bytes(answer.leak().as_bytes())];
        let mut connection = bench.connection(&steps, false);
        assert!(connection.await_input(for_ever()).unwrap(), "{body}");
        // As ureq does once it has read the head.
        connection.buffers().input_consume(WHOLE.len());
        drop(connection);
        let mut whole = WholeBody::take(&bench.handover);
        let mut read = String::new();
        whole.read_to_string(&mut read).unwrap();
        assert_eq!(read, body);
        drop(whole);
    }
}

#[test]
fn a_body_that_is_cut_short_is_a_failure_and_its_connection_is_not_kept() {
    for steps in [
        &[
            Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"),
            End,
        ][..],
        &[
            Bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            End,
        ],
        &[Bytes(b"HTTP/1.1 200 OK\r\nContent-Le"), End],
        &[End],
        // TLS without close_notify.
        &[
            Bytes(b"HTTP/1.1 200 OK\r\n\r\nab"),
            Fails(io::ErrorKind::UnexpectedEof),
        ],
    ] {
        let bench = Bench::new();
        let mut connection = bench.connection(steps, false);
        assert_eq!(
            text(bench.read(&mut connection)),
            Err(Fault::CutOff),
            "{steps:?}"
        );
        // Nothing more is read, and nothing looks like the end.
        assert!(connection.await_input(for_ever()).is_err(), "{steps:?}");
        drop(connection);
        assert!(!bench.has_kept(), "{steps:?}");
    }
}

#[test]
fn a_kept_connection_that_gives_no_answer_is_stale_and_a_new_one_is_at_fault() {
    for (steps, fault) in [
        (&[End][..], Some(Fault::CutOff)),
        (&[Fails(io::ErrorKind::ConnectionReset)], None),
        (&[Bytes(b"evil\r\n")], None),
        (&[Bytes(b"\r\n"), Bytes(b"evil\r\n")], None),
        (
            &[Bytes(
                b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
            )],
            None,
        ),
    ] {
        let bench = Bench::new();
        let mut kept = bench.connection(steps, true);
        assert_eq!(text(bench.read(&mut kept)), Err(Fault::Stale), "{steps:?}");
        let Some(fault) = fault else { continue };
        let mut new = bench.connection(steps, false);
        assert_eq!(text(bench.read(&mut new)), Err(fault), "{steps:?}");
    }
    // An answer that has begun is one, whatever becomes of it.
    let bench = Bench::new();
    let mut kept = bench.connection(&[Bytes(b"HTTP/1.1 "), End], true);
    assert_eq!(text(bench.read(&mut kept)), Err(Fault::CutOff));
    let interim = Bytes(b"HTTP/1.1 100 Continue\r\n\r\n");
    let mut kept = bench.connection(&[interim, End], true);
    assert_eq!(text(bench.read(&mut kept)), Err(Fault::CutOff));
}

#[test]
fn a_body_of_known_length_that_nobody_reads_is_discarded_and_nothing_behind_it() {
    let bench = Bench::new();
    let head = Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    let mut connection = bench.connection(&[head, Fill, Fill, Fill, Fill, Fill, Fill], false);
    bench.handover.discard_body();
    let read = bench.read(&mut connection).unwrap();
    assert_eq!(read.len(), HEAD.len() + 100_000);
    let calls = bench.calls();
    assert_eq!(calls[0], "read", "the head");
    assert!(
        calls[1..].iter().all(|call| *call == "discard"),
        "{calls:?}"
    );
    drop(connection);
    // The last read found one byte more than the body has.
    assert!(!bench.has_kept());
}

#[test]
fn a_connection_is_looked_at_before_reuse_if_more_may_have_come() {
    for (steps, looks) in [
        (
            &[Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")][..],
            0,
        ),
        // A body may come behind these, against the protocol.
        (&[Bytes(b"HTTP/1.1 304 -\r\nContent-Length: 1\r\n\r\n")], 1),
        (&[Bytes(b"HTTP/1.1 204 -\r\n\r\n")], 1),
    ] {
        let bench = Bench::new();
        let mut connection = bench.connection(steps, false);
        bench.read(&mut connection).unwrap();
        bench.calls();
        // Later than the moment in which it is reused unchecked, by the clock.
        connection.last_read = Instant::now() + Duration::from_secs(1);
        drop(connection);
        assert!(bench.has_kept(), "{steps:?}");
        assert_eq!(bench.calls().len(), looks, "{steps:?}");
    }
}

#[test]
fn a_body_whose_end_cannot_be_told_fails_only_if_it_is_read() {
    let bench = Bench::new();
    let head = Bytes(b"HTTP/1.1 302 Found\r\nTransfer-Encoding: gzip\r\nLocation: /x\r\n\r\nxyz");
    let mut connection = bench.connection(&[head], false);
    assert!(connection.await_input(for_ever()).unwrap());
    let answer = bench.handover.take_answer().unwrap();
    assert_eq!(answer.head.get("location"), Some(&b"/x"[..]));
    let Err(error) = answer.framing else {
        panic!("{answer:?}");
    };
    let canonical = connection.buffers().input().len();
    connection.buffers().input_consume(canonical);
    assert_eq!(
        text(bench.read(&mut connection)),
        Err(Fault::Framing(error))
    );
    drop(connection);
    assert!(!bench.has_kept());
}

#[test]
fn chunks_that_come_with_the_head_and_cannot_be_right_fail_only_if_they_are_read() {
    for rest in ["no chunk", "1\r\na\r\n;\r\n", "1\r\nab"] {
        let bench = Bench::new();
        let head = "HTTP/1.1 503 -\r\nTransfer-Encoding: chunked\r\n\r\n";
        let response = format!("{head}{rest}").into_bytes().leak();
        let mut connection = bench.connection(&[Bytes(response)], false);
        assert!(connection.await_input(for_ever()).unwrap(), "{rest:?}");
        let answer = bench.handover.take_answer().unwrap();
        assert_eq!(answer.head.status(), 503, "{rest:?}");
        let canonical = connection.buffers().input().len();
        connection.buffers().input_consume(canonical);
        let read = text(bench.read(&mut connection));
        assert!(matches!(read, Err(Fault::Framing(_))), "{rest:?}: {read:?}");
        drop(connection);
        assert!(!bench.has_kept(), "{rest:?}");
    }
}

#[test]
fn the_lengths_of_the_framing_are_what_the_client_sees() {
    let bench = Bench::new();
    let head = Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
    let mut connection = bench.connection(&[head], false);
    connection.await_input(for_ever()).unwrap();
    let answer = bench.handover.take_answer().unwrap();
    assert_eq!(answer.framing.unwrap().length, BodyLength::Known(7));
}
