//! A line: bytes to and from the other side, whatever lies between. The lowest is a [`Socket`],
//! which never waits longer than a tick without looking at the limits; a TLS line stands on another
//! line, that of a proxy among them.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustls::{ClientConnection, StreamOwned};
use ureq::unversioned::transport::Buffers;

use super::buffers::WireBuffers;
use crate::http::request_clock::{Fault, Meter, TICK};

/// Bytes to and from the other side.
pub(super) trait Line: Read + Write + fmt::Debug + Send + Sync {
    /// Whether the other side has neither closed nor said anything unasked.
    fn is_quiet(&mut self) -> bool;

    /// Reads what nobody will look at: as many bytes as it says have come, but they need not be in
    /// `room`.
    fn skip(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.read(room)
    }
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    meter: Arc<Meter>,
    /// The receive time-out that the socket has.
    tick: Duration,
}

/// What an I/O error carries whose real cause the meter knows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Metered(ureq::Error);

impl Socket {
    /// Wraps a connected, blocking socket with a time-out for sending.
    pub(super) fn new(stream: TcpStream, meter: Arc<Meter>) -> io::Result<Self> {
        // A request is one small write that should leave at once.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        Ok(Socket {
            stream,
            meter,
            tick: TICK,
        })
    }

    fn check(&self) -> io::Result<Duration> {
        self.meter.check().map_err(metered)
    }

    /// One call that gives bytes, made again until it does or a limit is reached.
    fn receive(
        &mut self,
        mut call: impl FnMut(&mut TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let tick = self.check()?;
            if tick != self.tick {
                self.stream
                    .set_read_timeout(Some(tick))
                    .map_err(|error| self.report(error))?;
                self.tick = tick;
            }
            match call(&mut self.stream) {
                Ok(count) => {
                    self.meter.received(count);
                    return Ok(count);
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(self.report(error)),
            }
        }
    }

    /// Keeps a real error for the client, before the layers above make something else of it.
    fn report(&self, error: io::Error) -> io::Error {
        let fault = Fault::Socket(error.kind(), error.to_string());
        io::Error::new(error.kind(), Metered(self.meter.fail(fault)))
    }
}

fn metered(error: ureq::Error) -> io::Error {
    io::Error::other(Metered(error))
}

/// Whether the call should simply be made again, after a look at the limits.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(|stream| stream.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What is written is a request's head, or a piece of a handshake: there is room for it at once,
        // and the read that follows looks at the other limits.
        self.meter.check_stop().map_err(metered)?;
        loop {
            match self.stream.write(bytes) {
                Ok(count) => return Ok(count),
                Err(error) if is_passing(&error) => drop(self.check()?),
                Err(error) => return Err(self.report(error)),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for Socket {
    fn is_quiet(&mut self) -> bool {
        let peeked = recv(
            &self.stream,
            &mut [0; 1],
            RecvFlags::PEEK | RecvFlags::DONTWAIT,
        );
        matches!(peeked, Err(Errno::WOULDBLOCK))
    }

    /// The system drops the bytes where they are (tcp(7), `MSG_TRUNC`).
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn skip(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.receive(|stream| {
            let (count, _) = recv(stream, &mut *room, RecvFlags::TRUNC)?;
            Ok(count)
        })
    }
}

/// What lies below TLS. rustls reads 4 KiB at a time, a quarter of a record: once that is full, there
/// is more to come, and it is read ahead, in far fewer calls.
#[derive(Debug)]
pub(super) struct Ahead {
    line: Box<dyn Line>,
    buffers: WireBuffers,
    has_more: bool,
}

impl Ahead {
    pub(super) fn new(line: Box<dyn Line>) -> Self {
        Ahead {
            line,
            buffers: WireBuffers::default(),
            has_more: false,
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.buffers.input().is_empty() {
            // Short answers need no second buffer.
            if !self.has_more {
                let count = self.line.read(buffer)?;
                self.has_more = count == buffer.len();
                return Ok(count);
            }
            let count = self.line.read(self.buffers.input_append_buf())?;
            self.buffers.input_appended(count);
        }
        let count = self.buffers.input().read(buffer)?;
        self.buffers.input_consume(count);
        Ok(count)
    }
}

impl Write for Ahead {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

impl Line for Ahead {
    fn is_quiet(&mut self) -> bool {
        self.buffers.input().is_empty() && self.line.is_quiet()
    }
}

impl Line for StreamOwned<ClientConnection, Ahead> {
    fn is_quiet(&mut self) -> bool {
        // What came in one piece with the answer may wait here already, decrypted or not.
        let waiting = self.conn.process_new_packets();
        waiting.is_ok_and(|state| state.plaintext_bytes_to_read() == 0) && self.sock.is_quiet()
    }
}

impl Line for Box<dyn Line> {
    fn is_quiet(&mut self) -> bool {
        (**self).is_quiet()
    }

    fn skip(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (**self).skip(room)
    }
}

/// The address that a connected line leads to, and the line.
pub(super) type Connected = (Box<dyn Line>, SocketAddr);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Mutex;

    use super::*;
    use crate::pool::StopToken;

    #[test]
    fn what_is_skipped_is_gone_and_what_follows_it_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (receiver, _) = listener.accept().unwrap();
        let mut socket = Socket::new(receiver, Arc::new(Meter::new(StopToken::new()))).unwrap();
        sender.write_all(&[b'a'; 1_000]).unwrap();
        sender.write_all(b"b").unwrap();
        drop(sender);
        let (mut left, mut room) = (1_000, [b'-'; 300]);
        while left > 0 {
            let most = room.len().min(left);
            let count = socket.skip(&mut room[..most]).unwrap();
            assert!((1..=most).contains(&count), "{count} of {most}");
            left -= count;
        }
        // It was not even copied.
        assert!(
            !cfg!(target_os = "linux") || room == [b'-'; 300],
            "{room:?}"
        );
        assert_eq!(socket.read(&mut room).unwrap(), 1);
        assert_eq!(room[0], b'b');
        assert_eq!(socket.skip(&mut room).unwrap(), 0, "the end");
    }

    /// A line on which all has come already.
    #[derive(Debug)]
    struct Arrived {
        rest: io::Cursor<Vec<u8>>,
        reads: Arc<Mutex<Vec<usize>>>,
    }

    impl Read for Arrived {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.reads.lock().unwrap().push(buffer.len());
            self.rest.read(buffer)
        }
    }

    impl Write for Arrived {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Line for Arrived {
        fn is_quiet(&mut self) -> bool {
            true
        }
    }

    fn ahead_of(sent: &[u8]) -> (Ahead, Arc<Mutex<Vec<usize>>>) {
        let reads = Arc::default();
        let line = Arrived {
            rest: io::Cursor::new(sent.to_vec()),
            reads: Arc::clone(&reads),
        };
        (Ahead::new(Box::new(line)), reads)
    }

    #[test]
    fn much_is_read_ahead_in_few_calls_and_comes_out_as_it_was() {
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        let (mut line, reads) = ahead_of(&sent);
        let (mut read, mut piece) = (Vec::new(), [0; 4_096]);
        loop {
            let count = line.read(&mut piece).unwrap();
            if count == 0 {
                break;
            }
            read.extend_from_slice(&piece[..count]);
            let is_all_out = line.buffers.input().is_empty();
            assert_eq!(line.is_quiet(), is_all_out, "after {}", read.len());
        }
        assert!(read == sent);
        let reads = reads.lock().unwrap();
        assert!(reads.len() < 25, "{reads:?}");
    }

    #[test]
    fn little_is_read_where_it_is_wanted() {
        let (mut line, reads) = ahead_of(&[b'x'; 3_000]);
        assert_eq!(line.read(&mut [0; 4_096]).unwrap(), 3_000);
        assert_eq!(line.read(&mut [0; 1_096]).unwrap(), 0);
        assert_eq!(*reads.lock().unwrap(), [4_096, 1_096]);
    }
}
