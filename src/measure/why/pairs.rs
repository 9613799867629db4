//! The pairs of runs that the rules look at, and a figure of several pairs with its interval.

use super::limits::RuleLimit;
use super::sums::{OriginSums, PushBacks, RunSums};
use crate::stats::{Interval, RunPair, Sample, Speedup};

/// A serial and a parallel run that were made one right after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct SumPair<'a> {
    pub(super) serial: &'a RunSums,
    pub(super) parallel: &'a RunSums,
}

/// One origin in all pairs.
#[derive(Debug)]
pub(super) struct OriginPair<'a> {
    pub(super) number: usize,
    pub(super) name: &'a str,
    pub(super) pairs: Vec<OriginRuns<'a>>,
}

/// The sums of an origin in one pair.
#[derive(Debug, Clone, Copy)]
pub(super) struct OriginRuns<'a> {
    pub(super) serial: &'a OriginSums,
    pub(super) parallel: &'a OriginSums,
    /// The time of all of the parallel run's workers, for whatever origin.
    pub(super) worker_time: f64,
    /// The workers of it that could be busy at once.
    pub(super) at_once: f64,
}

impl<'a> OriginPair<'a> {
    /// The pairs of an origin. `None` if it is missing in a run.
    pub(super) fn of(number: usize, name: &'a str, pairs: &[SumPair<'a>]) -> Option<Self> {
        let runs: Option<Vec<_>> = pairs
            .iter()
            .map(|pair| {
                Some(OriginRuns {
                    serial: pair.serial.origins.get(number)?,
                    parallel: pair.parallel.origins.get(number)?,
                    worker_time: pair.parallel.worker_time(),
                    at_once: pair.parallel.at_once(),
                })
            })
            .collect();
        Some(OriginPair {
            number,
            name,
            pairs: runs?,
        })
    }
}

impl RunSums {
    /// The push-backs of an origin in the run.
    pub(super) fn push_backs(&self, number: usize) -> PushBacks {
        let origin = self.origins.get(number);
        origin.map_or_else(PushBacks::default, |origin| origin.push_backs)
    }
}

/// A figure of several pairs: its mean, and the 95 % interval of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PairFigure {
    pub(super) mean: f64,
    pub(super) interval: Option<Interval>,
}

impl PairFigure {
    /// The figure of these values, one of each pair. One that is no number is none of the figure's, and leaves it without
    /// an interval.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        PairFigure {
            mean: Sample::of(&values).map_or(0.0, |sample| sample.mean),
            interval: Interval::of_mean(&values),
        }
    }

    /// The ratio of the first to the second of each pair, as a geometric mean ([`Speedup::of`]). `None` if one of them
    /// is not positive.
    pub(super) fn of_ratio(values: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let pairs: Vec<RunPair> = values
            .map(|(serial, parallel)| RunPair { serial, parallel })
            .collect();
        let Speedup {
            ratio, interval, ..
        } = Speedup::of(&pairs)?;
        Some(PairFigure {
            mean: ratio,
            interval,
        })
    }

    /// Tests whether the mean is at the limit or above it, and the whole interval beyond what chance would have it.
    pub(super) fn exceeds(&self, limit: RuleLimit) -> bool {
        let interval = self.interval;
        self.mean >= limit.least && interval.is_some_and(|interval| interval.low > limit.beyond)
    }
}
