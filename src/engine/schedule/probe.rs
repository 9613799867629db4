//! The probing of an origin that only fails, and its giving up.

use std::time::{Duration, Instant};

use super::ServerPolicy;
use super::pace::LONGEST;
use crate::model::origin::GivenUp;

/// The number of items in a row that fail without an answer before an origin is probed.
const SILENT: usize = 8;

/// The distance between the first two probes.
const FIRST: Duration = Duration::from_millis(50);

/// The probing under way.
#[derive(Debug, Clone, Copy)]
struct Probing {
    since: Instant,
    /// Probes in a row that no answer came to.
    unanswered: u32,
    /// Probes in a row that were answered by another wait.
    held: u32,
    distance: Duration,
}

impl Probing {
    fn from(since: Instant) -> Self {
        Probing {
            since,
            unanswered: 0,
            held: 0,
            distance: FIRST,
        }
    }
}

#[derive(Debug)]
pub(super) struct Probe {
    /// The items that failed without an answer since the last answer, [`SILENT`] of them at most.
    silent: Vec<u64>,
    last_answer: Instant,
    probing: Option<Probing>,
    /// The end of the last hold, and the sum of all.
    held: (Option<Instant>, Duration),
    pub(super) given_up: Option<GivenUp>,
}

impl Probe {
    /// The state of an origin whose last answer came before `since`.
    pub(super) fn new(since: Instant) -> Self {
        Probe {
            silent: Vec::new(),
            last_answer: since,
            probing: None,
            held: (None, Duration::ZERO),
            given_up: None,
        }
    }

    /// True if the next probe had better be an item that has not failed: where the last one found no answer, as
    /// those that have failed may be broken by themselves; and where the origin asks for waits, every other time, as
    /// the one that is asked to wait may be the only one, or the one that has waited the only one that is taken.
    pub(super) fn prefers_fresh(&self) -> bool {
        let probing = self.probing.filter(|_| self.given_up.is_none());
        probing.is_some_and(|probing| self.is_unanswered() || probing.held % 2 == 1)
    }

    /// True if the last probe, or so many items that the origin is probed for them, found no answer.
    pub(super) fn is_unanswered(&self) -> bool {
        let probing = self.probing;
        probing.is_some_and(|probing| probing.unanswered > 0 || !self.silent.is_empty())
    }

    /// True while the origin is probed because so many items in a row failed without an answer, and not because it
    /// asked for a wait: that is an answer.
    pub(super) fn is_silent(&self) -> bool {
        self.probing.is_some() && self.silent.len() >= SILENT
    }

    /// True while the origin is probed and answers nothing.
    pub(super) fn is_in_vain(&self) -> bool {
        let probing = self.probing;
        self.is_silent() || probing.is_some_and(|probing| probing.unanswered > 0)
    }

    /// The moment of the last answer.
    pub(super) fn last_answer(&self) -> Instant {
        self.last_answer
    }

    /// True while one item at a time may be in flight.
    pub(super) fn is_probing(&self) -> bool {
        self.probing.is_some()
    }

    /// True if nothing is known that has to be remembered.
    pub(super) fn is_pristine(&self) -> bool {
        self.silent.is_empty()
            && self.probing.is_none()
            && self.held.1.is_zero()
            && self.given_up.is_none()
    }

    /// True for an item that was started as a probe, and not before.
    pub(super) fn is_probe(&self, started: Instant) -> bool {
        let since = self.probing.map(|probing| probing.since);
        since.is_some_and(|since| started >= since)
    }

    /// Notes an answer that asks for no wait: it opens the origin again.
    pub(super) fn answered(&mut self, now: Instant) {
        self.silent.clear();
        self.last_answer = now;
        self.probing = None;
        self.given_up = None;
    }

    /// Notes an answer that asks for a wait. Returns the end of the hold.
    pub(super) fn hold(
        &mut self,
        started: Instant,
        wait: Duration,
        now: Instant,
        policy: &ServerPolicy,
    ) -> Instant {
        let until = super::saturating_add(now, wait);
        self.silent.clear();
        self.last_answer = now;
        let from = self.held.0.map_or(now, |before| before.max(now));
        let longer = until.saturating_duration_since(from);
        self.held.1 = self.held.1.saturating_add(longer);
        self.held.0 = self.held.0.max(Some(until));
        let is_probe = self.is_probe(started);
        let probing = self.probing.get_or_insert(Probing::from(until));
        probing.unanswered = 0;
        if is_probe {
            probing.held += 1;
            probing.distance = (probing.distance * 2).min(LONGEST);
            if probing.held >= policy.probes {
                self.given_up = Some(GivenUp::RetryAfter);
            }
        }
        if self.held.1 > policy.holds {
            self.given_up = Some(GivenUp::Holds);
        }
        until.max(now + probing.distance)
    }

    /// Notes that an item of an origin that is probed for the wait that it asked for found no answer in time. That
    /// may be the page's own fault, so it is no unanswered probe, but one of the items in a row after which the
    /// origin counts as [silent](Probe::is_silent). `is_known`: it failed so before the last answer, and counts for
    /// nothing. Returns the moment of the next probe.
    pub(super) fn timed_out(&mut self, sequence: u64, is_known: bool, now: Instant) -> Instant {
        let distance = self.probing.map_or(FIRST, |probing| probing.distance);
        let next = now + distance;
        if !is_known {
            self.note_silent(sequence);
        }
        if self.silent.len() >= SILENT {
            self.probing = Some(Probing::from(next));
        }
        next
    }

    fn note_silent(&mut self, sequence: u64) {
        if self.silent.len() < SILENT && !self.silent.contains(&sequence) {
            self.silent.push(sequence);
        }
    }

    /// Notes a failure without an answer. `others_wait`: more items of the origin are to come. `is_own`: it is no reason
    /// to probe the origin before that could be given up. Returns the moment of the next probe if the origin is probed.
    pub(super) fn silent(
        &mut self,
        sequence: u64,
        started: Instant,
        others_wait: bool,
        is_own: bool,
        now: Instant,
        policy: &ServerPolicy,
    ) -> Option<Instant> {
        let silence = now.saturating_duration_since(self.last_answer);
        let is_probe = self.is_probe(started);
        if let Some(probing) = &mut self.probing {
            if !is_probe {
                return None;
            }
            probing.unanswered += 1;
            probing.distance = (probing.distance * 2).min(LONGEST);
            if probing.unanswered >= policy.probes && silence >= policy.give_up {
                self.given_up = Some(GivenUp::NoAnswer);
            }
            // The last probe comes as soon as the origin may be given up for it.
            let left = policy.give_up.saturating_sub(silence).max(FIRST);
            let distance = match silence < policy.give_up {
                true => probing.distance.min(left),
                false => probing.distance,
            };
            return Some(now + distance);
        }
        self.note_silent(sequence);
        let is_early = is_own && silence < policy.give_up;
        if self.silent.len() < SILENT || !others_wait || is_early {
            return None;
        }
        let next = now + FIRST;
        self.probing = Some(Probing::from(next));
        Some(next)
    }

    /// Gives the origin up.
    pub(super) fn give_up(&mut self, why: GivenUp) {
        self.given_up = Some(why);
    }
}
