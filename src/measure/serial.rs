//! The serial arm: a plain loop over the same action, without pool and schedule.

use std::sync::Arc;

use crate::engine::CutShort;
use crate::engine::input::{Item, NextInput, Source};
use crate::engine::retry::{Decision, RetryPolicy, RetryRecord};
use crate::http::Client;
use crate::model::event::{Event, Listener};
use crate::model::outcome::{Attempt, Outcome};
use crate::model::summary::{Summary, Tally};
use crate::model::target::Target;
use crate::pool::StopToken;

/// Fetches everything in `source`, one URL after the other, and emits each outcome to `listener`. Ends early if
/// `stop` is stopped or the listener fails; the latter's error is returned with the figures so far.
pub fn serial(
    mut source: Source,
    client: &mut Client,
    policy: RetryPolicy,
    stop: &StopToken,
    listener: &mut dyn Listener,
) -> (Summary, Option<CutShort>) {
    let mut tally = Tally::new(1);
    while !stop.is_stopped() {
        let outcome = match source.next() {
            NextInput::Item(Item::Target(target)) => fetch(&target, client, policy, stop),
            NextInput::Item(Item::Bad(bad)) => bad.into_outcome(),
            // Reported already, when the list was read for the first time.
            NextInput::Unreadable(_) => continue,
            NextInput::Wait => {
                if let Some(message) = source.receiver().and_then(|input| input.recv().ok()) {
                    source.accept(message);
                }
                continue;
            }
            NextInput::End => return (tally.summary(), None),
        };
        tally.add(&outcome);
        let written = listener.event(&Event::Finished(outcome));
        if let Err(error) = written.and_then(|()| listener.idle()) {
            tally.set_stopped();
            return (tally.summary(), Some(error.into()));
        }
    }
    tally.set_stopped();
    (tally.summary(), None)
}

/// Makes all attempts at one target.
fn fetch(
    target: &Arc<Target>,
    client: &mut Client,
    policy: RetryPolicy,
    stop: &StopToken,
) -> Outcome {
    let mut earlier: Vec<Attempt> = Vec::new();
    let mut record = RetryRecord::default();
    loop {
        let mut outcome = client.fetch(target, target.verb);
        match policy.decide(&outcome, &mut record, fastrand::f64()) {
            Decision::Again(wait) if !stop.wait_timeout(wait) => {}
            _ => {
                outcome.follow(earlier);
                return outcome;
            }
        }
        earlier.push(outcome.last);
    }
}
