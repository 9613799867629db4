//! The tests of `rate_grid`.

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
