//! The run's way out: outcomes to the listener, in one order, and the end.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{after, select_biased};

use super::Run;
use super::backoff::Ran;
use super::config::CutShort;
use super::job::{Ending, Job};
use super::reorder::Ready;
use crate::engine::input::Item;
use crate::engine::schedule::Limits;
use crate::model::event::{Event, RunInfo};
use crate::model::outcome::{FailureKind, Verdict};

/// How long targets in flight have to end after a stop, before they are left to themselves.
const GRACE: Duration = Duration::from_millis(900);

impl Run<'_> {
    pub(super) fn begin(&mut self) -> Result<(), CutShort> {
        if self.config.limits != Limits::default() {
            self.tally.set_paced();
        }
        self.event(&Event::Started(RunInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workers: self.pool.workers(),
            started_at: SystemTime::now(),
            startup: self.config.startup,
        }))
    }

    /// Ends early: waits for what is in flight as long as the grace lasts, then tells everything
    /// that was read and not done as what such an ending makes of it.
    pub(super) fn wind_up(&mut self, ending: Ending) -> Result<(), CutShort> {
        self.tally.set_stopped();
        self.pool.stop();
        if let Some(concat) = self.bodies.concat() {
            // Workers may be waiting for room in the output.
            concat.close();
        }
        let patience = after(GRACE);
        let grace_ends = Instant::now() + GRACE;
        while !self.in_flight.is_empty() && Instant::now() < grace_ends {
            select_biased! {
                recv(self.notices.1) -> key => {
                    let key = key.expect("the run holds a sender of this channel");
                    if let Some((job, handle)) = self.in_flight.remove(&key) {
                        match job.settle(handle.join()) {
                            Ran::Done(outcome, unnamed) => {
                                self.conclude(job, ending.apply(outcome), unnamed)?;
                            }
                            Ran::Held(_) => self.tell(ending.apply(job.untried()).into())?,
                        }
                    }
                }
                recv(patience) -> _ => {}
            }
        }
        self.has_left_jobs = !self.in_flight.is_empty();
        let mut left: Vec<Job> = self.in_flight.drain().map(|(_, (job, _))| job).collect();
        left.extend(self.held.take());
        left.extend(self.schedule.drain());
        left.sort_by_key(|job| job.target.index);
        for job in left {
            self.tell(ending.apply(job.untried()).into())?;
        }
        for item in self.source.close() {
            let outcome = match item {
                Item::Target(target) => ending.apply(Job::new(target, None).untried()),
                Item::Bad(bad) => bad.into_outcome(),
            };
            self.tell(outcome.into())?;
        }
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result<(), CutShort> {
        for ready in self.reorder.rest() {
            self.announce(ready)?;
        }
        let summary = self.tally.summary();
        self.is_over = true;
        self.event(&Event::Ended(summary))?;
        Ok(self.listener.idle()?)
    }

    /// Takes note of an outcome, and tells it when its turn has come.
    pub(super) fn tell(&mut self, ready: Ready) -> Result<(), CutShort> {
        let outcome = &ready.outcome;
        let is_kind = |kind| outcome.error().is_some_and(|error| error.kind == kind);
        self.is_full |= is_kind(FailureKind::DiskFull);
        if let Some(concat) = self.bodies.concat() {
            let is_whole = outcome.verdict == Verdict::Ok;
            concat.conclude(outcome.index, is_whole);
            // Those that it has passed over need no telling.
            self.missing = self.missing.split_off(&concat.next());
            if !is_whole {
                self.missing.insert(outcome.index, Arc::clone(&outcome.url));
            }
        }
        if let Some(ready) = self.reorder.pass(ready) {
            return self.announce(ready);
        }
        self.release()
    }

    /// Takes note that nothing will be told of the target with this index.
    pub(super) fn pass_over(&mut self, index: u64) -> Result<(), CutShort> {
        self.reorder.pass_over(index);
        self.release()
    }

    fn release(&mut self) -> Result<(), CutShort> {
        while let Some(ready) = self.reorder.take_next() {
            self.announce(ready)?;
        }
        Ok(())
    }

    fn announce(&mut self, ready: Ready) -> Result<(), CutShort> {
        let Ready {
            mut outcome,
            unnamed,
        } = ready;
        if let Some((unnamed, target)) = unnamed {
            self.bodies.name(unnamed, &mut outcome, &target);
        }
        self.tally.add(&outcome);
        self.event(&Event::Finished(outcome))
    }

    /// Tells how many targets there are, as soon as that is known.
    pub(super) fn count(&mut self) -> Result<(), CutShort> {
        match self.source.total() {
            Some(total) if !self.counted => {
                self.counted = true;
                self.event(&Event::Counted(total))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn warn_of_shortfall(&mut self) -> Result<(), CutShort> {
        let is_short = self.pool.threads() < self.in_flight.len().min(self.pool.workers());
        if self.warned || !is_short {
            return Ok(());
        }
        if let Some(shortfall) = self.pool.shortfall() {
            self.warned = true;
            self.warn(format!("{shortfall}; going on with those"))?;
        }
        Ok(())
    }

    pub(super) fn warn(&mut self, warning: String) -> Result<(), CutShort> {
        self.event(&Event::Warning(warning))
    }

    fn event(&mut self, event: &Event) -> Result<(), CutShort> {
        Ok(self.listener.event(event)?)
    }
}
