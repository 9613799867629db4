//! Admission: moves targets from the source to the schedule, and from there to the pool's queue.

use std::sync::Arc;
use std::time::Instant;

use super::Engine;
use super::backoff::WithBackoff;
use super::config::{CutShort, LOOK_AHEAD};
use super::input::{Item, NextInput};
use super::job::Job;
use super::schedule::NextStart;
use crate::model::outcome::Outcome;
use crate::model::save_path::SavePath;
use crate::model::target::{Target, Verb};

/// Items taken from the source before ended jobs are collected again.
const BATCH: usize = 256;

/// The maximum number of bodies that are read, or being read, before their turn in the shared output;
/// or four times the workers if that is more.
const EARLY_BODIES: usize = 64;

/// The reading of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputState {
    /// The number of items is not known yet.
    Reading,
    /// The number of items is known and has been emitted; some of them may be in the source still.
    Counted,
    /// All items have been taken.
    Exhausted,
}

/// The moments from which the items of the source could be read.
#[derive(Debug, Default)]
pub(super) struct InputArrival {
    /// True if the source had nothing when it was asked last.
    has_waited: bool,
    /// The moment of the last item.
    since: Option<Instant>,
}

impl InputArrival {
    /// Notes that the source has nothing yet.
    fn wait(&mut self) {
        self.has_waited = true;
    }

    /// The moment from which an item that is read now could be: now, if it was waited for. Else it was there with the one
    /// before it, and was not read for want of room.
    fn item(&mut self, now: Instant) -> Instant {
        let since = self.since.filter(|_| !self.has_waited).unwrap_or(now);
        *self = InputArrival {
            has_waited: false,
            since: Some(since),
        };
        since
    }
}

/// The pool's queue, as the last submission found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueState {
    Open,
    /// It was full: it is left alone until a job has ended.
    Full,
}

/// The reason why [`Engine::fill_queue`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FillEnd {
    /// The queue is full, or nothing more may start or be read.
    Full,
    /// The queue has room, but the source has no item yet.
    AwaitingInput,
    /// Neither: a batch is done, and ended jobs come first.
    BatchDone,
}

impl Engine<'_> {
    /// Submits jobs that may start while the queue has room, and reads on when none may. Stops after a
    /// batch. Returns the moment of the next start too, if nothing may start before it.
    pub(super) fn fill_queue(
        &mut self,
        now: Instant,
    ) -> Result<(FillEnd, Option<Instant>), CutShort> {
        for _ in 0..BATCH {
            if !self.has_room() {
                self.schedule.block();
                return Ok((FillEnd::Full, None));
            }
            let mut wake = None;
            match self.unsubmitted.take() {
                Some(job) => {
                    self.submit(job);
                    continue;
                }
                None => match self.schedule.next(now) {
                    NextStart::Start(mut job) => {
                        job.note_start_delay(self.schedule.start_delay());
                        job.note_ready(self.schedule.ready_since());
                        self.refill(&job, now)?;
                        self.submit(job);
                        continue;
                    }
                    NextStart::GivenUp(mut job, why) => {
                        self.refill(&job, now)?;
                        job.note_ready(Some(now));
                        self.emit_in_order(job.given_up(why).into())?;
                        continue;
                    }
                    NextStart::Wait(moment) => wake = Some(moment),
                    NextStart::Nothing => {}
                },
            }
            if !self.may_read_on() {
                return Ok((FillEnd::Full, wake));
            }
            match self.source.next() {
                NextInput::Item(item) => {
                    let since = self.arrival.item(now);
                    self.admit(item, since, now)?;
                }
                NextInput::Unreadable(list) => {
                    self.emit_warning(list.to_string())?;
                    self.tally.add_unreadable(list);
                }
                NextInput::Rewritten(list) => self.emit_warning(list.to_string())?,
                NextInput::Wait => {
                    self.arrival.wait();
                    return Ok((FillEnd::AwaitingInput, wake));
                }
                NextInput::End => {
                    self.emit_count()?;
                    self.input = InputState::Exhausted;
                    return Ok((FillEnd::Full, wake));
                }
            }
        }
        Ok((FillEnd::BatchDone, None))
    }

    /// Gives one item of the input, which has been there since then, to the schedule, or emits its outcome if it needs
    /// no job.
    fn admit(&mut self, item: Item, since: Instant, now: Instant) -> Result<(), CutShort> {
        match &item {
            Item::Target(target) => self.expect(target.index),
            Item::Bad(bad) => self.expect(bad.index),
            Item::Elsewhere(_) => {}
        }
        match item {
            Item::Elsewhere(target) => {
                self.bodies.pass_over(&target);
                Ok(())
            }
            Item::Target(target) => {
                let place = self.bodies.claim_path(&target);
                if let Some(outcome) = self.outcome_before(&target, place.as_ref())? {
                    return self.emit_in_order(outcome.into());
                }
                self.warn_of_unpacked(target.verb)?;
                let file = place.map(|place| (place, self.bodies.naming(&target)));
                self.offer(Box::new(Job::new(target, file)), since, now)
            }
            Item::Bad(bad) if self.config.strict => {
                // All targets before it are done and none after it, so what is fetched does not depend
                // on how far the run had read.
                drop(self.source.close());
                self.bad = Some(bad.clone());
                self.emit_in_order(bad.into_outcome().into())
            }
            Item::Bad(bad) => self.emit_in_order(bad.into_outcome().into()),
        }
    }

    /// Warns once if a run that packs makes requests without a body.
    fn warn_of_unpacked(&mut self, verb: Verb) -> Result<(), CutShort> {
        if verb != Verb::Head || self.has_told_unpacked || self.bodies.packs().is_none() {
            return Ok(());
        }
        self.has_told_unpacked = true;
        self.emit_warning(
            "HEAD requests of the list are in no pack, since they have no body; the run log and reports have \
             their results"
                .to_owned(),
        )
    }

    /// Expects an outcome with this index next. Those between the last one and this are of other shards.
    fn expect(&mut self, index: u64) {
        self.read += 1;
        self.reorder.expect(index);
        if let Some(concat) = self.bodies.concat()
            && index > self.next_index
        {
            concat.skip(self.next_index..index);
        }
        self.next_index = index + 1;
    }

    /// The outcome of a target that an earlier run has done, and whose file is there still if it has one.
    fn outcome_before(
        &mut self,
        target: &Target,
        place: Option<&SavePath>,
    ) -> Result<Option<Outcome>, CutShort> {
        let Some(done) = &mut self.done else {
            return Ok(None);
        };
        let name = place.map(SavePath::as_str);
        let Some(found) = done.take_target(target, name)? else {
            return Ok(None);
        };
        if self.bodies.has_lost(name, &found) {
            self.lost_files += 1;
            return Ok(None);
        }
        let mut outcome = Outcome {
            index: target.index,
            url: Arc::clone(target.location.text()),
            ..found
        };
        // Older lines of the log have none, and this list may say something else.
        outcome.details_mut().meta.clone_from(&target.meta);
        if let Some(place) = place {
            outcome.details_mut().save_path = Some(place.clone());
        }
        Ok(Some(outcome))
    }

    /// Starts a new job, or gives it to the schedule; past the look-ahead, behind others of its origin, to the spool.
    fn offer(&mut self, job: Box<Job>, since: Instant, now: Instant) -> Result<(), CutShort> {
        let target = Arc::clone(&job.target);
        let origin = target.location.origin();
        if !self.spool.has(origin) && self.schedule.start_at_once(origin, target.index, now) {
            self.submit(job);
            return Ok(());
        }
        let is_far = self.schedule.waiting() >= self.look_ahead();
        if self.spool.has(origin) || (is_far && self.schedule.has_queue(origin)) {
            let Err(error) = self.spool.push(&job) else {
                return Ok(());
            };
            self.schedule
                .offer_since(origin, target.index, job, since, now);
            return self.emit_warning(format!(
                "cannot keep waiting URLs in a temporary file: {error}; the list is read on as they are \
                 started (TMPDIR names the folder)"
            ));
        }
        self.schedule
            .offer_since(origin, target.index, job, since, now);
        Ok(())
    }

    /// Moves a job from the spool to the schedule, in place of one of its origin that leaves it.
    fn refill(&mut self, left: &Job, now: Instant) -> Result<(), CutShort> {
        let origin = left.origin();
        if !self.spool.has(origin) {
            return Ok(());
        }
        if let Some(job) = self.spool.pop(origin).map_err(CutShort::Spool)? {
            let index = job.target.index;
            self.schedule.offer(origin, index, Box::new(job), now);
        }
        Ok(())
    }

    fn look_ahead(&self) -> usize {
        LOOK_AHEAD.max(self.pool.workers() * 4)
    }

    /// Tells that the pool has room for one more job.
    fn has_room(&self) -> bool {
        let in_flight = self.in_flight.len();
        // Starts that keep a distance in time bypass the queue, or they would leave it all at once.
        // And each body that is kept in memory has a worker, or there would be as many as the queue is long.
        let queued = if self.config.limits.is_unpaced() && !self.bodies.are_collected() {
            // A queue that is longer than it has to be is one that retries wait in.
            self.pool
                .queue_capacity()
                .min(self.ahead.max(self.pool.workers()))
        } else {
            0
        };
        (self.queue == QueueState::Open || in_flight < self.pool.threads())
            && in_flight < self.pool.workers() + queued
    }

    /// Tells that one more item may be read: within the look-ahead, or for a worker that has nothing to
    /// do, because all that was read has to wait.
    fn may_read_on(&self) -> bool {
        let look_ahead = self.look_ahead();
        let has_idle_worker =
            !self.schedule.is_ready() && self.in_flight.len() < self.pool.workers();
        // Of an input that is repeated, a whole round ahead has all hosts in it.
        let is_round_ahead =
            || (self.source.round()).is_some_and(|round| self.spool.len() >= round);
        let may_spool =
            has_idle_worker && self.spool.has_room(self.schedule.waiting()) && !is_round_ahead();
        let ahead = self.reorder.unreleased();
        // Early bodies take memory and open files.
        let open = self.config.open_bodies.unwrap_or(usize::MAX);
        let (early, may_open) = match self.bodies.concat() {
            Some(concat) => (
                self.read - concat.passed(),
                open.min(EARLY_BODIES.max(self.pool.workers() * 4)),
            ),
            None if self.bodies.are_placed_late() => (ahead, open),
            None => (0, open),
        };
        (self.schedule.waiting() < look_ahead || may_spool)
            && ahead < look_ahead as u64
            && early < may_open as u64
    }

    fn submit(&mut self, job: Box<Job>) {
        let target = Arc::clone(&job.target);
        let action = WithBackoff {
            action: self.bodies.action(&target, job.file.as_ref()),
            number: self.backoff.number(),
            backoff: Arc::clone(&self.backoff),
            route: job.route(),
            has_begun: job.has_begun(),
        };
        // With a free worker the queue moves at once, so `submit` does not block for long; it is also
        // the only way in when the queue holds nothing (`--queue 0`). Otherwise never block here.
        let submitted = if self.in_flight.len() < self.pool.threads() {
            Ok(self.pool.submit(action, target))
        } else {
            // The pool hands back a copy; the job itself is still here.
            self.pool.try_submit(action, target).map_err(drop)
        };
        match submitted {
            Ok(handle) => {
                self.submitted += 1;
                self.in_flight.insert(job, handle, &self.completions.0);
            }
            Err(()) => {
                self.unsubmitted = Some(job);
                self.queue = QueueState::Full;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_item_is_there_with_the_one_before_it_unless_it_was_waited_for() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut arrival = InputArrival::default();
        arrival.wait();
        assert_eq!(arrival.item(at(1)), at(1));
        // Not read until now for want of room.
        assert_eq!(arrival.item(at(5)), at(1));
        arrival.wait();
        assert_eq!(arrival.item(at(7)), at(7));
        assert_eq!(arrival.item(at(9)), at(7));
    }
}
