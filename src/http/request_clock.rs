//! The meter: what one worker's current request has cost so far, and whether it may go on.
//!
//! The client resets it before each request; the resolver, the connector and the transport, which
//! ureq runs on the worker's own thread, write into it. So every figure in a result is a reading of
//! the clock at the place where the thing happened, and the limits (time-out, stall, stop) are
//! checked wherever a worker can be kept waiting.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::proxy::Proxy;
use crate::model::timing::{Phase, Timing};
use crate::pool::StopToken;

/// How long a worker waits at a time before it looks at its limits again.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// The same when a limit is near.
pub(super) const FINE_TICK: Duration = Duration::from_millis(10);

/// A connection stalls when it gives less than this within the stall time.
const STALL_BYTES: usize = 1024;

/// The most that may come before the response's header is whole. ureq's own limit, 64 KiB, is for
/// one header; interim responses (1xx) before it may be as many as the server likes.
const MOST_HEAD_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Meter {
    stop: StopToken,
    reading: Mutex<Reading>,
    /// How long the current request's head is at most: for the buffer that ureq writes it into.
    head: AtomicUsize,
    /// How much of the response that is being read is still to come out of ureq, and looked at by
    /// nobody when it does.
    unwanted: AtomicU64,
}

/// Why a request may not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Stopped,
    /// The whole attempt took longer than this.
    Timeout(Duration),
    /// Look-up, connect and TLS took longer than this.
    ConnectTimeout(Duration),
    /// Less than [`STALL_BYTES`] came for this long.
    Stalled(Duration),
    /// The response's header was not whole after this.
    SlowHead(Duration),
    /// What came before the final response's header is too long.
    EndlessHead,
    /// Beside the body there is too much: in a chunked one, say, trailers without an end.
    EndlessFraming,
    /// The buffer is full of what should be one header, or one line.
    EndlessLine,
    /// No address of the name could be reached, for these reasons.
    Unreachable(String),
    /// The name could not be looked up.
    NameNotFound(String),
    /// The name server could not answer in time (`EAI_AGAIN`); it may the next time.
    LookupAgain(String),
    /// The address is not a public one, and only those are wanted.
    Private(String),
    /// The proxy would not, or could not.
    Proxy(String),
    /// TLS could not be agreed on, for this reason.
    Tls(String),
    /// The body has more bytes than are wanted.
    TooLarge(u64),
    /// The body's stated length, and the limit that it exceeds.
    TooLong(u64, u64),
    /// A TLS connection ended without the farewell (`close_notify`) that tells an end from a cut.
    CutOff,
    /// The socket reported an error.
    Socket(io::ErrorKind, String),
}

/// The limits of one attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub(super) started: Option<Instant>,
    pub(super) timeout: Option<Duration>,
    pub(super) connect_timeout: Duration,
    pub(super) stall_timeout: Option<Duration>,
}

#[derive(Debug, Default)]
struct Reading {
    limits: Limits,
    /// The proxy that the current request goes through.
    proxy: Option<Arc<Proxy>>,
    /// When the current request began, if one is under way.
    began: Option<Instant>,
    dns: Span,
    connect: Span,
    ssl: Span,
    send: Span,
    first_byte: Option<Instant>,
    /// Since when less than [`STALL_BYTES`] have come, and how many have.
    quiet: Option<(Instant, usize)>,
    /// When somebody last looked whether the request may go on.
    looked: Option<Instant>,
    /// Whether the request is out and its response's header not yet whole. The stall clock does not
    /// start anew meanwhile: dripped headers and interim responses may not go on for ever.
    in_head: bool,
    remote: Option<SocketAddr>,
    /// The mark on the connection that the request went out over, by which it is given up.
    given_up: Option<Arc<AtomicBool>>,
    wire_bytes: u64,
    /// Bytes that have come since the last of them that were the body's.
    beside: usize,
    fault: Option<Fault>,
}

/// A stretch of time that may not have begun, or not have ended.
#[derive(Debug, Default, Clone, Copy)]
struct Span {
    start: Option<Instant>,
    end: Option<Instant>,
}

impl Span {
    fn length(self, now: Instant) -> Option<Duration> {
        Some(self.end.unwrap_or(now) - self.start?)
    }

    fn is_open(self) -> bool {
        self.start.is_some() && self.end.is_none()
    }
}

/// The figures of one request, read off when it is over.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) timing: Timing,
    /// When it was over.
    pub(super) ended: Instant,
    pub(super) first_byte: Option<Instant>,
    pub(super) phase: Phase,
    pub(super) remote: Option<SocketAddr>,
    /// Whether the request went out over a connection that had been used before. `None` if it did
    /// not go out.
    pub(super) reused: Option<bool>,
    pub(super) wire_bytes: u64,
    pub(super) fault: Option<Fault>,
}

impl Meter {
    pub(super) fn new(stop: StopToken) -> Self {
        Meter {
            stop,
            reading: Mutex::new(Reading::default()),
            head: AtomicUsize::new(0),
            unwanted: AtomicU64::new(0),
        }
    }

    /// The request that is about to go out has a head of this length at most.
    pub(super) fn announce_head(&self, length: usize) {
        // For this worker's own thread: nothing else depends on it.
        self.head.store(length, Ordering::Relaxed);
    }

    /// What was last announced.
    pub(super) fn head(&self) -> usize {
        self.head.load(Ordering::Relaxed)
    }

    /// The next `count` bytes that ureq has for its caller are of a body that nobody looks at.
    pub(super) fn announce_unwanted(&self, count: u64) {
        self.unwanted.store(count, Ordering::Relaxed);
    }

    /// What was last announced.
    pub(super) fn unwanted(&self) -> u64 {
        self.unwanted.load(Ordering::Relaxed)
    }

    /// Begins a request under these limits, through this proxy.
    pub(super) fn begin(&self, limits: Limits, proxy: Option<Arc<Proxy>>, now: Instant) {
        self.announce_unwanted(0);
        *self.lock() = Reading {
            limits,
            proxy,
            began: Some(now),
            ..Reading::default()
        };
    }

    /// Reads the request off, over as of `now`.
    pub(super) fn measure(&self, now: Instant) -> Measured {
        let mut reading = self.lock();
        let r = &mut *reading;
        let sent = r.send.end;
        let mut timing = Timing::default();
        timing.set(Phase::Dns, r.dns.length(now));
        timing.set(Phase::Connect, r.connect.length(now));
        timing.set(Phase::Ssl, r.ssl.length(now));
        timing.set(Phase::Send, r.send.length(now));
        let wait = sent.map(|sent| r.first_byte.unwrap_or(now) - sent);
        timing.set(Phase::Wait, wait);
        timing.set(Phase::Receive, r.first_byte.map(|first| now - first));
        Measured {
            timing,
            ended: now,
            first_byte: r.first_byte,
            phase: r.phase(),
            remote: r.remote,
            reused: r.send.start.map(|_| r.connect.start.is_none()),
            wire_bytes: r.wire_bytes,
            fault: r.fault.take(),
        }
    }

    /// Whether the request may go on, and how long to wait at most before this is asked again: one of
    /// two fixed lengths, so that a socket's time-out seldom needs setting. If it may not, the fault is
    /// kept for the client to find.
    pub(super) fn check(&self) -> Result<Duration, ureq::Error> {
        self.check_stop()?;
        let now = Instant::now();
        let mut reading = self.lock();
        reading.look(now);
        if let Some(fault) = reading.exceeded(now) {
            drop(reading);
            return Err(self.fail(fault));
        }
        Ok(match reading.next_limit() {
            Some(limit) if limit < now + TICK => FINE_TICK,
            _ => TICK,
        })
    }

    /// Whether nobody has asked to stop: the part of [`check`](Meter::check) that costs next to nothing.
    pub(super) fn check_stop(&self) -> Result<(), ureq::Error> {
        if self.stop.is_stopped() {
            return Err(self.fail(Fault::Stopped));
        }
        Ok(())
    }

    /// Keeps the fault for the client and gives ureq an error to unwind with. The first fault is
    /// the cause of what follows, so it stays.
    pub(super) fn fail(&self, fault: Fault) -> ureq::Error {
        self.lock().fault.get_or_insert(fault);
        ureq::Error::Io(io::Error::other("stopped by pfetch's own transport"))
    }

    /// The same, in the place of what the socket reported, which says less.
    pub(super) fn explain(&self, fault: Fault) -> ureq::Error {
        let mut reading = self.lock();
        reading.fault = reading
            .fault
            .take()
            .filter(|known| !matches!(known, Fault::Socket(..)));
        drop(reading);
        self.fail(fault)
    }

    /// When the nearest limit is reached.
    pub(super) fn next_limit(&self) -> Option<Instant> {
        self.lock().next_limit()
    }

    /// The proxy that the current request goes through.
    pub(super) fn proxy(&self) -> Option<Arc<Proxy>> {
        self.lock().proxy.clone()
    }

    pub(super) fn lookup_started(&self) {
        self.lock().dns.start = Some(Instant::now());
    }

    pub(super) fn lookup_ended(&self) {
        self.lock().dns.end = Some(Instant::now());
    }

    pub(super) fn connect_started(&self) {
        self.lock().connect.start = Some(Instant::now());
    }

    /// The TCP connection stands; if TLS comes next, the handshake begins now.
    pub(super) fn connected(&self, remote: SocketAddr, tls: bool) {
        let now = Instant::now();
        let mut r = self.lock();
        r.connect.end = Some(now);
        r.remote = Some(remote);
        r.ssl.start = tls.then_some(now);
    }

    /// The connection is ready for requests.
    pub(super) fn ready(&self) {
        let mut r = self.lock();
        if r.ssl.is_open() {
            r.ssl.end = Some(Instant::now());
        }
        // The handshake's bytes are no sign of the response's.
        r.quiet = None;
    }

    /// A piece of the request is about to be written to `remote`, over the connection with this mark.
    pub(super) fn sending(&self, remote: SocketAddr, given_up: &Arc<AtomicBool>) {
        let mut r = self.lock();
        r.remote = Some(remote);
        r.given_up.get_or_insert_with(|| Arc::clone(given_up));
        r.send.start.get_or_insert_with(Instant::now);
    }

    /// Keeps the connection of the current request from being reused. ureq may have put it back
    /// into its pool by now: it looks at the connection once more before it takes it out.
    pub(super) fn give_up_connection(&self) {
        if let Some(given_up) = &self.lock().given_up {
            // Read by this worker's own thread: nothing else depends on it.
            given_up.store(true, Ordering::Relaxed);
        }
    }

    /// It has been written.
    pub(super) fn sent(&self) {
        let now = Instant::now();
        let mut r = self.lock();
        r.send.end = Some(now);
        r.quiet = Some((now, 0));
        r.in_head = true;
    }

    /// A piece of the response is there.
    pub(super) fn answered(&self, now: Instant) {
        self.lock().first_byte.get_or_insert(now);
    }

    /// The response's header is whole.
    pub(super) fn head_ended(&self) {
        let mut r = self.lock();
        r.in_head = false;
        r.beside = 0;
        r.quiet = Some((Instant::now(), 0));
    }

    /// Bytes of the body have come out at the upper end.
    pub(super) fn progressed(&self) {
        self.lock().beside = 0;
    }

    /// `bytes` came from the socket.
    pub(super) fn received(&self, bytes: usize) {
        let now = Instant::now();
        let mut r = self.lock();
        r.wire_bytes += bytes as u64;
        r.beside += bytes;
        let (since, so_far) = r.quiet.unwrap_or((now, 0));
        r.quiet = Some(if !r.in_head && so_far + bytes >= STALL_BYTES {
            (now, 0)
        } else {
            (since, so_far + bytes)
        });
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        // Plain assignments only under this lock, so a poisoned one is still consistent.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    /// Takes note that somebody looks. Nobody waits for longer than a tick at a time; who comes later has
    /// waited for whoever reads the output, or was stopped meanwhile (Ctrl-Z): what did not come then is
    /// not to be held against the server.
    fn look(&mut self, now: Instant) {
        let away = self.looked.map(|looked| now - looked);
        if let (Some(away), Some((since, _))) = (away, &mut self.quiet)
            && away >= 2 * TICK
        {
            *since = now.min(*since + away);
        }
        self.looked = Some(now);
    }

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

    /// Whether the connection is still being made: not before, and not once a request is out.
    fn is_connecting(&self) -> bool {
        self.send.start.is_none()
    }

    fn deadline(&self) -> Option<Instant> {
        self.limits.started?.checked_add(self.limits.timeout?)
    }

    fn connect_deadline(&self) -> Option<Instant> {
        self.began
            .filter(|_| self.is_connecting())?
            .checked_add(self.limits.connect_timeout)
    }

    fn stall_deadline(&self) -> Option<Instant> {
        self.quiet?.0.checked_add(self.limits.stall_timeout?)
    }

    fn next_limit(&self) -> Option<Instant> {
        [
            self.deadline(),
            self.connect_deadline(),
            self.stall_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn exceeded(&self, now: Instant) -> Option<Fault> {
        let limits = &self.limits;
        if self.deadline().is_some_and(|at| now >= at) {
            limits.timeout.map(Fault::Timeout)
        } else if self.connect_deadline().is_some_and(|at| now >= at) {
            Some(Fault::ConnectTimeout(limits.connect_timeout))
        } else if self.stall_deadline().is_some_and(|at| now >= at) {
            limits.stall_timeout.map(match self.quiet {
                Some((_, bytes)) if bytes >= STALL_BYTES => Fault::SlowHead,
                _ => Fault::Stalled,
            })
        } else if self.in_head && self.quiet.is_some_and(|(_, bytes)| bytes > MOST_HEAD_BYTES) {
            Some(Fault::EndlessHead)
        } else if !self.in_head && self.beside > MOST_HEAD_BYTES {
            Some(Fault::EndlessFraming)
        } else {
            None
        }
    }
}
