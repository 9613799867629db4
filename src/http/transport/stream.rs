//! Byte streams to the other side of a connection. The lowest is a [`Socket`], which never blocks for
//! longer than a tick without checking the limits; a [TLS stream](super::tls_stream) stands on another stream,
//! which may be the tunnel of a proxy.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::os;
use crate::http::fault::{Fault, SocketError};
use crate::http::request_clock::RequestClock;
use crate::http::request_state::TICK;

/// A stream of bytes to and from the other side.
pub(super) trait ByteStream: Read + Write + fmt::Debug + Send + Sync {
    /// Checks an idle keep-alive connection: true if the other side has neither closed it nor sent
    /// anything. Bytes that nothing asked for would be taken for the next response.
    fn is_idle(&mut self) -> bool;

    /// Reads bytes that the caller drops. Returns their number; they need not be in `buffer`.
    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(buffer)
    }

    /// Appends bytes to a buffer, as many as it has capacity for. Returns their number.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let begin = buffer.len();
        buffer.resize(buffer.capacity(), 0);
        let received = self.read(&mut buffer[begin..]);
        buffer.truncate(begin + received.as_ref().unwrap_or(&0));
        received
    }

    /// True if none of the bytes that have been received is left to be read, and the last call had room for more
    /// than came. A layer that receives on its own account knows it better than its reader.
    fn is_drained(&self) -> bool {
        true
    }

    /// Frees the memory that only a request under way needs: the connection becomes idle.
    fn release_buffers(&mut self) {}

    /// Puts the stream under the limits of another request.
    fn bind(&mut self, clock: &Arc<RequestClock>);
}

/// A stream to a server, or to the proxy that forwards to it, ready for requests.
#[derive(Debug)]
pub(super) struct ServerStream {
    pub(super) stream: Box<dyn ByteStream>,
    /// The address at its other end.
    pub(super) remote: SocketAddr,
    pub(super) is_tls: bool,
}

/// A forwarding proxy's form of a request: the absolute form (RFC 9112, 3.2.2), with the whole URL in
/// the request line. ureq writes the origin form only.
#[derive(Debug)]
pub(super) struct Forward {
    /// Scheme, host and port.
    pub(super) origin: String,
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

impl ServerStream {
    /// Sends a request's head, or a piece of it, as ureq has written it; the first one in the form that
    /// `forward` gives it.
    pub(super) fn send(&mut self, head: &[u8], forward: Option<&Forward>) -> io::Result<()> {
        match forward {
            Some(forward) => self.stream.write_all(&forward.rewrite(head)?)?,
            None => self.stream.write_all(head)?,
        }
        self.stream.flush()
    }
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    clock: Arc<RequestClock>,
    /// The current receive time-out of the socket.
    tick: Duration,
}

/// The content of an I/O error whose cause is a fault on the request clock.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct FaultKept(ureq::Error);

impl Socket {
    /// Wraps a connected, blocking socket that has a send time-out.
    pub(super) fn new(stream: TcpStream, clock: Arc<RequestClock>) -> io::Result<Self> {
        // A request is one small write that should leave at once.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        Ok(Socket {
            stream,
            clock,
            tick: TICK,
        })
    }

    fn check(&self) -> io::Result<Duration> {
        self.clock.check().map_err(fault_kept)
    }

    /// Repeats a receiving call until it returns, fails, or a limit is exceeded.
    fn repeat(
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
                    self.clock.bytes_received(count);
                    return Ok(count);
                }
                Err(error) if is_transient(&error) => {}
                Err(error) => return Err(self.report(error)),
            }
        }
    }

    /// Keeps a socket's error on the clock, before the layers above replace it.
    fn report(&self, error: io::Error) -> io::Error {
        let fault = Fault::Socket(SocketError::from(&error));
        io::Error::new(error.kind(), FaultKept(self.clock.fail(fault)))
    }
}

fn fault_kept(error: ureq::Error) -> io::Error {
    io::Error::other(FaultKept(error))
}

/// True for errors after which the call is repeated: an expired tick, or a signal.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.repeat(|stream| stream.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A request head or a piece of a handshake fits into the socket's buffer at once, and the read
        // that follows checks the other limits.
        self.clock.check_stop().map_err(fault_kept)?;
        loop {
            match self.stream.write(bytes) {
                Ok(count) => return Ok(count),
                Err(error) if is_transient(&error) => drop(self.check()?),
                Err(error) => return Err(self.report(error)),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ByteStream for Socket {
    fn is_idle(&mut self) -> bool {
        let peeked = recv(
            &self.stream,
            &mut [0; 1],
            RecvFlags::PEEK | RecvFlags::DONTWAIT,
        );
        matches!(peeked, Err(Errno::WOULDBLOCK))
    }

    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.repeat(|stream| Ok(os::discard(stream, buffer)?))
    }

    /// The system writes into the capacity: to clear it first would cost as much as the call.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.repeat(|stream| {
            let (count, _) = recv(stream, spare_capacity(buffer), RecvFlags::empty())?;
            Ok(count)
        })
    }

    fn bind(&mut self, clock: &Arc<RequestClock>) {
        self.clock = Arc::clone(clock);
    }
}

impl ByteStream for Box<dyn ByteStream> {
    fn is_idle(&mut self) -> bool {
        (**self).is_idle()
    }

    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).discard(buffer)
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        (**self).receive(buffer)
    }

    fn is_drained(&self) -> bool {
        (**self).is_drained()
    }

    fn release_buffers(&mut self) {
        (**self).release_buffers();
    }

    fn bind(&mut self, clock: &Arc<RequestClock>) {
        (**self).bind(clock);
    }
}

/// A connected stream, and the address at its other end.
pub(super) type Connected = (Box<dyn ByteStream>, SocketAddr);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::pool::StopToken;

    #[test]
    fn discarded_bytes_are_gone_and_the_next_ones_are_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (receiver, _) = listener.accept().unwrap();
        let mut socket =
            Socket::new(receiver, Arc::new(RequestClock::new(StopToken::new()))).unwrap();
        sender.write_all(&[b'a'; 1_000]).unwrap();
        sender.write_all(b"b").unwrap();
        drop(sender);
        let (mut left, mut room) = (1_000, [b'-'; 300]);
        while left > 0 {
            let most = room.len().min(left);
            let count = socket.discard(&mut room[..most]).unwrap();
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
        assert_eq!(socket.discard(&mut room).unwrap(), 0, "the end");
    }

    #[test]
    fn received_bytes_are_appended_within_the_capacity() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (receiver, _) = listener.accept().unwrap();
        let mut socket =
            Socket::new(receiver, Arc::new(RequestClock::new(StopToken::new()))).unwrap();
        sender.write_all(b"one, two and three").unwrap();
        drop(sender);
        let mut received = Vec::with_capacity(12);
        received.extend_from_slice(b"zero, ");
        let room = received.capacity() - received.len();
        let mut count = 0;
        while count < room {
            count += socket.receive(&mut received).unwrap();
            assert_eq!(received.len(), 6 + count);
        }
        assert!(received.starts_with(b"zero, one, t"), "{received:?}");
        received.clear();
        received.reserve_exact(100);
        while socket.receive(&mut received).unwrap() > 0 {}
        assert!(b"one, two and three".ends_with(&received), "{received:?}");
    }
}
