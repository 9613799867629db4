//! A run's figures, from what is told of it.

use std::fmt;
use std::time::SystemTime;

use super::list::ListHash;
use super::{OneRun, SavedRun};
use crate::model::event::Event;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::summary::Summary;

/// Why there is nothing to save of a run: half of one would be held against whole ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaved {
    /// It did not come to its end.
    Stopped,
    /// It did, with nothing that takes time.
    Nothing,
}

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unsaved::Stopped => "the run did not come to its end",
            Unsaved::Nothing => "no URL was tried",
        })
    }
}

/// A run's figures so far.
#[derive(Debug)]
pub(super) struct Record {
    /// The version that makes it, and when it was started.
    begun: Option<(String, SystemTime)>,
    list: ListHash,
    /// In a comparison: the run that goes on.
    arm: Option<ArmRun>,
    /// Whether the list has been seen: all runs of a comparison fetch the same one.
    is_listed: bool,
    warm: bool,
    paced: bool,
    runs: Vec<OneRun>,
}

impl Record {
    pub(super) fn new() -> Self {
        Record {
            begun: None,
            list: ListHash::default(),
            arm: None,
            is_listed: false,
            warm: false,
            paced: false,
            runs: Vec::new(),
        }
    }

    /// Takes note of an event. At the end of the run it says what there is to save.
    pub(super) fn note(&mut self, event: &Event) -> Option<Result<SavedRun, Unsaved>> {
        match event {
            Event::Started(info) => self.begun = Some((info.version.clone(), info.started_at)),
            Event::Finished(outcome) if !self.is_listed => self.list.add(outcome),
            Event::ArmStarted(run) => self.arm = Some(*run),
            Event::ArmEnded(summary) => {
                self.is_listed = true;
                match self.arm.take() {
                    Some(ArmRun { pair: 0, .. }) => self.warm = true,
                    Some(run) => self.add(run.arm, run.workers, summary),
                    None => {}
                }
            }
            Event::Ended(summary) if summary.stopped => return Some(Err(Unsaved::Stopped)),
            Event::Ended(summary) => {
                self.add(Arm::Parallel, summary.workers, summary);
                return Some(self.end());
            }
            Event::Compared(_) | Event::Swept(_) => return Some(self.end()),
            _ => {}
        }
        None
    }

    fn add(&mut self, arm: Arm, workers: usize, summary: &Summary) {
        self.paced |= summary.paced;
        let seconds = summary.makespan.unwrap_or_default().as_secs_f64();
        // What took no time was nothing.
        if seconds > 0.0 {
            self.runs.push(OneRun {
                arm,
                workers,
                seconds,
                failed: summary.failed,
                retries: summary.retries,
                bytes: summary.bytes,
            });
        }
    }

    fn end(&mut self) -> Result<SavedRun, Unsaved> {
        let Some((version, started_at)) = self.begun.take() else {
            return Err(Unsaved::Nothing);
        };
        if self.runs.is_empty() {
            return Err(Unsaved::Nothing);
        }
        Ok(SavedRun {
            version,
            started_at,
            targets: self.list.targets(),
            warm: self.warm,
            paced: self.paced,
            runs: std::mem::take(&mut self.runs),
        })
    }
}
