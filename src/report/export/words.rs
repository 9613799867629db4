//! Wording that several export formats share.

use crate::model::event::AssertionResult;
use crate::model::outcome::{Failure, FailureKind, Outcome, Verdict};
use crate::model::text::excerpt;
use crate::report::wording::{self, ShownStatus, assertion_figure};

/// Longest URL or message that a document for people shows, in characters.
const MAX_SHOWN: usize = 300;

/// An excerpt of the text, escaped: a hostile text must not fill the page.
pub(super) fn short(text: &str) -> String {
    excerpt(text, MAX_SHOWN)
}

/// The reason of a failure in one line, with the status and the number of attempts if there are such.
pub(super) fn reason(outcome: &Outcome) -> String {
    let failure = wording::failure_reason(outcome).unwrap_or_default();
    let mut reason = match wording::shown_status(outcome) {
        ShownStatus::Status(status) if failure.is_empty() => status.to_string(),
        ShownStatus::Status(status) => format!("{status} {failure}"),
        ShownStatus::Word(_) => failure,
    };
    if let Some(attempts) = wording::attempts(outcome) {
        reason += &format!(" ({attempts})");
    }
    reason
}

/// The attempts of a target that succeeded when it was tried again, and the reason of the last failure before:
/// `3 attempts, after 503 service unavailable`.
pub(super) fn tried_again(outcome: &Outcome) -> Option<String> {
    let has_succeeded = matches!(outcome.verdict, Verdict::Ok | Verdict::Unchanged);
    let attempts = wording::attempts(outcome).filter(|_| has_succeeded)?;
    let before = outcome.earlier().last();
    let Some((attempt, failure)) = before.and_then(|last| Some((last, last.error.as_ref()?)))
    else {
        return Some(attempts);
    };
    Some(match attempt.status {
        Some(status) => format!("{attempts}, after {status} {failure}"),
        None => format!("{attempts}, after {failure}"),
    })
}

/// A gate with its verdict and its figure in one line: `gate p95<500ms held: 284.2 ms`.
pub(super) fn gate(judged: &AssertionResult) -> String {
    let (assertion, verdict) = (short(&judged.assertion), judged.verdict.as_str());
    format!(
        "gate {assertion} {verdict}: {}",
        short(&assertion_figure(judged))
    )
}

/// The reason that failures of one kind and one status share: `404 not found`, `no connection could be made`.
pub(super) fn failure_title(failure: &Failure, status: Option<u16>) -> String {
    let words = match failure.kind {
        FailureKind::Status => short(&failure.message),
        kind => kind_in_words(kind).to_owned(),
    };
    match (status, failure.kind) {
        (Some(status), FailureKind::Status) => format!("{status} {words}"),
        (Some(status), _) => format!("{status}, then {words}"),
        (None, _) => words,
    }
}

fn kind_in_words(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Input => "the line is not a target",
        FailureKind::Dns => "the host name was not found",
        FailureKind::Connect => "no connection could be made",
        FailureKind::Tls => "the TLS handshake failed",
        FailureKind::Timeout => "a time limit passed",
        FailureKind::Stall => "too little came for too long",
        FailureKind::Closed => "the connection closed early",
        FailureKind::Protocol => "the response is not valid HTTP",
        FailureKind::Proxy => "the proxy failed",
        FailureKind::Private => "the address is not public",
        FailureKind::Encoding => "the body cannot be decoded",
        FailureKind::TooLarge => "the body is too large",
        FailureKind::Redirect => "the redirect was not followed",
        FailureKind::Status => "the status is not accepted",
        FailureKind::Type => "the media type is not an expected one",
        FailureKind::Broken => "the body broke off",
        FailureKind::Checksum => "the SHA-256 is another one",
        FailureKind::File => "the file cannot be written",
        FailureKind::DiskFull => "the disk is full",
        FailureKind::GivenUp => "the server was given up",
        FailureKind::Deadline => "not done at the run's deadline",
        FailureKind::Stopped => "the run was stopped",
        FailureKind::Local => "this machine failed",
    }
}
