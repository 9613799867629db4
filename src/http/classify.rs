//! What a response means: whether its body is what was wanted, and what it is if not.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::client::{Broken, Visit};
use super::decode::Coding;
use super::sink::Sink;
use super::{error, validators};
use crate::model::outcome::{Failure, FailureKind};
use crate::model::text::excerpt;
use crate::save::{Validators, Version};

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
    let range = headers.get(header::CONTENT_RANGE);
    let is_whole = status.is_success() && status != StatusCode::PARTIAL_CONTENT && is_accepted;
    // RFC 9110, 14.4 gives the header no meaning here, but servers send slices with it.
    let odd_range = range.filter(|_| is_whole);
    let plain_length = length.filter(|_| !headers.contains_key(header::CONTENT_ENCODING));
    let covers_whole = odd_range.map(|range| validators::covers_whole(range, plain_length));
    let asks_whole = visit.method == Method::GET && !visit.is_own_range && !visit.sent.range;
    if let (Some(range), Some(Some(false))) = (odd_range, covers_whole)
        && asks_whole
    {
        return Ok(slice(status, range));
    }
    if let Sink::None = visit.sink {
        return Ok(accepted);
    }
    let is_plain = decoding.is_none() && !visit.is_own_range;
    let length = length.filter(|_| decoding.is_none());
    let mut version = validators::of(headers, length, is_plain);
    if visit.has_conditions {
        // What comes may be a part, or another variant than a plain request would get.
        version.validators = Validators::default();
    }
    match status {
        StatusCode::NOT_MODIFIED if visit.sent.unless => Ok(Meaning::Unchanged),
        StatusCode::RANGE_NOT_SATISFIABLE if visit.sent.range => {
            let length = range.and_then(validators::unsatisfied);
            let is_all = length.is_some_and(|length| visit.sink.is_all(length));
            Ok(if is_all {
                Meaning::Complete
            } else {
                Meaning::Afresh
            })
        }
        StatusCode::PARTIAL_CONTENT if visit.sent.range => Ok(part(visit, range, length, &version)),
        // A part under another status: it is none only if its range is all there is.
        _ if visit.sent.range && covers_whole.is_some_and(|covers| covers != Some(true)) => {
            Ok(part(visit, range, length, &version))
        }
        StatusCode::PARTIAL_CONTENT if !visit.is_own_range => Ok(refused(
            FailureKind::Protocol,
            "the server sent a part of the body (206), though the whole was asked for",
        )),
        _ if !is_accepted => Ok(accepted),
        StatusCode::NOT_MODIFIED => Ok(refused(
            FailureKind::Status,
            "not modified (304), so there is no body to save",
        )),
        _ if status.is_redirection() => Ok(refused(
            FailureKind::Redirect,
            "a redirect that is not followed has no body to save",
        )),
        _ => whole(visit, version),
    }
}

/// Judges a part of the body that was asked for: it is continued from, or of no use.
fn part(
    visit: &mut Visit<'_>,
    range: Option<&HeaderValue>,
    length: Option<u64>,
    version: &Version,
) -> Meaning {
    let range = range.and_then(validators::content_range);
    let fits = range.is_some_and(|range| {
        let count = range.last.saturating_sub(range.first).saturating_add(1);
        // The two lengths that it states are one.
        length.is_none_or(|length| length == count) && visit.sink.go_on(range, version)
    });
    if fits { Meaning::Body } else { Meaning::Afresh }
}

/// Judges a body that says it is the whole. After a request for a part it may be that part, so its
/// length is held against the known one of the same version.
fn whole(visit: &mut Visit<'_>, mut version: Version) -> Result<Meaning, Broken> {
    let url = visit.location.text();
    let known = visit.sink.known_length(url, &version);
    if let Some(known) = known.filter(|_| visit.has_asked_range) {
        match version.length {
            Some(length) if length == known.length => {}
            Some(_) if visit.sent.range => return Ok(Meaning::Afresh),
            Some(length) if known.is_same_version => {
                return Ok(two_lengths(known.length, length));
            }
            // The end of the body will show.
            None if known.is_same_version && version.is_plain => {
                version.length = Some(known.length)
            }
            _ => {}
        }
    }
    match visit.sink.start(url, version) {
        Ok(()) => Ok(Meaning::Body),
        Err(refused) => Err(Broken::Own(error::from_refused(refused))),
    }
}

fn refused(kind: FailureKind, message: impl Into<String>) -> Meaning {
    Meaning::Refused(Failure {
        kind,
        phase: None,
        message: message.into(),
    })
}

/// The refusal of a part that came with the status of a whole.
fn slice(status: StatusCode, range: &HeaderValue) -> Meaning {
    refused(
        FailureKind::Protocol,
        format!(
            "the server sent a part of the body ({}, Content-Range: {}), though the whole was asked \
             for",
            status.as_u16(),
            excerpt(&String::from_utf8_lossy(range.as_bytes()), 60)
        ),
    )
}

/// The refusal of a body that contradicts what the server said before.
fn two_lengths(known: u64, now: u64) -> Meaning {
    refused(
        FailureKind::Protocol,
        format!(
            "the server gives one version of the body (the same ETag) {known} bytes at one time and \
             {now} at another; to take what it sends now, fetch it with --no-resume"
        ),
    )
}
