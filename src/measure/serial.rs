//! The serial arm: a plain loop over the same action, without pool and schedule.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::CutShort;
use crate::engine::input::{Item, NextInput, Source};
use crate::engine::retry::{Decision, RetryPolicy, RetryRecord};
use crate::http::Client;
use crate::model::event::{Event, Listener, Pending};
use crate::model::outcome::{Attempt, Outcome};
use crate::model::summary::{Summary, Tally};
use crate::model::target::Target;
use crate::pool::StopToken;

/// Fetches everything in `source`, one URL after the other, and emits each outcome to `listener`. Ends early if
/// `stop` is stopped or the listener fails; the latter's error is returned with the figures so far.
pub fn serial(
    source: Source,
    client: &mut Client,
    policy: RetryPolicy,
    stop: &StopToken,
    listener: &mut dyn Listener,
) -> (Summary, Option<CutShort>) {
    let mut run = SerialRun {
        source,
        client,
        policy,
        stop,
        listener,
        tally: Tally::new(1),
    };
    let worked = run.work();
    if !matches!(worked, Ok(InputEnd::Reached)) {
        run.tally.set_stopped();
    }
    (run.tally.summary(), worked.err().map(CutShort::from))
}

/// The state of a serial run.
struct SerialRun<'a> {
    source: Source,
    client: &'a mut Client,
    policy: RetryPolicy,
    stop: &'a StopToken,
    listener: &'a mut dyn Listener,
    tally: Tally,
}

/// Tells whether a run came to the end of its input.
enum InputEnd {
    Reached,
    /// It was stopped before.
    Stopped,
}

impl SerialRun<'_> {
    fn work(&mut self) -> io::Result<InputEnd> {
        let mut counted = None;
        while !self.stop.is_stopped() {
            let total = self.source.total().or_else(|| self.source.take_count());
            if let Some(total) = total.filter(|total| counted != Some(*total)) {
                counted = Some(total);
                self.listener.event(&Event::Counted(total))?;
            }
            let outcome = match self.source.next() {
                NextInput::Item(Item::Target(target)) => self.fetch(&target)?,
                NextInput::Item(Item::Bad(bad)) => bad.into_outcome(),
                NextInput::Item(Item::Elsewhere(_)) => continue,
                NextInput::Unreadable(list) => {
                    // The warning is the parallel arm's.
                    self.tally.add_unreadable(list);
                    continue;
                }
                NextInput::Rewritten(list) => {
                    self.listener.event(&Event::Warning(list.to_string()))?;
                    continue;
                }
                NextInput::Wait => {
                    self.source.wait();
                    continue;
                }
                NextInput::End => return Ok(InputEnd::Reached),
            };
            self.tally.add(&outcome);
            self.listener.event(&Event::Finished(outcome))?;
            self.listener.idle()?;
        }
        Ok(InputEnd::Stopped)
    }

    /// Makes all attempts at one target.
    fn fetch(&mut self, target: &Arc<Target>) -> io::Result<Outcome> {
        let mut earlier: Vec<Attempt> = Vec::new();
        let mut record = RetryRecord::default();
        loop {
            let mut outcome = self.client.fetch(target, target.verb);
            match self.policy.decide(&outcome, &mut record, fastrand::f64()) {
                Decision::Again(wait) if !self.wait(wait)? => {}
                _ => {
                    outcome.follow(earlier);
                    return Ok(outcome);
                }
            }
            earlier.push(outcome.last);
        }
    }

    /// Waits for the next attempt at a target. Returns true if the run is stopped meanwhile.
    fn wait(&mut self, wait: Duration) -> io::Result<bool> {
        self.listener.event(&Event::Pending(Pending {
            retries: 1,
            next: Instant::now().checked_add(wait),
            ..Pending::default()
        }))?;
        self.listener.idle()?;
        let is_stopped = self.stop.wait_timeout(wait);
        self.listener.event(&Event::Pending(Pending::default()))?;
        Ok(is_stopped)
    }
}
