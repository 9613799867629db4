//! An entry of a HAR: a request and its response.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::Serialize;

use super::super::attempt_view::AttemptView;
use super::super::document::Safe;
use super::known_request::{Header, KnownRequest, header, known_requests};
use crate::model::outcome::Outcome;
use crate::model::text::escape;
use crate::model::timing::{Phase, Timing};

/// MIME type that browsers write for a response without Content-Type.
const UNKNOWN_TYPE: &str = "x-unknown";

/// The entries of an attempt's requests, in their order.
pub(super) fn entries<'a>(
    outcome: &'a Outcome,
    view: &'a AttemptView<'a>,
    started_at: SystemTime,
    page: Option<&'a str>,
) -> Vec<HarEntry<'a>> {
    let requests = known_requests(outcome, view);
    let count = requests.len();
    requests
        .iter()
        .enumerate()
        .map(|(place, known)| {
            let is_last = place + 1 == count;
            HarEntry {
                pageref: page,
                started_date_time: rfc3339(started_at),
                ..entry(outcome, view, known, is_last)
            }
        })
        .collect()
}

/// The entry of a request, but for its page and its start. The last request has the time and the bytes of all.
fn entry<'a>(
    outcome: &'a Outcome,
    view: &AttemptView<'a>,
    known: &KnownRequest<'a>,
    is_last: bool,
) -> HarEntry<'a> {
    let url = known.url.split('#').next().unwrap_or_default();
    let error = view.attempt.error.as_deref().filter(|_| is_last);
    let error = error.map(|error| escape(&error.to_string()));
    let timings = match is_last {
        true => HarTimings::new(&view.attempt.timing),
        false => HarTimings::new(&Timing::default()),
    };
    let bytes = match is_last && view.is_last {
        true => outcome.bytes,
        false => 0,
    };
    HarEntry {
        pageref: None,
        started_date_time: String::new(),
        time: timings.sum(),
        request: HarRequest {
            method: Safe(known.method),
            url: Safe(url),
            http_version: "HTTP/1.1",
            cookies: [],
            headers: headers(known.request),
            query_string: query(url),
            headers_size: -1,
            body_size: 0,
        },
        response: HarResponse {
            body_size: body_size(known, bytes, is_last && error.is_none()),
            transfer_size: view.attempt.wire_bytes.filter(|_| is_last),
            error: error.clone(),
            ..response(
                known,
                bytes,
                outcome.content_type().filter(|_| is_last && view.is_last),
            )
        },
        cache: HarCache {},
        timings,
        server_ip_address: known.remote.map(|remote| remote.ip().to_string()),
        connection: known.remote.map(|remote| remote.port().to_string()),
        comment: comment(outcome, view, known, is_last, error),
    }
}

/// The response of a request, but for its sizes and its error. `content_type` stands in where the run kept no
/// headers.
fn response<'a>(
    known: &KnownRequest<'a>,
    bytes: u64,
    content_type: Option<&'a str>,
) -> HarResponse<'a> {
    let mime_type = header(known.response, "content-type").or(content_type);
    let code = known
        .status
        .and_then(|code| StatusCode::from_u16(code).ok());
    HarResponse {
        status: known.status.unwrap_or(0),
        status_text: code.and_then(|code| code.canonical_reason()).unwrap_or(""),
        http_version: Safe(known.version.unwrap_or("")),
        cookies: [],
        headers: headers(known.response),
        content: HarContent {
            size: bytes,
            mime_type: Safe(mime_type.unwrap_or(UNKNOWN_TYPE)),
        },
        redirect_url: Safe(known.next.unwrap_or("")),
        headers_size: -1,
        body_size: -1,
        transfer_size: None,
        error: None,
    }
}

/// The comment: facts for which the format has no field.
fn comment(
    outcome: &Outcome,
    view: &AttemptView<'_>,
    known: &KnownRequest<'_>,
    is_last: bool,
    error: Option<String>,
) -> Option<String> {
    let mut parts = Vec::new();
    if !outcome.earlier().is_empty() {
        let of = outcome.earlier().len() + 1;
        parts.push(format!("attempt {} of {of}", view.number));
    }
    if let Some(proxy) = known.proxy {
        parts.push(format!("through proxy {}", escape(proxy)));
    }
    if !is_last {
        parts.push("its time and bytes are with the entry that it led to".to_owned());
    }
    parts.extend(error);
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Size of the body as it was sent; -1 if unknown. `bytes` is the decoded length, so a coded body is unknown.
fn body_size(known: &KnownRequest<'_>, bytes: u64, is_whole: bool) -> i64 {
    if known.method == "HEAD" || known.status == Some(304) {
        return 0;
    }
    let is_plain = known.has_headers && header(known.response, "content-encoding").is_none();
    if is_whole && is_plain && known.status.is_some() {
        i64::try_from(bytes).unwrap_or(-1)
    } else {
        -1
    }
}

fn headers(headers: &[Header]) -> Vec<NameValue<'_>> {
    headers
        .iter()
        .map(|(name, value)| NameValue {
            name: Safe(name),
            value: Safe(value),
        })
        .collect()
}

/// Query parameters as they are in the URL. Decoded, they could contain any characters.
fn query(url: &str) -> Vec<NameValue<'_>> {
    let Some((_, query)) = url.split_once('?') else {
        return Vec::new();
    };
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            NameValue {
                name: Safe(name),
                value: Safe(value),
            }
        })
        .collect()
}

/// A duration in milliseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    // Rounded once, so that 47.1 ms is 47.1.
    duration.as_nanos() as f64 / 1e6
}

/// A time in RFC 3339, to the millisecond.
pub(super) fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// An entry (`entries`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HarEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pageref: Option<&'a str>,
    started_date_time: String,
    time: f64,
    request: HarRequest<'a>,
    response: HarResponse<'a>,
    cache: HarCache,
    timings: HarTimings,
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    server_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest<'a> {
    method: Safe<'a>,
    url: Safe<'a>,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<NameValue<'a>>,
    query_string: Vec<NameValue<'a>>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarResponse<'a> {
    status: u16,
    status_text: &'static str,
    http_version: Safe<'a>,
    cookies: [(); 0],
    headers: Vec<NameValue<'a>>,
    content: HarContent<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: Safe<'a>,
    headers_size: i64,
    body_size: i64,
    /// Chrome's extension: all bytes received, headers and framing included.
    #[serde(rename = "_transferSize", skip_serializing_if = "Option::is_none")]
    transfer_size: Option<u64>,
    /// Chrome's extension.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarContent<'a> {
    size: u64,
    mime_type: Safe<'a>,
}

/// Cache use: none.
#[derive(Serialize)]
struct HarCache {}

#[derive(Serialize)]
struct NameValue<'a> {
    name: Safe<'a>,
    value: Safe<'a>,
}

/// Phases in milliseconds; -1 for an optional one that did not happen.
#[derive(Serialize)]
struct HarTimings {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
    #[serde(skip)]
    sum: Duration,
}

impl HarTimings {
    fn new(timing: &Timing) -> Self {
        let connect = match (timing.phase(Phase::Connect), timing.phase(Phase::Ssl)) {
            (None, None) => None,
            (connect, ssl) => Some(connect.unwrap_or_default() + ssl.unwrap_or_default()),
        };
        let optional = |phase: Option<Duration>| phase.map_or(-1.0, millis);
        let required = |phase: Option<Duration>| millis(phase.unwrap_or_default());
        let summands = [
            timing.phase(Phase::Blocked),
            timing.phase(Phase::Dns),
            connect,
            timing.phase(Phase::Send),
            timing.phase(Phase::Wait),
            timing.phase(Phase::Receive),
        ];
        HarTimings {
            blocked: optional(timing.phase(Phase::Blocked)),
            dns: optional(timing.phase(Phase::Dns)),
            connect: optional(connect),
            ssl: optional(timing.phase(Phase::Ssl)),
            send: required(timing.phase(Phase::Send)),
            wait: required(timing.phase(Phase::Wait)),
            receive: required(timing.phase(Phase::Receive)),
            sum: summands.into_iter().flatten().sum(),
        }
    }

    fn sum(&self) -> f64 {
        millis(self.sum)
    }
}
