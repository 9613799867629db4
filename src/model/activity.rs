//! What each worker is doing at this moment, for whoever wants to look: the progress display.
//!
//! Workers write their own lane, the display reads all of them now and then; nobody waits for
//! anybody, and without a display there are no lanes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The most workers that make sense on one machine; a slip of the finger asks for more.
pub const MOST_WORKERS: usize = 10_000;

/// One lane per worker.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    busy: Mutex<Option<(Arc<str>, Instant)>>,
    bytes: AtomicU64,
    /// How many there will be, if that is known; 0 if not.
    length: AtomicU64,
}

/// What one worker is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// The worker's index.
    pub worker: usize,
    /// The URL it fetches.
    pub url: Arc<str>,
    /// Since when.
    pub since: Instant,
    /// Body bytes received so far.
    pub bytes: u64,
    /// How many there will be, if that is known.
    pub length: Option<u64>,
}

impl Lanes {
    /// Idle lanes for this many workers.
    pub fn new(workers: usize) -> Self {
        Lanes {
            lanes: (0..workers).map(|_| Lane::default()).collect(),
        }
    }

    /// How many lanes there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always a worker")]
    pub fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Worker `worker` begins with `url`.
    pub fn begin(&self, worker: usize, url: &Arc<str>) {
        if let Some(lane) = self.lanes.get(worker) {
            lane.bytes.store(0, Ordering::Relaxed);
            lane.length.store(0, Ordering::Relaxed);
            lane.set(Some((Arc::clone(url), Instant::now())));
        }
    }

    /// Worker `worker` will receive this many body bytes, if that is known.
    pub fn expect(&self, worker: usize, length: Option<u64>) {
        if let Some(lane) = self.lanes.get(worker) {
            lane.length.store(length.unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// Worker `worker` has received `bytes` body bytes so far.
    pub fn received(&self, worker: usize, bytes: u64) {
        if let Some(lane) = self.lanes.get(worker) {
            lane.bytes.store(bytes, Ordering::Relaxed);
        }
    }

    /// Worker `worker` has nothing to do.
    pub fn end(&self, worker: usize) {
        if let Some(lane) = self.lanes.get(worker) {
            lane.set(None);
        }
    }

    /// The busy workers, in the order of their indices.
    pub fn busy(&self) -> Vec<Busy> {
        let look = |(worker, lane): (usize, &Lane)| {
            let busy = lane.busy.lock().unwrap_or_else(PoisonError::into_inner);
            let (url, since) = busy.as_ref()?;
            Some(Busy {
                worker,
                url: Arc::clone(url),
                since: *since,
                bytes: lane.bytes.load(Ordering::Relaxed),
                length: Some(lane.length.load(Ordering::Relaxed)).filter(|length| *length > 0),
            })
        };
        self.lanes.iter().enumerate().filter_map(look).collect()
    }
}

impl Lane {
    fn set(&self, busy: Option<(Arc<str>, Instant)>) {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = busy;
    }
}
