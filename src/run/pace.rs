//! Whether ended jobs are waited for one by one, or come so fast that it is better to look in on them.
//!
//! A thread that waits on a channel has to be woken by the one that sends: a system call on either
//! side and two context switches for each job, which is as much as the job itself when bodies are small
//! and servers near. A thread that sleeps for a moment wakes by itself, and then finds several.

use std::time::Duration;

/// How long to sleep. Short against what a person or a program notices (a line is promised within 2 ms),
/// long against a request to a server near by.
pub(super) const NAP: Duration = Duration::from_micros(250);

/// A job that ends within this time of the last one is quick.
const QUICK: Duration = Duration::from_micros(150);

/// So many of them in a row make a pace.
const STEADY: u32 = 8;

/// So many have to end during a sleep for the next one to be worth it.
const WORTHWHILE: usize = 3;

/// How fast jobs end at present.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Waits in a row that were short.
    quick: u32,
    /// Jobs that have ended since the last sleep, if there was one.
    since_nap: Option<usize>,
}

impl Pace {
    /// A wait for a job's end took this long.
    pub(super) fn woken_after(&mut self, waited: Duration) {
        self.quick = if waited < QUICK { self.quick + 1 } else { 0 };
    }

    /// So many jobs had ended when somebody looked.
    pub(super) fn collected(&mut self, ended: usize) {
        if let Some(count) = &mut self.since_nap {
            *count += ended;
        }
    }

    /// Whether to sleep for a [`NAP`] now rather than to wait for a job's end. Counts as the sleep.
    pub(super) fn is_brisk(&mut self) -> bool {
        match self.since_nap {
            Some(ended) if ended < WORTHWHILE => *self = Pace::default(),
            Some(_) => self.since_nap = Some(0),
            None if self.quick >= STEADY => self.since_nap = Some(0),
            None => {}
        }
        self.since_nap.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_that_come_one_after_the_other_in_no_time_are_looked_in_on() {
        let mut pace = Pace::default();
        for _ in 0..STEADY {
            assert!(!pace.is_brisk());
            pace.woken_after(Duration::from_micros(20));
        }
        assert!(pace.is_brisk());
        for _ in 0..100 {
            pace.collected(2);
            pace.collected(0);
            pace.collected(2);
            assert!(pace.is_brisk());
        }
    }

    #[test]
    fn a_single_slow_job_is_waited_for_and_told_at_once() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.woken_after(Duration::from_micros(20));
            pace.woken_after(Duration::from_millis(2));
            assert!(!pace.is_brisk());
        }
        for _ in 0..STEADY {
            pace.woken_after(Duration::from_micros(20));
        }
        assert!(pace.is_brisk());
        pace.collected(1);
        assert!(
            !pace.is_brisk(),
            "a sleep in which hardly anything came was the last"
        );
        assert!(!pace.is_brisk());
    }
}
