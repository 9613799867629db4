//! The targets of a run whose servers have refused a request for the headers that pfetch had added to it.
//! Their further attempts are made without.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

/// The most targets that are remembered. Those beyond ask with these headers again, and once more without.
const MAX_TARGETS: usize = 16 * 1024;

/// The indices of those targets. One that is done is forgotten: only failed ones may be tried again.
#[derive(Debug, Default)]
pub(super) struct PlainTargets {
    indices: Mutex<HashSet<u64, RandomState>>,
    /// Set with the first of them. Most runs have none, and their workers take no lock.
    has_any: AtomicBool,
}

impl PlainTargets {
    /// True if the target is to be asked for plainly.
    pub(super) fn contains(&self, index: u64) -> bool {
        self.has_any.load(Ordering::Acquire) && self.lock().contains(&index)
    }

    /// Notes the end of an attempt that was made plainly.
    pub(super) fn note(&self, index: u64, is_done: bool) {
        let mut indices = self.lock();
        if is_done {
            indices.remove(&index);
        } else if indices.len() < MAX_TARGETS {
            indices.insert(index);
            self.has_any.store(true, Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u64, RandomState>> {
        // No caller's code runs under this lock, so a poisoned one is still consistent.
        self.indices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_remembered_until_it_is_done_and_only_so_many_are() {
        let targets = PlainTargets::default();
        assert!(!targets.contains(0));
        targets.note(1, true);
        assert!(!targets.contains(1));
        let most = MAX_TARGETS as u64;
        for index in 0..=most {
            targets.note(index, false);
        }
        assert!(targets.contains(0) && targets.contains(most - 1));
        assert!(!targets.contains(most));
        targets.note(0, true);
        assert!(!targets.contains(0));
    }
}
