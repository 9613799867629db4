//! The objects of a comparison in the JSON reports.

use serde::Serialize;

use crate::comparison::{Arm, ArmRun, ArmTimes, Comparison, Sweep, SweepRuns};
use crate::event::{GateVerdict, Judged};
use crate::stats::{Finding, Interval, Sample};
use crate::summary::Summary;

use super::Baseline;
use super::record::Totals;

/// The beginning of a run of an arm.
#[derive(Serialize)]
pub(super) struct ArmStart {
    arm: Arm,
    pair: u32,
    workers: usize,
    done: u32,
    of: u32,
}

impl ArmStart {
    pub(super) fn new(run: ArmRun) -> Self {
        ArmStart {
            arm: run.arm,
            pair: run.pair,
            workers: run.workers,
            done: run.done,
            of: run.of,
        }
    }
}

/// The end of a run of an arm.
#[derive(Serialize)]
pub(super) struct ArmEnd<'a> {
    arm: Arm,
    pair: u32,
    #[serde(flatten)]
    totals: Totals<'a>,
}

impl<'a> ArmEnd<'a> {
    pub(super) fn new(run: ArmRun, summary: &'a Summary) -> Self {
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
pub(super) struct Compared<'a> {
    workers: usize,
    targets: u64,
    warmups: u32,
    serial: Arms<'a>,
    parallel: Arms<'a>,
    speedup: Ratio,
    verdict: Option<&'static str>,
    efficiency: f64,
    estimated: Option<f64>,
    differing: Differing<'a>,
    notices: &'a [String],
}

impl<'a> Compared<'a> {
    pub(super) fn new(comparison: &'a Comparison) -> Self {
        let (count, urls) = &comparison.differing;
        Compared {
            workers: comparison.workers,
            targets: comparison.targets,
            warmups: comparison.warmups,
            serial: Arms::new(&comparison.serial),
            parallel: Arms::new(&comparison.parallel),
            speedup: Ratio {
                pairs: comparison.speedup.pairs,
                ratio: comparison.speedup.ratio,
                interval: comparison.speedup.interval.map(Ends::new),
            },
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
pub(super) struct Swept<'a> {
    targets: u64,
    points: Vec<Point<'a>>,
    knee: Option<usize>,
    law: Option<Law>,
    differing: Differing<'a>,
}

#[derive(Serialize)]
struct Point<'a> {
    workers: usize,
    #[serde(flatten)]
    times: Arms<'a>,
    interval: Option<Ends>,
}

#[derive(Serialize)]
struct Law {
    lambda: f64,
    sigma: f64,
    kappa: f64,
    r_squared: Option<f64>,
}

impl<'a> Swept<'a> {
    pub(super) fn new(sweep: &'a Sweep) -> Self {
        let (count, urls) = &sweep.differing;
        let point = |point: &'a SweepRuns| Point {
            workers: point.workers,
            times: Arms::new(&point.times),
            interval: point.interval.map(Ends::new),
        };
        Swept {
            targets: sweep.targets,
            points: sweep.points.iter().map(point).collect(),
            knee: sweep.knee.map(|knee| knee.workers),
            law: sweep.law.map(|law| Law {
                lambda: law.lambda,
                sigma: law.sigma,
                kappa: law.kappa,
                r_squared: law.r_squared,
            }),
            differing: Differing {
                count: *count,
                urls,
            },
        }
    }
}

/// What became of an assertion.
#[derive(Serialize)]
pub(super) struct Gate<'a> {
    gate: &'a str,
    verdict: GateVerdict,
    value: Option<f64>,
    unit: &'static str,
    interval: Option<Ends>,
    why: Option<&'a str>,
}

impl<'a> Gate<'a> {
    pub(super) fn new(judged: &'a Judged) -> Self {
        Gate {
            gate: &judged.gate,
            verdict: judged.verdict,
            value: judged.value,
            unit: judged.unit,
            interval: judged.interval.map(Ends::new),
            why: Some(judged.why.as_str()).filter(|why| !why.is_empty()),
        }
    }
}

/// The verdict in a word or two.
pub(super) fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Faster => "faster",
        Finding::Slower => "slower",
        Finding::NoDifference => "no difference",
    }
}

#[derive(Serialize)]
struct Arms<'a> {
    seconds: &'a [f64],
    sample: Summed,
    failed: u64,
    retries: u64,
    startup: f64,
}

impl<'a> Arms<'a> {
    fn new(times: &'a ArmTimes) -> Self {
        Arms {
            seconds: &times.seconds,
            sample: Summed::new(&times.sample),
            failed: times.failed,
            retries: times.retries,
            startup: times.startup,
        }
    }
}

#[derive(Serialize)]
struct Summed {
    n: usize,
    mean: f64,
    median: f64,
    deviation: Option<f64>,
    min: f64,
    max: f64,
}

impl Summed {
    fn new(sample: &Sample) -> Self {
        Summed {
            n: sample.n,
            mean: sample.mean,
            median: sample.median,
            deviation: sample.deviation,
            min: sample.min,
            max: sample.max,
        }
    }
}

#[derive(Serialize)]
struct Ratio {
    pairs: usize,
    ratio: f64,
    interval: Option<Ends>,
}

#[derive(Serialize)]
struct Ends {
    low: f64,
    high: f64,
}

impl Ends {
    fn new(interval: Interval) -> Self {
        Ends {
            low: interval.low,
            high: interval.high,
        }
    }
}

#[derive(Serialize)]
struct Differing<'a> {
    count: u64,
    urls: &'a [String],
}
