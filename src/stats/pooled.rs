//! The pooled scatter of a sweep: one standard deviation from the runs at all its worker counts.

use super::interval::{Interval, LEVEL};
use super::student::critical_value;

/// The scatter of times within their groups, as a share of each group's mean.
///
/// It is the square root of the error mean square of a one-way analysis of variance (NIST/SEMATECH e-Handbook of
/// Statistical Methods, 7.4.3.3), on the logarithms of the times: what slows a run down does so by a share, and on
/// that scale the groups have one variance (Bartlett, "The Use of Transformations", Biometrics 3, 1947). So a group
/// of one run has an interval too, and those of two or three runs need not each find out how much runs vary: alone,
/// two runs have Student's t of 12.7.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledScatter {
    /// The standard deviation of the logarithms within the groups.
    pub deviation: f64,
    /// Its degrees of freedom, at least 1: the number of values less that of groups.
    pub freedom: usize,
}

/// The geometric mean of times, of which there is one at least: the centre on the scale of their logarithms, and by the
/// model of the pooled scatter the estimate of their median.
pub fn geometric_mean(times: &[f64]) -> f64 {
    let logs = times.iter().map(|time| time.ln()).sum::<f64>();
    let mean = (logs / times.len() as f64).exp();
    // Rounding can carry the mean of equal times past them.
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    let most = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    mean.max(least).min(most)
}

impl PooledScatter {
    /// Pools groups of times. `None` if no group has two, or if a time is not positive and finite.
    pub fn of<'a>(groups: impl IntoIterator<Item = &'a [f64]>) -> Option<Self> {
        let (mut squares, mut freedom) = (0.0, 0);
        for times in groups {
            if !times.iter().all(|time| *time > 0.0 && time.is_finite()) {
                return None;
            }
            let mean = times.iter().map(|time| time.ln()).sum::<f64>() / times.len() as f64;
            let distances = times.iter().map(|time| (time.ln() - mean).powi(2));
            squares += distances.sum::<f64>();
            freedom += times.len().saturating_sub(1);
        }
        (freedom > 0).then(|| PooledScatter {
            deviation: (squares / freedom as f64).sqrt(),
            freedom,
        })
    }

    /// The 95 % interval of a geometric mean of this many runs.
    pub fn interval(&self, mean: f64, runs: usize) -> Interval {
        self.around(mean, 1.0 / runs as f64)
    }

    /// The 95 % interval of the ratio of two geometric means of this many runs each.
    pub fn interval_of_ratio(&self, ratio: f64, runs: [usize; 2]) -> Interval {
        let [one, other] = runs.map(|runs| 1.0 / runs as f64);
        self.around(ratio, one + other)
    }

    fn around(&self, value: f64, variance: f64) -> Interval {
        let reach = critical_value(self.freedom, LEVEL) * self.deviation * variance.sqrt();
        Interval {
            low: value * (-reach).exp(),
            high: value * reach.exp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_unlike_means_have_one_scatter() {
        // Deviations of the logarithms (base 2): ±1 around 2, and 0 ± 1 around 10; a single run adds nothing.
        let groups: [&[f64]; 3] = [&[2.0, 8.0], &[512.0, 1024.0, 2048.0], &[7.0]];
        let scatter = PooledScatter::of(groups).unwrap();
        assert_eq!(scatter.freedom, 3);
        let expected = (4.0 / 3.0_f64).sqrt() * 2.0_f64.ln();
        assert!((scatter.deviation - expected).abs() < 1e-12, "{scatter:?}");
    }

    #[test]
    fn single_runs_have_none_and_neither_have_times_that_are_none() {
        assert_eq!(PooledScatter::of([&[1.0][..], &[2.0]]), None);
        assert_eq!(PooledScatter::of([]), None);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let groups: [&[f64]; 2] = [&[1.0, 1.0], &[bad]];
            assert_eq!(PooledScatter::of(groups), None, "{bad}");
        }
    }

    #[test]
    fn an_interval_narrows_with_its_own_runs() {
        let scatter = PooledScatter {
            deviation: 0.1,
            freedom: 4,
        };
        // t(4) = 2.776.
        for (runs, reach) in [(1, 0.2776), (4, 0.1388)] {
            let interval = scatter.interval(2.0, runs);
            let [low, high] = [interval.low / 2.0, interval.high / 2.0].map(f64::ln);
            assert!((low + reach).abs() < 1e-4, "{runs}: {interval:?}");
            assert!((high - reach).abs() < 1e-4, "{runs}: {interval:?}");
        }
        let ratio = scatter.interval_of_ratio(3.0, [1, 4]);
        let reach = 0.2776 * 1.25_f64.sqrt();
        assert!(((ratio.high / 3.0).ln() - reach).abs() < 1e-4, "{ratio:?}");
        assert!(((ratio.low / 3.0).ln() + reach).abs() < 1e-4, "{ratio:?}");
    }
}
