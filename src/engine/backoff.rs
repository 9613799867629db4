//! The recall of jobs that are on their way to a worker while their origin pushes back.
//!
//! The schedule starts no more jobs at an origin than it takes, but those that it started before the
//! first push-back may still be in the pool's queue. A worker looks here before it sends, and defers such
//! a job: it gives it back without a request. So it does with all that has not begun once the time is up for which an
//! input is repeated.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::ending;
use super::retry::RetryPolicy;
use super::schedule::{self, EndKind};
use crate::http::{Client, FetchAction, Fetched};
use crate::model::target::Target;
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
    /// The action did not run: its origin has pushed back since the job was submitted.
    Deferred,
}

/// The number of origins beyond which those without a job in the queue are forgotten.
const MANY: usize = 64;

/// The origins that pushed back, and what the jobs of a run share to tell which do.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    policy: RetryPolicy,
    /// The number of jobs that the pool's queue holds.
    queue: usize,
    /// False if push-backs recall nothing but for their `Retry-After`.
    adapts: bool,
    /// Set once any origin pushes back. Spares most runs the lock.
    any: AtomicBool,
    /// The number of the last job submitted.
    submitted: AtomicU64,
    recalls: Mutex<HashMap<Box<str>, Recall>>,
    /// The moment from which no target begins any more.
    ends: Option<Instant>,
}

/// The jobs of one origin that are given back.
#[derive(Debug, Clone, Copy)]
struct Recall {
    /// Those up to this number.
    up_to: u64,
    /// All, until this moment, as long as the engine has not seen the push-backs that ask for it: it starts jobs for
    /// which it does not know that they had better wait.
    until: Option<Instant>,
    /// The number of such push-backs.
    unseen: u32,
}

impl Recall {
    fn is_until(&self, now: impl FnOnce() -> Instant) -> bool {
        self.unseen > 0 && self.until.is_some_and(|until| until > now())
    }
}

impl Backoff {
    /// No origin has pushed back yet. `queue`: the number of jobs that the pool's queue holds; with `adapts` false,
    /// push-backs recall nothing but for their `Retry-After`.
    pub(super) fn new(policy: RetryPolicy, queue: usize, adapts: bool) -> Self {
        Backoff {
            policy,
            queue,
            adapts,
            ..Backoff::default()
        }
    }

    /// Recalls from this moment on all jobs whose targets have not begun.
    #[must_use]
    pub(super) fn until(self, ends: Option<Instant>) -> Self {
        Backoff { ends, ..self }
    }

    /// True if no target begins any more. The workers look at the clock themselves: the engine may be behind.
    fn is_over(&self) -> bool {
        self.ends.is_some_and(|end| Instant::now() >= end)
    }

    /// Numbers a job that is about to be submitted.
    pub(super) fn number(&self) -> u64 {
        // One thread submits.
        self.submitted.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// True if the origin's job with this number is recalled.
    fn is_recalled(&self, origin: &str, number: u64) -> bool {
        self.any.load(Ordering::Acquire)
            && self
                .lock()
                .get(origin)
                .is_some_and(|recall| number <= recall.up_to || recall.is_until(Instant::now))
    }

    /// Recalls the origin's jobs that have been submitted, and all until `until`.
    fn recall(&self, origin: &str, until: Option<Instant>) {
        let up_to = self.submitted.load(Ordering::Relaxed);
        let mut recalls = self.lock();
        if recalls.len() >= MANY {
            // The queue hands jobs out in their order, so those before its length are with workers.
            let passed = up_to.saturating_sub(self.queue as u64);
            let now = Instant::now();
            recalls.retain(|_, recall| recall.up_to > passed || recall.is_until(|| now));
        }
        let recall = recalls.entry(origin.into()).or_insert(Recall {
            up_to,
            until: None,
            unseen: 0,
        });
        recall.up_to = up_to;
        recall.until = recall.until.max(until);
        recall.unseen += u32::from(until.is_some());
        self.any.store(true, Ordering::Release);
    }

    /// Notes that the engine has seen a push-back of the origin that asks for a wait. From then on its schedule decides
    /// which jobs wait: all of the origin, or the one that was pushed back alone. Those that it has submitted by now, and
    /// that no worker has come to, are given back to it for that: some of them without knowing of the push-back.
    pub(super) fn note_seen(&self, origin: &str) {
        if let Some(recall) = self.lock().get_mut(origin) {
            recall.unseen = recall.unseen.saturating_sub(1);
            if recall.unseen == 0 {
                recall.until = None;
                recall.up_to = self.submitted.load(Ordering::Relaxed);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Recall>> {
        // Only the map's own code runs under this lock, so a poisoned one is still consistent.
        self.recalls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An action that is not run if its job is recalled, and that recalls others if its origin pushes back.
#[derive(Debug)]
pub(super) struct WithBackoff {
    pub(super) action: FetchAction,
    pub(super) backoff: Arc<Backoff>,
    /// The number of the job, from [`Backoff::number`].
    pub(super) number: u64,
    /// The origin that the job is scheduled at, if it is another than its target's.
    pub(super) route: Option<Arc<str>>,
    /// True if it is not the first attempt at its target.
    pub(super) has_begun: bool,
}

impl Action<Client, Arc<Target>> for WithBackoff {
    type Output = JobOutput;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> JobOutput {
        let origin = self.route.as_deref();
        let origin = origin.unwrap_or_else(|| target.location.origin());
        let is_late = !self.has_begun && self.backoff.is_over();
        if is_late || self.backoff.is_recalled(origin, self.number) {
            return JobOutput::Deferred;
        }
        let fetched = self.action.run(worker, Arc::clone(&target));
        let outcome = &fetched.outcome;
        if outcome.is_disk_full() {
            // Here, and not only once the engine has seen it: no other worker is to take the next job.
            worker.stop_token().stop();
        }
        let kind = ending::kind(outcome, &self.backoff.policy);
        let hold = ending::hold(kind);
        let is_recall = match kind {
            EndKind::PushedBack { .. } | EndKind::Silent { .. } => {
                self.backoff.adapts || hold.is_some()
            }
            _ => false,
        };
        if is_recall {
            let until = hold.map(|wait| schedule::saturating_add(Instant::now(), wait));
            let other = ending::other_responder(outcome, origin);
            let responder = other.as_ref().map_or(origin, |other| other.origin());
            self.backoff.recall(responder, until);
        }
        JobOutput::Fetched(fetched)
    }
}

#[cfg(test)]
mod tests;
