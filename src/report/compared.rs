//! The objects of a comparison in the JSON reports.

use serde::Serialize;

use crate::comparison::{Arm, ArmRun, ArmTimes, Comparison};
use crate::stats::{Finding, Interval, Sample};
use crate::summary::Summary;

use super::Baseline;
use super::record::Totals;

/// The beginning of a run of an arm.
#[derive(Serialize)]
pub(super) struct ArmStart {
    arm: Arm,
    pair: u32,
    done: u32,
    of: u32,
}

impl ArmStart {
    pub(super) fn new(run: ArmRun) -> Self {
        ArmStart {
            arm: run.arm,
            pair: run.pair,
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
