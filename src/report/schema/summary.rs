//! Records of a run's beginning and of its summary.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SCHEMA;
use super::number;
use super::origin::OriginRecord;
use super::pacing::PacingRecord;
use crate::measure::{Estimate, UnseenLimit};
use crate::model::event::RunInfo;
use crate::model::json::{Rfc3339, Seconds};
use crate::model::origin::OriginLimits;
use crate::model::outcome::FailureKind;
use crate::model::retry_idle::RetryIdle;
use crate::model::run_id::{LogPosition, RunId};
use crate::model::run_part::RunPart;
use crate::model::run_shard::RunShard;
use crate::model::slowdown::Slowdown;
use crate::model::summary::{RunsMade, Summary};
use crate::model::text::excerpt;
use crate::model::unreadable_list::UnreadableList;
use crate::report::Baseline;
use crate::stats::Latency;

/// Longest version of pfetch that is read, in characters. The log need not be pfetch's.
const MAX_VERSION: usize = 40;

/// Beginning of a run (`run`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct RunRecord<'a> {
    #[schemars(extend("const" = SCHEMA))]
    schema: u64,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(deserialize_with = "number::workers")]
    workers: usize,
    started_at: Rfc3339,
    startup: Seconds,
    run: RunId,
    log: Option<LogPosition>,
    /// The shard that it took of its list.
    // Older reports have none.
    shard: Option<RunShard>,
}

impl<'a> From<&'a RunInfo> for RunRecord<'a> {
    fn from(info: &'a RunInfo) -> Self {
        RunRecord {
            schema: SCHEMA,
            version: Cow::Borrowed(&info.version),
            workers: info.workers,
            started_at: Rfc3339(info.started_at),
            startup: Seconds(info.startup),
            run: info.id,
            log: info.log,
            shard: info.shard,
        }
    }
}

impl From<RunRecord<'_>> for RunInfo {
    fn from(record: RunRecord<'_>) -> Self {
        RunInfo {
            version: excerpt(&record.version, MAX_VERSION),
            workers: record.workers,
            started_at: record.started_at.0,
            startup: record.startup.0,
            id: record.run,
            log: record.log,
            shard: record.shard,
        }
    }
}

/// Figures of a run (`summary`). A replay reads those that cannot be added up from the results, and computes
/// the others again.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct SummaryRecord<'a> {
    #[serde(deserialize_with = "number::count")]
    pub(super) targets: u64,
    #[serde(skip_deserializing)]
    ok: u64,
    #[serde(skip_deserializing)]
    unchanged: u64,
    /// Those of the `unchanged` targets whose file was kept without a request. They are no part of `urls_per_second`.
    #[serde(skip_deserializing)]
    kept: u64,
    #[serde(skip_deserializing)]
    failed: u64,
    /// Those of the `skipped` targets that the deadline of the run cut off. Those that a signal or `--fail-fast` left
    /// are among the `skipped` only.
    #[serde(skip_deserializing)]
    not_done: u64,
    /// Targets that were left undone, under way or not begun, by a stop or the deadline of the run.
    #[serde(skip_deserializing)]
    skipped: u64,
    #[serde(deserialize_with = "number::count")]
    done_before: u64,
    #[serde(skip_deserializing)]
    retries: u64,
    /// Body bytes of all targets: those of failures and of bodies that were cut off too.
    #[serde(skip_deserializing)]
    bytes: u64,
    /// Body bytes of the targets that succeeded, of which `throughput` is.
    #[serde(skip_deserializing)]
    served_bytes: u64,
    #[serde(deserialize_with = "number::count")]
    wire_bytes: u64,
    #[serde(deserialize_with = "number::workers_or_none")]
    workers: usize,
    paced: bool,
    // Older reports have none.
    #[serde(default)]
    pacing: Option<PacingRecord>,
    stopped: bool,
    #[serde(default, deserialize_with = "number::maybe_count")]
    listed: Option<u64>,
    /// The lists that could not be read to their end. Left out where all could.
    #[serde(default, skip_serializing_if = "<[UnreadableList]>::is_empty")]
    #[schemars(length(min = 1))]
    unreadable: Cow<'a, [UnreadableList]>,
    #[serde(skip_deserializing)]
    runs: Option<RunsMade>,
    parallel: Option<Seconds>,
    #[serde(default)]
    input_wait: Seconds,
    #[serde(default)]
    input_idle: Seconds,
    #[serde(default)]
    retry_idle: Seconds,
    /// Its parts by what was waited for.
    // Older reports have none.
    #[serde(default)]
    retry_idle_for: RetryIdleRecord,
    /// The time for which the input was repeated. Left out where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Seconds")]
    repeat_time: Option<Seconds>,
    #[serde(skip_deserializing)]
    serial: Option<SerialRecord>,
    #[serde(skip_deserializing)]
    #[schemars(range(min = 0.0))]
    throughput: Option<f64>,
    #[serde(skip_deserializing)]
    #[schemars(range(min = 0.0))]
    urls_per_second: Option<f64>,
    #[serde(skip_deserializing)]
    latency: Option<LatencyRecord>,
    #[serde(skip_deserializing)]
    ttfb: Option<LatencyRecord>,
    #[serde(skip_deserializing)]
    intended_latency: Option<LatencyRecord>,
    #[serde(skip_deserializing)]
    slowdown: Option<SlowdownRecord>,
    #[serde(skip_deserializing)]
    #[schemars(extend("propertyNames" = { "pattern": "^[1-9][0-9][0-9]$" }))]
    statuses: Cow<'a, BTreeMap<u16, u64>>,
    #[serde(skip_deserializing)]
    failures: Cow<'a, BTreeMap<FailureKind, u64>>,
    #[serde(default, borrow)]
    origins: Vec<OriginRecord<'a>>,
    #[serde(default, deserialize_with = "number::count")]
    more_origins: u64,
    #[serde(default, deserialize_with = "number::maybe_count")]
    #[schemars(range(min = 2))]
    merged: Option<u64>,
    /// The runs that were merged. Left out where nothing was.
    #[serde(default, skip_serializing_if = "<[RunPart]>::is_empty")]
    #[schemars(length(min = 2))]
    pub(super) parts: Cow<'a, [RunPart]>,
}

impl<'a> SummaryRecord<'a> {
    pub(in crate::report) fn new(summary: &'a Summary, baseline: Baseline) -> Self {
        let serial = match baseline {
            Baseline::Estimate => Estimate::of(summary),
            Baseline::None => None,
        };
        SummaryRecord {
            targets: summary.targets(),
            ok: summary.ok,
            unchanged: summary.unchanged,
            kept: summary.kept,
            failed: summary.failed,
            not_done: summary.not_done,
            skipped: summary.skipped,
            done_before: summary.done_before,
            retries: summary.retries,
            bytes: summary.bytes,
            served_bytes: summary.served_bytes,
            wire_bytes: summary.wire_bytes,
            workers: summary.workers,
            paced: summary.paced,
            pacing: summary.pacing.as_ref().map(Into::into),
            stopped: summary.stopped,
            listed: summary.listed,
            unreadable: Cow::Borrowed(&summary.unreadable),
            runs: summary.runs,
            parallel: summary.makespan.map(Seconds),
            input_wait: Seconds(summary.input_wait),
            input_idle: Seconds(summary.input_idle),
            retry_idle: Seconds(summary.retry_idle.total),
            retry_idle_for: RetryIdleRecord::from(summary.retry_idle),
            repeat_time: summary.repeat_time.map(Seconds),
            serial: serial.map(SerialRecord::from),
            throughput: summary.throughput(),
            urls_per_second: summary.rate(),
            latency: LatencyRecord::new(&summary.latency),
            ttfb: LatencyRecord::new(&summary.ttfb),
            intended_latency: summary.intended.as_ref().and_then(LatencyRecord::new),
            slowdown: summary.slowdown.map(SlowdownRecord::from),
            statuses: Cow::Borrowed(&summary.statuses),
            failures: Cow::Borrowed(&summary.failures),
            origins: summary.origins.listed.iter().map(Into::into).collect(),
            more_origins: summary.origins.more,
            merged: summary.merged,
            parts: Cow::Borrowed(&summary.parts),
        }
    }

    /// Completes a summary that was added up from the results.
    pub(super) fn complete(&self, summary: Summary) -> Summary {
        let summary = match self.parallel {
            Some(_) => summary,
            // Nothing was started, or a merge left the times out because some results have none.
            None => summary.without_times(),
        };
        Summary {
            done_before: self.done_before,
            wire_bytes: self.wire_bytes,
            workers: self.workers,
            paced: self.paced,
            pacing: self.pacing.as_ref().map(Into::into),
            stopped: self.stopped,
            listed: self.listed.filter(|_| self.stopped),
            unreadable: self.unreadable.to_vec(),
            makespan: self.parallel.map(|time| time.0),
            input_wait: self.input_wait.0,
            input_idle: self.input_idle.0,
            retry_idle: RetryIdle {
                total: self.retry_idle.0,
                retry_after: self.retry_idle_for.retry_after.0,
                no_answer: self.retry_idle_for.no_answer.0,
                delay: self.retry_idle_for.delay.0,
            },
            repeat_time: self.repeat_time.as_ref().map(|time| time.0),
            origins: OriginLimits::new(
                self.origins.iter().map(Into::into).collect(),
                self.more_origins,
            ),
            merged: self.merged,
            parts: self.parts.to_vec(),
            ..summary
        }
    }
}

/// Waits for other tries with nothing under way, by their cause (`retry_idle_for`).
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
struct RetryIdleRecord {
    retry_after: Seconds,
    no_answer: Seconds,
    delay: Seconds,
}

impl From<RetryIdle> for RetryIdleRecord {
    fn from(idle: RetryIdle) -> Self {
        RetryIdleRecord {
            retry_after: Seconds(idle.retry_after),
            no_answer: Seconds(idle.no_answer),
            delay: Seconds(idle.delay),
        }
    }
}

/// Estimated serial time (`serial`).
#[derive(Debug, Serialize, JsonSchema)]
struct SerialRecord {
    #[schemars(extend("const" = "estimate"))]
    method: &'static str,
    seconds: Seconds,
    #[schemars(range(min = 0.0))]
    speedup: f64,
    #[schemars(range(min = 0.0))]
    best_speedup: Option<f64>,
    unseen_limit: Option<&'static str>,
}

impl From<Estimate> for SerialRecord {
    fn from(estimate: Estimate) -> Self {
        SerialRecord {
            method: "estimate",
            seconds: Seconds(estimate.serial),
            speedup: estimate.speedup,
            best_speedup: estimate.best.ok().map(|(best, _)| best),
            unseen_limit: estimate.unseen.map(UnseenLimit::as_str),
        }
    }
}

/// Answers that took longer when more requests were under way (`slowdown`).
#[derive(Debug, Serialize, JsonSchema)]
struct SlowdownRecord {
    under_way: usize,
    few: Seconds,
    many: Seconds,
}

impl From<Slowdown> for SlowdownRecord {
    fn from(slowdown: Slowdown) -> Self {
        SlowdownRecord {
            under_way: slowdown.under_way,
            few: Seconds(slowdown.few),
            many: Seconds(slowdown.many),
        }
    }
}

/// Percentiles of a time (`latency`, `ttfb`, `intended_latency`).
#[derive(Debug, Serialize, JsonSchema)]
struct LatencyRecord {
    mean: Seconds,
    p50: Seconds,
    p90: Seconds,
    p95: Seconds,
    p99: Seconds,
    max: Seconds,
}

impl LatencyRecord {
    fn new(latency: &Latency) -> Option<Self> {
        Some(LatencyRecord {
            mean: Seconds(latency.mean()?),
            p50: Seconds(latency.p(50.0)?),
            p90: Seconds(latency.p(90.0)?),
            p95: Seconds(latency.p(95.0)?),
            p99: Seconds(latency.p(99.0)?),
            max: Seconds(latency.max()?),
        })
    }
}
