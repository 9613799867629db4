//! The current activity of each worker, for the progress display.
//!
//! Each worker writes its own entry, and the display samples all of them now and then. Neither waits
//! for the other, and without a display there are no entries.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The most workers of a run. A larger number is a slip of the finger.
pub const MAX_WORKERS: usize = 10_000;

/// The current activity of all workers, one entry each.
#[derive(Debug)]
pub struct WorkerActivity {
    workers: Vec<WorkerEntry>,
}

#[derive(Debug, Default)]
struct WorkerEntry {
    /// The URL and the start of the current fetch; `None` while the worker is idle.
    current: Mutex<Option<(Arc<str>, Instant)>>,
    bytes: AtomicU64,
    /// The length of the body; 0 if it is unknown.
    length: AtomicU64,
}

/// A worker's current fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentFetch {
    /// The worker's index.
    pub worker: usize,
    /// The URL that it fetches.
    pub url: Arc<str>,
    /// The start of the fetch.
    pub since: Instant,
    /// Body bytes received so far.
    pub bytes: u64,
    /// The length of the body in bytes, if it is known.
    pub length: Option<u64>,
}

impl WorkerActivity {
    /// Idle entries for this many workers.
    pub fn new(workers: usize) -> Self {
        WorkerActivity {
            workers: (0..workers).map(|_| WorkerEntry::default()).collect(),
        }
    }

    /// The number of workers.
    #[expect(clippy::len_without_is_empty, reason = "there is always a worker")]
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Marks worker `worker` as busy with `url` from now on.
    pub fn begin(&self, worker: usize, url: &Arc<str>) {
        if let Some(entry) = self.workers.get(worker) {
            entry.bytes.store(0, Ordering::Relaxed);
            entry.length.store(0, Ordering::Relaxed);
            entry.set(Some((Arc::clone(url), Instant::now())));
        }
    }

    /// Sets the length in bytes of the body that worker `worker` receives, if it is known.
    pub fn expect(&self, worker: usize, length: Option<u64>) {
        if let Some(entry) = self.workers.get(worker) {
            entry.length.store(length.unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// Sets the number of body bytes that worker `worker` has received so far.
    pub fn received(&self, worker: usize, bytes: u64) {
        if let Some(entry) = self.workers.get(worker) {
            entry.bytes.store(bytes, Ordering::Relaxed);
        }
    }

    /// Marks worker `worker` as idle.
    pub fn end(&self, worker: usize) {
        if let Some(entry) = self.workers.get(worker) {
            entry.set(None);
        }
    }

    /// The fetches of the busy workers, in the order of their indices.
    pub fn busy(&self) -> Vec<CurrentFetch> {
        let sample = |(worker, entry): (usize, &WorkerEntry)| {
            let current = entry.current.lock().unwrap_or_else(PoisonError::into_inner);
            let (url, since) = current.as_ref()?;
            Some(CurrentFetch {
                worker,
                url: Arc::clone(url),
                since: *since,
                bytes: entry.bytes.load(Ordering::Relaxed),
                length: Some(entry.length.load(Ordering::Relaxed)).filter(|length| *length > 0),
            })
        };
        self.workers.iter().enumerate().filter_map(sample).collect()
    }
}

impl WorkerEntry {
    fn set(&self, current: Option<(Arc<str>, Instant)>) {
        // Whole values only are stored under the lock, so a poisoned one is still consistent.
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }
}
