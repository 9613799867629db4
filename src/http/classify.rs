//! The classification of responses: status and headers decide whether the body is the wanted one,
//! whether it continues a part, and whether the request has to be repeated.

use http::{Method, StatusCode};

use super::decode::Codings;
use super::fetch_state::{FetchState, RequestError};
use super::redirect::is_redirect;
use super::sink::Sink;
use super::transport::head::ResponseHead;
use super::{error, validators};
use crate::model::outcome::{Failure, FailureKind};
use crate::model::text::excerpt;
use crate::save::{Validators, Version};

/// The class of a response.
pub(super) enum ResponseClass {
    /// Its body is the wanted one.
    Body,
    /// Its body is not wanted.
    Unwanted,
    /// The file on disk is up to date (304).
    Unchanged,
    /// The part on disk is the whole body already (416).
    Complete,
    /// The part on disk cannot be continued: request the whole body.
    Restart,
    /// The server refuses the conditions that pfetch had added: request the same without them.
    ConditionsRefused,
    /// Its media type is not an expected one.
    WrongType(Failure),
    /// The response does not fit the request.
    BodyError(Failure),
}

/// Classifies a response that is not a redirect. If its body is the wanted one, the sink is started,
/// or set to continue its part.
pub(super) fn classify_response(
    state: &mut FetchState<'_>,
    status: StatusCode,
    is_accepted: bool,
    head: &ResponseHead,
    decoding: Option<Codings>,
    length: Option<u64>,
) -> Result<ResponseClass, RequestError> {
    if state.sent.are_refused_by(status) {
        return Ok(ResponseClass::ConditionsRefused);
    }
    let accepted = if is_accepted {
        ResponseClass::Body
    } else {
        ResponseClass::Unwanted
    };
    let range = head.get("content-range");
    let is_whole = status.is_success() && status != StatusCode::PARTIAL_CONTENT && is_accepted;
    // RFC 9110, 14.4 gives Content-Range no meaning here, but some servers send parts with it.
    let odd_range = range.filter(|_| is_whole);
    let plain_length = length.filter(|_| head.get("content-encoding").is_none());
    let covers_whole = odd_range.map(|_| validators::cover_whole(head, plain_length));
    state.length_by_range = range
        .filter(|_| covers_whole == Some(Some(true)) && length.is_none())
        .and_then(validators::total);
    let asks_whole = state.method == Method::GET && !state.has_user_range && !state.sent.range;
    if let (Some(range), Some(Some(false))) = (odd_range, covers_whole)
        && asks_whole
    {
        return Ok(part_as_whole(status, range));
    }
    if let Sink::None = state.sink {
        return Ok(accepted);
    }
    let is_plain = decoding.is_none() && !state.has_user_range;
    let length = length.filter(|_| decoding.is_none());
    let mut version = validators::of(head, length, is_plain);
    if state.has_conditions {
        // The response may be a part, or another variant than that of a plain request.
        version.validators = Validators::default();
    }
    match status {
        StatusCode::NOT_MODIFIED if state.sent.unless => Ok(ResponseClass::Unchanged),
        StatusCode::RANGE_NOT_SATISFIABLE if state.sent.range => {
            let length = range.and_then(validators::unsatisfied);
            let is_all = length.is_some_and(|length| state.sink.is_complete(length));
            Ok(if is_all {
                ResponseClass::Complete
            } else {
                ResponseClass::Restart
            })
        }
        StatusCode::PARTIAL_CONTENT if state.sent.range => Ok(part(state, range, length, &version)),
        // Content-Range under another status: a part, unless it covers the whole.
        _ if state.sent.range && covers_whole.is_some_and(|covers| covers != Some(true)) => {
            Ok(part(state, range, length, &version))
        }
        StatusCode::PARTIAL_CONTENT if !state.has_user_range => Ok(refused(
            FailureKind::Protocol,
            "the server sent a part of the body (206), though the whole was asked for",
        )),
        _ if !is_accepted => Ok(accepted),
        StatusCode::NOT_MODIFIED => Ok(refused(
            FailureKind::Status,
            "not modified (304), so there is no body to save",
        )),
        // It leads elsewhere, and `--max-redirects 0` keeps it from being followed.
        _ if is_redirect(status) && head.get("location").is_some() => Ok(refused(
            FailureKind::Redirect,
            "a redirect that is not followed has no body to save",
        )),
        // Any other has a body like that of a success, such as a list of choices.
        _ if status.is_redirection() && length == Some(0) => Ok(refused(
            FailureKind::Status,
            format!(
                "status {}, which redirects nowhere, has no body to save",
                status.as_u16()
            ),
        )),
        _ => whole(state, version),
    }
}

/// Classifies a part that was asked for: it continues the part on disk, or the fetch restarts.
fn part(
    state: &mut FetchState<'_>,
    range: Option<&[u8]>,
    length: Option<u64>,
    version: &Version,
) -> ResponseClass {
    let range = range.and_then(validators::content_range);
    let fits = range.is_some_and(|range| {
        let count = range.last.saturating_sub(range.first).saturating_add(1);
        // Content-Length and Content-Range have to agree.
        length.is_none_or(|length| length == count) && state.sink.continue_with(range, version)
    });
    if fits {
        ResponseClass::Body
    } else {
        ResponseClass::Restart
    }
}

/// Classifies a body that claims to be the whole. After a request for a range it may be that range,
/// so its length is compared with the known length of the same version.
fn whole(state: &mut FetchState<'_>, mut version: Version) -> Result<ResponseClass, RequestError> {
    let url = state.location.text();
    let known = state.sink.known_length(url, &version);
    if let Some(known) = known.filter(|_| state.has_asked_range) {
        match version.length {
            Some(length) if length == known.length => {}
            Some(_) if state.sent.range => return Ok(ResponseClass::Restart),
            Some(length) if known.is_same_version => {
                return Ok(two_lengths(known.length, length));
            }
            // The length is checked at the end of the body.
            None if known.is_same_version && version.is_plain => {
                version.length = Some(known.length)
            }
            // It may be the range, and no ETag warrants the length: `Last-Modified` is often copied with a
            // file that has changed. The answer to a request for the whole leaves no such doubt.
            None if state.sent.range => return Ok(ResponseClass::Restart),
            _ => {}
        }
    }
    match state.sink.start(url, version) {
        Ok(()) => Ok(ResponseClass::Body),
        Err(refused) => Err(RequestError::Failed(error::from_refused(refused))),
    }
}

fn refused(kind: FailureKind, message: impl Into<String>) -> ResponseClass {
    ResponseClass::BodyError(Failure {
        kind,
        phase: None,
        message: message.into(),
        is_transient: false,
    })
}

/// The refusal of a part under the status of a whole body.
fn part_as_whole(status: StatusCode, range: &[u8]) -> ResponseClass {
    refused(
        FailureKind::Protocol,
        format!(
            "the server sent a part of the body ({}, Content-Range: {}), though the whole was asked \
             for",
            status.as_u16(),
            excerpt(&String::from_utf8_lossy(range), 60)
        ),
    )
}

/// The refusal of a body whose length contradicts an earlier response with the same ETag.
fn two_lengths(known: u64, now: u64) -> ResponseClass {
    refused(
        FailureKind::Protocol,
        format!(
            "the server gives one version of the body (the same ETag) {known} bytes at one time and \
             {now} at another; to take what it sends now, fetch it with --no-resume"
        ),
    )
}
