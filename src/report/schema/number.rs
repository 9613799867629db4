//! Ranges of the numbers in a log. It need not be pfetch's, and reports allocate by some of its numbers, so
//! values that no run can have are refused as they are read.

use serde::{Deserialize, Deserializer, de};

use crate::model::activity::MAX_WORKERS;
use crate::model::auto_runs::AutoRuns;
use crate::model::json::MAX_SECONDS;
use crate::model::measurement::{ArmTimes, SweepRuns};
use crate::model::search_cost::SearchCost;
use crate::stats::{Interval, Speedup, Usl};

/// Largest count, 2^53: the largest whole number that every reader of JSON has exactly.
const MAX_COUNT: u64 = 1 << 53;

/// Largest ratio, and largest coefficient of a scaling law.
const MAX_RATIO: f64 = 1e15;

/// The most numbers of workers of a grid that doubles, up to the most workers.
const MAX_GRID: usize = 20;

/// Reads a count of things, such as bytes.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(from)?;
    match count <= MAX_COUNT {
        true => Ok(count),
        false => Err(de::Error::custom("a count is 2^53 at most")),
    }
}

/// Reads a [`count`] or `null`.
pub(super) fn maybe_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Count(#[serde(deserialize_with = "count")] u64);
    Ok(Option::<Count>::deserialize(from)?.map(|count| count.0))
}

/// Reads a ratio.
pub(super) fn ratio<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(from)?;
    check_ratio(ratio).map_err(de::Error::custom)?;
    Ok(ratio)
}

/// Reads a positive ratio or `null`.
pub(super) fn maybe_ratio<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let ratio = Option::<f64>::deserialize(from)?;
    match ratio.map_or(Ok(()), check_ratio) {
        Ok(()) => Ok(ratio),
        Err(reason) => Err(de::Error::custom(reason)),
    }
}

/// Reads the number of workers of a run.
pub(super) fn workers<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let workers = usize::deserialize(from)?;
    check_workers(workers).map_err(de::Error::custom)?;
    Ok(workers)
}

/// Reads the number of workers of a summary: 0 if a comparison was stopped before it had any.
pub(super) fn workers_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let workers = usize::deserialize(from)?;
    check_workers(workers.max(1)).map_err(de::Error::custom)?;
    Ok(workers)
}

type Checked = Result<(), &'static str>;

/// Checks a number of workers.
pub(super) fn check_workers(workers: usize) -> Checked {
    match (1..=MAX_WORKERS).contains(&workers) {
        true => Ok(()),
        false => Err("a run has 1 worker at least, and 10000 at most"),
    }
}

/// Checks the times of an arm, and that they are as many as its sample says.
pub(super) fn check_times(times: &ArmTimes) -> Checked {
    let sample = &times.sample;
    let figures = [sample.mean, sample.median, sample.min, sample.max];
    let mut all = figures
        .into_iter()
        .chain(sample.deviation)
        .chain([times.startup])
        .chain(
            times
                .latency
                .iter()
                .flat_map(|latency| [latency.p50, latency.p95]),
        )
        .chain(times.seconds.iter().copied());
    all.try_for_each(check_seconds)?;
    let are_counts = times.failed <= MAX_COUNT && times.retries <= MAX_COUNT;
    let left_out = &times.left_out;
    if !left_out
        .iter()
        .all(|seconds| (0.0..=MAX_SECONDS).contains(seconds))
    {
        return Err("a time is a number of seconds, from 0 to a hundred years");
    }
    let are_left_out = left_out.is_empty() || left_out.len() == times.seconds.len();
    match sample.n == times.seconds.len() && are_counts && are_left_out {
        true => Ok(()),
        false => Err("the times do not go with the number of runs"),
    }
}

/// Checks a time in seconds.
pub(super) fn check_seconds(seconds: f64) -> Checked {
    match (0.0..=MAX_SECONDS).contains(&seconds) {
        true => Ok(()),
        false => Err("a time is a number of seconds, from 0 to a hundred years"),
    }
}

/// Checks the runs at one number of workers.
pub(super) fn check_point(point: &SweepRuns) -> Checked {
    check_workers(point.workers)?;
    check_times(&point.times)?;
    point.interval.as_ref().map_or(Ok(()), check_interval)
}

/// Checks the cost of a search for the knee, whose grid reports list.
pub(super) fn check_search(search: &SearchCost) -> Checked {
    match search.grid.len() <= MAX_GRID {
        true => search.grid.iter().copied().try_for_each(check_workers),
        false => Err("the grid of a sweep doubles, so it has 20 numbers of workers at most"),
    }
}

/// Checks a speed-up and its interval.
pub(super) fn check_speedup(speedup: &Speedup) -> Checked {
    check_ratio(speedup.ratio)?;
    speedup.interval.as_ref().map_or(Ok(()), check_interval)
}

/// Checks the course of a comparison or a sweep that chose its number of pairs or rounds.
pub(super) fn check_auto(auto: &AutoRuns) -> Checked {
    let is_level = |level: f64| (0.5..1.0).contains(&level);
    let are_limits = (0.0..=MAX_SECONDS).contains(&auto.most_seconds)
        && auto
            .precision
            .is_none_or(|precision| (0.0..=1.0).contains(&precision));
    match is_level(auto.level) && is_level(auto.deciding_level) && are_limits {
        true => Ok(()),
        false => Err("a level is from 0.5 to below 1, and a limit is a time or a share"),
    }
}

/// Checks a ratio of two times.
pub(super) fn check_ratio(ratio: f64) -> Checked {
    match (0.0..=MAX_RATIO).contains(&ratio) {
        true => Ok(()),
        false => Err("a ratio is a number from 0 to 10^15"),
    }
}

fn check_interval(interval: &Interval) -> Checked {
    // The interval of a mean of very different times reaches below 0.
    let limits = -MAX_RATIO..=MAX_RATIO;
    let are_within = limits.contains(&interval.low) && limits.contains(&interval.high);
    match are_within && interval.low <= interval.high {
        true => Ok(()),
        false => Err("an interval is of two numbers up to 10^15, the lower one first"),
    }
}

/// Checks the coefficients of a scaling law.
pub(super) fn check_law(law: &Usl) -> Checked {
    let coefficients = [law.lambda, law.sigma, law.kappa];
    let mut all = coefficients.into_iter().chain(law.r_squared);
    match all.all(|coefficient| coefficient.abs() <= MAX_RATIO) {
        true => Ok(()),
        false => Err("the coefficients of a law are 10^15 at most"),
    }
}
