//! The knee of a sweep: the worker count after which more workers hardly help.

use super::interval::Interval;

/// The tolerance for a time to count as close to the best one: 5 % longer.
pub(super) const CLOSE: f64 = 1.05;

/// The gain of more workers than the knee that the runs have to exclude: 10 % beyond what counts as close.
const OPEN: f64 = 1.1;

/// Tests whether the interval of what more workers than the knee gain, as a ratio of times, leaves it open that they gain
/// clearly.
pub fn is_gain_open(gain: Interval) -> bool {
    gain.high > CLOSE * OPEN
}

/// Tests whether two times are within 5 % of each other, which no knee tells apart.
pub fn is_close(one: f64, other: f64) -> bool {
    one <= CLOSE * other && other <= CLOSE * one
}

/// The ratio of two worker counts up to which both are as good an answer: a third more.
const RESOLUTION: (usize, usize) = (4, 3);

/// Tests whether two worker counts, the smaller one first, are so near that a sweep need not tell them apart.
pub(super) fn is_within_resolution(fewer: usize, more: usize) -> bool {
    more.saturating_mul(RESOLUTION.1) <= fewer.saturating_mul(RESOLUTION.0)
}

/// The measurement of a sweep at one worker count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepPoint {
    /// The worker count.
    pub workers: usize,
    /// The typical time in seconds: the median of the runs, or their geometric mean where the interval is by a pooled scatter.
    pub seconds: f64,
    /// The 95 % confidence interval of it, if there were at least two runs.
    pub interval: Option<Interval>,
}

impl SweepPoint {
    pub(super) fn interval(&self) -> Interval {
        self.interval.unwrap_or(Interval {
            low: self.seconds,
            high: self.seconds,
        })
    }
}

/// The knee of a sweep, by two criteria.
///
/// Both counts are the same unless the intervals are wide; where they differ by more than a third, more runs would
/// decide.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Knee {
    /// The smallest worker count that is not shown to be more than 5 % slower than another: its interval
    /// reaches down to within 5 % of every other one's. As with an assertion, an interval that straddles the
    /// bound is no failure.
    #[schemars(range(min = 1))]
    pub workers: usize,
    /// The smallest worker count whose time is within 5 % of the best time, regardless of the intervals.
    /// Never below `workers`.
    #[schemars(range(min = 1))]
    pub by_means: usize,
}

impl Knee {
    /// Tests whether both criteria agree, or differ by no more than a third: 12 or 16 workers are an answer, 4 or 16
    /// are none.
    pub fn is_decided(&self) -> bool {
        is_within_resolution(self.workers, self.by_means)
    }

    /// Finds the knee of these points, in any order. `None` if there are none, or if a time in them is not
    /// finite. The best point is the one with the shortest time.
    pub fn of(points: &[SweepPoint]) -> Option<Self> {
        if !points.iter().all(|point| point.seconds.is_finite()) {
            return None;
        }
        let best = points
            .iter()
            .min_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
        let smallest = |is_close: &dyn Fn(&SweepPoint) -> bool| {
            let close = points.iter().filter(|point| is_close(point));
            close.map(|point| point.workers).min()
        };
        let by_means = smallest(&|point| point.seconds <= CLOSE * best.seconds)?;
        // The best takes no longer than the one that is known best: its own interval may be wide.
        let highs = points.iter().map(|point| point.interval().high);
        let best_high = highs.fold(f64::INFINITY, f64::min);
        let by_intervals = smallest(&|point| point.interval().low <= CLOSE * best_high);
        Some(Knee {
            // An interval that does not contain its own time is ignored.
            workers: by_intervals.unwrap_or(by_means).min(by_means),
            by_means,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(points: &[(usize, f64, f64)]) -> Option<Knee> {
        let point = |&(workers, seconds, reach): &(usize, f64, f64)| SweepPoint {
            workers,
            seconds,
            interval: (reach > 0.0).then_some(Interval {
                low: seconds - reach,
                high: seconds + reach,
            }),
        };
        Knee::of(&points.iter().map(point).collect::<Vec<_>>())
    }

    #[test]
    fn the_knee_is_the_smallest_count_close_to_the_best() {
        let points = [
            (1, 8.0, 0.0),
            (2, 4.1, 0.0),
            (4, 2.2, 0.0),
            (8, 2.04, 0.0),
            (16, 2.0, 0.0),
            (32, 2.5, 0.0),
        ];
        let knee = sweep(&points).unwrap();
        assert_eq!((knee.workers, knee.by_means), (8, 8));
        let mut backwards = points;
        backwards.reverse();
        assert_eq!(sweep(&backwards), Some(knee));
    }

    #[test]
    fn wide_intervals_move_it_and_narrow_ones_do_not() {
        let wide = [(1, 8.0, 0.5), (4, 2.3, 0.3), (8, 2.04, 0.1), (16, 2.0, 0.1)];
        let knee = sweep(&wide).unwrap();
        assert_eq!((knee.workers, knee.by_means), (4, 8));
        let narrow = [
            (1, 8.0, 0.5),
            (4, 2.3, 0.05),
            (8, 2.04, 0.05),
            (16, 2.0, 0.05),
        ];
        let knee = sweep(&narrow).unwrap();
        assert_eq!((knee.workers, knee.by_means), (8, 8));
    }

    #[test]
    fn two_counts_that_differ_by_a_third_decide_it() {
        for (workers, by_means, is_decided) in [
            (4, 4, true),
            (12, 16, true),
            (11, 16, false),
            (3, 4, true),
            (1, 2, false),
        ] {
            let knee = Knee { workers, by_means };
            assert_eq!(knee.is_decided(), is_decided, "{knee:?}");
        }
    }

    #[test]
    fn a_noisy_best_lets_in_none_that_another_is_clearly_faster_than() {
        let noisy = [
            (1, 2.03, 0.01),
            (2, 1.02, 0.01),
            (4, 0.511, 0.01),
            (8, 0.44, 0.8),
        ];
        let knee = sweep(&noisy).unwrap();
        assert_eq!((knee.workers, knee.by_means), (4, 8));
    }

    #[test]
    fn equal_times_need_one_worker_and_no_points_have_no_knee() {
        let knee = sweep(&[(4, 1.0, 0.0), (1, 1.0, 0.0), (2, 1.0, 0.0)]).unwrap();
        assert_eq!(knee.workers, 1);
        assert_eq!(sweep(&[]), None);
        assert_eq!(sweep(&[(1, f64::NAN, 0.0)]), None);
    }
}
