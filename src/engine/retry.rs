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
    /// The maximum number of further attempts per target.
    pub retries: u32,
    /// The maximum wait before the first of them. It doubles with each.
    pub delay: Duration,
    /// The maximum `Retry-After` that is respected. A response that asks for more is not retried.
    pub retry_after_max: Duration,
}

/// The cap on the doubled wait.
const MAX_DELAY: Duration = Duration::from_secs(30);

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            retries: 2,
            delay: Duration::from_millis(250),
            retry_after_max: Duration::from_secs(60),
        }
    }
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
    /// The back-off that the response asks for with `Retry-After`: a wait for all requests to its
    /// origin, not only for this one's retry. `None` beyond [`RetryPolicy::retry_after_max`].
    pub fn backoff(&self, outcome: &Outcome) -> Option<Duration> {
        let asked = outcome.retry_after()?;
        let is_refusal = outcome.verdict == Verdict::Failed && is_status(outcome);
        (is_refusal && is_transient(outcome) && asked <= self.retry_after_max).then_some(asked)
    }

    /// Decides on the outcome of attempt number `attempt` (from 1). `random` is uniform in 0..1.
    ///
    /// The wait is exponential with full jitter: uniform between zero and the doubled delay
    /// (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A look-up that
    /// failed temporarily also waits until the failure has left the DNS cache.
    pub fn decide(&self, outcome: &Outcome, attempt: u32, random: f64) -> Decision {
        if outcome.verdict != Verdict::Failed || attempt > self.retries || !is_transient(outcome) {
            return Decision::Final;
        }
        // With another failure than a status, the header belongs to another response than the one that
        // failed: a redirect, or one whose body was cut off.
        let asked = outcome.retry_after().filter(|_| is_status(outcome));
        match asked {
            Some(asked) if asked > self.retry_after_max => Decision::TooLong(asked),
            Some(asked) => Decision::Again(asked),
            None => {
                let doubled = 2_u32.saturating_pow(attempt - 1);
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

/// Tells that the response came whole, and failed by its status.
fn is_status(outcome: &Outcome) -> bool {
    let failure = outcome.error();
    failure.is_some_and(|failure| failure.kind == FailureKind::Status)
}

/// Tells that the failure may pass by itself.
fn is_transient(outcome: &Outcome) -> bool {
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
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::model::outcome::Failure;
    use crate::model::target::Verb;

    fn failed(kind: FailureKind, status: Option<u16>) -> Outcome {
        let failure = Failure {
            kind,
            phase: None,
            message: String::new(),
            is_transient: false,
        };
        let mut outcome = Outcome::untried(0, Arc::from("http://h/"), Verb::Get, failure);
        outcome.last.status = status;
        outcome
    }

    #[test]
    fn passing_failures_are_retried_as_often_as_allowed_and_others_never() {
        let policy = RetryPolicy::default();
        for kind in [
            FailureKind::Connect,
            FailureKind::Closed,
            FailureKind::Timeout,
            FailureKind::Stall,
        ] {
            let outcome = failed(kind, None);
            assert!(matches!(
                policy.decide(&outcome, 1, 0.5),
                Decision::Again(_)
            ));
            assert!(matches!(
                policy.decide(&outcome, 2, 0.5),
                Decision::Again(_)
            ));
            assert_eq!(policy.decide(&outcome, 3, 0.5), Decision::Final, "{kind:?}");
        }
        for (status, again) in [
            (404, false),
            (501, false),
            (429, true),
            (500, true),
            (503, true),
        ] {
            let decision = policy.decide(&failed(FailureKind::Status, Some(status)), 1, 0.5);
            assert_eq!(decision != Decision::Final, again, "{status}");
        }
        for kind in [
            FailureKind::Input,
            FailureKind::Tls,
            FailureKind::Protocol,
            FailureKind::Redirect,
            FailureKind::Local,
            FailureKind::Stopped,
        ] {
            assert_eq!(policy.decide(&failed(kind, None), 1, 0.5), Decision::Final);
        }
    }

    #[test]
    fn a_temporary_look_up_failure_is_retried_once_the_dns_cache_has_forgotten_it() {
        let policy = RetryPolicy::default();
        let mut outcome = failed(FailureKind::Dns, None);
        assert_eq!(policy.decide(&outcome, 1, 0.5), Decision::Final);
        if let Some(failure) = &mut outcome.last.error {
            failure.is_transient = true;
        }
        let again = |wait| Decision::Again(TEMPORARY_FAILURE_LIFETIME + wait);
        assert_eq!(policy.decide(&outcome, 1, 0.0), again(Duration::ZERO));
        assert_eq!(policy.decide(&outcome, 2, 1.0), again(2 * policy.delay));
        assert_eq!(policy.decide(&outcome, 3, 0.5), Decision::Final);
    }

    #[test]
    fn the_wait_doubles_up_to_a_cap_with_full_jitter() {
        let policy = RetryPolicy {
            retries: 100,
            ..RetryPolicy::default()
        };
        let outcome = failed(FailureKind::Connect, None);
        let wait = |attempt, random| policy.decide(&outcome, attempt, random);
        let ms = Duration::from_millis;
        assert_eq!(wait(1, 1.0), Decision::Again(ms(250)));
        assert_eq!(wait(2, 1.0), Decision::Again(ms(500)));
        assert_eq!(wait(3, 0.5), Decision::Again(ms(500)));
        assert_eq!(wait(99, 1.0), Decision::Again(MAX_DELAY));
        assert_eq!(wait(1, 0.0), Decision::Again(Duration::ZERO));
    }

    #[test]
    fn retry_after_is_heeded_up_to_its_limit() {
        let policy = RetryPolicy::default();
        let mut outcome = failed(FailureKind::Status, Some(503));
        outcome.details_mut().retry_after = Some(Duration::from_secs(7));
        let again = Decision::Again(Duration::from_secs(7));
        assert_eq!(policy.decide(&outcome, 1, 0.5), again);
        assert_eq!(policy.backoff(&outcome), Some(Duration::from_secs(7)));
        let day = Duration::from_secs(86_400);
        outcome.details_mut().retry_after = Some(day);
        assert_eq!(policy.decide(&outcome, 1, 0.5), Decision::TooLong(day));
        assert_eq!(policy.decide(&outcome, 3, 0.5), Decision::Final);
        // It belongs to another response than the one that failed.
        let mut outcome = failed(FailureKind::Closed, None);
        outcome.details_mut().retry_after = Some(day);
        let decision = policy.decide(&outcome, 1, 0.0);
        assert_eq!(decision, Decision::Again(Duration::ZERO));
    }
}
