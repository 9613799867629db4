//! One origin: its queue, and what its server has been found to take.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use foldhash::fast::RandomState;

use super::probe::Probe;
use super::push_back::{Cause, Consequence, PushBack, PushBackRecord};
use super::queue::Queue;
use super::turns::Turns;
use super::window::Window;
use super::{EndKind, Ending, Ruling, ServerPolicy, StartLimits};
use crate::model::origin::{GivenUp, OriginLimit};
use crate::model::retry_idle::WaitCause;

#[derive(Debug)]
pub(super) struct Origin<T> {
    /// Items that have not been started yet. It keeps its memory when it is empty, as it is after each item
    /// of a run without limits, but for an origin that has to wait: all may have to.
    fresh: Queue<T>,
    /// Items that were pushed back, and retries.
    returned: Queue<T>,
    /// The item that was put back last.
    last_returned: u64,
    /// The number of items that are not due yet.
    pub(super) not_due: usize,
    pub(super) in_flight: usize,
    /// The most that were in flight at once since an item was last pushed back.
    most_in_flight: usize,
    not_before: Option<Instant>,
    /// The end of the distance from its last start, if the user asked for one.
    spaced_until: Option<Instant>,
    /// The end of its last delay.
    pub(super) open_since: Option<Instant>,
    pub(super) state: OriginState,
    /// Set by the first answer. Before it, no more items start than there are workers, so that a server
    /// that says nothing does not fill the queue before them.
    has_answered: bool,
    /// The number of items that were answered by something else than a push-back.
    answered: usize,
    /// True while one item is in flight that has been the only one since its start.
    is_alone: bool,
    /// What the server has taught; `None` for most.
    server: Option<Box<Lessons>>,
}

#[derive(Debug)]
struct Lessons {
    window: Window,
    probe: Probe,
    /// The number in flight at the start of each item in flight, itself included. Items that were started
    /// before the first lesson are missing.
    levels: HashMap<u64, usize, RandomState>,
    /// The next start that the window's pace allows.
    paced_until: Option<Instant>,
    /// The item that was started last.
    last_started: u64,
}

impl Lessons {
    /// Keeps the window's distance from a start.
    fn pace(&mut self, started: Instant) {
        let distance = self.window.distance();
        self.paced_until = distance.map(|distance| super::saturating_add(started, distance));
    }
}

/// The index in which an origin is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OriginState {
    /// In none: it has no item that waits.
    Unlisted,
    /// In none: it has as many in flight as are allowed. `is_asked`: by the user, and not for what its server takes.
    Full { is_asked: bool },
    /// In `ready`, under these turns.
    Ready(Turns),
    /// In `delayed`, under this moment.
    Delayed(Instant),
}

impl<T> Origin<T> {
    pub(super) fn new(has_answered: bool) -> Self {
        Origin {
            fresh: Queue::new(),
            returned: Queue::new(),
            last_returned: 0,
            not_due: 0,
            in_flight: 0,
            most_in_flight: 0,
            not_before: None,
            spaced_until: None,
            open_since: None,
            state: OriginState::Unlisted,
            has_answered,
            answered: 0,
            is_alone: false,
            server: None,
        }
    }

    /// True if the origin has ever answered.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// True if an item waits to be started.
    pub(super) fn has_waiting(&self) -> bool {
        self.fresh.first().is_some() || self.returned.first().is_some()
    }

    /// Its turns, by the moments from which items wait; `None` if none does.
    pub(super) fn turns(&self, since: impl Fn(&T) -> Instant) -> Option<Turns> {
        let again = self.returned.after(self.last_in_vain());
        let again = again.map(|(sequence, item)| (since(item), sequence));
        // Where a server takes only so much, the origin decides which goes first.
        let is_first = again.is_none() || !self.is_restrained();
        Turns::new(again, self.fresh.first().filter(|_| is_first))
    }

    /// The number of items that wait and have been tried before.
    pub(super) fn returned(&self) -> usize {
        self.returned.len()
    }

    /// Adds an item that waits. `is_fresh`: it has not been started before.
    pub(super) fn push(&mut self, sequence: u64, item: T, is_fresh: bool) {
        match is_fresh {
            true => self.fresh.push(sequence, item),
            false => {
                self.returned.push(sequence, item);
                self.last_returned = sequence;
            }
        }
    }

    /// Takes the item that goes next: one that has been tried before, if `is_again`, or one that has not if such a one
    /// is asked for.
    pub(super) fn pop(&mut self, is_again: bool) -> Option<(u64, T)> {
        // A probe is one that has not failed, if there is one: those that have may be broken by themselves.
        let server = self.server.as_ref();
        let prefers_fresh = server.is_some_and(|server| match server.probe.is_probing() {
            true => server.probe.prefers_fresh(),
            false => server.window.prefers_fresh(),
        });
        let is_unanswered = server.is_some_and(|server| server.probe.is_unanswered());
        match (self.fresh.first(), self.returned.first()) {
            // The last of them: broken pages often come in a row.
            (Some(_), Some(_)) if prefers_fresh => self.fresh.pop_last(),
            (Some(_), None) if is_unanswered => self.fresh.pop_last(),
            (Some(_), returned) if !is_again || returned.is_none() => self.fresh.pop_first(),
            // Where a server takes only so much, its items keep their order.
            (Some(fresh), Some(returned)) if returned > fresh && self.is_restrained() => {
                self.fresh.pop_first()
            }
            _ => self.returned.pop_after(self.last_in_vain()),
        }
    }

    /// The item that has just been pushed back, or was the last probe in vain: it says nothing new of the server, and
    /// those behind it go before it.
    fn last_in_vain(&self) -> Option<u64> {
        let server = self.server.as_ref()?;
        let is_in_vain = server.probe.is_unanswered() || server.window.is_pushed_back();
        // Probes take turns, also with those that have become due meanwhile.
        is_in_vain.then_some(match server.probe.is_probing() {
            true => server.last_started,
            false => self.last_returned,
        })
    }

    /// Removes all items that wait, with their sequence numbers.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u64, T)> + use<T> {
        self.fresh.drain().chain(self.returned.drain())
    }

    /// Removes the items that wait and that `is_removed` is true of, with their sequence numbers.
    pub(super) fn remove(&mut self, is_removed: impl Fn(&T) -> bool) -> Vec<(u64, T)> {
        let mut removed = self.fresh.remove(&is_removed);
        removed.extend(self.returned.remove(&is_removed));
        removed
    }

    /// The maximum number in flight.
    pub(super) fn most(&self, limits: &StartLimits, policy: &ServerPolicy) -> usize {
        let most = limits.per_origin.unwrap_or(usize::MAX);
        let most = match self.has_answered {
            true => most,
            false => most.min(policy.workers),
        };
        match &self.server {
            Some(server) if server.probe.is_probing() => 1,
            Some(server) => server
                .window
                .limit()
                .map_or(most, |window| window.min(most)),
            None => most,
        }
    }

    /// True if a further item may start: its server has taught nothing, and there is nothing to wait for.
    pub(super) fn is_free(&self, limits: &StartLimits, policy: &ServerPolicy) -> bool {
        self.server.is_none()
            && self.not_before.is_none()
            && self.in_flight < self.most(limits, policy)
    }

    /// True if the origin's items wait for one another, as no more may be in flight.
    pub(super) fn is_restrained(&self) -> bool {
        self.server.as_ref().is_some_and(|server| {
            server.probe.is_probing()
                || server.probe.given_up.is_some()
                || server.window.limit().is_some()
        })
    }

    /// The reason for which the origin is given up, if it is.
    pub(super) fn given_up(&self) -> Option<GivenUp> {
        self.server.as_ref()?.probe.given_up
    }

    /// True if items wait or are in flight.
    pub(super) fn has_items(&self) -> bool {
        self.has_waiting() || self.not_due > 0 || self.in_flight > 0
    }

    /// True if there is nothing to remember but what its server has taught.
    pub(super) fn is_idle(&self) -> bool {
        !self.has_items() && self.not_before.is_none()
    }

    /// True if its server has taught something.
    pub(super) fn is_remembered(&self) -> bool {
        self.server.is_some()
    }

    /// Notes a start.
    pub(super) fn start(&mut self, sequence: u64, now: Instant) {
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
        self.is_alone = self.in_flight == 1;
        if let Some(server) = &mut self.server {
            server.levels.insert(sequence, self.in_flight);
            server.last_started = sequence;
            let distance = server.window.start(now);
            server.paced_until = distance.map(|distance| super::saturating_add(now, distance));
        }
    }

    /// The moment before which nothing starts, if it is to come.
    pub(super) fn delayed_until(&mut self, now: Instant) -> Option<Instant> {
        self.not_before = self.not_before.filter(|until| *until > now);
        let paced_until = self.server.as_ref().and_then(|server| server.paced_until);
        self.not_before
            .max(paced_until.filter(|until| *until > now))
    }

    /// The cause of a delay under way.
    pub(super) fn wait_cause(&self) -> WaitCause {
        let probe = self.server.as_ref().map(|server| &server.probe);
        match probe.filter(|probe| probe.is_probing()) {
            Some(probe) if probe.is_in_vain() => WaitCause::NoAnswer,
            Some(_) => WaitCause::RetryAfter,
            None => WaitCause::Distance,
        }
    }

    /// Lets nothing start before this moment. A later one that is set already stays.
    pub(super) fn delay(&mut self, until: Instant) {
        self.not_before = self.not_before.max(Some(until));
    }

    /// Keeps the distance from a start that the user asked for.
    pub(super) fn space(&mut self, until: Instant) {
        self.spaced_until = Some(until);
        self.delay(until);
    }

    /// True if a delay that ends at this moment is the distance that the user asked for.
    pub(super) fn is_spaced(&self, until: Instant) -> bool {
        self.spaced_until == Some(until)
    }

    /// Makes the origin wait until this moment, as one of its answers asks for, and probes it then.
    pub(super) fn hold(
        &mut self,
        started: Instant,
        until: Instant,
        now: Instant,
        policy: &ServerPolicy,
    ) {
        let wait = until.saturating_duration_since(now);
        let server = self.learn(now, policy);
        let until = server.probe.hold(started, wait, now, policy);
        self.delay(until);
        self.fresh.release();
    }

    /// Counts an item that is not due yet.
    pub(super) fn expect_later(&mut self) {
        self.not_due += 1;
        self.fresh.release();
    }

    /// Takes the end of an item's request.
    pub(super) fn end(
        &mut self,
        ending: &Ending,
        record: &mut PushBackRecord,
        now: Instant,
        policy: &ServerPolicy,
    ) -> Ruling {
        let level = self
            .server
            .as_mut()
            .and_then(|server| server.levels.remove(&ending.sequence))
            .unwrap_or(self.in_flight)
            .min(policy.workers);
        self.in_flight = self.in_flight.saturating_sub(1);
        // Of most ends it is not asked for.
        let push = |origin: &Self| PushBack {
            cause: Cause::Broken,
            way: match ending.kind {
                EndKind::PushedBack { cause, .. } => cause,
                _ => Cause::Broken,
            },
            started: ending.started,
            now,
            level,
            flight: origin.most_in_flight.min(policy.workers),
            is_alone: origin.is_alone,
            has_fresh: origin.fresh.first().is_some(),
            wait: match ending.kind {
                EndKind::PushedBack { retry_after, .. } => retry_after,
                _ => None,
            },
            has_others: origin.has_waiting(),
            answered: origin.answered,
            others: origin.fresh.len() + origin.returned.len() + origin.not_due + origin.in_flight,
        };
        match ending.kind {
            EndKind::Deferred => Ruling::Free,
            EndKind::Unrelated => Ruling::Judge,
            EndKind::Answered => {
                self.has_answered = true;
                self.answered = self.answered.saturating_add(1);
                if let Some(server) = &mut self.server {
                    server.probe.answered(now);
                    server.window.success(record, ending.started, now);
                    if server.window.is_pristine() && server.probe.is_pristine() {
                        self.server = None;
                    }
                }
                Ruling::Judge
            }
            EndKind::PushedBack { .. } if record.is_own() => {
                self.most_in_flight = self.in_flight;
                self.has_answered = true;
                if let Some(server) = &mut self.server {
                    server.probe.answered(now);
                }
                Ruling::Judge
            }
            EndKind::PushedBack { cause, retry_after } => {
                let push = push(self);
                self.most_in_flight = self.in_flight;
                self.has_answered = true;
                match retry_after {
                    Some(_) => self.held(&push.with(Cause::TooMany), record, policy),
                    None => self.pushed_back(&push.with(cause), record, policy),
                }
            }
            EndKind::Silent { is_refused } => {
                let push = push(self);
                self.silent(ending.sequence, &push, is_refused, record, policy)
            }
        }
    }

    /// Takes a 429 or 503 with `Retry-After`, for which the origin has been [held](Origin::hold), or the item
    /// [waits alone](Origin::waits_alone).
    fn held(
        &mut self,
        push: &PushBack,
        record: &mut PushBackRecord,
        policy: &ServerPolicy,
    ) -> Ruling {
        let is_lone = self.is_lone();
        if is_lone || !policy.adapts {
            if let Some(server) = self.server.as_mut().filter(|_| is_lone) {
                server.window.judge(record);
            }
            return Ruling::Judge;
        }
        let server = self.learn(push.now, policy);
        let waits_alone = server.window.waits_alone(record, push.has_fresh);
        if waits_alone {
            server.probe.answered(push.now);
        }
        let consequence = match waits_alone && !server.window.are_load() {
            true => server.window.wait_alone(push, record),
            false => server.window.push_back(push, record, policy.probes),
        };
        server.pace(push.started);
        match consequence {
            Consequence::Judge => Ruling::Judge,
            Consequence::Free | Consequence::GiveUp => Ruling::Free,
        }
    }

    /// True if a wait that this item's push-back asks for would not be the origin's.
    pub(super) fn waits_alone(&self, record: &PushBackRecord) -> bool {
        let has_fresh = self.fresh.first().is_some();
        let server = self.server.as_ref();
        server.is_some_and(|server| server.window.waits_alone(record, has_fresh))
    }

    /// Takes a 429 or 503 without `Retry-After`.
    fn pushed_back(
        &mut self,
        push: &PushBack,
        record: &mut PushBackRecord,
        policy: &ServerPolicy,
    ) -> Ruling {
        let is_lone = self.is_lone();
        if let Some(server) = &mut self.server {
            server.probe.answered(push.now);
        }
        if !policy.adapts || (is_lone && self.server.is_none()) {
            return Ruling::Judge;
        }
        let server = self.learn(push.now, policy);
        let consequence = server.window.push_back(push, record, policy.probes);
        if consequence == Consequence::GiveUp {
            server.probe.give_up(GivenUp::TooMany);
        }
        let is_judged = is_lone || consequence == Consequence::Judge;
        if is_lone && consequence == Consequence::Free {
            server.window.judge(record);
        }
        server.pace(push.started);
        match is_judged {
            true => Ruling::Judge,
            false => Ruling::Free,
        }
    }

    /// Takes a failure without a byte of an answer.
    fn silent(
        &mut self,
        sequence: u64,
        push: &PushBack,
        is_refused: bool,
        record: &mut PushBackRecord,
        policy: &ServerPolicy,
    ) -> Ruling {
        let is_lone = self.is_lone();
        if is_lone && self.server.is_none() {
            return Ruling::Judge;
        }
        let (started, now, has_answered) = (push.started, push.now, self.has_answered);
        let server = self.learn(started, policy);
        let is_probe = server.probe.is_probe(started);
        // It has failed before, and others have been answered since: it says nothing of the origin.
        let is_known = record.note_silence(now, server.probe.last_answer());
        // An origin that asked for a wait has answered: a time-out since is its item's own until many have met one,
        // and so is a broken connection of an item that had one before that answer.
        let is_of_origin =
            is_probe && (server.probe.is_silent() || (is_refused && !is_known && !is_lone));
        // Where each item has one try, a time-out is its own as long as the server has answered of late.
        let is_own = has_answered && !is_refused && !policy.tries_again;
        let next = if is_probe && !is_of_origin {
            Some(server.probe.timed_out(sequence, is_known, now))
        } else if is_known && !is_probe {
            None
        } else {
            server
                .probe
                .silent(sequence, started, !is_lone, is_own, now, policy)
        };
        let ruling = if is_probe {
            match is_of_origin && policy.adapts && policy.tries_again {
                true => Ruling::Free,
                false => Ruling::Judge,
            }
        } else if !policy.adapts || is_lone || push.is_alone {
            Ruling::Judge
        } else if is_refused {
            match server.window.push_back(push, record, policy.probes) {
                Consequence::Free => Ruling::Free,
                Consequence::Judge | Consequence::GiveUp => Ruling::Judge,
            }
        } else {
            if !has_answered {
                server.window.cut(push);
            }
            Ruling::Judge
        };
        if let Some(next) = next {
            self.delay(next);
        }
        ruling
    }

    /// True if no other item of the origin waits or is in flight: then none of its failures comes from
    /// pfetch's own parallelism or haste.
    fn is_lone(&self) -> bool {
        !self.has_items()
    }

    fn learn(&mut self, since: Instant, policy: &ServerPolicy) -> &mut Lessons {
        self.server.get_or_insert_with(|| {
            Box::new(Lessons {
                window: Window::new(policy.workers),
                probe: Probe::new(since),
                levels: HashMap::default(),
                paced_until: None,
                last_started: self.last_returned,
            })
        })
    }

    /// What its server has been found to take, if it pushed back or was given up.
    pub(super) fn found(&self, name: &Arc<str>) -> Option<OriginLimit> {
        let server = self.server.as_ref()?;
        let (window, given_up) = (&server.window, server.probe.given_up);
        // Push-backs that changed nothing were those of broken pages.
        let has_pushed_back =
            !window.is_pristine() && window.was_cut && window.has_succeeded() && !window.are_own();
        (has_pushed_back || given_up.is_some()).then(|| OriginLimit {
            origin: Arc::clone(name),
            at_once: has_pushed_back.then(|| window.takes() as u64),
            per_second: window.per_second(),
            push_backs: window.push_backs.all(),
            by_cause: window.push_backs,
            rate_limit: window.rate_limit().filter(|_| has_pushed_back),
            untold: window.untold_limit().filter(|_| has_pushed_back),
            given_up,
        })
    }
}
