//! What the workers of one pool share: how to start another of them, and the count of jobs that
//! have not ended.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::StopToken;
use super::job::Queued;
use super::worker::work;

/// The system gave a pool fewer worker threads than it wanted; the pool works with those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The workers that there are.
    pub started: usize,
    /// The workers that were asked for.
    pub wanted: usize,
    /// The system's reason for refusing the next one.
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

/// What [`Crew::enlist`] found.
pub(super) enum Hired {
    /// There is at least one worker to run the job.
    Somebody,
    /// There is no worker, and none could be started, for this reason.
    Nobody(String),
}

pub(super) struct Crew<S> {
    name: String,
    pub(super) wanted: usize,
    stack_size: Option<usize>,
    pub(super) stop: StopToken,
    pub(super) make_state: Box<dyn Fn(usize) -> S + Send + Sync>,
    /// Jobs submitted so far.
    submitted: Apart<AtomicUsize>,
    /// Jobs ended so far: a count of its own, or each job would take the one line of memory to and
    /// fro between submitter and worker.
    ended: Apart<AtomicUsize>,
    /// Threads inside `wait_until_done`: waking costs a system call, so it is done only for someone.
    joiners: AtomicUsize,
    started: AtomicUsize,
    hired: Mutex<Threads>,
    roll: Mutex<Roll>,
    changed: Condvar,
}

/// A value on a cache line of its own, and on the next one too: processors fetch them in pairs.
#[derive(Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// What has become of starting threads.
#[derive(Default)]
struct Threads {
    handles: Vec<JoinHandle<()>>,
    shortfall: Option<Shortfall>,
}

/// What threads say of themselves. Apart from [`Threads`]: a new one would wait here for as long as it
/// takes to start the next.
#[derive(Default)]
struct Roll {
    /// Threads that are inside their loop.
    alive: usize,
    /// Threads that have got as far as taking jobs.
    ready: usize,
    /// Threads that wait for a change of this: waking costs a system call.
    awaited: usize,
}

impl<S> Crew<S> {
    pub(super) fn new(
        name: String,
        wanted: usize,
        stack_size: Option<usize>,
        stop: StopToken,
        make_state: Box<dyn Fn(usize) -> S + Send + Sync>,
    ) -> Self {
        Crew {
            name,
            wanted,
            stack_size,
            stop,
            make_state,
            submitted: Apart::default(),
            ended: Apart::default(),
            joiners: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            hired: Mutex::new(Threads::default()),
            roll: Mutex::new(Roll::default()),
            changed: Condvar::new(),
        }
    }

    pub(super) fn started(&self) -> usize {
        self.started.load(Ordering::Acquire)
    }

    pub(super) fn shortfall(&self) -> Option<Shortfall> {
        self.hired().shortfall.clone()
    }

    /// Counts a job as ended.
    pub(super) fn finished(&self) {
        // Sequentially consistent together with `wait_until_done`: either this sees the joiner, or
        // the joiner sees the zero.
        self.ended.0.fetch_add(1, Ordering::SeqCst);
        if self.joiners.load(Ordering::SeqCst) > 0 && self.unfinished() == 0 {
            let _roll = self.roll();
            self.changed.notify_all();
        }
    }

    /// Jobs submitted and not yet ended.
    fn unfinished(&self) -> usize {
        // In this order: what has ended was submitted before, and if the later count is no larger
        // nothing was under way when it was read.
        let ended = self.ended.0.load(Ordering::SeqCst);
        self.submitted.0.load(Ordering::SeqCst).wrapping_sub(ended)
    }

    /// Counts the calling worker's thread as ended.
    pub(super) fn left(&self) {
        let mut roll = self.roll();
        roll.alive -= 1;
        self.tell(&roll);
    }

    /// Counts the calling worker's thread as ready for jobs.
    pub(super) fn is_ready(&self) {
        let mut roll = self.roll();
        roll.ready += 1;
        self.tell(&roll);
    }

    fn tell(&self, roll: &Roll) {
        if roll.awaited > 0 {
            self.changed.notify_all();
        }
    }

    pub(super) fn wait_until_done(&self) {
        self.joiners.fetch_add(1, Ordering::SeqCst);
        let mut roll = self.roll();
        while self.unfinished() > 0 {
            roll = self
                .changed
                .wait(roll)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(roll);
        self.joiners.fetch_sub(1, Ordering::SeqCst);
    }

    /// Waits for all worker threads to end; returns how many have not by the end of `timeout`.
    pub(super) fn wait_until_left(&self, timeout: Duration) -> usize {
        let started = Instant::now();
        let mut roll = self.roll();
        roll.awaited += 1;
        while roll.alive > 0 {
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            roll = self
                .changed
                .wait_timeout(roll, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        roll.awaited -= 1;
        roll.alive
    }

    /// Joins every thread, except one that is itself dropping the pool (from inside a job that
    /// held the last reference to it).
    pub(super) fn join_threads(&self) {
        let threads = std::mem::take(&mut self.hired().handles);
        for thread in threads {
            if thread.thread().id() != thread::current().id() {
                // A worker catches its jobs' panics; one from elsewhere has been printed already.
                let _ = thread.join();
            }
        }
    }

    /// Leaves the threads to themselves.
    pub(super) fn forget_threads(&self) {
        self.hired().handles.clear();
    }

    // No code of a caller runs under these locks, so a poisoned one is still consistent.

    fn hired(&self) -> MutexGuard<'_, Threads> {
        self.hired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: 'static> Crew<S> {
    /// Counts a new job, and starts a worker for it if there are more jobs than workers.
    pub(super) fn enlist(self: &Arc<Self>, jobs: &Receiver<Queued<S>>) -> Hired {
        self.submitted.0.fetch_add(1, Ordering::SeqCst);
        let started = self.started();
        if started >= self.wanted || self.unfinished() <= started {
            return Hired::Somebody;
        }
        self.hire(jobs)
    }

    /// Starts all workers that there may be, and waits until each has its state.
    pub(super) fn muster(self: &Arc<Self>, jobs: &Receiver<Queued<S>>) {
        while self.started() < self.wanted && self.shortfall().is_none() {
            self.hire(jobs);
        }
        let mut roll = self.roll();
        roll.awaited += 1;
        while roll.ready < self.started() {
            roll = self
                .changed
                .wait(roll)
                .unwrap_or_else(PoisonError::into_inner);
        }
        roll.awaited -= 1;
    }

    #[cold]
    fn hire(self: &Arc<Self>, jobs: &Receiver<Queued<S>>) -> Hired {
        let mut hired = self.hired();
        let index = self.started();
        // Another submitter may have been here first; a system that refused once is left alone.
        if index >= self.wanted || (hired.shortfall.is_some() && index > 0) {
            return Hired::Somebody;
        }
        let mut thread = thread::Builder::new().name(format!("{}-{index}", self.name));
        if let Some(bytes) = self.stack_size {
            thread = thread.stack_size(bytes);
        }
        // Counted before it runs, because `left` may come before `spawn` returns.
        self.roll().alive += 1;
        let (crew, jobs) = (Arc::clone(self), jobs.clone());
        match thread.spawn(move || work(index, &crew, &jobs)) {
            Ok(thread) => {
                hired.handles.push(thread);
                // The first thread may have been refused before: that is over now.
                hired.shortfall = None;
                self.started.store(index + 1, Ordering::Release);
                Hired::Somebody
            }
            Err(error) => {
                self.roll().alive -= 1;
                let reason = error.to_string();
                hired.shortfall = Some(Shortfall {
                    started: index,
                    wanted: self.wanted,
                    reason: reason.clone(),
                });
                if index > 0 {
                    Hired::Somebody
                } else {
                    Hired::Nobody(reason)
                }
            }
        }
    }
}

impl<S> fmt::Debug for Crew<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("name", &self.name)
            .field("wanted", &self.wanted)
            .field("started", &self.started())
            .field("unfinished", &self.unfinished())
            .finish_non_exhaustive()
    }
}
