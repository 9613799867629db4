//! Origins that have asked to be left alone, known to the workers at once.
//!
//! The schedule starts nothing at such an origin, but what it started before may still be in the
//! pool's queue. A worker that comes to it looks here, and hands it back unasked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::action::Deed;
use crate::engine::retry::RetryPolicy;
use crate::engine::schedule;
use crate::http::AwaitingName;
use crate::http::Client;
use crate::model::outcome::Outcome;
use crate::model::target::{DefaultScheme, Location, Target};
use crate::pool::{Action, Worker};

/// What a worker made of a job.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are outcomes, which move once"
)]
pub(super) enum Ran {
    /// It ran. Its file may still have to be named.
    Done(Outcome, Option<AwaitingName>),
    /// Its origin wants nothing before this moment; it was not run.
    Held(Instant),
}

#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Whether any origin has ever asked: most runs need to know no more.
    any: AtomicBool,
    until: Mutex<HashMap<Box<str>, Instant>>,
}

impl Holds {
    fn of(&self, origin: &str) -> Option<Instant> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut until = self.lock();
        let moment = *until.get(origin)?;
        if moment <= Instant::now() {
            until.remove(origin);
            return None;
        }
        Some(moment)
    }

    fn hold(&self, origin: &str, moment: Instant) {
        let mut until = self.lock();
        let entry = until.entry(origin.into()).or_insert(moment);
        *entry = moment.max(*entry);
        self.any.store(true, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Instant>> {
        // Only the map's own code runs under this lock, so a poisoned one is still consistent.
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An action that heeds and keeps the holds.
#[derive(Debug)]
pub(super) struct Patient {
    pub(super) deed: Deed,
    pub(super) policy: RetryPolicy,
    pub(super) holds: Arc<Holds>,
}

impl Action<Client, Arc<Target>> for Patient {
    type Output = Ran;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> Ran {
        let location = &target.location;
        if let Some(moment) = self.holds.of(location.origin()) {
            return Ran::Held(moment);
        }
        let (outcome, unnamed) = self.deed.run(worker, Arc::clone(&target));
        if let Some(wait) = self.policy.patience(&outcome) {
            let moment = schedule::later(Instant::now(), wait);
            self.holds.hold(asking(&outcome, location).origin(), moment);
        }
        Ran::Done(outcome, unnamed)
    }
}

/// Who answered: redirects may have led to another origin than the target's.
pub(super) fn asking(outcome: &Outcome, target: &Location) -> Location {
    outcome
        .final_url
        .as_deref()
        .and_then(|url| Location::parse(url, DefaultScheme::Http).ok())
        .unwrap_or_else(|| target.clone())
}
