//! One run: feeds the pool from the source, and turns what comes back into events in one order.
//!
//! One thread does both, so events need no lock and no sorting out. It keeps the pool's queue full,
//! takes notices of ended jobs as they come, and sleeps only when there is nothing to do for either.
//! What it holds is bounded by the pool's size, never by the list's.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, never, select_biased, unbounded};

use crate::event::{Event, Listener};
use crate::fetch::{Client, Get, Head};
use crate::input::{BadTarget, Item, Next, Source, Unreadable};
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::pool::{JobError, JobHandle, JobResult, Pool, TrySubmitError};
use crate::summary::{Summary, Tally};
use crate::target::{Target, Verb};

/// The order in which outcomes are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As they end.
    #[default]
    Completion,
    /// As they stand in the input. The run then starts no target that is further ahead of the
    /// oldest unfinished one than [`REORDER_WINDOW`] (or four times the workers), so that a slow
    /// one holds back a bounded number of results.
    Input,
}

/// See [`Order::Input`].
pub const REORDER_WINDOW: usize = 1024;

/// How long targets in flight have to end after a stop, before they are left to themselves.
const GRACE: Duration = Duration::from_millis(900);

/// Items taken from the source before ended jobs are looked at again.
const FILL_AT_ONCE: usize = 256;

/// How a run goes about it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunConfig {
    /// The order of the outcomes.
    pub order: Order,
    /// Whether input that is not a target ends the run.
    pub strict: bool,
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// Its figures.
    pub summary: Summary,
    /// Lists that could not be read to their end.
    pub unreadable: Vec<Unreadable>,
    /// What ended the run early, if something other than the stop token did.
    pub cut_short: Option<CutShort>,
}

/// Why a run ended early.
#[derive(Debug)]
pub enum CutShort {
    /// The listener could not write.
    Listener(io::Error),
    /// Input that is not a target, with [`RunConfig::strict`].
    Strict(BadTarget),
}

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
        notices: unbounded(),
        in_flight: HashMap::new(),
        held: None,
        queue_is_full: false,
        read: 0,
        source_ended: false,
        reorder: Reorder {
            is_on: config.order == Order::Input,
            ..Reorder::default()
        },
        tally: Tally::new(pool.workers()),
        unreadable: Vec::new(),
        counted: false,
        warned: false,
        listener,
    };
    let ended = match run.work() {
        Ok(()) => run.end(),
        // What was done until then is reported all the same.
        Err(strict @ CutShort::Strict(_)) => {
            run.wind_up().and_then(|()| run.end()).and(Err(strict))
        }
        Err(listener) => Err(listener),
    };
    if ended.is_err() {
        pool.stop();
        run.tally.set_stopped();
    }
    Report {
        summary: run.tally.summary(),
        unreadable: run.unreadable,
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
    notices: (Sender<u64>, Receiver<u64>),
    /// Keyed by index, which is also the key of the notice.
    in_flight: HashMap<u64, (Arc<Target>, JobHandle<Outcome>)>,
    /// A target that the pool's queue had no room for.
    held: Option<Arc<Target>>,
    queue_is_full: bool,
    /// Items read so far.
    read: u64,
    source_ended: bool,
    reorder: Reorder,
    tally: Tally,
    unreadable: Vec<Unreadable>,
    counted: bool,
    warned: bool,
    listener: &'a mut dyn Listener,
}

impl Run<'_> {
    fn work(&mut self) -> Result<(), CutShort> {
        let stop = self.pool.stop_token();
        loop {
            if stop.is_stopped() {
                return self.wind_up();
            }
            let filled = self.fill()?;
            self.count()?;
            if self.collect()? > 0 || filled == Filled::Partly {
                continue;
            }
            if self.in_flight.is_empty() && self.held.is_none() && self.source_ended {
                return Ok(());
            }
            self.warn_of_shortfall()?;
            self.listener.idle().map_err(CutShort::Listener)?;
            let nothing = never();
            let feed = match self.source.feed() {
                Some(feed) if filled == Filled::InputRanOut => feed,
                _ => &nothing,
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
            }
            if let Some(message) = message {
                self.source.accept(message);
            }
        }
    }

    /// Submits targets while there is room and input, but not too many at once.
    fn fill(&mut self) -> Result<Filled, CutShort> {
        for _ in 0..FILL_AT_ONCE {
            if !self.has_room() {
                return Ok(Filled::Up);
            }
            if let Some(target) = self.held.take() {
                self.submit(target);
                continue;
            }
            match self.source.next() {
                Next::Item(item) => {
                    self.read += 1;
                    match item {
                        Item::Target(target) => self.submit(target),
                        Item::Bad(bad) if self.config.strict => {
                            self.tell(bad_outcome(bad.clone()))?;
                            return Err(CutShort::Strict(bad));
                        }
                        Item::Bad(bad) => self.tell(bad_outcome(bad))?,
                    }
                }
                Next::Unreadable(list) => {
                    let Unreadable { name, reason } = &list;
                    self.warn(format!("{name}: {reason}"))?;
                    self.unreadable.push(list);
                }
                Next::Wait => return Ok(Filled::InputRanOut),
                Next::End => {
                    self.source_ended = true;
                    return Ok(Filled::Up);
                }
            }
        }
        Ok(Filled::Partly)
    }

    fn has_room(&self) -> bool {
        let in_flight = self.in_flight.len();
        let window = REORDER_WINDOW.max(self.pool.workers() * 4) as u64;
        // A queue that was found full is left alone until a job has ended.
        (!self.queue_is_full || in_flight < self.pool.threads())
            && in_flight < self.pool.workers() + self.pool.queue_capacity()
            // What has been read already is within the window.
            && (self.held.is_some()
                || !self.reorder.is_on
                || self.read < self.reorder.next + window)
    }

    fn submit(&mut self, target: Arc<Target>) {
        let index = target.index;
        let job = Arc::clone(&target);
        // With a worker to spare the queue moves at once, so waiting for room in it is no wait, and
        // the only way in when the queue holds nothing (`--queue 0`). Otherwise never wait here.
        let submitted = if self.in_flight.len() < self.pool.threads() {
            Ok(match target.verb {
                Verb::Get => self.pool.submit(Get, job),
                Verb::Head => self.pool.submit(Head, job),
            })
        } else {
            match target.verb {
                Verb::Get => self.pool.try_submit(Get, job).map_err(back),
                Verb::Head => self.pool.try_submit(Head, job).map_err(back),
            }
        };
        match submitted {
            Ok(handle) => {
                handle.notify(&self.notices.0, index);
                self.in_flight.insert(index, (target, handle));
            }
            Err(target) => {
                self.held = Some(target);
                self.queue_is_full = true;
            }
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

    fn finish(&mut self, key: u64) -> Result<(), CutShort> {
        // A target that was given up after a stop may still give notice.
        let Some((target, handle)) = self.in_flight.remove(&key) else {
            return Ok(());
        };
        self.queue_is_full = false;
        let outcome = settle(&target, handle.join());
        self.tell(outcome)
    }

    /// After a stop: waits for what is in flight as long as the grace lasts, then tells everything
    /// that was read and not done as skipped.
    fn wind_up(&mut self) -> Result<(), CutShort> {
        self.tally.set_stopped();
        self.pool.stop();
        let patience = after(GRACE);
        let grace_ends = Instant::now() + GRACE;
        while !self.in_flight.is_empty() && Instant::now() < grace_ends {
            select_biased! {
                recv(self.notices.1) -> key => {
                    let key = key.expect("the run holds a sender of this channel");
                    self.finish(key)?;
                }
                recv(patience) -> _ => {}
            }
        }
        let mut left: Vec<(Arc<Target>, JobHandle<Outcome>)> =
            self.in_flight.drain().map(|(_, job)| job).collect();
        left.sort_by_key(|(target, _)| target.index);
        for (target, _handle) in left {
            self.tell(skipped(&target))?;
        }
        if let Some(target) = self.held.take() {
            self.tell(skipped(&target))?;
        }
        for item in self.source.close() {
            match item {
                Item::Target(target) => self.tell(skipped(&target))?,
                Item::Bad(bad) => self.tell(bad_outcome(bad))?,
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), CutShort> {
        for outcome in self.reorder.rest() {
            self.event(&Event::Finished(outcome))?;
        }
        let summary = self.tally.summary();
        self.event(&Event::Ended(summary))?;
        self.listener.idle().map_err(CutShort::Listener)
    }

    fn tell(&mut self, outcome: Outcome) -> Result<(), CutShort> {
        self.tally.add(&outcome);
        if !self.reorder.is_on {
            return self.event(&Event::Finished(outcome));
        }
        self.reorder.hold(outcome);
        while let Some(outcome) = self.reorder.take_next() {
            self.event(&Event::Finished(outcome))?;
        }
        Ok(())
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
        self.listener.event(event).map_err(CutShort::Listener)
    }
}

/// The target of a job that the pool did not take.
fn back<A>(error: TrySubmitError<A, Arc<Target>>) -> Arc<Target> {
    error.into_job().1
}

/// Outcomes held back until those before them have been told.
#[derive(Default)]
struct Reorder {
    is_on: bool,
    next: u64,
    held: BTreeMap<u64, Outcome>,
}

impl Reorder {
    fn hold(&mut self, outcome: Outcome) {
        self.held.insert(outcome.index, outcome);
    }

    fn take_next(&mut self) -> Option<Outcome> {
        let outcome = self.held.remove(&self.next)?;
        self.next += 1;
        Some(outcome)
    }

    /// What is left, in order, gaps or not.
    fn rest(&mut self) -> impl Iterator<Item = Outcome> + use<> {
        std::mem::take(&mut self.held).into_values()
    }
}

/// The outcome of a job, whatever became of it.
fn settle(target: &Target, result: JobResult<Outcome>) -> Outcome {
    let failure = match result {
        Ok(outcome) => return outcome,
        Err(JobError::Stopped) => return skipped(target),
        Err(error @ JobError::NoWorker(_)) => Failure {
            kind: FailureKind::Local,
            phase: None,
            message: format!("{error}; allow this user more threads (ulimit -u)"),
        },
        Err(error) => Failure {
            kind: FailureKind::Local,
            phase: None,
            message: format!("a bug in pfetch: {error}; please report it"),
        },
    };
    untried(target, failure)
}

fn skipped(target: &Target) -> Outcome {
    untried(
        target,
        Failure {
            kind: FailureKind::Stopped,
            phase: None,
            message: "stopped before it was started".to_owned(),
        },
    )
}

fn untried(target: &Target, failure: Failure) -> Outcome {
    let url = Arc::clone(target.location.text());
    Outcome::untried(target.index, url, target.verb, failure)
}

fn bad_outcome(bad: BadTarget) -> Outcome {
    let failure = Failure {
        kind: FailureKind::Input,
        phase: None,
        message: bad.message,
    };
    Outcome::untried(bad.index, bad.excerpt, Verb::Get, failure)
}
