//! The objects of a comparison in the JSON reports.

use serde::Serialize;

use crate::model::event::{GateVerdict, Judged};
use crate::model::measurement::{Arm, ArmRun, ArmTimes, Comparison, Sweep, SweepRuns};
use crate::model::summary::Summary;
use crate::stats::{Finding, Interval, Knee, Speedup, Usl};

use super::result::Totals;
use crate::report::Baseline;

/// The end of a run of an arm.
#[derive(Serialize)]
pub(in crate::report) struct ArmEnd<'a> {
    arm: Arm,
    pair: u32,
    #[serde(flatten)]
    totals: Totals<'a>,
}

impl<'a> ArmEnd<'a> {
    pub(in crate::report) fn new(run: ArmRun, summary: &'a Summary) -> Self {
        ArmEnd {
            arm: run.arm,
            pair: run.pair,
            // The serial time is measured: nothing needs to be estimated.
            totals: Totals::new(summary, Baseline::None),
        }
    }
}

/// What a comparison came to.
#[derive(Serialize)]
pub(in crate::report) struct Compared<'a> {
    workers: usize,
    targets: u64,
    warmups: u32,
    serial: &'a ArmTimes,
    parallel: &'a ArmTimes,
    speedup: &'a Speedup,
    verdict: Option<&'static str>,
    efficiency: f64,
    estimated: Option<f64>,
    differing: Differing<'a>,
    notices: &'a [String],
}

impl<'a> Compared<'a> {
    pub(in crate::report) fn new(comparison: &'a Comparison) -> Self {
        let (count, urls) = &comparison.differing;
        Compared {
            workers: comparison.workers,
            targets: comparison.targets,
            warmups: comparison.warmups,
            serial: &comparison.serial,
            parallel: &comparison.parallel,
            speedup: &comparison.speedup,
            verdict: comparison.speedup.finding().map(finding),
            efficiency: comparison.efficiency(),
            estimated: comparison.estimated,
            differing: Differing {
                count: *count,
                urls,
            },
            notices: &comparison.notices,
        }
    }
}

/// What a sweep came to.
#[derive(Serialize)]
pub(in crate::report) struct Swept<'a> {
    targets: u64,
    points: &'a [SweepRuns],
    knee: Option<Knee>,
    speedup: Option<Speedup>,
    law: Option<Usl>,
    differing: Differing<'a>,
    notices: &'a [String],
}

impl<'a> Swept<'a> {
    pub(in crate::report) fn new(sweep: &'a Sweep) -> Self {
        let (count, urls) = &sweep.differing;
        Swept {
            targets: sweep.targets,
            points: &sweep.points,
            knee: sweep.knee,
            speedup: sweep.speedup(),
            law: sweep.law,
            differing: Differing {
                count: *count,
                urls,
            },
            notices: &sweep.notices,
        }
    }
}

/// What became of an assertion.
#[derive(Serialize)]
pub(in crate::report) struct Gate<'a> {
    gate: &'a str,
    verdict: GateVerdict,
    value: Option<f64>,
    unit: &'static str,
    interval: Option<Interval>,
    why: Option<&'a str>,
}

impl<'a> Gate<'a> {
    pub(in crate::report) fn new(judged: &'a Judged) -> Self {
        Gate {
            gate: &judged.gate,
            verdict: judged.verdict,
            value: judged.value,
            unit: judged.unit,
            interval: judged.interval,
            why: Some(judged.why.as_str()).filter(|why| !why.is_empty()),
        }
    }
}

/// The verdict in a word or two.
pub(in crate::report) fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Faster => "faster",
        Finding::Slower => "slower",
        Finding::NoDifference => "no difference",
    }
}

#[derive(Serialize)]
struct Differing<'a> {
    count: u64,
    urls: &'a [String],
}
