//! The handover between a worker's client and its transport: ureq calls the transport, and has no place
//! for what the two have to tell each other.
//!
//! The client leaves the next request here, the transport the response's head and framing. The worker's
//! buffers lie here between requests, because ureq drops the transport of a response without a body before
//! it returns.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffers::ConnectionBuffers;
use super::framing::{Framing, FramingError};
use super::head::{HeadScan, ResponseHead};

/// The next request, as far as the transport has to know it.
#[derive(Debug, Default)]
pub(in crate::http) struct NextRequest {
    /// The key under which connections for it are kept.
    pub(in crate::http) key: Arc<str>,
    /// The most bytes of its head.
    pub(in crate::http) head_length: usize,
    /// The rest of its head, where ureq writes but a part.
    pub(in crate::http) completion: Option<HeadCompletion>,
    pub(in crate::http) is_head: bool,
    /// It goes out over a new connection.
    pub(in crate::http) wants_new: bool,
    /// It is sent again if its kept connection turns out to be stale.
    pub(in crate::http) may_resend: bool,
    /// The head of its response is kept as it comes.
    pub(in crate::http) keeps_raw_head: bool,
}

/// The parts of a request's head that ureq does not write: it makes a request for `/` with no header but Host,
/// which the transport completes.
#[derive(Debug)]
pub(in crate::http) struct HeadCompletion {
    /// The text of the URL.
    pub(in crate::http) url: Arc<str>,
    /// The place of the request target in it: path and query.
    pub(in crate::http) target: Range<usize>,
    /// The lines of the other headers.
    pub(in crate::http) lines: Arc<[u8]>,
}

impl HeadCompletion {
    /// The target of the request (RFC 9112, 3.2.1).
    pub(in crate::http) fn target(&self) -> &str {
        &self.url[self.target.clone()]
    }
}

/// A response as far as it has come: everything but its body.
#[derive(Debug, Clone)]
pub(in crate::http) struct ResponseStart {
    pub(in crate::http) head: ResponseHead,
    /// The progress in finding its end.
    pub(super) scan: HeadScan,
    /// The bytes of the head as they came, if they are kept.
    pub(in crate::http) raw_head: Vec<u8>,
    /// The framing, or the reason for which the body's end cannot be told.
    pub(in crate::http) framing: Result<Framing, FramingError>,
    /// True if all of the body came with the head, or if there is none: to ureq, there is none.
    pub(in crate::http) is_whole: bool,
}

impl Default for ResponseStart {
    fn default() -> Self {
        ResponseStart {
            head: ResponseHead::default(),
            scan: HeadScan::default(),
            raw_head: Vec::new(),
            framing: Ok(Framing::default()),
            is_whole: false,
        }
    }
}

/// A CONNECT to a proxy.
#[derive(Debug)]
pub(in crate::http) struct Tunnel {
    /// The head of the proxy's answer, if one came whole.
    pub(in crate::http) answer: Option<ResponseHead>,
}

/// The place of the handover. One per worker, so its lock is never contended.
#[derive(Debug, Default)]
pub(in crate::http) struct Handover {
    state: Mutex<HandoverState>,
}

#[derive(Debug, Default)]
struct HandoverState {
    next: Option<NextRequest>,
    answer: Option<Box<ResponseStart>>,
    /// The memory of the last head, for the next one.
    spare: Option<Box<ResponseStart>>,
    /// The CONNECT that went before the request.
    tunnel: Option<Tunnel>,
    buffers: Option<Box<ConnectionBuffers>>,
    discards: bool,
}

impl Handover {
    /// Leaves the next request for the transport.
    pub(in crate::http) fn announce(&self, next: NextRequest) {
        let mut state = self.lock();
        state.next = Some(next);
        state.answer = None;
        state.tunnel = None;
        state.discards = false;
    }

    /// Takes the response's head. `None` if none has come whole.
    pub(in crate::http) fn take_answer(&self) -> Option<Box<ResponseStart>> {
        self.lock().answer.take()
    }

    /// Gives a head back, whose memory serves the next one.
    pub(in crate::http) fn recycle(&self, answer: Box<ResponseStart>) {
        self.lock().spare = Some(answer);
    }

    /// Takes the CONNECT that this request needed, if it did.
    pub(in crate::http) fn take_tunnel(&self) -> Option<Tunnel> {
        self.lock().tunnel.take()
    }

    /// Announces that the client drops all that comes of the body unread.
    pub(in crate::http) fn discard_body(&self) {
        self.lock().discards = true;
    }

    /// Takes the [announced](Handover::announce) request.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(super) fn take_next(&self) -> NextRequest {
        let next = self.lock().next.take();
        next.expect("the client announces each request before ureq connects, which it does once")
    }

    /// True if the client [drops](Handover::discard_body) the body.
    pub(super) fn discards(&self) -> bool {
        self.lock().discards
    }

    /// Lends the worker's buffers, empty.
    pub(super) fn lend_buffers(&self) -> Box<ConnectionBuffers> {
        let mut buffers = self.lock().buffers.take().unwrap_or_default();
        buffers.clear();
        buffers
    }

    /// Takes the worker's buffers with what is in them.
    pub(super) fn take_buffers(&self) -> Box<ConnectionBuffers> {
        self.lock().buffers.take().unwrap_or_default()
    }

    /// Takes the worker's buffers back.
    pub(super) fn return_buffers(&self, buffers: Box<ConnectionBuffers>) {
        self.lock().buffers = Some(buffers);
    }

    /// The memory to read the next response's head into.
    pub(super) fn spare_answer(&self) -> Box<ResponseStart> {
        self.lock().spare.take().unwrap_or_default()
    }

    /// Leaves the head of a proxy's answer to CONNECT for the client.
    pub(super) fn leave_tunnel(&self, answer: Option<ResponseHead>) {
        self.lock().tunnel = Some(Tunnel { answer });
    }

    /// Leaves a response's head for the client.
    pub(super) fn leave(&self, answer: Box<ResponseStart>) {
        self.lock().answer = Some(answer);
    }

    fn lock(&self) -> MutexGuard<'_, HandoverState> {
        // Plain assignments only under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
