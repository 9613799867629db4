//! The grid of starts that a rate gives: when each was intended, and by how much later it came.

use std::time::{Duration, Instant};

/// The places of the grid that are taken so far.
///
/// A start that is late because no worker was free takes the place that it was to have, and those behind it the places
/// that follow: what a busy worker made them wait is part of their delay. Else a server that stalls would be asked less
/// while it does, and the requests that it did not get would be missing from the figures ("coordinated omission": Gil
/// Tene, "How NOT to Measure Latency", 2013, and wrk2).
///
/// wrk2 catches up with its grid by sending faster than the rate. Here the rate is a promise to the server, so starts
/// that are behind stay behind. Their delay ends at the moment from which a worker was free again and wrk2 would
/// have sent them: a stall delays as many starts as fall into it, and not all that follow.
#[derive(Debug, Default)]
pub(super) struct RateGrid {
    /// The moment before which the rate lets nothing start.
    not_before: Option<Instant>,
    /// The place after the last that is taken.
    next: Option<Instant>,
    /// True if no worker has been free since the last start.
    is_blocked: bool,
    /// The end of the last wait for a worker.
    freed: Option<Instant>,
    /// The delay of the last start.
    delay: Duration,
}

impl RateGrid {
    /// The moment before which the rate lets nothing start, if it is to come. A worker is free for that.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Instant> {
        let moment = self.not_before.filter(|moment| *moment > now)?;
        self.is_blocked = false;
        Some(moment)
    }

    /// Notes that items wait for the end of others: no worker is free, or an origin has as many in flight as may be.
    pub(super) fn block(&mut self) {
        self.is_blocked = true;
    }

    /// Takes a place for the start of an item that was `ready` by then, and computes its [delay](RateGrid::delay).
    pub(super) fn start(&mut self, ready: Instant, now: Instant, interval: Duration) {
        let due = self
            .not_before
            .map_or(ready, |not_before| not_before.max(ready));
        if self.is_blocked && due < now {
            self.freed = Some(now);
        }
        let behind = self.next.filter(|next| self.freed > Some(*next));
        let (intended, possible) = match (behind, self.freed) {
            (Some(next), Some(freed)) => (next.max(ready), freed),
            _ => (due, now),
        };
        self.delay = possible.saturating_duration_since(intended);
        self.next = Some(super::saturating_add(intended, interval));
        self.not_before = Some(super::saturating_add(now, interval));
        self.is_blocked = false;
    }

    /// The time by which the last start came later than intended.
    pub(super) fn delay(&self) -> Duration {
        self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Duration = Duration::from_millis(10);

    /// A run with a rate, whose items are all there from the beginning.
    struct Run {
        began: Instant,
        grid: RateGrid,
        now: Instant,
    }

    impl Run {
        fn new() -> Self {
            let began = Instant::now();
            Run {
                began,
                grid: RateGrid::default(),
                now: began,
            }
        }

        /// Starts an item that is there from this moment on, in milliseconds, and returns its delay in these.
        fn start(&mut self, ready: u64) -> u128 {
            let ready = self.began + Duration::from_millis(ready);
            self.now = self.now.max(ready);
            self.now = self.grid.wait(self.now).unwrap_or(self.now);
            self.grid.start(ready, self.now, SLOT);
            self.grid.delay().as_millis()
        }

        /// Starts an item once a worker is free, so many milliseconds from the beginning.
        fn start_once_free(&mut self, free: u64) -> u128 {
            self.grid.block();
            self.now = self.now.max(self.began + Duration::from_millis(free));
            self.start(0)
        }

        fn delays(&mut self, starts: usize) -> Vec<u128> {
            (0..starts).map(|_| self.start(0)).collect()
        }

        fn in_millis(&self) -> u64 {
            (self.now - self.began).as_millis() as u64
        }
    }

    #[test]
    fn starts_at_their_time_have_no_delay() {
        assert_eq!(Run::new().delays(5), [0; 5]);
    }

    #[test]
    fn a_stall_delays_as_many_starts_as_fall_into_it() {
        let mut run = Run::new();
        run.delays(3);
        // The fourth was intended at 30 ms; workers are free again at 75 ms.
        assert_eq!(run.start_once_free(75), 45);
        assert_eq!(run.delays(6), [35, 25, 15, 5, 0, 0]);
        // The next stall begins from nothing.
        let free = run.in_millis() + 22;
        assert_eq!(run.start_once_free(free), 12);
        assert_eq!(run.delays(3), [2, 0, 0]);
    }

    #[test]
    fn delays_grow_as_long_as_workers_cannot_keep_up() {
        let mut run = Run::new();
        // One worker, which needs one and a half slots for each.
        let delays: Vec<u128> = (0..5).map(|k| run.start_once_free(15 * k)).collect();
        assert_eq!(delays, [0, 5, 10, 15, 20]);
    }

    #[test]
    fn a_worker_that_is_free_in_time_is_no_stall() {
        let mut run = Run::new();
        run.start(0);
        for _ in 0..5 {
            let free = run.in_millis() + 5;
            assert_eq!(run.start_once_free(free), 0);
        }
    }

    #[test]
    fn late_wake_ups_do_not_add_up() {
        let mut run = Run::new();
        for _ in 0..1000 {
            // The worker is busy for a while, and free in time.
            run.grid.block();
            let due = run.grid.wait(run.now).unwrap_or(run.now);
            run.now = due + Duration::from_micros(70);
            run.grid.start(run.began, run.now, SLOT);
            assert!(run.grid.delay().as_micros() <= 70, "{:?}", run.grid);
        }
    }

    #[test]
    fn an_item_that_comes_later_is_not_late_for_what_was_before_it() {
        let mut run = Run::new();
        run.delays(3);
        run.start_once_free(75);
        // The list gave nothing for a while; those that were behind are gone.
        assert_eq!(run.start(500), 0);
        let free = run.in_millis() + 30;
        assert_eq!(run.start_once_free(free), 20);
    }
}
