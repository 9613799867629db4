//! One request and its response in the words of HAR.

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

/// What browsers write where there is no Content-Type.
const UNKNOWN_TYPE: &str = "x-unknown";

type Header = (String, String);

/// What is known of one request, wherever it is known from.
struct Known<'a> {
    method: &'a str,
    url: &'a str,
    request: &'a [Header],
    version: Option<&'a str>,
    status: Option<u16>,
    response: &'a [Header],
    /// Where a redirect led.
    next: Option<&'a str>,
    remote: Option<SocketAddr>,
    proxy: Option<&'a str>,
    /// Whether headers were kept, so that one that is not there was not sent.
    has_headers: bool,
}

/// The requests of one attempt, in their order.
pub(super) fn entries<'a>(
    outcome: &'a Outcome,
    view: &'a AttemptView<'a>,
    started_at: SystemTime,
    page: Option<&'a str>,
) -> Vec<Entry<'a>> {
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

fn from_exchange(exchange: &Exchange) -> Known<'_> {
    Known {
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

/// Without headers: the redirects of the last attempt, and the request that they led to.
fn from_outcome<'a>(outcome: &'a Outcome, view: &AttemptView<'a>) -> Vec<Known<'a>> {
    let blank = Known {
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
        return vec![Known {
            status: view.attempt.status,
            ..blank
        }];
    }
    let end = outcome.final_url().unwrap_or(&outcome.url);
    let mut all = Vec::with_capacity(outcome.redirects().len() + 1);
    for (i, hop) in outcome.redirects().iter().enumerate() {
        let next = outcome.redirects().get(i + 1).map_or(end, |next| &next.url);
        all.push(Known {
            url: &hop.url,
            status: Some(hop.status),
            next: Some(next),
            ..blank
        });
    }
    all.push(Known {
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
    known: &Known<'a>,
    (is_last, started_at, page): (bool, SystemTime, Option<&'a str>),
) -> Entry<'a> {
    let url = known.url.split('#').next().unwrap_or_default();
    let error = view.attempt.error.as_deref().filter(|_| is_last);
    let error = error.map(|error| escape(&error.to_string()));
    let unknown = Timing::default();
    let timings = Timings::new(if is_last {
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
    Entry {
        pageref: page,
        started_date_time: rfc3339(started_at),
        time: timings.sum(),
        request: Request {
            method: Safe(known.method),
            url: Safe(url),
            http_version: "HTTP/1.1",
            cookies: [],
            headers: headers(known.request),
            query_string: query(url),
            headers_size: -1,
            body_size: 0,
        },
        response: Response {
            status: known.status.unwrap_or(0),
            status_text: status
                .and_then(|status| status.canonical_reason())
                .unwrap_or(""),
            http_version: Safe(known.version.unwrap_or("")),
            cookies: [],
            headers: headers(known.response),
            content: Content {
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
        cache: Cache {},
        timings,
        server_ip_address: known.remote.map(|remote| remote.ip().to_string()),
        connection: known.remote.map(|remote| remote.port().to_string()),
        comment: comment(outcome, view, known, is_last, error),
    }
}

/// What stands in no field of the format's own.
fn comment(
    outcome: &Outcome,
    view: &AttemptView<'_>,
    known: &Known<'_>,
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

/// The body's size as it was sent; -1 if that is not known. The bytes that are counted are decoded.
fn body_size(known: &Known<'_>, bytes: u64, is_whole: bool) -> i64 {
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

fn headers(headers: &[Header]) -> Vec<Pair<'_>> {
    headers
        .iter()
        .map(|(name, value)| Pair {
            name: Safe(name),
            value: Safe(value),
        })
        .collect()
}

/// The parameters as they stand in the URL: decoded they could be anything.
fn query(url: &str) -> Vec<Pair<'_>> {
    let Some((_, query)) = url.split_once('?') else {
        return Vec::new();
    };
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Pair {
                name: Safe(name),
                value: Safe(value),
            }
        })
        .collect()
}

/// In milliseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    // One rounding, so that 47.1 ms is 47.1.
    duration.as_nanos() as f64 / 1e6
}

pub(super) fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pageref: Option<&'a str>,
    started_date_time: String,
    time: f64,
    request: Request<'a>,
    response: Response<'a>,
    cache: Cache,
    timings: Timings,
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    server_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    method: Safe<'a>,
    url: Safe<'a>,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair<'a>>,
    query_string: Vec<Pair<'a>>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    status: u16,
    status_text: &'static str,
    http_version: Safe<'a>,
    cookies: [(); 0],
    headers: Vec<Pair<'a>>,
    content: Content<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: Safe<'a>,
    headers_size: i64,
    body_size: i64,
    /// Chrome's own: all that came, headers and framing too.
    #[serde(rename = "_transferSize", skip_serializing_if = "Option::is_none")]
    transfer_size: Option<u64>,
    /// Chrome's own.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    size: u64,
    mime_type: Safe<'a>,
}

/// Nothing comes from a cache.
#[derive(Serialize)]
struct Cache {}

#[derive(Serialize)]
struct Pair<'a> {
    name: Safe<'a>,
    value: Safe<'a>,
}

/// In milliseconds, -1 for what did not happen and need not have.
#[derive(Serialize)]
struct Timings {
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

impl Timings {
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
        Timings {
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
