//! The classification of responses: status and headers decide whether the body is the wanted one,
//! whether it continues a part, and whether the request has to be repeated.

use http::{Method, StatusCode};

use super::decode::Codings;
use super::error::{self, two_lengths};
use super::fetch_state::{FetchState, RequestError};
use super::plain_targets::HeaderStanding;
use super::redirect::is_redirect;
use super::sink::Sink;
use super::transport::head::ResponseHead;
use super::validators;
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
    if state.sent.are_suspected_by(status) {
        // What is there of the body is not given up for a failure that may pass.
        if state.header_standing == HeaderStanding::Suspected {
            return Ok(ResponseClass::ConditionsRefused);
        }
        state.header_standing = HeaderStanding::Suspected;
    }
    let accepted = if is_accepted {
        ResponseClass::Body
    } else {
        ResponseClass::Unwanted
    };
    let range = head.get("content-range");
    // RFC 9110, 14.4 gives Content-Range a meaning under 206 only, but some servers send parts with it under
    // 200.
    let odd_range = range.filter(|_| status.is_success() && is_accepted);
    let plain_length = length.filter(|_| head.get("content-encoding").is_none());
    let covers_whole = odd_range.map(|_| validators::cover_whole(head, plain_length));
    state.length_by_range = range
        .filter(|_| covers_whole == Some(Some(true)) && length.is_none())
        .and_then(validators::total);
    state.is_page = false;
    let asks_whole = state.method == Method::GET && !state.has_user_range && !state.sent.range;
    let is_partial = status == StatusCode::PARTIAL_CONTENT;
    let covers_less = match covers_whole {
        // A part without a range may be any.
        _ if is_partial => covers_whole.flatten() != Some(true),
        _ => covers_whole == Some(Some(false)),
    };
    if asks_whole && is_accepted && covers_less {
        return Ok(part_as_whole(status, range));
    }
    if let Sink::None = state.sink {
        return Ok(accepted);
    }
    let is_plain = decoding.is_none() && !state.has_user_range;
    let length = length.filter(|_| decoding.is_none());
    let mut version = match state.sink.compares_versions() {
        true => validators::of(head, length, is_plain),
        // Dates take longer to read than all the rest of the head.
        false => Version {
            length,
            is_plain,
            ..Version::default()
        },
    };
    if is_partial && asks_whole {
        // It covers the whole, as was checked above.
        let stated = state.length_by_range.filter(|_| decoding.is_none());
        version.length = version.length.or(stated);
    }
    if state.has_conditions {
        // The response may be a part, or another variant than that of a plain request.
        version.validators = Validators::default();
    }
    match status {
        StatusCode::NOT_MODIFIED if state.sent.unless => {
            let is_same = state.sink.is_confirmed_by(&version.validators);
            Ok(if is_same {
                ResponseClass::Unchanged
            } else {
                ResponseClass::ConditionsRefused
            })
        }
        StatusCode::RANGE_NOT_SATISFIABLE if state.sent.range => {
            let length = range.and_then(validators::unsatisfied);
            let is_all =
                length.is_some_and(|length| state.sink.is_complete(length, &version.validators));
            Ok(if is_all {
                ResponseClass::Complete
            } else {
                ResponseClass::Restart
            })
        }
        StatusCode::PARTIAL_CONTENT if state.sent.range => Ok(part(state, head, length, &version)),
        // Content-Range under another status: a part, unless it covers the whole.
        _ if state.sent.range && covers_whole.is_some_and(|covers| covers != Some(true)) => {
            Ok(part(state, head, length, &version))
        }
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
        _ => whole(state, version, is_page(head)),
    }
}

/// Classifies a part that was asked for: it continues the part on disk, or the fetch restarts.
fn part(
    state: &mut FetchState<'_>,
    head: &ResponseHead,
    length: Option<u64>,
    version: &Version,
) -> ResponseClass {
    let fits = validators::range(head).is_some_and(|range| {
        // Content-Length and Content-Range have to agree.
        length.is_none_or(|length| range.count() == Some(length))
            && state.sink.continue_with(range, version)
    });
    if fits {
        ResponseClass::Body
    } else {
        ResponseClass::Restart
    }
}

/// Classifies a body that claims to be the whole. After a request for a range it may be that range,
/// so its length is compared with the known length of the same version.
fn whole(
    state: &mut FetchState<'_>,
    mut version: Version,
    is_page: bool,
) -> Result<ResponseClass, RequestError> {
    let url = state.target.location.text();
    let known = state.sink.known_length(url, &version);
    if let Some(known) = known.filter(|_| state.has_asked_range) {
        let is_same = known.is_same_version && version.is_plain;
        match version.length {
            Some(length) if known.is_exact && length == known.length => {}
            // It may be the range. The answer to a request for the whole leaves no such doubt.
            _ if state.sent.range => return Ok(ResponseClass::Restart),
            Some(length) if is_same && (known.is_exact || length < known.length) => {
                return Ok(refused(FailureKind::Protocol, two_lengths(known, length)));
            }
            // The length is checked at the end of the body.
            None if is_same && known.is_exact => version.length = Some(known.length),
            None if is_same => version.least_length = known.length,
            _ => {}
        }
    }
    state.is_page = is_page;
    if is_page && state.replaced.is_none() {
        state.replaced = state.sink.length_if_no_page(url);
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
        is_alone: false,
    })
}

/// The refusal of a part under the status of a whole body.
fn part_as_whole(status: StatusCode, range: Option<&[u8]>) -> ResponseClass {
    let range = match range {
        Some(range) => excerpt(&String::from_utf8_lossy(range), 60),
        None => "none".to_owned(),
    };
    refused(
        FailureKind::Protocol,
        format!(
            "the server sent a part of the body ({}, Content-Range: {range}), though the whole was asked \
             for",
            status.as_u16(),
        ),
    )
}

/// True if the response says that it is a web page.
fn is_page(head: &ResponseHead) -> bool {
    let media_type = head.text("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|page| media_type.eq_ignore_ascii_case(page))
}
