//! The request clock: the times of one worker's current request, and the checks of its limits.
//!
//! The client resets it before each request; the resolver, the connector and the transport, which
//! ureq runs on the worker's own thread, write into it. Every figure in a result is therefore a
//! reading of the clock at the place where the event happened, and the limits (time-out, stall, stop)
//! are checked wherever a worker can block.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::proxy::Proxy;
use super::request_state::{
    FINE_TICK, RequestFigures, RequestLimits, RequestState, StallWindow, TICK,
};
use crate::pool::StopToken;

/// The clock of one worker's requests, of which one is under way at a time.
#[derive(Debug)]
pub(super) struct RequestClock {
    stop: StopToken,
    state: Mutex<RequestState>,
    /// The most bytes of the current request's head: the size of the buffer that ureq writes it into.
    head_length: AtomicUsize,
    /// The bytes of the current response that ureq has yet to hand out, and that its caller will drop
    /// unread.
    discardable: AtomicU64,
}

impl RequestClock {
    pub(super) fn new(stop: StopToken) -> Self {
        RequestClock {
            stop,
            state: Mutex::new(RequestState::default()),
            head_length: AtomicUsize::new(0),
            discardable: AtomicU64::new(0),
        }
    }

    /// Announces the most bytes that the head of the next request has.
    pub(super) fn announce_head_length(&self, length: usize) {
        // Relaxed: only this worker's own thread reads it.
        self.head_length.store(length, Ordering::Relaxed);
    }

    /// The [announced](RequestClock::announce_head_length) length.
    pub(super) fn head_length(&self) -> usize {
        self.head_length.load(Ordering::Relaxed)
    }

    /// Announces that the caller will drop the next `count` bytes of the body unread.
    pub(super) fn announce_discardable(&self, count: u64) {
        self.discardable.store(count, Ordering::Relaxed);
    }

    /// The [announced](RequestClock::announce_discardable) number of bytes.
    pub(super) fn discardable(&self) -> u64 {
        self.discardable.load(Ordering::Relaxed)
    }

    /// Begins a request under these limits, through this proxy.
    pub(super) fn begin(&self, limits: RequestLimits, proxy: Option<Arc<Proxy>>, now: Instant) {
        self.announce_discardable(0);
        *self.lock() = RequestState {
            limits,
            proxy,
            began: Some(now),
            ..RequestState::default()
        };
    }

    /// Ends the request, and returns its figures.
    pub(super) fn finish(&self, now: Instant) -> RequestFigures {
        self.lock().figures(now)
    }

    /// Checks all limits, and returns how long to block at most before the next check: one of two
    /// fixed lengths, so that a socket's time-out seldom has to be set.
    ///
    /// # Errors
    ///
    /// If the request may not go on. The fault is kept for the client.
    pub(super) fn check(&self) -> Result<Duration, ureq::Error> {
        self.check_stop()?;
        let now = Instant::now();
        let mut state = self.lock();
        state.tick(now);
        if let Some(fault) = state.exceeded(now) {
            drop(state);
            return Err(self.fail(fault));
        }
        Ok(match state.next_deadline() {
            Some(deadline) if deadline < now + TICK => FINE_TICK,
            _ => TICK,
        })
    }

    /// Checks only the stop token: the cheap half of [`check`](RequestClock::check).
    pub(super) fn check_stop(&self) -> Result<(), ureq::Error> {
        if self.stop.is_stopped() {
            return Err(self.fail(Fault::Stopped));
        }
        Ok(())
    }

    /// Keeps the fault for the client, and makes an error for ureq to unwind with. The first fault is
    /// the cause of the later ones, so it stays.
    pub(super) fn fail(&self, fault: Fault) -> ureq::Error {
        self.lock().fault.get_or_insert(fault);
        ureq::Error::Io(io::Error::other("stopped by pfetch's own transport"))
    }

    /// Does the same, but replaces the error of a socket call, which says less.
    pub(super) fn fail_over_socket_error(&self, fault: Fault) -> ureq::Error {
        let mut state = self.lock();
        state.fault = state
            .fault
            .take()
            .filter(|known| !matches!(known, Fault::Socket(_)));
        drop(state);
        self.fail(fault)
    }

    /// The nearest deadline of the request.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.lock().next_deadline()
    }

    /// The proxy that the request goes through.
    pub(super) fn proxy(&self) -> Option<Arc<Proxy>> {
        self.lock().proxy.clone()
    }

    /// Marks the time at which a thread began with the look-up; a request waits for one before.
    pub(super) fn lookup_started(&self, at: Instant) {
        self.lock().dns.start = Some(at);
    }

    pub(super) fn lookup_ended(&self) {
        self.lock().dns.end = Some(Instant::now());
    }

    pub(super) fn connect_started(&self) {
        self.lock().connect.start = Some(Instant::now());
    }

    /// Marks the TCP connection as established; with `tls`, the handshake begins now.
    pub(super) fn connected(&self, remote: SocketAddr, tls: bool) {
        let now = Instant::now();
        let mut state = self.lock();
        state.connect.end = Some(now);
        state.remote = Some(remote);
        state.ssl.start = tls.then_some(now);
    }

    /// Marks the connection as ready for requests.
    pub(super) fn connection_ready(&self) {
        let mut state = self.lock();
        if state.ssl.is_open() {
            state.ssl.end = Some(Instant::now());
        }
        // The handshake's bytes are not part of the response.
        state.stall_window = None;
    }

    /// Marks the beginning of a write of the request to `remote`, over the connection that `retired`
    /// belongs to.
    pub(super) fn sending(&self, remote: SocketAddr, retired: &Arc<AtomicBool>) {
        let mut state = self.lock();
        state.remote = Some(remote);
        state.retired.get_or_insert_with(|| Arc::clone(retired));
        state.send.start.get_or_insert_with(Instant::now);
    }

    /// Keeps the connection of the current request from being reused. ureq may have put it back
    /// into its pool by now, and checks it once more before it takes it out.
    pub(super) fn retire_connection(&self) {
        if let Some(retired) = &self.lock().retired {
            // Relaxed: only this worker's own thread reads it.
            retired.store(true, Ordering::Relaxed);
        }
    }

    /// Marks the end of that write.
    pub(super) fn sent(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state.send.end = Some(now);
        state.stall_window = Some(StallWindow::new(now));
        state.in_head = true;
    }

    /// Marks the arrival of bytes of the response, of which the first count as the first byte.
    pub(super) fn response_received(&self, now: Instant) {
        self.lock().first_byte.get_or_insert(now);
    }

    /// Marks the end of the response head.
    pub(super) fn head_ended(&self) {
        let mut state = self.lock();
        state.in_head = false;
        state.framing_bytes = 0;
        state.stall_window = Some(StallWindow::new(Instant::now()));
    }

    /// Marks that the client has read bytes of the body.
    pub(super) fn body_progressed(&self) {
        self.lock().framing_bytes = 0;
    }

    /// Counts bytes that came from the socket.
    pub(super) fn bytes_received(&self, bytes: usize) {
        let now = Instant::now();
        self.lock().count(bytes, now);
    }

    fn lock(&self) -> MutexGuard<'_, RequestState> {
        // Plain assignments only under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
