//! A keep-alive connection as ureq's transport: a stream, its buffers, and marks on the request clock.
//!
//! A request that follows another at once takes two system calls, one to send and one to receive. A
//! third one checks that a connection which has been idle for a while is still open and silent.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::ConnectionBuffers;
use super::stream::{ByteStream, Connected};
use crate::http::fault::Fault;
use crate::http::request_clock::RequestClock;

/// The time after the last read in which a connection is reused unchecked, if that read had room for
/// more. Unsolicited bytes need about as long to arrive, so a check would see nothing new.
const UNCHECKED_REUSE: Duration = Duration::from_micros(200);

/// One connection, with or without TLS, direct or through a proxy.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Box<dyn ByteStream>,
    remote: SocketAddr,
    buffers: ConnectionBuffers,
    clock: Arc<RequestClock>,
    is_tls: bool,
    forward: Option<Forward>,
    /// Set from the end of a response to the next request.
    is_idle: bool,
    /// Set through the request clock when the connection may not be reused.
    retired: Arc<AtomicBool>,
    last_read: Instant,
    /// The last read filled the buffer, so there may be more.
    was_full: bool,
}

/// A forwarding proxy's form of a request: the absolute form (RFC 9112, 3.2.2), with the whole URL in
/// the request line. ureq writes the origin form only.
#[derive(Debug)]
pub(super) struct Forward {
    /// Scheme, host and port.
    pub(super) origin: String,
}

impl Connection {
    pub(super) fn new(
        (stream, remote): Connected,
        clock: Arc<RequestClock>,
        is_tls: bool,
        forward: Option<Forward>,
    ) -> Self {
        Connection {
            stream,
            remote,
            buffers: ConnectionBuffers::default(),
            clock,
            is_tls,
            forward,
            is_idle: true,
            retired: Arc::default(),
            last_read: Instant::now(),
            was_full: false,
        }
    }
}

impl Forward {
    /// The request head in absolute form.
    fn rewrite(&self, head: &[u8]) -> io::Result<Vec<u8>> {
        let place = |byte| head.iter().position(|&b| b == byte);
        let (Some(space), Some(_)) = (place(b' '), place(b'\n')) else {
            return Err(io::Error::other("a request's first line is not whole"));
        };
        let mut rewritten = Vec::with_capacity(head.len() + self.origin.len());
        rewritten.extend_from_slice(&head[..=space]);
        rewritten.extend_from_slice(self.origin.as_bytes());
        rewritten.extend_from_slice(&head[space + 1..]);
        Ok(rewritten)
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.buffers.expect_head(self.clock.head_length());
        &mut self.buffers
    }

    // ureq's own time-outs are off: the request clock's limits replace them.
    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let is_head = std::mem::replace(&mut self.is_idle, false);
        self.clock.sending(self.remote, &self.retired);
        let output = &self.buffers.output()[..amount];
        match &self.forward {
            Some(forward) if is_head => self.stream.write_all(&forward.rewrite(output)?)?,
            _ => self.stream.write_all(output)?,
        }
        self.stream.flush()?;
        self.clock.sent();
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let waiting = self.buffers.input().len() as u64;
        let buffer = self.buffers.input_append_buf();
        if buffer.is_empty() {
            // A read into an empty buffer would look like the end of the connection.
            return Err(self.clock.fail(Fault::EndlessLine));
        }
        let most = buffer.len();
        // Only bytes that are the body's for certain: another response may begin behind it.
        let is_discarded = self.clock.discardable() >= waiting + most as u64;
        let read = if is_discarded {
            self.stream.discard(buffer)
        } else {
            self.stream.read(buffer)
        };
        let count = read.map_err(|error| {
            // ureq takes this for an orderly end, and a truncated body for a complete one.
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.clock.fail(Fault::CutOff)
            } else {
                ureq::Error::Io(error)
            }
        })?;
        self.last_read = Instant::now();
        self.was_full = count == most;
        if count > 0 {
            self.clock.response_received(self.last_read);
        }
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    /// Checks whether the connection may be reused. ureq calls this twice for each reuse: when the
    /// connection goes into its pool, and when it is taken out. The second call is the one that
    /// matters: it finds unsolicited bytes, which would be taken for the next response.
    fn is_open(&mut self) -> bool {
        let was_idle = std::mem::replace(&mut self.is_idle, true);
        // A TLS read ends with a record, so there may be more behind it.
        let has_seen_all = !self.is_tls && !self.was_full;
        let is_fresh = || has_seen_all && self.last_read.elapsed() < UNCHECKED_REUSE;
        !self.retired.load(Ordering::Relaxed) && (!was_idle || is_fresh() || self.stream.is_idle())
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::pool::StopToken;

    /// A stream of endless bytes, and the calls by which they were read.
    #[derive(Debug, Default)]
    struct Endless {
        asked: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.asked.lock().unwrap().push("read");
            Ok(buffer.len())
        }
    }

    impl Write for Endless {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl ByteStream for Endless {
        fn is_idle(&mut self) -> bool {
            false
        }

        fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.asked.lock().unwrap().push("discard");
            Ok(buffer.len())
        }
    }

    fn connection(stream: Endless, clock: &Arc<RequestClock>) -> Connection {
        let connected: Connected = (Box::new(stream), ([127, 0, 0, 1], 80).into());
        Connection::new(connected, Arc::clone(clock), false, None)
    }

    fn for_ever() -> NextTimeout {
        NextTimeout {
            after: ureq::unversioned::transport::time::Duration::NotHappening,
            reason: ureq::Timeout::Global,
            per_read: None,
            per_write: None,
        }
    }

    #[test]
    fn a_connection_is_checked_before_reuse_if_its_last_read_was_full() {
        let clock = Arc::new(RequestClock::new(StopToken::new()));
        let mut connection = connection(Endless::default(), &clock);
        connection.transmit_output(0, for_ever()).unwrap();
        connection.await_input(for_ever()).unwrap();
        assert!(
            connection.is_open(),
            "the first call is before the end of the response"
        );
        assert!(!connection.is_open(), "this stream has more");
    }

    #[test]
    fn nothing_behind_a_discarded_body_is_discarded_with_it() {
        let clock = Arc::new(RequestClock::new(StopToken::new()));
        let stream = Endless::default();
        let asked = Arc::clone(&stream.asked);
        let mut connection = connection(stream, &clock);
        // With nothing in the buffer, and then with more and more of the body in it.
        for short in [0, 1, 0, 1, 0] {
            let waiting = connection.buffers.input().len();
            let room = connection.buffers.input_append_buf().len();
            clock.announce_discardable((waiting + room - short) as u64);
            connection.await_input(for_ever()).unwrap();
            let how = if short == 0 { "discard" } else { "read" };
            let asked = asked.lock().unwrap().pop();
            assert_eq!(asked, Some(how), "{waiting} and {room}, {short} short");
        }
        connection.buffers.input_consume(1);
        clock.announce_discardable(0);
        connection.await_input(for_ever()).unwrap();
        assert_eq!(*asked.lock().unwrap(), ["read"], "all of it is wanted");
    }

    #[test]
    fn a_forwarded_request_states_the_whole_url() {
        let forward = Forward {
            origin: "http://h:8080".to_owned(),
        };
        let head = b"GET /a?b HTTP/1.1\r\nhost: h:8080\r\n\r\n";
        let rewritten = forward.rewrite(head).unwrap();
        assert_eq!(
            String::from_utf8(rewritten).unwrap(),
            "GET http://h:8080/a?b HTTP/1.1\r\nhost: h:8080\r\n\r\n"
        );
        assert!(forward.rewrite(b"GET").is_err());
    }
}
