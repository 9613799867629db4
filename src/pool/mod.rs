//! A fixed pool of worker threads that run `(action, args)` jobs from one channel.
//!
//! This module knows nothing of HTTP: it is the general part of pfetch, and of use without the rest.
//!
//! ```text
//!  submit(action, args) ──▶ bounded channel ──▶ worker 0 … n−1 ──▶ Slot ──▶ JobHandle::join
//! ```
//!
//! * A [`Pool`] has at most a fixed number of workers. Threads are started as jobs need them, never
//!   more than there are jobs for. Each [`Worker`] owns a state that is made on its own thread.
//! * A job is an [`Action`] with its arguments. Jobs of many kinds go through one queue.
//! * A result goes into the job's write-once [`Slot`], read by its [`JobHandle`]. A panic becomes
//!   that job's [`JobError::Panicked`]; the worker goes on.
//! * [`Pool::map`] gives results in input order, [`Pool::as_completed`] in completion order; both
//!   are lazy, with a bounded look-ahead.
//! * Dropping the pool closes the channel, lets the workers finish what is queued, and joins them.
//!   [`Pool::stop`] discards the queue first and asks running actions to end.
//!
//! ```
//! use pfetch::pool::{Pool, Worker};
//!
//! let pool = Pool::builder().workers(4).build();
//! let squares: Vec<u64> = pool
//!     .map(|_: &mut Worker, n: u64| n * n, 1..=5)
//!     .map(Result::unwrap)
//!     .collect();
//! assert_eq!(squares, [1, 4, 9, 16, 25]);
//! ```
//!
//! The counterparts in Python's `threading`, `queue` and `concurrent.futures`:
//!
//! | Python | here |
//! |---|---|
//! | `Thread` subclass with a task queue of `(action_type, args)` | [`Action`]; closures are actions |
//! | daemon workers, as many as the CPUs ask for | [`Builder::workers`], default [`default_workers`] |
//! | an `output` container per task | [`Slot`] |
//! | `Queue(maxsize)` | [`Builder::queue`]; [`Pool::submit`] waits, [`Pool::try_submit`] hands back |
//! | `task_done`, `queue.join()` | [`Pool::join`] |
//! | `submit(…).result(timeout)` | [`JobHandle::join`], [`JobHandle::join_timeout`] |
//! | `executor.map` | [`Pool::map`] |
//! | `as_completed(timeout)` | [`Pool::as_completed`], [`as_completed`], [`AsCompleted::next_timeout`] |
//! | `with ThreadPoolExecutor()` | the pool's scope: drop closes, drains and joins |
//! | a stoppable thread | [`StopToken`] |
//! | `threading.local` | [`Builder::state`], [`Worker::state`] |
//! | thread names | [`Builder::name`], [`Worker::index`] |
//! | `Semaphore(2)` | [`Semaphore`], with a limit per key |
//! | `Event` | [`StopToken::wait_timeout`], [`Slot::wait`] |
//! | a future's exception | [`JobError::Panicked`] |

mod action;
mod builder;
mod error;
mod handle;
mod iter;
mod job;
mod panic;
mod semaphore;
mod slot;
mod stop;
mod threads;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, select};

pub use action::{Action, Worker};
pub use builder::{Builder, default_workers, default_workers_for};
pub use error::{StillRunning, TrySubmitError};
pub use handle::{JobError, JobHandle, JobResult};
pub use iter::{AsCompleted, Completed, Map, TimedOut, as_completed};
pub use semaphore::{Permit, Semaphore};
pub use slot::Slot;
pub use stop::StopToken;
pub use threads::Shortfall;

use job::{Call, QueuedJob};
use threads::Threads;
use worker::{ensure_worker, start_all};

/// A fixed pool of worker threads. See the [module's documentation](self).
///
/// A pool can be shared by reference between threads. Submitting from inside one of its own jobs is
/// allowed, but with a bounded queue such a job may deadlock: it may wait for room that only itself can
/// make. Use [`try_submit`](Pool::try_submit) there.
pub struct Pool<S = ()> {
    threads: Arc<Threads<S>>,
    /// `None` only while the pool is being closed.
    jobs: Option<Sender<QueuedJob<S>>>,
    /// The receiving end of the queue: cloned for each new worker, drained by a stop.
    queue: Receiver<QueuedJob<S>>,
}

impl Pool<()> {
    /// Makes a builder with the default settings.
    pub fn builder() -> Builder<()> {
        Builder::new()
    }
}

impl<S: 'static> Pool<S> {
    fn new(threads: Threads<S>, queue: usize) -> Self {
        let (sender, receiver) = crossbeam_channel::bounded(queue);
        Pool {
            threads: Arc::new(threads),
            jobs: Some(sender),
            queue: receiver,
        }
    }

    /// Queues a job, and blocks while the queue is full.
    ///
    /// This never fails: a job that a stopped pool does not take, or for which no worker thread can
    /// be started, ends with the [`JobError`] that says so.
    pub fn submit<A, Args, T>(&self, action: A, args: Args) -> JobHandle<T>
    where
        A: Action<S, Args, Output = T> + Send + 'static,
        Args: Send + 'static,
        T: Send + 'static,
    {
        let call = Arc::new(Call::new(action, args));
        let job = QueuedJob::new(Arc::clone(&call));
        let handle = JobHandle::new(call);
        if self.threads.stop.is_stopped() {
            drop(job);
            return handle;
        }
        if let Err(reason) = ensure_worker(&self.threads, &self.queue) {
            self.threads.finished();
            job.fail(JobError::NoWorker(reason));
            return handle;
        }
        match self.sender().try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => self.send_or_stop(job),
            Err(TrySendError::Disconnected(_)) => {
                unreachable!("the pool holds a receiver of its own queue")
            }
        }
        self.discard_if_stopped();
        handle
    }

    /// Queues a job if the queue has room for it now.
    ///
    /// # Errors
    ///
    /// Hands the job back when the queue is full or the pool stopped.
    pub fn try_submit<A, Args, T>(
        &self,
        action: A,
        args: Args,
    ) -> Result<JobHandle<T>, TrySubmitError<A, Args>>
    where
        A: Action<S, Args, Output = T> + Send + 'static,
        Args: Send + 'static,
        T: Send + 'static,
    {
        if self.threads.stop.is_stopped() {
            return Err(TrySubmitError::Stopped(action, args));
        }
        let call = Arc::new(Call::new(action, args));
        let job = QueuedJob::new(Arc::clone(&call));
        if let Err(reason) = ensure_worker(&self.threads, &self.queue) {
            self.threads.finished();
            job.fail(JobError::NoWorker(reason));
            return Ok(JobHandle::new(call));
        }
        let Err(refused) = self.sender().try_send(job) else {
            self.discard_if_stopped();
            return Ok(JobHandle::new(call));
        };
        self.threads.finished();
        refused.into_inner().forget();
        let (action, args) = call.take();
        Err(TrySubmitError::Full(action, args))
    }

    /// Runs `action` over `inputs` and yields the results **in input order**.
    ///
    /// The iterator is lazy: nothing is submitted before the first `next`, and never more than the pool's
    /// workers and queue can hold ahead of the consumer, so an endless input is fine.
    pub fn map<A, I, T>(
        &self,
        action: A,
        inputs: I,
    ) -> Map<T, impl Iterator<Item = JobHandle<T>> + use<'_, S, A, I, T>>
    where
        A: Action<S, I::Item, Output = T> + Send + Sync + 'static,
        I: IntoIterator,
        I::Item: Send + 'static,
        T: Send + 'static,
    {
        Map::new(self.submit_all(action, inputs), self.look_ahead())
    }

    /// Runs `action` over `inputs` and yields the results **in completion order**, each with the
    /// position of its input. As lazy as [`map`](Pool::map).
    pub fn as_completed<A, I, T>(
        &self,
        action: A,
        inputs: I,
    ) -> AsCompleted<T, impl Iterator<Item = JobHandle<T>> + use<'_, S, A, I, T>>
    where
        A: Action<S, I::Item, Output = T> + Send + Sync + 'static,
        I: IntoIterator,
        I::Item: Send + 'static,
        T: Send + 'static,
    {
        AsCompleted::new(self.submit_all(action, inputs), self.look_ahead())
    }

    /// Starts all workers at once, and returns when each has its state and waits for jobs. Otherwise a
    /// worker is started when there is a job for it, which would count in a measurement.
    ///
    /// If the system refuses some of them, the pool has a [shortfall](Pool::shortfall).
    pub fn prime(&self) {
        start_all(&self.threads, &self.queue);
    }

    /// Blocks until every job submitted so far, and every one submitted meanwhile, has ended. The pool
    /// stays open.
    pub fn join(&self) {
        self.threads.wait_until_done();
    }

    /// Stops the pool's [token](Pool::stop_token) and discards the queue: jobs that have not started end
    /// with [`JobError::Stopped`], running ones see the token. Returns at once; drop the pool, or
    /// [`shutdown`](Pool::shutdown), to wait for the workers.
    pub fn stop(&self) {
        self.threads.stop.stop();
        self.discard_if_stopped();
    }

    /// Closes the queue, lets the workers finish the jobs in it, and waits for them for at most
    /// `timeout`. (Dropping the pool does the same and waits for as long as it takes.)
    ///
    /// # Errors
    ///
    /// [`StillRunning`], if some worker is inside a job by then. Its thread is detached.
    pub fn shutdown(mut self, timeout: Duration) -> Result<(), StillRunning> {
        self.jobs = None;
        let workers = self.threads.wait_until_left(timeout);
        if workers == 0 {
            // They have left their loops; joining them drops their thread-local values too.
            self.threads.join();
            Ok(())
        } else {
            self.threads.detach();
            Err(StillRunning { workers })
        }
    }

    /// The token that [`stop`](Pool::stop) stops and that every action can see. Stopping a clone has the
    /// same effect, except that queued jobs end only as workers come to them.
    pub fn stop_token(&self) -> &StopToken {
        &self.threads.stop
    }

    /// The maximum number of workers.
    pub fn workers(&self) -> usize {
        self.threads.wanted
    }

    /// The number of worker threads started so far.
    pub fn threads(&self) -> usize {
        self.threads.started()
    }

    /// The capacity of the queue in jobs, not counting those that are running.
    pub fn queue_capacity(&self) -> usize {
        self.queue
            .capacity()
            .expect("the queue is made bounded, and a bounded channel has a capacity")
    }

    /// The shortfall, if the system refused a worker thread.
    pub fn shortfall(&self) -> Option<Shortfall> {
        self.threads.shortfall()
    }

    fn look_ahead(&self) -> usize {
        self.workers().saturating_add(self.queue_capacity())
    }

    fn submit_all<A, I, T>(
        &self,
        action: A,
        inputs: I,
    ) -> impl Iterator<Item = JobHandle<T>> + use<'_, S, A, I, T>
    where
        A: Action<S, I::Item, Output = T> + Send + Sync + 'static,
        I: IntoIterator,
        I::Item: Send + 'static,
        T: Send + 'static,
    {
        let action = Arc::new(action);
        inputs.into_iter().map(move |args| {
            let action = Arc::clone(&action);
            self.submit(
                move |worker: &mut Worker<S>, args| action.run(worker, args),
                args,
            )
        })
    }

    fn sender(&self) -> &Sender<QueuedJob<S>> {
        self.jobs
            .as_ref()
            .expect("the sender goes only in `shutdown` and `drop`, which own the pool")
    }

    /// Discards the queue if the pool is stopped. Called after every send, because a job sent after the
    /// stop has drained the queue would otherwise wait for a worker that may be inside a long job.
    /// Whichever comes later, the send or the stop, sees the other: the channel's index and the token's
    /// flag are both sequentially consistent.
    fn discard_if_stopped(&self) {
        if self.threads.stop.is_stopped() {
            for job in self.queue.try_iter() {
                drop(job);
                self.threads.finished();
            }
        }
    }

    /// Blocks until the queue has room or the pool is stopped.
    fn send_or_stop(&self, job: QueuedJob<S>) {
        // A timed send spins for a moment before it blocks, which `select` does not: with short jobs
        // there is room again by then, and two context switches are saved.
        let job = match self.sender().send_timeout(job, Duration::ZERO) {
            Ok(()) => return,
            Err(unsent) => unsent.into_inner(),
        };
        // A disconnected channel is always ready and `select` picks among the ready at random, which is
        // fine: the caller discards jobs that were sent to a stopped pool.
        select! {
            send(self.sender(), job) -> sent => {
                if let Err(unsent) = sent {
                    drop(unsent);
                    self.threads.finished();
                }
            }
            recv(self.threads.stop.as_channel()) -> _ => {
                // `job` is evaluated only by a send, so it is still here.
                drop(job);
                self.threads.finished();
            }
        }
    }
}

impl<S> Drop for Pool<S> {
    fn drop(&mut self) {
        self.jobs = None;
        self.threads.join();
    }
}

impl<S> fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads)
            .field("queued", &self.queue.len())
            .finish()
    }
}
