//! The engine of a run: feeds the pool from the source, and turns completed jobs into events.
//!
//! One thread does both, so events have one order and need no lock. It keeps the pool's queue full of
//! jobs that the schedule lets start, collects completed jobs as they come, and sleeps only when it can
//! do neither. Its memory is bounded by the pool's size and a fixed look-ahead, never by the length of
//! the list.
//!
//! * [`input`] reads the list; [`schedule`] decides which target may start, [`retry`] which failed
//!   attempt is made again; both are pure.
//! * `admit` moves targets from the source to the pool; `emit` sends outcomes to the listener, through
//!   `reorder` where they keep the order of the input.
//! * `job` is a target over all its attempts, `bodies` selects its action, `backoff` recalls it from
//!   the pool's queue when its origin pushes back.
//! * `spool` keeps targets on disk that wait beyond the look-ahead, each as a `spooled_target`.
//! * `pending` are the targets that wait for a retry, or for their turn to be emitted.
//! * `in_flight` are the jobs in the pool.
//! * `append` appends bodies to packs, in the order of the run log.
//! * `ending` reads an outcome as its origin's; `finish` emits it or has the job made again.
//! * `time_up` ends the run of an input that is repeated for a time.
//! * `input_wait` measures how long workers were idle for want of input, `retry_wait` for other tries, `holds` for limits
//!   of the user's.
//! * `poll` decides between blocking and polling for completed jobs.
//! * `fetch_all` is a run in a few words, for programs that need no more.
//! * [`resume`] is the run log, and the targets that an earlier run has done.

mod admit;
mod append;
mod backoff;
mod bodies;
mod config;
mod displaced;
mod emit;
mod ending;
mod fetch_all;
mod finish;
mod holds;
mod in_flight;
pub mod input;
mod input_wait;
mod job;
mod pending;
mod poll;
mod reorder;
pub mod resume;
pub mod retry;
mod retry_wait;
pub mod schedule;
mod spool;
mod spooled_target;
mod time_up;
mod unbegun;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, at, never, select_biased, unbounded};

use crate::http::Client;
use crate::model::event::{Listener, Pending};
use crate::model::retry_idle::WaitCause;
use crate::model::summary::Tally;
use crate::pool::{Pool, Shortfall};
use crate::save::{OrderedOutput, OutputEnd};

use admit::{FillEnd, InputArrival, InputState, QueueState};
use append::PackBatch;
use backoff::Backoff;
pub use bodies::{Bodies, PlannedFile, Saving};
pub use config::{Adaptation, CutShort, LOOK_AHEAD, Order, Report, RunConfig, Work};
pub use displaced::{Displaced, DisplacedBy};
pub use fetch_all::{FetchAll, Frontier, fetch_all};
use holds::Holds;
use in_flight::InFlight;
use input::{BadTarget, Source};
use input_wait::{InputWait, Want};
use job::{Job, StopReason};
use poll::{POLL_INTERVAL, WaitMode};
use reorder::Reorder;
use resume::DoneTargets;
use retry_wait::RetryWait;
use schedule::{Schedule, StartLimits};
use spool::Spool;
use time_up::RepeatTime;

/// Runs `work` on `pool`, and sends events to `listener`.
///
/// Returns when all is done, or within a second after the pool's stop token is stopped, whatever the
/// servers do. Targets that were read and not done by then are emitted as skipped; of a list whose end is not known,
/// those that were under way.
pub fn run(
    config: RunConfig,
    work: impl Into<Work>,
    pool: &Pool<Client>,
    listener: &mut dyn Listener,
) -> Report {
    let mut engine = Engine::new(config.without_idle_waits(), work.into(), pool, listener);
    let cut_short = engine.run();
    engine.into_report(cut_short)
}

/// The state of one run.
struct Engine<'a> {
    config: RunConfig,
    pool: &'a Pool<Client>,
    listener: &'a mut dyn Listener,
    deadline: Option<Instant>,
    repeat_time: RepeatTime,

    source: Source,
    input: InputState,
    arrival: InputArrival,
    /// Items read so far, without those of other shards.
    read: u64,
    input_wait: InputWait,
    /// The time in which nothing is under way and all that is left waits for another try, measured alike.
    retry_wait: RetryWait,
    /// The time for which limits kept targets from starting, if there are any.
    holds: Option<Box<Holds>>,
    /// Jobs given to the pool so far.
    submitted: u64,
    /// The index after that of the last one.
    next_index: u64,
    /// The number of items that has been emitted.
    counted: Option<u64>,
    done: Option<DoneTargets>,
    /// The files that the run log has, and the disk no more.
    lost_files: u64,
    /// The bad line that ended the reading, with [`RunConfig::strict`].
    bad: Option<BadTarget>,

    /// Jobs are boxed: they pass through half a dozen hands, and to copy one each time costs more.
    schedule: Schedule<Box<Job>>,
    spool: Spool,
    backoff: Arc<Backoff>,
    queue: QueueState,
    /// The jobs that are worth having in the pool's queue, as far as it has room for them.
    ahead: usize,
    /// A job that may start, but found the pool's queue full.
    unsubmitted: Option<Box<Job>>,
    /// The jobs in the pool, by the keys that their slots send on completion.
    in_flight: InFlight,
    completions: (Sender<u64>, Receiver<u64>),
    /// Jobs that had not ended when the grace after a stop did.
    abandoned: usize,

    bodies: Bodies,
    /// URLs without a body whose turn in the shared output has not come.
    missing: BTreeMap<u64, Arc<str>>,
    reorder: Reorder,
    batch: PackBatch,
    /// The targets that were last emitted as pending.
    pending: Pending,
    tally: Tally,
    /// The thread shortfall that the run has warned of.
    shortfall: Option<Shortfall>,
    stopped: Option<StopReason>,
    is_disk_full: bool,
    /// The URL whose failure stopped the run, with [`RunConfig::fail_fast`].
    first_failure: Option<Arc<str>>,
    /// Targets that failed by a limit on time, in the last of several attempts.
    timed_out_again: u64,
    /// True once the run has warned that some of its requests are in no pack.
    has_told_unpacked: bool,
}

impl<'a> Engine<'a> {
    fn new(
        config: RunConfig,
        work: Work,
        pool: &'a Pool<Client>,
        listener: &'a mut dyn Listener,
    ) -> Self {
        let Work {
            source,
            bodies,
            done,
        } = work;
        let deadline = config
            .deadline
            .and_then(|time| Instant::now().checked_add(time));
        // The workers look at the token more often around that time.
        pool.stop_token().expect_stop(deadline);
        let repeat_time = RepeatTime::begin(config.repeat_time);
        let backoff = Backoff::new(
            config.retry,
            pool.queue_capacity(),
            config.adaptation == Adaptation::On,
        );
        // Names are assigned in the order of the input, so outcomes with late names keep that order.
        let is_ordered = config.order == Order::Input || bodies.is_named_late();
        Engine {
            pool,
            listener,
            deadline,
            repeat_time,
            source,
            input: InputState::Reading,
            arrival: InputArrival::default(),
            read: 0,
            input_wait: InputWait::default(),
            retry_wait: RetryWait::default(),
            holds: (config.limits != StartLimits::default())
                .then(|| Box::new(Holds::new(config.limits))),
            submitted: 0,
            next_index: 0,
            counted: None,
            done,
            lost_files: 0,
            bad: None,
            schedule: Schedule::new(config.limits, config.server_policy(pool.workers())),
            spool: Spool::default(),
            backoff: Arc::new(backoff.until(repeat_time.end())),
            queue: QueueState::Open,
            ahead: 0,
            unsubmitted: None,
            in_flight: InFlight::default(),
            completions: unbounded(),
            abandoned: 0,
            bodies,
            missing: BTreeMap::new(),
            reorder: Reorder::new(is_ordered),
            batch: PackBatch::default(),
            pending: Pending::default(),
            tally: Tally::new(pool.workers()),
            shortfall: None,
            stopped: None,
            is_disk_full: false,
            first_failure: None,
            timed_out_again: 0,
            has_told_unpacked: false,
            config,
        }
    }

    /// Runs from the first event to the last. Returns the error that cut the run short, if one did.
    fn run(&mut self) -> Option<CutShort> {
        let worked = self
            .emit_started()
            .and_then(|()| self.warn_of_damage())
            .and_then(|()| self.tell_untold_pack())
            .and_then(|()| self.work())
            .and_then(|()| self.emit_rest())
            .and_then(|()| self.settle_stop())
            .and_then(|()| self.end_packs());
        let cut_short = match worked {
            Ok(()) => {
                let ended = self.emit_ended();
                match ended.and_then(|()| Ok(self.listener.idle()?)) {
                    Ok(()) => {
                        let bad = self.bad.take()?;
                        self.tally.set_stopped();
                        CutShort::Strict(bad)
                    }
                    Err(error) => error,
                }
            }
            Err(error) => {
                self.pool.stop();
                self.tally.set_stopped();
                self.tally.set_listed(self.source.total().or(self.counted));
                if matches!(error, CutShort::Listener(_)) {
                    self.tally.set_output_failed();
                }
                // The listeners that still work get an end; the error of the others is known already.
                let _ = self.emit_ended();
                error
            }
        };
        self.pool.stop();
        Some(cut_short)
    }

    fn into_report(mut self, cut_short: Option<CutShort>) -> Report {
        let gap = match self.bodies.concat().and_then(OrderedOutput::end) {
            Some(OutputEnd::Gap { index, .. }) => self.missing.remove(&index),
            _ => None,
        };
        Report {
            summary: self.tally.summary(),
            overdue: matches!(self.stopped, Some(StopReason::Deadline(_))),
            is_full: self.is_disk_full,
            uneven_shards: self.source.uneven_shards().cloned(),
            displaced: self.bodies.take_displaced(),
            timed_out_again: self.timed_out_again,
            foreign_parts: self.bodies.take_foreign_parts(),
            lost_files: self.lost_files,
            gap,
            has_left_jobs: self.abandoned > 0 || !self.in_flight.is_empty(),
            cut_short,
        }
    }

    /// The main loop: until all is done, or the run stops.
    fn work(&mut self) -> Result<(), CutShort> {
        let mut mode = WaitMode::new(Instant::now());
        loop {
            let now = Instant::now();
            if let Some(reason) = self.stop_reason(now) {
                return self.wind_up(reason);
            }
            self.end_in_time(now)?;
            let (filled, wake) = self.fill_queue(now)?;
            let want = self.want_of_input(filled);
            self.input_wait.note(now, self.submitted, want);
            let retry = self.awaited_retry(now);
            self.retry_wait.note(now, self.submitted, retry);
            self.note_holds(filled, now);
            self.emit_count()?;
            let ended = self.collect(now)?;
            mode.record(ended, now);
            self.ahead = mode.jobs_ahead();
            self.emit_pending(now)?;
            if ended == 0 {
                self.flush_batch()?;
            }
            if ended > 0 || filled == FillEnd::BatchDone {
                continue;
            }
            if self.is_done() {
                return Ok(());
            }
            self.warn_of_shortfall()?;
            self.listener.idle()?;
            // The last jobs are blocked for: they may end before a sleep does.
            let is_nearly_done =
                self.input == InputState::Exhausted && self.in_flight.len() <= self.pool.workers();
            // Starts that keep a distance in time are not slept through.
            let may_poll = !is_nearly_done && self.config.limits.is_unpaced();
            if may_poll && mode.start_poll(now) {
                // The pool's queue outlasts the sleep, and no job has to wake this thread.
                thread::sleep(POLL_INTERVAL);
            } else {
                self.block(filled, wake, &mut mode)?;
            }
        }
    }

    /// The want of input that leaves workers idle. While targets wait for their turn or another try, it is not
    /// the input alone that is waited for.
    fn want_of_input(&self, filled: FillEnd) -> Option<Want> {
        let wants = filled == FillEnd::AwaitingInput
            && self.schedule.waiting() == 0
            && self.in_flight.len() < self.pool.workers();
        wants.then_some(match self.in_flight.is_empty() {
            true => Want::All,
            false => Want::Some,
        })
    }

    /// The cause for which no target is due, where all workers are idle for it: no rate or distance of the user's.
    fn awaited_retry(&mut self, now: Instant) -> Option<WaitCause> {
        let waits = self.in_flight.is_empty()
            && self.unsubmitted.is_none()
            && self.schedule.waiting() > 0
            && self.config.limits.is_unpaced();
        let next = waits.then(|| self.schedule.next_wait(now));
        // What is due already waits for nothing but its turn.
        next.map(|next| next.map_or(WaitCause::Distance, |(_, cause)| cause))
    }

    fn stop_reason(&self, now: Instant) -> Option<StopReason> {
        if self.first_failure.is_some() {
            return Some(StopReason::FirstFailure);
        }
        if self.pool.stop_token().is_stopped() || self.is_disk_full {
            return Some(StopReason::Requested);
        }
        let is_past = self.deadline.is_some_and(|deadline| now >= deadline);
        is_past.then(|| StopReason::Deadline(self.config.deadline.unwrap_or_default()))
    }

    fn is_done(&self) -> bool {
        let is_written = self.bodies.concat().is_none_or(|c| c.passed() >= self.read);
        self.input == InputState::Exhausted
            && self.in_flight.is_empty()
            && self.unsubmitted.is_none()
            && self.schedule.waiting() == 0
            && self.spool.is_empty()
            && is_written
    }

    /// Blocks until a job completes, input or room in the shared output comes, a start or the deadline
    /// is due, or the run is stopped.
    fn block(
        &mut self,
        filled: FillEnd,
        wake: Option<Instant>,
        mode: &mut WaitMode,
    ) -> Result<(), CutShort> {
        let nothing = never();
        let input = match self.source.receiver() {
            Some(input) if filled == FillEnd::AwaitingInput => input,
            _ => &nothing,
        };
        let uncounted = never();
        let count = self.source.count().unwrap_or(&uncounted);
        let ends = self.deadline.into_iter().chain(self.repeat_time.end());
        let timer = match wake.into_iter().chain(ends).min() {
            Some(moment) => at(moment),
            None => never(),
        };
        let silent = never();
        let output = self
            .bodies
            .concat()
            .map_or(&silent, OrderedOutput::progress);
        let mut message = None;
        let mut counted = None;
        select_biased! {
            recv(self.pool.stop_token().as_channel()) -> _ => {}
            recv(self.completions.1) -> key => {
                let key = key.expect("the engine holds a sender of this channel");
                let now = Instant::now();
                mode.record(1, now);
                self.finish(key, now)?;
            }
            // A disconnected channel is the end of the input, which the next `fill_queue` sees.
            recv(input) -> received => message = received.ok(),
            recv(count) -> received => counted = Some(received),
            recv(output) -> _ => {}
            recv(timer) -> _ => {}
        }
        if let Some(message) = message {
            self.source.accept(message);
        }
        match counted.and_then(|received| self.source.accept_count(received)) {
            Some(count) => self.emit_number(count),
            None => Ok(()),
        }
    }

    /// Collects all jobs that have ended. Returns their number.
    fn collect(&mut self, now: Instant) -> Result<usize, CutShort> {
        let mut count = 0;
        while let Ok(key) = self.completions.1.try_recv() {
            self.finish(key, now)?;
            count += 1;
        }
        Ok(count)
    }
}
