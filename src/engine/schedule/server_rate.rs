//! The rate of a server that saves up the requests that it was not asked for, up to so many, as a token bucket
//! does.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The requests that are remembered beyond those that a server saves up.
const REMEMBERED: usize = 32;

#[derive(Debug)]
pub(super) struct ServerRate {
    /// The number that is saved up after a wait.
    size: usize,
    /// The starts of the last requests that were taken since then.
    taken: VecDeque<Instant>,
}

impl ServerRate {
    pub(super) fn new(size: usize) -> Self {
        ServerRate {
            size,
            taken: VecDeque::new(),
        }
    }

    /// Notes the start of a request that was taken.
    pub(super) fn success(&mut self, started: Instant) {
        if self.taken.len() >= self.size + REMEMBERED {
            self.taken.pop_front();
        }
        self.taken.push_back(started);
    }

    /// Forgets what was taken, as it says nothing of what is taken from now on.
    pub(super) fn forget(&mut self) {
        self.taken.clear();
    }

    /// The distance between starts that the server needs at most, as it has nothing left now: when any of them was
    /// taken, no more than the bucket's size was saved up, and the rest of those that came after it are what it
    /// has taken in the time since.
    pub(super) fn distance(&self, now: Instant) -> Option<Duration> {
        let beyond = self.taken.iter().rev().skip(self.size + 1).zip(2..);
        let distances = beyond.map(|(start, taken)| now.saturating_duration_since(*start) / taken);
        distances.min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_what_was_taken_beyond_what_was_saved_up() {
        let began = Instant::now();
        let mut bucket = ServerRate::new(3);
        let at = |ms| began + Duration::from_millis(ms);
        // Three that were saved up, and then one each 20 ms.
        for start in [0, 0, 0, 20] {
            bucket.success(at(start));
        }
        assert_eq!(bucket.distance(at(30)), None, "{bucket:?}");
        for start in [40, 60, 80, 100] {
            bucket.success(at(start));
        }
        assert_eq!(
            bucket.distance(at(100)),
            Some(Duration::from_millis(20)),
            "{bucket:?}"
        );
        bucket.forget();
        assert_eq!(bucket.distance(at(100)), None);
    }

    #[test]
    fn no_more_is_remembered_than_that() {
        let now = Instant::now();
        let mut bucket = ServerRate::new(5);
        for _ in 0..1000 {
            bucket.success(now);
        }
        assert_eq!(bucket.taken.len(), 5 + REMEMBERED);
    }
}
