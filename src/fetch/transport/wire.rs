//! One TCP connection as ureq's transport: reads and writes that never wait longer than a tick
//! without looking at the limits, at three system calls a request when all goes well: one to see
//! that a kept connection is quiet, one to send, one to receive.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::{INPUT_BUFFER, OUTPUT_BUFFER};
use crate::fetch::meter::{Fault, Meter, TICK};

#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    remote: SocketAddr,
    buffers: LazyBuffers,
    meter: Arc<Meter>,
    /// The receive time-out that the socket has.
    tick: Duration,
    /// Whether the last response is over and no request has been sent since.
    idle: bool,
}

impl Wire {
    /// Wraps a connected, blocking socket.
    pub(super) fn new(
        stream: TcpStream,
        remote: SocketAddr,
        meter: Arc<Meter>,
    ) -> io::Result<Self> {
        // A request is one small write that should leave at once.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Wire {
            stream,
            remote,
            buffers: LazyBuffers::new(INPUT_BUFFER, OUTPUT_BUFFER),
            meter,
            tick: TICK,
            idle: false,
        })
    }

    fn socket_fault(&self, error: &io::Error) -> ureq::Error {
        self.meter
            .fail(Fault::Socket(error.kind(), error.to_string()))
    }
}

/// Whether the call should simply be made again, after a look at the limits.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    // ureq's own time-outs are all off: the meter's limits stand in their place.
    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.idle = false;
        self.meter.sending(self.remote);
        let mut written = 0;
        while written < amount {
            self.meter.check()?;
            match self.stream.write(&self.buffers.output()[written..amount]) {
                Ok(0) => return Err(self.socket_fault(&io::ErrorKind::WriteZero.into())),
                Ok(count) => written += count,
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(self.socket_fault(&error)),
            }
        }
        self.meter.sent();
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        loop {
            self.meter.check()?;
            let tick = self.meter.tick();
            if tick != self.tick {
                self.stream
                    .set_read_timeout(Some(tick))
                    .map_err(|error| self.socket_fault(&error))?;
                self.tick = tick;
            }
            let room = self.buffers.input_append_buf();
            if room.is_empty() {
                // A read into no room would look like the end of the connection.
                return Err(self.meter.fail(Fault::EndlessLine));
            }
            match self.stream.read(room) {
                Ok(count) => {
                    self.meter.received(count);
                    self.buffers.input_appended(count);
                    return Ok(count > 0);
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(self.socket_fault(&error)),
            }
        }
    }

    /// Asked twice for each reuse: when the connection goes back to the pool, and when it is taken
    /// out. The second time is the one that counts, as whatever came in between is found then.
    fn is_open(&mut self) -> bool {
        let was_idle = std::mem::replace(&mut self.idle, true);
        !was_idle || is_quiet(&self.stream)
    }
}

/// Whether the other side has neither closed nor said anything unasked, which would be taken for the
/// answer to the next request.
fn is_quiet(stream: &TcpStream) -> bool {
    let peeked = recv(stream, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    matches!(peeked, Err(Errno::WOULDBLOCK))
}
