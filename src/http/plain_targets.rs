//! The targets of a run whose servers have refused a request for the headers that pfetch had added to it, or may
//! have. The further attempts at those are made without.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

/// The most targets that are remembered. Those beyond ask with these headers again, and once more without.
const MAX_TARGETS: usize = 16 * 1024;

/// What an earlier attempt has found out about the headers that pfetch adds to a target's requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum HeaderStanding {
    /// Nothing speaks against them.
    #[default]
    Welcome,
    /// The server failed (5xx) when it was asked with them. If it does so again, they may be the reason.
    Suspected,
    /// The server refuses them.
    Refused,
}

/// The indices of those targets. One that is done is forgotten: only failed ones may be tried again.
#[derive(Debug, Default)]
pub(super) struct PlainTargets {
    standings: Mutex<HashMap<u64, HeaderStanding, RandomState>>,
    /// Set with the first of them. Most runs have none, and their workers take no lock.
    has_any: AtomicBool,
}

impl PlainTargets {
    /// The standing of the headers with this target.
    pub(super) fn standing(&self, index: u64) -> HeaderStanding {
        if !self.has_any.load(Ordering::Acquire) {
            return HeaderStanding::Welcome;
        }
        self.lock().get(&index).copied().unwrap_or_default()
    }

    /// Notes the standing after an attempt.
    pub(super) fn note(&self, index: u64, standing: HeaderStanding, is_done: bool) {
        let is_known = self.has_any.load(Ordering::Acquire);
        if !is_known && (is_done || standing == HeaderStanding::Welcome) {
            return;
        }
        let mut standings = self.lock();
        if is_done || standing == HeaderStanding::Welcome {
            standings.remove(&index);
        } else if standings.len() < MAX_TARGETS || standings.contains_key(&index) {
            standings.insert(index, standing);
            self.has_any.store(true, Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, HeaderStanding, RandomState>> {
        // No caller's code runs under this lock, so a poisoned one is still consistent.
        self.standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::HeaderStanding::{Refused, Suspected, Welcome};
    use super::*;

    #[test]
    fn a_target_is_remembered_until_it_is_done_and_only_so_many_are() {
        let targets = PlainTargets::default();
        assert_eq!(targets.standing(0), Welcome);
        targets.note(1, Refused, true);
        assert_eq!(targets.standing(1), Welcome);
        let most = MAX_TARGETS as u64;
        for index in 0..=most {
            targets.note(index, Suspected, false);
        }
        assert_eq!(targets.standing(0), Suspected);
        assert_eq!(targets.standing(most - 1), Suspected);
        assert_eq!(targets.standing(most), Welcome);
        targets.note(0, Refused, false);
        assert_eq!(targets.standing(0), Refused);
        targets.note(0, Refused, true);
        assert_eq!(targets.standing(0), Welcome);
        targets.note(1, Welcome, false);
        assert_eq!(targets.standing(1), Welcome);
    }
}
