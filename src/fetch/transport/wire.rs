//! One TCP connection as ureq's transport: reads and writes that never wait longer than a tick
//! without looking at the limits, at two system calls a request when all goes well.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::{INPUT_BUFFER, OUTPUT_BUFFER};
use crate::fetch::meter::{Fault, Meter, TICK};

/// A connection used within this time is taken to be open still. An older one is asked, which costs
/// three system calls; a request on one that turns out closed is tried again on a fresh one.
const FRESH: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    remote: SocketAddr,
    buffers: LazyBuffers,
    meter: Arc<Meter>,
    /// The receive time-out that the socket has.
    tick: Duration,
    last_use: Instant,
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
            last_use: Instant::now(),
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
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(count) => {
                    self.meter.received(count);
                    self.buffers.input_appended(count);
                    self.last_use = Instant::now();
                    return Ok(count > 0);
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(self.socket_fault(&error)),
            }
        }
    }

    /// Asked twice for each reuse: when the connection goes back to the pool and when it is taken
    /// out. Only a connection that has been idle for a while is really looked at.
    fn is_open(&mut self) -> bool {
        self.last_use.elapsed() < FRESH || is_quiet(&self.stream)
    }
}

/// Whether the other side has neither closed nor said anything unasked.
fn is_quiet(stream: &TcpStream) -> bool {
    let peek = || {
        stream.set_nonblocking(true)?;
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        peeked
    };
    peek().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
