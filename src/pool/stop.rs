//! The [`StopToken`]: cooperative cancellation, shared by cloning.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

/// A request to stop (a cancellation token), shared by cloning. A [stop](StopToken::stop) is final.
///
/// Reading it ([`is_stopped`](StopToken::is_stopped)) is one atomic load, so an action can poll it as
/// often as it likes; waiting on it ([`wait_timeout`](StopToken::wait_timeout)) is a sleep that a
/// stop cuts short. The token does not interrupt anything: the code that holds it ends by itself.
///
/// ```
/// use std::time::Duration;
/// use pfetch::pool::StopToken;
///
/// let token = StopToken::new();
/// let seen = token.clone();
/// let worker = std::thread::spawn(move || {
///     let mut rounds = 0;
///     while !seen.wait_timeout(Duration::from_millis(1)) {
///         rounds += 1;
///     }
///     rounds
/// });
/// token.stop();
/// worker.join().unwrap();
/// ```
#[derive(Clone)]
pub struct StopToken {
    shared: Arc<StopState>,
}

struct StopState {
    /// Accessed sequentially consistently: a pool's senders and its stop must not miss each other.
    stopped: AtomicBool,
    /// Dropped by the stop. Every receiver then sees a disconnected channel, which unlike a flag can be
    /// blocked on, and selected on together with other channels.
    open: Mutex<Option<Sender<Infallible>>>,
    closed: Receiver<Infallible>,
    /// The zero of [`due`](StopState::due).
    made: Instant,
    /// The expected time of the stop, in nanoseconds; [`NOT_DUE`] if there is none.
    due: AtomicU64,
}

/// The value of [`StopState::due`] while no stop is expected.
const NOT_DUE: u64 = u64::MAX;

impl StopToken {
    /// Makes a token that is not stopped.
    pub fn new() -> Self {
        let (open, closed) = bounded(0);
        StopToken {
            shared: Arc::new(StopState {
                stopped: AtomicBool::new(false),
                open: Mutex::new(Some(open)),
                closed,
                made: Instant::now(),
                due: AtomicU64::new(NOT_DUE),
            }),
        }
    }

    /// Stops this token and all its clones. A second call changes nothing.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let mut open = self
            .shared
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *open = None;
    }

    /// Returns `true` once the token has been stopped.
    pub fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::SeqCst)
    }

    /// Announces the time at which the token is going to be stopped, or that none is known. The token does not stop
    /// by itself then: code that polls it between long waits can cut them short around that time.
    pub fn expect_stop(&self, at: Option<Instant>) {
        let nanos = at.map(|at| at.saturating_duration_since(self.shared.made).as_nanos());
        let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok());
        self.shared
            .due
            .store(nanos.unwrap_or(NOT_DUE), Ordering::Relaxed);
    }

    /// The [expected](StopToken::expect_stop) time of the stop.
    pub fn expected_stop(&self) -> Option<Instant> {
        match self.shared.due.load(Ordering::Relaxed) {
            NOT_DUE => None,
            nanos => self.shared.made.checked_add(Duration::from_nanos(nanos)),
        }
    }

    /// Sleeps until the stop, and at most for `timeout`. Returns `true` if the token is stopped.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        match Instant::now().checked_add(timeout) {
            // Nothing is ever sent (the item type has no values), so both errors are answers:
            // a timeout, or the disconnection that is the stop.
            Some(deadline) => drop(self.shared.closed.recv_deadline(deadline)),
            None => self.wait(),
        }
        self.is_stopped()
    }

    /// Sleeps until the stop.
    pub fn wait(&self) {
        let Err(_disconnected) = self.shared.closed.recv();
    }

    /// A channel that never carries a message and is disconnected by the stop: for
    /// `crossbeam_channel::select!`.
    pub fn as_channel(&self) -> &Receiver<Infallible> {
        &self.shared.closed
    }
}

impl Default for StopToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken")
            .field("stopped", &self.is_stopped())
            .finish()
    }
}
