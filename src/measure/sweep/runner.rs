//! Makes the runs of a sweep one by one, and tells of them.

use std::io;
use std::time::Duration;

use crate::measure::MeasuredRun;
use crate::measure::answers::AnswerCheck;
use crate::measure::observing::ObservedRun;
use crate::measure::run_end::end_run;
use crate::measure::why::KneeCollector;
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Arm, ArmRun};
use crate::model::summary::{RunsMade, Summary};
use crate::model::work::PassedOver;

/// Counted runs, by number of workers.
pub(super) type SweptRuns = Vec<(usize, Vec<MeasuredRun>)>;

/// The runs of a sweep as they are made.
pub(super) struct SweepRunner<'a, F> {
    listener: &'a mut dyn Listener,
    answers: AnswerCheck,
    run: F,
    done: u32,
    /// Number of runs to be made; 0 if unknown.
    of: u32,
    /// The most runs that there may be, where their number is unknown; else 0.
    most: u32,
    /// Time of all runs so far, set-up included.
    spent: Duration,
    failed_warm_ups: u64,
    why: KneeCollector,
    /// Set once a run was stopped.
    stopped: Option<RunsMade>,
}

impl<'a, F> SweepRunner<'a, F> {
    /// Prepares to make runs by calling `run`.
    pub(super) fn new(listener: &'a mut dyn Listener, run: F) -> Self {
        SweepRunner {
            listener,
            answers: AnswerCheck::default(),
            run,
            done: 0,
            of: 0,
            most: 0,
            spent: Duration::ZERO,
            failed_warm_ups: 0,
            why: KneeCollector::default(),
            stopped: None,
        }
    }

    /// Sets how many runs there will be.
    pub(super) fn plan(&mut self, runs: u32) {
        self.of = runs;
    }

    /// Sets how many runs there will be at most.
    pub(super) fn plan_most(&mut self, runs: u32) {
        self.most = runs;
    }

    /// The time of all runs so far, warm-ups and set-up included.
    pub(super) fn spent(&self) -> Duration {
        self.spent
    }

    /// The answers of all runs so far.
    pub(super) fn answers(&self) -> &AnswerCheck {
        &self.answers
    }

    /// The number of runs that were made, the one that was stopped not among them.
    pub(super) fn made(&self) -> u32 {
        self.stopped.map_or(self.done, |stopped| stopped.done)
    }

    /// The runs that were made, if one was stopped.
    pub(super) fn stopped(&self) -> Option<RunsMade> {
        self.stopped
    }

    /// What all runs have shown: the answers, and what the reasons are found by.
    pub(super) fn into_shown(self) -> (AnswerCheck, KneeCollector) {
        (self.answers, self.why)
    }

    /// The targets that failed in warm-ups.
    pub(super) fn failed_warm_ups(&self) -> u64 {
        self.failed_warm_ups
    }

    /// The number of targets, once a run has told.
    pub(super) fn targets(&self) -> usize {
        usize::try_from(self.answers.targets()).unwrap_or(usize::MAX)
    }

    /// The numbers of workers that were answered otherwise than others so far.
    pub(super) fn passed_over(&self) -> Vec<PassedOver> {
        self.answers.passed_over()
    }

    /// Makes one run. `None` if it was stopped, or had nothing to do.
    pub(super) fn run<E: From<io::Error>>(
        &mut self,
        workers: usize,
        pair: u32,
    ) -> Result<Option<MeasuredRun>, E>
    where
        F: FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>,
    {
        let arm_run = ArmRun {
            arm: Arm::Parallel,
            pair,
            workers,
            done: self.done,
            of: self.of,
            most: self.most,
        };
        self.listener.event(&Event::ArmStarted(arm_run))?;
        self.done += 1;
        self.answers.begin_run(&arm_run);
        self.why.begin();
        let mut listener = ObservedRun {
            listener: &mut *self.listener,
            observers: &mut [&mut self.why.run, &mut self.answers],
        };
        let mut measured = (self.run)(workers, &mut listener)?;
        let summary = &mut measured.summary;
        let note = |summary: &Summary| self.why.end(arm_run, summary);
        let is_over = !end_run(summary, &mut self.answers, note, self.listener)?;
        if pair == 0 {
            self.failed_warm_ups += summary.failed;
        }
        self.stopped = is_over.then(|| RunsMade {
            done: self.done - 1,
            of: self.of.max(self.most).max(self.done),
            at_most: self.most > 0,
        });
        self.spent += measured.startup + measured.summary.makespan.unwrap_or_default();
        Ok((!is_over).then_some(measured))
    }
}
