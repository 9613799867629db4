//! The window of an origin: the number of its items that may be in flight [at once](AtOnce), and below one the
//! distance between starts ([`Pace`]), as its server's push-backs teach it.

use std::time::{Duration, Instant};

use super::at_once::AtOnce;
use super::check::Checks;
use super::pace::{FIRST, LONGEST, Pace, Slower};
use super::push_back::{
    CHECKED, Cause, Consequence, OWN, PushBack, PushBackRecord, PushBackTally, Restraint,
};
use super::rate_evidence::RateEvidence;
use crate::model::origin::{PushBackCounts, UntoldLimit};

/// The number of full windows of successes after which nothing restrains an origin any more: its items may
/// then wait in the pool's queue again, out of the schedule's hands.
const CALM: usize = 16;

/// The successes of others between two push-backs of an item that are as good as a [check](super::check).
const MANY: u64 = 8;

/// The items of a list that were answered for each one that is left from which these are few.
const FEW: usize = 4;

/// The items that were answered from which a list is long enough to tell.
const LONG: usize = 8;

/// The longest distance after a 503. It may be that of a broken page, for which the others are not to wait
/// for long.
const LONGEST_UNAVAILABLE: Duration = Duration::from_secs(2);

/// The longest distance after an answer that asks for no wait worth the name.
const SHORTEST_WITH_WAIT: Duration = Duration::from_millis(50);

/// What a push-back says of its item.
#[derive(Debug, Clone, Copy)]
struct Evidence {
    /// The successes of others since its last push-back; `None` after its first.
    others: Option<u64>,
    /// Its weight, [`CHECKED`] at most.
    weight: u32,
    /// True after a [check](super::check) that found others unharmed.
    was_checked: bool,
}

#[derive(Debug)]
pub(super) struct Window {
    at_once: AtOnce,
    /// Successes since the last push-back of any kind.
    calm: usize,
    /// The successes between the last two push-backs.
    taken_before: usize,
    pace: Option<Pace>,
    checks: Checks,
    /// Items that were not pushed back go first until there are so many successes: from a 503 to the next
    /// one, or to some more if it is that of a broken page.
    fresh_until: u64,
    /// Set while 503 is each item's own failure, because slowing down has not helped.
    is_futile: bool,
    tally: PushBackTally,
    successes: u64,
    /// The time of a quick answer: a minimum that rises slowly.
    typical: Option<Duration>,
    pub(super) push_backs: PushBackCounts,
    /// From the first push-back after a success on.
    rate: Option<Box<RateEvidence>>,
    /// Set once the window was cut or a distance kept.
    pub(super) was_cut: bool,
}

impl Window {
    pub(super) fn new(most: usize) -> Self {
        Window {
            at_once: AtOnce::new(most),
            calm: usize::MAX,
            taken_before: 0,
            pace: None,
            checks: Checks::default(),
            fresh_until: 0,
            is_futile: false,
            tally: PushBackTally::default(),
            successes: 0,
            typical: None,
            push_backs: PushBackCounts::default(),
            rate: None,
            was_cut: false,
        }
    }

    /// The maximum number in flight; `None` while nothing restrains the origin.
    pub(super) fn limit(&self) -> Option<usize> {
        let is_open = self.at_once.is_whole()
            && !self.checks.is_under_way()
            && self.pacing().is_none()
            && self.calm >= self.at_once.size().saturating_mul(CALM);
        (!is_open).then(|| self.at_once.size())
    }

    /// True if any item has been answered by something else than a push-back.
    pub(super) fn has_succeeded(&self) -> bool {
        self.successes > 0
    }

    /// True from a push-back to the next success.
    pub(super) fn is_pushed_back(&self) -> bool {
        self.tally.is_pushed_back()
    }

    /// True while items that were not pushed back go first.
    pub(super) fn prefers_fresh(&self) -> bool {
        self.checks.is_under_way() || self.successes < self.fresh_until
    }

    /// The largest number at once that the server is known to take.
    pub(super) fn takes(&self) -> usize {
        self.at_once.proven().max(1).min(self.at_once.size())
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
        self.push_backs.all() == 0
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
    pub(super) fn success(&mut self, record: &PushBackRecord, started: Instant, now: Instant) {
        self.tally.success(record.before.is_some());
        let took = now.saturating_duration_since(started);
        self.typical = Some(match self.typical {
            // The shortest of late: a page that takes long says nothing of the others.
            Some(typical) if typical < took => typical + (took - typical) / 16,
            _ => took,
        });
        self.successes += 1;
        if let Some(rate) = &mut self.rate {
            rate.success(started);
        }
        self.calm = self.calm.saturating_add(1);
        self.is_futile = false;
        self.checks.success(started, self.at_once.size());
        if let Some(pace) = &mut self.pace {
            pace.success(took, now);
            if pace.is_kept() {
                self.at_once.success_alone();
                return;
            }
        }
        self.at_once.success(now);
    }

    /// Notes a push-back. `probes`: those in a row after which an origin is given up.
    pub(super) fn push_back(
        &mut self,
        push: &PushBack,
        record: &mut PushBackRecord,
        probes: u32,
    ) -> Consequence {
        self.taken_before = std::mem::take(&mut self.calm);
        if record.is_own() || (self.is_futile && push.cause == Cause::Unavailable) {
            return Consequence::Judge;
        }
        self.at_once.end_streak();
        let is_presumed = self.note_push_back(push, record);
        let evidence = self.evidence(push, record);
        let consequence = match is_presumed {
            true => self.presume(push, record, evidence),
            false => self.learn(push, record, evidence, probes),
        };
        self.settle(record, is_presumed);
        consequence
    }

    /// Counts a push-back. Returns true if it is presumed to be its item's own.
    fn note_push_back(&mut self, push: &PushBack, record: &mut PushBackRecord) -> bool {
        record.before.get_or_insert(Restraint {
            size: self.at_once.size(),
            distance: self.distance(),
        });
        let count = match push.way {
            Cause::TooMany => &mut self.push_backs.too_many,
            Cause::Unavailable => &mut self.push_backs.unavailable,
            Cause::Broken => &mut self.push_backs.refused,
        };
        *count += 1;
        self.note_rate(push);
        let is_presumed = self.tally.presumes_own(push.has_fresh);
        self.tally.push_back();
        is_presumed
    }

    /// Takes a push-back as evidence of a limit by rate, once anything was taken at all. A connection that breaks off
    /// is no answer by a rule.
    fn note_rate(&mut self, push: &PushBack) {
        if push.way == Cause::Broken || self.successes == 0 {
            return;
        }
        match &mut self.rate {
            Some(rate) => rate.push_back(push.started, push.is_alone),
            None => self.rate = Some(Box::new(RateEvidence::new(push.started, push.is_alone))),
        }
        if let Some(rate) = &mut self.rate {
            if push.wait.is_some() {
                rate.note_wait();
            }
            if push.way == Cause::TooMany {
                rate.note_too_many();
            }
        }
    }

    /// An estimate of the number of requests a second that the server takes, if it is that which it limits.
    pub(super) fn rate_limit(&self) -> Option<f64> {
        self.rate.as_ref()?.per_second()
    }

    /// The reason why there is no such estimate, and no number at once either that the server is known to take.
    pub(super) fn untold_limit(&self) -> Option<UntoldLimit> {
        // Connections that are refused are no limit by rate.
        if self.push_backs.too_many + self.push_backs.unavailable == 0 {
            return None;
        }
        let is_least = self.takes() == 1 && self.per_second().is_none();
        match &self.rate {
            Some(rate) if rate.per_second().is_some() => None,
            Some(rate) => rate.untold().or(is_least.then_some(UntoldLimit::Kind)),
            None => is_least.then_some(UntoldLimit::Kind),
        }
    }

    /// Takes down what a push-back has shown of its item.
    fn settle(&mut self, record: &mut PushBackRecord, is_presumed: bool) {
        record.successes = Some(self.successes);
        if record.is_own() {
            // A presumption is no evidence for the next.
            if !is_presumed {
                self.tally.own();
            }
            self.undo(record);
        }
    }

    /// True if the wait that an item's push-back asks for is the item's alone: others have been answered since
    /// its last push-back, or it is presumed to be its own. A server that asks everybody to wait says so to
    /// others too.
    pub(super) fn waits_alone(&self, record: &PushBackRecord, has_fresh: bool) -> bool {
        let others_fared_better = record.successes.is_some_and(|then| then != self.successes);
        others_fared_better || self.tally.presumes_own(has_fresh)
    }

    /// Takes a push-back whose wait is the item's [alone](Window::waits_alone), of a server that is not known to
    /// have too much to do.
    pub(super) fn wait_alone(
        &mut self,
        push: &PushBack,
        record: &mut PushBackRecord,
    ) -> Consequence {
        let is_presumed = self.note_push_back(push, record);
        record.own += match record.successes.map(|then| self.successes - then) {
            Some(MANY..) => CHECKED,
            _ => 1,
        };
        self.settle(record, is_presumed);
        match record.is_own() {
            true => Consequence::Judge,
            false => Consequence::Free,
        }
    }

    /// Notes that an item's push-backs are its own, as nobody is left whose haste they could come from.
    pub(super) fn judge(&mut self, record: &mut PushBackRecord) {
        record.own = OWN;
        self.tally.own();
        self.undo(record);
    }

    /// Takes back what the push-backs of an item have done that were its own, as TCP does after a spurious
    /// timeout (Eifel, RFC 4015).
    fn undo(&mut self, record: &PushBackRecord) {
        let Some(before) = record.before else { return };
        match (before.distance, &mut self.pace) {
            (Some(distance), Some(pace)) => pace.shorten_to(distance),
            (None, pace) if self.tally.are_own() => {
                *pace = None;
                self.at_once.restore(before.size);
            }
            _ => {}
        }
    }

    /// True if most items that were pushed back were so for themselves, and not for the server's load.
    pub(super) fn are_own(&self) -> bool {
        self.tally.are_own()
    }

    /// True if most came from the server's load.
    pub(super) fn are_load(&self) -> bool {
        self.tally.are_load()
    }

    /// What a push-back says of its item, after those before.
    fn evidence(&mut self, push: &PushBack, record: &mut PushBackRecord) -> Evidence {
        let was_checked = self.checks.holds(record.check);
        if !was_checked {
            record.check = 0;
        }
        let others = record.successes.map(|then| self.successes - then);
        let pace = self.pace.as_mut().filter(|pace| pace.is_kept());
        let was_late = push.is_alone && pace.is_some_and(|pace| pace.refutes(push.now));
        let weight = match others {
            _ if was_late => CHECKED,
            Some(1..) if was_checked => CHECKED,
            Some(1..) => 1,
            _ => 0,
        };
        Evidence {
            others,
            weight,
            was_checked,
        }
    }

    /// Takes a push-back that is presumed to be its item's own. Nothing is slowed down for it.
    fn presume(
        &mut self,
        push: &PushBack,
        record: &mut PushBackRecord,
        evidence: Evidence,
    ) -> Consequence {
        record.own += match evidence.others {
            Some(MANY..) => CHECKED,
            Some(_) if !push.has_fresh => CHECKED,
            Some(1..) => 1,
            _ => 0,
        };
        self.fresh_until = self.successes + MANY;
        match record.is_own() {
            true => Consequence::Judge,
            false => Consequence::Free,
        }
    }

    /// Takes a push-back that may come from the server's load.
    fn learn(
        &mut self,
        push: &PushBack,
        record: &mut PushBackRecord,
        evidence: Evidence,
        probes: u32,
    ) -> Consequence {
        if self.is_straggler(push) {
            if self.checks.is_under_way() {
                record.check = self.checks.last();
            } else {
                self.at_once.cut_further(push);
            }
            return Consequence::Free;
        }
        if self.is_remainder(push) {
            record.own = OWN;
            return Consequence::Judge;
        }
        let may_be_page = push.may_be_page();
        if push.level <= self.at_once.proven() || push.is_alone || evidence.was_checked {
            record.own += evidence.weight;
            // Without others to compare it with, a single check has to do.
            let has_no_others = push.is_alone && !push.has_others;
            let is_checked = evidence.weight == CHECKED || record.own >= CHECKED;
            if record.is_own() || (may_be_page && is_checked && has_no_others) {
                record.own = OWN;
                return Consequence::Judge;
            }
            if evidence.weight == CHECKED && may_be_page {
                self.fresh_until = self.successes + 1;
                return Consequence::Free;
            }
        }
        let may_check =
            !self.checks.is_under_way() && self.pacing().is_none() && !self.tally.are_load();
        if may_check && may_be_page && push.has_fresh {
            self.fresh_until = self.successes + 1;
            record.check = self.checks.begin(push.now);
            return Consequence::Free;
        }
        self.checks.fail();
        self.fresh_until = self.successes + 1;
        // So many at once were taken before: it is their rate that the server limits.
        let is_quick = self.typical.is_some_and(|typical| typical < FIRST / 2);
        let is_rate = push.wait.is_some() && push.level <= self.at_once.proven() && is_quick;
        if !push.is_alone && !is_rate {
            self.cut(push);
            return Consequence::Free;
        }
        if push.cause == Cause::Broken {
            self.cut(push);
            return Consequence::Judge;
        }
        self.slow_down(push, probes)
    }

    /// True if there are so few items left, all of them pushed back, that it is hardly their number: those that
    /// remain of a list are its broken pages.
    fn is_remainder(&self, push: &PushBack) -> bool {
        let are_few = push.answered >= FEW.saturating_mul(push.others).max(LONG);
        !push.has_fresh && are_few && !self.tally.are_load()
    }

    /// True for an item that was started before the window last changed: one of the same flight.
    fn is_straggler(&self, push: &PushBack) -> bool {
        let since = self.checks.since().max(self.at_once.cut_at());
        since.is_some_and(|since| push.started <= since)
    }

    /// Cuts the number at once.
    pub(super) fn cut(&mut self, push: &PushBack) {
        if let Some(pace) = &mut self.pace {
            pace.forget();
        }
        self.was_cut = true;
        self.at_once.cut(push);
    }

    /// Sets or doubles the distance between starts after a push-back of the only item in flight.
    fn slow_down(&mut self, push: &PushBack, probes: u32) -> Consequence {
        self.at_once.cut_to_one(push);
        self.was_cut = true;
        let saved_up = self.taken_before.min(1024);
        let pace = self.pace.get_or_insert_with(|| Pace::new(saved_up));
        let longest = match (push.wait, push.cause) {
            // The wait itself is distance enough where each new item is asked for one.
            (Some(wait), _) => (wait / 4).clamp(SHORTEST_WITH_WAIT, LONGEST),
            (None, Cause::Unavailable) => LONGEST_UNAVAILABLE,
            (None, Cause::TooMany | Cause::Broken) => LONGEST,
        };
        match pace.push_back(push.took(), push.now, probes, push.wait, longest) {
            Slower::Free => Consequence::Free,
            // Pages that are broken: nothing is gained by going slowly.
            _ if push.cause == Cause::Unavailable => {
                self.tally.own();
                self.at_once.reopen();
                self.pace = None;
                self.fresh_until = 0;
                self.is_futile = true;
                self.calm = 0;
                Consequence::Judge
            }
            Slower::Judge => Consequence::Judge,
            Slower::GiveUp => Consequence::GiveUp,
        }
    }
}
