//! The retry policy: which failed attempt is made again, and when.
//!
//! The policy is pure, like the schedule that carries its decisions out: the number of the attempt and
//! the random number are arguments.

use std::time::Duration;

use crate::http::TEMPORARY_FAILURE_LIFETIME;
use crate::model::outcome::{FailureKind, Outcome, Verdict};

/// The limits on retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The maximum number of further attempts per target that use up a try.
    pub retries: u32,
    /// The maximum wait before the first of them. It doubles with each.
    pub delay: Duration,
    /// The maximum `Retry-After` that is respected. A response that asks for more is not retried.
    pub retry_after_max: Duration,
    /// The minimum time since an origin's last answer before it is given up.
    pub give_up: Duration,
}

/// The bytes of new progress by which an attempt uses up no try.
const PROGRESS: u64 = 16 * 1024;

/// The cap on the doubled wait.
const MAX_DELAY: Duration = Duration::from_secs(30);

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            retries: 2,
            delay: Duration::from_millis(250),
            retry_after_max: Duration::from_secs(60),
            give_up: Duration::from_secs(15),
        }
    }
}

/// The attempts at one target so far, as far as they count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryRecord {
    /// The attempts that used up a try.
    tries: u32,
    /// The requests of these.
    requests: u32,
    /// The furthest byte of the body that was reached.
    furthest: u64,
    /// Set once the body had another checksum than it should have.
    was_wrong: bool,
}

/// The decision after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The outcome is final.
    Final,
    /// The outcome is final although its failure may pass, because the server asks for this wait, which
    /// is more than [`RetryPolicy::retry_after_max`].
    TooLong(Duration),
    /// The target is tried again after this wait.
    Again(Duration),
}

impl RetryPolicy {
    /// Decides on the outcome of an attempt, and records it. `random` is uniform in 0..1.
    ///
    /// The wait is exponential with full jitter: uniform between zero and the doubled delay
    /// (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A look-up that
    /// failed temporarily also waits until the failure has left the DNS cache.
    pub fn decide(&self, outcome: &Outcome, record: &mut RetryRecord, random: f64) -> Decision {
        if outcome.verdict != Verdict::Failed {
            return Decision::Final;
        }
        if !record.note_progress(outcome) || self.retries == 0 {
            record.tries = record.tries.saturating_add(1);
            record.requests = record.requests.saturating_add(outcome.last.requests);
        }
        let most_requests = self.retries.saturating_add(1).saturating_mul(4);
        let may_pass = is_transient(outcome) || record.note_checksum(outcome);
        if !may_pass || record.tries > self.retries || record.requests >= most_requests {
            return Decision::Final;
        }
        match asked_wait(outcome) {
            Some(asked) if asked > self.retry_after_max => Decision::TooLong(asked),
            Some(asked) => Decision::Again(asked),
            None => {
                let doubled = 2_u32.saturating_pow(record.tries.saturating_sub(1));
                let most = self.delay.saturating_mul(doubled).min(MAX_DELAY);
                let least = match outcome.error().map(|failure| failure.kind) {
                    Some(FailureKind::Dns) => TEMPORARY_FAILURE_LIFETIME,
                    _ => Duration::ZERO,
                };
                Decision::Again(least + most.mul_f64(random.clamp(0.0, 1.0)))
            }
        }
    }
}

impl RetryRecord {
    /// Records how far the attempt came. Returns true if that is so much further than those before it that
    /// it uses up no try: the body is then fetched in pieces, as many as it takes.
    fn note_progress(&mut self, outcome: &Outcome) -> bool {
        let Some(progress) = outcome.progress() else {
            return false;
        };
        let before = self.furthest.max(progress.from);
        self.furthest = before.max(progress.reached);
        progress.reached.saturating_sub(before) >= PROGRESS
    }

    /// Records a wrong checksum. Returns true for the first one, which may have come of a damaged part or
    /// transfer: the body is fetched once more, afresh.
    fn note_checksum(&mut self, outcome: &Outcome) -> bool {
        let failure = outcome.error();
        let is_wrong = failure.is_some_and(|failure| failure.kind == FailureKind::Checksum);
        is_wrong && !std::mem::replace(&mut self.was_wrong, true)
    }
}

/// The wait that the server asks for before another try (`Retry-After`). With another failure than a status, the header
/// belongs to another response than the one that failed: a redirect, or one whose body was cut off.
pub(super) fn asked_wait(outcome: &Outcome) -> Option<Duration> {
    let failure = outcome.error()?;
    outcome
        .retry_after()
        .filter(|_| failure.kind == FailureKind::Status)
}

/// Tells that the failure may pass by itself.
pub(super) fn is_transient(outcome: &Outcome) -> bool {
    let Some(failure) = outcome.error() else {
        return false;
    };
    match failure.kind {
        FailureKind::Connect | FailureKind::Closed | FailureKind::Timeout | FailureKind::Stall => {
            true
        }
        FailureKind::Status => matches!(
            outcome.status(),
            Some(408 | 425 | 429 | 500 | 502 | 503 | 504)
        ),
        _ => failure.is_transient,
    }
}

#[cfg(test)]
mod tests;
