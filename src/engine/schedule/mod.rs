//! The schedule: which target may start now, under limits per origin, the rate of the run, back-off,
//! retries that are not due yet, and what each server has been found to take.
//!
//! The schedule is pure. It owns no clock, no thread and no socket: the time is an argument, and the
//! same calls with the same times give the same answers. Its driver [offers](Schedule::offer) items,
//! [takes](Schedule::next) those that may start, reports how each [ended](Schedule::end), and sleeps
//! until the moment of [`NextStart::Wait`]. So no worker sleeps for the sake of politeness.
//!
//! * `origin` is the queue of one origin, and rules on how its items end.
//! * `window` is the number of them that its server takes at once, `pace` the distance between starts
//!   where that is less than one.
//! * `rate_evidence` tells servers that limit requests by rate, and how many a second they take.
//! * `rate_grid` tells by how much a start comes later than the rate intended, `rate_course` what for.
//! * `binding` tells which of the user's limits keeps items from starting.
//! * `check` and `push_back` tell pages that are broken from a server that has too much to do.
//! * `remove` takes items back that wait.
//! * `turns` is the order in which origins take turns: retries first, in bounds.
//! * `probe` tries an origin that only fails with one item at a time, and gives it up in the end.

mod at_once;
mod binding;
mod check;
mod ending;
mod limits;
mod origin;
mod origins;
mod pace;
mod probe;
mod proof;
mod push_back;
mod queue;
mod rate_course;
mod rate_evidence;
mod rate_grid;
mod remove;
mod server_rate;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod tests;
mod turns;
mod window;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::origin::{GivenUp, OriginLimits};
use crate::model::pacing::{MissedBy, StartRate};
use crate::model::retry_idle::WaitCause;
use binding::FullOrigins;
pub use ending::{EndKind, Ending, Ruling};
pub use limits::{ServerPolicy, StartLimits};
use origin::{Origin, OriginState};
use origins::{OriginId, Origins};
pub use push_back::{Cause, PushBackRecord};
use rate_grid::RateGrid;
use turns::TurnQueue;

/// The maximum number of origins without items whose limits are remembered.
const MAX_REMEMBERED: usize = 1024;

/// The number of delayed origins beyond which those without items are forgotten.
const MAX_DELAYED: usize = 8 * 1024;

/// The most delayed origins in which a retry is looked for: the search must cost no time.
const MAX_SEARCHED: usize = 64;

/// The answer of [`Schedule::next`].
#[derive(Debug, PartialEq, Eq)]
pub enum NextStart<T> {
    /// This item starts now.
    Start(T),
    /// This item fails now: its origin is given up.
    GivenUp(T, GivenUp),
    /// Nothing may start before this moment; something may then.
    Wait(Instant),
    /// Nothing may start before an item is offered or has finished.
    Nothing,
}

/// A queue of items, each at an origin (scheme, host and port).
///
/// Among those that may start, [retries](Schedule::offer_later) go first, in the order in which they became due; but
/// after a few in a row an item that has not begun, of these the one with the lowest sequence number. Memory grows with
/// the items that are offered and not yet started, and with the origins that are in use or delayed.
#[derive(Debug)]
pub struct Schedule<T> {
    limits: StartLimits,
    policy: ServerPolicy,
    origins: Origins<Offered<T>>,
    /// Origins with an item that may start.
    ready: TurnQueue<OriginId>,
    /// Origins with a delay, by its end.
    delayed: BTreeSet<(Instant, OriginId)>,
    /// Items that are not due yet, by their due time and sequence number.
    not_due: BTreeMap<(Instant, u64), NotDue<T>>,
    /// Origins with items that wait for the end of others.
    full: FullOrigins,
    /// The starts under the rate of the run.
    grid: RateGrid,
    /// The number of items offered and not yet started.
    waiting: usize,
    /// The number of those among them that are due and have been tried before.
    returned: usize,
    /// The moment from which the item that was taken last could have started.
    ready_since: Option<Instant>,
    /// Origins without items that are remembered for what they take, the longest idle first.
    remembered: VecDeque<Arc<str>>,
    /// The number of origins that pushed back and are forgotten.
    forgotten: u64,
    /// The origin that was forgotten last, if it had answered: that of a run with one origin, when it has
    /// run out of items for a moment.
    last_answered: Option<Arc<str>>,
}

/// An item, and the moment from which it waits to be started.
#[derive(Debug)]
struct Offered<T> {
    item: T,
    since: Instant,
}

/// An item that is not due yet.
#[derive(Debug)]
struct NotDue<T> {
    origin: OriginId,
    item: T,
    cause: WaitCause,
}

/// Adds `wait` to `now`. The sum is capped at a century, because a clock's range is finite.
pub fn saturating_add(now: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    now + wait.min(CENTURY)
}

impl<T> Schedule<T> {
    /// Makes an empty schedule with these limits.
    ///
    /// # Panics
    ///
    /// If no item could ever start: a `per_origin` or a number of workers of 0.
    pub fn new(limits: StartLimits, policy: ServerPolicy) -> Self {
        assert!(
            limits.per_origin != Some(0) && policy.workers != 0,
            "a limit of 0 in flight lets nothing start"
        );
        let workers = policy.workers.min(limits.per_origin.unwrap_or(usize::MAX));
        Schedule {
            limits,
            policy: ServerPolicy { workers, ..policy },
            origins: Origins::new(),
            ready: TurnQueue::new(),
            delayed: BTreeSet::new(),
            not_due: BTreeMap::new(),
            full: FullOrigins::default(),
            grid: RateGrid::default(),
            waiting: 0,
            returned: 0,
            ready_since: None,
            remembered: VecDeque::new(),
            forgotten: 0,
            last_answered: None,
        }
    }

    /// Adds an item. `sequence` is its position among all items, unique among those that wait.
    pub fn offer(&mut self, origin: &str, sequence: u64, item: T, now: Instant) {
        self.offer_since(origin, sequence, item, now, now);
    }

    /// Adds an item that has waited since then to be [offered](Schedule::offer).
    pub fn offer_since(
        &mut self,
        origin: &str,
        sequence: u64,
        item: T,
        since: Instant,
        now: Instant,
    ) {
        self.waiting += 1;
        let origin = self.id(origin);
        let offered = Offered { item, since };
        self.enqueue(origin, sequence, offered, true, now);
    }

    /// Puts back an item that used up no try ([`Ruling::Free`]), at its place in the order.
    pub fn put_back(&mut self, origin: &str, sequence: u64, item: T, now: Instant) {
        self.waiting += 1;
        let origin = self.id(origin);
        let offered = Offered { item, since: now };
        self.enqueue(origin, sequence, offered, false, now);
    }

    /// Adds an item that may not start before `due`: a retry.
    pub fn offer_later(&mut self, origin: &str, sequence: u64, item: T, due: Instant) {
        self.postpone(origin, sequence, item, (due, WaitCause::Delay));
    }

    /// Adds an item that may not start before `due`, as its server has asked (`Retry-After`).
    pub fn offer_as_asked(&mut self, origin: &str, sequence: u64, item: T, due: Instant) {
        self.postpone(origin, sequence, item, (due, WaitCause::RetryAfter));
    }

    fn postpone(
        &mut self,
        origin: &str,
        sequence: u64,
        item: T,
        (due, cause): (Instant, WaitCause),
    ) {
        self.waiting += 1;
        let origin = self.id(origin);
        self.origins[origin].expect_later();
        let item = NotDue {
            origin,
            item,
            cause,
        };
        self.not_due.insert((due, sequence), item);
    }

    /// Makes the origin wait until `until`, as its answer to a request that was started at `started` asks
    /// for. Afterwards one item probes it.
    pub fn hold(&mut self, origin: &str, started: Instant, until: Instant, now: Instant) {
        let origin = self.id(origin);
        let policy = self.policy;
        self.origins[origin].hold(started, until, now, &policy);
        self.relist(origin, now);
    }

    /// True if a wait that an item's push-back asks for is the item's alone, and no reason to
    /// [hold](Schedule::hold) the origin: others have been answered since the item's last push-back. Such an item
    /// is [offered later](Schedule::offer_later).
    pub fn waits_alone(&self, origin: &str, record: &PushBackRecord) -> bool {
        self.origins
            .get(origin)
            .is_some_and(|entry| entry.waits_alone(record))
    }

    /// Takes the next item that may start. It counts as in flight until its [end](Schedule::end).
    pub fn next(&mut self, now: Instant) -> NextStart<T> {
        self.wake(now);
        if self.waiting == 0 {
            return NextStart::Nothing;
        }
        let Some((origin, is_again)) = self.ready.next() else {
            let delayed = self.delayed.first().map(|(until, _)| *until);
            let not_due = self.not_due.first_key_value().map(|((due, _), _)| *due);
            if let Some(by) = self.full.blocked_by() {
                self.grid.block(by);
            }
            let moment = delayed.into_iter().chain(not_due).min();
            return moment.map_or(NextStart::Nothing, NextStart::Wait);
        };
        let StartLimits {
            origin_delay,
            interval,
            ..
        } = self.limits;
        let entry = &mut self.origins[origin];
        let given_up = entry.given_up();
        if given_up.is_none()
            && let Some(moment) = self.grid.wait(now)
        {
            return NextStart::Wait(moment);
        }
        let returned = entry.returned();
        let (sequence, Offered { item, since }) = entry
            .pop(is_again)
            .expect("an origin is listed as ready by an item in its queue");
        let is_returned = entry.returned() < returned;
        self.returned -= usize::from(is_returned);
        self.ready.start(is_returned);
        if given_up.is_none() {
            entry.start(sequence, now);
            let (ready, awaited) = entry.ready_since(since, is_returned);
            self.ready_since = Some(ready);
            if !interval.is_zero() {
                self.grid.start(ready, awaited, now, interval);
            }
            if !origin_delay.is_zero() {
                entry.space(saturating_add(now, origin_delay));
            }
        }
        self.waiting -= 1;
        self.relist(origin, now);
        match given_up {
            Some(why) => NextStart::GivenUp(item, why),
            None => NextStart::Start(item),
        }
    }

    /// Starts an item that has just come, if no other waits and nothing restrains its origin: as if it were
    /// [offered](Schedule::offer) and [taken](Schedule::next) again, but without the way through the queues. So start
    /// most items of a run without limits. Returns false if it has to be offered.
    pub fn start_at_once(&mut self, origin: &str, sequence: u64, now: Instant) -> bool {
        if self.waiting > 0 || !self.limits.is_unpaced() {
            return false;
        }
        let origin = self.id(origin);
        let entry = &mut self.origins[origin];
        let is_free = entry.is_free(&self.limits, &self.policy);
        if is_free {
            entry.start(sequence, now);
        }
        is_free
    }

    /// Notes that no worker is free, so that nothing is [taken](Schedule::next).
    pub fn block(&mut self) {
        self.grid.block(MissedBy::Workers);
    }

    /// The time by which the item that was taken last starts later than the rate intended, because no worker was free or
    /// pfetch itself was held up. `None` without a rate.
    pub fn start_delay(&self) -> Option<Duration> {
        (!self.limits.interval.is_zero()).then(|| self.grid.delay())
    }

    /// The moment from which the item that was taken last could have started: since then it waited for its turn.
    pub fn ready_since(&self) -> Option<Instant> {
        self.ready_since
    }

    /// The rate of the starts so far. `None` if none is asked for.
    pub fn start_rate(&self) -> Option<StartRate> {
        let interval = self.limits.interval;
        (!interval.is_zero()).then(|| self.grid.rate(interval))
    }

    /// Takes the end of the request of one item of `origin`: it is no longer in flight. `record` is the
    /// item's own, over all its attempts.
    pub fn end(
        &mut self,
        origin: &str,
        ending: &Ending,
        record: &mut PushBackRecord,
        now: Instant,
    ) -> Ruling {
        let origin = self.id(origin);
        let policy = self.policy;
        let ruling = self.origins[origin].end(ending, record, now, &policy);
        self.relist(origin, now);
        ruling
    }

    /// True if the number of items in flight at this origin is restrained by what its server takes.
    pub fn is_restrained(&self, origin: &str) -> bool {
        self.origins.get(origin).is_some_and(Origin::is_restrained)
    }

    /// True if items of this origin wait in the order of their sequence numbers.
    pub fn has_queue(&self, origin: &str) -> bool {
        self.origins.get(origin).is_some_and(Origin::has_waiting)
    }

    /// True if items of this origin wait or are in flight.
    pub fn has_items(&self, origin: &str) -> bool {
        self.origins.get(origin).is_some_and(Origin::has_items)
    }

    /// True if an item could start but for the [interval](StartLimits::interval).
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The number of items that wait to be started.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The number of items that wait to be tried again, and the moment before which none of them is, with the cause for
    /// which the first waits; `None` if that is not known.
    pub fn retries(&mut self, now: Instant) -> (usize, Option<(Instant, WaitCause)>) {
        let count = self.not_due.len() + self.returned;
        (count, self.first_wait(now, |origin| origin.returned() > 0))
    }

    /// The moment before which no item that waits for a moment may start, and the cause for which the first waits.
    pub fn next_wait(&mut self, now: Instant) -> Option<(Instant, WaitCause)> {
        self.first_wait(now, Origin::has_waiting)
    }

    /// The end of the first wait: of an item that is not due, or of a delayed origin that `counts`.
    fn first_wait(
        &mut self,
        now: Instant,
        counts: impl Fn(&Origin<Offered<T>>) -> bool,
    ) -> Option<(Instant, WaitCause)> {
        let first = self.not_due.first_key_value();
        let first = first.map(|(&(due, _), item)| (due, item.origin, item.cause));
        let not_due = first.map(|(due, origin, cause)| {
            let origin = &mut self.origins[origin];
            let delayed = origin.delayed_until(now).filter(|until| *until > due);
            delayed.map_or((due, cause), |until| (until, origin.wait_cause()))
        });
        let delayed = self.delayed.iter().take(MAX_SEARCHED);
        let mut delayed = delayed.map(|(until, id)| (*until, &self.origins[*id]));
        let held = delayed.find(|(_, origin)| counts(origin));
        let held = held.map(|(until, origin)| (until, origin.wait_cause()));
        (not_due.into_iter().chain(held)).min_by_key(|(until, _)| *until)
    }

    /// The number of origins that have items or are remembered.
    pub fn origins(&self) -> usize {
        self.origins.len()
    }

    /// The origins that pushed back or were given up, and what they take.
    pub fn found(&self) -> OriginLimits {
        let found = self.origins.iter();
        let found = found.filter_map(|(name, origin)| origin.found(name));
        OriginLimits::new(found.collect(), self.forgotten)
    }

    /// Removes all items that wait, in the order of their sequence numbers.
    pub fn drain(&mut self) -> Vec<T> {
        let mut all: Vec<(u64, T)> = std::mem::take(&mut self.not_due)
            .into_iter()
            .map(|((_, sequence), not_due)| (sequence, not_due.item))
            .collect();
        for origin in self.origins.iter_mut() {
            origin.not_due = 0;
            origin.state = OriginState::Unlisted;
            let items = origin.drain();
            all.extend(items.map(|(sequence, offered)| (sequence, offered.item)));
        }
        all.sort_by_key(|(sequence, _)| *sequence);
        self.ready.clear();
        self.delayed.clear();
        self.full = FullOrigins::default();
        (self.waiting, self.returned) = (0, 0);
        all.into_iter().map(|(_, item)| item).collect()
    }

    /// Moves items that have become due to their queues, and ends delays that have passed.
    fn wake(&mut self, now: Instant) {
        while let Some(first) = self.not_due.first_entry()
            && first.key().0 <= now
        {
            let ((due, sequence), NotDue { origin, item, .. }) = first.remove_entry();
            self.origins[origin].not_due -= 1;
            let offered = Offered { item, since: due };
            self.enqueue(origin, sequence, offered, false, now);
        }
        while let Some(&(until, origin)) = self.delayed.first()
            && until <= now
        {
            self.relist(origin, now);
        }
    }

    fn enqueue(
        &mut self,
        origin: OriginId,
        sequence: u64,
        offered: Offered<T>,
        is_fresh: bool,
        now: Instant,
    ) {
        self.returned += usize::from(!is_fresh);
        self.origins[origin].push(sequence, offered, is_fresh);
        self.relist(origin, now);
    }

    fn id(&mut self, origin: &str) -> OriginId {
        let last_answered = self.last_answered.as_deref();
        self.origins
            .id(origin, || Origin::new(last_answered == Some(origin)))
    }

    /// Updates the index in which the origin is listed, and forgets an origin without items and delays.
    fn relist(&mut self, origin: OriginId, now: Instant) {
        let (limits, policy) = (self.limits, self.policy);
        let entry = &mut self.origins[origin];
        let delayed_until = entry.delayed_until(now);
        let is_given_up = entry.given_up().is_some();
        let state = match (delayed_until, entry.turns(|offered| offered.since)) {
            (_, Some(turns)) if is_given_up => OriginState::Ready(turns),
            (Some(until), _) => OriginState::Delayed(until),
            (None, Some(turns)) if entry.in_flight < entry.most(&limits, &policy) => {
                OriginState::Ready(turns)
            }
            (None, Some(_)) => OriginState::Full {
                is_asked: limits
                    .per_origin
                    .is_some_and(|most| entry.in_flight >= most),
            },
            (None, None) => OriginState::Unlisted,
        };
        let is_idle = state == OriginState::Unlisted && entry.is_idle();
        let before = std::mem::replace(&mut entry.state, state);
        if before != state {
            match before {
                OriginState::Ready(turns) => self.ready.remove(turns),
                OriginState::Delayed(until) => {
                    self.delayed.remove(&(until, origin));
                    self.origins[origin].open_since = Some(until);
                }
                OriginState::Full { is_asked } => self.full.remove(is_asked),
                OriginState::Unlisted => {}
            }
            match state {
                OriginState::Ready(turns) => self.ready.add(turns, origin),
                OriginState::Delayed(until) => {
                    self.delayed.insert((until, origin));
                }
                OriginState::Full { is_asked } => self.full.add(is_asked),
                OriginState::Unlisted => {}
            }
        }
        if is_idle && self.origins[origin].is_remembered() {
            self.remember(origin);
        } else if is_idle {
            let has_answered = self.origins[origin].has_answered();
            let removed = self.origins.remove(origin);
            self.last_answered = removed.filter(|_| has_answered).map(|(name, _)| name);
        }
        if self.delayed.len() > MAX_DELAYED {
            self.forget_delayed(origin);
        }
    }

    /// Forgets an origin without items that has to wait: of those that wait for the shortest time, the first. Should
    /// it get another item, that starts too early; with the number of hosts, memory would grow instead. `current` stays:
    /// its item may be about to come back.
    fn forget_delayed(&mut self, current: OriginId) {
        let delayed = self.delayed.iter().take(MAX_SEARCHED).copied();
        let mut idle = delayed.filter(|(_, id)| *id != current && !self.origins[*id].has_items());
        if let Some((until, id)) = idle.next() {
            self.delayed.remove(&(until, id));
            if let Some((name, entry)) = self.origins.remove(id) {
                self.forgotten += u64::from(entry.found(&name).is_some());
            }
        }
    }

    /// Keeps an origin without items for what it takes, in place of the one that has been idle for the
    /// longest time if there are too many.
    fn remember(&mut self, origin: OriginId) {
        let name = self.origins.name(origin);
        if self.remembered.back() != Some(name) {
            self.remembered.push_back(Arc::clone(name));
        }
        if self.remembered.len() <= MAX_REMEMBERED {
            return;
        }
        let Some(oldest) = self.remembered.pop_front() else {
            return;
        };
        let is_idle =
            |entry: &Origin<Offered<T>>| entry.is_idle() && entry.state == OriginState::Unlisted;
        if let Some(id) = self.origins.find(&oldest)
            && is_idle(&self.origins[id])
            && !self.remembered.contains(&oldest)
            && let Some((_, entry)) = self.origins.remove(id)
        {
            self.forgotten += u64::from(entry.found(&oldest).is_some());
        }
    }
}
