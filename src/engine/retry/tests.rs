//! The tests of `retry`.

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
