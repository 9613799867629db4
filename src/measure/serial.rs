//! The serial arm: a plain loop over the same action, with no pool and no schedule.

use std::sync::Arc;

use crate::engine::CutShort;
use crate::engine::input::{Item, NextInput, Source};
use crate::engine::retry::{Decision, RetryPolicy};
use crate::http::Client;
use crate::model::event::{Event, Listener};
use crate::model::outcome::{Attempt, Outcome};
use crate::model::summary::{Summary, Tally};
use crate::model::target::Target;
use crate::pool::StopToken;

/// Fetches everything in `source`, one after the other, and tells `listener` of each outcome. Ends
/// early when `stop` is stopped, or when the listener cannot go on: the reason comes with what was done.
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
            // What cannot be read has been told when the list was looked at first.
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
        let told = listener.event(&Event::Finished(outcome));
        if let Err(error) = told.and_then(|()| listener.idle()) {
            tally.set_stopped();
            return (tally.summary(), Some(error.into()));
        }
    }
    tally.set_stopped();
    (tally.summary(), None)
}

/// All attempts at one target.
fn fetch(
    target: &Arc<Target>,
    client: &mut Client,
    policy: RetryPolicy,
    stop: &StopToken,
) -> Outcome {
    let mut earlier: Vec<Attempt> = Vec::new();
    for attempt in 1.. {
        let mut outcome = client.fetch(target, target.verb);
        match policy.decide(&outcome, attempt, fastrand::f64()) {
            Decision::Again(wait) if !stop.wait_timeout(wait) => {}
            _ => {
                outcome.follow(earlier);
                return outcome;
            }
        }
        earlier.push(outcome.last);
    }
    unreachable!("the policy allows so many attempts and no more")
}
