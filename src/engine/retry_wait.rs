//! The time in which nothing is under way and all that is left waits for another try, by the cause of the wait.

use std::time::Instant;

use super::input_wait::{InputWait, Want};
use crate::model::retry_idle::{RetryIdle, WaitCause};

/// The waiting of a run for other tries, measured as that for its input is.
#[derive(Debug, Default)]
pub(super) struct RetryWait {
    all: InputWait,
    retry_after: InputWait,
    no_answer: InputWait,
    delay: InputWait,
}

impl RetryWait {
    /// Notes the state at this moment: the jobs submitted so far, and what all workers wait for, if they do.
    pub(super) fn note(&mut self, now: Instant, submitted: u64, cause: Option<WaitCause>) {
        let want = |waits: bool| waits.then_some(Want::All);
        self.all.note(now, submitted, want(cause.is_some()));
        for (wait, of) in [
            (&mut self.retry_after, WaitCause::RetryAfter),
            (&mut self.no_answer, WaitCause::NoAnswer),
            (&mut self.delay, WaitCause::Delay),
        ] {
            wait.note(now, submitted, want(cause == Some(of)));
        }
    }

    /// The waiting so far.
    pub(super) fn idle(&self) -> RetryIdle {
        RetryIdle {
            total: self.all.total().idle,
            retry_after: self.retry_after.total().idle,
            no_answer: self.no_answer.total().idle,
            delay: self.delay.total().idle,
        }
    }
}
