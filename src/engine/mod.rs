//! One run: feeds the pool from the source, and turns what comes back into events in one order.
//!
//! One thread does both, so events need no lock and no sorting out. It keeps the pool's queue full
//! of what the schedule lets start, takes notices of ended jobs as they come, and sleeps only when
//! there is nothing to do for either. What it holds is bounded by the pool's size and a fixed
//! look-ahead, never by the list's length.

mod action;
mod admit;
mod backoff;
mod config;
mod emit;
pub mod input;
mod job;
mod poll;
mod reorder;
pub mod resume;
pub mod retry;
pub mod schedule;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, at, never, select_biased, unbounded};
use foldhash::fast::RandomState;

use self::schedule::Schedule;
use crate::engine::input::{BadTarget, Source, Unreadable};
use crate::engine::resume::DoneTargets;
use crate::engine::retry::Decision;
use crate::http::{AwaitingName, Client};
use crate::model::event::{Event, Listener};
use crate::model::outcome::Outcome;
use crate::model::summary::Tally;
use crate::pool::{JobHandle, Pool};
use crate::save::{OrderedOutput, OutputEnd};

pub use action::{Bodies, Saving};
use admit::Filled;
use backoff::{Holds, Ran};
pub use config::{CutShort, LOOK_AHEAD, Order, Report, RunConfig, Work};
use job::{Ending, Job};
use poll::Pace;
use reorder::{Ready, Reorder};

/// Does the work on `pool` and tells `listener`.
///
/// Ends when all is done, or soon after the pool's stop token is stopped: within a second whatever
/// the servers do. What was not done by then is told as skipped, as far as it had been read.
pub fn run(
    config: RunConfig,
    work: impl Into<Work>,
    pool: &Pool<Client>,
    listener: &mut dyn Listener,
) -> Report {
    let Work {
        source,
        bodies,
        done,
    } = work.into();
    let mut run = Run {
        config,
        source,
        // Names are given in the order of the input, and so are the outcomes with them.
        reorder: Reorder::new(config.order == Order::Input || bodies.is_named_late()),
        bodies,
        done,
        missing: BTreeMap::new(),
        is_full: false,
        pool,
        schedule: Schedule::new(config.limits),
        deadline: config
            .deadline
            .and_then(|time| Instant::now().checked_add(time)),
        notices: unbounded(),
        holds: Arc::default(),
        in_flight: HashMap::default(),
        held: None,
        queue_is_full: false,
        read: 0,
        source_ended: false,
        tally: Tally::new(pool.workers()),
        unreadable: Vec::new(),
        bad: None,
        overdue: false,
        counted: false,
        warned: false,
        has_left_jobs: false,
        is_over: false,
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
    if let Err(cut_short) = &ended {
        pool.stop();
        // It may have been all over when that could not be written.
        if !run.is_over || matches!(cut_short, CutShort::Strict(_)) {
            run.tally.set_stopped();
        }
        if !run.is_over {
            // Who can still write gets an end; the others have said what is wrong.
            let _ = run.listener.event(&Event::Ended(run.tally.summary()));
        }
    }
    let gap = match run.bodies.concat().and_then(OrderedOutput::end) {
        Some(OutputEnd::Gap { index, .. }) => run.missing.remove(&index),
        _ => None,
    };
    Report {
        summary: run.tally.summary(),
        unreadable: run.unreadable,
        overdue: run.overdue,
        is_full: run.is_full,
        gap,
        has_left_jobs: run.has_left_jobs || !run.in_flight.is_empty(),
        cut_short: ended.err(),
    }
}

struct Run<'a> {
    config: RunConfig,
    source: Source,
    bodies: Bodies,
    done: Option<DoneTargets>,
    /// URLs whose bodies are not to be had, and whose turn in the output has not come.
    missing: BTreeMap<u64, Arc<str>>,
    /// Whether there was no room for a file.
    is_full: bool,
    pool: &'a Pool<Client>,
    schedule: Schedule<Job>,
    deadline: Option<Instant>,
    notices: (Sender<u64>, Receiver<u64>),
    holds: Arc<Holds>,
    /// Keyed by index, which is also the key of the notice.
    in_flight: HashMap<u64, (Job, JobHandle<Ran>), RandomState>,
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
    /// Whether jobs in flight were given up.
    has_left_jobs: bool,
    /// Whether the end has been told.
    is_over: bool,
    listener: &'a mut dyn Listener,
}

impl Run<'_> {
    fn work(&mut self) -> Result<(), CutShort> {
        let stop = self.pool.stop_token();
        let mut pace = Pace::new(Instant::now());
        loop {
            if stop.is_stopped() || self.is_full {
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
            let ended = self.collect(now)?;
            pace.ended(ended, now);
            if ended > 0 || filled == Filled::Partly {
                continue;
            }
            let is_idle = self.in_flight.is_empty() && self.held.is_none();
            let is_out = self.bodies.concat().is_none_or(|c| c.next() >= self.read);
            if is_idle && self.source_ended && self.schedule.waiting() == 0 && is_out {
                return Ok(());
            }
            self.warn_of_shortfall()?;
            self.listener.idle()?;
            // What is left at the end is waited for: it may be over before a sleep is.
            let is_nearly_done = self.source_ended && self.in_flight.len() <= self.pool.workers();
            if !is_nearly_done && pace.is_brisk(now) {
                // Nobody has to wake this thread, and the queue outlasts its sleep.
                thread::sleep(poll::NAP);
                continue;
            }
            let nothing = never();
            let feed = match self.source.feed() {
                Some(feed) if filled == Filled::InputRanOut => feed,
                _ => &nothing,
            };
            let alarm = match wake.into_iter().chain(self.deadline).min() {
                Some(moment) => at(moment),
                None => never(),
            };
            let silent = never();
            let out = self
                .bodies
                .concat()
                .map_or(&silent, OrderedOutput::progress);
            let mut message = None;
            select_biased! {
                recv(stop.as_channel()) -> _ => {}
                recv(self.notices.1) -> key => {
                    let key = key.expect("the run holds a sender of this channel");
                    let now = Instant::now();
                    pace.ended(1, now);
                    self.finish(key, now)?;
                }
                // A disconnected feed is the end of the input, which the next `fill` sees.
                recv(feed) -> received => message = received.ok(),
                recv(out) -> _ => {}
                recv(alarm) -> _ => {}
            }
            if let Some(message) = message {
                self.source.accept(message);
            }
        }
    }

    /// Takes in all jobs that have ended. Returns how many.
    fn collect(&mut self, now: Instant) -> Result<usize, CutShort> {
        let mut count = 0;
        while let Ok(key) = self.notices.1.try_recv() {
            self.finish(key, now)?;
            count += 1;
        }
        Ok(count)
    }

    /// Takes in a job that has ended: its outcome is told, unless it is worth another attempt.
    fn finish(&mut self, key: u64, now: Instant) -> Result<(), CutShort> {
        // A target that was given up after a stop may still give notice.
        let Some((mut job, handle)) = self.in_flight.remove(&key) else {
            return Ok(());
        };
        self.queue_is_full = false;
        let target = Arc::clone(&job.target);
        let origin = target.location.origin();
        self.schedule.finished(origin, now);
        let (outcome, unnamed) = match job.settle(handle.join()) {
            Ran::Done(outcome, unnamed) => (outcome, unnamed),
            Ran::Held(until) => {
                self.schedule.hold_back(origin, until, now);
                self.schedule.offer(origin, key, job, now);
                return Ok(());
            }
        };
        let policy = self.config.retry;
        if let Some(wait) = policy.patience(&outcome) {
            let until = schedule::later(now, wait);
            let asking = backoff::asking(&outcome, &target.location);
            self.schedule.hold_back(asking.origin(), until, now);
        }
        let due = match policy.decide(&outcome, job.attempt(), fastrand::f64()) {
            Decision::Final => return self.conclude(job, outcome, unnamed),
            Decision::TooLong(asked) => {
                let outcome = job::not_retried(outcome, asked, policy.retry_after_max);
                return self.conclude(job, outcome, None);
            }
            Decision::Again(wait) => schedule::later(now, wait),
        };
        // An attempt that could only begin when time is up is none.
        if self.deadline.is_some_and(|deadline| due >= deadline) {
            let limit = self.config.deadline.unwrap_or_default();
            let outcome = job::out_of_time(outcome, limit);
            return self.conclude(job, outcome, None);
        }
        job.again(outcome);
        self.schedule.offer_later(origin, key, job, due);
        Ok(())
    }

    fn conclude(
        &mut self,
        job: Job,
        outcome: Outcome,
        unnamed: Option<AwaitingName>,
    ) -> Result<(), CutShort> {
        let target = Arc::clone(&job.target);
        let unnamed = unnamed.map(|unnamed| (unnamed, target));
        self.tell(Ready {
            outcome: job.conclude(outcome),
            unnamed,
        })
    }
}
