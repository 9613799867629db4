//! The grid of starts that a rate gives: when each was intended, and by how much later it came.

use std::time::{Duration, Instant};

use super::rate_course::RateCourse;
use crate::model::pacing::{MissedBy, StartRate};

/// The places of the grid that are taken so far.
///
/// A start that is late because no worker was free, or because pfetch itself was held up (stopped by a signal, short of
/// a processor, blocked on its output), takes the place that it was to have, and those behind it the places that follow:
/// what made them wait is part of their delay. Else a server that stalls would be asked less while it does, and the
/// requests that it did not get would be missing from the figures ("coordinated omission": Gil Tene, "How NOT to Measure
/// Latency", 2013, and wrk2).
///
/// wrk2 catches up with its grid by sending at up to twice the rate. Here the rate is a promise to the server, a token
/// bucket of the depth one: two starts are never nearer to each other than it says, and starts that are behind stay
/// behind. Their delay ends at the moment from which wrk2 would have sent them, that of the end of the stall: it delays
/// as many starts as fall into it, and not all that follow.
///
/// A start that comes late by less than its place is long has made no other wait, so that the grid goes on from it. A
/// machine that is suspended stops the clock too (`CLOCK_MONOTONIC`), and with it what is intended.
#[derive(Debug, Default)]
pub(super) struct RateGrid {
    /// The moment before which the rate lets nothing start.
    not_before: Option<Instant>,
    /// The place after the last that is taken.
    next: Option<Instant>,
    /// The limit that nothing could start for since the last start, if there was one.
    blocked: Option<MissedBy>,
    /// The end of the last stall.
    resumed: Option<Instant>,
    /// The delay of the last start.
    delay: Duration,
    course: RateCourse,
}

impl RateGrid {
    /// The moment before which the rate lets nothing start, if it is to come. A worker is free for that.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Instant> {
        let moment = self.not_before.filter(|moment| *moment > now)?;
        self.blocked = None;
        Some(moment)
    }

    /// Notes that items wait for the end of others: no worker is free, or an origin has as many in flight as may be.
    pub(super) fn block(&mut self, by: MissedBy) {
        self.blocked = Some(by);
    }

    /// Takes a place for the start of an item that was `ready` by then, and computes its [delay](RateGrid::delay).
    /// `awaited` is what it was not ready for before.
    pub(super) fn start(
        &mut self,
        ready: Instant,
        awaited: MissedBy,
        now: Instant,
        interval: Duration,
    ) {
        let allowed = self.not_before.unwrap_or(ready);
        let due = allowed.max(ready);
        let late = now.saturating_duration_since(due);
        if late >= interval || (self.blocked.is_some() && !late.is_zero()) {
            self.resumed = Some(now);
        }
        let behind = self.next.filter(|next| self.resumed > Some(*next));
        let (intended, possible) = match (behind, self.resumed) {
            (Some(next), Some(resumed)) => (next.max(ready), resumed),
            _ => (due, now),
        };
        self.delay = possible.saturating_duration_since(intended);
        self.next = Some(super::saturating_add(intended, interval));
        self.not_before = Some(super::saturating_add(now, interval));
        let blocked = self.blocked.take().unwrap_or(MissedBy::Pfetch);
        let lost = [(awaited, due - allowed), (blocked, late)];
        self.course.start(now, lost);
    }

    /// The time by which the last start came later than intended.
    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    /// The rate of the starts, where one each `interval` was asked for.
    pub(super) fn rate(&self, interval: Duration) -> StartRate {
        self.course.rate(interval)
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
            self.grid.start(ready, MissedBy::List, self.now, SLOT);
            self.grid.delay().as_millis()
        }

        /// Starts an item once a worker is free, so many milliseconds from the beginning.
        fn start_once_free(&mut self, free: u64) -> u128 {
            self.grid.block(MissedBy::Workers);
            self.now = self.now.max(self.began + Duration::from_millis(free));
            self.start(0)
        }

        /// Starts an item for which a worker is free all the time, no sooner than so many milliseconds from the beginning:
        /// pfetch itself is held up until then.
        fn start_once_awake(&mut self, awake: u64) -> u128 {
            self.now = self.now.max(self.began + Duration::from_millis(awake));
            self.start(0)
        }

        fn missed_by(&self) -> Option<MissedBy> {
            self.grid.rate(SLOT).missed_by
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
    fn a_stall_of_pfetch_itself_delays_as_many_starts_as_fall_into_it_and_they_come_no_faster() {
        let mut run = Run::new();
        run.delays(3);
        // As after SIGCONT: the fourth was intended at 30 ms.
        assert_eq!(run.start_once_awake(75), 45);
        for (expected, at) in [(35, 85), (25, 95), (15, 105), (5, 115), (0, 125), (0, 135)] {
            assert_eq!((run.start(0), run.in_millis()), (expected, at));
        }
        // The next stall begins from nothing.
        let awake = run.in_millis() + 22;
        assert_eq!(run.start_once_awake(awake), 12);
        assert_eq!(run.delays(3), [2, 0, 0]);
    }

    #[test]
    fn small_delays_of_starts_behind_a_stall_are_no_further_stalls() {
        let mut run = Run::new();
        run.delays(3);
        run.start_once_awake(75);
        let mut delays = Vec::new();
        for _ in 0..7 {
            let due = run.grid.wait(run.now).expect("the next is a slot away");
            run.now = due + Duration::from_micros(400);
            run.grid.start(run.began, MissedBy::List, run.now, SLOT);
            delays.push(run.grid.delay().as_micros());
        }
        assert_eq!(delays, [35_000, 25_000, 15_000, 5_000, 400, 400, 400]);
    }

    #[test]
    fn a_rate_is_missed_by_what_made_most_starts_late() {
        let mut run = Run::new();
        for k in 0..20 {
            run.start_once_free(15 * k);
        }
        assert_eq!(run.missed_by(), Some(MissedBy::Workers));
        let mut run = Run::new();
        for k in 0..20 {
            run.start(15 * k);
        }
        assert_eq!(run.missed_by(), Some(MissedBy::List));
        let mut run = Run::new();
        run.delays(15);
        let awake = run.in_millis() + 1000;
        run.start_once_awake(awake);
        run.delays(15);
        assert_eq!(run.missed_by(), Some(MissedBy::Pfetch));
        let mut run = Run::new();
        run.delays(30);
        assert_eq!(run.missed_by(), None);
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
            run.grid.block(MissedBy::Workers);
            let due = run.grid.wait(run.now).unwrap_or(run.now);
            run.now = due + Duration::from_micros(70);
            run.grid.start(run.began, MissedBy::List, run.now, SLOT);
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
