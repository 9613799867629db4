//! The schedule: which target may start now, under limits per origin, the rate of the run, back-off and
//! retries that are not due yet.
//!
//! The schedule is pure. It owns no clock, no thread and no socket: the time is an argument, and the
//! same calls with the same times give the same answers. Its driver [offers](Schedule::offer) items,
//! [takes](Schedule::next) those that may start, reports those that have
//! [finished](Schedule::finished), and sleeps until the moment of [`NextStart::Wait`]. So no worker
//! sleeps for the sake of politeness.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

/// The limits on starts. The default limits nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StartLimits {
    /// The maximum number of items of one origin in flight at once.
    pub per_origin: Option<usize>,
    /// The minimum time between two starts at one origin.
    pub origin_delay: Duration,
    /// The minimum time between any two starts: the inverse of the rate.
    pub interval: Duration,
}

impl StartLimits {
    /// Tells that starts need not keep any distance in time.
    pub fn is_unpaced(&self) -> bool {
        self.origin_delay.is_zero() && self.interval.is_zero()
    }
}

/// The answer of [`Schedule::next`].
#[derive(Debug, PartialEq, Eq)]
pub enum NextStart<T> {
    /// This item starts now.
    Start(T),
    /// Nothing may start before this moment; something may then.
    Wait(Instant),
    /// Nothing may start before an item is offered or has finished.
    Nothing,
}

/// A queue of items, each at an origin (scheme, host and port).
///
/// Among those that may start, the item with the lowest sequence number goes first. Memory grows with
/// the items that are offered and not yet started, and with the origins that are in use or delayed.
#[derive(Debug)]
pub struct Schedule<T> {
    limits: StartLimits,
    origins: HashMap<Arc<str>, Origin<T>, RandomState>,
    /// Origins with an item that may start, by that item's sequence number.
    ready: BTreeMap<u64, Arc<str>>,
    /// Origins with a delay, by its end.
    delayed: BTreeSet<(Instant, Arc<str>)>,
    /// Items that are not due yet, by their due time and sequence number.
    not_due: BTreeMap<(Instant, u64), (Arc<str>, T)>,
    /// The earliest moment of the next start, at any origin.
    not_before: Option<Instant>,
    /// The number of items offered and not yet started.
    waiting: usize,
}

#[derive(Debug)]
struct Origin<T> {
    /// A heap rather than a tree, because it keeps its memory when it is empty, as it is after each
    /// item of a run without limits.
    queue: BinaryHeap<QueuedItem<T>>,
    in_flight: usize,
    not_before: Option<Instant>,
    state: OriginState,
}

/// An item in an origin's queue. A heap pops its greatest element, so the lowest number is the greatest.
#[derive(Debug)]
struct QueuedItem<T> {
    sequence: u64,
    item: T,
}

impl<T> Ord for QueuedItem<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.sequence.cmp(&self.sequence)
    }
}

impl<T> PartialOrd for QueuedItem<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for QueuedItem<T> {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl<T> Eq for QueuedItem<T> {}

/// The index in which an origin is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OriginState {
    /// In none: it has no item that waits, or as many in flight as are allowed.
    Unlisted,
    /// In [`Schedule::ready`], under this sequence number.
    Ready(u64),
    /// In [`Schedule::delayed`], under this moment.
    Delayed(Instant),
}

/// Adds `wait` to `now`. The sum is capped at a century, because a clock's range is finite.
pub fn saturating_add(now: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    now + wait.min(CENTURY)
}

impl<T> Origin<T> {
    fn new() -> Self {
        Origin {
            queue: BinaryHeap::new(),
            in_flight: 0,
            not_before: None,
            state: OriginState::Unlisted,
        }
    }
}

impl<T> Schedule<T> {
    /// Makes an empty schedule with these limits.
    ///
    /// # Panics
    ///
    /// If no item could ever start: a `per_origin` of 0.
    pub fn new(limits: StartLimits) -> Self {
        assert!(
            limits.per_origin != Some(0),
            "a limit of 0 in flight lets nothing start"
        );
        Schedule {
            limits,
            origins: HashMap::default(),
            ready: BTreeMap::new(),
            delayed: BTreeSet::new(),
            not_due: BTreeMap::new(),
            not_before: None,
            waiting: 0,
        }
    }

    /// Adds an item. `sequence` is its position among all items, unique among those that wait.
    pub fn offer(&mut self, origin: &str, sequence: u64, item: T, now: Instant) {
        self.waiting += 1;
        let origin = self.key(origin);
        self.enqueue(origin, sequence, item, now);
    }

    /// Adds an item that may not start before `due`: a retry.
    pub fn offer_later(&mut self, origin: &str, sequence: u64, item: T, due: Instant) {
        self.waiting += 1;
        let origin = self.key(origin);
        self.not_due.insert((due, sequence), (origin, item));
    }

    /// Makes the origin back off: nothing starts there before `until`. A later moment that is set already
    /// stays.
    pub fn back_off(&mut self, origin: &str, until: Instant, now: Instant) {
        let origin = self.key(origin);
        let entry = self.entry(&origin);
        entry.not_before = entry.not_before.max(Some(until));
        self.relist(&origin, now);
    }

    /// Takes the next item that may start. It counts as in flight until it has
    /// [finished](Schedule::finished).
    pub fn next(&mut self, now: Instant) -> NextStart<T> {
        self.wake(now);
        if self.waiting == 0 {
            return NextStart::Nothing;
        }
        let Some((_, origin)) = self.ready.first_key_value() else {
            let delayed = self.delayed.first().map(|(until, _)| *until);
            let not_due = self.not_due.first_key_value().map(|((due, _), _)| *due);
            return match delayed.into_iter().chain(not_due).min() {
                Some(moment) => NextStart::Wait(moment),
                None => NextStart::Nothing,
            };
        };
        if let Some(moment) = self.not_before.filter(|moment| *moment > now) {
            return NextStart::Wait(moment);
        }
        let origin = Arc::clone(origin);
        let StartLimits {
            origin_delay,
            interval,
            ..
        } = self.limits;
        let entry = self.entry(&origin);
        let QueuedItem { item, .. } = entry
            .queue
            .pop()
            .expect("an origin is listed as ready by an item in its queue");
        entry.in_flight += 1;
        if !origin_delay.is_zero() {
            entry.not_before = entry
                .not_before
                .max(Some(saturating_add(now, origin_delay)));
        }
        if !interval.is_zero() {
            self.not_before = Some(saturating_add(now, interval));
        }
        self.waiting -= 1;
        self.relist(&origin, now);
        NextStart::Start(item)
    }

    /// Counts one item of `origin` as no longer in flight.
    pub fn finished(&mut self, origin: &str, now: Instant) {
        let origin = self.key(origin);
        let entry = self.entry(&origin);
        entry.in_flight = entry.in_flight.saturating_sub(1);
        self.relist(&origin, now);
    }

    /// The number of items that wait to be started.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Removes all items that wait, in the order of their sequence numbers.
    pub fn drain(&mut self) -> Vec<T> {
        let mut all: Vec<(u64, T)> = std::mem::take(&mut self.not_due)
            .into_iter()
            .map(|((_, sequence), (_, item))| (sequence, item))
            .chain(
                self.origins
                    .values_mut()
                    .flat_map(|origin| std::mem::take(&mut origin.queue))
                    .map(|QueuedItem { sequence, item }| (sequence, item)),
            )
            .collect();
        all.sort_by_key(|(sequence, _)| *sequence);
        self.ready.clear();
        self.delayed.clear();
        self.origins.retain(|_, origin| {
            origin.state = OriginState::Unlisted;
            origin.in_flight > 0
        });
        self.waiting = 0;
        all.into_iter().map(|(_, item)| item).collect()
    }

    /// Moves items that have become due to their queues, and ends delays that have passed.
    fn wake(&mut self, now: Instant) {
        while let Some(first) = self.not_due.first_entry()
            && first.key().0 <= now
        {
            let ((_, sequence), (origin, item)) = first.remove_entry();
            self.enqueue(origin, sequence, item, now);
        }
        while let Some((until, origin)) = self.delayed.first()
            && *until <= now
        {
            let origin = Arc::clone(origin);
            self.relist(&origin, now);
        }
    }

    fn enqueue(&mut self, origin: Arc<str>, sequence: u64, item: T, now: Instant) {
        self.entry(&origin)
            .queue
            .push(QueuedItem { sequence, item });
        self.relist(&origin, now);
    }

    /// The origin's name, shared with its entry if it has one.
    fn key(&self, origin: &str) -> Arc<str> {
        match self.origins.get_key_value(origin) {
            Some((key, _)) => Arc::clone(key),
            None => Arc::from(origin),
        }
    }

    fn entry(&mut self, origin: &Arc<str>) -> &mut Origin<T> {
        self.origins
            .entry(Arc::clone(origin))
            .or_insert_with(Origin::new)
    }

    /// Updates the index in which the origin is listed, and forgets an origin without items and delays.
    fn relist(&mut self, origin: &Arc<str>, now: Instant) {
        let most = self.limits.per_origin.unwrap_or(usize::MAX);
        let entry = self.entry(origin);
        entry.not_before = entry.not_before.filter(|until| *until > now);
        let state = match (entry.not_before, entry.queue.peek()) {
            (Some(until), _) => OriginState::Delayed(until),
            (None, Some(first)) if entry.in_flight < most => OriginState::Ready(first.sequence),
            (None, _) => OriginState::Unlisted,
        };
        let is_idle =
            state == OriginState::Unlisted && entry.queue.is_empty() && entry.in_flight == 0;
        let before = std::mem::replace(&mut entry.state, state);
        if before != state {
            match before {
                OriginState::Ready(sequence) => {
                    self.ready.remove(&sequence);
                }
                OriginState::Delayed(until) => {
                    self.delayed.remove(&(until, Arc::clone(origin)));
                }
                OriginState::Unlisted => {}
            }
            match state {
                OriginState::Ready(sequence) => {
                    self.ready.insert(sequence, Arc::clone(origin));
                }
                OriginState::Delayed(until) => {
                    self.delayed.insert((until, Arc::clone(origin)));
                }
                OriginState::Unlisted => {}
            }
        }
        if is_idle {
            self.origins.remove(origin);
        }
    }
}
