//! Records of comparisons, sweeps and assertions.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number;
use super::summary::SummaryRecord;
use super::why;
use crate::model::auto_runs::AutoRuns;
use crate::model::event::{AssertionResult, AssertionVerdict};
use crate::model::margin::{Margin, PracticalVerdict};
use crate::model::measurement::{
    Arm, ArmRun, ArmTimes, Comparison, Sweep, SweepRuns, unequal_failures,
};
use crate::model::notice::MeasurementNotice;
use crate::model::reason::{KneeWhy, Why};
use crate::model::search_cost::SearchCost;
use crate::model::summary::{RunsMade, Summary};
use crate::model::text::escape;
use crate::model::work::{PairedWork, PassedOver};
use crate::model::worker_gain::WorkerGains;
use crate::report::Baseline;
use crate::stats::{Interval, Knee, Speedup, Usl};

/// End of a run of an arm (`arm_summary`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct ArmSummaryRecord<'a> {
    arm: Arm,
    pair: u32,
    #[serde(flatten, borrow)]
    pub(super) summary: SummaryRecord<'a>,
}

impl<'a> ArmSummaryRecord<'a> {
    pub(in crate::report) fn new(run: ArmRun, summary: &'a Summary) -> Self {
        ArmSummaryRecord {
            arm: run.arm,
            pair: run.pair,
            // The serial time is measured, so it needs no estimate.
            summary: SummaryRecord::new(summary, Baseline::None),
        }
    }
}

/// Result of a comparison (`comparison`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct ComparisonRecord<'a> {
    workers: usize,
    #[serde(deserialize_with = "number::count")]
    targets: u64,
    warmups: u32,
    #[serde(default)]
    stopped: Option<RunsMade>,
    #[serde(default)]
    auto: Option<AutoRuns>,
    serial: Cow<'a, ArmTimes>,
    parallel: Cow<'a, ArmTimes>,
    speedup: Option<Speedup>,
    #[serde(default)]
    work: Option<Cow<'a, PairedWork>>,
    #[serde(skip_deserializing)]
    #[schemars(with = "Option<PracticalVerdict>")]
    verdict: Option<&'static str>,
    #[serde(skip_deserializing)]
    #[schemars(range(min = 0.0))]
    efficiency: Option<f64>,
    #[schemars(range(min = 0.0))]
    estimated: Option<f64>,
    differing: DifferingRecord<'a>,
    #[serde(default)]
    margin: Margin,
    #[schemars(with = "Vec<String>")]
    notices: Cow<'a, [MeasurementNotice]>,
    #[serde(default)]
    why: Cow<'a, Why>,
}

impl<'a> From<&'a Comparison> for ComparisonRecord<'a> {
    fn from(comparison: &'a Comparison) -> Self {
        ComparisonRecord {
            workers: comparison.workers,
            targets: comparison.targets,
            warmups: comparison.warmups,
            stopped: comparison.stopped,
            auto: comparison.auto,
            serial: Cow::Borrowed(&comparison.serial),
            parallel: Cow::Borrowed(&comparison.parallel),
            speedup: comparison.speedup,
            work: comparison.work.as_ref().map(Cow::Borrowed),
            verdict: comparison.verdict().map(PracticalVerdict::as_str),
            efficiency: comparison.efficiency(),
            estimated: comparison.estimated,
            differing: DifferingRecord::from(&comparison.differing),
            margin: comparison.margin,
            notices: Cow::Borrowed(&comparison.notices),
            why: Cow::Borrowed(&comparison.why),
        }
    }
}

impl TryFrom<ComparisonRecord<'_>> for Comparison {
    type Error = &'static str;

    fn try_from(record: ComparisonRecord<'_>) -> Result<Self, &'static str> {
        number::check_workers(record.workers)?;
        number::check_times(&record.serial)?;
        number::check_times(&record.parallel)?;
        record
            .speedup
            .as_ref()
            .map_or(Ok(()), number::check_speedup)?;
        record.estimated.map_or(Ok(()), number::check_ratio)?;
        record.auto.as_ref().map_or(Ok(()), number::check_auto)?;
        let mut comparison = Comparison {
            workers: record.workers,
            targets: record.targets,
            warmups: record.warmups,
            stopped: record.stopped,
            auto: record.auto,
            serial: record.serial.into_owned(),
            parallel: record.parallel.into_owned(),
            speedup: record.speedup,
            work: record.work.map(|work| {
                let mut work = work.into_owned();
                work.unlike_pairs.sort_unstable();
                work.unlike_pairs.dedup();
                work
            }),
            estimated: record.estimated,
            differing: record.differing.into(),
            margin: record.margin,
            notices: record.notices.into_owned(),
            why: why::read(record.why.into_owned())?,
        };
        // A log may set a thing against itself, or one kind of work against another.
        if comparison.is_one_by_one() || comparison.unlike_work().is_some() {
            (comparison.speedup, comparison.estimated) = (None, None);
        }
        Ok(comparison)
    }
}

/// Targets that were not answered alike in all runs (`differing`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct DifferingRecord<'a> {
    #[serde(deserialize_with = "number::count")]
    count: u64,
    urls: Cow<'a, [String]>,
}

impl<'a> From<&'a (u64, Vec<String>)> for DifferingRecord<'a> {
    fn from((count, urls): &'a (u64, Vec<String>)) -> Self {
        DifferingRecord {
            count: *count,
            urls: Cow::Borrowed(urls),
        }
    }
}

impl From<DifferingRecord<'_>> for (u64, Vec<String>) {
    fn from(record: DifferingRecord<'_>) -> Self {
        let urls = record.urls.iter().map(|url| escape(url)).collect();
        (record.count, urls)
    }
}

/// Result of a sweep (`sweep`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct SweepRecord<'a> {
    #[serde(deserialize_with = "number::count")]
    targets: u64,
    #[serde(default)]
    stopped: Option<RunsMade>,
    #[serde(default)]
    auto: Option<AutoRuns>,
    #[serde(default)]
    search: Option<SearchCost>,
    #[schemars(length(min = 1))]
    points: Cow<'a, [SweepRuns]>,
    #[serde(default)]
    #[schemars(with = "Vec<PassedOver>")]
    passed_over: Option<Cow<'a, [PassedOver]>>,
    knee: Option<Knee>,
    #[serde(skip_deserializing)]
    speedup: Option<Speedup>,
    law: Option<Usl>,
    #[serde(skip_deserializing)]
    gains: Option<WorkerGains>,
    differing: DifferingRecord<'a>,
    #[serde(default)]
    margin: Margin,
    #[schemars(with = "Vec<String>")]
    notices: Cow<'a, [MeasurementNotice]>,
    #[serde(default)]
    why: Option<Cow<'a, KneeWhy>>,
}

impl<'a> From<&'a Sweep> for SweepRecord<'a> {
    fn from(sweep: &'a Sweep) -> Self {
        SweepRecord {
            targets: sweep.targets,
            stopped: sweep.stopped,
            auto: sweep.auto,
            search: sweep.search.clone(),
            points: Cow::Borrowed(&sweep.points),
            passed_over: Some(Cow::Borrowed(&sweep.passed_over)),
            knee: sweep.knee,
            speedup: sweep.speedup(),
            law: sweep.law,
            gains: WorkerGains::of(sweep),
            differing: DifferingRecord::from(&sweep.differing),
            margin: sweep.margin,
            notices: Cow::Borrowed(&sweep.notices),
            why: sweep.why.as_ref().map(Cow::Borrowed),
        }
    }
}

impl TryFrom<SweepRecord<'_>> for Sweep {
    type Error = &'static str;

    fn try_from(record: SweepRecord<'_>) -> Result<Self, &'static str> {
        let mut counts = record.points.iter().map(|point| point.workers);
        let is_rising = counts.clone().is_sorted_by(|one, next| one < next);
        if !is_rising || counts.next().is_none_or(|fewest| fewest == 0) {
            return Err("the points of a sweep are of rising numbers of workers, from 1 on");
        }
        record.points.iter().try_for_each(number::check_point)?;
        record.law.as_ref().map_or(Ok(()), number::check_law)?;
        record.auto.as_ref().map_or(Ok(()), number::check_auto)?;
        record
            .search
            .as_ref()
            .map_or(Ok(()), number::check_search)?;
        let passed_over = match record.passed_over {
            Some(passed_over) => passed_over.into_owned(),
            None => unequal_failures(&record.points),
        };
        Ok(Sweep {
            targets: record.targets,
            stopped: record.stopped,
            auto: record.auto,
            search: record.search,
            passed_over,
            points: record.points.into_owned(),
            knee: record.knee,
            law: record.law,
            differing: record.differing.into(),
            margin: record.margin,
            notices: record.notices.into_owned(),
            why: record
                .why
                .map(|knee| why::read_knee(knee.into_owned()))
                .transpose()?,
        })
    }
}

/// Result of an assertion (`gate`).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::report) struct AssertionRecord<'a> {
    #[serde(borrow)]
    #[serde(rename = "gate")]
    assertion: Cow<'a, str>,
    verdict: AssertionVerdict,
    value: Option<f64>,
    #[serde(borrow)]
    #[schemars(extend("enum" = UNITS))]
    unit: Cow<'a, str>,
    interval: Option<Interval>,
    why: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "number::maybe_count")]
    of: Option<u64>,
}

impl<'a> From<&'a AssertionResult> for AssertionRecord<'a> {
    fn from(judged: &'a AssertionResult) -> Self {
        let why = Some(judged.why.as_str()).filter(|why| !why.is_empty());
        AssertionRecord {
            assertion: Cow::Borrowed(&judged.assertion),
            verdict: judged.verdict,
            value: judged.value,
            unit: Cow::Borrowed(judged.unit),
            interval: judged.interval,
            why: why.map(Cow::Borrowed),
            of: judged.of,
        }
    }
}

impl From<AssertionRecord<'_>> for AssertionResult {
    fn from(record: AssertionRecord<'_>) -> Self {
        AssertionResult {
            assertion: escape(&record.assertion),
            value: record.value,
            interval: record.interval,
            unit: unit(&record.unit),
            verdict: record.verdict,
            why: record.why.map(|why| escape(&why)).unwrap_or_default(),
            of: record.of,
        }
    }
}

/// The units of the metrics; the last is that of a number of things.
const UNITS: [&str; 6] = ["s", "B/s", "/s", "%", "x", ""];

/// The unit of this name; none for a name that no metric has.
fn unit(name: &str) -> &'static str {
    UNITS.into_iter().find(|unit| *unit == name).unwrap_or("")
}
