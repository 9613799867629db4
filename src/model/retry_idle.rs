//! The waits of targets that are to be tried again, by their cause.

use std::time::Duration;

/// The cause of a wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitCause {
    /// The server asked for it (`Retry-After`).
    RetryAfter,
    /// The server answers nothing, and is probed with one request at a time.
    NoAnswer,
    /// The delay before a retry (`--retry-delay`).
    Delay,
    /// The distance between starts that the server takes, or that the user asked for.
    Distance,
}

/// The time in which a run had nothing under way but such waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryIdle {
    /// All of it.
    pub total: Duration,
    /// The part for which servers had asked.
    pub retry_after: Duration,
    /// The part for servers that answered nothing.
    pub no_answer: Duration,
    /// The part for delays before retries.
    pub delay: Duration,
}

impl RetryIdle {
    /// Adds that of another run.
    pub fn add(&mut self, other: RetryIdle) {
        self.total += other.total;
        self.retry_after += other.retry_after;
        self.no_answer += other.no_answer;
        self.delay += other.delay;
    }

    /// The same within a run that took so long.
    #[must_use]
    pub fn within(self, makespan: Duration) -> Self {
        RetryIdle {
            total: self.total.min(makespan),
            retry_after: self.retry_after.min(makespan),
            no_answer: self.no_answer.min(makespan),
            delay: self.delay.min(makespan),
        }
    }
}
