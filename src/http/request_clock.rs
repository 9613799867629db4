//! The request clock: the times of one worker's current request, and the checks of its limits.
//!
//! The client resets it before each request; the resolver, the connector and the transport, which
//! ureq runs on the worker's own thread, write into it. Every figure in a result is therefore a
//! reading of the clock at the place where the event happened, and the limits (time-out, stall, stop)
//! are checked wherever a worker can block.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::fault::{Fault, Shortage};
use super::proxy::Proxy;
use super::rate_limit::RateLimit;
use super::request_state::{
    FINE_TICK, RequestFigures, RequestLimits, RequestState, StallWindow, TICK,
};
use crate::pool::StopToken;

/// The clock of one worker's requests, of which one is under way at a time.
#[derive(Debug)]
pub(super) struct RequestClock {
    stop: StopToken,
    rate_limit: Option<Arc<RateLimit>>,
    state: Mutex<RequestState>,
}

impl RequestClock {
    pub(super) fn new(stop: StopToken) -> Self {
        RequestClock {
            stop,
            rate_limit: None,
            state: Mutex::new(RequestState::default()),
        }
    }

    /// The same clock under the limit on the run's rate.
    pub(super) fn limited(self, rate_limit: Option<Arc<RateLimit>>) -> Self {
        RequestClock { rate_limit, ..self }
    }

    /// Begins a request under these limits, through this proxy.
    pub(super) fn begin(&self, limits: RequestLimits, proxy: Option<Arc<Proxy>>, now: Instant) {
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
        let next = state.next_deadline();
        if next.is_some_and(|deadline| now >= deadline)
            && let Some(fault) = state.exceeded(now)
        {
            drop(state);
            return Err(self.fail(fault));
        }
        Ok(match self.earlier_of_stop(next) {
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

    /// The resource of this machine for whose lack the request failed, if that is the fault.
    pub(super) fn shortage(&self) -> Option<Shortage> {
        match &self.lock().fault {
            Some(Fault::Socket(error)) => error.shortage(),
            _ => None,
        }
    }

    /// Takes a shortage back, to try once more. The time since the attempt to connect began is a wait for this
    /// machine: it counts against no limit, and is no part of the fetch.
    ///
    /// # Errors
    ///
    /// If the request may not go on.
    pub(super) fn forgive_shortage(&self) -> Result<(), ureq::Error> {
        let now = Instant::now();
        let mut state = self.lock();
        state.fault = None;
        if let Some(start) = state.connect.start.take() {
            let waited = now - start;
            state.resource_wait += waited;
            state.began = state.began.map(|began| began + waited);
            let started = state.limits.started;
            state.limits.started = started.map(|started| started + waited);
        }
        drop(state);
        self.check().map(drop)
    }

    /// Begins to drain a body that nobody wants, for no longer than until `deadline`.
    pub(super) fn begin_drain(&self, deadline: Instant) {
        self.lock().drain_deadline = Some(deadline);
    }

    /// Ends that. A fault of it is nobody's failure.
    pub(super) fn end_drain(&self) {
        let mut state = self.lock();
        state.drain_deadline = None;
        state.fault = None;
    }

    /// The nearest deadline of the request, or the end of the run if that is known and comes first.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let own = self.lock().next_deadline();
        self.earlier_of_stop(own)
    }

    /// The earlier of this time and the one at which the run is going to be stopped.
    fn earlier_of_stop(&self, own: Option<Instant>) -> Option<Instant> {
        own.into_iter().chain(self.stop.expected_stop()).min()
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

    /// Marks the beginning of the first attempt to connect; a SOCKS proxy may take several.
    pub(super) fn connect_started(&self) {
        let mut state = self.lock();
        state.connect.start.get_or_insert_with(Instant::now);
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

    /// Marks the beginning of a write of the request to `remote`.
    pub(super) fn sending(&self, remote: SocketAddr) {
        let mut state = self.lock();
        state.remote = Some(remote);
        state.send.start.get_or_insert_with(Instant::now);
    }

    /// Marks the end of that write.
    pub(super) fn sent(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state.send.end = Some(now);
        state.stall_window = Some(StallWindow::new(now));
        state.last_received = None;
        state.in_head = true;
    }

    /// Marks the arrival of bytes of the response, of which the first count as the first byte. Returns the time at
    /// which the socket gave the last of them: the clock is not asked again.
    pub(super) fn response_received(&self) -> Instant {
        let mut state = self.lock();
        let received = state.last_received.unwrap_or_else(Instant::now);
        state.first_byte.get_or_insert(received);
        received
    }

    /// Marks the end of the response head, which came with the last bytes.
    pub(super) fn head_ended(&self) {
        let mut state = self.lock();
        state.in_head = false;
        let received = state.last_received.unwrap_or_else(Instant::now);
        state.stall_window = Some(StallWindow::new(received));
    }

    /// Counts bytes that came from the socket.
    pub(super) fn bytes_received(&self, bytes: usize) {
        let now = Instant::now();
        self.lock().count(bytes, now);
    }

    /// The limit on the run's rate.
    pub(super) fn rate_limit(&self) -> Option<&RateLimit> {
        self.rate_limit.as_deref()
    }

    /// Sleeps until `due`, because the run's rate is limited. The server is not to blame for bytes that are not
    /// read meanwhile: the stall window does not go on. All other limits hold.
    ///
    /// # Errors
    ///
    /// If the request may not go on.
    pub(super) fn hold_back(&self, due: Instant) -> Result<(), ureq::Error> {
        let began = Instant::now();
        let window = self.lock().stall_window.take();
        loop {
            self.check_stop()?;
            let now = Instant::now();
            let mut state = self.lock();
            if let Some(fault) = state.exceeded(now) {
                drop(state);
                return Err(self.fail(fault));
            }
            if now >= due {
                if began < due {
                    state.held_back += now - began;
                }
                state.resume_after_hold(window, now - began, now);
                return Ok(());
            }
            let wake = state.next_deadline().map_or(due, |limit| limit.min(due));
            drop(state);
            self.stop.wait_timeout(wake.saturating_duration_since(now));
        }
    }

    fn lock(&self) -> MutexGuard<'_, RequestState> {
        // Plain assignments only under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_blocks_for_a_short_while_only_where_the_end_of_the_run_is_near() {
        let stop = StopToken::new();
        let clock = RequestClock::new(stop.clone());
        let limits = RequestLimits {
            connect_timeout: Duration::from_secs(3600),
            ..RequestLimits::default()
        };
        clock.begin(limits, None, Instant::now());
        let from_now = |time| Instant::now() + time;
        let hours = Duration::from_secs(1800);
        for (expected, tick) in [
            (None, TICK),
            (Some(from_now(hours)), TICK),
            (Some(from_now(TICK / 2)), FINE_TICK),
            // It has passed, and the stop is about to come.
            (Some(from_now(Duration::ZERO)), FINE_TICK),
            (None, TICK),
        ] {
            stop.expect_stop(expected);
            let checked = clock.check().map_err(|error| error.to_string());
            assert_eq!(checked, Ok(tick), "{expected:?}");
        }
        let end = from_now(hours);
        stop.expect_stop(Some(end));
        let next = clock.next_deadline().map(|next| end - next);
        // To the nanosecond, below which the token knows nothing.
        assert!(
            next.is_some_and(|off| off < Duration::from_micros(1)),
            "{next:?}"
        );
    }
}
