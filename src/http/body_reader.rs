//! The limits of a body: how much of it is read, and a reader that enforces `--max-bytes` on an encoded
//! one.

use std::io::{self, Read};
use std::sync::Arc;

use super::fault::Fault;
use super::request_clock::RequestClock;

/// The number of bytes of a body that are read.
#[derive(Clone, Copy)]
pub(super) enum BodyLimit {
    None,
    /// The rest is left unread, and its connection is closed.
    Leave(u64),
    /// A longer body is a failure.
    Fail(u64),
}

/// An encoded body under the limit of its decoded bytes. Without it, a body that decodes to nothing
/// would be read for ever.
pub(super) struct LimitedBody<R> {
    body: R,
    limit: BodyLimit,
    count: u64,
    clock: Arc<RequestClock>,
}

impl<R: Read> LimitedBody<R> {
    pub(super) fn new(body: R, limit: BodyLimit, clock: &Arc<RequestClock>) -> Self {
        LimitedBody {
            body,
            limit,
            count: 0,
            clock: Arc::clone(clock),
        }
    }
}

impl<R: Read> Read for LimitedBody<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        self.count += count as u64;
        match self.limit {
            BodyLimit::Fail(most) if self.count > most => {
                Err(self.clock.fail(Fault::TooLarge(most)).into_io())
            }
            _ => Ok(count),
        }
    }
}
