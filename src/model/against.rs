//! The result of a comparison of a run with a saved baseline, as plain data.

use std::time::{Duration, SystemTime};

use crate::model::arm::Arm;
use crate::model::margin::{Margin, PracticalVerdict};
use crate::model::notice::{BaselineNotice, Incomparable, Unlike};
use crate::stats::{ALIKE, Change, Finding, Interval, Sample};

/// The result of a comparison of a run with a saved baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// The file of the baseline; safe to show.
    pub file: String,
    /// The start of the baseline's latest run.
    pub started_at: SystemTime,
    /// The version of pfetch that made that.
    pub version: String,
    /// The arms of both; empty if they cannot be compared.
    pub points: Vec<AgainstPoint>,
    /// Why not, if they cannot.
    pub why: Option<Incomparable>,
    /// Differences between them that may explain a change.
    pub notices: Vec<BaselineNotice>,
    /// The change from which on one matters.
    pub margin: Margin,
    /// True if the run is added to the baseline as the first of its kind, which nothing can judge: no gate does, then.
    pub is_renewed: bool,
}

/// The times of one arm, now and in the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstPoint {
    /// The arm.
    pub arm: Arm,
    /// Workers now.
    pub workers: usize,
    /// Workers in the baseline.
    pub workers_then: usize,
    /// The geometric mean of the makespans now, in seconds: the [change](AgainstPoint::change) is that of it.
    pub seconds: f64,
    /// The makespans now, in seconds.
    pub now: Sample,
    /// The makespans in the runs of the [reference](AgainstPoint::reference), in seconds.
    pub then: Sample,
    /// The runs of the baseline that this one is compared with.
    pub reference: Reference,
    /// The change from the reference to now.
    pub change: Change,
    /// The last change of the level of the times, in all runs of the baseline that are of the same and in this one.
    pub dated: Option<DatedChange>,
    /// Why that says nothing of being faster or slower, if it does not: another number of workers, or URLs
    /// that failed on one side only.
    pub unlike: Option<Unlike>,
}

/// The saved runs that a run is compared with: those that are of the same, since the last change of their level that is no
/// slow-down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    /// The number of runs.
    pub runs: usize,
    /// The start of the first.
    pub from: SystemTime,
    /// The start of the last.
    pub to: SystemTime,
    /// The standard deviation between them, as a share of their time. `None` for a single run.
    pub deviation: Option<f64>,
}

/// The time in which runs are of one day, whose scatter says little of that from day to day.
const ONE_DAY: Duration = Duration::from_secs(3600);

impl Reference {
    /// The notice of runs that were made one soon after the other.
    pub(crate) fn one_day(&self) -> Option<BaselineNotice> {
        let within = self.to.duration_since(self.from).unwrap_or_default();
        (self.runs > 1 && within < ONE_DAY).then_some(BaselineNotice::OneDay {
            runs: self.runs,
            within,
        })
    }
}

/// The last change of the level of the times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatedChange {
    /// The number of the first run at the new level, from 1.
    pub run: usize,
    /// The number of runs in which it was looked for, the one now included.
    pub of: usize,
    /// The start of the first run at the new level.
    pub started_at: SystemTime,
    /// The new level over the one before: an estimate, and rather too far from 1, because the run was selected by it.
    pub ratio: f64,
}

impl DatedChange {
    /// The finding; `None` for a change within [`ALIKE`], which two sessions may differ by.
    pub fn finding(&self) -> Option<Finding> {
        if self.ratio > ALIKE.high {
            Some(Finding::Slower)
        } else if self.ratio < ALIKE.low {
            Some(Finding::Faster)
        } else {
            None
        }
    }
}

impl AgainstPoint {
    /// The typical time of the reference, in seconds: the geometric mean of its runs' geometric means.
    pub fn seconds_then(&self) -> f64 {
        self.seconds / self.change.ratio
    }

    /// True if it is compared with runs of several days. Those differ by more than the runs of one do, so that no more of
    /// these would narrow the interval.
    pub fn is_of_history(&self) -> bool {
        self.reference.runs > 1
    }

    /// The finding that the change allows, of what lies beyond the margin or [`ALIKE`], whichever is less. `None` without
    /// an interval, if that is too wide to say anything, or if the two sides are not alike.
    pub fn finding(&self, margin: Margin) -> Option<Finding> {
        if self.unlike.is_some() {
            return None;
        }
        let Interval { low, high } = margin.ratios();
        let finding = self.change.finding_beyond(Interval {
            low: low.max(ALIKE.low),
            high: high.min(ALIKE.high),
        })?;
        let says_something = |interval: Interval| interval.says_something();
        let is_open = !self.change.interval.is_some_and(says_something);
        (finding != Finding::NoDifference || !is_open).then_some(finding)
    }
}

impl Against {
    /// The verdict on an arm now, where there is a [finding](AgainstPoint::finding).
    pub fn verdict(&self, point: &AgainstPoint) -> Option<PracticalVerdict> {
        let Change { ratio, interval } = point.change;
        Some(
            self.margin
                .verdict(point.finding(self.margin)?, ratio, interval),
        )
    }

    /// The parallel arm, now and in the baseline, if there is exactly one.
    ///
    /// # Errors
    ///
    /// The reason for which there is none.
    pub fn total(&self) -> Result<&AgainstPoint, String> {
        let mut parallel = self
            .points
            .iter()
            .filter(|point| point.arm == Arm::Parallel);
        match (parallel.next(), parallel.next(), &self.why) {
            (Some(point), None, _) => match &point.unlike {
                None => Ok(point),
                Some(unlike) => Err(format!(
                    "the baseline is not of the same: {}",
                    unlike.explain(self.is_renewed)
                )),
            },
            (Some(_), Some(_), _) => {
                Err("several numbers of workers were compared (give --sweep only one)".to_owned())
            }
            (None, _, Some(why)) => Err(why.explain(self.is_renewed)),
            (None, ..) => Err("the baseline has no parallel runs".to_owned()),
        }
    }

    /// True if the baseline has runs of the same list, and none that the run could be judged by: later ones like it are
    /// judged by it.
    pub fn is_of_other(&self) -> bool {
        let mut parallel = self
            .points
            .iter()
            .filter(|point| point.arm == Arm::Parallel);
        match (parallel.next(), parallel.next()) {
            (None, _) => matches!(self.why, Some(Incomparable::OtherWorkers { .. })),
            (Some(point), None) => point.unlike.as_ref().is_some_and(Unlike::is_renewable),
            (Some(_), Some(_)) => false,
        }
    }

    /// The reason for which there is no comparison, in words.
    pub fn explain(&self) -> Option<String> {
        Some(self.why.as_ref()?.explain(self.is_renewed))
    }
}
