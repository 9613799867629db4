//! The course of the starts under a rate: how often they came, and what they came late for.

use std::time::{Duration, Instant};

use crate::model::pacing::{MissedBy, StartRate};

/// The share of the rate asked for from which on it is kept.
const KEPT: f64 = 0.9;

/// The starts from which on it is told why a rate was missed: one late start is half of two, and no rate.
const FEWEST: u64 = 10;

/// The starts so far, and the time that was lost between them.
#[derive(Debug, Default)]
pub(super) struct RateCourse {
    starts: u64,
    span: Option<(Instant, Instant)>,
    /// The time lost to each reason, which are few.
    lost: Vec<(MissedBy, Duration)>,
}

impl RateCourse {
    /// Notes a start, and by how much it came later than the rate allowed, by reason.
    pub(super) fn start(&mut self, now: Instant, late: [(MissedBy, Duration); 2]) {
        self.starts += 1;
        // The rate is that of the distances between starts, of which the first has none.
        let is_first = self.span.is_none();
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
        let lost = late.into_iter().filter(|(_, time)| !time.is_zero());
        for (why, time) in lost.filter(|_| !is_first) {
            match self.lost.iter_mut().find(|(known, _)| *known == why) {
                Some((_, sum)) => *sum += time,
                None => self.lost.push((why, time)),
            }
        }
    }

    /// The rate of the starts, where one each `interval` was asked for.
    pub(super) fn rate(&self, interval: Duration) -> StartRate {
        let asked = interval.as_secs_f64().recip();
        let seconds = self
            .span
            .map_or(0.0, |(first, last)| (last - first).as_secs_f64());
        let distances = self.starts.saturating_sub(1);
        let reached = (seconds > 0.0).then(|| distances as f64 / seconds);
        let is_missed =
            self.starts >= FEWEST && reached.is_some_and(|reached| reached < KEPT * asked);
        let most_lost = self.lost.iter().max_by_key(|(_, time)| *time);
        StartRate {
            // An interval of whole nanoseconds is off in the ninth digit or so.
            asked: rounded(asked),
            reached: reached.map(rounded),
            missed_by: most_lost.map(|(why, _)| *why).filter(|_| is_missed),
        }
    }
}

/// The number to six significant digits.
fn rounded(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Duration = Duration::from_millis(100);

    /// Starts so many items, each later than the rate allows by this much.
    fn course(starts: u32, late: [(MissedBy, Duration); 2]) -> RateCourse {
        let began = Instant::now();
        let distance = SLOT + late.iter().map(|(_, time)| *time).sum::<Duration>();
        let mut course = RateCourse::default();
        for start in 0..starts {
            course.start(began + distance * start, late);
        }
        course
    }

    #[test]
    fn a_rate_is_that_from_the_first_start_to_the_last() {
        let in_time = course(11, [(MissedBy::List, Duration::ZERO); 2]).rate(SLOT);
        let kept = StartRate {
            asked: 10.0,
            reached: Some(10.0),
            missed_by: None,
        };
        assert_eq!(in_time, kept);
        let one = course(1, [(MissedBy::List, SLOT); 2]).rate(SLOT);
        assert_eq!((one.reached, one.missed_by), (None, None));
        assert_eq!(rounded(120.000_004_8), 120.0);
    }

    #[test]
    fn a_missed_rate_has_the_reason_to_which_most_time_was_lost() {
        let (list, workers) = (MissedBy::List, MissedBy::Workers);
        for (starts, late, missed_by) in [
            (20, [(list, SLOT), (workers, SLOT / 2)], Some(list)),
            (20, [(list, SLOT / 2), (workers, SLOT)], Some(workers)),
            // Too few, and too little.
            (9, [(list, SLOT), (workers, SLOT)], None),
            (20, [(list, SLOT / 20), (workers, SLOT / 20)], None),
        ] {
            let rate = course(starts, late).rate(SLOT);
            assert_eq!(rate.missed_by, missed_by, "{starts} {late:?}: {rate:?}");
        }
    }
}
