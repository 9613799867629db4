//! The words of one target's failure: its place in the column of statuses, its reason, its attempts.

use crate::model::outcome::{FailureKind, Outcome, Verdict};

/// The entry of a target in the column of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum ShownStatus {
    /// The status, which decided the verdict.
    Status(u16),
    /// A word in its place.
    Word(&'static str),
}

/// The entry of a target in the column of statuses. One that failed for another reason than its status has none
/// there, or it would look like a success.
pub(in crate::report) fn shown_status(outcome: &Outcome) -> ShownStatus {
    match (outcome.status(), outcome.error()) {
        (_, Some(failure)) if failure.kind == FailureKind::Deadline => ShownStatus::Word("-"),
        (Some(status), None) => ShownStatus::Status(status),
        (Some(status), Some(failure)) if failure.kind == FailureKind::Status => {
            ShownStatus::Status(status)
        }
        (None, _) if outcome.verdict == Verdict::Unchanged => ShownStatus::Word("kept"),
        _ => ShownStatus::Word("fail"),
    }
}

/// The reason of a failure, if it is one. It names the status if that did not decide: `after status 200: receive: …`.
pub(in crate::report) fn failure_reason(outcome: &Outcome) -> Option<String> {
    let failure = outcome.error()?;
    Some(match outcome.status() {
        Some(status) if failure.kind != FailureKind::Status => {
            format!("after status {status}: {failure}")
        }
        _ => failure.to_string(),
    })
}

/// The number of attempts, if there were several, and of those that the server pushed back: `7 attempts, 6 pushed back`.
/// Those use up no retry.
pub(in crate::report) fn attempts(outcome: &Outcome) -> Option<String> {
    let attempts = outcome.requests();
    if attempts < 2 {
        return None;
    }
    Some(match outcome.pushed_back() {
        0 => format!("{attempts} attempts"),
        pushed_back => format!("{attempts} attempts, {pushed_back} pushed back"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::outcome::{Attempt, Failure};
    use crate::model::target::Verb;
    use crate::model::timing::Phase;

    fn failed(kind: FailureKind, status: Option<u16>) -> Outcome {
        let failure = Failure {
            kind,
            phase: Some(Phase::Receive),
            message: "why".to_owned(),
            is_transient: false,
            is_alone: false,
        };
        let mut outcome = Outcome::untried(0, Arc::from("http://h/"), Verb::Get, failure);
        outcome.last.status = status;
        outcome
    }

    #[test]
    fn a_status_stands_in_its_column_only_if_it_decided() {
        use FailureKind as Kind;
        let (fail, not_done) = (ShownStatus::Word("fail"), ShownStatus::Word("-"));
        for (kind, status, shown, reason) in [
            (Kind::Status, Some(404), ShownStatus::Status(404), "why"),
            (
                Kind::Closed,
                Some(200),
                fail,
                "after status 200: receive: why",
            ),
            (
                Kind::Redirect,
                Some(302),
                fail,
                "after status 302: redirect: why",
            ),
            (Kind::File, Some(200), fail, "after status 200: file: why"),
            (
                Kind::GivenUp,
                Some(429),
                fail,
                "after status 429: given-up: why",
            ),
            (Kind::GivenUp, None, fail, "given-up: why"),
            (Kind::Connect, None, fail, "connect: why"),
            (Kind::Deadline, Some(200), not_done, "after status 200: why"),
            (Kind::Deadline, None, not_done, "why"),
        ] {
            let outcome = failed(kind, status);
            assert_eq!(shown_status(&outcome), shown, "{kind:?} {status:?}");
            let found = failure_reason(&outcome);
            assert_eq!(found.as_deref(), Some(reason), "{kind:?} {status:?}");
        }
        let mut success = Outcome::new(0, Arc::from("http://h/"), Verb::Get);
        success.last.status = Some(200);
        assert_eq!(shown_status(&success), ShownStatus::Status(200));
        assert_eq!(failure_reason(&success), None);
    }

    #[test]
    fn attempts_that_the_server_pushed_back_are_told_apart() {
        let mut outcome = failed(FailureKind::Status, Some(429));
        outcome.last.requests = 1;
        assert_eq!(attempts(&outcome), None);
        let details = outcome.details_mut();
        details.earlier = vec![Attempt::default(); 6];
        for attempt in &mut details.earlier {
            attempt.requests = 1;
        }
        assert_eq!(attempts(&outcome).as_deref(), Some("7 attempts"));
        outcome.details_mut().pushed_back = 6;
        let told = attempts(&outcome);
        assert_eq!(told.as_deref(), Some("7 attempts, 6 pushed back"));
    }
}
