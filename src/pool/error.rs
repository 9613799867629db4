//! The errors of the pool itself; those of a job are [`JobError`](super::JobError)s.

use std::fmt;

/// The error of [`Pool::try_submit`](super::Pool::try_submit), which hands the job back.
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

// By hand, so that it holds for every job: a closure has no `Debug` of its own, and `unwrap` asks for
// one.
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

/// Some workers had not ended when [`Pool::shutdown`](super::Pool::shutdown) stopped waiting for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StillRunning {
    /// The number of those workers.
    pub workers: usize,
}

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workers still running a job: {}", self.workers)
    }
}

impl std::error::Error for StillRunning {}
