//! Comparison of a run under way with earlier ones.

use std::time::SystemTime;

use super::recorder::EarlierRuns;
use super::{BaselineRun, SavedRun};
use crate::model::measurement::{Against, Arm, ArmTimes, Comparison, Sweep};

impl EarlierRuns {
    /// Compares the pairs of a comparison so far with the earlier runs. The list of URLs counts as the same: that is
    /// known at the end.
    pub(in crate::measure) fn preview(&self, comparison: &Comparison) -> Against {
        self.preview_arms([
            (Arm::Serial, 1, &comparison.serial),
            (Arm::Parallel, comparison.workers, &comparison.parallel),
        ])
    }

    /// Compares the rounds of a sweep so far with the earlier runs, in the same way.
    pub(in crate::measure) fn preview_sweep(&self, sweep: &Sweep) -> Against {
        let points = sweep.points.iter();
        self.preview_arms(points.map(|point| (Arm::Parallel, point.workers, &point.times)))
    }

    fn preview_arms<'a>(
        &self,
        arms: impl IntoIterator<Item = (Arm, usize, &'a ArmTimes)>,
    ) -> Against {
        let now = SavedRun {
            started_at: SystemTime::UNIX_EPOCH,
            runs: arms.into_iter().flat_map(runs).collect(),
            ..self.history.latest().clone()
        };
        now.against(&self.file, &self.history)
    }
}

/// The runs of an arm. Only their sum of failures and retries is known, and only the sum counts.
fn runs((arm, workers, times): (Arm, usize, &ArmTimes)) -> impl Iterator<Item = BaselineRun> {
    let (failed, retries) = (times.failed, times.retries);
    let of_first = move |place: usize, count: u64| if place == 0 { count } else { 0 };
    let seconds = times.seconds.iter().enumerate();
    seconds.map(move |(place, &seconds)| BaselineRun {
        arm,
        workers,
        seconds,
        failed: of_first(place, failed),
        retries: of_first(place, retries),
        bytes: 0,
    })
}
