//! The reading of an outcome as its origin's: an answer, a push-back, or silence.

use std::time::{Duration, Instant};

use super::retry::{self, RetryPolicy};
use super::schedule::{Cause, EndKind};
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::target::{DefaultScheme, Location};

/// The way in which an attempt ended, as far as it says something of the origin that answered.
pub(super) fn kind(outcome: &Outcome, policy: &RetryPolicy) -> EndKind {
    let last = &outcome.last;
    let failure = match outcome.verdict {
        Verdict::Ok | Verdict::Unchanged if last.requests > 0 => return EndKind::Answered,
        Verdict::Failed if last.requests > 0 => outcome.error(),
        _ => None,
    };
    let Some(failure) = failure else {
        return EndKind::Unrelated;
    };
    let cause = match (failure.kind, outcome.status()) {
        (FailureKind::Status, Some(429)) => Some(Cause::TooMany),
        (FailureKind::Status, Some(503)) => Some(Cause::Unavailable),
        _ => None,
    };
    if let Some(cause) = cause {
        let retry_after = outcome.retry_after();
        return match retry_after.is_some_and(|asked| asked > policy.retry_after_max) {
            // The target fails for it, and waits for nothing.
            true => EndKind::Unrelated,
            false => EndKind::PushedBack { cause, retry_after },
        };
    }
    let is_local = failure.kind.is_local()
        || matches!(failure.kind, FailureKind::Deadline | FailureKind::Stopped);
    let has_answer =
        outcome.status().is_some() || is_redirected(outcome) || last.timing.ttfb().is_some();
    if is_local {
        EndKind::Unrelated
    } else if has_answer {
        EndKind::Answered
    } else if retry::is_transient(outcome) {
        EndKind::Silent {
            is_refused: matches!(
                failure.kind,
                FailureKind::Connect | FailureKind::Closed | FailureKind::Tls | FailureKind::Proxy
            ),
        }
    } else {
        EndKind::Unrelated
    }
}

/// The moment by which an attempt is seen to have ended: that at which the engine last read the clock, unless the attempt
/// went on after it.
pub(super) fn moment(outcome: &Outcome, now: Instant) -> Instant {
    outcome.last.span.map_or(now, |(_, end)| end.max(now))
}

/// The wait that a push-back asks for (`Retry-After`), for all requests to its origin.
pub(super) fn hold(kind: EndKind) -> Option<Duration> {
    match kind {
        EndKind::PushedBack { retry_after, .. } => retry_after,
        _ => None,
    }
}

/// The location that gave the final response, if redirects led to another origin than `origin`.
pub(super) fn other_responder(outcome: &Outcome, origin: &str) -> Option<Location> {
    let location = Location::parse(outcome.final_url()?, DefaultScheme::Http).ok()?;
    (location.origin() != origin).then_some(location)
}

fn is_redirected(outcome: &Outcome) -> bool {
    !outcome.redirects().is_empty()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::outcome::{Failure, Hop};
    use crate::model::target::Verb;

    fn failed(failure: FailureKind, status: Option<u16>) -> Outcome {
        let failure = Failure {
            kind: failure,
            phase: None,
            message: String::new(),
            is_transient: false,
            is_alone: false,
        };
        let mut outcome = Outcome::untried(0, Arc::from("http://h/"), Verb::Get, failure);
        outcome.last.requests = 1;
        outcome.last.status = status;
        outcome
    }

    #[test]
    fn only_429_and_503_push_back_and_only_failures_without_a_byte_are_silent() {
        let policy = RetryPolicy::default();
        let pushed = |cause, retry_after| EndKind::PushedBack { cause, retry_after };
        let silent = |is_refused| EndKind::Silent { is_refused };
        for (failure, status, expected) in [
            (FailureKind::Status, Some(429), pushed(Cause::TooMany, None)),
            (
                FailureKind::Status,
                Some(503),
                pushed(Cause::Unavailable, None),
            ),
            (FailureKind::Status, Some(500), EndKind::Answered),
            (FailureKind::Status, Some(404), EndKind::Answered),
            (FailureKind::Closed, Some(200), EndKind::Answered),
            (FailureKind::Closed, None, silent(true)),
            (FailureKind::Connect, None, silent(true)),
            (FailureKind::Timeout, None, silent(false)),
            (FailureKind::Stall, None, silent(false)),
            (FailureKind::Tls, None, EndKind::Unrelated),
            (FailureKind::Dns, None, EndKind::Unrelated),
            (FailureKind::Local, None, EndKind::Unrelated),
            (FailureKind::Stopped, None, EndKind::Unrelated),
        ] {
            let outcome = failed(failure, status);
            assert_eq!(kind(&outcome, &policy), expected, "{failure:?} {status:?}");
        }
    }

    #[test]
    fn passing_failures_of_tls_proxies_and_names_are_silent_and_a_redirect_is_an_answer() {
        let policy = RetryPolicy::default();
        for (failure, is_refused) in [
            (FailureKind::Tls, true),
            (FailureKind::Proxy, true),
            (FailureKind::Dns, false),
        ] {
            let mut outcome = failed(failure, None);
            if let Some(failure) = &mut outcome.last.error {
                failure.is_transient = true;
            }
            assert_eq!(
                kind(&outcome, &policy),
                EndKind::Silent { is_refused },
                "{failure:?}"
            );
            let url = Arc::from("http://h/");
            outcome
                .details_mut()
                .redirects
                .push(Hop { url, status: 302 });
            assert_eq!(kind(&outcome, &policy), EndKind::Answered, "{failure:?}");
        }
    }

    #[test]
    fn an_attempt_has_not_ended_before_its_answer_came() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let mut outcome = failed(FailureKind::Status, Some(429));
        assert_eq!(moment(&outcome, at(3)), at(3), "its times are not known");
        outcome.last.span = Some((at(0), at(5)));
        assert_eq!(moment(&outcome, at(3)), at(5));
        assert_eq!(moment(&outcome, at(7)), at(7));
    }

    #[test]
    fn a_wait_beyond_the_limit_holds_nobody() {
        let policy = RetryPolicy::default();
        let mut outcome = failed(FailureKind::Status, Some(503));
        outcome.details_mut().retry_after = Some(policy.retry_after_max);
        assert_eq!(hold(kind(&outcome, &policy)), Some(policy.retry_after_max));
        outcome.details_mut().retry_after = Some(policy.retry_after_max * 2);
        assert_eq!(kind(&outcome, &policy), EndKind::Unrelated);
    }
}
