//! The grid of starts that a rate gives: when each was intended, and by how much later it came.

use std::time::{Duration, Instant};

use super::rate_course::RateCourse;
use crate::model::pacing::{MissedBy, StartRate};

/// The places of the grid that are taken so far.
///
/// A start that is late because no worker was free, or because pfetch itself was held up (stopped by a signal, short of
/// a processor, blocked on its output), takes the place that it was to have, and those behind it the places that follow:
/// what made them wait is part of their delay. Else a server that stalls would be asked less while it does, and the
/// requests that it did not get would be missing from the figures ("coordinated omission": Gil Tene, "How NOT to Measure
/// Latency", 2013, and wrk2).
///
/// wrk2 catches up with its grid by sending at up to twice the rate. Here the rate is a promise to the server, a token
/// bucket of the depth one: two starts are never nearer to each other than it says, and starts that are behind stay
/// behind. Their delay ends at the moment from which wrk2 would have sent them, that of the end of the stall: it delays
/// as many starts as fall into it, and not all that follow.
///
/// A start that comes late by less than its place is long has made no other wait, so that the grid goes on from it. A
/// machine that is suspended stops the clock too (`CLOCK_MONOTONIC`), and with it what is intended.
#[derive(Debug, Default)]
pub(super) struct RateGrid {
    /// The moment before which the rate lets nothing start.
    not_before: Option<Instant>,
    /// The place after the last that is taken.
    next: Option<Instant>,
    /// The limit that nothing could start for since the last start, if there was one.
    blocked: Option<MissedBy>,
    /// The end of the last stall.
    resumed: Option<Instant>,
    /// The delay of the last start.
    delay: Duration,
    course: RateCourse,
}

impl RateGrid {
    /// The moment before which the rate lets nothing start, if it is to come. A worker is free for that.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Instant> {
        let moment = self.not_before.filter(|moment| *moment > now)?;
        self.blocked = None;
        Some(moment)
    }

    /// Notes that items wait for the end of others: no worker is free, or an origin has as many in flight as may be.
    pub(super) fn block(&mut self, by: MissedBy) {
        self.blocked = Some(by);
    }

    /// Takes a place for the start of an item that was `ready` by then, and computes its [delay](RateGrid::delay).
    /// `awaited` is what it was not ready for before.
    pub(super) fn start(
        &mut self,
        ready: Instant,
        awaited: MissedBy,
        now: Instant,
        interval: Duration,
    ) {
        let allowed = self.not_before.unwrap_or(ready);
        let due = allowed.max(ready);
        let late = now.saturating_duration_since(due);
        if late >= interval || (self.blocked.is_some() && !late.is_zero()) {
            self.resumed = Some(now);
        }
        let behind = self.next.filter(|next| self.resumed > Some(*next));
        let (intended, possible) = match (behind, self.resumed) {
            (Some(next), Some(resumed)) => (next.max(ready), resumed),
            _ => (due, now),
        };
        self.delay = possible.saturating_duration_since(intended);
        self.next = Some(super::saturating_add(intended, interval));
        self.not_before = Some(super::saturating_add(now, interval));
        let blocked = self.blocked.take().unwrap_or(MissedBy::Pfetch);
        let lost = [(awaited, due - allowed), (blocked, late)];
        self.course.start(now, lost);
    }

    /// The time by which the last start came later than intended.
    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    /// The rate of the starts, where one each `interval` was asked for.
    pub(super) fn rate(&self, interval: Duration) -> StartRate {
        self.course.rate(interval)
    }
}

#[cfg(test)]
mod tests;
