//! A fixed pool of worker threads that run `(action, args)` jobs from one channel.
//!
//! This room knows nothing of HTTP: it is the general part of pfetch, and of use without the rest.
//!
//! ```text
//!  submit(action, args) ──▶ bounded channel ──▶ worker 0 … n−1 ──▶ Slot ──▶ JobHandle::join
//! ```
//!
//! * A [`Pool`] has at most a fixed number of workers. Threads are started as jobs need them, never
//!   more than there is work for. Each [`Worker`] owns a state that is made on its own thread.
//! * A job is an [`Action`] with its arguments. Jobs of many kinds go through one queue.
//! * A result goes into the job's write-once [`Slot`], read by its [`JobHandle`]. A panic becomes
//!   that job's [`JobError::Panicked`]; the worker goes on.
//! * [`Pool::map`] gives results in input order, [`Pool::as_completed`] in completion order; both
//!   are lazy, with a bounded look-ahead.
//! * Dropping the pool closes the channel, lets the workers finish what is queued, and joins them.
//!   [`Pool::stop`] throws the queue away first and asks running actions to end.
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
//! For those who come from Python's `threading`, `queue` and `concurrent.futures`:
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
mod threads;
mod handle;
mod iter;
mod job;
mod semaphore;
mod slot;
mod stop;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, select};

pub use action::{Action, Worker};
pub use builder::{Builder, default_workers, default_workers_for};
pub use threads::Shortfall;
pub use handle::{JobError, JobHandle, JobResult};
pub use iter::{AsCompleted, Completed, Map, TimedOut, as_completed};
pub use semaphore::{Permit, Semaphore};
pub use slot::Slot;
pub use stop::StopToken;

use threads::{Crew, Hired};
use job::{Call, Queued};

/// A fixed pool of worker threads. See the [module's documentation](self).
///
/// A pool can be shared by reference between threads. Submitting from inside one of its own jobs is
/// allowed, but with a bounded queue such a job may wait for room that only itself can make; use
/// [`try_submit`](Pool::try_submit) there.
pub struct Pool<S = ()> {
    crew: Arc<Crew<S>>,
    /// `None` only while the pool is being closed.
    jobs: Option<Sender<Queued<S>>>,
    /// The other end of the queue: cloned for each new worker, emptied by a stop.
    queue: Receiver<Queued<S>>,
}

/// Why [`Pool::try_submit`] did not take a job, which it hands back.
#[derive(Clone, PartialEq, Eq)]
pub enum TrySubmitError<A, Args> {
    /// The queue is full.
    Full(A, Args),
    /// The pool has been stopped.
    Stopped(A, Args),
}

impl<A, Args> TrySubmitError<A, Args> {
    /// The job that was not taken.
    pub fn into_job(self) -> (A, Args) {
        match self {
            TrySubmitError::Full(action, args) | TrySubmitError::Stopped(action, args) => {
                (action, args)
            }
        }
    }
}

// By hand, so that it holds for every job: a closure has no `Debug` of its own, and without this
// nobody could `unwrap` the result of submitting one.
impl<A, Args> fmt::Debug for TrySubmitError<A, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySubmitError::Full(..) => "Full(..)",
            TrySubmitError::Stopped(..) => "Stopped(..)",
        })
    }
}

impl<A, Args> fmt::Display for TrySubmitError<A, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySubmitError::Full(..) => "the pool's queue is full",
            TrySubmitError::Stopped(..) => "the pool has been stopped",
        })
    }
}

impl<A, Args> std::error::Error for TrySubmitError<A, Args> {}

/// Some workers had not ended when [`Pool::shutdown`] gave up waiting for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StillRunning {
    /// How many.
    pub workers: usize,
}

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workers still running a job: {}", self.workers)
    }
}

impl std::error::Error for StillRunning {}

impl Pool<()> {
    /// Starts describing a pool.
    pub fn builder() -> Builder<()> {
        Builder::new()
    }
}

impl<S: 'static> Pool<S> {
    fn new(crew: Crew<S>, queue: usize) -> Self {
        let (sender, receiver) = crossbeam_channel::bounded(queue);
        Pool {
            crew: Arc::new(crew),
            jobs: Some(sender),
            queue: receiver,
        }
    }

    /// Queues a job, waiting for room when the queue is full.
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
        let job = Queued::new(Arc::clone(&call));
        let handle = JobHandle::new(call);
        if self.crew.stop.is_stopped() {
            drop(job);
            return handle;
        }
        if let Hired::Nobody(reason) = self.crew.enlist(&self.queue) {
            self.crew.finished();
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
        if self.crew.stop.is_stopped() {
            return Err(TrySubmitError::Stopped(action, args));
        }
        let call = Arc::new(Call::new(action, args));
        let job = Queued::new(Arc::clone(&call));
        if let Hired::Nobody(reason) = self.crew.enlist(&self.queue) {
            self.crew.finished();
            job.fail(JobError::NoWorker(reason));
            return Ok(JobHandle::new(call));
        }
        let Err(refused) = self.sender().try_send(job) else {
            self.discard_if_stopped();
            return Ok(JobHandle::new(call));
        };
        self.crew.finished();
        refused.into_inner().forget();
        let (action, args) = call.take();
        Err(TrySubmitError::Full(action, args))
    }

    /// Runs `action` over `inputs` and gives the results **in input order**.
    ///
    /// Lazy: nothing is submitted before the first `next`, and never more than the pool's workers
    /// and queue can hold ahead of the consumer, so an endless input is fine.
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

    /// Runs `action` over `inputs` and gives the results **in completion order**, each with the
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

    /// Starts all workers at once, and returns when each has its state and waits for jobs. Without it
    /// a worker is started when there is a job for it: this is for those who measure what comes after.
    ///
    /// If the system refuses some of them, the pool has a [shortfall](Pool::shortfall).
    pub fn prime(&self) {
        self.crew.muster(&self.queue);
    }

    /// Waits until every job submitted so far, and every one submitted meanwhile, has ended. The
    /// pool stays open.
    pub fn join(&self) {
        self.crew.wait_until_done();
    }

    /// Stops the pool's [token](Pool::stop_token) and throws the queue away: jobs that have not
    /// started end with [`JobError::Stopped`], running ones see the token. Returns at once; drop the
    /// pool, or [`shutdown`](Pool::shutdown), to wait for the workers.
    pub fn stop(&self) {
        self.crew.stop.stop();
        self.discard_if_stopped();
    }

    /// Closes the queue, lets the workers finish what is in it, and waits for them for at most
    /// `timeout`. (Dropping the pool does the same and waits for as long as it takes.)
    ///
    /// # Errors
    ///
    /// [`StillRunning`], if some worker is inside a job by then. Its thread is left to itself.
    pub fn shutdown(mut self, timeout: Duration) -> Result<(), StillRunning> {
        self.jobs = None;
        let workers = self.crew.wait_until_left(timeout);
        if workers == 0 {
            // They have left their loops; joining them lets their thread-local values go too.
            self.crew.join_threads();
            Ok(())
        } else {
            self.crew.forget_threads();
            Err(StillRunning { workers })
        }
    }

    /// The token that [`stop`](Pool::stop) stops and that every action can see. Stopping it
    /// elsewhere has the same effect, except that queued jobs end only as workers come to them.
    pub fn stop_token(&self) -> &StopToken {
        &self.crew.stop
    }

    /// The most workers that this pool may have.
    pub fn workers(&self) -> usize {
        self.crew.wanted
    }

    /// The worker threads started so far.
    pub fn threads(&self) -> usize {
        self.crew.started()
    }

    /// How many jobs the queue holds at most, not counting those that are running.
    pub fn queue_capacity(&self) -> usize {
        self.queue
            .capacity()
            .expect("the queue is made bounded, and a bounded channel has a capacity")
    }

    /// If the system refused a worker thread: how many there are instead, and why.
    pub fn shortfall(&self) -> Option<Shortfall> {
        self.crew.shortfall()
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

    fn sender(&self) -> &Sender<Queued<S>> {
        self.jobs
            .as_ref()
            .expect("the sender goes only in `shutdown` and `drop`, which own the pool")
    }

    /// Throws the queue away if the pool is stopped. Every send is followed by this: a job sent
    /// after the stop has emptied the queue would otherwise wait for a worker, and that one may be
    /// in its running job for long. Whichever comes later, the send or the stop, sees the other:
    /// the channel's index and the token's flag are both sequentially consistent.
    fn discard_if_stopped(&self) {
        if self.crew.stop.is_stopped() {
            for job in self.queue.try_iter() {
                drop(job);
                self.crew.finished();
            }
        }
    }

    /// Waits for room in the queue, or for the stop.
    fn send_or_stop(&self, job: Queued<S>) {
        // A timed send looks again for a moment before it sleeps, which `select` does not: with
        // short jobs there is room again by then, and two context switches are saved.
        let job = match self.sender().send_timeout(job, Duration::ZERO) {
            Ok(()) => return,
            Err(unsent) => unsent.into_inner(),
        };
        // A stopped channel is ready to receive for ever and select picks among the ready at
        // random, which is fine: the caller discards what has been sent to a stopped pool.
        select! {
            send(self.sender(), job) -> sent => {
                if let Err(unsent) = sent {
                    drop(unsent);
                    self.crew.finished();
                }
            }
            recv(self.crew.stop.as_channel()) -> _ => {
                // `job` is evaluated only by a send, so it is still here.
                drop(job);
                self.crew.finished();
            }
        }
    }
}

impl<S> Drop for Pool<S> {
    fn drop(&mut self) {
        self.jobs = None;
        self.crew.join_threads();
    }
}

impl<S> fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("crew", &self.crew)
            .field("queued", &self.queue.len())
            .finish()
    }
}
