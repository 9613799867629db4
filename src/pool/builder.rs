//! How a pool is described before it exists.

use std::fmt;

use super::threads::Crew;
use super::{Pool, StopToken};

/// Describes a [`Pool`]; made by [`Pool::builder`].
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
    stop: StopToken,
    make_state: Box<dyn Fn(usize) -> S + Send + Sync>,
}

/// How many more workers than processors there are by default.
const SPARE: usize = 4;

/// The most workers there are by default.
const MOST: usize = 32;

/// The default number of workers: `min(32, cpus + 4)`, where `cpus` is what this process may use.
///
/// The rule of Python's `ThreadPoolExecutor`: jobs that mostly wait want a few more threads than
/// there are processors, and many more seldom help.
pub fn default_workers() -> usize {
    (num_cpus::get() + SPARE).min(MOST)
}

/// The default number of workers where there will be no more than so many jobs: no more than those.
pub fn default_workers_for(jobs: usize) -> usize {
    // Every machine has workers for so few, and to count its processors takes as long as a job near by.
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
            stop: StopToken::new(),
            make_state: Box::new(|_| ()),
        }
    }
}

impl<S> Builder<S> {
    /// The most workers the pool may have. Default: [`default_workers`].
    ///
    /// # Panics
    ///
    /// If `workers` is 0: such a pool could never do anything.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        assert!(workers > 0, "a pool needs at least one worker");
        self.workers = Some(workers);
        self
    }

    /// How many jobs may wait in the queue, not counting those that are running. With 0 a job is
    /// handed from the submitter straight to a free worker. Default: twice the workers.
    #[must_use]
    pub fn queue(mut self, jobs: usize) -> Self {
        self.queue = Some(jobs);
        self
    }

    /// What the threads are called: `<name>-<index>`. Default: `pfetch-worker`.
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

    /// The stack of each worker thread in bytes. Default: the standard library's (2 MiB, of which
    /// only what is used is resident).
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Uses this token as the pool's, so that whoever shares it can stop the pool. Default: a token
    /// of the pool's own.
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
            stop: self.stop,
            make_state: Box::new(make),
        }
    }

    /// The pool. No thread is started before the first job.
    pub fn build(self) -> Pool<S>
    where
        S: 'static,
    {
        let workers = self.workers.unwrap_or_else(default_workers);
        let queue = self.queue.unwrap_or(workers.saturating_mul(2));
        let crew = Crew::new(
            self.name,
            workers,
            self.stack_size,
            self.stop,
            self.make_state,
        );
        Pool::new(crew, queue)
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
