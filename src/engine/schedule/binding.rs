//! The limits of the user's that keep items from starting: which of them binds, and what the rate of the run loses to them.

use std::time::Instant;

use super::origin::Origin;
use super::{MAX_SEARCHED, Schedule};
use crate::model::pacing::{BindingLimits, MissedBy};

/// The numbers of origins whose items wait for the end of others.
#[derive(Debug, Default)]
pub(super) struct FullOrigins {
    /// Of those with as many in flight as the user allows.
    asked: usize,
    /// Of those with as many as their servers have been found to take.
    found: usize,
}

impl FullOrigins {
    pub(super) fn add(&mut self, is_asked: bool) {
        *self.count(is_asked) += 1;
    }

    pub(super) fn remove(&mut self, is_asked: bool) {
        let count = self.count(is_asked);
        *count = count.saturating_sub(1);
    }

    fn count(&mut self, is_asked: bool) -> &mut usize {
        match is_asked {
            true => &mut self.asked,
            false => &mut self.found,
        }
    }

    /// The limit that nothing can start for, if no item is ready.
    pub(super) fn blocked_by(&self) -> Option<MissedBy> {
        match (self.asked, self.found) {
            (1.., _) => Some(MissedBy::PerHost),
            (0, 1..) => Some(MissedBy::Server),
            (0, 0) => None,
        }
    }
}

impl<T> Origin<T> {
    /// The moment from which an item that has waited `since` could start, and what it was not ready for before.
    /// `is_returned`: it has been started before.
    pub(super) fn ready_since(&self, since: Instant, is_returned: bool) -> (Instant, MissedBy) {
        match self.open_since.filter(|open| *open > since) {
            Some(open) if self.is_spaced(open) => (open, MissedBy::HostDelay),
            Some(open) => (open, MissedBy::Server),
            None if is_returned => (since, MissedBy::Server),
            None => (since, MissedBy::List),
        }
    }
}

impl<T> Schedule<T> {
    /// The limits of the user's that keep items from starting at this moment, if a worker is free: the rate, if an item
    /// is ready; else those that items wait for to be ready.
    pub fn binding(&self) -> BindingLimits {
        if self.is_ready() {
            return BindingLimits {
                rate: !self.limits.interval.is_zero(),
                ..BindingLimits::default()
            };
        }
        let delayed = self.delayed.iter().take(MAX_SEARCHED);
        let mut with_items = delayed.filter(|(_, origin)| self.origins[*origin].has_waiting());
        let next = with_items.next();
        BindingLimits {
            host_delay: next.is_some_and(|(until, origin)| self.origins[*origin].is_spaced(*until)),
            per_host: self.full.blocked_by() == Some(MissedBy::PerHost),
            ..BindingLimits::default()
        }
    }
}

#[cfg(test)]
mod tests;
