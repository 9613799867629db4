//! The [`Slot`]: a write-once cell that one thread fills and another waits for.

use std::fmt;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

/// A write-once result cell: the output container of one job.
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
    cell: Mutex<Cell<T>>,
    filled: Condvar,
}

/// Who wants to know is in the place of the value: a slot should be small, for there may be many.
enum Cell<T> {
    Empty {
        /// Threads inside a wait: a notification costs a system call, so it is sent only to someone.
        waiting: usize,
        notice: Option<Notice>,
    },
    Full(T),
    Taken,
}

struct Notice {
    sender: Sender<u64>,
    key: u64,
}

impl Notice {
    fn give(self) {
        // A receiver that has gone away no longer wants to know.
        let _ = self.sender.send(self.key);
    }
}

impl<T> Slot<T> {
    /// An empty slot.
    pub fn new() -> Self {
        Slot {
            cell: Mutex::new(Cell::Empty {
                waiting: 0,
                notice: None,
            }),
            filled: Condvar::new(),
        }
    }

    /// Writes the slot, wakes those who wait for it and gives notice if someone asked for it.
    ///
    /// # Errors
    ///
    /// Hands the value back if the slot has been written before.
    pub fn fill(&self, value: T) -> Result<(), T> {
        let mut cell = self.lock();
        let Cell::Empty { waiting, notice } = &mut *cell else {
            return Err(value);
        };
        let (is_awaited, notice) = (*waiting > 0, notice.take());
        *cell = Cell::Full(value);
        drop(cell);
        if is_awaited {
            self.filled.notify_all();
        }
        if let Some(notice) = notice {
            notice.give();
        }
        Ok(())
    }

    /// Whether the slot has been written (its value may have been taken since).
    pub fn is_filled(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Takes the value out if it is there. `None` for an empty slot and for a taken value.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Sleeps until the slot is written, then takes the value out. `None` if another has taken it.
    pub fn wait(&self) -> Option<T> {
        let mut cell = self.lock();
        cell.enter();
        while cell.is_empty() {
            cell = self
                .filled
                .wait(cell)
                .unwrap_or_else(PoisonError::into_inner);
        }
        cell.take()
    }

    /// As [`wait`](Slot::wait), for at most `timeout`. Returns whether the slot is filled; the
    /// value stays where it is.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let started = Instant::now();
        let mut cell = self.lock();
        cell.enter();
        while cell.is_empty() {
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            cell = self
                .filled
                .wait_timeout(cell, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        cell.leave();
        !cell.is_empty()
    }

    /// Asks for a notice: `key` is sent to `sender` when the slot is written, at once if it already
    /// is. A slot keeps one such request; a later one replaces it.
    ///
    /// This is how one thread follows many slots: give each a key, and receive keys.
    pub fn notify(&self, sender: &Sender<u64>, key: u64) {
        let asked = Notice {
            sender: sender.clone(),
            key,
        };
        let mut cell = self.lock();
        if let Cell::Empty { notice, .. } = &mut *cell {
            *notice = Some(asked);
        } else {
            drop(cell);
            asked.give();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cell<T>> {
        // No code of a caller runs under this lock, so a poisoned one is still consistent.
        self.cell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Cell<T> {
    fn is_empty(&self) -> bool {
        matches!(self, Cell::Empty { .. })
    }

    fn take(&mut self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        match mem::replace(self, Cell::Taken) {
            Cell::Full(value) => Some(value),
            _ => None,
        }
    }

    /// Counts the calling thread as waiting, if there is something to wait for.
    fn enter(&mut self) {
        if let Cell::Empty { waiting, .. } = self {
            *waiting += 1;
        }
    }

    /// Counts it no longer: what it waited for may not have come.
    fn leave(&mut self) {
        if let Cell::Empty { waiting, .. } = self {
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
        let state = match *self.lock() {
            Cell::Empty { .. } => "empty",
            Cell::Full(_) => "full",
            Cell::Taken => "taken",
        };
        f.debug_struct("Slot").field("state", &state).finish()
    }
}
