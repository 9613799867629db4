//! Decides between blocking on the completion channel and polling it.
//!
//! Blocking costs a wake-up per job: a system call on either side and two context switches, which is as
//! much as the job itself when bodies are small and servers near. Below 150 µs per job, sleeping 1 ms
//! and draining the channel is cheaper: a sleeping thread wakes by itself, and then finds several jobs.

use std::time::{Duration, Instant};

/// The sleep between two polls. Short against the 2 ms within which a line is promised; long against a
/// request to a server near by. The pool's queue, which holds 128 jobs at least, must not run dry
/// meanwhile.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// The number of jobs over which their rate is measured ...
const WINDOW: usize = 16;

/// ... and the time within which they have to end for polling to begin. The time of all of them counts,
/// because on a busy machine a single wait says more about the scheduler than about the job.
const WINDOW_TIME: Duration = Duration::from_micros(150 * WINDOW as u64);

/// The time for which jobs wait in the pool's queue while the engine blocks: it is long enough for whatever else
/// the engine does. A target that is to be tried again waits behind them, so it is not longer.
const AHEAD: Duration = Duration::from_millis(10);

/// The minimum number of jobs per sleep for polling to go on.
const MIN_PER_POLL: usize = 3;

/// The way in which the run waits for its jobs.
#[derive(Debug)]
pub(super) enum WaitMode {
    /// Blocks on the channel. Counts the jobs that have ended since the start of a window, and keeps how many
    /// ended within [`AHEAD`] in the one before.
    Blocking {
        since: Instant,
        ended: usize,
        ahead: usize,
    },
    /// Sleeps and drains. Counts the jobs that have ended since the last sleep, if there was one.
    Polling { since_sleep: Option<usize> },
}

impl WaitMode {
    /// Begins with blocking, because no rate is known.
    pub(super) fn new(now: Instant) -> Self {
        WaitMode::Blocking {
            since: now,
            ended: 0,
            ahead: 0,
        }
    }

    /// The jobs that are worth having in the pool's queue.
    pub(super) fn jobs_ahead(&self) -> usize {
        match self {
            WaitMode::Blocking { ahead, .. } => *ahead,
            // None may run out of work within a sleep.
            WaitMode::Polling { .. } => usize::MAX,
        }
    }

    /// Counts jobs that have ended by now.
    pub(super) fn record(&mut self, count: usize, now: Instant) {
        match self {
            WaitMode::Blocking { since, ended, .. } => {
                *ended += count;
                if *ended >= WINDOW {
                    let window = now - *since;
                    *self = if window <= WINDOW_TIME {
                        WaitMode::Polling { since_sleep: None }
                    } else {
                        let windows = AHEAD.as_secs_f64() / window.as_secs_f64();
                        WaitMode::Blocking {
                            since: now,
                            ended: 0,
                            ahead: (*ended as f64 * windows) as usize,
                        }
                    };
                }
            }
            WaitMode::Polling { since_sleep } => {
                if let Some(ended) = since_sleep {
                    *ended += count;
                }
            }
        }
    }

    /// Returns `true` if the caller should sleep for a [`POLL_INTERVAL`] instead of blocking. The call
    /// counts as that sleep.
    pub(super) fn start_poll(&mut self, now: Instant) -> bool {
        *self = match self {
            WaitMode::Blocking { .. } => return false,
            WaitMode::Polling {
                since_sleep: Some(..MIN_PER_POLL),
            } => WaitMode::new(now),
            WaitMode::Polling { .. } => WaitMode::Polling {
                since_sleep: Some(0),
            },
        };
        matches!(self, WaitMode::Polling { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    #[test]
    fn quick_jobs_start_polling() {
        let mut now = Instant::now();
        let mut mode = WaitMode::new(now);
        for _ in 0..WINDOW {
            assert!(!mode.start_poll(now));
            now += 20 * MICROSECOND;
            mode.record(1, now);
        }
        for _ in 0..100 {
            assert!(mode.start_poll(now));
            now += POLL_INTERVAL;
            mode.record(2, now);
            mode.record(0, now);
            mode.record(2, now);
        }
    }

    #[test]
    fn as_many_jobs_are_queued_as_end_while_the_engine_is_busy() {
        let mut now = Instant::now();
        let mut mode = WaitMode::new(now);
        assert_eq!(mode.jobs_ahead(), 0, "no rate is known");
        for (each, expected) in [(1000, 10), (10_000, 1), (40_000, 0), (100, usize::MAX)] {
            for _ in 0..WINDOW {
                now += each * MICROSECOND;
                mode.record(1, now);
            }
            assert_eq!(mode.jobs_ahead(), expected, "a job every {each} µs");
        }
    }

    #[test]
    fn quick_jobs_in_bursts_start_polling() {
        let mut now = Instant::now();
        let mut mode = WaitMode::new(now);
        for _ in 0..WINDOW / 8 {
            assert!(!mode.start_poll(now));
            now += 800 * MICROSECOND;
            mode.record(8, now);
        }
        assert!(mode.start_poll(now));
    }

    #[test]
    fn single_slow_jobs_are_blocked_for_and_end_polling() {
        let mut now = Instant::now();
        let mut mode = WaitMode::new(now);
        for _ in 0..100 {
            now += 20 * MICROSECOND;
            mode.record(1, now);
            now += 2000 * MICROSECOND;
            mode.record(1, now);
            assert!(!mode.start_poll(now));
        }
        for _ in 0..2 * WINDOW {
            now += 20 * MICROSECOND;
            mode.record(1, now);
        }
        assert!(mode.start_poll(now));
        now += POLL_INTERVAL;
        mode.record(1, now);
        assert!(
            !mode.start_poll(now),
            "a sleep with hardly any job ends polling"
        );
        assert!(!mode.start_poll(now));
    }
}
