//! Comparison: both arms fetch the same URLs, again and again, in alternating order.

mod result;
mod runner;
#[cfg(test)]
mod tests;

use std::io;

use self::runner::PairRunner;
use super::MeasuredRun;
use super::sequential::{Gates, Look, Sequence, Stopping};
use crate::model::auto_runs::AutoRuns;
use crate::model::event::Listener;
use crate::model::measurement::{Arm, ArmRun, Comparison};
use crate::model::summary::RunsMade;
use crate::model::work::PairedWork;

/// Parameters of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experiment {
    /// Uncounted runs of each arm, before the counted ones.
    pub warmups: u32,
    /// Counted pairs of runs; the most of them, if they may be fewer.
    pub pairs: u32,
    /// Workers of the parallel arm.
    pub workers: usize,
    /// Rule by which there may be fewer pairs.
    pub stopping: Option<Stopping>,
}

impl Experiment {
    /// The runs in their order. The arms take turns in going first (ABBA order), so that a steady drift, such
    /// as a busier network or a filling server cache, favours neither.
    pub fn runs(self) -> impl Iterator<Item = ArmRun> {
        let most = (self.warmups + self.pairs) * 2;
        let (of, most) = match self.stopping {
            Some(_) => (0, most),
            None => (most, 0),
        };
        let warmups = (0..self.warmups).map(|_| 0);
        let pairs = 1..=self.pairs;
        let orders = warmups.chain(pairs).enumerate().flat_map(|(number, pair)| {
            let order = if number % 2 == 0 {
                [Arm::Serial, Arm::Parallel]
            } else {
                [Arm::Parallel, Arm::Serial]
            };
            order.map(|arm| (arm, pair))
        });
        (0..).zip(orders).map(move |(done, (arm, pair))| ArmRun {
            arm,
            pair,
            workers: match arm {
                Arm::Serial => 1,
                Arm::Parallel => self.workers,
            },
            done,
            of,
            most,
        })
    }

    /// Makes all runs by calling `run`, and returns the result; of the pairs that are whole, if a run was stopped.
    /// `None` if there are none, or if a run had nothing to do. With a [stopping rule](Stopping) pairs are made until
    /// `gates` and the verdict are decided.
    ///
    /// # Errors
    ///
    /// Errors of `run` and of the listener.
    pub fn conduct<E: From<io::Error>>(
        self,
        gates: Gates<'_>,
        listener: &mut dyn Listener,
        run: impl FnMut(Arm, &mut dyn Listener) -> Result<MeasuredRun, E>,
    ) -> Result<Option<Comparison>, E> {
        let mut runner = PairRunner::new(self.warmups, listener, run);
        let mut sequence = self
            .stopping
            .map(|stopping| Sequence::new(stopping, self.pairs));
        let mut stopped = None;
        for arm_run in self.runs() {
            let Some(time) = runner.run(arm_run)? else {
                stopped = Some(RunsMade {
                    done: arm_run.done,
                    of: arm_run.of.max(arm_run.most),
                    at_most: arm_run.most > 0,
                });
                break;
            };
            let Some(sequence) = &mut sequence else {
                continue;
            };
            sequence.add_run(time);
            let Some(pairs) = runner.whole_pairs() else {
                continue;
            };
            let course_at = sequence.course_at();
            let look = |level| look(runner.comparison()?, course_at(level), gates);
            if sequence.is_over(pairs, look) {
                break;
            }
        }
        let course = sequence.map(|sequence| sequence.course(runner.pairs()));
        Ok(runner.result().map(|mut comparison| {
            comparison.set_course(course);
            comparison.stopped = stopped;
            comparison
        }))
    }
}

/// Looks at a comparison so far, with intervals at the level of the look.
fn look(mut comparison: Comparison, course: AutoRuns, gates: Gates<'_>) -> Option<Look> {
    let work = comparison.work.as_ref();
    if comparison.unlike_work().is_some() && work.is_some_and(PairedWork::may_be_chance) {
        return None;
    }
    comparison.set_course(Some(course));
    Some(Look {
        speedup: comparison.finding().and(comparison.speedup),
        is_knee_open: false,
        are_gates_decided: gates.are_decided_by(&comparison),
    })
}
