//! The removal of items that wait, of some origins or all.

use std::sync::Arc;
use std::time::Instant;

use super::Schedule;

impl<T> Schedule<T> {
    /// Removes the items that wait and that `is_removed` is true of, in the order of their sequence numbers. Items that
    /// are [not due yet](Schedule::offer_later) stay.
    pub(crate) fn remove(&mut self, is_removed: impl Fn(&T) -> bool, now: Instant) -> Vec<T> {
        // By name: an origin without items is forgotten, and perhaps another one for it.
        let names: Vec<_> = (self.origins.iter())
            .map(|(name, _)| Arc::clone(name))
            .collect();
        let mut all = Vec::new();
        for name in names {
            let Some(id) = self.origins.find(&name) else {
                continue;
            };
            let entry = &mut self.origins[id];
            let returned = entry.returned();
            let removed = entry.remove(|offered| is_removed(&offered.item));
            self.returned -= returned - entry.returned();
            self.waiting -= removed.len();
            all.extend(removed);
            self.relist(id, now);
        }
        all.sort_by_key(|(sequence, _)| *sequence);
        all.into_iter().map(|(_, offered)| offered.item).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{NextStart, ServerPolicy, StartLimits};
    use super::*;

    #[test]
    fn what_is_removed_starts_no_more_and_the_rest_keeps_its_order() {
        let limits = StartLimits {
            per_origin: Some(1),
            ..StartLimits::default()
        };
        let mut schedule = Schedule::new(limits, ServerPolicy::default());
        let now = Instant::now();
        for number in 0..6 {
            let origin = ["http://a", "http://b"][number % 2];
            schedule.offer(origin, number as u64, number, now);
        }
        let later = now + Duration::from_secs(1);
        schedule.offer_later("http://a", 6, 6, later);
        assert_eq!(schedule.next(now), NextStart::Start(0));
        let removed = schedule.remove(|number| *number != 5, now);
        assert_eq!(removed, [1, 2, 3, 4]);
        assert_eq!(schedule.waiting(), 2);
        assert_eq!(schedule.next(now), NextStart::Start(5));
        // One of its origin is in flight.
        assert_eq!(schedule.next(later), NextStart::Nothing);
        let removed = schedule.remove(|_| true, later);
        assert_eq!((removed, schedule.waiting()), (vec![6], 0));
        assert_eq!(schedule.next(later), NextStart::Nothing);
    }
}
