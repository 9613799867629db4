//! The end of a job: its outcome is emitted, or the job is made again.

use std::sync::Arc;
use std::time::Instant;

use super::admit::QueueState;
use super::backoff::JobOutput;
use super::config::{Adaptation, CutShort};
use super::job::{self, Job};
use super::reorder::Ready;
use super::retry::{self, Decision};
use super::schedule::{self, EndKind, Ending, PushBackRecord, Ruling};
use super::time_up::RepeatTime;
use super::{Engine, ending};
use crate::http::{Fetched, UnplacedBody};
use crate::model::outcome::Outcome;

impl Engine<'_> {
    /// Takes one ended job: emits its outcome, or gives the job to the schedule again.
    pub(super) fn finish(&mut self, key: u64, now: Instant) -> Result<(), CutShort> {
        // A job that was abandoned after a stop still sends its key.
        let Some((mut job, handle)) = self.in_flight.remove(key) else {
            return Ok(());
        };
        self.queue = QueueState::Open;
        let Fetched { outcome, unplaced } = match job.output(handle.join()) {
            JobOutput::Fetched(fetched) => fetched,
            JobOutput::Deferred => {
                self.end(&mut job, EndKind::Deferred, now, now);
                if self.repeat_time == RepeatTime::Up && !job.has_begun() {
                    return self.leave_out(&job);
                }
                self.put_back(job, now);
                return Ok(());
            }
        };
        // A wait that the server asks for begins with its answer, which may have come after the clock was read.
        let now = ending::moment(&outcome, now);
        let (ruling, due) = self.rule(&mut job, &outcome, now);
        if ruling == Ruling::Free {
            job.note_push_back();
        }
        match (ruling, due) {
            (Ruling::Judge, _) => {}
            (Ruling::Free, None) => {
                job.record_attempt(outcome);
                self.put_back(job, now);
                return Ok(());
            }
            (Ruling::Free, Some(due)) => {
                job.record_attempt(outcome);
                self.offer_later(job, due, true);
                return Ok(());
            }
        }
        let policy = self.config.retry;
        let due = match policy.decide(&outcome, &mut job.retry, fastrand::f64()) {
            Decision::Final => return self.conclude(job, outcome, unplaced),
            Decision::TooLong(asked) => {
                let outcome = job::wait_too_long(outcome, asked, policy.retry_after_max);
                return self.conclude(job, outcome, None);
            }
            Decision::Again(wait) => schedule::saturating_add(now, wait),
        };
        if self.deadline.is_some_and(|deadline| due >= deadline) {
            let limit = self.config.deadline.unwrap_or_default();
            let outcome = job::deadline_first(outcome, limit);
            return self.conclude(job, outcome, None);
        }
        let is_asked = retry::asked_wait(&outcome).is_some();
        job.record_attempt(outcome);
        self.offer_later(job, due, is_asked);
        Ok(())
    }

    /// Gives a job to the schedule that is due then: as its server asked, or after a delay of pfetch's own.
    fn offer_later(&mut self, job: Box<Job>, due: Instant, is_asked: bool) {
        let target = Arc::clone(&job.target);
        let route = job.route();
        let origin = route.as_deref().unwrap_or(target.location.origin());
        match is_asked {
            true => self.schedule.offer_as_asked(origin, target.index, job, due),
            false => self.schedule.offer_later(origin, target.index, job, due),
        }
    }

    /// Tells the schedule how the job's request ended, and asks for its ruling; and when the job is due, if it
    /// was asked to wait and its origin was not.
    fn rule(
        &mut self,
        job: &mut Job,
        outcome: &Outcome,
        now: Instant,
    ) -> (Ruling, Option<Instant>) {
        let kind = ending::kind(outcome, &self.config.retry);
        let started = outcome.last.span.map_or(now, |(started, _)| started);
        let EndKind::PushedBack { .. } = kind else {
            return (self.end(job, kind, started, now), None);
        };
        // Without retries each URL gets the one answer that it is asked for, also if that is to come again later.
        let is_final = self.config.retry.retries == 0;
        let until = ending::hold(kind).map(|wait| schedule::saturating_add(now, wait));
        let other = ending::other_responder(outcome, job.origin());
        if until.is_some() {
            let responder = other.as_ref().map_or(job.origin(), |other| other.origin());
            self.backoff.note_seen(responder);
        }
        let Some(responder) = other else {
            let until = until.filter(|_| !job.push_backs.is_own());
            let waits_alone = self.schedule.waits_alone(job.origin(), &job.push_backs);
            if let Some(until) = until.filter(|_| !waits_alone) {
                self.schedule.hold(job.origin(), started, until, now);
            }
            let ruling = self.end(job, kind, started, now);
            return match is_final {
                true => (Ruling::Judge, None),
                false => (ruling, until.filter(|_| waits_alone)),
            };
        };
        // Its own origin has only redirected. From now on it is scheduled at the one that pushed back.
        self.end(job, EndKind::Answered, started, now);
        let responder = responder.origin();
        if let Some(until) = until {
            self.schedule.hold(responder, started, until, now);
        }
        let is_lone = !self.schedule.has_items(responder) && !self.schedule.has_items(job.origin());
        let adapts = self.config.adaptation == Adaptation::On;
        match adapts && !is_final && !is_lone && job.detour(responder) {
            true => (Ruling::Free, None),
            false => (Ruling::Judge, None),
        }
    }

    fn end(&mut self, job: &mut Job, kind: EndKind, started: Instant, now: Instant) -> Ruling {
        let ending = Ending {
            sequence: job.target.index,
            started,
            kind,
        };
        let (origin, push_backs) = job.parts();
        self.schedule.end(origin, &ending, push_backs, now)
    }

    /// True if the run would try the job again after this outcome, had it not been stopped.
    pub(super) fn would_try_again(&self, job: &mut Job, outcome: &Outcome) -> bool {
        let policy = self.config.retry;
        let is_pushed_back = policy.retries > 0
            && self.config.adaptation == Adaptation::On
            && !job.push_backs.is_own()
            && matches!(ending::kind(outcome, &policy), EndKind::PushedBack { .. });
        let decision = policy.decide(outcome, &mut job.retry, 0.0);
        is_pushed_back || matches!(decision, Decision::Again(_))
    }

    /// Gives a job that used up no try to the schedule again.
    fn put_back(&mut self, job: Box<Job>, now: Instant) {
        let target = Arc::clone(&job.target);
        let route = job.route();
        let origin = route.as_deref().unwrap_or(target.location.origin());
        if job.push_backs == PushBackRecord::default() {
            self.schedule.offer(origin, target.index, job, now);
        } else {
            self.schedule.put_back(origin, target.index, job, now);
        }
    }

    /// Emits the final outcome of a job.
    pub(super) fn conclude(
        &mut self,
        job: Box<Job>,
        outcome: Outcome,
        unplaced: Option<Box<UnplacedBody>>,
    ) -> Result<(), CutShort> {
        let unplaced = unplaced.map(|unplaced| (unplaced, Arc::clone(&job.target)));
        self.emit_in_order(Ready {
            outcome: job.conclude(outcome),
            unplaced,
        })
    }
}
