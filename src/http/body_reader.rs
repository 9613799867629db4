//! Readers around ureq's body: one that keeps the request clock informed, one that enforces
//! `--max-bytes` on an encoded body.

use std::io::{self, Read};
use std::sync::Arc;

use http::Response;
use ureq::{Body, BodyReader};

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

/// A response's body, which marks its progress on the request clock.
pub(super) struct ResponseBody<'a> {
    body: BodyReader<'a>,
    clock: Arc<RequestClock>,
    /// The bytes still to come of a body of known length that is dropped unread.
    discardable: u64,
}

impl<'a> ResponseBody<'a> {
    pub(super) fn new(response: &'a mut Response<Body>, clock: &Arc<RequestClock>) -> Self {
        ResponseBody {
            body: response.body_mut().as_reader(),
            clock: Arc::clone(clock),
            discardable: 0,
        }
    }

    /// A body that is counted and dropped, so that the socket need not copy its bytes.
    pub(super) fn discarded(response: &'a mut Response<Body>, clock: &Arc<RequestClock>) -> Self {
        let length = response.body().content_length();
        ResponseBody {
            discardable: length.unwrap_or_default(),
            ..ResponseBody::new(response, clock)
        }
    }
}

impl Read for ResponseBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.announce_discardable(self.discardable);
        let count = self.body.read(buffer)?;
        self.discardable = self.discardable.saturating_sub(count as u64);
        self.clock.body_progressed();
        Ok(count)
    }
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
