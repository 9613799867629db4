//! A connection as ureq's transport: a line, its buffers, and the meter's marks. Two system calls a
//! request when one follows the other at once, one to send and one to receive; a third, to see that a
//! kept connection is still quiet, when it has been idle for a while.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::WireBuffers;
use super::stream::{Connected, Line};
use crate::http::request_clock::{Fault, Meter};

/// Within this time of the last read a look at the connection would see nothing that the read did
/// not, if that had room for more: what a server sends unasked needs about as long to get here.
const FRESH: Duration = Duration::from_micros(200);

#[derive(Debug)]
pub(super) struct Wire {
    line: Box<dyn Line>,
    remote: SocketAddr,
    buffers: WireBuffers,
    meter: Arc<Meter>,
    is_tls: bool,
    forward: Option<Forward>,
    /// Whether the last response is over and no request has been sent since.
    idle: bool,
    /// Set through the meter when the connection may not be reused.
    given_up: Arc<AtomicBool>,
    last_read: Instant,
    /// Whether it filled the room that it had: there may be more.
    was_full: bool,
}

/// How a request is written to a proxy that forwards it: with the whole URL in its first line (the
/// absolute form of RFC 9112, 3.2.2), which ureq does not write.
#[derive(Debug)]
pub(super) struct Forward {
    /// Scheme, host and port.
    pub(super) origin: String,
}

impl Wire {
    pub(super) fn new(
        (line, remote): Connected,
        meter: Arc<Meter>,
        is_tls: bool,
        forward: Option<Forward>,
    ) -> Self {
        Wire {
            line,
            remote,
            buffers: WireBuffers::default(),
            meter,
            is_tls,
            forward,
            idle: true,
            given_up: Arc::default(),
            last_read: Instant::now(),
            was_full: false,
        }
    }
}

impl Forward {
    /// A request's head as the proxy wants it.
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

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.buffers.expect_head(self.meter.head());
        &mut self.buffers
    }

    // ureq's own time-outs are all off: the meter's limits stand in their place.
    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let is_head = std::mem::replace(&mut self.idle, false);
        self.meter.sending(self.remote, &self.given_up);
        let output = &self.buffers.output()[..amount];
        match &self.forward {
            Some(forward) if is_head => self.line.write_all(&forward.rewrite(output)?)?,
            _ => self.line.write_all(output)?,
        }
        self.line.flush()?;
        self.meter.sent();
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let waiting = self.buffers.input().len() as u64;
        let room = self.buffers.input_append_buf();
        if room.is_empty() {
            // A read into no room would look like the end of the connection.
            return Err(self.meter.fail(Fault::EndlessLine));
        }
        let most = room.len();
        // Only what is the body's for certain: behind it another response may begin.
        let is_unwanted = self.meter.unwanted() >= waiting + most as u64;
        let read = if is_unwanted {
            self.line.skip(room)
        } else {
            self.line.read(room)
        };
        let count = read.map_err(|error| {
            // ureq takes this for an orderly end, and a body that was cut for a whole one.
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.meter.fail(Fault::CutOff)
            } else {
                ureq::Error::Io(error)
            }
        })?;
        self.last_read = Instant::now();
        self.was_full = count == most;
        if count > 0 {
            self.meter.answered(self.last_read);
        }
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    /// Asked twice for each reuse: when the connection goes back to the pool, and when it is taken
    /// out. The second time is the one that counts: whatever came in between, and would be taken for
    /// the answer to the next request, is found then.
    fn is_open(&mut self) -> bool {
        let was_idle = std::mem::replace(&mut self.idle, true);
        // A read of TLS ends with a record, so it need not have seen all that was there.
        let has_seen_all = !self.is_tls && !self.was_full;
        let is_fresh = || has_seen_all && self.last_read.elapsed() < FRESH;
        !self.given_up.load(Ordering::Relaxed) && (!was_idle || is_fresh() || self.line.is_quiet())
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

    /// A line on which bytes come as fast as they are asked for, and how they were.
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

    impl Line for Endless {
        fn is_quiet(&mut self) -> bool {
            false
        }

        fn skip(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.asked.lock().unwrap().push("skip");
            Ok(room.len())
        }
    }

    fn wire(line: Endless, meter: &Arc<Meter>) -> Wire {
        let connected: Connected = (Box::new(line), ([127, 0, 0, 1], 80).into());
        Wire::new(connected, Arc::clone(meter), false, None)
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
    fn what_a_full_read_left_unread_is_looked_for_before_the_connection_is_used_again() {
        let meter = Arc::new(Meter::new(StopToken::new()));
        let mut wire = wire(Endless::default(), &meter);
        wire.transmit_output(0, for_ever()).unwrap();
        wire.await_input(for_ever()).unwrap();
        assert!(
            wire.is_open(),
            "the first look is before the end of the response"
        );
        assert!(!wire.is_open(), "this line has more");
    }

    #[test]
    fn nothing_behind_a_body_that_nobody_looks_at_is_skipped_with_it() {
        let meter = Arc::new(Meter::new(StopToken::new()));
        let line = Endless::default();
        let asked = Arc::clone(&line.asked);
        let mut wire = wire(line, &meter);
        // With nothing in the buffer, and then with more and more of the body in it.
        for short in [0, 1, 0, 1, 0] {
            let waiting = wire.buffers.input().len();
            let room = wire.buffers.input_append_buf().len();
            meter.announce_unwanted((waiting + room - short) as u64);
            wire.await_input(for_ever()).unwrap();
            let how = if short == 0 { "skip" } else { "read" };
            let asked = asked.lock().unwrap().pop();
            assert_eq!(asked, Some(how), "{waiting} and {room}, {short} short");
        }
        wire.buffers.input_consume(1);
        meter.announce_unwanted(0);
        wire.await_input(for_ever()).unwrap();
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
