//! What measurements come to, as plain data: serial against parallel fetching, several numbers of
//! workers, a run against an earlier one.

use std::time::{Duration, SystemTime};

pub use crate::model::arm::Arm;
use crate::model::event::Event;
use crate::model::notice::{BaselineNotice, Incomparable, MeasurementNotice, Unlike};
use crate::model::summary::{RunsMade, Summary};
use crate::stats::{Change, Finding, Interval, Knee, Latency, Pair, Sample, Speedup, Usl};

/// One run of an arm. All outcomes told from its beginning to its end are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ArmRun {
    /// Which way.
    pub arm: Arm,
    /// Its pair, from 1; 0 for a warm-up, which is not counted. In a sweep: its round.
    pub pair: u32,
    /// The workers that it has.
    pub workers: usize,
    /// How many runs there have been before it, warm-ups included, and how many there will be in all.
    pub done: u32,
    /// See [`done`](ArmRun::done).
    pub of: u32,
}

/// The runs of a comparison or a sweep, added up from what is told of them: the one place that keeps
/// those that count apart from warm-ups, which do not.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    going: Option<ArmRun>,
    of: u32,
    done: u32,
    serial: Summary,
    parallel: Summary,
    warm_ups: Summary,
}

impl Runs {
    /// Takes note of an event.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::ArmStarted(run) => {
                self.going = Some(*run);
                self.of = run.of;
            }
            Event::ArmEnded(summary) => {
                let Some(run) = self.going.take() else { return };
                self.done += u32::from(!summary.stopped);
                match (run.pair, run.arm) {
                    (0, _) => &mut self.warm_ups,
                    (_, Arm::Serial) => &mut self.serial,
                    (_, Arm::Parallel) => &mut self.parallel,
                }
                .merge(summary);
            }
            _ => {}
        }
    }

    /// Whether one has begun.
    pub fn have_begun(&self) -> bool {
        self.of > 0
    }

    /// The parallel runs that count, together.
    pub fn parallel(&self) -> &Summary {
        &self.parallel
    }

    /// All runs that count, the serial ones too.
    pub fn counted(&self) -> Summary {
        let mut counted = self.serial.clone();
        counted.merge(&self.parallel);
        counted
    }

    /// What is told in place of a result if there is none: what was done in all runs, warm-ups too.
    /// `is_stopped` says whether they were stopped; else there was nothing that takes time.
    pub fn without_result(&self, is_stopped: bool) -> Summary {
        let mut all = self.counted();
        all.merge(&self.warm_ups);
        if !is_stopped {
            return all;
        }
        Summary {
            stopped: true,
            runs: Some(RunsMade {
                done: self.done,
                of: self.of,
            }),
            makespan: None,
            sum: Duration::ZERO,
            busy: Duration::ZERO,
            slowest: Duration::ZERO,
            latency: Latency::default(),
            ttfb: Latency::default(),
            ..all
        }
    }
}

/// The times of one arm.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ArmTimes {
    /// The makespan of each run in seconds, in the order of the pairs.
    pub seconds: Vec<f64>,
    /// What they come to.
    pub sample: Sample,
    /// Targets that failed, all runs together.
    pub failed: u64,
    /// Attempts beyond the first of each target, all runs together.
    pub retries: u64,
    /// How long getting ready took on the average, in seconds: threads, and nothing else. It is not
    /// part of the times.
    pub startup: f64,
}

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Workers of the parallel arm.
    pub workers: usize,
    /// Targets of each run.
    pub targets: u64,
    /// Runs of each arm that did not count.
    pub warmups: u32,
    /// The serial arm.
    pub serial: ArmTimes,
    /// The parallel arm.
    pub parallel: ArmTimes,
    /// How much faster parallel is, with its interval.
    pub speedup: Speedup,
    /// The speed-up that the parallel runs alone would have been given by adding up their per-URL
    /// times, as a geometric mean.
    pub estimated: Option<f64>,
    /// Targets whose status or number of bytes was not the same in all runs, and some of their URLs.
    pub differing: (u64, Vec<String>),
    /// Reasons to doubt the figures.
    pub notices: Vec<MeasurementNotice>,
}

impl Comparison {
    /// How many workers there could be work for: no more than there are targets.
    pub fn at_once(&self) -> usize {
        let targets = usize::try_from(self.targets).unwrap_or(usize::MAX);
        self.workers.min(targets).max(1)
    }

    /// The share of what its workers could have gained that the parallel arm did: the speed-up over
    /// the number of workers that there could be work for.
    pub fn efficiency(&self) -> f64 {
        self.speedup.ratio / self.at_once() as f64
    }
}

/// What the same URLs took at one number of workers.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SweepRuns {
    /// The number of workers.
    pub workers: usize,
    /// The times of the runs.
    #[serde(flatten)]
    pub times: ArmTimes,
    /// The 95 % interval for their mean, if there were runs enough.
    pub interval: Option<Interval>,
}

/// What a sweep over numbers of workers came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Targets of each run.
    pub targets: u64,
    /// Each number of workers, from the smallest.
    pub points: Vec<SweepRuns>,
    /// Where more workers hardly help any more.
    pub knee: Option<Knee>,
    /// The law that the throughputs (URLs in a second) follow, if there are points enough to tell.
    pub law: Option<Usl>,
    /// Targets whose status or number of bytes was not the same in all runs, and some of their URLs.
    pub differing: (u64, Vec<String>),
    /// Reasons to doubt the figures.
    pub notices: Vec<MeasurementNotice>,
}

impl Sweep {
    /// Whether the runs scatter too much to tell where the knee is: fewer workers than those that are
    /// enough by the means are not shown to be too few.
    pub fn is_undecided(&self) -> bool {
        self.knee.is_some_and(|knee| knee.workers != knee.by_means)
    }

    /// What was measured at the knee; if the runs do not decide which it is, at the one by the means.
    pub fn at_knee(&self) -> Option<&SweepRuns> {
        let knee = self.knee?;
        self.points
            .iter()
            .find(|point| point.workers == knee.by_means)
    }

    /// Whether there was one run at each number of workers.
    pub fn is_single(&self) -> bool {
        let mut runs = self.points.iter().map(|point| point.times.seconds.len());
        runs.all(|runs| runs == 1)
    }

    /// How much faster the [knee](Sweep::at_knee) is than the fewest workers that were tried: of each
    /// round, their two runs are a pair. The knee is found in the same runs, but not by being the fastest
    /// of all: that one would owe part of its speed to luck. Where the runs do not decide the knee, the
    /// interval is wide.
    pub fn speedup(&self) -> Option<Speedup> {
        let (fewest, knee) = (self.points.first()?, self.at_knee()?);
        let runs = fewest.times.seconds.iter().zip(&knee.times.seconds);
        let pairs: Vec<Pair> = runs
            .map(|(&serial, &parallel)| Pair { serial, parallel })
            .collect();
        Speedup::of(&pairs)
    }
}

/// What a run comes to against an earlier one whose figures were saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// The file that has them; safe to show.
    pub file: String,
    /// When that run was started.
    pub started_at: SystemTime,
    /// The version of pfetch that made it.
    pub version: String,
    /// What both runs did, one by one; empty if they cannot be compared.
    pub points: Vec<AgainstPoint>,
    /// Why not, if they cannot.
    pub why: Option<Incomparable>,
    /// Differences between them that may explain a change.
    pub notices: Vec<BaselineNotice>,
}

/// What one way of fetching took, now and in the earlier run.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstPoint {
    /// Which way.
    pub arm: Arm,
    /// Workers now.
    pub workers: usize,
    /// Workers then.
    pub workers_then: usize,
    /// The makespans now, in seconds.
    pub now: Sample,
    /// Those of then.
    pub then: Sample,
    /// How much longer it takes now.
    pub change: Change,
    /// Why that says nothing of being faster or slower, if it does not: another number of workers, or URLs
    /// that failed on one side only.
    pub unlike: Option<Unlike>,
}

impl AgainstPoint {
    /// What the change shows; nothing without an interval, or if the two sides are not alike.
    pub fn finding(&self) -> Option<Finding> {
        match self.unlike {
            Some(_) => None,
            None => self.change.finding(),
        }
    }
}

impl Against {
    /// The parallel runs' times now and then, if that is one comparison and not several; else why not.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn total(&self) -> Result<&AgainstPoint, String> {
        let mut parallel = self
            .points
            .iter()
            .filter(|point| point.arm == Arm::Parallel);
        match (parallel.next(), parallel.next(), &self.why) {
            (Some(point), None, _) => match &point.unlike {
                None => Ok(point),
                Some(unlike) => Err(format!("the baseline is not of the same: {unlike}")),
            },
            (Some(_), Some(_), _) => {
                Err("several numbers of workers were compared (give --sweep only one)".to_owned())
            }
            (None, _, Some(why)) => Err(why.to_string()),
            (None, ..) => Err("the baseline has no parallel runs".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of so many milliseconds in which one URL failed.
    fn note(runs: &mut Runs, arm: Arm, pair: u32, ms: u64, is_stopped: bool) {
        runs.note(&Event::ArmStarted(ArmRun {
            arm,
            pair,
            workers: 2,
            done: runs.done,
            of: 6,
        }));
        let mut latency = Latency::default();
        latency.record(Duration::from_millis(ms));
        runs.note(&Event::ArmEnded(Summary {
            ok: 1,
            failed: 1,
            makespan: Some(Duration::from_millis(ms)),
            latency,
            stopped: is_stopped,
            ..Summary::default()
        }));
    }

    #[test]
    fn warm_ups_are_in_no_figure_that_counts() {
        let mut runs = Runs::default();
        for (arm, pair, ms) in [
            (Arm::Serial, 0, 900),
            (Arm::Parallel, 0, 800),
            (Arm::Serial, 1, 40),
            (Arm::Parallel, 1, 20),
        ] {
            note(&mut runs, arm, pair, ms, false);
        }
        let (parallel, counted) = (runs.parallel(), runs.counted());
        assert_eq!((parallel.failed, counted.failed), (1, 2));
        assert_eq!(parallel.makespan, Some(Duration::from_millis(20)));
        let max = parallel.latency.max().expect("there is a time");
        assert!(max < Duration::from_millis(30), "{max:?}");
    }

    #[test]
    fn of_runs_that_were_stopped_there_are_counts_and_no_times() {
        let mut runs = Runs::default();
        note(&mut runs, Arm::Serial, 0, 900, false);
        note(&mut runs, Arm::Serial, 1, 40, false);
        note(&mut runs, Arm::Parallel, 1, 20, true);
        let told = runs.without_result(true);
        assert_eq!((told.ok, told.failed, told.stopped), (3, 3, true));
        assert_eq!(told.runs, Some(RunsMade { done: 2, of: 6 }));
        assert_eq!((told.makespan, told.latency.max()), (None, None));
    }
}
