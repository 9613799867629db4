//! The gain of each further worker, by the times of a sweep.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::measurement::Sweep;

/// The gain of one number of workers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct WorkerGain {
    /// The number of workers.
    #[schemars(range(min = 1))]
    pub workers: usize,
    /// The throughput over that of the fewest workers.
    #[schemars(range(min = 0.0))]
    pub speedup: f64,
    /// The throughput of each of these workers over that of each of the fewest: the parallel efficiency.
    #[schemars(range(min = 0.0))]
    pub efficiency: f64,
    /// The throughput that each worker added since the next smaller number, over that of each of the fewest: the
    /// marginal gain. Below 0 where more workers are slower; `None` for the fewest.
    pub marginal: Option<f64>,
}

/// The source of the throughputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GainSource {
    /// The scaling law fitted to the sweep, which evens the scatter of single points out.
    Law,
    /// The mean times, where no law describes the sweep.
    Means,
}

/// The gains of all numbers of workers of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WorkerGains {
    /// Their source. Either way they are estimates.
    pub by: GainSource,
    /// Each number of workers at which URLs succeeded, from the fewest.
    #[schemars(length(min = 2))]
    pub counts: Vec<WorkerGain>,
}

impl WorkerGains {
    /// The gains by the sweep's law, or else by its means. `None` without two numbers of workers to be set against
    /// each other.
    pub fn of(sweep: &Sweep) -> Option<Self> {
        let points = sweep.sweep_points();
        let throughputs = points.iter().map(|point| match sweep.law {
            Some(law) => (point.workers, law.throughput(point.workers as f64)),
            None => (point.workers, 1.0 / point.seconds),
        });
        let throughputs: Vec<(usize, f64)> = throughputs.collect();
        let (fewest, least) = *throughputs.first()?;
        let is_rate = |(_, rate): &(usize, f64)| *rate > 0.0 && rate.is_finite();
        if throughputs.len() < 2 || !throughputs.iter().all(is_rate) {
            return None;
        }
        let each = least / fewest as f64;
        let before = [None]
            .into_iter()
            .chain(throughputs.iter().copied().map(Some));
        let counts = throughputs.iter().zip(before);
        let counts = counts.map(|(&(workers, rate), before)| WorkerGain {
            workers,
            speedup: rate / least,
            efficiency: rate / workers as f64 / each,
            marginal: before.map(|(fewer, lower)| (rate - lower) / (workers - fewer) as f64 / each),
        });
        Some(WorkerGains {
            by: match sweep.law {
                Some(_) => GainSource::Law,
                None => GainSource::Means,
            },
            counts: counts.collect(),
        })
    }

    /// The gain of this number of workers.
    pub fn at(&self, workers: usize) -> Option<&WorkerGain> {
        self.counts.iter().find(|gain| gain.workers == workers)
    }
}
