//! The idle connections of a run, which all workers share: the newest for an origin is taken first, and one at
//! random makes way when there are too many.
//!
//! At random, because lists often go in turns over their hosts. With more hosts than connections, the least
//! recently used one is then always the one that is needed next, and none would be found again; so a fifth is,
//! with twice as many hosts as connections. A host whose URLs follow one another keeps its connection either way.
//!
//! One lock is enough: a connection is taken or given in well under a microsecond, and no system call is
//! made under it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::stream::{ByteStream as _, ServerStream};
use crate::http::fault::Shortage;

/// The longest time for which an idle connection is kept.
const MAX_IDLE_TIME: Duration = Duration::from_secs(90);

/// The margin before the time at which a server says that it closes idle connections; of a short time, half.
const KEEP_ALIVE_MARGIN: Duration = Duration::from_secs(1);

/// The time after the last read in which a connection is reused unchecked, if that read had room for
/// more. Unsolicited bytes need about as long to arrive, so a check would see nothing new.
const UNCHECKED_REUSE: Duration = Duration::from_micros(200);

/// Idle connections that are looked at for one request, at most.
const MAX_CHECKS: usize = 4;

/// Origins that are remembered to have sent bytes nobody asked for. Past them, every one is distrusted.
const MAX_DISTRUSTED: usize = 4096;

/// The seed of the choice of connections that make way. Nobody gains by guessing it, and runs are alike.
const SEED: u64 = 1;

/// Keys whose place is kept while they have no idle connection, which spares the next one an allocation.
const KEPT_KEYS: usize = 256;

/// The shortest time for which a run waits for a resource of this machine. Linux holds the port of a closed
/// connection for 60 s (TIME_WAIT).
const MIN_PATIENCE: Duration = Duration::from_secs(65);

/// The time between two looks at the limits of a request that waits for a resource.
const PATIENCE_TICK: Duration = Duration::from_millis(50);

/// A connection between two requests.
#[derive(Debug)]
pub(super) struct IdleConnection {
    pub(super) stream: ServerStream,
    /// The last read of the response before.
    pub(super) last_read: Instant,
    /// That read had room for more than came.
    pub(super) has_seen_all: bool,
    /// The time after which the server may close it, if it says one.
    pub(super) keep_alive: Option<Duration>,
}

impl IdleConnection {
    /// The time for which it has been idle.
    fn idle_time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_read)
    }

    /// True if the server may have closed it, after so long without a request.
    fn is_expired(&self, idle: Duration) -> bool {
        let stated = self
            .keep_alive
            .map(|time| time - KEEP_ALIVE_MARGIN.min(time / 2));
        idle > stated.map_or(MAX_IDLE_TIME, |time| time.min(MAX_IDLE_TIME))
    }

    /// True if bytes that nobody asked for would be seen already.
    fn is_fresh(&self, idle: Duration) -> bool {
        self.has_seen_all && idle < UNCHECKED_REUSE
    }
}

/// The idle connections of a run.
pub(in crate::http) struct Connections {
    table: Mutex<ConnectionTable>,
    /// A connection has become idle, or was closed.
    released: Condvar,
    /// The most idle connections.
    most: usize,
    patience: Duration,
}

/// The idle connections by key and by age. Both orders are lists over one slab, so that each step takes the
/// same time however many there are, and allocates nothing.
#[derive(Debug)]
struct ConnectionTable {
    slots: Vec<IdleSlot>,
    free: Vec<Place>,
    /// The newest connection of each key; `None` for a key without one.
    newest_of_key: HashMap<Arc<str>, Option<Place>, RandomState>,
    oldest: Option<Place>,
    newest: Option<Place>,
    count: usize,
    distrusted: HashSet<Arc<str>, RandomState>,
    /// The last time at which a connection was made or became idle.
    last_made: Instant,
    /// Requests that wait for a resource.
    waiting: usize,
    random: fastrand::Rng,
}

/// An index of [`ConnectionTable::slots`].
type Place = usize;

#[derive(Debug)]
struct IdleSlot {
    /// `None` for a free slot.
    content: Option<(Arc<str>, IdleConnection)>,
    /// The neighbours among all connections.
    older: Option<Place>,
    newer: Option<Place>,
    /// The neighbours among those of the key.
    older_of_key: Option<Place>,
    newer_of_key: Option<Place>,
}

impl Connections {
    /// A store of up to `most` idle connections. A request waits for a resource of this machine while the
    /// run as a whole makes connections, and for `stall_timeout` at least after that.
    pub(in crate::http) fn new(most: usize, stall_timeout: Option<Duration>) -> Self {
        Connections {
            table: Mutex::new(ConnectionTable {
                slots: Vec::new(),
                free: Vec::new(),
                newest_of_key: HashMap::default(),
                oldest: None,
                newest: None,
                count: 0,
                distrusted: HashSet::default(),
                last_made: Instant::now(),
                waiting: 0,
                random: fastrand::Rng::with_seed(SEED),
            }),
            released: Condvar::new(),
            most,
            patience: stall_timeout.unwrap_or_default().max(MIN_PATIENCE),
        }
    }

    /// Takes an idle connection for `key` that is open and silent, the newest first.
    pub(super) fn take(&self, key: &str, now: Instant) -> Option<IdleConnection> {
        for _ in 0..MAX_CHECKS {
            let (mut connection, is_trusted) = self.lock().pop(key)?;
            let idle = connection.idle_time(now);
            if connection.is_expired(idle) {
                continue;
            }
            if is_trusted && connection.is_fresh(idle) {
                return Some(connection);
            }
            if connection.stream.stream.is_idle() {
                return Some(connection);
            }
            // What closed the newest has closed the older ones too.
            self.forget(key);
        }
        None
    }

    /// Keeps a connection for the next request under `key`.
    pub(super) fn give(&self, key: &Arc<str>, connection: IdleConnection) {
        if self.most == 0 {
            drop(connection);
            return self.note_closed();
        }
        let mut table = self.lock();
        let surplus = (table.count >= self.most)
            .then(|| table.pop_surplus(connection.last_read))
            .flatten();
        table.push(key, connection);
        let is_waited_for = table.waiting > 0;
        drop(table);
        // Closed outside the lock.
        drop(surplus);
        if is_waited_for {
            self.released.notify_one();
        }
    }

    /// Closes the idle connections under `key`.
    pub(super) fn forget(&self, key: &str) {
        let forgotten = self.lock().remove(key);
        // Closed outside the lock.
        drop(forgotten);
    }

    /// Has every connection under `key` checked before it is reused: one of them brought bytes that nobody
    /// had asked for.
    pub(super) fn distrust(&self, key: &Arc<str>) {
        let mut table = self.lock();
        if table.distrusted.len() < MAX_DISTRUSTED {
            table.distrusted.insert(Arc::clone(key));
        }
    }

    /// Notes that a connection has been made.
    pub(super) fn note_made(&self) {
        self.lock().last_made = Instant::now();
    }

    /// Notes that a connection was closed, whose resources may serve another.
    pub(super) fn note_closed(&self) {
        if self.lock().waiting > 0 {
            self.released.notify_one();
        }
    }

    /// Frees a resource of this machine that is exhausted, by closing the oldest idle connection; or waits
    /// a moment for one. False if the run has waited long enough.
    pub(super) fn await_resource(&self, shortage: Shortage) -> bool {
        let mut table = self.lock();
        // A closed connection gives back its descriptor and memory, but not its port.
        if shortage != Shortage::Ports
            && let Some(oldest) = table.pop_oldest()
        {
            drop(table);
            drop(oldest);
            return true;
        }
        if table.last_made.elapsed() >= self.patience {
            return false;
        }
        table.waiting += 1;
        let waited = self.released.wait_timeout(table, PATIENCE_TICK);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting -= 1;
        true
    }

    fn lock(&self) -> MutexGuard<'_, ConnectionTable> {
        // Each change is whole before anything can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionTable {
    /// The newest connection under `key`, and true if that key is trusted.
    fn pop(&mut self, key: &str) -> Option<(IdleConnection, bool)> {
        let newest = self.newest_of_key.get_mut(key)?;
        let place = (*newest)?;
        let older = self.slots[place].older_of_key;
        *newest = older;
        if older.is_none() && self.newest_of_key.len() > KEPT_KEYS {
            self.newest_of_key.remove(key);
        }
        let (_, connection) = self.unlink(place)?;
        let is_trusted = self.distrusted.len() < MAX_DISTRUSTED && !self.distrusted.contains(key);
        Some((connection, is_trusted))
    }

    fn push(&mut self, key: &Arc<str>, connection: IdleConnection) {
        self.last_made = connection.last_read;
        self.count += 1;
        let place = self.free.pop().unwrap_or(self.slots.len());
        let older_of_key = match self.newest_of_key.get_mut(key) {
            Some(newest) => newest.replace(place),
            None => {
                self.newest_of_key.insert(Arc::clone(key), Some(place));
                None
            }
        };
        let slot = IdleSlot {
            content: Some((Arc::clone(key), connection)),
            older: self.newest,
            newer: None,
            older_of_key,
            newer_of_key: None,
        };
        match self.slots.get_mut(place) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        if let Some(older) = self.newest {
            self.slots[older].newer = Some(place);
        }
        if let Some(older) = older_of_key {
            self.slots[older].newer_of_key = Some(place);
        }
        self.newest = Some(place);
        self.oldest.get_or_insert(place);
    }

    fn pop_oldest(&mut self) -> Option<IdleConnection> {
        self.pop_at(self.oldest?)
    }

    /// The connection that makes way for another in a full table: the oldest if its time is over, otherwise one
    /// at random.
    fn pop_surplus(&mut self, now: Instant) -> Option<IdleConnection> {
        let oldest = self.slots[self.oldest?].content.as_ref();
        if oldest.is_some_and(|(_, oldest)| oldest.is_expired(oldest.idle_time(now))) {
            return self.pop_oldest();
        }
        // A slot is added only when no other is free, so a full table has no free one.
        let place = self.random.usize(..self.slots.len());
        self.pop_at(place)
    }

    fn pop_at(&mut self, place: Place) -> Option<IdleConnection> {
        let older_of_key = self.slots[place].older_of_key;
        let (key, connection) = self.unlink(place)?;
        if self.newest_of_key.get(&key) == Some(&Some(place)) {
            match older_of_key {
                Some(_) => self.newest_of_key.insert(key, older_of_key),
                None => self.newest_of_key.remove(&key),
            };
        }
        Some(connection)
    }

    /// Removes all connections under `key`.
    fn remove(&mut self, key: &str) -> Vec<IdleConnection> {
        let mut removed = Vec::new();
        while let Some((connection, _)) = self.pop(key) {
            removed.push(connection);
        }
        removed
    }

    /// Takes the connection at `place` out of both lists. If it is the newest of its key, the caller says which is now.
    fn unlink(&mut self, place: Place) -> Option<(Arc<str>, IdleConnection)> {
        let slot = &mut self.slots[place];
        let (key, connection) = slot.content.take()?;
        let (older, newer) = (slot.older, slot.newer);
        let (older_of_key, newer_of_key) = (slot.older_of_key, slot.newer_of_key);
        match newer {
            Some(newer) => self.slots[newer].older = older,
            None => self.newest = older,
        }
        match older {
            Some(older) => self.slots[older].newer = newer,
            None => self.oldest = newer,
        }
        if let Some(older) = older_of_key {
            self.slots[older].newer_of_key = newer_of_key;
        }
        if let Some(newer) = newer_of_key {
            self.slots[newer].older_of_key = older_of_key;
        }
        self.free.push(place);
        self.count -= 1;
        Some((key, connection))
    }
}

impl fmt::Debug for Connections {
    // The keys hold the passwords of proxies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
