//! The [`Builder`] of a pool, and the default number of workers.

use std::fmt;

use super::threads::{ThreadLimit, Threads};
use super::{Pool, StopToken};

/// The settings of a [`Pool`]. Made by [`Pool::builder`].
///
/// ```
/// use pfetch::pool::{Pool, Worker};
///
/// let pool = Pool::builder()
///     .workers(3)
///     .queue(100)
///     .name("counter")
///     .state(|_index| 0_u32)
///     .build();
/// let handle = pool.submit(
///     |worker: &mut Worker<u32>, ()| {
///         worker.state += 1;
///         std::thread::current().name().map(str::to_owned)
///     },
///     (),
/// );
/// assert_eq!(handle.join().unwrap().as_deref(), Some("counter-0"));
/// ```
pub struct Builder<S> {
    workers: Option<usize>,
    queue: Option<usize>,
    name: String,
    stack_size: Option<usize>,
    thread_limit: Option<ThreadLimit>,
    stop: StopToken,
    make_state: Box<dyn Fn(usize) -> S + Send + Sync>,
}

/// The default number of workers in excess of the processors.
const SPARE: usize = 4;

/// The cap on the default number of workers.
const MAX_DEFAULT: usize = 32;

/// The default number of workers: `min(32, cpus + 4)`, where `cpus` is the number that this process may
/// use (cgroup quotas and affinity masks included).
///
/// The rule is that of Python's `ThreadPoolExecutor`: jobs that mostly wait want a few more threads than
/// there are processors, and many more seldom help.
pub fn default_workers() -> usize {
    (num_cpus::get() + SPARE).min(MAX_DEFAULT)
}

/// The default number of workers for at most `jobs` jobs: no more than there are jobs.
pub fn default_workers_for(jobs: usize) -> usize {
    // Every machine gets at least these, and counting its processors takes as long as a fetch near by.
    if jobs <= SPARE + 1 {
        return jobs.max(1);
    }
    default_workers().min(jobs)
}

impl Builder<()> {
    pub(super) fn new() -> Self {
        Builder {
            workers: None,
            queue: None,
            name: "pfetch-worker".to_owned(),
            stack_size: None,
            thread_limit: None,
            stop: StopToken::new(),
            make_state: Box::new(|_| ()),
        }
    }
}

impl<S> Builder<S> {
    /// Sets the maximum number of workers. Default: [`default_workers`].
    ///
    /// # Panics
    ///
    /// If `workers` is 0: such a pool could never run a job.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        assert!(workers > 0, "a pool needs at least one worker");
        self.workers = Some(workers);
        self
    }

    /// Sets the capacity of the queue in jobs, not counting those that are running (backpressure: a full
    /// queue blocks `submit`). With 0 a job is handed from the submitter straight to a free worker.
    /// Default: twice the workers.
    #[must_use]
    pub fn queue(mut self, jobs: usize) -> Self {
        self.queue = Some(jobs);
        self
    }

    /// Sets the name of the threads: `<name>-<index>`. Default: `pfetch-worker`.
    ///
    /// # Panics
    ///
    /// If the name contains a NUL byte, which no thread's name can.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        assert!(
            !name.contains('\0'),
            "a thread's name cannot contain a NUL byte"
        );
        self.name = name;
        self
    }

    /// Sets the stack size of each worker thread in bytes. Default: the standard library's (2 MiB, of
    /// which only the used part is resident).
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts at most this many threads, however many workers are wanted: the system would grant more, but
    /// not the memory for their work. The pool then has a [`Shortfall`](super::Shortfall) with this reason.
    /// Default: no limit.
    #[must_use]
    pub fn thread_limit(mut self, threads: usize, reason: impl Into<String>) -> Self {
        self.thread_limit = Some(ThreadLimit {
            threads,
            reason: reason.into(),
        });
        self
    }

    /// Uses this token as the pool's, so that any of its clones can stop the pool. Default: a token of the
    /// pool's own.
    #[must_use]
    pub fn stop_token(mut self, token: StopToken) -> Self {
        self.stop = token;
        self
    }

    /// Gives every worker a state of its own, made by `make` on the worker's thread from the
    /// worker's index; actions reach it as [`Worker::state`](super::Worker::state). It need not be
    /// `Send`. After a panic it is made anew. Default: `()`.
    #[must_use]
    pub fn state<T>(self, make: impl Fn(usize) -> T + Send + Sync + 'static) -> Builder<T> {
        Builder {
            workers: self.workers,
            queue: self.queue,
            name: self.name,
            stack_size: self.stack_size,
            thread_limit: self.thread_limit,
            stop: self.stop,
            make_state: Box::new(make),
        }
    }

    /// Builds the pool. No thread is started before the first job.
    pub fn build(self) -> Pool<S>
    where
        S: 'static,
    {
        let workers = self.workers.unwrap_or_else(default_workers);
        let queue = self.queue.unwrap_or(workers.saturating_mul(2));
        let threads = Threads::new(
            self.name,
            workers,
            self.stack_size,
            self.thread_limit,
            self.stop,
            self.make_state,
        );
        Pool::new(threads, queue)
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("queue", &self.queue)
            .field("name", &self.name)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
