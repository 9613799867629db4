//! What a response means: whether its body is what was wanted, and what it is if not.

use http::{HeaderMap, StatusCode, header};

use super::client::{Broken, Visit};
use super::decode::Coding;
use super::sink::Sink;
use super::{error, version};
use crate::outcome::{Failure, FailureKind};
use crate::store::Validators;

/// The body of an answer whose status is a failure, which nobody asked for, is read to keep the
/// connection, but not past this many bytes.
pub(super) const FAILURE_BODY: u64 = 1024 * 1024;

/// What a response means for its target.
pub(super) enum Meaning {
    /// Its body is what was wanted.
    Body,
    /// Its body is not, and is read up to here.
    NoBody(u64),
    /// What is there already is still what the server has.
    Unchanged,
    /// What is there already is all that there is.
    Complete,
    /// What is there already is of no use: ask again, for the whole.
    Afresh,
    /// It is not what may follow such a request.
    Refused(Failure),
}

/// What a response means that is no redirect. If its body is what was wanted, the sink has been told.
pub(super) fn judge(
    visit: &mut Visit<'_>,
    status: StatusCode,
    is_accepted: bool,
    headers: &HeaderMap,
    decoding: Option<Coding>,
    length: Option<u64>,
) -> Result<Meaning, Broken> {
    let accepted = if is_accepted {
        Meaning::Body
    } else {
        Meaning::NoBody(FAILURE_BODY)
    };
    if let Sink::None = visit.sink {
        return Ok(accepted);
    }
    let is_plain = decoding.is_none() && !visit.is_own_range;
    let length = length.filter(|_| decoding.is_none());
    let mut version = version::of(headers, length, is_plain);
    if visit.has_conditions {
        // What comes may be a part, or another variant than a plain request would get.
        version.validators = Validators::default();
    }
    let refused = |kind, message: &str| {
        Ok(Meaning::Refused(Failure {
            kind,
            phase: None,
            message: message.to_owned(),
        }))
    };
    match status {
        StatusCode::NOT_MODIFIED if visit.sent.unless => Ok(Meaning::Unchanged),
        StatusCode::RANGE_NOT_SATISFIABLE if visit.sent.range => {
            let length = headers
                .get(header::CONTENT_RANGE)
                .and_then(version::unsatisfied);
            let is_all = length.is_some_and(|length| visit.sink.is_all(length));
            Ok(if is_all {
                Meaning::Complete
            } else {
                Meaning::Afresh
            })
        }
        StatusCode::PARTIAL_CONTENT if visit.sent.range => {
            let range = headers
                .get(header::CONTENT_RANGE)
                .and_then(version::content_range);
            let fits = range.is_some_and(|range| {
                let count = range.last.saturating_sub(range.first).saturating_add(1);
                // The two lengths that it states are one.
                length.is_none_or(|length| length == count) && visit.sink.go_on(range, &version)
            });
            Ok(if fits { Meaning::Body } else { Meaning::Afresh })
        }
        StatusCode::PARTIAL_CONTENT if !visit.is_own_range => refused(
            FailureKind::Protocol,
            "the server sent a part of the body (206), though the whole was asked for",
        ),
        _ if !is_accepted => Ok(accepted),
        StatusCode::NOT_MODIFIED => refused(
            FailureKind::Status,
            "not modified (304), so there is no body to save",
        ),
        _ if status.is_redirection() => refused(
            FailureKind::Redirect,
            "a redirect that is not followed has no body to save",
        ),
        _ => {
            let url = visit.location.text();
            match visit.sink.start(url, version) {
                Ok(()) => Ok(Meaning::Body),
                Err(refused) => Err(Broken::Own(error::from_refused(refused))),
            }
        }
    }
}
