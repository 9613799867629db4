//! Makes the runs of a sweep one by one, and tells of them.

use std::io;

use crate::measure::MeasuredRun;
use crate::measure::answers::AnswerCheck;
use crate::measure::comparison::ArmListener;
use crate::measure::why::{KneeCollector, WhyListener};
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Arm, ArmRun};
use crate::model::summary::RunsMade;
use crate::model::work::PassedOver;

/// Counted runs, by number of workers.
pub(super) type SweptRuns = Vec<(usize, Vec<MeasuredRun>)>;

/// The runs of a sweep as they are made.
pub(super) struct SweepRunner<'a, F> {
    listener: &'a mut dyn Listener,
    answers: &'a mut AnswerCheck,
    run: F,
    done: u32,
    /// Number of runs to be made; 0 if unknown.
    of: u32,
    failed_warm_ups: u64,
    why: KneeCollector,
    /// Set once a run was stopped.
    stopped: Option<RunsMade>,
}

impl<'a, F> SweepRunner<'a, F> {
    /// Prepares to make runs by calling `run`.
    pub(super) fn new(
        listener: &'a mut dyn Listener,
        answers: &'a mut AnswerCheck,
        run: F,
    ) -> Self {
        SweepRunner {
            listener,
            answers,
            run,
            done: 0,
            of: 0,
            failed_warm_ups: 0,
            why: KneeCollector::default(),
            stopped: None,
        }
    }

    /// Sets how many runs there will be.
    pub(super) fn plan(&mut self, runs: u32) {
        self.of = runs;
    }

    /// The number of runs that were made, the one that was stopped not among them.
    pub(super) fn made(&self) -> u32 {
        self.stopped.map_or(self.done, |stopped| stopped.done)
    }

    /// The runs that were made, if one was stopped.
    pub(super) fn stopped(&self) -> Option<RunsMade> {
        self.stopped
    }

    /// What the reasons are found by, of all runs.
    pub(super) fn into_why(self) -> KneeCollector {
        self.why
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
            most: 0,
        };
        self.listener.event(&Event::ArmStarted(arm_run))?;
        self.done += 1;
        self.answers.begin_run(&arm_run);
        self.why.begin();
        let mut listener = WhyListener {
            listener: &mut ArmListener {
                listener: &mut *self.listener,
                answers: &mut *self.answers,
            },
            why: &mut self.why.run,
        };
        let mut measured = (self.run)(workers, &mut listener)?;
        let summary = &mut measured.summary;
        let is_over = summary.stopped || summary.makespan.is_none();
        summary.failing_only = self.answers.end_run(!is_over);
        self.why.end(arm_run, summary);
        self.listener.event(&Event::ArmEnded(summary.clone()))?;
        self.listener.idle()?;
        if pair == 0 {
            self.failed_warm_ups += summary.failed;
        }
        self.stopped = is_over.then(|| RunsMade {
            done: self.done - 1,
            of: self.of.max(self.done),
            at_most: false,
        });
        Ok((!is_over).then_some(measured))
    }
}
