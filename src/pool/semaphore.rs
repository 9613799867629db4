//! The [`Semaphore`]: a counting semaphore, in all or for each key.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bounds the number of holders of the same key at a time.
///
/// With the key `()` this is the classic counting semaphore; with a host name as the key it limits
/// the work on each host. Clones share the count. A key costs memory only while it is held.
///
/// ```
/// use pfetch::pool::Semaphore;
///
/// let per_host = Semaphore::new(1);
/// let permit = per_host.acquire("a.example");
/// assert!(per_host.try_acquire("a.example").is_none());
/// assert!(per_host.try_acquire("b.example").is_some());
/// drop(permit);
/// assert!(per_host.try_acquire("a.example").is_some());
/// ```
pub struct Semaphore<K = ()> {
    shared: Arc<SemaphoreState<K>>,
    limit: usize,
}

struct SemaphoreState<K> {
    held: Mutex<HashMap<K, usize>>,
    released: Condvar,
}

/// A permit of a [`Semaphore`], released when dropped. It owns its share, so it can move into a job.
#[must_use = "the permit is released as soon as it is dropped"]
pub struct Permit<K: Eq + Hash = ()> {
    key: K,
    shared: Arc<SemaphoreState<K>>,
}

impl<K: Eq + Hash + Clone> Semaphore<K> {
    /// Makes a semaphore with `limit` permits for each key.
    ///
    /// # Panics
    ///
    /// If `limit` is 0: `acquire` would block for ever.
    pub fn new(limit: usize) -> Self {
        assert!(limit > 0, "a semaphore needs at least one permit");
        Semaphore {
            shared: Arc::new(SemaphoreState {
                held: Mutex::new(HashMap::new()),
                released: Condvar::new(),
            }),
            limit,
        }
    }

    /// Blocks until a permit for `key` is free.
    pub fn acquire(&self, key: K) -> Permit<K> {
        let mut held = self.shared.lock();
        loop {
            if let Some(permit) = self.enter(&mut held, &key) {
                return permit;
            }
            held = self
                .shared
                .released
                .wait(held)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`acquire`](Semaphore::acquire), for at most `timeout`; `None` if none was free by then.
    pub fn acquire_timeout(&self, key: K, timeout: Duration) -> Option<Permit<K>> {
        let started = Instant::now();
        let mut held = self.shared.lock();
        loop {
            if let Some(permit) = self.enter(&mut held, &key) {
                return Some(permit);
            }
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                return None;
            }
            held = self
                .shared
                .released
                .wait_timeout(held, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Takes a permit for `key` if one is free now.
    pub fn try_acquire(&self, key: K) -> Option<Permit<K>> {
        self.enter(&mut self.shared.lock(), &key)
    }

    /// The number of permits for `key` that are held.
    pub fn held(&self, key: &K) -> usize {
        self.shared.lock().get(key).copied().unwrap_or(0)
    }

    fn enter(&self, held: &mut HashMap<K, usize>, key: &K) -> Option<Permit<K>> {
        let count = held.get(key).copied().unwrap_or(0);
        if count >= self.limit {
            return None;
        }
        held.insert(key.clone(), count + 1);
        Some(Permit {
            key: key.clone(),
            shared: Arc::clone(&self.shared),
        })
    }
}

impl<K> SemaphoreState<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        // Only a key's own `Hash` and `Eq` run under this lock; the counts are changed after them.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for Permit<K> {
    fn drop(&mut self) {
        let mut held = self.shared.lock();
        if let Some(count) = held.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.key);
            }
        }
        drop(held);
        // All of them, because the thread that waits for this key may not be the first in line.
        self.shared.released.notify_all();
    }
}

impl<K> Clone for Semaphore<K> {
    fn clone(&self) -> Self {
        Semaphore {
            shared: Arc::clone(&self.shared),
            limit: self.limit,
        }
    }
}

impl<K> fmt::Debug for Semaphore<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("limit", &self.limit)
            .field("keys_held", &self.shared.lock().len())
            .finish()
    }
}

impl<K: Eq + Hash> fmt::Debug for Permit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
