//! The answers of measured runs: which targets each arm, and each number of workers, was answered alike.
//!
//! * A failure, or another status, is a difference wherever it occurs: the runs did other work.
//! * Another size is one only beyond what a page varies by in the same arm. A page with a time or a nonce in it has
//!   another size in every run, which says nothing of the arms.
//!
//! `arm` has the answers of an arm and how two differ, `pair` those of a pair of runs, `any` the targets that were not
//! answered alike in all runs.
//!
//! It costs about 45 bytes of memory per target, and 16 more for each number of workers beyond two.

mod any;
mod arm;
mod pair;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::any::AnyDifference;
use self::arm::{ArmAnswers, other_sizes, other_statuses};
use self::pair::PairAnswers;
use super::failing::FailingTime;
use super::observing::RunObserver;
use crate::model::event::Event;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::{Outcome, Verdict};
use crate::model::work::{PairedWork, PassedOver, PointDifference};

/// Check that every target is answered alike in all runs.
#[derive(Debug, Default)]
pub(super) struct AnswerCheck {
    arms: Vec<ArmAnswers>,
    /// Position of the arm whose run is under way.
    current: usize,
    /// True if that run counts.
    is_counted: bool,
    failing: FailingTime,
    pair: PairAnswers,
    any: AnyDifference,
}

impl AnswerCheck {
    /// Begins the next run.
    pub(super) fn begin_run(&mut self, run: &ArmRun) {
        let key = (run.arm, run.workers);
        let place = self.arms.iter().position(|arm| arm.key == key);
        self.current = place.unwrap_or_else(|| {
            self.arms.push(ArmAnswers::new(key));
            self.arms.len() - 1
        });
        self.is_counted = run.pair > 0;
        self.failing = FailingTime::new(run.workers);
        self.pair.begin_run(run);
        self.any.begin_run();
    }

    /// Adds an outcome of the run.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        // A run that was stopped has no answers of these.
        if outcome.verdict == Verdict::Skipped {
            return;
        }
        let index = usize::try_from(outcome.index).unwrap_or(usize::MAX - 1);
        self.failing.add(outcome);
        self.any.add(index, outcome);
        self.arms[self.current].add(index, outcome, self.is_counted);
        if self.is_counted {
            self.pair.add(index, outcome);
        }
    }

    /// Ends the run. Returns the time in which nothing but failing targets was under way. A run that was stopped
    /// makes no pair.
    pub(super) fn end_run(&mut self, is_whole: bool) -> Duration {
        if is_whole && self.is_counted {
            self.pair.end_run();
        }
        std::mem::take(&mut self.failing).total()
    }

    /// Number of targets.
    pub(super) fn targets(&self) -> u64 {
        self.any.targets() as u64
    }

    /// Number of targets that were not answered alike in all runs, and the first URLs of them.
    pub(super) fn differing(&self) -> (u64, Vec<String>) {
        self.any.differing()
    }

    /// The work of the first pairs, so many as are whole.
    pub(super) fn paired_work(&self, pairs: u32) -> PairedWork {
        let mut work = self.pair.work();
        work.unlike_pairs.retain(|pair| *pair <= pairs);
        let arm = |wanted| self.arms.iter().find(|arm| arm.key.0 == wanted);
        let (Some(serial), Some(parallel)) = (arm(Arm::Serial), arm(Arm::Parallel)) else {
            return work;
        };
        work.failed_in_both = self.failed_everywhere();
        work.other_size = other_sizes(serial, parallel);
        if work.other_size > 0 {
            work.unlike_pairs = (1..=pairs).collect();
        }
        work
    }

    /// Number of targets that failed in every run of every arm.
    pub(super) fn failed_everywhere(&self) -> u64 {
        let targets = 0..self.any.targets();
        let failed = targets.filter(|index| {
            let mut answers = self.arms.iter().map(|arm| arm.targets.get(*index));
            answers.all(|answers| answers.is_some_and(|answers| answers.always_failed()))
        });
        failed.count() as u64
    }

    /// The numbers of workers that were answered otherwise than another, from the smallest. A target that failed is
    /// a difference if it succeeded in all runs with another number, fewer or more; statuses and sizes are compared
    /// with those of the fewest workers that remain.
    pub(super) fn passed_over(&self) -> Vec<PassedOver> {
        let mut arms: Vec<&ArmAnswers> = self.arms.iter().collect();
        arms.sort_by_key(|arm| arm.key.1);
        let most = arms.iter().map(|arm| arm.targets.len()).max();
        let can_succeed: Vec<bool> = (0..most.unwrap_or_default())
            .map(|index| {
                let mut answers = arms.iter().filter_map(|arm| arm.targets.get(index));
                answers.any(|answers| answers.always_succeeded())
            })
            .collect();
        let mut reference: Option<&ArmAnswers> = None;
        let mut passed = Vec::new();
        for arm in arms {
            let difference = arm.failures(&can_succeed).or_else(|| {
                let fewer = reference?;
                other_statuses(fewer, arm).or_else(|| match other_sizes(fewer, arm) {
                    0 => None,
                    urls => Some((urls, PointDifference::OtherSize)),
                })
            });
            match difference {
                Some((urls, difference)) => passed.push(PassedOver {
                    workers: arm.key.1,
                    urls,
                    difference,
                }),
                None => reference = reference.or(Some(arm)),
            }
        }
        passed
    }
}

impl RunObserver for AnswerCheck {
    fn observe(&mut self, event: &Event) {
        if let Event::Finished(outcome) = event {
            self.add(outcome);
        }
    }
}
