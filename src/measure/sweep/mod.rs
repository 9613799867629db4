//! Sweep: fetches the same URLs at several numbers of workers.

mod result;
mod rounds;
mod runner;
mod search;

use std::io;

use self::runner::{SweepRunner, SweptRuns};
use super::MeasuredRun;
use super::answers::AnswerCheck;
use super::comparison::warm_up_notice;
use crate::model::event::Listener;
use crate::model::measurement::Sweep;
use crate::model::notice::MeasurementNotice;

/// Numbers of workers to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerCounts {
    /// These.
    Given(Vec<usize>),
    /// Those that find the knee with few runs.
    Auto {
        /// Largest number to try.
        most: usize,
    },
}

/// Parameters of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepPlan {
    /// Numbers of workers.
    pub counts: WorkerCounts,
    /// Counted runs at each of them; with [`WorkerCounts::Auto`] the most.
    pub runs: u32,
    /// Uncounted runs before the others: at each of them; with [`WorkerCounts::Auto`] in all.
    pub warmups: u32,
}

impl SweepPlan {
    /// Makes all runs by calling `run` with a number of workers, and returns the result. If a run was stopped, that
    /// is the result of the rounds that are whole, or of the numbers of workers that were tried in the first round;
    /// with [`WorkerCounts::Auto`], of all runs that were made. `None` if there are none, or if a run had nothing to
    /// do.
    ///
    /// Given numbers are tried in rounds, up and down in turn, so that a steady drift favours none of them.
    /// With [`WorkerCounts::Auto`] the next number depends on all runs before it.
    ///
    /// # Errors
    ///
    /// Errors of `run` and of the listener.
    pub fn conduct<E: From<io::Error>>(
        &self,
        listener: &mut dyn Listener,
        run: impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
    ) -> Result<Option<Sweep>, E> {
        let mut answers = AnswerCheck::default();
        let mut runner = SweepRunner::new(listener, &mut answers, run);
        let (runs, search) = match &self.counts {
            WorkerCounts::Given(counts) => {
                let runs = rounds::in_rounds(counts, self.warmups, self.runs, &mut runner)?;
                (runs, None)
            }
            WorkerCounts::Auto { most } => {
                let (runs, cost) = search::search(*most, self.warmups, self.runs, &mut runner)?;
                (runs, Some(cost))
            }
        };
        let stopped = runner.stopped();
        let mut notices: Vec<_> = warm_up_notice(runner.failed_warm_ups())
            .into_iter()
            .collect();
        if self.runs == 1 {
            notices.push(MeasurementNotice::SingleRuns);
        }
        let why = runner.into_why();
        let targets = answers.targets();
        if self.is_cut(&runs, targets) {
            notices.push(MeasurementNotice::ShortList(targets));
        }
        let swept = result::sweep(&runs, answers, notices, search);
        Ok(swept.map(|sweep| Sweep {
            stopped,
            why: why.why(&sweep),
            ..sweep
        }))
    }

    /// Tests whether so few targets kept it from numbers of workers that it was to try.
    fn is_cut(&self, runs: &SweptRuns, targets: u64) -> bool {
        match &self.counts {
            WorkerCounts::Given(counts) => counts.iter().any(|count| *count as u64 > targets),
            WorkerCounts::Auto { most } => runs
                .last()
                .is_some_and(|(last, _)| *last as u64 == targets && last < most),
        }
    }
}

#[cfg(test)]
mod tests;
