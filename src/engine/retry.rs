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
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::model::outcome::{BodyProgress, Failure};
    use crate::model::target::Verb;

    fn failed(kind: FailureKind, status: Option<u16>) -> Outcome {
        let failure = Failure {
            kind,
            phase: None,
            message: String::new(),
            is_transient: false,
            is_alone: false,
        };
        let mut outcome = Outcome::untried(0, Arc::from("http://h/"), Verb::Get, failure);
        outcome.last.status = status;
        outcome
    }

    /// Decides on attempt number `attempt`, those before it having used up a try each.
    fn decide(policy: &RetryPolicy, outcome: &Outcome, attempt: u32, random: f64) -> Decision {
        let mut record = RetryRecord {
            tries: attempt - 1,
            ..RetryRecord::default()
        };
        policy.decide(outcome, &mut record, random)
    }

    /// An attempt that began at byte `from` of a body and broke off at byte `reached`.
    fn broken(from: u64, reached: u64) -> Outcome {
        let mut outcome = failed(FailureKind::Closed, Some(200));
        outcome.last.requests = 1;
        outcome.details_mut().progress = Some(BodyProgress { from, reached });
        outcome
    }

    const AGAIN: Decision = Decision::Again(Duration::ZERO);

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
            let mut record = RetryRecord::default();
            let mut next = || policy.decide(&outcome, &mut record, 0.0);
            let decisions = [next(), next(), next()];
            assert_eq!(decisions, [AGAIN, AGAIN, Decision::Final], "{kind:?}");
        }
        for (status, again) in [
            (404, false),
            (501, false),
            (429, true),
            (500, true),
            (503, true),
        ] {
            let decision = decide(&policy, &failed(FailureKind::Status, Some(status)), 1, 0.5);
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
            assert_eq!(
                decide(&policy, &failed(kind, None), 1, 0.5),
                Decision::Final
            );
        }
    }

    #[test]
    fn a_temporary_look_up_failure_is_retried_once_the_dns_cache_has_forgotten_it() {
        let policy = RetryPolicy::default();
        let mut outcome = failed(FailureKind::Dns, None);
        assert_eq!(decide(&policy, &outcome, 1, 0.5), Decision::Final);
        if let Some(failure) = &mut outcome.last.error {
            failure.is_transient = true;
        }
        let again = |wait| Decision::Again(TEMPORARY_FAILURE_LIFETIME + wait);
        assert_eq!(decide(&policy, &outcome, 1, 0.0), again(Duration::ZERO));
        assert_eq!(decide(&policy, &outcome, 2, 1.0), again(2 * policy.delay));
        assert_eq!(decide(&policy, &outcome, 3, 0.5), Decision::Final);
    }

    #[test]
    fn the_wait_doubles_up_to_a_cap_with_full_jitter() {
        let policy = RetryPolicy {
            retries: 100,
            ..RetryPolicy::default()
        };
        let outcome = failed(FailureKind::Connect, None);
        let wait = |attempt, random| decide(&policy, &outcome, attempt, random);
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
        assert_eq!(decide(&policy, &outcome, 1, 0.5), again);
        outcome.details_mut().retry_after = Some(policy.retry_after_max);
        let again = Decision::Again(policy.retry_after_max);
        assert_eq!(decide(&policy, &outcome, 1, 0.5), again);
        let day = Duration::from_secs(86_400);
        outcome.details_mut().retry_after = Some(day);
        assert_eq!(decide(&policy, &outcome, 1, 0.5), Decision::TooLong(day));
        assert_eq!(decide(&policy, &outcome, 3, 0.5), Decision::Final);
        // It belongs to another response than the one that failed.
        let mut outcome = failed(FailureKind::Closed, None);
        outcome.details_mut().retry_after = Some(day);
        let decision = decide(&policy, &outcome, 1, 0.0);
        assert_eq!(decision, Decision::Again(Duration::ZERO));
    }

    #[test]
    fn an_attempt_that_brings_16_kib_more_than_those_before_uses_up_no_try() {
        let policy = RetryPolicy {
            retries: 1,
            ..RetryPolicy::default()
        };
        let mut record = RetryRecord::default();
        let mut next = |from, reached| policy.decide(&broken(from, reached), &mut record, 0.0);
        for piece in 0..100 {
            let decision = next(piece * PROGRESS, (piece + 1) * PROGRESS);
            assert_eq!(decision, AGAIN, "piece {piece}");
        }
        // From the beginning again: no byte of it is new until the furthest is passed.
        assert_eq!(next(0, 100 * PROGRESS), AGAIN, "the first try");
        assert_eq!(next(0, 101 * PROGRESS), AGAIN, "16 KiB beyond the furthest");
        assert_eq!(next(101 * PROGRESS, 102 * PROGRESS - 1), Decision::Final);
    }

    #[test]
    fn bytes_of_an_earlier_run_are_no_progress() {
        let policy = RetryPolicy {
            retries: 1,
            ..RetryPolicy::default()
        };
        let mut record = RetryRecord::default();
        let mut next = |from, reached| policy.decide(&broken(from, reached), &mut record, 0.0);
        assert_eq!(next(1_000_000, 1_000_010), AGAIN);
        assert_eq!(next(1_000_000, 1_000_010), Decision::Final);
    }

    #[test]
    fn without_retries_nothing_is_continued() {
        let policy = RetryPolicy {
            retries: 0,
            ..RetryPolicy::default()
        };
        let outcome = broken(0, 1 << 30);
        assert_eq!(decide(&policy, &outcome, 1, 0.0), Decision::Final);
    }

    #[test]
    fn a_wrong_checksum_is_tried_once_more_and_uses_up_a_try() {
        let policy = RetryPolicy {
            retries: 5,
            ..RetryPolicy::default()
        };
        let outcome = failed(FailureKind::Checksum, Some(200));
        let mut record = RetryRecord::default();
        assert_eq!(policy.decide(&outcome, &mut record, 0.0), AGAIN);
        assert_eq!(record.tries, 1);
        assert_eq!(policy.decide(&outcome, &mut record, 0.0), Decision::Final);
        let none = RetryPolicy {
            retries: 0,
            ..policy
        };
        assert_eq!(decide(&none, &outcome, 1, 0.0), Decision::Final);
    }

    #[test]
    fn requests_of_one_url_are_bounded_whatever_made_them() {
        let policy = RetryPolicy::default();
        let mut outcome = failed(FailureKind::Closed, None);
        outcome.last.requests = 12;
        assert_eq!(decide(&policy, &outcome, 1, 0.0), Decision::Final);
        outcome.last.requests = 11;
        assert_eq!(decide(&policy, &outcome, 1, 0.0), AGAIN);
    }
}
