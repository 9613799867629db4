//! Whether a failed attempt is worth another, and when.
//!
//! Pure, like the schedule that carries the decision out: the time and the random number are
//! arguments.

use std::time::Duration;

use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::timing::Phase;

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many further attempts a target may have.
    pub retries: u32,
    /// The most that is waited before the first of them. It doubles with each.
    pub delay: Duration,
    /// The most that a server's `Retry-After` is heeded; one that asks for longer is not retried.
    pub retry_after_max: Duration,
}

/// The longest wait that doubling leads to.
const MOST_DELAY: Duration = Duration::from_secs(30);

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            retries: 2,
            delay: Duration::from_millis(250),
            retry_after_max: Duration::from_secs(60),
        }
    }
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It stands.
    Final,
    /// It stands, though it could be tried again: the server asks for this much patience, which is
    /// more than [`RetryPolicy::retry_after_max`].
    TooLong(Duration),
    /// Try again after this time.
    Again(Duration),
}

impl RetryPolicy {
    /// How long the server that gave this outcome wants nothing from us at all, as far as that is
    /// heeded.
    pub fn patience(&self, outcome: &Outcome) -> Option<Duration> {
        let asked = outcome.retry_after()?;
        let is_meant = outcome.verdict == Verdict::Failed && is_status(outcome);
        (is_meant && is_passing(outcome) && asked <= self.retry_after_max).then_some(asked)
    }

    /// The decision on the outcome of attempt number `attempt` (from 1). `random` is uniform in
    /// 0..1.
    ///
    /// The wait is exponential with full jitter: uniform between nothing and the doubled delay
    /// (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    pub fn decide(&self, outcome: &Outcome, attempt: u32, random: f64) -> Decision {
        if outcome.verdict != Verdict::Failed || attempt > self.retries || !is_passing(outcome) {
            return Decision::Final;
        }
        // What the header says with anything but a status that failed, it says of something else: a
        // redirect on the way, a body that was cut off.
        let asked = outcome.retry_after().filter(|_| is_status(outcome));
        match asked {
            Some(asked) if asked > self.retry_after_max => Decision::TooLong(asked),
            Some(asked) => Decision::Again(asked),
            None => {
                let doubled = 2_u32.saturating_pow(attempt - 1);
                let most = self.delay.saturating_mul(doubled).min(MOST_DELAY);
                Decision::Again(most.mul_f64(random.clamp(0.0, 1.0)))
            }
        }
    }
}

fn is_status(outcome: &Outcome) -> bool {
    let failure = outcome.error();
    failure.is_some_and(|failure| failure.kind == FailureKind::Status)
}

/// Whether the failure may well be over by itself.
fn is_passing(outcome: &Outcome) -> bool {
    let Some(failure) = outcome.error() else {
        return false;
    };
    match failure.kind {
        FailureKind::Connect | FailureKind::Closed | FailureKind::Timeout | FailureKind::Stall => {
            true
        }
        // A connection that breaks in the handshake, but no verdict on a certificate.
        FailureKind::Tls => false,
        FailureKind::Dns => {
            failure.phase == Some(Phase::Dns) && failure.message.contains("temporary")
        }
        FailureKind::Status => matches!(
            outcome.status(),
            Some(408 | 425 | 429 | 500 | 502 | 503 | 504)
        ),
        _ => false,
    }
}

/// Reads a `Retry-After` value (RFC 9110, 10.2.3): seconds, or a date, of which `now` is taken off.
/// A date in the past is no wait at all. `None` for anything else.
pub fn parse_retry_after(value: &str, now: std::time::SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits for a number is a very long time.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::model::outcome::Failure;
    use crate::model::target::Verb;

    fn failed(kind: FailureKind, status: Option<u16>) -> Outcome {
        let failure = Failure {
            kind,
            phase: None,
            message: String::new(),
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
        assert_eq!(wait(99, 1.0), Decision::Again(MOST_DELAY));
        assert_eq!(wait(1, 0.0), Decision::Again(Duration::ZERO));
    }

    #[test]
    fn retry_after_is_heeded_up_to_its_limit() {
        let policy = RetryPolicy::default();
        let mut outcome = failed(FailureKind::Status, Some(503));
        outcome.details_mut().retry_after = Some(Duration::from_secs(7));
        let again = Decision::Again(Duration::from_secs(7));
        assert_eq!(policy.decide(&outcome, 1, 0.5), again);
        assert_eq!(policy.patience(&outcome), Some(Duration::from_secs(7)));
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

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let parse = |value: &str| parse_retry_after(value, now);
        assert_eq!(parse(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(
            parse("99999999999999999999999"),
            Some(Duration::from_secs(u64::MAX))
        );
        let soon = httpdate::fmt_http_date(now + Duration::from_secs(30));
        assert_eq!(parse(&soon), Some(Duration::from_secs(30)));
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-5", "1.5", "12 s"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
