//! Records of an attempt, its phases and its exchanges.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number;
use crate::model::json::{Rfc3339, Seconds};
use crate::model::outcome::{Attempt, Exchange, Failure, FailureKind, HttpVersion};
use crate::model::text::escape;
use crate::model::timing::{Phase, Timing};

/// A moment by both clocks. Monotonic times are not written; a replay derives them from wall-clock times, so
/// that the distances between them are right.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockAnchor {
    wall: SystemTime,
    monotonic: Instant,
}

impl ClockAnchor {
    /// Maps `wall` to this moment of the monotonic clock.
    pub(super) fn new(wall: SystemTime) -> Self {
        ClockAnchor {
            wall,
            monotonic: Instant::now(),
        }
    }

    fn instant(self, time: SystemTime) -> Option<Instant> {
        match time.duration_since(self.wall) {
            Ok(after) => self.monotonic.checked_add(after),
            Err(error) => self.monotonic.checked_sub(error.duration()),
        }
    }

    /// Start and end by the monotonic clock; `None` if it cannot represent one of them.
    pub(super) fn span(self, start: SystemTime, length: Duration) -> Option<(Instant, Instant)> {
        let start = self.instant(start)?;
        Some((start, start.checked_add(length)?))
    }
}

/// Text of a log as the model may hold it: escaped, because the log need not be pfetch's.
pub(super) fn escaped(text: &str) -> Arc<str> {
    Arc::from(escape(text))
}

/// Worker of this number, which was [checked](super::result::ResultRecord::check_workers).
pub(super) fn worker(number: Option<u32>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok())
}

/// HTTP version of this name. Servers answer with two only, so any other name is taken for HTTP/1.1.
pub(super) fn http_version(name: &str) -> HttpVersion {
    match name {
        "HTTP/1.0" => HttpVersion::Http10,
        _ => HttpVersion::Http11,
    }
}

/// Phases of an attempt (`timing`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct TimingRecord {
    blocked: Option<Seconds>,
    dns: Option<Seconds>,
    connect: Option<Seconds>,
    ssl: Option<Seconds>,
    send: Option<Seconds>,
    wait: Option<Seconds>,
    receive: Option<Seconds>,
    total: Option<Seconds>,
    ttfb: Option<Seconds>,
}

impl From<&Timing> for TimingRecord {
    fn from(timing: &Timing) -> Self {
        TimingRecord {
            blocked: timing.phase(Phase::Blocked).map(Seconds),
            dns: timing.phase(Phase::Dns).map(Seconds),
            connect: timing.phase(Phase::Connect).map(Seconds),
            ssl: timing.phase(Phase::Ssl).map(Seconds),
            send: timing.phase(Phase::Send).map(Seconds),
            wait: timing.phase(Phase::Wait).map(Seconds),
            receive: timing.phase(Phase::Receive).map(Seconds),
            total: timing.total().map(Seconds),
            ttfb: timing.ttfb().map(Seconds),
        }
    }
}

impl From<TimingRecord> for Timing {
    fn from(record: TimingRecord) -> Self {
        let mut timing = Timing::default();
        for (phase, seconds) in [
            (Phase::Blocked, record.blocked),
            (Phase::Dns, record.dns),
            (Phase::Connect, record.connect),
            (Phase::Ssl, record.ssl),
            (Phase::Send, record.send),
            (Phase::Wait, record.wait),
            (Phase::Receive, record.receive),
        ] {
            timing.set(phase, seconds.map(|seconds| seconds.0));
        }
        timing.set_total(record.total.map(|seconds| seconds.0));
        timing.set_ttfb(record.ttfb.map(|seconds| seconds.0));
        timing
    }
}

/// An attempt that another one followed (an item of `earlier`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct AttemptRecord<'a> {
    started_at: Option<Rfc3339>,
    pub(super) worker: Option<u32>,
    total: Seconds,
    timing: TimingRecord,
    #[schemars(range(min = 100, max = 999))]
    status: Option<u16>,
    requests: u32,
    #[serde(deserialize_with = "number::count")]
    wire_bytes: u64,
    #[serde(borrow)]
    exchanges: Vec<ExchangeRecord<'a>>,
    #[serde(borrow)]
    error: Option<FailureRecord<'a>>,
}

impl<'a> From<&'a Attempt> for AttemptRecord<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        AttemptRecord {
            started_at: attempt.started_at.map(Rfc3339),
            worker: attempt.worker.map(u32::from),
            total: Seconds(attempt.total()),
            timing: TimingRecord::from(&attempt.timing),
            status: attempt.status,
            requests: attempt.requests,
            wire_bytes: attempt.wire_bytes.unwrap_or_default(),
            exchanges: attempt.exchanges().iter().map(Into::into).collect(),
            error: attempt.error.as_deref().map(Into::into),
        }
    }
}

impl AttemptRecord<'_> {
    /// The attempt, with its span by the monotonic clock.
    pub(super) fn into_attempt(self, anchor: ClockAnchor) -> Attempt {
        let started_at = self.started_at.map(|time| time.0);
        let mut timing = Timing::from(self.timing);
        timing.set_total(Some(self.total.0));
        Attempt {
            started_at,
            span: started_at.and_then(|start| anchor.span(start, self.total.0)),
            worker: worker(self.worker),
            timing,
            status: self.status,
            error: self.error.map(|error| Box::new(error.into())),
            requests: self.requests,
            wire_bytes: Some(self.wire_bytes),
            exchanges: exchanges(self.exchanges).map(Box::new),
            ..Attempt::default()
        }
    }
}

/// Reason of a failure (`error`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct FailureRecord<'a> {
    kind: FailureKind,
    phase: Option<Phase>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

impl<'a> From<&'a Failure> for FailureRecord<'a> {
    fn from(failure: &'a Failure) -> Self {
        FailureRecord {
            kind: failure.kind,
            phase: failure.phase,
            message: Cow::Borrowed(&failure.message),
        }
    }
}

impl From<FailureRecord<'_>> for Failure {
    fn from(record: FailureRecord<'_>) -> Self {
        Failure {
            kind: record.kind,
            phase: record.phase,
            message: escape(&record.message),
            is_transient: false,
            is_alone: false,
        }
    }
}

/// A request and its response (an item of `exchanges`). Headers are pairs, because a name may come more than
/// once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct ExchangeRecord<'a> {
    #[serde(borrow)]
    #[schemars(extend("enum" = ["GET", "HEAD", "CONNECT"]))]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    remote: Option<SocketAddr>,
    proxy: Option<Cow<'a, str>>,
    reused: Option<bool>,
    request: Cow<'a, [(String, String)]>,
    #[schemars(with = "Option<HttpVersion>")]
    http_version: Option<Cow<'a, str>>,
    #[schemars(range(min = 100, max = 999))]
    status: Option<u16>,
    response: Cow<'a, [(String, String)]>,
}

impl<'a> From<&'a Exchange> for ExchangeRecord<'a> {
    fn from(exchange: &'a Exchange) -> Self {
        ExchangeRecord {
            method: Cow::Borrowed(&exchange.method),
            url: Cow::Borrowed(&exchange.url),
            remote: exchange.remote,
            proxy: exchange.proxy.as_deref().map(Cow::Borrowed),
            reused: exchange.reused,
            request: Cow::Borrowed(&exchange.request),
            http_version: exchange.status.map(|(version, _)| Cow::Borrowed(version)),
            status: exchange.status.map(|(_, status)| status),
            response: Cow::Borrowed(&exchange.response),
        }
    }
}

impl From<ExchangeRecord<'_>> for Exchange {
    fn from(record: ExchangeRecord<'_>) -> Self {
        let version = record.http_version.as_deref().map(http_version);
        Exchange {
            method: escape(&record.method),
            url: escaped(&record.url),
            request: headers(&record.request),
            remote: record.remote,
            proxy: record.proxy.map(|proxy| escape(&proxy)),
            reused: record.reused,
            status: version.map(HttpVersion::as_str).zip(record.status),
            response: headers(&record.response),
        }
    }
}

/// The exchanges of an attempt; `None` for an empty list, which means that the run kept none.
pub(super) fn exchanges(records: Vec<ExchangeRecord<'_>>) -> Option<Vec<Exchange>> {
    let has_any = !records.is_empty();
    has_any.then(|| records.into_iter().map(Exchange::from).collect())
}

fn headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (escape(name), escape(value)))
        .collect()
}
