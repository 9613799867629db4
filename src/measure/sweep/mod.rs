//! Sweep: fetches the same URLs at several numbers of workers.

mod result;
mod rounds;
mod runner;
mod search;

use std::io;

use self::rounds::Rounds;
use self::runner::{SweepRunner, SweptRuns};
use super::MeasuredRun;
use super::notices::warm_up_notice;
use super::sequential::{Gates, Stopping};
use super::why::take_limits_of_sweep;
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
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlan {
    /// Numbers of workers.
    pub counts: WorkerCounts,
    /// Counted runs at each of them; with [`WorkerCounts::Auto`], and with a stopping rule, the most.
    pub runs: u32,
    /// Rule by which given numbers may have fewer rounds.
    pub stopping: Option<Stopping>,
    /// Uncounted runs before the others: at each of them; with [`WorkerCounts::Auto`] in all.
    pub warmups: u32,
}

impl SweepPlan {
    /// Makes all runs by calling `run` with a number of workers, and returns the result. If a run was stopped, that
    /// is the result of the rounds that are whole, or of the numbers of workers that were tried in the first round;
    /// with [`WorkerCounts::Auto`], of all runs that were made. It has a knee only if all numbers of a round were tried, and
    /// none of a search that had not ended. `None` if there are no runs, or if one had nothing to do.
    ///
    /// Given numbers are tried in rounds, up and down in turn, so that a steady drift favours none of them.
    /// With a [stopping rule](Stopping) rounds are made until `gates` and the knee are decided.
    /// With [`WorkerCounts::Auto`] the next number depends on all runs before it.
    ///
    /// # Errors
    ///
    /// Errors of `run` and of the listener.
    pub fn conduct<E: From<io::Error>>(
        &self,
        gates: Gates<'_>,
        listener: &mut dyn Listener,
        run: impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
    ) -> Result<Option<Sweep>, E> {
        let mut runner = SweepRunner::new(listener, run);
        let (runs, auto, search) = match &self.counts {
            WorkerCounts::Given(counts) => {
                let rounds = Rounds::new(counts, self.warmups, self.runs);
                let (runs, course) = match self.stopping {
                    None => (rounds.all(&mut runner)?, None),
                    Some(stopping) => {
                        let (runs, course) = rounds.enough(stopping, gates, &mut runner)?;
                        (runs, Some(course))
                    }
                };
                (runs, course, None)
            }
            WorkerCounts::Auto { most } => {
                let (runs, cost) = search::search(*most, self.warmups, self.runs, &mut runner)?;
                (runs, None, Some(cost))
            }
        };
        let stopped = runner.stopped();
        let mut notices: Vec<_> = warm_up_notice(runner.failed_warm_ups())
            .into_iter()
            .collect();
        if self.runs == 1 {
            notices.push(MeasurementNotice::SingleRuns);
        }
        let (answers, why) = runner.into_shown();
        let targets = answers.targets();
        if self.is_cut(&runs, targets) {
            notices.push(MeasurementNotice::ShortList(targets));
        }
        let is_open = stopped.is_some() && self.is_knee_open(&runs);
        let swept = result::sweep(&runs, &answers, auto, search);
        Ok(swept.map(|mut sweep| {
            notices.append(&mut sweep.notices);
            sweep.knee = sweep.knee.filter(|_| !is_open);
            let mut why = why.why(&sweep);
            take_limits_of_sweep(why.as_mut(), &mut notices);
            Sweep {
                stopped,
                why,
                notices,
                ..sweep
            }
        }))
    }

    /// Tests whether the runs of a sweep that was stopped leave the knee open: a search has not found it, or not all of the
    /// numbers were tried.
    fn is_knee_open(&self, runs: &SweptRuns) -> bool {
        match &self.counts {
            WorkerCounts::Given(counts) => counts
                .iter()
                .any(|count| runs.iter().all(|(tried, _)| tried != count)),
            WorkerCounts::Auto { .. } => true,
        }
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
mod auto_tests;
#[cfg(test)]
mod tests;
