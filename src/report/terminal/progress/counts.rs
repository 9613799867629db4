//! The counts that the run updates and the display reads.

use std::time::{Duration, Instant};

use super::clock::RunningClock;
use crate::model::event::{Event, Pending};
use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::Verdict;

/// The counts of a run; in a comparison or a sweep, of the one that is under way.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) done: u64,
    /// Targets that an earlier run has done. They say nothing of the rate.
    done_before: u64,
    /// Those of the targets that are done whose files were kept without a request.
    kept: u64,
    pub(super) failed: u64,
    /// Body bytes of the targets that are done.
    pub(super) bytes: u64,
    /// The number of targets in the input, once it is known.
    listed: Option<u64>,
    pub(super) pending: Pending,
    /// The start of the run.
    pub(super) since: Instant,
    /// The number of runs before it.
    pub(super) runs_before: u32,
    pub(super) arm: Option<ArmRun>,
    times: Vec<RunTimes>,
    /// The time for which the input is repeated.
    pub(super) repeat_time: Option<Duration>,
}

/// The times of the runs of an arm with the same number of workers.
#[derive(Debug, Clone, Copy)]
struct RunTimes {
    arm: Arm,
    workers: usize,
    sum: Duration,
    runs: u32,
}

impl Counts {
    pub(super) fn new(now: Instant) -> Self {
        Counts {
            done: 0,
            done_before: 0,
            kept: 0,
            failed: 0,
            bytes: 0,
            listed: None,
            pending: Pending::default(),
            since: now,
            runs_before: 0,
            arm: None,
            times: Vec::new(),
            repeat_time: None,
        }
    }

    /// Takes an event at the moment `now`.
    pub(super) fn take(&mut self, event: &Event, now: Instant, clock: &RunningClock) {
        match event {
            Event::Finished(outcome) if outcome.verdict == Verdict::Done => self.done_before += 1,
            Event::Finished(outcome) => {
                self.done += 1;
                self.bytes += outcome.bytes;
                self.kept += u64::from(outcome.is_kept());
                self.failed += u64::from(outcome.verdict == Verdict::Failed);
            }
            Event::Counted(listed) => self.listed = Some(*listed),
            Event::Pending(pending) => self.pending = *pending,
            Event::Started(_) => self.since = now,
            Event::ArmStarted(run) => self.begin(*run, now),
            Event::ArmEnded(_) => self.end_of_arm(clock.between(self.since, now)),
            _ => {}
        }
    }

    fn begin(&mut self, run: ArmRun, now: Instant) {
        *self = Counts {
            listed: self.listed,
            runs_before: self.runs_before + 1,
            arm: Some(run),
            times: std::mem::take(&mut self.times),
            ..Counts::new(now)
        };
    }

    /// Adds the time of the run that has ended to those of its arm.
    fn end_of_arm(&mut self, took: Duration) {
        let Some(ArmRun { arm, workers, .. }) = self.arm else {
            return;
        };
        let alike = |times: &&mut RunTimes| (times.arm, times.workers) == (arm, workers);
        match self.times.iter_mut().find(alike) {
            Some(times) => {
                times.sum += took;
                times.runs += 1;
            }
            None => self.times.push(RunTimes {
                arm,
                workers,
                sum: took,
                runs: 1,
            }),
        }
    }

    /// The time left for the run of a comparison or a sweep that is under way and has taken `running` so far, and
    /// for those after it. Known once each kind of run has been made.
    pub(super) fn time_for_all_runs(&self, running: Duration) -> Option<Duration> {
        let run = self.arm?;
        let left = run.of.checked_sub(run.done).filter(|left| *left > 0)?;
        let has_run = |arm| self.times.iter().any(|times| times.arm == arm);
        let is_repeated = self.times.iter().any(|times| times.runs > 1);
        let has_each_kind = is_repeated || (has_run(Arm::Serial) && has_run(Arm::Parallel));
        if !has_each_kind {
            return None;
        }
        // Each kind is made as many times as another, but for a warm-up of its own.
        let kinds = u32::try_from(self.times.len()).ok()?;
        let (mut all, mut means, mut planned) = (Duration::ZERO, Duration::ZERO, 0);
        for times in &self.times {
            let mean = times.sum / times.runs;
            let still = (run.of / kinds).saturating_sub(times.runs);
            all += mean * still;
            means += mean;
            planned += still;
            if (times.arm, times.workers) == (run.arm, run.workers) {
                all = all.saturating_sub(running.min(mean));
            }
        }
        Some(all + means / kinds * left.saturating_sub(planned))
    }

    /// The time left of that for which the input is repeated, to the second; `None` once it is up. It goes on while the
    /// process is stopped.
    pub(super) fn repeat_time_left(&self, now: Instant) -> Option<Duration> {
        let left = (self.repeat_time?).checked_sub(now.saturating_duration_since(self.since))?;
        let rounded_up = left + Duration::from_millis(999);
        Some(Duration::from_secs(rounded_up.as_secs()))
    }

    /// The number of targets that this run fetches, once it is known.
    pub(super) fn total(&self) -> Option<u64> {
        Some(self.listed?.saturating_sub(self.done_before))
    }

    /// The targets that are done, those included that are not reported yet because of the order of the input.
    pub(super) fn all_done(&self) -> u64 {
        self.done + self.pending.unreleased
    }

    /// Those of [`all_done`](Counts::all_done) whose files were kept without a request. They say nothing of the rate.
    pub(super) fn all_kept(&self) -> u64 {
        self.kept + self.pending.unreleased_kept
    }

    /// The bytes of the targets that are done.
    pub(super) fn all_bytes(&self) -> u64 {
        self.bytes + self.pending.unreleased_bytes
    }
}

#[cfg(test)]
mod tests;
