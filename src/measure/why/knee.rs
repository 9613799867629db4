//! The reasons why more workers than the knee of a sweep gain no more: the runs of one worker are set against those of the
//! next number beyond the knee, round by round.

use std::collections::BTreeMap;

use super::WhyCollector;
use super::sums::{PushBacks, RunSums};
use crate::model::measurement::{ArmRun, Sweep};
use crate::model::reason::{KneeWhy, Reason};
use crate::model::summary::Summary;

/// Collector of what the reasons are found by, over all counted runs of a sweep.
#[derive(Debug, Default)]
pub(in crate::measure) struct KneeCollector {
    /// Collects the run under way.
    pub(in crate::measure) run: WhyCollector,
    /// The runs by their number of workers.
    pub(super) ended: BTreeMap<usize, Vec<RunSums>>,
}

impl KneeCollector {
    /// Begins a run.
    pub(in crate::measure) fn begin(&mut self) {
        self.run.begin();
    }

    /// Ends the run, whose figures are in `summary`.
    pub(in crate::measure) fn end(&mut self, run: ArmRun, summary: &Summary) {
        if let Some(sums) = self.run.take_sums(run, summary) {
            self.ended.entry(run.workers).or_default().push(sums);
        }
    }

    /// The reasons at the knee. `None` if one worker, or more than the knee that were
    /// answered alike, were not tried. Push-backs are left out: a
    /// sweep notices them with the fewest workers that met them.
    pub(in crate::measure) fn why(mut self, sweep: &Sweep) -> Option<KneeWhy> {
        let knee = sweep.knee?;
        let beyond = self.ended.range(knee.workers.max(knee.by_means) + 1..);
        let mut beyond = beyond.map(|(workers, _)| *workers);
        let workers = beyond.find(|workers| sweep.passed_over(*workers).is_none())?;
        let refused: Vec<PushBacks> = (0..self.run.table.names.len())
            .map(|origin| {
                let runs = self.ended.values().flatten();
                PushBacks::sum(runs.map(|run| run.push_backs(origin)))
            })
            .collect();
        self.run.serial = self.ended.remove(&1)?;
        self.run.parallel = self.ended.remove(&workers)?;
        let mut why = self.run.why_with(|origin| refused[origin]);
        why.reasons
            .retain(|weighed| !matches!(weighed.reason, Reason::PushBack { .. }));
        Some(KneeWhy { workers, why })
    }
}
