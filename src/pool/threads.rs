//! The state that the workers of one pool share: the threads started so far, and the counts of jobs.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::StopToken;

/// Fewer worker threads than a pool wanted, by the system's refusal or by a
/// [limit](super::Builder::thread_limit); the pool works with those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The number of workers that were started.
    pub started: usize,
    /// The number of workers that were asked for.
    pub wanted: usize,
    /// The reason for which the next one was refused.
    pub reason: String,
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shortfall {
            started,
            wanted,
            reason,
        } = self;
        write!(
            f,
            "only {started} of {wanted} worker threads could be started ({reason})"
        )
    }
}

/// The most threads that a pool may start, and the reason that it states for it.
pub(super) struct ThreadLimit {
    pub(super) threads: usize,
    pub(super) reason: String,
}

/// The threads of one pool, and the counts of its jobs.
pub(super) struct Threads<S> {
    name: String,
    pub(super) wanted: usize,
    stack_size: Option<usize>,
    limit: Option<ThreadLimit>,
    pub(super) stop: StopToken,
    pub(super) make_state: Box<dyn Fn(usize) -> S + Send + Sync>,
    /// Jobs submitted so far.
    submitted: CachePadded<AtomicUsize>,
    /// Jobs ended so far. Separate from `submitted`, and both padded: the submitter and the workers
    /// would otherwise contend for one cache line with each job (false sharing).
    ended: CachePadded<AtomicUsize>,
    /// Callers inside `wait_until_done`. A wake-up is a system call, so it is made only for one of them.
    joiners: AtomicUsize,
    started: AtomicUsize,
    spawned: Mutex<Spawned>,
    counts: Mutex<ThreadCounts>,
    changed: Condvar,
}

/// A value alone on its cache line, against false sharing. Aligned to two lines of 64 bytes, because
/// x86-64 processors prefetch lines in pairs, and AArch64 ones have lines of 128 bytes.
#[derive(Default)]
#[repr(align(128))]
struct CachePadded<T>(T);

/// The threads that were spawned, and the refusal of the last one, if it was refused.
#[derive(Default)]
struct Spawned {
    handles: Vec<JoinHandle<()>>,
    shortfall: Option<Shortfall>,
}

/// The counts that threads change themselves. Under a lock of their own, because `spawned` stays locked
/// while the next thread is started, and a new thread would wait for that.
#[derive(Default)]
struct ThreadCounts {
    /// Threads inside their loop.
    alive: usize,
    /// Threads that have made their state.
    ready: usize,
    /// Callers that wait for a change of these counts. A wake-up is a system call, so it is made only
    /// for one of them.
    waiters: usize,
}

impl<S> Threads<S> {
    pub(super) fn new(
        name: String,
        wanted: usize,
        stack_size: Option<usize>,
        limit: Option<ThreadLimit>,
        stop: StopToken,
        make_state: Box<dyn Fn(usize) -> S + Send + Sync>,
    ) -> Self {
        Threads {
            name,
            wanted,
            stack_size,
            limit,
            stop,
            make_state,
            submitted: CachePadded::default(),
            ended: CachePadded::default(),
            joiners: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            spawned: Mutex::new(Spawned::default()),
            counts: Mutex::new(ThreadCounts::default()),
            changed: Condvar::new(),
        }
    }

    /// The number of threads started so far.
    pub(super) fn started(&self) -> usize {
        self.started.load(Ordering::Acquire)
    }

    pub(super) fn shortfall(&self) -> Option<Shortfall> {
        self.spawned().shortfall.clone()
    }

    /// Counts a job as submitted. Returns `true` if another thread should be started for it.
    pub(super) fn submitted(&self) -> bool {
        self.submitted.0.fetch_add(1, Ordering::SeqCst);
        let started = self.started();
        started < self.wanted && self.unfinished() > started
    }

    /// Counts a job as ended.
    pub(super) fn finished(&self) {
        // Sequentially consistent together with `wait_until_done`: either this sees the joiner, or
        // the joiner sees the zero.
        self.ended.0.fetch_add(1, Ordering::SeqCst);
        if self.joiners.load(Ordering::SeqCst) > 0 && self.unfinished() == 0 {
            let _counts = self.counts();
            self.changed.notify_all();
        }
    }

    /// The number of jobs submitted and not ended.
    fn unfinished(&self) -> usize {
        // In this order: an ended job was submitted before, and if the later count is no larger, no
        // job was under way when it was read.
        let ended = self.ended.0.load(Ordering::SeqCst);
        self.submitted.0.load(Ordering::SeqCst).wrapping_sub(ended)
    }

    /// Starts the next thread with the body that `body` makes for its index, unless there are as many as
    /// wanted. After a refusal no further one is tried, as long as there is a thread.
    ///
    /// # Errors
    ///
    /// The reason, if the first thread is refused.
    pub(super) fn spawn<F>(&self, body: impl FnOnce(usize) -> F) -> Result<(), String>
    where
        F: FnOnce() + Send + 'static,
    {
        let mut spawned = self.spawned();
        let index = self.started();
        // Another submitter may have been here first.
        if index >= self.wanted || (spawned.shortfall.is_some() && index > 0) {
            return Ok(());
        }
        let mut thread = thread::Builder::new().name(format!("{}-{index}", self.name));
        if let Some(bytes) = self.stack_size {
            thread = thread.stack_size(bytes);
        }
        let result = match &self.limit {
            Some(limit) if index >= limit.threads => Err(limit.reason.clone()),
            _ => {
                // Counted before it runs, because `left` may come before `spawn` returns.
                self.counts().alive += 1;
                thread.spawn(body(index)).map_err(|error| {
                    self.counts().alive -= 1;
                    error.to_string()
                })
            }
        };
        match result {
            Ok(handle) => {
                spawned.handles.push(handle);
                // The refusal of the first thread, if there was one, is over.
                spawned.shortfall = None;
                self.started.store(index + 1, Ordering::Release);
                Ok(())
            }
            Err(reason) => {
                spawned.shortfall = Some(Shortfall {
                    started: index,
                    wanted: self.wanted,
                    reason: reason.clone(),
                });
                if index > 0 { Ok(()) } else { Err(reason) }
            }
        }
    }

    /// Counts the calling thread as ready for jobs.
    pub(super) fn ready(&self) {
        let mut counts = self.counts();
        counts.ready += 1;
        self.notify(&counts);
    }

    /// Counts the calling thread as ended.
    pub(super) fn left(&self) {
        let mut counts = self.counts();
        counts.alive -= 1;
        self.notify(&counts);
    }

    fn notify(&self, counts: &ThreadCounts) {
        if counts.waiters > 0 {
            self.changed.notify_all();
        }
    }

    /// Waits until all threads started so far are ready for jobs.
    pub(super) fn wait_until_ready(&self) {
        let mut counts = self.counts();
        counts.waiters += 1;
        while counts.ready < self.started() {
            counts = self
                .changed
                .wait(counts)
                .unwrap_or_else(PoisonError::into_inner);
        }
        counts.waiters -= 1;
    }

    /// Waits until no job is unfinished.
    pub(super) fn wait_until_done(&self) {
        self.joiners.fetch_add(1, Ordering::SeqCst);
        let mut counts = self.counts();
        while self.unfinished() > 0 {
            counts = self
                .changed
                .wait(counts)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(counts);
        self.joiners.fetch_sub(1, Ordering::SeqCst);
    }

    /// Waits for all threads to end, for at most `timeout`. Returns the number of those that have not.
    pub(super) fn wait_until_left(&self, timeout: Duration) -> usize {
        let started = Instant::now();
        let mut counts = self.counts();
        counts.waiters += 1;
        while counts.alive > 0 {
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            counts = self
                .changed
                .wait_timeout(counts, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        counts.waiters -= 1;
        counts.alive
    }

    /// Joins every thread, except one that is itself dropping the pool (from inside a job that
    /// held the last reference to it).
    pub(super) fn join(&self) {
        let handles = std::mem::take(&mut self.spawned().handles);
        for handle in handles {
            if handle.thread().id() != thread::current().id() {
                // A worker catches its jobs' panics; one from elsewhere has been printed already.
                let _ = handle.join();
            }
        }
    }

    /// Detaches the threads: they are not joined.
    pub(super) fn detach(&self) {
        self.spawned().handles.clear();
    }

    // No code of a caller runs under these locks, so a poisoned one is still consistent.

    fn spawned(&self) -> MutexGuard<'_, Spawned> {
        self.spawned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> MutexGuard<'_, ThreadCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> fmt::Debug for Threads<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("name", &self.name)
            .field("wanted", &self.wanted)
            .field("started", &self.started())
            .field("unfinished", &self.unfinished())
            .finish_non_exhaustive()
    }
}
