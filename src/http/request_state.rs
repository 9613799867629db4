//! The state of one request: the times of its phases, and the limits that it is under.
//!
//! Pure: the time is an argument of whatever compares it. The request clock guards it with a lock and
//! reads the time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::proxy::Proxy;
use crate::model::timing::{Phase, Timing};

/// The longest time for which a worker blocks before it checks its limits again.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// The same when a limit is near.
pub(super) const FINE_TICK: Duration = Duration::from_millis(10);

/// The fewest bytes that a connection must give within the stall time-out.
pub(super) const STALL_BYTES: usize = 1024;

/// The limits of one attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RequestLimits {
    pub(super) started: Option<Instant>,
    pub(super) timeout: Option<Duration>,
    pub(super) connect_timeout: Duration,
    pub(super) stall_timeout: Option<Duration>,
}

/// The times and counts of the current request.
#[derive(Debug, Default)]
pub(super) struct RequestState {
    pub(super) limits: RequestLimits,
    /// The proxy that the request goes through.
    pub(super) proxy: Option<Arc<Proxy>>,
    /// The start of the request; `None` if none is under way.
    pub(super) began: Option<Instant>,
    pub(super) dns: Span,
    pub(super) connect: Span,
    pub(super) ssl: Span,
    pub(super) send: Span,
    pub(super) first_byte: Option<Instant>,
    /// The time of the last bytes from the socket since the request went out.
    pub(super) last_received: Option<Instant>,
    /// The window in which fewer than [`STALL_BYTES`] have come so far.
    pub(super) stall_window: Option<StallWindow>,
    /// The last time at which the limits were checked.
    pub(super) last_check: Option<Instant>,
    /// Set from the end of the request to the end of the response head. The stall window does not
    /// restart meanwhile, so that a server cannot drip headers and interim responses for ever.
    pub(super) in_head: bool,
    pub(super) remote: Option<SocketAddr>,
    pub(super) wire_bytes: u64,
    /// The time for which its bytes were held back.
    pub(super) held_back: Duration,
    /// The time for which it waited for descriptors, ports or memory of this machine.
    pub(super) resource_wait: Duration,
    /// The end of the time for a body that nobody wants.
    pub(super) drain_deadline: Option<Instant>,
    pub(super) fault: Option<Fault>,
}

/// The window of the stall time-out: its start, and the bytes that have come since.
#[derive(Debug, Clone, Copy)]
pub(super) struct StallWindow {
    pub(super) start: Instant,
    pub(super) bytes: usize,
}

impl StallWindow {
    pub(super) fn new(start: Instant) -> Self {
        StallWindow { start, bytes: 0 }
    }
}

/// The figures of one request, taken when it is over.
#[derive(Debug)]
pub(super) struct RequestFigures {
    pub(super) timing: Timing,
    pub(super) ended: Instant,
    pub(super) first_byte: Option<Instant>,
    /// The phase in which it ended.
    pub(super) phase: Phase,
    pub(super) remote: Option<SocketAddr>,
    /// True if the request went out over a connection that had been used before. `None` if it did
    /// not go out.
    pub(super) reused: Option<bool>,
    pub(super) wire_bytes: u64,
    pub(super) held_back: Duration,
    pub(super) resource_wait: Duration,
    pub(super) fault: Option<Fault>,
}

/// A stretch of time that may not have begun, or not have ended.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: Option<Instant>,
    pub(super) end: Option<Instant>,
}

impl Span {
    fn length(self, now: Instant) -> Option<Duration> {
        Some(self.end.unwrap_or(now) - self.start?)
    }

    pub(super) fn is_open(self) -> bool {
        self.start.is_some() && self.end.is_none()
    }
}

impl RequestState {
    /// Counts bytes from the socket, and restarts the stall window once enough of them have come.
    pub(super) fn count(&mut self, bytes: usize, now: Instant) {
        self.wire_bytes += bytes as u64;
        self.last_received = Some(now);
        let mut window = self.stall_window.unwrap_or(StallWindow::new(now));
        window.bytes += bytes;
        if !self.in_head && window.bytes >= STALL_BYTES {
            window = StallWindow::new(now);
        }
        self.stall_window = Some(window);
    }

    /// The figures of the request, over as of `now`. Takes the fault out.
    pub(super) fn figures(&mut self, now: Instant) -> RequestFigures {
        let mut timing = Timing::default();
        timing.set(Phase::Dns, self.dns.length(now));
        timing.set(Phase::Connect, self.connect.length(now));
        timing.set(Phase::Ssl, self.ssl.length(now));
        timing.set(Phase::Send, self.send.length(now));
        let sent = self.send.end;
        let wait = sent.map(|sent| self.first_byte.unwrap_or(now) - sent);
        timing.set(Phase::Wait, wait);
        timing.set(Phase::Receive, self.first_byte.map(|first| now - first));
        RequestFigures {
            timing,
            ended: now,
            first_byte: self.first_byte,
            phase: self.phase(),
            remote: self.remote,
            reused: self.send.start.map(|_| self.connect.start.is_none()),
            wire_bytes: self.wire_bytes,
            held_back: self.held_back,
            resource_wait: self.resource_wait,
            fault: self.fault.take(),
        }
    }

    /// Records a check of the limits, and moves the stall window over a time in which nothing was
    /// read. A worker blocks for one tick at most, so a longer gap between two checks means that the
    /// consumer of the output was slow, or that the process was suspended (Ctrl-Z): the server is not
    /// to blame for bytes that did not come then.
    pub(super) fn tick(&mut self, now: Instant) {
        let gap = self.last_check.map(|last| now - last);
        if let (Some(gap), Some(window)) = (gap, &mut self.stall_window)
            && gap >= 2 * TICK
        {
            window.start = now.min(window.start + gap);
        }
        self.last_check = Some(now);
    }

    /// Takes the stall window up again after a time in which nothing was read on purpose.
    pub(super) fn resume_after_hold(
        &mut self,
        window: Option<StallWindow>,
        held: Duration,
        now: Instant,
    ) {
        self.stall_window = window.map(|window| StallWindow {
            start: now.min(window.start + held),
            ..window
        });
        self.last_check = Some(now);
    }

    /// The phase that the request is in.
    fn phase(&self) -> Phase {
        if self.first_byte.is_some() {
            Phase::Receive
        } else if self.send.end.is_some() {
            Phase::Wait
        } else if self.send.is_open() {
            Phase::Send
        } else if self.ssl.is_open() {
            Phase::Ssl
        } else if self.connect.is_open() {
            Phase::Connect
        } else if self.dns.is_open() {
            Phase::Dns
        } else {
            Phase::Blocked
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.limits.started?.checked_add(self.limits.timeout?)
    }

    /// The deadline of look-up, connect and TLS; `None` once the request is going out.
    fn connect_deadline(&self) -> Option<Instant> {
        let is_connecting = self.send.start.is_none();
        self.began
            .filter(|_| is_connecting)?
            .checked_add(self.limits.connect_timeout)
    }

    fn stall_deadline(&self) -> Option<Instant> {
        let window = self.stall_window?;
        window.start.checked_add(self.limits.stall_timeout?)
    }

    /// The nearest deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        [
            self.deadline(),
            self.connect_deadline(),
            self.stall_deadline(),
            self.drain_deadline,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The limit that is exceeded, if one is.
    pub(super) fn exceeded(&self, now: Instant) -> Option<Fault> {
        let limits = &self.limits;
        let bytes = self.stall_window.map_or(0, |window| window.bytes);
        if self.deadline().is_some_and(|at| now >= at) {
            limits.timeout.map(Fault::Timeout)
        } else if self.connect_deadline().is_some_and(|at| now >= at) {
            Some(Fault::ConnectTimeout(limits.connect_timeout))
        } else if self.stall_deadline().is_some_and(|at| now >= at) {
            limits.stall_timeout.map(if bytes >= STALL_BYTES {
                Fault::SlowHead
            } else {
                Fault::Stalled
            })
        } else if self.drain_deadline.is_some_and(|at| now >= at) {
            Some(Fault::DrainOver)
        } else {
            None
        }
    }
}
