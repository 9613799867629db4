//! Which target may start now: limits per origin, the rate of the run, retries that are not due yet.
//!
//! The schedule is pure. It owns no clock, no thread and no socket: the time is an argument, and
//! the same calls with the same times give the same answers. Whoever drives it
//! [offers](Schedule::offer) what there is to do, [takes](Schedule::next) what may start, says when
//! something has [finished](Schedule::finished), and sleeps as long as [`Next::Wait`] says. So no
//! worker is ever kept busy with waiting.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

/// What holds starts back. The default holds nothing back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most items of one origin that may be in flight at once.
    pub per_origin: Option<usize>,
    /// The least time between two starts at one origin.
    pub origin_delay: Duration,
    /// The least time between any two starts.
    pub interval: Duration,
}

impl Limits {
    /// Whether starts need not keep any distance in time.
    pub fn is_unpaced(&self) -> bool {
        self.origin_delay.is_zero() && self.interval.is_zero()
    }
}

/// What [`Schedule::next`] has to say.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// Start this now.
    Start(T),
    /// Nothing may start before this moment; something may then.
    Wait(Instant),
    /// Nothing may start before something is offered or has finished.
    Nothing,
}

/// Items waiting for their turn, each at an origin (scheme, host and port).
///
/// Among what may start, the item with the lowest sequence number goes first. Memory grows with what
/// is offered and not yet started, and with the origins that are in use or still held back.
#[derive(Debug)]
pub struct Schedule<T> {
    limits: Limits,
    origins: HashMap<Arc<str>, Origin<T>, RandomState>,
    /// Origins of which an item may start, by that item's sequence number.
    ready: BTreeMap<u64, Arc<str>>,
    /// Origins that are held back until a moment.
    held: BTreeSet<(Instant, Arc<str>)>,
    /// Items that are not due before a moment.
    later: BTreeMap<(Instant, u64), (Arc<str>, T)>,
    /// No item starts before this.
    not_before: Option<Instant>,
    waiting: usize,
}

#[derive(Debug)]
struct Origin<T> {
    /// A heap rather than a tree: it keeps its memory when it is empty, as it is after each item of a
    /// run that nothing holds back.
    queue: BinaryHeap<Queued<T>>,
    in_flight: usize,
    not_before: Option<Instant>,
    place: Place,
}

/// An item in an origin's queue. The greatest is the one that goes first: that with the lowest number.
#[derive(Debug)]
struct Queued<T> {
    sequence: u64,
    item: T,
}

impl<T> Ord for Queued<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.sequence.cmp(&self.sequence)
    }
}

impl<T> PartialOrd for Queued<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Queued<T> {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl<T> Eq for Queued<T> {}

/// Where an origin is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Ready(u64),
    Held(Instant),
}

/// So long after `now`, or as good as never if that is more than a clock can show.
pub fn later(now: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    now + wait.min(CENTURY)
}

impl<T> Origin<T> {
    fn new() -> Self {
        Origin {
            queue: BinaryHeap::new(),
            in_flight: 0,
            not_before: None,
            place: Place::Nowhere,
        }
    }
}

impl<T> Schedule<T> {
    /// An empty schedule under these limits.
    ///
    /// # Panics
    ///
    /// If no item could ever start: a `per_origin` of 0.
    pub fn new(limits: Limits) -> Self {
        assert!(
            limits.per_origin != Some(0),
            "a limit of 0 in flight lets nothing start"
        );
        Schedule {
            limits,
            origins: HashMap::default(),
            ready: BTreeMap::new(),
            held: BTreeSet::new(),
            later: BTreeMap::new(),
            not_before: None,
            waiting: 0,
        }
    }

    /// Adds an item. `sequence` is its place among all items, and no other waiting item has it.
    pub fn offer(&mut self, origin: &str, sequence: u64, item: T, now: Instant) {
        self.waiting += 1;
        let origin = self.key(origin);
        self.enqueue(origin, sequence, item, now);
    }

    /// Adds an item that may not start before `due`.
    pub fn offer_later(&mut self, origin: &str, sequence: u64, item: T, due: Instant) {
        self.waiting += 1;
        let origin = self.key(origin);
        self.later.insert((due, sequence), (origin, item));
    }

    /// Lets nothing at `origin` start before `until`. An earlier moment than is set already changes
    /// nothing.
    pub fn hold_back(&mut self, origin: &str, until: Instant, now: Instant) {
        let origin = self.key(origin);
        let entry = self.entry(&origin);
        entry.not_before = entry.not_before.max(Some(until));
        self.relist(&origin, now);
    }

    /// The next item that may start. It counts as in flight from here on.
    pub fn next(&mut self, now: Instant) -> Next<T> {
        self.wake(now);
        if self.waiting == 0 {
            return Next::Nothing;
        }
        let Some((_, origin)) = self.ready.first_key_value() else {
            let held = self.held.first().map(|(until, _)| *until);
            let later = self.later.first_key_value().map(|((due, _), _)| *due);
            return match held.into_iter().chain(later).min() {
                Some(moment) => Next::Wait(moment),
                None => Next::Nothing,
            };
        };
        if let Some(moment) = self.not_before.filter(|moment| *moment > now) {
            return Next::Wait(moment);
        }
        let origin = Arc::clone(origin);
        let Limits {
            origin_delay,
            interval,
            ..
        } = self.limits;
        let entry = self.entry(&origin);
        let Queued { item, .. } = entry
            .queue
            .pop()
            .expect("an origin is listed as ready by an item in its queue");
        entry.in_flight += 1;
        if !origin_delay.is_zero() {
            entry.not_before = entry.not_before.max(Some(later(now, origin_delay)));
        }
        if !interval.is_zero() {
            self.not_before = Some(later(now, interval));
        }
        self.waiting -= 1;
        self.relist(&origin, now);
        Next::Start(item)
    }

    /// Something that was started at `origin` is no longer in flight.
    pub fn finished(&mut self, origin: &str, now: Instant) {
        let origin = self.key(origin);
        let entry = self.entry(&origin);
        entry.in_flight = entry.in_flight.saturating_sub(1);
        self.relist(&origin, now);
    }

    /// How many items wait to be started.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes out everything that waits, in the order of the sequence numbers.
    pub fn drain(&mut self) -> Vec<T> {
        let mut all: Vec<(u64, T)> = std::mem::take(&mut self.later)
            .into_iter()
            .map(|((_, sequence), (_, item))| (sequence, item))
            .chain(
                self.origins
                    .values_mut()
                    .flat_map(|origin| std::mem::take(&mut origin.queue))
                    .map(|Queued { sequence, item }| (sequence, item)),
            )
            .collect();
        all.sort_by_key(|(sequence, _)| *sequence);
        self.ready.clear();
        self.held.clear();
        self.origins.retain(|_, origin| {
            origin.place = Place::Nowhere;
            origin.in_flight > 0
        });
        self.waiting = 0;
        all.into_iter().map(|(_, item)| item).collect()
    }

    /// Moves what has come due to where it may start.
    fn wake(&mut self, now: Instant) {
        while let Some(first) = self.later.first_entry()
            && first.key().0 <= now
        {
            let ((_, sequence), (origin, item)) = first.remove_entry();
            self.enqueue(origin, sequence, item, now);
        }
        while let Some((until, origin)) = self.held.first()
            && *until <= now
        {
            let origin = Arc::clone(origin);
            self.relist(&origin, now);
        }
    }

    fn enqueue(&mut self, origin: Arc<str>, sequence: u64, item: T, now: Instant) {
        self.entry(&origin).queue.push(Queued { sequence, item });
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

    /// Lists the origin where it belongs now, and forgets it when nothing is left to remember.
    fn relist(&mut self, origin: &Arc<str>, now: Instant) {
        let most = self.limits.per_origin.unwrap_or(usize::MAX);
        let entry = self.entry(origin);
        entry.not_before = entry.not_before.filter(|until| *until > now);
        let place = match (entry.not_before, entry.queue.peek()) {
            (Some(until), _) => Place::Held(until),
            (None, Some(first)) if entry.in_flight < most => Place::Ready(first.sequence),
            (None, _) => Place::Nowhere,
        };
        let is_idle = place == Place::Nowhere && entry.queue.is_empty() && entry.in_flight == 0;
        let before = std::mem::replace(&mut entry.place, place);
        if before != place {
            match before {
                Place::Ready(sequence) => drop(self.ready.remove(&sequence)),
                Place::Held(until) => drop(self.held.remove(&(until, Arc::clone(origin)))),
                Place::Nowhere => {}
            }
            match place {
                Place::Ready(sequence) => drop(self.ready.insert(sequence, Arc::clone(origin))),
                Place::Held(until) => drop(self.held.insert((until, Arc::clone(origin)))),
                Place::Nowhere => {}
            }
        }
        if is_idle {
            self.origins.remove(origin);
        }
    }
}
