//! The run of a measurement whose lines are printed.

use crate::model::measurement::{Arm, ArmRun};

/// The choice of the run whose lines stand for those of all runs of a comparison or a sweep: the first that
/// counts. A plain run is its own.
#[derive(Debug, Default)]
pub(super) struct ShownRun {
    /// The run that is under way is a repetition.
    is_repeat: bool,
    /// The run whose lines are printed, once it has begun.
    shown: Option<ArmRun>,
}

impl ShownRun {
    /// Notes that a run of an arm begins.
    pub(super) fn begin(&mut self, run: ArmRun) {
        self.is_repeat = self.shown.is_some() || (run.arm, run.pair) != (Arm::Parallel, 1);
        if !self.is_repeat {
            self.shown = Some(run);
        }
    }

    /// The run whose lines are printed, if it is one of a measurement and has begun.
    pub(super) fn run(&self) -> Option<ArmRun> {
        self.shown
    }

    /// Tells whether the lines of the run under way are printed.
    pub(super) fn is_it(&self) -> bool {
        !self.is_repeat
    }
}
