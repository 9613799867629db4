//! Emission: sends events to the listener, outcomes in one order, and winds the run up.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{after, select_biased};

use super::Engine;
use super::admit::InputState;
use super::backoff::JobOutput;
use super::config::CutShort;
use super::input::Item;
use super::job::{self, Job, StopReason};
use super::reorder::Ready;
use super::resume::DoneTargets;
use super::schedule::StartLimits;
use super::unbegun::{self, Leftover};
use crate::http::{Fetched, UnplacedBody};
use crate::model::event::{Event, RunInfo};
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::pacing::{HeldBack, Pacing};
use crate::model::run_id::RunId;
use crate::save::OutputEnd;

/// The time that jobs in flight have to end after a stop, before they are abandoned.
const GRACE: Duration = Duration::from_millis(900);

/// The time that the count of what was not read has after a stop, and after the grace.
const COUNT_TIMEOUT: Duration = Duration::from_millis(100);

impl Engine<'_> {
    pub(super) fn emit_started(&mut self) -> Result<(), CutShort> {
        if self.config.limits != StartLimits::default() || self.config.is_rate_limited {
            self.tally.set_paced();
        }
        let id = RunId::random();
        self.emit(&Event::Started(RunInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workers: self.pool.workers(),
            started_at: SystemTime::now(),
            startup: self.config.startup,
            id,
            log: self.config.log.map(|log| log.position(id)),
            shard: self.config.shard,
        }))
    }

    /// Warns of lines of the run log that cannot be read, and count for nothing.
    pub(super) fn warn_of_damage(&mut self) -> Result<(), CutShort> {
        let warnings = self.done.as_ref().map(DoneTargets::warnings);
        for warning in warnings.unwrap_or_default() {
            self.emit_warning(warning)?;
        }
        Ok(())
    }

    /// Stops the run early: waits for jobs in flight until the grace ends, then emits all targets that
    /// were read and are not done, with the outcome that `reason` gives them.
    pub(super) fn wind_up(&mut self, reason: StopReason) -> Result<(), CutShort> {
        self.stopped = Some(reason);
        self.pool.stop();
        if let Some(concat) = self.bodies.concat() {
            // Workers may be blocked on the shared output.
            concat.close();
        }
        // What was not read is counted beside the wait for the jobs.
        let unread = self.source.close();
        let stopped_at = Instant::now();
        let mut leftover = Leftover::default();
        self.collect_in_grace(reason, &mut leftover)?;
        self.counted = self.source.total_within(COUNT_TIMEOUT).or(self.counted);
        self.abandoned = self.in_flight.len();
        let under_way = self.in_flight.take_jobs();
        let left = (self.unsubmitted.take().into_iter()).chain(self.schedule.drain());
        let left = left.map(|job| reason.apply(job.untried()));
        let left = leftover.with_queued(left, self.counted.is_some());
        if !(under_way.is_empty() && left.is_empty()) {
            self.tally.extend(stopped_at);
        }
        for job in under_way {
            let outcome = reason.apply(job.untried());
            leftover.note(&outcome);
            self.emit_in_order(outcome.into())?;
        }
        for outcome in left {
            self.emit_left(outcome, &mut leftover)?;
        }
        while let Some(job) = self.spool.pop_any().map_err(CutShort::Spool)? {
            self.emit_left(reason.apply(job.untried()), &mut leftover)?;
        }
        for item in unread {
            let outcome = match item {
                Item::Target(target) => reason.apply(Job::new(target, None).untried()),
                Item::Bad(bad) => bad.into_outcome(),
                Item::Elsewhere(_) => continue,
            };
            self.emit_left(outcome, &mut leftover)?;
        }
        Ok(())
    }

    /// Emits the outcome of a target that the stop left undone, if it is told.
    fn emit_left(&mut self, outcome: Outcome, leftover: &mut Leftover) -> Result<(), CutShort> {
        match leftover.tells(&outcome) {
            true => self.emit_in_order(outcome.into()),
            false => Ok(()),
        }
    }

    /// Records that the run was stopped, and of how many targets, if it left anything undone. A stop that comes
    /// when all is done, such as that of a stream whose last body failed, has stopped nothing.
    pub(super) fn settle_stop(&mut self) -> Result<(), CutShort> {
        let Some(reason) = self.stopped.filter(|reason| !self.is_all_done(*reason)) else {
            return Ok(());
        };
        self.tally.set_stopped();
        let listed = self.source.total_within(COUNT_TIMEOUT);
        self.tally.set_listed(listed.or(self.counted));
        match &self.first_failure {
            Some(url) if reason == StopReason::FirstFailure => {
                self.emit_warning(format!("stopped at the first failure (--fail-fast): {url}"))
            }
            _ => Ok(()),
        }
    }

    /// Tells whether all that was asked for was done when the run was stopped, and that was something. A
    /// deadline that has passed is told in any case, as it decides on the exit code.
    pub(super) fn is_all_done(&self, reason: StopReason) -> bool {
        if matches!(reason, StopReason::Deadline(_)) {
            return false;
        }
        let is_unwritten = self.bodies.concat().is_some_and(|concat| {
            let next = concat.next();
            // Before a body that is missing the output ends in any case, if the stop does not come first.
            let is_gap = self.missing.contains_key(&next);
            matches!(concat.end(), Some(OutputEnd::Stopped)) && next < self.read && !is_gap
        });
        let summary = self.tally.summary();
        let done = summary.tried() + summary.done_before;
        // Known only once the whole input has been read.
        let all = self.source.total();
        !is_unwritten && summary.skipped == 0 && done > 0 && all.is_some_and(|all| all <= done)
    }

    fn collect_in_grace(
        &mut self,
        reason: StopReason,
        leftover: &mut Leftover,
    ) -> Result<(), CutShort> {
        let timer = after(GRACE);
        let grace_ends = Instant::now() + GRACE;
        while !self.in_flight.is_empty() && Instant::now() < grace_ends {
            select_biased! {
                recv(self.completions.1) -> key => {
                    let key = key.expect("the engine holds a sender of this channel");
                    let Some((job, handle)) = self.in_flight.remove(key) else { continue };
                    match job.output(handle.join()) {
                        JobOutput::Fetched(Fetched { outcome, unplaced })
                            if !unbegun::is_unbegun(&outcome) =>
                        {
                            leftover.note(&outcome);
                            self.conclude_in_grace(job, outcome, unplaced, reason)?;
                        }
                        JobOutput::Fetched(_) | JobOutput::Deferred => {
                            if let Some(left) = leftover.take(reason.apply(job.untried())) {
                                self.emit_in_order(left.into())?;
                            }
                        }
                    }
                }
                recv(timer) -> _ => {}
            }
        }
        Ok(())
    }

    /// Takes the end of a job after the stop. A failure that was to be tried again is none yet: the target is left
    /// undone. At the deadline it is one, as it is where the next attempt could only begin after it.
    fn conclude_in_grace(
        &mut self,
        mut job: Box<Job>,
        outcome: Outcome,
        unplaced: Option<Box<UnplacedBody>>,
        reason: StopReason,
    ) -> Result<(), CutShort> {
        if !self.would_try_again(&mut job, &outcome) {
            return self.conclude(job, reason.apply(outcome), unplaced);
        }
        match reason {
            StopReason::Deadline(limit) => {
                self.conclude(job, job::deadline_first(outcome, limit), None)
            }
            StopReason::Requested | StopReason::FirstFailure => {
                job.record_attempt(outcome);
                self.emit_in_order(reason.apply(job.untried()).into())
            }
        }
    }

    /// Emits what is left in the reorder buffer, and what waits for others.
    pub(super) fn emit_rest(&mut self) -> Result<(), CutShort> {
        for ready in self.reorder.drain() {
            self.emit_outcome(ready)?;
        }
        self.flush_batch()
    }

    pub(super) fn emit_ended(&mut self) -> Result<(), CutShort> {
        self.tally.set_origins(self.schedule.found());
        let waited = self.input_wait.total();
        self.tally.set_input_wait(waited.wait, waited.idle);
        self.tally.set_retry_idle(self.retry_wait.idle());
        if let Some(pacing) = self.pacing() {
            self.tally.set_pacing(pacing);
        }
        if self.pool.shortfall().is_some() {
            // Figures per worker are those of the workers that ran. A run of none has no such figures.
            self.tally.set_workers(self.pool.threads().max(1));
        }
        self.emit(&Event::Ended(self.tally.summary()))
    }

    /// What became of the limits on starts and bytes, if there are any.
    fn pacing(&self) -> Option<Pacing> {
        let held_back = self.holds.as_ref().map(|holds| holds.held_back());
        if held_back.is_none() && !self.config.is_rate_limited {
            return None;
        }
        Some(Pacing {
            held_back: HeldBack {
                // The outcomes have the time.
                limit_rate: self.config.is_rate_limited.then_some(Duration::ZERO),
                ..held_back.unwrap_or_default()
            },
            rate: self.schedule.start_rate(),
        })
    }

    /// Takes a final outcome, and emits it when its turn has come.
    pub(super) fn emit_in_order(&mut self, ready: Ready) -> Result<(), CutShort> {
        self.note_full_disk(&ready.outcome);
        self.note_first_failure(&ready.outcome);
        let outcome = &ready.outcome;
        if let Some(concat) = self.bodies.concat() {
            let is_whole = outcome.verdict == Verdict::Ok;
            concat.conclude(outcome.index, is_whole);
            // The shared output has passed those before `next`.
            self.missing = self.missing.split_off(&concat.next());
            if !is_whole {
                self.missing.insert(outcome.index, Arc::clone(&outcome.url));
            }
        }
        match self.reorder.push(ready) {
            Some(ready) => self.emit_outcome(ready),
            None => self.release(),
        }
    }

    /// Stops the pool if this outcome says that the disk is full: what is queued would fail as well.
    fn note_full_disk(&mut self, outcome: &Outcome) {
        if outcome.is_disk_full() {
            self.is_disk_full = true;
            self.pool.stop();
        }
    }

    /// Stops the pool at the first failure, with `--fail-fast`.
    fn note_first_failure(&mut self, outcome: &Outcome) {
        let is_first = outcome.verdict == Verdict::Failed && self.first_failure.is_none();
        if self.config.fail_fast && self.stopped.is_none() && is_first {
            self.first_failure = Some(Arc::clone(&outcome.url));
            self.pool.stop();
        }
    }

    pub(super) fn release(&mut self) -> Result<(), CutShort> {
        while let Some(ready) = self.reorder.pop() {
            self.emit_outcome(ready)?;
        }
        Ok(())
    }

    /// Emits an outcome, whose body gets its place now.
    pub(super) fn emit_placed(&mut self, ready: Ready) -> Result<(), CutShort> {
        let Ready {
            mut outcome,
            unplaced,
        } = ready;
        match unplaced {
            None => {}
            Some((unplaced, target)) => match *unplaced {
                UnplacedBody::File(unnamed) => {
                    self.bodies.publish(unnamed, &mut outcome, &target);
                    // The other outcomes were looked at when they came.
                    self.note_full_disk(&outcome);
                }
                UnplacedBody::Member(mut member) => {
                    self.append_to_pack(&mut member, &mut outcome)?;
                    self.note_full_disk(&outcome);
                    self.note_first_failure(&outcome);
                }
            },
        }
        self.bodies.note_displaced(&outcome);
        let is_timeout = (outcome.error()).is_some_and(|error| error.kind == FailureKind::Timeout);
        self.timed_out_again += u64::from(is_timeout && outcome.attempts().count() > 1);
        for refused in self.bodies.take_refused() {
            self.emit_warning(refused.to_string())?;
        }
        self.tally.add(&outcome);
        let is_packed = outcome.packed().is_some();
        self.emit(&Event::Finished(outcome))?;
        match is_packed {
            true => self.note_packed(),
            false => Ok(()),
        }
    }

    /// Emits the number of items as soon as it is known: counted, or once all have been read.
    pub(super) fn emit_count(&mut self) -> Result<(), CutShort> {
        if self.input != InputState::Reading {
            return Ok(());
        }
        if let Some(total) = self.source.total() {
            self.input = InputState::Counted;
            return self.emit_number(total);
        }
        match self.source.take_count() {
            Some(count) => self.emit_number(count),
            None => Ok(()),
        }
    }

    /// Emits a number of items that has not been emitted.
    pub(super) fn emit_number(&mut self, count: u64) -> Result<(), CutShort> {
        if self.counted.replace(count) == Some(count) {
            return Ok(());
        }
        self.emit(&Event::Counted(count))
    }

    /// Warns once if the system has refused worker threads that the run could use.
    pub(super) fn warn_of_shortfall(&mut self) -> Result<(), CutShort> {
        let is_short = self.pool.threads() < self.in_flight.len().min(self.pool.workers());
        if self.shortfall.is_some() || !is_short {
            return Ok(());
        }
        self.shortfall = self.pool.shortfall();
        match &self.shortfall {
            Some(shortfall) => self.emit_warning(format!("{shortfall}; going on with those")),
            None => Ok(()),
        }
    }

    pub(super) fn emit_warning(&mut self, warning: String) -> Result<(), CutShort> {
        self.emit(&Event::Warning(warning))
    }

    pub(super) fn emit(&mut self, event: &Event) -> Result<(), CutShort> {
        Ok(self.listener.event(event)?)
    }
}
