//! One run: feeds the pool from the source, and turns what comes back into events in one order.
//!
//! One thread does both, so events need no lock and no sorting out. It keeps the pool's queue full
//! of what the schedule lets start, takes notices of ended jobs as they come, and sleeps only when
//! there is nothing to do for either. What it holds is bounded by the pool's size and a fixed
//! look-ahead, never by the list's length.

mod config;
mod holds;
mod job;
mod reorder;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, after, at, never, select_biased, unbounded};

use crate::event::{Event, Listener, RunInfo};
use crate::fetch::{Client, Get, Head};
use crate::input::{BadTarget, Item, Next, Source, Unreadable};
use crate::outcome::Outcome;
use crate::pool::{JobHandle, Pool, TrySubmitError};
use crate::retry::Decision;
use crate::schedule::{self, Limits, Schedule};
use crate::summary::Tally;
use crate::target::{Target, Verb};

pub use config::{CutShort, LOOK_AHEAD, Order, Report, RunConfig};
use holds::{Holds, Patient, Ran};
use job::{Ending, Job, bad_outcome};
use reorder::Reorder;

/// How long targets in flight have to end after a stop, before they are left to themselves.
const GRACE: Duration = Duration::from_millis(900);

/// Items taken from the source before ended jobs are looked at again.
const FILL_AT_ONCE: usize = 256;

/// Fetches everything in `source` on `pool` and tells `listener`.
///
/// Ends when all is done, or soon after the pool's stop token is stopped: within a second whatever
/// the servers do. What was not done by then is told as skipped, as far as it had been read.
pub fn run(
    config: RunConfig,
    source: Source,
    pool: &Pool<Client>,
    listener: &mut dyn Listener,
) -> Report {
    let mut run = Run {
        config,
        source,
        pool,
        schedule: Schedule::new(config.limits),
        deadline: config
            .deadline
            .and_then(|time| Instant::now().checked_add(time)),
        notices: unbounded(),
        holds: Arc::default(),
        in_flight: HashMap::new(),
        held: None,
        queue_is_full: false,
        read: 0,
        source_ended: false,
        reorder: Reorder::new(config.order == Order::Input),
        tally: Tally::new(pool.workers()),
        unreadable: Vec::new(),
        bad: None,
        overdue: false,
        counted: false,
        warned: false,
        listener,
    };
    let ended = run
        .begin()
        .and_then(|()| run.work())
        .and_then(|()| run.end())
        .and_then(|()| match run.bad.take() {
            Some(bad) => Err(CutShort::Strict(bad)),
            None => Ok(()),
        });
    if ended.is_err() {
        pool.stop();
        run.tally.set_stopped();
    }
    Report {
        summary: run.tally.summary(),
        unreadable: run.unreadable,
        overdue: run.overdue,
        cut_short: ended.err(),
    }
}

/// Why [`Run::fill`] took no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    /// There is no room, or nothing more to come.
    Up,
    /// There is room, but no input yet.
    InputRanOut,
    /// Neither: it is only time to look after ended jobs.
    Partly,
}

struct Run<'a> {
    config: RunConfig,
    source: Source,
    pool: &'a Pool<Client>,
    schedule: Schedule<Job>,
    deadline: Option<Instant>,
    notices: (Sender<u64>, Receiver<u64>),
    holds: Arc<Holds>,
    /// Keyed by index, which is also the key of the notice.
    in_flight: HashMap<u64, (Job, JobHandle<Ran>)>,
    /// A job that the schedule lets start and the pool's queue had no room for.
    held: Option<Job>,
    queue_is_full: bool,
    /// Items read so far.
    read: u64,
    source_ended: bool,
    reorder: Reorder,
    tally: Tally,
    unreadable: Vec<Unreadable>,
    /// The bad line that ended the reading, with [`RunConfig::strict`].
    bad: Option<BadTarget>,
    overdue: bool,
    counted: bool,
    warned: bool,
    listener: &'a mut dyn Listener,
}

impl Run<'_> {
    fn begin(&mut self) -> Result<(), CutShort> {
        if self.config.limits != Limits::default() {
            self.tally.set_paced();
        }
        self.event(&Event::Started(RunInfo {
            workers: self.pool.workers(),
            started_at: SystemTime::now(),
            startup: self.config.startup,
        }))
    }

    fn work(&mut self) -> Result<(), CutShort> {
        let stop = self.pool.stop_token();
        loop {
            if stop.is_stopped() {
                return self.wind_up(Ending::Stopped);
            }
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                self.overdue = true;
                let limit = self.config.deadline.unwrap_or_default();
                return self.wind_up(Ending::Deadline(limit));
            }
            let (filled, wake) = self.fill(now)?;
            self.count()?;
            if self.collect()? > 0 || filled == Filled::Partly {
                continue;
            }
            let is_idle = self.in_flight.is_empty() && self.held.is_none();
            if is_idle && self.source_ended && self.schedule.waiting() == 0 {
                return Ok(());
            }
            self.warn_of_shortfall()?;
            self.listener.idle()?;
            let nothing = never();
            let feed = match self.source.feed() {
                Some(feed) if filled == Filled::InputRanOut => feed,
                _ => &nothing,
            };
            let alarm = match wake.into_iter().chain(self.deadline).min() {
                Some(moment) => at(moment),
                None => never(),
            };
            let mut message = None;
            select_biased! {
                recv(stop.as_channel()) -> _ => {}
                recv(self.notices.1) -> key => {
                    let key = key.expect("the run holds a sender of this channel");
                    self.finish(key)?;
                }
                // A disconnected feed is the end of the input, which the next `fill` sees.
                recv(feed) -> received => message = received.ok(),
                recv(alarm) -> _ => {}
            }
            if let Some(message) = message {
                self.source.accept(message);
            }
        }
    }

    /// Submits what may start while there is room for it, and reads on when nothing may, but not too
    /// much at once. The moment, if there is one, is when something more may start.
    fn fill(&mut self, now: Instant) -> Result<(Filled, Option<Instant>), CutShort> {
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
                let job = Job::new(Arc::clone(&target));
                let origin = target.location.origin();
                self.schedule.offer(origin, target.index, job, now);
                Ok(())
            }
            Item::Bad(bad) if self.config.strict => {
                // What stands before it has been read and will be done; nothing after it is looked
                // at. So what is fetched does not depend on how far the run had come.
                drop(self.source.close());
                self.bad = Some(bad.clone());
                self.tell(bad_outcome(bad))
            }
            Item::Bad(bad) => self.tell(bad_outcome(bad)),
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
        self.schedule.waiting() < look_ahead
            && self.reorder.held_back_from(self.read) < look_ahead as u64
    }

    fn submit(&mut self, job: Job) {
        let target = Arc::clone(&job.target);
        // With a worker to spare the queue moves at once, so waiting for room in it is no wait, and
        // the only way in when the queue holds nothing (`--queue 0`). Otherwise never wait here.
        let submitted = if self.in_flight.len() < self.pool.threads() {
            Ok(match target.verb {
                Verb::Get => self.pool.submit(self.patient(Get), target),
                Verb::Head => self.pool.submit(self.patient(Head), target),
            })
        } else {
            let pool = self.pool;
            match target.verb {
                Verb::Get => pool.try_submit(self.patient(Get), target).map_err(drop_job),
                Verb::Head => pool
                    .try_submit(self.patient(Head), target)
                    .map_err(drop_job),
            }
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

    fn patient<A>(&self, action: A) -> Patient<A> {
        Patient {
            action,
            policy: self.config.retry,
            holds: Arc::clone(&self.holds),
        }
    }

    /// Takes in all jobs that have ended. Returns how many.
    fn collect(&mut self) -> Result<usize, CutShort> {
        let mut count = 0;
        while let Ok(key) = self.notices.1.try_recv() {
            self.finish(key)?;
            count += 1;
        }
        Ok(count)
    }

    /// Takes in a job that has ended: its outcome is told, unless it is worth another attempt.
    fn finish(&mut self, key: u64) -> Result<(), CutShort> {
        // A target that was given up after a stop may still give notice.
        let Some((mut job, handle)) = self.in_flight.remove(&key) else {
            return Ok(());
        };
        self.queue_is_full = false;
        let now = Instant::now();
        let target = Arc::clone(&job.target);
        let origin = target.location.origin();
        self.schedule.finished(origin, now);
        let outcome = match job.settle(handle.join()) {
            Ran::Done(outcome) => outcome,
            Ran::Held(until) => {
                self.schedule.hold_back(origin, until, now);
                self.schedule.offer(origin, key, job, now);
                return Ok(());
            }
        };
        let policy = self.config.retry;
        if let Some(wait) = policy.patience(&outcome) {
            let until = schedule::later(now, wait);
            let asking = holds::asking(&outcome, &target.location);
            self.schedule.hold_back(asking.origin(), until, now);
        }
        let due = match policy.decide(&outcome, job.attempt(), fastrand::f64()) {
            Decision::Final => return self.tell(job.conclude(outcome)),
            Decision::TooLong(asked) => {
                let outcome = job::not_retried(outcome, asked, policy.retry_after_max);
                return self.tell(job.conclude(outcome));
            }
            Decision::Again(wait) => schedule::later(now, wait),
        };
        // An attempt that could only begin when time is up is none.
        if self.deadline.is_some_and(|deadline| due >= deadline) {
            return self.tell(job.conclude(outcome));
        }
        job.again(outcome);
        self.schedule.offer_later(origin, key, job, due);
        Ok(())
    }

    /// Ends early: waits for what is in flight as long as the grace lasts, then tells everything
    /// that was read and not done as what such an ending makes of it.
    fn wind_up(&mut self, ending: Ending) -> Result<(), CutShort> {
        self.tally.set_stopped();
        self.pool.stop();
        let patience = after(GRACE);
        let grace_ends = Instant::now() + GRACE;
        while !self.in_flight.is_empty() && Instant::now() < grace_ends {
            select_biased! {
                recv(self.notices.1) -> key => {
                    let key = key.expect("the run holds a sender of this channel");
                    if let Some((job, handle)) = self.in_flight.remove(&key) {
                        let outcome = match job.settle(handle.join()) {
                            Ran::Done(outcome) => job.conclude(outcome),
                            Ran::Held(_) => job.untried(),
                        };
                        self.tell(ending.apply(outcome))?;
                    }
                }
                recv(patience) -> _ => {}
            }
        }
        let mut left: Vec<Job> = self.in_flight.drain().map(|(_, (job, _))| job).collect();
        left.extend(self.held.take());
        left.extend(self.schedule.drain());
        left.sort_by_key(|job| job.target.index);
        for job in left {
            self.tell(ending.apply(job.untried()))?;
        }
        for item in self.source.close() {
            let outcome = match item {
                Item::Target(target) => ending.apply(Job::new(target).untried()),
                Item::Bad(bad) => bad_outcome(bad),
            };
            self.tell(outcome)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), CutShort> {
        for outcome in self.reorder.rest() {
            self.event(&Event::Finished(outcome))?;
        }
        let summary = self.tally.summary();
        self.event(&Event::Ended(summary))?;
        Ok(self.listener.idle()?)
    }

    fn tell(&mut self, outcome: Outcome) -> Result<(), CutShort> {
        self.tally.add(&outcome);
        let Some(outcome) = self.reorder.pass(outcome) else {
            while let Some(outcome) = self.reorder.take_next() {
                self.event(&Event::Finished(outcome))?;
            }
            return Ok(());
        };
        self.event(&Event::Finished(outcome))
    }

    /// Tells how many targets there are, as soon as that is known.
    fn count(&mut self) -> Result<(), CutShort> {
        match self.source.total() {
            Some(total) if !self.counted => {
                self.counted = true;
                self.event(&Event::Counted(total))
            }
            _ => Ok(()),
        }
    }

    fn warn_of_shortfall(&mut self) -> Result<(), CutShort> {
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

    fn warn(&mut self, warning: String) -> Result<(), CutShort> {
        self.event(&Event::Warning(warning))
    }

    fn event(&mut self, event: &Event) -> Result<(), CutShort> {
        Ok(self.listener.event(event)?)
    }
}

/// What the pool hands back is a copy; the job itself is still here.
fn drop_job<A>(_: TrySubmitError<A, Arc<Target>>) {}
