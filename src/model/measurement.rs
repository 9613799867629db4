//! The results of measurements, as plain data: serial against parallel fetching, several numbers of
//! workers. A run against a saved baseline is in [`against`](super::against).

use serde::{Deserialize, Serialize};

pub use crate::model::against::{Against, AgainstPoint, DatedChange, Reference};
pub use crate::model::arm::Arm;
use crate::model::notice::MeasurementNotice;
use crate::model::summary::RunsMade;
use crate::stats::{
    Finding, Interval, Knee, Latency, RunPair, Sample, Speedup, SweepPoint, Usl, is_close,
};

/// The shortest meaningful run, in seconds: shorter ones take about as long as other activity of the machine.
const SHORT_RUN: f64 = 0.005;

/// One run of an arm. All outcomes told from its beginning to its end are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmRun {
    /// The arm.
    pub arm: Arm,
    /// The number of its pair, from 1; 0 for a warm-up, which does not count. In a sweep: its round.
    pub pair: u32,
    /// The number of workers.
    pub workers: usize,
    /// The number of runs before it, warm-ups included; `of` is the number of all runs, or 0 if it is not known.
    pub done: u32,
    /// See [`done`](ArmRun::done).
    pub of: u32,
}

/// The times of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmTimes {
    /// The makespan of each run in seconds, in the order of the pairs.
    pub seconds: Vec<f64>,
    /// The summary of these times.
    pub sample: Sample,
    /// Failed targets, all runs together.
    pub failed: u64,
    /// Attempts beyond the first of each target, all runs together.
    pub retries: u64,
    /// The mean start-up time in seconds: starting the threads, and nothing else. It is not part of the
    /// times.
    pub startup: f64,
    /// The latency of the targets that succeeded, all runs together; `None` if none did.
    #[serde(default)]
    pub latency: Option<ArmLatency>,
}

/// Percentiles of the latency of an arm's targets, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ArmLatency {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
}

impl ArmLatency {
    /// The percentiles of these durations; `None` without any.
    pub fn of(latency: &Latency) -> Option<Self> {
        Some(ArmLatency {
            p50: latency.p(50.0)?.as_secs_f64(),
            p95: latency.p(95.0)?.as_secs_f64(),
        })
    }
}

impl ArmTimes {
    /// The share of fetches that succeeded, from 0 to 1: of this many targets in each run.
    pub fn success(&self, targets: u64) -> f64 {
        let fetches = targets as f64 * self.seconds.len() as f64;
        // A replayed log may state any number.
        (1.0 - self.failed as f64 / fetches).max(0.0)
    }

    /// True if a run was so short that its time is mostly chance.
    pub fn is_short(&self) -> bool {
        self.sample.min < SHORT_RUN
    }
}

/// The result of a comparison of serial and parallel fetching.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Workers of the parallel arm.
    pub workers: usize,
    /// Targets of each run.
    pub targets: u64,
    /// Warm-up runs of each arm, which do not count.
    pub warmups: u32,
    /// The runs that were made of those that were planned, if it was stopped early. The figures are then of the
    /// pairs that are whole.
    pub stopped: Option<RunsMade>,
    /// The serial arm.
    pub serial: ArmTimes,
    /// The parallel arm.
    pub parallel: ArmTimes,
    /// The speed-up of the parallel arm, with its interval. `None` if no URL succeeded in one of the arms, because
    /// the speed of failing is no success, and if both arms [fetch one by one](Comparison::is_one_by_one).
    pub speedup: Option<Speedup>,
    /// The speed-up that would have been estimated from the per-URL times of the parallel runs alone, as a
    /// geometric mean.
    pub estimated: Option<f64>,
    /// Targets whose status or number of bytes was not the same in all runs, and some of their URLs.
    pub differing: (u64, Vec<String>),
    /// Reasons to doubt the figures.
    pub notices: Vec<MeasurementNotice>,
}

impl Comparison {
    /// The speed-up of these arms over this many targets, with this many workers.
    pub fn speedup_of(
        serial: &ArmTimes,
        parallel: &ArmTimes,
        targets: u64,
        workers: usize,
    ) -> Option<Speedup> {
        let has_success = |times: &ArmTimes| times.success(targets) > 0.0;
        if !has_success(serial) || !has_success(parallel) || at_once(targets, workers) < 2 {
            return None;
        }
        let pairs: Vec<RunPair> = serial
            .seconds
            .iter()
            .zip(&parallel.seconds)
            .map(|(&serial, &parallel)| RunPair { serial, parallel })
            .collect();
        Speedup::of(&pairs)
    }

    /// The number of pairs of runs.
    pub fn pairs(&self) -> usize {
        self.parallel.seconds.len()
    }

    /// The number of pairs that were planned, if it was stopped early.
    pub fn planned_pairs(&self) -> Option<u32> {
        let RunsMade { of, .. } = self.stopped?;
        Some((of / 2).saturating_sub(self.warmups))
    }

    /// The finding that the speed-up allows. `None` for one pair, without a speed-up, if the arms are not alike or if
    /// both fetch one by one.
    pub fn finding(&self) -> Option<Finding> {
        match self.failures_differ() || self.is_one_by_one() {
            true => None,
            false => self.speedup.and_then(|speedup| speedup.finding()),
        }
    }

    /// True if not the same number of URLs failed in both arms: what fails early is fast, so their times are not
    /// of the same work.
    pub fn failures_differ(&self) -> bool {
        self.serial.failed != self.parallel.failed
    }

    /// True if a run was so short that its time is mostly chance.
    pub fn has_short_runs(&self) -> bool {
        self.serial.is_short() || self.parallel.is_short()
    }

    /// The number of workers that can be busy at once: no more than there are targets.
    pub fn at_once(&self) -> usize {
        at_once(self.targets, self.workers)
    }

    /// True if the parallel arm fetches one by one too, so that there is nothing to compare: one target, or one
    /// worker.
    pub fn is_one_by_one(&self) -> bool {
        self.at_once() < 2
    }

    /// The parallel efficiency: the speed-up divided by the number of workers that can be busy at once.
    pub fn efficiency(&self) -> Option<f64> {
        Some(self.speedup?.ratio / self.at_once() as f64)
    }
}

/// The number of workers that can be busy at once: no more than there are targets.
fn at_once(targets: u64, workers: usize) -> usize {
    let targets = usize::try_from(targets).unwrap_or(usize::MAX);
    workers.min(targets).max(1)
}

/// The times of the same URLs at one number of workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepRuns {
    /// The number of workers.
    pub workers: usize,
    /// The times of the runs.
    #[serde(flatten)]
    pub times: ArmTimes,
    /// The 95 % interval of their mean, if there were enough runs.
    pub interval: Option<Interval>,
}

/// The result of a sweep over numbers of workers.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Targets of each run.
    pub targets: u64,
    /// The runs that were made of those that were planned, as far as known, if it was stopped early. The figures are
    /// then of the rounds that are whole.
    pub stopped: Option<RunsMade>,
    /// Each number of workers, from the smallest.
    pub points: Vec<SweepRuns>,
    /// The number of workers beyond which more hardly help.
    pub knee: Option<Knee>,
    /// The scaling law fitted to the throughputs (URLs per second), if there are enough points and it [describes
    /// them](Usl::describes).
    pub law: Option<Usl>,
    /// Targets whose status or number of bytes was not the same in all runs, and some of their URLs.
    pub differing: (u64, Vec<String>),
    /// Reasons to doubt the figures.
    pub notices: Vec<MeasurementNotice>,
}

impl Sweep {
    /// True if the runs vary too much to locate the knee: fewer workers than the means suggest are not
    /// shown to be too few.
    pub fn is_undecided(&self) -> bool {
        self.knee.is_some_and(|knee| knee.workers != knee.by_means)
    }

    /// The times at the knee; if the runs do not decide it, at the knee by the means.
    pub fn at_knee(&self) -> Option<&SweepRuns> {
        let knee = self.knee?;
        self.points
            .iter()
            .find(|point| point.workers == knee.by_means)
    }

    /// True if there was one run at each number of workers.
    pub fn is_single(&self) -> bool {
        let mut runs = self.points.iter().map(|point| point.times.seconds.len());
        runs.all(|runs| runs == 1)
    }

    /// The speed-up of the [knee](Sweep::at_knee) over the fewest workers, whose runs of one round are a
    /// pair. `None` if one number of workers was tried, which has nothing to be set against.
    ///
    /// The knee comes from the same runs, but not as the fastest point, which would owe part of its
    /// speed to luck. Where the runs do not decide the knee, the interval is wide. Where more URLs failed on
    /// one side, its times are [lengthened](fair_points) as much.
    pub fn speedup(&self) -> Option<Speedup> {
        let (fewest, knee) = (self.points.first()?, self.at_knee()?);
        if self.points.len() < 2 {
            return None;
        }
        let [slow, quick] = [fewest, knee].map(|point| point.times.success(self.targets));
        let runs = fewest.times.seconds.iter().zip(&knee.times.seconds);
        let pairs: Vec<RunPair> = runs
            .map(|(&serial, &parallel)| RunPair {
                serial: serial / slow,
                parallel: parallel / quick,
            })
            .collect();
        Speedup::of(&pairs)
    }

    /// The number of workers with the highest throughput by the scaling law. `None` if the law has no such number,
    /// misses the points around the knee, or contradicts it: a knee says that more workers hardly help.
    pub fn peak(&self) -> Option<f64> {
        let (law, knee) = (self.law?, self.knee?);
        let points = fair_points(&self.points, self.targets);
        let peak = law.peak()?;
        let place = points.iter().position(|p| p.workers == knee.by_means)?;
        let near = &points[place.saturating_sub(1)..points.len().min(place + 2)];
        let seconds = |workers: f64| self.targets as f64 / law.throughput(workers);
        let fits = |point: &SweepPoint| is_close(seconds(point.workers as f64), point.seconds);
        let is_tried = points
            .last()
            .is_some_and(|most| peak <= most.workers as f64);
        let agrees = !is_tried || is_close(seconds(knee.by_means as f64), seconds(peak));
        (near.iter().all(fits) && agrees).then_some(peak)
    }

    /// The [speed-up](Sweep::speedup), if the knee is not the fewest workers themselves.
    pub fn gain(&self) -> Option<Speedup> {
        let fewest = self.points.first()?.workers;
        self.speedup()
            .filter(|_| self.knee.is_some_and(|knee| knee.by_means > fewest))
    }
}

/// The points of a sweep as they are set against each other: by the time in which as many URLs succeed. Where
/// more failed than elsewhere the time is longer by as much, because what fails early is fast; where nothing
/// succeeded there is none.
pub fn fair_points(points: &[SweepRuns], targets: u64) -> Vec<SweepPoint> {
    let success = |point: &SweepRuns| point.times.success(targets);
    let most = points.iter().map(success).fold(0.0, f64::max);
    let point = |point: &SweepRuns| {
        let factor = most / success(point);
        factor.is_finite().then(|| SweepPoint {
            workers: point.workers,
            seconds: point.times.sample.mean * factor,
            interval: point.interval.map(|Interval { low, high }| Interval {
                low: low * factor,
                high: high * factor,
            }),
        })
    };
    points.iter().filter_map(point).collect()
}
