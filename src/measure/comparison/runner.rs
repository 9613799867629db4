//! Makes the runs of a comparison one by one, and keeps what they show.

use std::io;
use std::time::Duration;

use super::result;
use crate::measure::MeasuredRun;
use crate::measure::answers::AnswerCheck;
use crate::measure::cold_start::ColdStartCheck;
use crate::measure::notices::warm_up_notice;
use crate::measure::observing::ObservedRun;
use crate::measure::run_end::end_run;
use crate::measure::why::{WhyCollector, take_limits};
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Arm, ArmRun, Comparison};
use crate::model::notice::MeasurementNotice;
use crate::model::summary::Summary;

/// The runs of a comparison as they are made.
pub(super) struct PairRunner<'a, F> {
    warmups: u32,
    listener: &'a mut dyn Listener,
    run: F,
    answers: AnswerCheck,
    why: WhyCollector,
    cold_start: ColdStartCheck,
    serial: Vec<MeasuredRun>,
    parallel: Vec<MeasuredRun>,
    failed_warm_ups: u64,
    /// The number of targets, once a run has counted them.
    targets: Option<u64>,
}

impl<'a, F> PairRunner<'a, F> {
    /// Prepares to make runs by calling `run`.
    pub(super) fn new(warmups: u32, listener: &'a mut dyn Listener, run: F) -> Self {
        PairRunner {
            warmups,
            listener,
            run,
            answers: AnswerCheck::default(),
            why: WhyCollector::default(),
            cold_start: ColdStartCheck::default(),
            serial: Vec::new(),
            parallel: Vec::new(),
            failed_warm_ups: 0,
            targets: None,
        }
    }

    /// Makes one run. Returns its time, set-up included; `None` if it was stopped, or had nothing to do.
    pub(super) fn run<E: From<io::Error>>(&mut self, arm_run: ArmRun) -> Result<Option<Duration>, E>
    where
        F: FnMut(Arm, &mut dyn Listener) -> Result<MeasuredRun, E>,
    {
        self.listener.event(&Event::ArmStarted(arm_run))?;
        // The run before has counted the targets, so progress has a total from the start.
        if let Some(targets) = self.targets {
            self.listener.event(&Event::Counted(targets))?;
        }
        self.answers.begin_run(&arm_run);
        self.why.begin();
        self.cold_start.begin(&arm_run);
        let mut observed = ObservedRun {
            listener: &mut *self.listener,
            observers: &mut [&mut self.why, &mut self.cold_start, &mut self.answers],
        };
        let mut measured = (self.run)(arm_run.arm, &mut observed)?;
        let summary = &mut measured.summary;
        let note = |summary: &Summary| self.why.end(arm_run, summary);
        if !end_run(summary, &mut self.answers, note, self.listener)? {
            return Ok(None);
        }
        self.targets = Some(summary.targets());
        let time = measured.startup + summary.makespan.unwrap_or_default();
        match (arm_run.pair, arm_run.arm) {
            (0, _) => self.failed_warm_ups += summary.failed,
            (_, Arm::Serial) => self.serial.push(measured),
            (_, Arm::Parallel) => self.parallel.push(measured),
        }
        Ok(Some(time))
    }

    /// The number of pairs that are whole.
    pub(super) fn pairs(&self) -> usize {
        self.serial.len().min(self.parallel.len())
    }

    /// The number of pairs, if there is one and no other has been begun.
    pub(super) fn whole_pairs(&self) -> Option<usize> {
        let pairs = self.pairs();
        (pairs > 0 && self.serial.len() == self.parallel.len()).then_some(pairs)
    }

    /// The result of the whole pairs so far; `None` if there are none.
    pub(super) fn comparison(&self) -> Option<Comparison> {
        let pairs = self.pairs();
        let (serial, parallel) = (&self.serial[..pairs], &self.parallel[..pairs]);
        result::comparison(self.warmups, serial, parallel, &self.answers)
    }

    /// The same, with the reasons and with what all runs were noticed for.
    pub(super) fn result(&self) -> Option<Comparison> {
        let mut comparison = self.comparison()?;
        comparison.why = self.why.why();
        let taken = |origin: &str| self.why.taken(origin);
        take_limits(&mut comparison.why, &mut comparison.notices, taken);
        let warm_ups = warm_up_notice(self.failed_warm_ups);
        comparison.notices.extend(warm_ups);
        if let Some(cold) = self.cold_start.notice() {
            // It says more of the same.
            let first = MeasurementNotice::SlowFirstRun(Arm::Serial);
            comparison.notices.retain(|notice| *notice != first);
            comparison.notices.push(cold);
        }
        Some(comparison)
    }
}
