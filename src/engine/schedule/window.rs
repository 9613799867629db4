//! The window of an origin: the number of its items that may be in flight at once, as its server's
//! push-backs teach it.
//!
//! Additive increase, multiplicative decrease, as in TCP (Van Jacobson, "Congestion Avoidance and
//! Control", 1988) and in Netflix's concurrency-limits. Below a window of one, [`Pace`] keeps a distance
//! between starts.

use std::time::{Duration, Instant};

use super::pace::{Pace, Slower};

/// The time for which the window does not grow to a size that was pushed back.
const MEMORY: Duration = Duration::from_secs(10);

/// The evidence by which a push-back is an item's own.
const OWN: u32 = 6;

/// The evidence of one push-back after which a [`Check`] found others unharmed.
const CHECKED: u32 = 3;

/// The number of full windows of successes after which nothing restrains an origin any more: its items may
/// then wait in the pool's queue again, out of the schedule's hands.
const CALM: usize = 16;

/// The number of push-backs after a [`Check`] that are taken for those of broken pages too.
const PRESUMED: u32 = 8;

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
    pub(super) started: Instant,
    pub(super) now: Instant,
    /// The number in flight at its start, itself included.
    pub(super) level: usize,
    /// True if no other item was in flight at any time between.
    pub(super) is_alone: bool,
    /// True if an item waits that has not been pushed back.
    pub(super) has_fresh: bool,
}

impl PushBack {
    pub(super) fn with(self, cause: Cause) -> Self {
        PushBack { cause, ..self }
    }

    fn took(&self) -> Duration {
        self.now.saturating_duration_since(self.started)
    }
}

/// The push-backs of one item over all its attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushBackRecord {
    /// Evidence that the item itself is the reason, and not the number of requests.
    own: u32,
    /// The round of the check that the last push-back began or fell into; 0 for none.
    round: u32,
    /// The window's count of successes at the last push-back.
    successes: Option<u64>,
    /// The last failure without a byte of an answer.
    silence: Option<Instant>,
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

/// A round in which items that were not pushed back show if others than the pushed back ones fare better.
/// Pages that are broken with 503 say nothing of the server, and must not slow it down.
#[derive(Debug, Clone, Copy)]
struct Check {
    since: Instant,
    successes: usize,
}

/// A size that was pushed back, and the end of the time in which the window does not grow to it.
#[derive(Debug, Clone, Copy)]
struct Refused {
    size: usize,
    until: Instant,
}

#[derive(Debug)]
pub(super) struct Window {
    size: usize,
    /// The size without any push-back.
    most: usize,
    /// Successes in a row.
    streak: usize,
    /// Successes since the last push-back of any kind.
    calm: usize,
    /// The largest size that a full window of successes in a row has proven.
    proven: usize,
    /// The last cut, and the size below which push-backs of the same flight do not take the window.
    cut: Option<(Instant, usize)>,
    refused: Option<Refused>,
    pace: Option<Pace>,
    check: Option<Check>,
    /// The number of checks begun, of the last that failed, and of the last that succeeded.
    rounds: (u32, u32, u32),
    /// Push-backs that were taken for those of broken pages since the last check that succeeded.
    presumed: u32,
    /// Set while items that were not pushed back go first: from a 503 to the next success.
    pub(super) prefers_fresh: bool,
    /// Set while 503 is each item's own failure, because slowing down has not helped.
    is_futile: bool,
    successes: u64,
    /// The time of a quick answer: a minimum that rises slowly.
    typical: Option<Duration>,
    pub(super) push_backs: u64,
    /// Set once the window was cut or a distance kept.
    pub(super) was_cut: bool,
}

impl Window {
    pub(super) fn new(most: usize) -> Self {
        Window {
            size: most,
            most,
            streak: 0,
            calm: usize::MAX,
            proven: 0,
            cut: None,
            refused: None,
            pace: None,
            check: None,
            rounds: (0, 0, 0),
            presumed: 0,
            prefers_fresh: false,
            is_futile: false,
            successes: 0,
            typical: None,
            push_backs: 0,
            was_cut: false,
        }
    }

    /// The maximum number in flight; `None` while nothing restrains the origin.
    pub(super) fn limit(&self) -> Option<usize> {
        let is_open = self.size >= self.most
            && self.check.is_none()
            && self.pacing().is_none()
            && self.calm >= self.size.saturating_mul(CALM);
        (!is_open).then_some(self.size)
    }

    /// True if any item has been answered by something else than a push-back.
    pub(super) fn has_succeeded(&self) -> bool {
        self.successes > 0
    }

    /// The largest number at once that the server is known to take.
    pub(super) fn takes(&self) -> usize {
        self.proven.max(1).min(self.size.max(1))
    }

    /// The pace, if a distance is kept.
    fn pacing(&self) -> Option<&Pace> {
        self.pace.as_ref().filter(|pace| pace.is_kept())
    }

    /// The number of starts a second that the server takes, where that is less than one at once.
    pub(super) fn per_second(&self) -> Option<f64> {
        self.pacing().map(Pace::per_second)
    }

    /// The distance from a start to the next, if one is kept.
    pub(super) fn distance(&self) -> Option<Duration> {
        self.pacing().map(Pace::distance)
    }

    /// True while the window is as it would be without any push-back, and none is remembered.
    pub(super) fn is_pristine(&self) -> bool {
        self.push_backs == 0
    }

    /// Notes a start. Returns the distance to the next: below a window of one, that of the pace; else one
    /// that spreads the starts over the time of an answer, as a burst is pushed back where as many a second
    /// are not.
    pub(super) fn start(&mut self, now: Instant) -> Option<Duration> {
        if let Some(pace) = &mut self.pace {
            let distance = pace.start(now);
            if pace.is_kept() {
                return Some(distance);
            }
        }
        let size = u32::try_from(self.limit()?).unwrap_or(u32::MAX);
        let spread = self.typical? / size.max(1);
        Some(spread * 4 / 5)
    }

    /// Notes an answer that is no push-back.
    pub(super) fn success(&mut self, started: Instant, now: Instant) {
        let took = now.saturating_duration_since(started);
        self.typical = Some(match self.typical {
            // The shortest of late: a page that takes long says nothing of the others.
            Some(typical) if typical < took => typical + (took - typical) / 16,
            _ => took,
        });
        self.successes += 1;
        self.calm = self.calm.saturating_add(1);
        self.is_futile = false;
        if let Some(check) = self.check.as_mut().filter(|check| started > check.since) {
            check.successes += 1;
            // A full window of them: fewer are taken by an overloaded server too.
            if check.successes >= self.size {
                self.rounds.2 = self.rounds.0;
                self.presumed = 0;
                self.check = None;
            }
        }
        if self.check.is_none() {
            self.prefers_fresh = false;
        }
        if let Some(pace) = &mut self.pace {
            pace.success(took, now);
            if pace.is_kept() {
                self.proven = 1;
                return;
            }
        }
        self.streak += 1;
        if self.streak < self.size {
            return;
        }
        self.streak = 0;
        self.proven = self.size;
        if self.refused.is_some_and(|refused| now >= refused.until) {
            self.refused = None;
        }
        // Towards a size that is known to be too large the way is halved, as in BIC (Lisong Xu, Khaled
        // Harfoush and Injong Rhee, "Binary Increase Congestion Control", 2004).
        let target = self
            .refused
            .map_or(self.size + 1, |refused| refused.size - 1);
        let step = target.saturating_sub(self.size).div_ceil(2);
        self.size = (self.size + step).min(self.most);
    }

    /// Notes a push-back. `probes`: those in a row after which an origin is given up.
    pub(super) fn push_back(
        &mut self,
        push: &PushBack,
        record: &mut PushBackRecord,
        probes: u32,
    ) -> Consequence {
        self.calm = 0;
        if record.is_own() || (self.is_futile && push.cause == Cause::Unavailable) {
            return Consequence::Judge;
        }
        self.push_backs += 1;
        self.streak = 0;
        let others_fared_better = record.successes.is_some_and(|then| then != self.successes);
        let was_checked = record.round > self.rounds.1 && record.round <= self.rounds.2;
        let evidence = match (others_fared_better, was_checked) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => CHECKED,
        };
        record.successes = Some(self.successes);
        if !was_checked {
            record.round = 0;
        }
        if self.is_straggler(push) {
            if self.check.is_some() {
                record.round = self.rounds.0;
            } else {
                self.cut_further(push);
            }
            return Consequence::Free;
        }
        // 429 is about the number of requests, but a page may answer 503, or break off, by itself.
        let may_be_page = push.cause != Cause::TooMany;
        if push.level <= self.proven || push.is_alone || was_checked {
            record.own += evidence;
            // Without others to compare it with, a single check has to do.
            let has_no_others = push.is_alone && !push.has_fresh;
            let is_checked = evidence == CHECKED || record.own >= CHECKED;
            if record.is_own() || (may_be_page && is_checked && has_no_others) {
                record.own = OWN;
                return Consequence::Judge;
            }
            if evidence == CHECKED && may_be_page {
                self.prefers_fresh = true;
                return Consequence::Free;
            }
        }
        let may_check = self.check.is_none() && self.pacing().is_none();
        if may_check && may_be_page && push.has_fresh {
            self.prefers_fresh = true;
            if self.rounds.2 > self.rounds.1 && self.presumed < PRESUMED {
                self.presumed += 1;
                record.round = self.rounds.2;
                return Consequence::Free;
            }
            self.rounds.0 += 1;
            record.round = self.rounds.0;
            self.check = Some(Check {
                since: push.now,
                successes: 0,
            });
            return Consequence::Free;
        }
        if self.check.take().is_some() {
            self.rounds.1 = self.rounds.0;
        }
        self.prefers_fresh = may_be_page;
        if !push.is_alone {
            self.cut(push);
            return Consequence::Free;
        }
        if push.cause == Cause::Broken {
            self.cut(push);
            return Consequence::Judge;
        }
        self.slow_down(push, probes)
    }

    /// True for an item that was started before the window last changed: one of the same flight.
    fn is_straggler(&self, push: &PushBack) -> bool {
        let since = self.check.map(|check| check.since);
        let since = since.max(self.cut.map(|(at, _)| at));
        since.is_some_and(|since| push.started <= since)
    }

    /// Halves the window, or takes it to the number that the server has not pushed back if that is more.
    pub(super) fn cut(&mut self, push: &PushBack) {
        let before = self.size;
        let floor = (before / 2).max(1);
        self.cut = Some((push.now, floor));
        self.was_cut = true;
        self.refused = Some(Refused {
            size: before.max(2),
            until: push.now + MEMORY,
        });
        self.streak = 0;
        self.size = before.saturating_sub(1).max(1);
        self.cut_further(push);
    }

    /// Takes the window down within the flight that was cut.
    fn cut_further(&mut self, push: &PushBack) {
        let Some((_, floor)) = self.cut else { return };
        self.size = (push.level - 1).max(floor).min(self.size).max(1);
        self.proven = self.proven.min(self.size);
        if let Some(refused) = &mut self.refused {
            refused.size = refused.size.min(push.level.max(self.size + 1));
        }
    }

    /// Sets or doubles the distance between starts after a push-back of the only item in flight.
    fn slow_down(&mut self, push: &PushBack, probes: u32) -> Consequence {
        self.size = 1;
        self.proven = self.proven.min(1);
        self.cut = Some((push.now, 1));
        self.was_cut = true;
        self.refused = Some(Refused {
            size: 2,
            until: push.now + MEMORY,
        });
        let pace = self.pace.get_or_insert_with(Pace::new);
        match pace.push_back(push.took(), push.now, probes) {
            Slower::Free => Consequence::Free,
            // Pages that are broken: nothing is gained by going slowly.
            _ if push.cause == Cause::Unavailable => {
                *self = Window {
                    is_futile: true,
                    calm: 0,
                    was_cut: self.was_cut,
                    successes: self.successes,
                    typical: self.typical,
                    rounds: self.rounds,
                    push_backs: self.push_backs,
                    ..Window::new(self.most)
                };
                Consequence::Judge
            }
            Slower::Judge => Consequence::Judge,
            Slower::GiveUp => Consequence::GiveUp,
        }
    }
}
