//! The clock of the display: time in which the process ran. The time in which it was stopped (Ctrl-Z) is left
//! out, or a rate would drop by it and a time left grow.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most stops that are remembered.
const MAX_STOPS: usize = 256;

/// A clock that stands still while the process is stopped.
#[derive(Debug, Clone, Default)]
pub(super) struct RunningClock {
    /// The beginning and the end of each stop.
    stops: Arc<Mutex<Vec<(Instant, Instant)>>>,
}

impl RunningClock {
    /// Records a stop.
    pub(super) fn record_stop(&self, from: Instant, to: Instant) {
        let mut stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        if stops.len() == MAX_STOPS {
            stops.remove(0);
        }
        stops.push((from, to));
    }

    /// The running time between two moments.
    pub(super) fn between(&self, from: Instant, to: Instant) -> Duration {
        let stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped: Duration = stops
            .iter()
            .map(|&(stop, go)| go.min(to).saturating_duration_since(stop.max(from)))
            .sum();
        to.saturating_duration_since(from).saturating_sub(stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_count_as_far_as_they_lie_in_between() {
        let clock = RunningClock::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        clock.record_stop(at(2), at(5));
        clock.record_stop(at(8), at(9));
        for (from, to, running) in [
            (0, 2, 2),
            (0, 3, 2),
            (0, 5, 2),
            (0, 6, 3),
            (3, 4, 0),
            (4, 10, 4),
            (9, 10, 1),
            (6, 0, 0),
        ] {
            let found = clock.between(at(from), at(to));
            assert_eq!(found, Duration::from_secs(running), "{from} to {to}");
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_stops() {
        let clock = RunningClock::default();
        let start = Instant::now();
        for _ in 0..3 * MAX_STOPS {
            clock.record_stop(start, start);
        }
        let kept = clock.stops.lock().expect("nothing has panicked").len();
        assert_eq!(kept, MAX_STOPS);
    }
}
