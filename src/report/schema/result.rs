//! The objects of the JSON reports: what [`JsonLines`](super::JsonLines) documents, as types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::measure::Estimate;
use crate::model::event::RunInfo;
use crate::model::outcome::{
    Attempt, Exchange, Failure, FailureKind, HttpVersion, Outcome, Saved, Verdict,
};
use crate::model::summary::{RunsMade, Summary};
use crate::model::target::Verb;
use crate::model::text::hex;
use crate::model::timing::{Phase, Timing};
use crate::stats::Latency;

use crate::report::Baseline;

/// The version of the schema.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
pub(in crate::report) struct Run<'a> {
    schema: u32,
    version: &'a str,
    workers: usize,
    #[serde(serialize_with = "rfc3339")]
    started_at: Option<SystemTime>,
    startup: Seconds,
}

impl<'a> Run<'a> {
    pub(in crate::report) fn new(info: &'a RunInfo) -> Self {
        Run {
            schema: SCHEMA,
            version: &info.version,
            workers: info.workers,
            started_at: Some(info.started_at),
            startup: Seconds(info.startup),
        }
    }
}

#[derive(Serialize)]
pub(in crate::report) struct Result<'a> {
    index: u64,
    url: &'a str,
    final_url: Option<&'a str>,
    action: Verb,
    outcome: Verdict,
    status: Option<u16>,
    http_version: Option<&'static str>,
    attempts: u32,
    bytes: u64,
    wire_bytes: Option<u64>,
    remote: Option<SocketAddr>,
    reused: Option<bool>,
    worker: Option<u32>,
    #[serde(serialize_with = "rfc3339")]
    started_at: Option<SystemTime>,
    elapsed: Option<Seconds>,
    timing: Times,
    redirects: Vec<Redirect<'a>>,
    saved: Option<Save<'a>>,
    exchanges: Vec<Exchanged<'a>>,
    earlier: Vec<Earlier<'a>>,
    error: Option<Error<'a>>,
}

impl<'a> Result<'a> {
    pub(in crate::report) fn new(outcome: &'a Outcome) -> Self {
        Result {
            index: outcome.index,
            url: &outcome.url,
            final_url: outcome.final_url(),
            action: outcome.verb,
            outcome: outcome.verdict,
            status: outcome.status(),
            http_version: outcome.last.version.map(HttpVersion::as_str),
            attempts: outcome.requests(),
            bytes: outcome.bytes,
            wire_bytes: outcome.last.wire_bytes,
            remote: outcome.last.remote,
            reused: outcome.last.reused,
            worker: outcome.last.worker,
            started_at: outcome.last.started_at,
            elapsed: outcome.elapsed().map(Seconds),
            timing: Times::new(&outcome.last.timing),
            redirects: outcome
                .redirects()
                .iter()
                .map(|hop| Redirect {
                    url: &hop.url,
                    status: hop.status,
                })
                .collect(),
            saved: outcome.saved().map(Save::new),
            exchanges: outcome
                .last
                .exchanges()
                .iter()
                .map(Exchanged::new)
                .collect(),
            earlier: outcome.earlier().iter().map(Earlier::new).collect(),
            error: outcome.error().map(Error::new),
        }
    }
}

#[derive(Serialize)]
struct Times {
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

impl Times {
    fn new(timing: &Timing) -> Self {
        Times {
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

#[derive(Serialize)]
struct Redirect<'a> {
    url: &'a str,
    status: u16,
}

#[derive(Serialize)]
struct Save<'a> {
    path: Cow<'a, str>,
    bytes: u64,
    sha256: Option<String>,
    resumed_from: Option<u64>,
}

impl<'a> Save<'a> {
    fn new(saved: &'a Saved) -> Self {
        Save {
            // JSON has no way to say a path that is not UTF-8.
            path: saved.path.to_string_lossy(),
            bytes: saved.bytes,
            sha256: saved.sha256.map(hex),
            resumed_from: saved.resumed_from,
        }
    }
}

#[derive(Serialize)]
struct Error<'a> {
    kind: FailureKind,
    phase: Option<Phase>,
    message: &'a str,
}

impl<'a> Error<'a> {
    fn new(failure: &'a Failure) -> Self {
        Error {
            kind: failure.kind,
            phase: failure.phase,
            message: &failure.message,
        }
    }
}

#[derive(Serialize)]
struct Earlier<'a> {
    #[serde(serialize_with = "rfc3339")]
    started_at: Option<SystemTime>,
    worker: Option<u32>,
    total: Seconds,
    timing: Times,
    status: Option<u16>,
    requests: u32,
    wire_bytes: u64,
    exchanges: Vec<Exchanged<'a>>,
    error: Option<Error<'a>>,
}

impl<'a> Earlier<'a> {
    fn new(attempt: &'a Attempt) -> Self {
        Earlier {
            started_at: attempt.started_at,
            worker: attempt.worker,
            total: Seconds(attempt.total()),
            timing: Times::new(&attempt.timing),
            status: attempt.status,
            requests: attempt.requests,
            wire_bytes: attempt.wire_bytes.unwrap_or_default(),
            exchanges: attempt.exchanges().iter().map(Exchanged::new).collect(),
            error: attempt.error.as_deref().map(Error::new),
        }
    }
}

/// A request and its response. Headers may come more than once, so they are pairs.
#[derive(Serialize)]
struct Exchanged<'a> {
    method: &'a str,
    url: &'a str,
    remote: Option<SocketAddr>,
    proxy: Option<&'a str>,
    reused: Option<bool>,
    request: &'a [(String, String)],
    http_version: Option<&'static str>,
    status: Option<u16>,
    response: &'a [(String, String)],
}

impl<'a> Exchanged<'a> {
    fn new(exchange: &'a Exchange) -> Self {
        Exchanged {
            method: &exchange.method,
            url: &exchange.url,
            remote: exchange.remote,
            proxy: exchange.proxy.as_deref(),
            reused: exchange.reused,
            request: &exchange.request,
            http_version: exchange.status.map(|(version, _)| version),
            status: exchange.status.map(|(_, status)| status),
            response: &exchange.response,
        }
    }
}

#[derive(Serialize)]
pub(in crate::report) struct Totals<'a> {
    targets: u64,
    ok: u64,
    unchanged: u64,
    failed: u64,
    skipped: u64,
    done_before: u64,
    retries: u64,
    bytes: u64,
    wire_bytes: u64,
    workers: usize,
    paced: bool,
    stopped: bool,
    runs: Option<RunsMade>,
    parallel: Option<Seconds>,
    serial: Option<Serial>,
    throughput: Option<f64>,
    requests_per_second: Option<f64>,
    latency: Option<Percentiles>,
    ttfb: Option<Percentiles>,
    statuses: &'a BTreeMap<u16, u64>,
}

#[derive(Serialize)]
struct Percentiles {
    mean: Seconds,
    p50: Seconds,
    p90: Seconds,
    p95: Seconds,
    p99: Seconds,
    max: Seconds,
}

impl Percentiles {
    fn new(latency: &Latency) -> Option<Self> {
        let p = |percent| latency.p(percent).map(Seconds);
        Some(Percentiles {
            mean: Seconds(latency.mean()?),
            p50: p(50.0)?,
            p90: p(90.0)?,
            p95: p(95.0)?,
            p99: p(99.0)?,
            max: Seconds(latency.max()?),
        })
    }
}

#[derive(Serialize)]
struct Serial {
    method: &'static str,
    seconds: Seconds,
    speedup: f64,
    best_speedup: Option<f64>,
}

impl<'a> Totals<'a> {
    pub(in crate::report) fn new(summary: &'a Summary, baseline: Baseline) -> Self {
        let serial = match baseline {
            Baseline::Estimate => Estimate::of(summary),
            Baseline::None => None,
        };
        Totals {
            targets: summary.targets(),
            ok: summary.ok,
            unchanged: summary.unchanged,
            failed: summary.failed,
            skipped: summary.skipped,
            done_before: summary.done_before,
            retries: summary.retries,
            bytes: summary.bytes,
            wire_bytes: summary.wire_bytes,
            workers: summary.workers,
            throughput: summary.throughput(),
            requests_per_second: summary.rate(),
            latency: Percentiles::new(&summary.latency),
            ttfb: Percentiles::new(&summary.ttfb),
            statuses: &summary.statuses,
            paced: summary.paced,
            stopped: summary.stopped,
            runs: summary.runs,
            parallel: summary.makespan.map(Seconds),
            serial: serial.map(|estimate| Serial {
                method: "estimate",
                seconds: Seconds(estimate.serial),
                speedup: estimate.speedup,
                best_speedup: estimate.best.map(|(best, _)| best),
            }),
        }
    }
}

/// A duration as a number of seconds.
struct Seconds(Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

pub(in crate::report) fn rfc3339<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(&humantime::format_rfc3339_micros(*time)),
        None => serializer.serialize_none(),
    }
}
