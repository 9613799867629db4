//! The caller's end of a job: its [`JobHandle`], and its [`JobError`].

use std::fmt;
use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::Slot;

/// The result of a job: the action's output, or the reason why there is none.
pub type JobResult<T> = Result<T, JobError>;

/// The reason why a job ended without an output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobError {
    /// The action panicked. The worker has rebuilt its state and goes on; the panic's message is
    /// here.
    Panicked(String),
    /// The worker could not make its state: the pool's `state` closure panicked with this message.
    State(String),
    /// The pool was stopped before the job could start.
    Stopped,
    /// Not one worker thread could be started; the system's reason is here.
    NoWorker(String),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Panicked(message) => write!(f, "the action panicked: {message}"),
            JobError::State(message) => {
                write!(f, "making the worker's state panicked: {message}")
            }
            JobError::Stopped => f.write_str("the pool was stopped before the job started"),
            JobError::NoWorker(reason) => write!(f, "no worker thread could be started: {reason}"),
        }
    }
}

impl std::error::Error for JobError {}

/// A handle to the result of one submitted job. Dropping it does not cancel the job.
#[must_use = "a dropped handle cannot tell whether its job failed; use `drop` if that is meant"]
pub struct JobHandle<T> {
    job: Arc<dyn HasSlot<T>>,
}

/// The view that a handle has of its job: the slot, without the types of action and arguments.
pub(super) trait HasSlot<T>: Send + Sync + RefUnwindSafe {
    fn slot(&self) -> &Slot<JobResult<T>>;
}

impl<T> JobHandle<T> {
    pub(super) fn new(job: Arc<dyn HasSlot<T>>) -> Self {
        JobHandle { job }
    }

    /// Waits for the job to end and gives its result. Every job ends with one (a panicking, a
    /// stopped and a never started job too), so this waits only as long as jobs run.
    ///
    /// # Errors
    ///
    /// [`JobError`] says why there is no output.
    pub fn join(self) -> JobResult<T> {
        self.job
            .slot()
            .wait()
            .expect("only this handle takes from its slot, and both ways of taking consume it")
    }

    /// As [`join`](JobHandle::join), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// The handle itself, if the job has not ended by then: wait again with it, or drop it.
    pub fn join_timeout(self, timeout: Duration) -> Result<JobResult<T>, Self> {
        if self.job.slot().wait_timeout(timeout) {
            Ok(self.join())
        } else {
            Err(self)
        }
    }

    /// Returns `true` if the job has ended, so that [`join`](JobHandle::join) would not wait.
    pub fn is_done(&self) -> bool {
        self.job.slot().is_filled()
    }

    /// Has `key` sent to `sender` when the job ends, at once if it already has. One thread can follow any
    /// number of jobs this way.
    pub fn notify(&self, sender: &Sender<u64>, key: u64) {
        self.job.slot().notify(sender, key);
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("slot", self.job.slot())
            .finish()
    }
}
