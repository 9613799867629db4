//! Per-origin `Retry-After` back-off, shared with the workers.
//!
//! The schedule starts nothing at an origin that backs off, but jobs that it started before may still
//! be in the pool's queue. A worker looks here before it sends, and defers such a job: it gives it back
//! without a request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::retry::RetryPolicy;
use super::schedule;
use crate::http::{Client, FetchAction, Fetched};
use crate::model::outcome::Outcome;
use crate::model::target::{DefaultScheme, Location, Target};
use crate::pool::{Action, Worker};

/// The output of a job of the run.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are outcomes, which move once"
)]
pub(super) enum JobOutput {
    /// The action ran.
    Fetched(Fetched),
    /// The action did not run: its origin backs off until this moment.
    Deferred(Instant),
}

/// The origins that back off, each until a moment.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Set once any origin backs off. Spares most runs the lock.
    any: AtomicBool,
    until: Mutex<HashMap<Box<str>, Instant>>,
}

impl Backoff {
    /// The end of this origin's back-off; `None` if it has passed or there is none.
    fn until(&self, origin: &str) -> Option<Instant> {
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

    /// Makes the origin back off until `moment`, or later if it does already.
    fn extend(&self, origin: &str, moment: Instant) {
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

/// An action that respects the back-off of its target's origin, and starts one when the response asks
/// for it.
#[derive(Debug)]
pub(super) struct WithBackoff {
    pub(super) action: FetchAction,
    pub(super) policy: RetryPolicy,
    pub(super) backoff: Arc<Backoff>,
}

impl Action<Client, Arc<Target>> for WithBackoff {
    type Output = JobOutput;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> JobOutput {
        let location = &target.location;
        if let Some(moment) = self.backoff.until(location.origin()) {
            return JobOutput::Deferred(moment);
        }
        let fetched = self.action.run(worker, Arc::clone(&target));
        if let Some(wait) = self.policy.backoff(&fetched.outcome) {
            let moment = schedule::saturating_add(Instant::now(), wait);
            let responder = responder(&fetched.outcome, location);
            self.backoff.extend(responder.origin(), moment);
        }
        JobOutput::Fetched(fetched)
    }
}

/// The location that gave the final response: redirects may have led to another origin than the target's.
pub(super) fn responder(outcome: &Outcome, target: &Location) -> Location {
    outcome
        .final_url()
        .and_then(|url| Location::parse(url, DefaultScheme::Http).ok())
        .unwrap_or_else(|| target.clone())
}
