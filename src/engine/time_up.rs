//! The end of an input that is repeated for a time: nothing more is started, what is under way is finished, and the
//! rest was never part of the run.
//!
//! A target is under way from its first attempt on, so that one that waits for another attempt is finished too: to
//! leave it out would leave out failures.

use std::time::{Duration, Instant};

use super::Engine;
use super::admit::InputState;
use super::config::CutShort;
use super::job::Job;
use super::spool::Spool;

/// The time for which an input is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RepeatTime {
    /// There is none.
    Unlimited,
    /// It ends at this moment.
    Until(Instant),
    /// It has ended.
    Up,
}

impl RepeatTime {
    /// Begins it, if there is one.
    pub(super) fn begin(limit: Option<Duration>) -> Self {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        end.map_or(RepeatTime::Unlimited, RepeatTime::Until)
    }

    /// The moment at which it ends, if that is to come.
    pub(super) fn end(self) -> Option<Instant> {
        match self {
            RepeatTime::Until(end) => Some(end),
            RepeatTime::Unlimited | RepeatTime::Up => None,
        }
    }
}

impl Engine<'_> {
    /// Ends the reading, and leaves out what has not begun, once the time is up. The workers give back what is in the
    /// pool's queue.
    pub(super) fn end_in_time(&mut self, now: Instant) -> Result<(), CutShort> {
        if self.repeat_time.end().is_none_or(|end| now < end) {
            return Ok(());
        }
        self.repeat_time = RepeatTime::Up;
        drop(self.source.close());
        self.input = InputState::Exhausted;
        let unsubmitted = self.unsubmitted.take_if(|job| !job.has_begun());
        let waiting = self.schedule.remove(|job| !job.has_begun(), now);
        for job in unsubmitted.into_iter().chain(waiting) {
            self.leave_out(&job)?;
        }
        // Few lie there in a run that keeps the order of the input, and of another none is waited for.
        if self.bodies.concat().is_some() || self.reorder.is_enabled() {
            while let Some(job) = self.spool.pop_any().map_err(CutShort::Spool)? {
                self.leave_out(&job)?;
            }
        }
        self.spool = Spool::default();
        self.tally.set_repeat_time(self.config.repeat_time);
        Ok(())
    }

    /// Leaves a target out that has not begun. Those behind it in the order of the input do not wait for it.
    pub(super) fn leave_out(&mut self, job: &Job) -> Result<(), CutShort> {
        let index = job.target.index;
        if let Some(concat) = self.bodies.concat() {
            // Of no bytes.
            concat.conclude(index, true);
        }
        self.reorder.forget(index);
        self.release()
    }
}
