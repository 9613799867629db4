//! The results of measurements, as plain data: serial against parallel fetching, several numbers of
//! workers. A run against a saved baseline is in [`against`](super::against).

use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::model::against::{Against, AgainstPoint, DatedChange, Reference};
pub use crate::model::arm::Arm;
use crate::model::auto_runs::AutoRuns;
use crate::model::margin::{Margin, PracticalVerdict};
use crate::model::notice::MeasurementNotice;
use crate::model::reason::{KneeWhy, Why};
use crate::model::search_cost::SearchCost;
use crate::model::summary::RunsMade;
use crate::model::work::{PairedWork, PassedOver, PointDifference, UnlikeWork};
use crate::stats::{
    Finding, Interval, Knee, LEVEL, Latency, PooledScatter, RunPair, Sample, Speedup, SweepPoint,
    Usl, geometric_mean, is_close,
};

/// The shortest meaningful run, in seconds: shorter ones take about as long as other activity of the machine.
const SHORT_RUN: f64 = 0.005;

/// One run of an arm. All outcomes told from its beginning to its end are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The most runs that there may be, where that is known and their number is not; else 0.
    #[serde(default)]
    pub most: u32,
}

/// The times of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmTimes {
    /// The makespan of each run in seconds, in the order of the pairs, without what is [left out](ArmTimes::left_out).
    #[schemars(inner(range(min = 0.0)))]
    pub seconds: Vec<f64>,
    /// The summary of these times.
    pub sample: Sample,
    /// Failed targets, all runs together.
    pub failed: u64,
    /// Attempts beyond the first of each target, all runs together.
    pub retries: u64,
    /// The mean start-up time in seconds: starting the threads, and nothing else. It is not part of the
    /// times.
    #[schemars(range(min = 0.0))]
    pub startup: f64,
    /// The latency of the targets that succeeded, all runs together; `None` if none did.
    #[serde(default)]
    pub latency: Option<ArmLatency>,
    /// The seconds of each run that are left out of its time: in which nothing but URLs was under way that fail in all
    /// runs. Empty if nothing is.
    #[serde(default)]
    #[schemars(inner(range(min = 0.0)))]
    pub left_out: Vec<f64>,
}

/// Percentiles of the latency of an arm's targets, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmLatency {
    /// The median.
    #[schemars(range(min = 0.0))]
    pub p50: f64,
    /// The 95th percentile.
    #[schemars(range(min = 0.0))]
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
    /// True if any of this many targets succeeded in any of the runs.
    pub fn has_success(&self, targets: u64) -> bool {
        self.success(targets) > 0.0
    }

    /// The share of fetches that succeeded, from 0 to 1: of this many targets in each run.
    pub fn success(&self, targets: u64) -> f64 {
        let fetches = targets as f64 * self.seconds.len() as f64;
        // A replayed log may state any number.
        (1.0 - self.failed as f64 / fetches).max(0.0)
    }

    /// The geometric mean of the runs' times: that of the serial arm over that of the parallel one is the speed-up.
    pub fn typical_seconds(&self) -> f64 {
        geometric_mean(&self.seconds)
    }

    /// True if a run was so short that its time is mostly chance.
    pub fn is_short(&self) -> bool {
        self.sample.min < SHORT_RUN
    }

    /// The makespan of each run in seconds, with what is left out of the times.
    pub fn makespans(&self) -> Vec<f64> {
        let left_out = self.left_out.iter().copied().chain(iter::repeat(0.0));
        let times = self.seconds.iter().zip(left_out);
        times
            .map(|(seconds, left_out)| seconds + left_out)
            .collect()
    }

    /// The mean of the seconds that are left out of a run's time.
    pub fn mean_left_out(&self) -> f64 {
        self.left_out.iter().sum::<f64>() / self.seconds.len().max(1) as f64
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
    /// The course of its pairs, if their number was not given.
    pub auto: Option<AutoRuns>,
    /// The serial arm.
    pub serial: ArmTimes,
    /// The parallel arm.
    pub parallel: ArmTimes,
    /// The speed-up of the parallel arm, with its interval. `None` if no URL succeeded in one of the arms, because
    /// the speed of failing is no success, if both arms [fetch one by one](Comparison::is_one_by_one), and if their
    /// [work differs](Comparison::unlike_work).
    pub speedup: Option<Speedup>,
    /// The differences between the answers of both arms; `None` in a log that does not have them.
    pub work: Option<PairedWork>,
    /// The speed-up that would have been estimated from the per-URL times of the parallel runs alone, as a
    /// geometric mean.
    pub estimated: Option<f64>,
    /// Targets whose status or number of bytes was not the same in all runs, and some of their URLs.
    pub differing: (u64, Vec<String>),
    /// The difference from which on one matters.
    pub margin: Margin,
    /// Reasons to doubt the figures.
    pub notices: Vec<MeasurementNotice>,
    /// Reasons why the speed-up is what it is.
    pub why: Why,
}

impl Comparison {
    /// The speed-up of these arms over this many targets, with this many workers, all pairs being alike.
    pub fn speedup_of(
        serial: &ArmTimes,
        parallel: &ArmTimes,
        targets: u64,
        workers: usize,
    ) -> Option<Speedup> {
        let all: Vec<RunPair> = run_pairs(serial, parallel).collect();
        speedup(serial, parallel, targets, workers, &all)
    }

    /// The speed-up of the [pairs that decide](Comparison::deciding_pairs), if the arms are comparable.
    pub fn speedup_of_alike(&self) -> Option<Speedup> {
        match self.unlike_work() {
            Some(_) => None,
            None => self.speedup_of_deciding_pairs(),
        }
    }

    fn speedup_of_deciding_pairs(&self) -> Option<Speedup> {
        let pairs: Vec<RunPair> = self.deciding_pairs().map(|(_, pair)| pair).collect();
        speedup(
            &self.serial,
            &self.parallel,
            self.targets,
            self.workers,
            &pairs,
        )
    }

    /// The pairs that decide, with their numbers from 1: those whose arms were answered alike.
    pub fn deciding_pairs(&self) -> impl Iterator<Item = (u32, RunPair)> {
        let is_alike = |pair| !self.work.as_ref().is_some_and(|work| work.is_unlike(pair));
        (1..)
            .zip(run_pairs(&self.serial, &self.parallel))
            .filter(move |(pair, _)| is_alike(*pair))
    }

    /// The reason for which the arms are not comparable, if there is one: what fails early is fast, so times of
    /// other work say nothing.
    pub fn unlike_work(&self) -> Option<UnlikeWork> {
        let (serial, parallel) = (self.serial.failed, self.parallel.failed);
        let difference = match &self.work {
            Some(work) => work.difference(self.pairs(), self.targets),
            None => (serial != parallel).then_some(UnlikeWork::Failures { serial, parallel }),
        };
        difference.or_else(|| self.decided_by_retries())
    }

    /// The retries, if their waits are shown to be part of the speed-up: it is more than the workers can bring.
    fn decided_by_retries(&self) -> Option<UnlikeWork> {
        let (serial, parallel) = (self.serial.retries, self.parallel.retries);
        if serial + parallel == 0 {
            return None;
        }
        let interval = self.speedup_of_deciding_pairs()?.interval?;
        let is_beyond = interval.low > self.at_once() as f64;
        is_beyond.then_some(UnlikeWork::Retries { serial, parallel })
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

    /// Takes the course of its pairs, and with it the level of the intervals, over.
    pub fn set_course(&mut self, auto: Option<AutoRuns>) {
        let from = self.level();
        self.auto = auto;
        let to = self.level();
        self.speedup = self.speedup.map(|speedup| speedup.at_level(from, to));
    }

    /// The confidence level of the intervals of its figures: 95 %, if the number of pairs was given.
    pub fn level(&self) -> f64 {
        self.auto.map_or(LEVEL, |auto| auto.level)
    }

    /// The speed-up with the interval that decides. It is the reported one, unless an early look decided, which is
    /// stricter.
    pub fn deciding_speedup(&self) -> Option<Speedup> {
        let speedup = self.speedup?;
        Some(match self.auto {
            Some(auto) => speedup.at_level(auto.level, auto.deciding_level),
            None => speedup,
        })
    }

    /// The finding that the speed-up allows. `None` for one pair, without a speed-up, if the arms are not comparable
    /// or if both fetch one by one.
    pub fn finding(&self) -> Option<Finding> {
        match self.unlike_work().is_some() || self.is_one_by_one() {
            true => None,
            false => self
                .deciding_speedup()
                .and_then(|speedup| speedup.finding()),
        }
    }

    /// The verdict on the parallel arm, where there is a [finding](Comparison::finding).
    pub fn verdict(&self) -> Option<PracticalVerdict> {
        let Speedup {
            ratio, interval, ..
        } = self.deciding_speedup()?;
        Some(self.margin.verdict(self.finding()?, ratio, interval))
    }

    /// True if something succeeded in both arms.
    pub fn has_success(&self) -> bool {
        self.serial.has_success(self.targets) && self.parallel.has_success(self.targets)
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

/// The runs of both arms as pairs.
fn run_pairs(serial: &ArmTimes, parallel: &ArmTimes) -> impl Iterator<Item = RunPair> {
    let times = serial.seconds.iter().zip(&parallel.seconds);
    times.map(|(&serial, &parallel)| RunPair { serial, parallel })
}

/// The speed-up of these pairs. `None` if an arm succeeded at nothing, or fetched one by one either way.
fn speedup(
    serial: &ArmTimes,
    parallel: &ArmTimes,
    targets: u64,
    workers: usize,
    pairs: &[RunPair],
) -> Option<Speedup> {
    let has_success = serial.has_success(targets) && parallel.has_success(targets);
    if !has_success || at_once(targets, workers) < 2 {
        return None;
    }
    Speedup::of(pairs)
}

/// The number of workers that can be busy at once: no more than there are targets.
fn at_once(targets: u64, workers: usize) -> usize {
    let targets = usize::try_from(targets).unwrap_or(usize::MAX);
    workers.min(targets).max(1)
}

/// The times of the same URLs at one number of workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepRuns {
    /// The number of workers.
    #[schemars(range(min = 1))]
    pub workers: usize,
    /// The times of the runs.
    #[serde(flatten)]
    pub times: ArmTimes,
    /// The 95 % interval of their [typical time](Sweep::typical_seconds), if there were enough runs. In an automatic sweep
    /// it is by the [scatter](PooledScatter) of the runs at all numbers of workers.
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
    /// The course of its rounds, if their number was not given.
    pub auto: Option<AutoRuns>,
    /// The cost of the search for the knee, if it chose its numbers of workers itself. It makes one run at some
    /// numbers and several at others, which are no pairs.
    pub search: Option<SearchCost>,
    /// Each number of workers, from the smallest.
    pub points: Vec<SweepRuns>,
    /// Those of them that were answered otherwise than others, from the smallest. The knee, the law and the speed-up
    /// leave them out.
    pub passed_over: Vec<PassedOver>,
    /// The number of workers beyond which more hardly help. `None` if it was stopped before that was found.
    pub knee: Option<Knee>,
    /// The scaling law fitted to the throughputs (URLs per second), if there are enough points and it [describes
    /// them](Usl::describes).
    pub law: Option<Usl>,
    /// Targets whose status or number of bytes was not the same in all runs, and some of their URLs.
    pub differing: (u64, Vec<String>),
    /// The gain from which on one matters.
    pub margin: Margin,
    /// Reasons to doubt the figures.
    pub notices: Vec<MeasurementNotice>,
    /// Reasons why more workers than the knee gained no more. `None` if there are no runs of more, or none of one worker.
    pub why: Option<KneeWhy>,
}

impl Sweep {
    /// True if the runs vary too much to locate the knee: far fewer workers than the means suggest are not
    /// shown to be too few.
    pub fn is_undecided(&self) -> bool {
        self.knee.is_some_and(|knee| !knee.is_decided())
    }

    /// The fewest and the most runs at a number of workers.
    pub fn runs_at_each(&self) -> (usize, usize) {
        let runs = self.points.iter().map(|point| point.times.seconds.len());
        (runs.clone().min().unwrap_or(0), runs.max().unwrap_or(0))
    }

    /// The times at the knee; if the runs do not decide it, at the knee by the times alone.
    pub fn at_knee(&self) -> Option<&SweepRuns> {
        let knee = self.knee?;
        self.points
            .iter()
            .find(|point| point.workers == knee.by_means)
    }

    /// The comparable times that are the shortest.
    pub fn fastest(&self) -> Option<&SweepRuns> {
        let seconds = |runs: &&SweepRuns| self.typical_seconds(runs);
        self.comparable()
            .min_by(|one, other| seconds(one).total_cmp(&seconds(other)))
    }

    /// True if there was one run at each number of workers.
    pub fn is_single(&self) -> bool {
        let mut runs = self.points.iter().map(|point| point.times.seconds.len());
        runs.all(|runs| runs == 1)
    }

    /// The speed-up of the [knee](Sweep::at_knee) over the fewest workers, whose runs of one round are a
    /// pair; in an automatic sweep, whose runs are none, by the geometric means and the scatter of all. `None` if one number of
    /// workers is [comparable](Sweep::comparable), which has nothing to be set against.
    ///
    /// The knee comes from the same runs, but not as the fastest point, which would owe part of its
    /// speed to luck. Where the runs do not decide the knee, the interval is wide.
    pub fn speedup(&self) -> Option<Speedup> {
        self.comparable().nth(1)?;
        self.speedup_over_fewest(self.at_knee()?)
    }

    /// The speed-up with this number of workers over the fewest, by the same definition. `None` if it is not
    /// comparable.
    pub fn speedup_at(&self, workers: usize) -> Option<Speedup> {
        let mut comparable = self.comparable();
        let point = comparable.find(|point| point.workers == workers)?;
        self.speedup_over_fewest(point)
    }

    fn speedup_over_fewest(&self, point: &SweepRuns) -> Option<Speedup> {
        let fewest = self.comparable().next()?;
        let pairs: Vec<RunPair> = run_pairs(&fewest.times, &point.times).collect();
        let speedup = Speedup::of(&pairs)?;
        Some(match self.search {
            Some(_) => self.unpaired(fewest, point, speedup),
            None => speedup.at_level(LEVEL, self.level()),
        })
    }

    /// The confidence level of the intervals of its speed-up and gates: 95 %, if the number of rounds was given. Those of
    /// single numbers of workers are at 95 % in any case.
    pub fn level(&self) -> f64 {
        self.auto.map_or(LEVEL, |auto| auto.level)
    }

    /// The speed-up of runs that are no pairs, with as many of them as there might have been.
    fn unpaired(&self, fewest: &SweepRuns, point: &SweepRuns, paired: Speedup) -> Speedup {
        let [one, other] = [fewest, point].map(|point| geometric_mean(&point.times.seconds));
        let ratio = one / other;
        let runs = [fewest, point].map(|point| point.times.seconds.len());
        let groups = self.comparable().map(|point| &point.times.seconds[..]);
        Speedup {
            ratio,
            interval: PooledScatter::of(groups)
                .map(|scatter| scatter.interval_of_ratio(ratio, runs)),
            ..paired
        }
    }

    /// The number of workers with the highest throughput by the scaling law. `None` if the law has no such number
    /// among those that were tried, misses the points around the knee, or contradicts it: a knee says that more workers
    /// hardly help.
    pub fn peak(&self) -> Option<f64> {
        let (law, knee) = (self.law?, self.knee?);
        let points = self.sweep_points();
        let peak = law.peak()?;
        let place = points.iter().position(|p| p.workers == knee.by_means)?;
        let near = &points[place.saturating_sub(1)..points.len().min(place + 2)];
        let seconds = |workers: f64| self.targets as f64 / law.throughput(workers);
        let fits = |point: &SweepPoint| is_close(seconds(point.workers as f64), point.seconds);
        // A law that was fitted to so few points says nothing of more workers than they had.
        let is_tried = points.last()?.workers as f64 >= peak;
        let agrees = is_close(seconds(knee.by_means as f64), seconds(peak));
        (is_tried && near.iter().all(fits) && agrees).then_some(peak)
    }

    /// The points that did the same work, from the fewest workers: those that are not passed over, and at which
    /// something succeeded.
    pub fn comparable(&self) -> impl DoubleEndedIterator<Item = &SweepRuns> {
        let targets = self.targets;
        self.points.iter().filter(move |point| {
            self.passed_over(point.workers).is_none() && point.times.has_success(targets)
        })
    }

    /// The typical time with a number of workers: the median of the runs. In an automatic sweep, which makes one or two at
    /// most numbers, it is their geometric mean, on whose scale the [scatter](PooledScatter) of all of them is one.
    ///
    /// It is not the mean, which rare slow runs have a large share in: a few runs have none of them or too many, so that
    /// no interval made from them covers it as often as it says.
    pub fn typical_seconds(&self, runs: &SweepRuns) -> f64 {
        match self.search {
            Some(_) if !runs.times.seconds.is_empty() => runs.times.typical_seconds(),
            _ => runs.times.sample.median,
        }
    }

    /// The name of the [typical time](Sweep::typical_seconds).
    pub fn typical_name(&self) -> &'static str {
        match self.search {
            Some(_) => "geometric mean",
            None => "median",
        }
    }

    /// The comparable points as the knee needs them.
    pub fn sweep_points(&self) -> Vec<SweepPoint> {
        let point = |runs: &SweepRuns| SweepPoint {
            workers: runs.workers,
            seconds: self.typical_seconds(runs),
            interval: runs.interval,
        };
        self.comparable().map(point).collect()
    }

    /// The reason for which a number of workers is passed over, if it is.
    pub fn passed_over(&self, workers: usize) -> Option<&PassedOver> {
        self.passed_over
            .iter()
            .find(|passed| passed.workers == workers)
    }

    /// The [speed-up](Sweep::speedup), if the knee is not the fewest workers themselves.
    pub fn gain(&self) -> Option<Speedup> {
        let fewest = self.comparable().next()?.workers;
        self.speedup()
            .filter(|_| self.knee.is_some_and(|knee| knee.by_means > fewest))
    }
}

/// The points of a sweep at which more failed than at another, by the counts alone, as a log has them that does not say
/// which targets failed.
pub fn unequal_failures(points: &[SweepRuns]) -> Vec<PassedOver> {
    let runs = |point: &SweepRuns| point.times.seconds.len() as u64;
    // Cross-multiplied: not all points need have as many runs.
    let least = points.iter().min_by(|one, other| {
        let share = |one: &SweepRuns, other| u128::from(one.times.failed) * u128::from(runs(other));
        share(one, other).cmp(&share(other, one))
    });
    let more = |point: &SweepRuns| {
        let least = least?;
        let expected = least.times.failed.saturating_mul(runs(point)) / runs(least).max(1);
        let urls = point.times.failed.saturating_sub(expected);
        (urls > 0).then_some(PassedOver {
            workers: point.workers,
            urls: urls.div_ceil(runs(point).max(1)),
            difference: PointDifference::Failed(None),
        })
    };
    points.iter().filter_map(more).collect()
}
