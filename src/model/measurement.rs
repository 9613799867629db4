//! What measurements come to, as plain data: serial against parallel fetching, several numbers of
//! workers, a run against an earlier one.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::stats::{Change, Finding, Interval, Knee, Pair, Sample, Speedup, Usl};

/// One way of fetching the same URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Arm {
    /// One after the other, in a plain loop.
    Serial,
    /// On the pool.
    Parallel,
}

impl Arm {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One run of an arm. All outcomes told from its beginning to its end are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// The times of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// What casts doubt on the figures, a line each.
    pub notices: Vec<String>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// What casts doubt on the figures, a line each.
    pub notices: Vec<String>,
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
    pub why: Option<String>,
    /// What else is different between them, a line each.
    pub notices: Vec<String>,
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
    pub unlike: Option<String>,
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
            (None, _, Some(why)) => Err(why.clone()),
            (None, ..) => Err("the baseline has no parallel runs".to_owned()),
        }
    }
}
