//! The run's way in: from the source to the pool, as far as the schedule and the room allow.

use std::sync::Arc;
use std::time::Instant;

use super::Run;
use super::action::Deed;
use super::backoff::Patient;
use super::config::{CutShort, LOOK_AHEAD};
use super::job::Job;
use crate::engine::input::{Item, Next, Unreadable};
use crate::engine::schedule;
use crate::model::save_path::SavePath;

/// Items taken from the source before ended jobs are looked at again.
const FILL_AT_ONCE: usize = 256;

/// How many bodies may be read or have been read before their turn in the output, or four times the
/// workers if that is more.
const EARLY: usize = 64;

/// Why [`Run::fill`] took no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// There is no room, or nothing more to come.
    Up,
    /// There is room, but no input yet.
    InputRanOut,
    /// Neither: it is only time to look after ended jobs.
    Partly,
}

impl Run<'_> {
    /// Submits what may start while there is room for it, and reads on when nothing may, but not too
    /// much at once. The moment, if there is one, is when something more may start.
    pub(super) fn fill(&mut self, now: Instant) -> Result<(Filled, Option<Instant>), CutShort> {
        for _ in 0..FILL_AT_ONCE {
            if !self.has_room() {
                return Ok((Filled::Up, None));
            }
            let mut wake = None;
            match self.held.take() {
                Some(job) => {
                    self.submit(job);
                    continue;
                }
                None => match self.schedule.next(now) {
                    schedule::Next::Start(job) => {
                        self.submit(job);
                        continue;
                    }
                    schedule::Next::Wait(moment) => wake = Some(moment),
                    schedule::Next::Nothing => {}
                },
            }
            if !self.may_read_on() {
                return Ok((Filled::Up, wake));
            }
            match self.source.next() {
                Next::Item(item) => self.take_in(item, now)?,
                Next::Unreadable(list) => {
                    let Unreadable { name, reason } = &list;
                    self.warn(format!("{name}: {reason}"))?;
                    self.unreadable.push(list);
                }
                Next::Wait => return Ok((Filled::InputRanOut, wake)),
                Next::End => {
                    self.source_ended = true;
                    return Ok((Filled::Up, wake));
                }
            }
        }
        Ok((Filled::Partly, None))
    }

    fn take_in(&mut self, item: Item, now: Instant) -> Result<(), CutShort> {
        self.read += 1;
        match item {
            Item::Target(target) => {
                let place = self.bodies.place(&target);
                if let Some(done) = &self.done {
                    let name = place.as_ref().map(SavePath::as_str);
                    if done.contains(target.verb, target.location.text(), name) {
                        self.tally.add_done_before();
                        return self.pass_over(target.index);
                    }
                }
                let file = place.map(|place| self.bodies.file(&target, place));
                let job = Job::new(Arc::clone(&target), file);
                let origin = target.location.origin();
                self.schedule.offer(origin, target.index, job, now);
                Ok(())
            }
            Item::Bad(bad) if self.config.strict => {
                // What stands before it has been read and will be done; nothing after it is looked
                // at. So what is fetched does not depend on how far the run had come.
                drop(self.source.close());
                self.bad = Some(bad.clone());
                self.tell(bad.into_outcome().into())
            }
            Item::Bad(bad) => self.tell(bad.into_outcome().into()),
        }
    }

    /// Whether the pool has room for one more job.
    fn has_room(&self) -> bool {
        let in_flight = self.in_flight.len();
        // Starts that keep a distance must not wait in a queue, out of which they would come at once.
        let queued = if self.config.limits.is_unpaced() {
            self.pool.queue_capacity()
        } else {
            0
        };
        // A queue that was found full is left alone until a job has ended.
        (!self.queue_is_full || in_flight < self.pool.threads())
            && in_flight < self.pool.workers() + queued
    }

    /// Whether more of the input may be looked at.
    fn may_read_on(&self) -> bool {
        let look_ahead = LOOK_AHEAD.max(self.pool.workers() * 4);
        // Early bodies wait in memory and in open files.
        let early = self.bodies.concat().map_or(0, |c| self.read - c.next());
        self.schedule.waiting() < look_ahead
            && self.reorder.held_back_from(self.read) < look_ahead as u64
            && early < EARLY.max(self.pool.workers() * 4) as u64
    }

    fn submit(&mut self, job: Job) {
        let target = Arc::clone(&job.target);
        let action = self.patient(self.bodies.deed(&target, job.file.as_ref()));
        // With a worker to spare the queue moves at once, so waiting for room in it is no wait, and
        // the only way in when the queue holds nothing (`--queue 0`). Otherwise never wait here.
        let submitted = if self.in_flight.len() < self.pool.threads() {
            Ok(self.pool.submit(action, target))
        } else {
            // What the pool hands back is a copy; the job itself is still here.
            self.pool.try_submit(action, target).map_err(drop)
        };
        match submitted {
            Ok(handle) => {
                let index = job.target.index;
                handle.notify(&self.notices.0, index);
                self.in_flight.insert(index, (job, handle));
            }
            Err(()) => {
                self.held = Some(job);
                self.queue_is_full = true;
            }
        }
    }

    fn patient(&self, deed: Deed) -> Patient {
        Patient {
            deed,
            policy: self.config.retry,
            holds: Arc::clone(&self.holds),
        }
    }
}
