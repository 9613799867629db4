//! The change of a time: the ratio of two times, from unpaired runs.

use super::interval::Interval;
use super::ratio::Finding;
use super::sample::Sample;

/// The ratios of times that are as good as 1: within 5 %.
pub const ALIKE: Interval = Interval {
    low: 0.95,
    high: 1.05,
};

/// The ratio of the times of runs now and earlier, and its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// The geometric mean of the times now, over that of the earlier times. Above 1 is slower.
    pub ratio: f64,
    /// The 95 % confidence interval of the ratio. `None` if either side is a single run, which has no
    /// variance. Of several earlier runs: the [prediction interval](super::HistoryChange).
    pub interval: Option<Interval>,
}

impl Change {
    /// Computes the change from times in seconds. `None` if a side has no times, or if one of them is not
    /// positive and finite.
    ///
    /// The mean is geometric for the reason given at [`Speedup`](super::Speedup). Runs of another day are
    /// unpaired, so the interval is [Welch's](Interval::of_difference), on the logarithms. It covers the
    /// variance within each side only, and no difference between the days: another machine, a busier
    /// network.
    pub fn of(now: &[f64], then: &[f64]) -> Option<Self> {
        let [now, then] = [logarithms(now)?, logarithms(then)?];
        Some(Change {
            ratio: (now.mean - then.mean).exp(),
            interval: Interval::of_difference(&now, &then).map(|log| Interval {
                low: log.low.exp(),
                high: log.high.exp(),
            }),
        })
    }

    /// The finding for the runs now; `None` without an interval. The whole interval has to lie beyond
    /// [`ALIKE`]: two sessions of the same machine differ by some per cent, which the interval does not cover.
    pub fn finding(&self) -> Option<Finding> {
        self.finding_beyond(ALIKE)
    }

    /// The same, beyond other ratios that are as good as 1.
    pub fn finding_beyond(&self, alike: Interval) -> Option<Finding> {
        let Interval { low, high } = self.interval?;
        Some(if low > alike.high {
            Finding::Slower
        } else if high < alike.low {
            Finding::Faster
        } else {
            Finding::NoDifference
        })
    }
}

/// The sample of the logarithms. `None` if there are no times, or one of them is not positive and finite.
pub(super) fn logarithms(times: &[f64]) -> Option<Sample> {
    let is_time = |time: &f64| *time > 0.0 && time.is_finite();
    if !times.iter().all(is_time) {
        return None;
    }
    let logs: Vec<f64> = times.iter().map(|time| time.ln()).collect();
    Sample::of(&logs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_geometric_means() {
        let change = Change::of(&[2.0, 8.0], &[1.0, 1.0, 1.0]).unwrap();
        assert!((change.ratio - 4.0).abs() < 1e-12, "{change:?}");
        let back = Change::of(&[1.0, 1.0, 1.0], &[2.0, 8.0]).unwrap();
        assert!((back.ratio - 0.25).abs() < 1e-12, "{back:?}");
    }

    /// Logarithms (base 2): 1, 2, 3 and 0, 0.5, 1 with means 2 and 0.5, s² = 1 and 0.25. The error is
    /// √(1/3 + 0.25/3) = 0.6455, the degrees of freedom (5/12)² / ((1/3)²/2 + (1/12)²/2) = 2.941, and
    /// their t 3.219: 1.5 ± 2.078.
    #[test]
    fn the_interval_is_welchs() {
        let root = std::f64::consts::SQRT_2;
        let change = Change::of(&[2.0, 4.0, 8.0], &[1.0, root, 2.0]).unwrap();
        let interval = change.interval.unwrap();
        assert!((interval.low.log2() + 0.578).abs() < 0.005, "{change:?}");
        assert!((interval.high.log2() - 3.578).abs() < 0.005, "{change:?}");
        assert_eq!(change.finding(), Some(Finding::NoDifference));
    }

    #[test]
    fn slower_is_more_time_and_faster_is_less() {
        let [short, long] = [[1.0, 1.01, 0.99], [2.0, 2.02, 1.98]];
        let finding = |now, then| Change::of(now, then).unwrap().finding();
        assert_eq!(finding(&long, &short), Some(Finding::Slower));
        assert_eq!(finding(&short, &long), Some(Finding::Faster));
        assert_eq!(finding(&short, &short), Some(Finding::NoDifference));
    }

    #[test]
    fn what_two_sessions_differ_by_without_a_change_is_neither_faster_nor_slower() {
        let spread = |mean: f64| [mean * 0.999, mean, mean * 1.001];
        for (mean, expected) in [
            (0.90, Finding::Faster),
            (0.96, Finding::NoDifference),
            (0.988, Finding::NoDifference),
            (1.012, Finding::NoDifference),
            (1.04, Finding::NoDifference),
            (1.10, Finding::Slower),
        ] {
            let change = Change::of(&spread(mean), &spread(1.0)).unwrap();
            assert_eq!(change.finding(), Some(expected), "{mean}: {change:?}");
        }
    }

    #[test]
    fn one_run_on_a_side_has_a_ratio_but_no_interval_and_no_finding() {
        for (now, then) in [(&[3.0][..], &[1.0, 1.0][..]), (&[3.0, 3.0], &[1.0])] {
            let change = Change::of(now, then).unwrap();
            assert!((change.ratio - 3.0).abs() < 1e-12);
            assert_eq!((change.interval, change.finding()), (None, None));
        }
    }

    #[test]
    fn what_is_no_time_gives_no_ratio() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Change::of(&[1.0, bad], &[1.0, 1.0]), None);
            assert_eq!(Change::of(&[1.0, 1.0], &[bad]), None);
        }
        assert_eq!(Change::of(&[], &[1.0]), None);
        assert_eq!(Change::of(&[1.0], &[]), None);
    }
}
