//! Names of the runs and arms of a comparison or a sweep, as the exports write them.

use crate::model::measurement::{Arm, ArmRun};
use crate::report::format::counted;

/// The names of a measurement's runs. A comparison has a serial arm, with which it begins; where there is none it is
/// a sweep, whose arms are its numbers of workers.
#[derive(Debug, Default)]
pub(super) struct RunLabels {
    has_runs: bool,
    is_comparison: bool,
}

impl RunLabels {
    /// Notes a run that begins.
    pub(super) fn note(&mut self, run: ArmRun) {
        self.has_runs = true;
        self.is_comparison |= run.arm == Arm::Serial;
    }

    /// True if there are several runs to be told apart.
    pub(super) fn has_runs(&self) -> bool {
        self.has_runs
    }

    /// The name of an arm: `serial`, `8 workers`.
    pub(super) fn arm(&self, run: ArmRun) -> String {
        match self.is_comparison {
            true => run.arm.as_str().to_owned(),
            false => counted(run.workers as u64, "worker"),
        }
    }

    /// The name of a run: `serial 1`, `8 workers`.
    pub(super) fn run(&self, run: ArmRun) -> String {
        match self.is_comparison {
            true => format!("{} {}", run.arm.as_str(), run.pair),
            false => self.arm(run),
        }
    }
}
