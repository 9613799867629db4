//! The line of a comparison as it is read.

use serde::Deserialize;

use crate::comparison::{ArmTimes, Comparison};
use crate::stats::{Interval, Sample, Speedup};
use crate::text::escape;

#[derive(Debug, Deserialize)]
pub(super) struct Compared {
    workers: usize,
    targets: u64,
    warmups: u32,
    serial: Times,
    parallel: Times,
    speedup: Ratio,
    estimated: Option<f64>,
    differing: Differing,
    notices: Vec<String>,
}

impl Compared {
    pub(super) fn into_comparison(self) -> Comparison {
        Comparison {
            workers: self.workers,
            targets: self.targets,
            warmups: self.warmups,
            serial: self.serial.into_times(),
            parallel: self.parallel.into_times(),
            speedup: Speedup {
                pairs: self.speedup.pairs,
                ratio: self.speedup.ratio,
                interval: self.speedup.interval.map(|ends| Interval {
                    low: ends.low,
                    high: ends.high,
                }),
            },
            estimated: self.estimated,
            differing: (self.differing.count, safe(&self.differing.urls)),
            notices: safe(&self.notices),
        }
    }
}

/// What wrote the file need not have been pfetch.
fn safe(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| escape(text)).collect()
}

#[derive(Debug, Deserialize)]
struct Times {
    seconds: Vec<f64>,
    sample: Summed,
    failed: u64,
    retries: u64,
    startup: f64,
}

impl Times {
    fn into_times(self) -> ArmTimes {
        let sample = self.sample;
        ArmTimes {
            seconds: self.seconds,
            sample: Sample {
                n: sample.n,
                mean: sample.mean,
                median: sample.median,
                deviation: sample.deviation,
                min: sample.min,
                max: sample.max,
            },
            failed: self.failed,
            retries: self.retries,
            startup: self.startup,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Summed {
    n: usize,
    mean: f64,
    median: f64,
    deviation: Option<f64>,
    min: f64,
    max: f64,
}

#[derive(Debug, Deserialize)]
struct Ratio {
    pairs: usize,
    ratio: f64,
    interval: Option<Ends>,
}

#[derive(Debug, Deserialize)]
struct Ends {
    low: f64,
    high: f64,
}

#[derive(Debug, Deserialize)]
struct Differing {
    count: u64,
    urls: Vec<String>,
}
