//! The [`Slot`]: a write-once state that one thread fills and another waits for.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

/// A write-once result state: the output container of one job.
///
/// A slot goes from empty to full once, and its value is taken out once. It knows nothing of pools,
/// so it is of use on its own: any thread may [fill](Slot::fill) it, any other
/// [wait](Slot::wait) for it.
///
/// ```
/// use std::sync::Arc;
/// use pfetch::pool::Slot;
///
/// let slot = Arc::new(Slot::new());
/// let writer = Arc::clone(&slot);
/// std::thread::spawn(move || writer.fill(42));
/// assert_eq!(slot.wait(), Some(42));
/// assert_eq!(slot.fill(43), Err(43), "a slot is written once");
/// ```
pub struct Slot<T> {
    state: Mutex<SlotState<T>>,
    filled: Condvar,
}

/// The state of a slot. Waiters and value share one place, to keep a slot small: there may be many.
enum SlotState<T> {
    Empty {
        /// Threads inside a wait. A wake-up is a system call, so it is made only for one of them.
        waiting: usize,
        notification: Option<Notification>,
    },
    /// `None` once the value has been taken.
    Full(Option<T>),
}

/// A request to send `key` when the slot is written.
struct Notification {
    sender: Sender<u64>,
    key: u64,
}

impl Notification {
    fn send(self) {
        // A receiver that is gone needs no key.
        let _ = self.sender.send(self.key);
    }
}

impl<T> Slot<T> {
    /// Makes an empty slot.
    pub fn new() -> Self {
        Slot {
            state: Mutex::new(SlotState::Empty {
                waiting: 0,
                notification: None,
            }),
            filled: Condvar::new(),
        }
    }

    /// Writes the slot, wakes the threads that wait for it and sends the key of a
    /// [notification](Slot::notify).
    ///
    /// # Errors
    ///
    /// Hands the value back if the slot has been written before.
    pub fn fill(&self, value: T) -> Result<(), T> {
        let mut state = self.lock();
        let SlotState::Empty {
            waiting,
            notification,
        } = &mut *state
        else {
            return Err(value);
        };
        let (is_awaited, notification) = (*waiting > 0, notification.take());
        *state = SlotState::Full(Some(value));
        drop(state);
        if is_awaited {
            self.filled.notify_all();
        }
        if let Some(notification) = notification {
            notification.send();
        }
        Ok(())
    }

    /// Returns `true` once the slot has been written, even if its value has been taken since.
    pub fn is_filled(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Takes the value out if it is there. `None` for an empty slot and for one whose value was taken.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Blocks until the slot is written, then takes the value out. `None` if another thread has taken it.
    pub fn wait(&self) -> Option<T> {
        let mut state = self.lock();
        state.enter();
        while state.is_empty() {
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.take()
    }

    /// Blocks until the slot is written, for at most `timeout`. Returns `true` if it is; the value stays
    /// in the slot.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let started = Instant::now();
        let mut state = self.lock();
        state.enter();
        while state.is_empty() {
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            state = self
                .filled
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.leave();
        !state.is_empty()
    }

    /// Has `key` sent to `sender` when the slot is written, at once if it already is. A slot keeps one
    /// such request; a later one replaces it.
    ///
    /// With it one thread can follow many slots: give each a key, and receive keys.
    pub fn notify(&self, sender: &Sender<u64>, key: u64) {
        let request = Notification {
            sender: sender.clone(),
            key,
        };
        let mut state = self.lock();
        if let SlotState::Empty { notification, .. } = &mut *state {
            *notification = Some(request);
        } else {
            drop(state);
            request.send();
        }
    }

    fn lock(&self) -> MutexGuard<'_, SlotState<T>> {
        // No code of a caller runs under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> SlotState<T> {
    fn is_empty(&self) -> bool {
        matches!(self, SlotState::Empty { .. })
    }

    fn take(&mut self) -> Option<T> {
        match self {
            SlotState::Empty { .. } => None,
            SlotState::Full(value) => value.take(),
        }
    }

    /// Counts the calling thread as waiting, if the slot is empty.
    fn enter(&mut self) {
        if let SlotState::Empty { waiting, .. } = self {
            *waiting += 1;
        }
    }

    /// Counts it no longer, if the slot is still empty after a timeout.
    fn leave(&mut self) {
        if let SlotState::Empty { waiting, .. } = self {
            *waiting -= 1;
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self.lock() {
            SlotState::Empty { .. } => "empty",
            SlotState::Full(Some(_)) => "full",
            SlotState::Full(None) => "taken",
        };
        f.debug_struct("Slot").field("state", &name).finish()
    }
}
