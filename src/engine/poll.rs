//! Whether ended jobs are waited for one by one, or come so fast that it is better to look in on them.
//!
//! A thread that waits on a channel has to be woken by the one that sends: a system call on either
//! side and two context switches for each job, which is as much as the job itself when bodies are small
//! and servers near. A thread that sleeps for a moment wakes by itself, and then finds several.

use std::time::{Duration, Instant};

/// How long to sleep. Short against what a person or a program notices (a line is promised within 2 ms, and
/// jobs that come one at a time are waited for), long against a request to a server near by; and the
/// pool's queue must not run dry meanwhile, which holds 128 jobs at least.
pub(super) const NAP: Duration = Duration::from_millis(1);

/// So many jobs make a pace ...
const STEADY: usize = 16;

/// ... if they have ended in this time. It is the time of all of them that counts: on a busy machine a
/// single wait says more of when this thread was let run than of the job that it was for.
const QUICK: Duration = Duration::from_micros(150 * STEADY as u64);

/// So many have to end during a sleep for the next one to be worth it.
const WORTHWHILE: usize = 3;

/// How fast jobs end at present.
#[derive(Debug)]
pub(super) enum Pace {
    /// So many have ended since this moment: too few to say.
    Counting { since: Instant, ended: usize },
    /// They come so fast that sleeping is better, and so many have ended since the last sleep, if there
    /// was one.
    Brisk { since_nap: Option<usize> },
}

impl Pace {
    /// Nothing is known yet.
    pub(super) fn new(now: Instant) -> Self {
        Pace::Counting {
            since: now,
            ended: 0,
        }
    }

    /// So many more jobs have ended by now.
    pub(super) fn ended(&mut self, count: usize, now: Instant) {
        match self {
            Pace::Counting { since, ended } => {
                *ended += count;
                if *ended >= STEADY {
                    *self = if now - *since <= QUICK {
                        Pace::Brisk { since_nap: None }
                    } else {
                        Pace::new(now)
                    };
                }
            }
            Pace::Brisk { since_nap } => {
                if let Some(ended) = since_nap {
                    *ended += count;
                }
            }
        }
    }

    /// Whether to sleep for a [`NAP`] now rather than to wait for a job's end. Counts as the sleep.
    pub(super) fn is_brisk(&mut self, now: Instant) -> bool {
        *self = match self {
            Pace::Counting { .. } => return false,
            Pace::Brisk {
                since_nap: Some(..WORTHWHILE),
            } => Pace::new(now),
            Pace::Brisk { .. } => Pace::Brisk { since_nap: Some(0) },
        };
        matches!(self, Pace::Brisk { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    #[test]
    fn jobs_that_come_one_after_the_other_in_no_time_are_looked_in_on() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..STEADY {
            assert!(!pace.is_brisk(now));
            now += 20 * MICROSECOND;
            pace.ended(1, now);
        }
        for _ in 0..100 {
            assert!(pace.is_brisk(now));
            now += NAP;
            pace.ended(2, now);
            pace.ended(0, now);
            pace.ended(2, now);
        }
    }

    #[test]
    fn a_thread_that_is_let_run_late_and_then_finds_many_sees_them_come_fast_too() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..STEADY / 8 {
            assert!(!pace.is_brisk(now));
            now += 800 * MICROSECOND;
            pace.ended(8, now);
        }
        assert!(pace.is_brisk(now));
    }

    #[test]
    fn a_single_slow_job_is_waited_for_and_told_at_once() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..100 {
            now += 20 * MICROSECOND;
            pace.ended(1, now);
            now += 2000 * MICROSECOND;
            pace.ended(1, now);
            assert!(!pace.is_brisk(now));
        }
        for _ in 0..2 * STEADY {
            now += 20 * MICROSECOND;
            pace.ended(1, now);
        }
        assert!(pace.is_brisk(now));
        now += NAP;
        pace.ended(1, now);
        assert!(
            !pace.is_brisk(now),
            "a sleep in which hardly anything came was the last"
        );
        assert!(!pace.is_brisk(now));
    }
}
