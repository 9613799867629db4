//! A job between its submitter and its worker: what is to be run, and the slot for what comes of it.

use std::sync::{Arc, Mutex, PoisonError};

use super::handle::{Ended, JobError, JobResult};
use super::worker::guarded;
use super::{Action, Slot, Worker};

/// One `(action, args)` job and its slot. They share one piece of memory, which the submitter allocates
/// and, mostly, frees: one that is freed by another thread than it came from costs several times more.
pub(super) struct Call<A, Args, T> {
    /// There until the job is run, handed back or thrown away.
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

    /// Takes out what is to be run, which nobody has done before.
    pub(super) fn take(&self) -> (A, Args) {
        self.work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .expect("a job is in one queue, which gives it out once")
    }

    fn end(&self, result: JobResult<T>) {
        // Only the one who has taken the work writes, and once, so the slot cannot be full.
        let _ = self.slot.fill(result);
    }
}

impl<A, Args, T> Ended<T> for Call<A, Args, T>
where
    A: Send,
    Args: Send,
    T: Send,
{
    fn slot(&self) -> &Slot<JobResult<T>> {
        &self.slot
    }
}

/// A job with its types erased, so that jobs of many kinds share one channel. Either method is called,
/// and once.
trait Job<S>: Send + Sync {
    /// Runs the job and writes its slot. Returns whether the worker's state may be used again.
    fn run(&self, worker: &mut Worker<S>) -> bool;

    /// Ends the job without running it.
    fn fail(&self, error: JobError);
}

impl<S, A, Args, T> Job<S> for Call<A, Args, T>
where
    A: Action<S, Args, Output = T> + Send,
    Args: Send,
    T: Send,
{
    fn run(&self, worker: &mut Worker<S>) -> bool {
        let (action, args) = self.take();
        // The action is dropped inside, before the slot is written: whoever has the result may
        // rely on the job holding nothing any more. Unwind safety: after a panic the action and
        // its arguments are gone, and the worker's state is rebuilt.
        let result = guarded(move || action.run(worker, args));
        let sound = result.is_ok();
        self.end(result.map_err(JobError::Panicked));
        sound
    }

    fn fail(&self, error: JobError) {
        let work = self.take();
        // The slot is written whatever a destructor of the work does.
        let _ = guarded(move || drop(work));
        self.end(Err(error));
    }
}

/// What the channel carries: a job that has not been run. Dropping it ends the job with
/// [`JobError::Stopped`], so that a handle never waits for a job that no longer exists; no panic comes
/// out of that.
pub(super) struct Queued<S>(Option<Arc<dyn Job<S>>>);

impl<S> Queued<S> {
    pub(super) fn new<A, Args, T>(call: Arc<Call<A, Args, T>>) -> Self
    where
        A: Action<S, Args, Output = T> + Send + 'static,
        Args: Send + 'static,
        T: Send + 'static,
    {
        Queued(Some(call))
    }

    /// Runs the job and writes its slot. Returns whether the worker's state may be used again.
    pub(super) fn run(mut self, worker: &mut Worker<S>) -> bool {
        self.0.take().is_none_or(|job| job.run(worker))
    }

    /// Ends the job without running it.
    pub(super) fn fail(mut self, error: JobError) {
        if let Some(job) = self.0.take() {
            job.fail(error);
        }
    }

    /// Drops a job whose work has been handed back.
    pub(super) fn forget(mut self) {
        self.0 = None;
    }
}

impl<S> Drop for Queued<S> {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            job.fail(JobError::Stopped);
        }
    }
}
