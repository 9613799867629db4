//! The [`StopToken`]: cooperative cancellation, shared by cloning.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
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
}

impl StopToken {
    /// Makes a token that is not stopped.
    pub fn new() -> Self {
        let (open, closed) = bounded(0);
        StopToken {
            shared: Arc::new(StopState {
                stopped: AtomicBool::new(false),
                open: Mutex::new(Some(open)),
                closed,
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
