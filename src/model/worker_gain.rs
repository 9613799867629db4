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
    /// marginal gain. Below 0 where more workers are slower. `None` for the fewest, and where the list has it: if these
    /// workers are done in fewer [rounds](WorkerGain::rounds), each seems to gain more than one. Nor is there one
    /// [within the noise](WorkerGain::is_noise).
    pub marginal: Option<f64>,
    /// True if the marginal gain would be more than a worker can have, or below 0, and the intervals of the measured
    /// times overlap: it is then chance.
    #[serde(skip)]
    pub is_noise: bool,
    /// The most URLs that one worker has if they all take as long: the URLs over the workers, rounded up.
    pub rounds: u64,
}

/// The least marginal gain that is more than a worker can have: beyond one, and what times scatter by.
const MORE_THAN_ONE: f64 = 1.05;

/// The source of the throughputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GainSource {
    /// The scaling law fitted to the sweep, which evens the scatter of single points out.
    Law,
    /// The measured speed-ups, where no law describes the sweep.
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
            Some(law) => Some((point.workers, law.throughput(point.workers as f64))),
            None => Some((point.workers, sweep.speedup_at(point.workers)?.ratio)),
        });
        let throughputs: Vec<(usize, f64)> = throughputs.collect::<Option<_>>()?;
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
        let rounds = |workers: usize| sweep.targets.div_ceil(workers.max(1) as u64).max(1);
        // What division alone would give, were all URLs alike: 40 on 32 workers are two rounds, as on 20.
        let by_rounds = |workers: usize| sweep.targets as f64 / rounds(workers) as f64;
        let marginal = |workers: usize, rate: f64, (fewer, lower): (usize, f64)| {
            let more = (workers - fewer) as f64;
            let marginal = (rate - lower) / more / each;
            let of_list = (by_rounds(workers) - by_rounds(fewer)) / more;
            let is_of_list = marginal > MORE_THAN_ONE && of_list > MORE_THAN_ONE;
            (!is_of_list).then_some(marginal)
        };
        let interval = |workers: usize| {
            let point = points.iter().find(|point| point.workers == workers)?;
            point.interval
        };
        let is_noise = |share: f64, workers: usize, fewer: usize| {
            let both = interval(workers).zip(interval(fewer));
            let overlap =
                both.is_some_and(|(one, other)| one.low <= other.high && other.low <= one.high);
            sweep.law.is_none() && overlap && !(0.0..=MORE_THAN_ONE).contains(&share)
        };
        let counts = counts.map(|(&(workers, rate), before)| {
            let share = before.and_then(|before| marginal(workers, rate, before));
            let is_noise = share
                .zip(before)
                .is_some_and(|(share, (fewer, _))| is_noise(share, workers, fewer));
            WorkerGain {
                workers,
                speedup: rate / least,
                efficiency: rate / workers as f64 / each,
                marginal: share.filter(|_| !is_noise),
                is_noise,
                rounds: rounds(workers),
            }
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
