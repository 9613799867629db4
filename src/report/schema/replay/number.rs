//! The numbers that a run can have. What wrote the file need not have been pfetch, and reports make room by
//! some of them: others are refused as they are read.

use serde::{Deserialize, Deserializer, de};

use crate::model::activity::MAX_WORKERS;
use crate::model::measurement::{ArmTimes, SweepRuns};
use crate::stats::{Interval, Speedup, Usl};

/// No run lasts longer; more would only make sums run over.
pub(super) const CENTURY: f64 = 100.0 * 366.0 * 86_400.0;

/// The largest whole number that every reader of JSON has exactly: 2^53. No run counts that far.
const MOST: u64 = 1 << 53;

/// The largest ratio, and the largest coefficient of a law.
const VAST: f64 = 1e15;

const WORKERS: &str = "a run has 1 worker at least, and 10000 at most";

/// A number of things, bytes among them.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(from)?;
    match count <= MOST {
        true => Ok(count),
        false => Err(de::Error::custom("a count is 2^53 at most")),
    }
}

/// The same, where there may be none.
pub(super) fn maybe_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Count(#[serde(deserialize_with = "count")] u64);
    Ok(Option::<Count>::deserialize(from)?.map(|count| count.0))
}

/// The workers of a run.
pub(super) fn workers<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let workers = usize::deserialize(from)?;
    part(workers).map_err(de::Error::custom)?;
    Ok(workers)
}

/// The same of a comparison, which may have been stopped before it had any.
pub(super) fn workers_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let workers = usize::deserialize(from)?;
    part(workers.max(1)).map_err(de::Error::custom)?;
    Ok(workers)
}

type Checked = Result<(), &'static str>;

/// That a part of a run can have so many workers.
pub(super) fn part(workers: usize) -> Checked {
    match (1..=MAX_WORKERS).contains(&workers) {
        true => Ok(()),
        false => Err(WORKERS),
    }
}

/// That these are times of runs.
pub(super) fn times(times: &ArmTimes) -> Checked {
    let sample = &times.sample;
    let figures = [sample.mean, sample.median, sample.min, sample.max];
    let mut all = figures
        .into_iter()
        .chain(sample.deviation)
        .chain([times.startup])
        .chain(times.seconds.iter().copied());
    if !all.all(|seconds| (0.0..=CENTURY).contains(&seconds)) {
        return Err("a time is a number of seconds, from 0 to a hundred years");
    }
    match sample.n == times.seconds.len() && times.failed <= MOST && times.retries <= MOST {
        true => Ok(()),
        false => Err("the times do not go with the number of runs"),
    }
}

/// That this was measured at a number of workers.
pub(super) fn point(point: &SweepRuns) -> Checked {
    part(point.workers)?;
    times(&point.times)?;
    point.interval.as_ref().map_or(Ok(()), interval)
}

/// That this is how many times as fast something is.
pub(super) fn speedup(speedup: &Speedup) -> Checked {
    ratio(speedup.ratio)?;
    speedup.interval.as_ref().map_or(Ok(()), interval)
}

pub(super) fn ratio(ratio: f64) -> Checked {
    match (0.0..=VAST).contains(&ratio) {
        true => Ok(()),
        false => Err("a ratio is a number from 0 to 10^15"),
    }
}

fn interval(interval: &Interval) -> Checked {
    // That of a mean of very different times reaches below 0.
    match -VAST <= interval.low && interval.low <= interval.high && interval.high <= VAST {
        true => Ok(()),
        false => Err("an interval is of two numbers up to 10^15, the lower one first"),
    }
}

/// That these are coefficients of a law.
pub(super) fn law(law: &Usl) -> Checked {
    let coefficients = [law.lambda, law.sigma, law.kappa];
    let mut all = coefficients.into_iter().chain(law.r_squared);
    match all.all(|coefficient| coefficient.abs() <= VAST) {
        true => Ok(()),
        false => Err("the coefficients of a law are 10^15 at most"),
    }
}
