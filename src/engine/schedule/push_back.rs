//! Push-backs: what an item's say of itself, and what all of an origin's say of its server.

use std::time::{Duration, Instant};

/// The evidence by which a push-back is an item's own.
pub(super) const OWN: u32 = 6;

/// The evidence of one push-back after which a [check](super::check) found others unharmed.
pub(super) const CHECKED: u32 = 3;

/// A way in which a server pushes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// 429.
    TooMany,
    /// 503.
    Unavailable,
    /// A connection that was refused, reset or closed without a byte.
    Broken,
}

/// One push-back.
#[derive(Debug, Clone, Copy)]
pub(super) struct PushBack {
    pub(super) cause: Cause,
    /// The way in which it was pushed back, whatever it is [judged](PushBack::cause) as.
    pub(super) way: Cause,
    pub(super) started: Instant,
    pub(super) now: Instant,
    /// The number in flight at its start, itself included.
    pub(super) level: usize,
    /// The most that were in flight at once since the last push-back.
    pub(super) flight: usize,
    /// True if no other item was in flight at any time between.
    pub(super) is_alone: bool,
    /// True if an item waits that has not been pushed back.
    pub(super) has_fresh: bool,
    /// The wait that it asks for (`Retry-After`).
    pub(super) wait: Option<Duration>,
    /// True if any other item waits.
    pub(super) has_others: bool,
    /// The number of other items that wait or are in flight.
    pub(super) others: usize,
    /// The number of items that the origin has answered.
    pub(super) answered: usize,
}

impl PushBack {
    /// True if the item may be the reason: 429 is about the number of requests, but a page may answer 503, or
    /// break off, by itself.
    pub(super) fn may_be_page(&self) -> bool {
        self.cause != Cause::TooMany
    }

    pub(super) fn with(self, cause: Cause) -> Self {
        PushBack { cause, ..self }
    }

    pub(super) fn took(&self) -> Duration {
        self.now.saturating_duration_since(self.started)
    }
}

/// The push-backs of one item over all its attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushBackRecord {
    /// Evidence that the item itself is the reason, and not the number of requests.
    pub(super) own: u32,
    /// The number of the check that the last push-back began or fell into; 0 for none.
    pub(super) check: u32,
    /// The window's count of successes at the last push-back.
    pub(super) successes: Option<u64>,
    /// The restraint before its first push-back.
    pub(super) before: Option<Restraint>,
    /// The last failure without a byte of an answer.
    silence: Option<Instant>,
}

/// The number at once and the distance that an origin is restrained to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Restraint {
    pub(super) size: usize,
    pub(super) distance: Option<Duration>,
}

impl PushBackRecord {
    /// True if further push-backs are judged as the item's own failures.
    pub fn is_own(&self) -> bool {
        self.own >= OWN
    }

    /// Notes a failure without a byte of an answer. Returns true if the origin has answered another item
    /// since the one before.
    pub(super) fn note_silence(&mut self, now: Instant, last_answer: Instant) -> bool {
        let before = self.silence.replace(now);
        before.is_some_and(|before| before < last_answer)
    }
}

/// The push-backs of an origin, of late, and what they were found to come from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PushBackTally {
    /// Pushed back items whose push-backs were found to be their own, and those that were answered later.
    verdicts: (u32, u32),
    /// Push-backs and successes.
    requests: (u32, u32),
    /// Push-backs since the last success.
    in_a_row: u32,
}

/// The number of verdicts, or of requests, from which the earlier ones count half.
const RECENT: u32 = 32;

/// The push-backs that may come in a row before they are taken for those of an overloaded server.
const IN_A_ROW: u32 = 8;

impl PushBackTally {
    /// Notes an answer that is no push-back. `was_pushed_back`: its item has been before.
    pub(super) fn success(&mut self, was_pushed_back: bool) {
        self.in_a_row = 0;
        note(&mut self.requests, false);
        if was_pushed_back {
            note(&mut self.verdicts, false);
        }
    }

    pub(super) fn push_back(&mut self) {
        self.in_a_row += 1;
        note(&mut self.requests, true);
    }

    /// Notes that an item's push-backs were found to be its own.
    pub(super) fn own(&mut self) {
        note(&mut self.verdicts, true);
    }

    /// True from a push-back to the next success.
    pub(super) fn is_pushed_back(&self) -> bool {
        self.in_a_row > 0
    }

    /// True if most items that were pushed back were so for themselves, and not for the server's load.
    pub(super) fn are_own(&self) -> bool {
        self.verdicts.0 > self.verdicts.1
    }

    /// True if most came from the server's load.
    pub(super) fn are_load(&self) -> bool {
        self.verdicts.0 < self.verdicts.1
    }

    /// True if the next push-back is presumed to be its item's own. `has_fresh`: items wait that have not been
    /// pushed back.
    pub(super) fn presumes_own(&self, has_fresh: bool) -> bool {
        let (pushed_back, taken) = self.requests;
        let is_few = self.in_a_row < IN_A_ROW && pushed_back < taken * 2 + IN_A_ROW / 2;
        self.are_own() && (is_few || !has_fresh)
    }
}

/// Counts one of two kinds.
fn note(counts: &mut (u32, u32), is_first: bool) {
    match is_first {
        true => counts.0 += 1,
        false => counts.1 += 1,
    }
    if counts.0 + counts.1 > RECENT {
        *counts = (counts.0 / 2, counts.1 / 2);
    }
}

/// The consequence of a push-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consequence {
    /// The item goes back without using up a try.
    Free,
    /// It is the item's own failure.
    Judge,
    /// Slowing down has not helped: the origin takes nothing.
    GiveUp,
}
