//! An entry of a HAR: a request and its response.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::Serialize;

use super::super::attempt_view::AttemptView;
use super::super::document::Safe;
use crate::model::outcome::{Exchange, HttpVersion, Outcome};
use crate::model::target::Verb;
use crate::model::text::escape;
use crate::model::timing::{Phase, Timing};

/// MIME type that browsers write for a response without Content-Type.
const UNKNOWN_TYPE: &str = "x-unknown";

type Header = (String, String);

/// The known data of a request, from its exchange or from the outcome.
struct KnownRequest<'a> {
    method: &'a str,
    url: &'a str,
    request: &'a [Header],
    version: Option<&'a str>,
    status: Option<u16>,
    response: &'a [Header],
    /// The URL that a redirect led to.
    next: Option<&'a str>,
    remote: Option<SocketAddr>,
    proxy: Option<&'a str>,
    /// True if headers were kept, so that a missing one was not sent.
    has_headers: bool,
}

/// The entries of an attempt's requests, in their order.
pub(super) fn entries<'a>(
    outcome: &'a Outcome,
    view: &'a AttemptView<'a>,
    started_at: SystemTime,
    page: Option<&'a str>,
) -> Vec<HarEntry<'a>> {
    let known = if view.attempt.exchanges().is_empty() {
        from_outcome(outcome, view)
    } else {
        view.attempt.exchanges().iter().map(from_exchange).collect()
    };
    let last = known.len() - 1;
    known
        .iter()
        .enumerate()
        .map(|(i, known)| entry(outcome, view, known, (i == last, started_at, page)))
        .collect()
}

fn from_exchange(exchange: &Exchange) -> KnownRequest<'_> {
    KnownRequest {
        method: &exchange.method,
        url: &exchange.url,
        request: &exchange.request,
        version: exchange.status.map(|(version, _)| version),
        status: exchange.status.map(|(_, status)| status),
        response: &exchange.response,
        next: header(&exchange.response, "location"),
        remote: exchange.remote,
        proxy: exchange.proxy.as_deref(),
        has_headers: true,
    }
}

/// The requests of an attempt without exchanges: the redirects of the last attempt, and the request that they
/// led to.
fn from_outcome<'a>(outcome: &'a Outcome, view: &AttemptView<'a>) -> Vec<KnownRequest<'a>> {
    let blank = KnownRequest {
        method: match outcome.verb {
            Verb::Get => "GET",
            Verb::Head => "HEAD",
        },
        url: &outcome.url,
        request: &[],
        version: None,
        status: None,
        response: &[],
        next: None,
        remote: None,
        proxy: None,
        has_headers: false,
    };
    if !view.is_last {
        return vec![KnownRequest {
            status: view.attempt.status,
            ..blank
        }];
    }
    let end = outcome.final_url().unwrap_or(&outcome.url);
    let mut all = Vec::with_capacity(outcome.redirects().len() + 1);
    for (i, hop) in outcome.redirects().iter().enumerate() {
        let next = outcome.redirects().get(i + 1).map_or(end, |next| &next.url);
        all.push(KnownRequest {
            url: &hop.url,
            status: Some(hop.status),
            next: Some(next),
            ..blank
        });
    }
    all.push(KnownRequest {
        url: end,
        version: outcome.last.version.map(HttpVersion::as_str),
        status: view.attempt.status,
        remote: outcome.last.remote,
        ..blank
    });
    all
}

fn entry<'a>(
    outcome: &Outcome,
    view: &AttemptView<'a>,
    known: &KnownRequest<'a>,
    (is_last, started_at, page): (bool, SystemTime, Option<&'a str>),
) -> HarEntry<'a> {
    let url = known.url.split('#').next().unwrap_or_default();
    let error = view.attempt.error.as_deref().filter(|_| is_last);
    let error = error.map(|error| escape(&error.to_string()));
    let unknown = Timing::default();
    let timings = HarTimings::new(if is_last {
        &view.attempt.timing
    } else {
        &unknown
    });
    let status = known
        .status
        .and_then(|code| StatusCode::from_u16(code).ok());
    let bytes = if is_last && view.is_last {
        outcome.bytes
    } else {
        0
    };
    HarEntry {
        pageref: page,
        started_date_time: rfc3339(started_at),
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
            status: known.status.unwrap_or(0),
            status_text: status
                .and_then(|status| status.canonical_reason())
                .unwrap_or(""),
            http_version: Safe(known.version.unwrap_or("")),
            cookies: [],
            headers: headers(known.response),
            content: HarContent {
                size: bytes,
                mime_type: Safe(header(known.response, "content-type").unwrap_or(UNKNOWN_TYPE)),
            },
            redirect_url: Safe(known.next.unwrap_or("")),
            headers_size: -1,
            body_size: body_size(
                known,
                bytes,
                is_last && view.attempt.error.as_deref().is_none(),
            ),
            transfer_size: view.attempt.wire_bytes.filter(|_| is_last),
            error: error.clone(),
        },
        cache: HarCache {},
        timings,
        server_ip_address: known.remote.map(|remote| remote.ip().to_string()),
        connection: known.remote.map(|remote| remote.port().to_string()),
        comment: comment(outcome, view, known, is_last, error),
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

fn header<'a>(headers: &'a [Header], wanted: &str) -> Option<&'a str> {
    let mut found = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.next().map(|(_, value)| value.as_str())
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
