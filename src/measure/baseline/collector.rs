//! Collects the figures of a run from its events.

use std::fmt;
use std::time::SystemTime;

use super::list_hash::ListHash;
use super::{BaselineRun, Machine, SavedRun};
use crate::model::event::Event;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::Verdict;
use crate::model::pacing::BindingLimits;
use crate::model::summary::Summary;

/// Reason why a run cannot be a baseline: complete runs would be compared with a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaved {
    /// It was stopped before its end.
    Stopped,
    /// It tried no URL, so it took no time.
    Nothing,
    /// No URL succeeded in it: later runs would be judged by the time that failing takes.
    NoSuccess,
}

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unsaved::Stopped => "the run did not come to its end",
            Unsaved::Nothing => "no URL was tried",
            Unsaved::NoSuccess => "no URL succeeded",
        })
    }
}

/// Figures of a run so far.
#[derive(Debug)]
pub(super) struct FigureCollector {
    /// Version of pfetch and start of the run.
    begun: Option<(String, SystemTime)>,
    machine: Option<Machine>,
    list: ListHash,
    /// In a comparison or a sweep: the arm's run that has not ended.
    arm: Option<ArmRun>,
    /// True once a run has hashed the list: all runs of a comparison fetch the same one.
    is_listed: bool,
    warm: bool,
    paced: bool,
    held_back_by: BindingLimits,
    runs: Vec<BaselineRun>,
}

impl FigureCollector {
    /// A collector of a run of this machine; `None` if it is not known.
    pub(super) fn new(machine: Option<Machine>) -> Self {
        FigureCollector {
            begun: None,
            machine,
            list: ListHash::default(),
            arm: None,
            is_listed: false,
            warm: false,
            paced: false,
            held_back_by: BindingLimits::default(),
            runs: Vec::new(),
        }
    }

    /// Adds an event. At the end of the run it returns the figures to save.
    pub(super) fn add_event(&mut self, event: &Event) -> Option<Result<SavedRun, Unsaved>> {
        match event {
            Event::Started(info) => self.begun = Some((info.version.clone(), info.started_at)),
            // What an earlier run has done is no part of this one's work.
            Event::Finished(outcome) if outcome.verdict == Verdict::Done => {}
            Event::Finished(outcome) if !self.is_listed => self.list.add(outcome),
            Event::ArmStarted(run) => self.arm = Some(*run),
            Event::ArmEnded(summary) => {
                self.is_listed = true;
                match self.arm.take() {
                    Some(ArmRun { pair: 0, .. }) => self.warm = true,
                    Some(run) => self.add_run(run.arm, run.workers, summary),
                    None => {}
                }
            }
            Event::Ended(summary) if summary.stopped => return Some(Err(Unsaved::Stopped)),
            Event::Ended(summary) => {
                self.add_run(Arm::Parallel, summary.workers, summary);
                return Some(self.end());
            }
            Event::Compared(comparison) if comparison.stopped.is_some() => {
                return Some(Err(Unsaved::Stopped));
            }
            Event::Swept(sweep) if sweep.stopped.is_some() => return Some(Err(Unsaved::Stopped)),
            Event::Compared(_) | Event::Swept(_) => return Some(self.end()),
            _ => {}
        }
        None
    }

    fn add_run(&mut self, arm: Arm, workers: usize, summary: &Summary) {
        self.paced |= summary.is_held_back();
        self.held_back_by = self.held_back_by.or(summary.binding_limits());
        let seconds = summary.makespan.unwrap_or_default().as_secs_f64();
        // A run without a makespan tried no URL.
        if seconds > 0.0 {
            self.runs.push(BaselineRun {
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
            machine: self.machine.take(),
            targets: self.list.targets(),
            warm: self.warm,
            paced: self.paced,
            held_back_by: self.held_back_by,
            runs: std::mem::take(&mut self.runs),
        })
    }
}
