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

use crate::fetch::meter::{Fault, Meter, TICK};

/// Bytes to and from the other side.
pub(super) trait Line: Read + Write + fmt::Debug + Send + Sync {
    /// Whether the other side has neither closed nor said anything unasked.
    fn is_quiet(&mut self) -> bool;
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
        loop {
            let tick = self.check()?;
            if tick != self.tick {
                self.stream
                    .set_read_timeout(Some(tick))
                    .map_err(|error| self.report(error))?;
                self.tick = tick;
            }
            match self.stream.read(buffer) {
                Ok(count) => {
                    self.meter.received(count);
                    return Ok(count);
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(self.report(error)),
            }
        }
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
}

impl Line for StreamOwned<ClientConnection, Box<dyn Line>> {
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
}

/// The address that a connected line leads to, and the line.
pub(super) type Connected = (Box<dyn Line>, SocketAddr);
