//! A job between its submitter and its worker: its action, its arguments and its slot.

use std::sync::{Arc, Mutex, PoisonError};

use super::handle::{HasSlot, JobError, JobResult};
use super::panic::guarded;
use super::{Action, Slot, Worker};

/// One `(action, args)` job and its slot, in one allocation. The submitter allocates it and, mostly, frees
/// it too: memory that another thread frees costs the allocator several times more.
pub(super) struct Call<A, Args, T> {
    /// `Some` until the job is run, handed back or discarded.
    work: Mutex<Option<(A, Args)>>,
    slot: Slot<JobResult<T>>,
}

impl<A, Args, T> Call<A, Args, T> {
    pub(super) fn new(action: A, args: Args) -> Self {
        Call {
            work: Mutex::new(Some((action, args))),
            slot: Slot::new(),
        }
    }

    /// Takes the action and its arguments out. Called once.
    pub(super) fn take(&self) -> (A, Args) {
        self.work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .expect("a job is in one queue, which gives it out once")
    }

    fn end(&self, result: JobResult<T>) {
        // Only the thread that has taken the work writes, and once, so the slot cannot be full.
        let _ = self.slot.fill(result);
    }
}

impl<A, Args, T> HasSlot<T> for Call<A, Args, T>
where
    A: Send,
    Args: Send,
    T: Send,
{
    fn slot(&self) -> &Slot<JobResult<T>> {
        &self.slot
    }
}

/// A job with its types erased, so that jobs of many kinds share one channel. One of the methods is
/// called, once.
trait ErasedJob<S>: Send + Sync {
    /// Runs the job and writes its slot. Returns `false` if the worker's state may be broken by a panic.
    fn run(&self, worker: &mut Worker<S>) -> bool;

    /// Ends the job without running it.
    fn fail(&self, error: JobError);
}

impl<S, A, Args, T> ErasedJob<S> for Call<A, Args, T>
where
    A: Action<S, Args, Output = T> + Send,
    Args: Send,
    T: Send,
{
    fn run(&self, worker: &mut Worker<S>) -> bool {
        let (action, args) = self.take();
        // The action is dropped before the slot is written: when the result is there, the job holds nothing any more.
        // Unwind safety: after a panic the action and its arguments are gone, and the worker's state is rebuilt.
        let ended = guarded(|| {
            let output = action.run(worker, args);
            drop(action);
            self.end(Ok(output));
        });
        match ended {
            Ok(()) => true,
            Err(panic) => {
                self.end(Err(JobError::Panicked(panic)));
                false
            }
        }
    }

    fn fail(&self, error: JobError) {
        let work = self.take();
        // The slot is written even if a destructor of the work panics.
        let _ = guarded(move || drop(work));
        self.end(Err(error));
    }
}

/// A job in the channel. Dropping it ends the job with [`JobError::Stopped`], so that a handle never waits
/// for a job that no longer exists. The drop does not panic.
pub(super) struct QueuedJob<S>(Option<Arc<dyn ErasedJob<S>>>);

impl<S> QueuedJob<S> {
    pub(super) fn new<A, Args, T>(call: Arc<Call<A, Args, T>>) -> Self
    where
        A: Action<S, Args, Output = T> + Send + 'static,
        Args: Send + 'static,
        T: Send + 'static,
    {
        QueuedJob(Some(call))
    }

    /// Runs the job and writes its slot. Returns `false` if the worker's state may be broken by a panic.
    pub(super) fn run(mut self, worker: &mut Worker<S>) -> bool {
        self.0.take().is_none_or(|job| job.run(worker))
    }

    /// Ends the job without running it.
    pub(super) fn fail(mut self, error: JobError) {
        if let Some(job) = self.0.take() {
            job.fail(error);
        }
    }

    /// Drops a job whose action and arguments have been handed back.
    pub(super) fn forget(mut self) {
        self.0 = None;
    }
}

impl<S> Drop for QueuedJob<S> {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            job.fail(JobError::Stopped);
        }
    }
}
