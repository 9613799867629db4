//! The change from several earlier runs: within the scatter between them, or beyond it.

use super::change::{Change, logarithms};
use super::interval::{Interval, LEVEL};
use super::sample::Sample;
use super::student::critical_value_between;

/// The change of the time of a run from the level of earlier ones, each of which was measured once or several times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryChange {
    /// The change. With two earlier runs or more its interval covers the scatter between runs.
    pub change: Change,
    /// The standard deviation between the earlier runs, as a share of their time: of the logarithms of their mean
    /// times. `None` for a single one.
    pub deviation: Option<f64>,
}

impl HistoryChange {
    /// Computes the change from times in seconds: those of this run, and those of each earlier one. `None` if a
    /// run has no times, or if one of them is not positive and finite.
    ///
    /// With several earlier runs the interval is a prediction interval for the mean of a new run (NIST/SEMATECH
    /// e-Handbook of Statistical Methods, 7.2.6.3; Hahn and Meeker, "Statistical Intervals", 1991), in the one-way
    /// model of random effects: the days differ by more than the times of one day do. The variance of the difference
    /// is estimated by that of the earlier runs' means and, where this run has fewer times than they have, by the
    /// variance within the runs; the sum has the degrees of freedom of Satterthwaite ("An Approximate Distribution
    /// of Estimates of Variance Components", Biometrics Bulletin 2, 1946). With one earlier run nothing is known of
    /// the scatter between runs, and the interval is that of [`Change::of`].
    pub fn of(now: &[f64], then: &[Vec<f64>]) -> Option<Self> {
        if let [then] = then {
            return Some(HistoryChange {
                change: Change::of(now, then)?,
                deviation: None,
            });
        }
        let now = logarithms(now)?;
        let runs: Vec<Sample> = then
            .iter()
            .map(|times| logarithms(times))
            .collect::<Option<_>>()?;
        let means: Vec<f64> = runs.iter().map(|run| run.mean).collect();
        let between = Sample::of(&means)?;
        let difference = now.mean - between.mean;
        let deviation = between.deviation?;
        let reach = reach(&now, &runs, deviation.powi(2));
        Some(HistoryChange {
            change: Change {
                ratio: difference.exp(),
                interval: Some(Interval {
                    low: (difference - reach).exp(),
                    high: (difference + reach).exp(),
                }),
            },
            deviation: Some(deviation),
        })
    }
}

/// Half the width of the interval of the difference between this run's mean and the mean of the earlier ones' means,
/// whose variance is `between`.
fn reach(now: &Sample, runs: &[Sample], between: f64) -> f64 {
    let count = runs.len() as f64;
    let samples = runs.iter().chain([now]);
    let (squares, freedom) = samples.fold((0.0, 0.0), |(squares, freedom), run| {
        let more = (run.n - 1) as f64;
        (
            squares + run.deviation.unwrap_or(0.0).powi(2) * more,
            freedom + more,
        )
    });
    // The variance of the means has the share of the scatter within them that runs of their length have. A shorter
    // run has more of it; that a longer one has less is not counted on.
    let share = runs.iter().map(|run| 1.0 / run.n as f64).sum::<f64>() / count;
    let more = (1.0 / now.n as f64 - share).max(0.0);
    let of_means = between * (1.0 + 1.0 / count);
    let within = match freedom > 0.0 {
        true => squares / freedom * more,
        false => 0.0,
    };
    let variance = of_means + within;
    if variance <= 0.0 {
        return 0.0;
    }
    // By shares, because the squares of squares may underflow.
    let share = of_means / variance;
    let of_within = match freedom > 0.0 {
        true => (1.0 - share).powi(2) / freedom,
        false => 0.0,
    };
    let freedom = 1.0 / (share.powi(2) / (count - 1.0) + of_within);
    critical_value_between(freedom, LEVEL) * variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Finding;

    fn of(now: &[f64], then: &[&[f64]]) -> HistoryChange {
        let then: Vec<Vec<f64>> = then.iter().map(|times| times.to_vec()).collect();
        HistoryChange::of(now, &then).expect("positive times")
    }

    /// Logarithms (base 2) of the earlier runs: 0, 1, 2 with mean 1 and s = 1; t(2) = 4.303. The interval of a new
    /// one at 4 is 3 ± 4.303 · √(1 + 1/3) = 3 ± 4.968.
    #[test]
    fn the_interval_is_that_of_a_prediction() {
        let found = of(&[16.0], &[&[1.0], &[2.0], &[4.0]]);
        let interval = found.change.interval.expect("several earlier runs");
        assert!((found.change.ratio - 8.0).abs() < 1e-9, "{found:?}");
        assert!((interval.low.log2() + 1.968).abs() < 0.002, "{found:?}");
        assert!((interval.high.log2() - 7.968).abs() < 0.002, "{found:?}");
        let deviation = found.deviation.expect("several earlier runs");
        assert!(
            (deviation - std::f64::consts::LN_2).abs() < 1e-9,
            "{found:?}"
        );
    }

    /// Runs of two times each, at ±1 around 0, 2 and 4 (base 2): s² of the means is 4, within it is 2 with 3 degrees
    /// of freedom. Of a single new time the variance is 4 · 4/3 + 2 · (1 − 1/2) = 6.333, and its degrees of freedom
    /// are 1 / (0.8421² / 2 + 0.1579² / 3) = 2.757, whose t is 3.35.
    #[test]
    fn a_run_that_was_measured_less_often_has_more_scatter_of_its_own() {
        let then: [&[f64]; 3] = [&[0.5, 2.0], &[2.0, 8.0], &[8.0, 32.0]];
        let found = of(&[4.0], &then);
        let interval = found.change.interval.expect("several earlier runs");
        let reach = 0.5 * (interval.high.log2() - interval.low.log2());
        assert!((reach - 3.35 * 6.333_f64.sqrt()).abs() < 0.05, "{reach}");
        // As often: 4.303 · √(4 · 4/3).
        let found = of(&[2.0, 8.0], &then);
        let interval = found.change.interval.expect("several earlier runs");
        let reach = 0.5 * (interval.high.log2() - interval.low.log2());
        assert!((reach - 4.303 * (16.0_f64 / 3.0).sqrt()).abs() < 0.01);
    }

    #[test]
    fn scatter_between_runs_is_part_of_the_interval_however_little_each_has() {
        let steady = |mean: f64| vec![mean * 0.999, mean, mean * 1.001];
        let then: Vec<Vec<f64>> = [0.9, 1.1, 1.0, 0.95, 1.05].map(steady).into();
        let finding = |now: f64| {
            let found = HistoryChange::of(&steady(now), &then).expect("positive times");
            found.change.finding()
        };
        assert_eq!(finding(1.15), Some(Finding::NoDifference));
        assert_eq!(finding(1.6), Some(Finding::Slower));
        assert_eq!(finding(0.6), Some(Finding::Faster));
        // A single earlier run knows nothing of that.
        let single = HistoryChange::of(&steady(1.15), &then[2..3]).expect("positive times");
        assert_eq!(single.change.finding(), Some(Finding::Slower));
        assert_eq!(single.deviation, None);
    }

    #[test]
    fn runs_without_any_scatter_have_a_point_and_bad_times_no_change() {
        let found = of(&[2.0], &[&[1.0], &[1.0]]);
        let interval = found.change.interval.expect("several earlier runs");
        assert_eq!((interval.low, interval.high), (2.0, 2.0));
        for (now, then) in [
            (&[][..], vec![vec![1.0], vec![1.0]]),
            (&[1.0], vec![]),
            (&[1.0], vec![vec![1.0], vec![]]),
            (&[0.0], vec![vec![1.0], vec![1.0]]),
            (&[1.0], vec![vec![1.0], vec![f64::NAN]]),
        ] {
            assert_eq!(HistoryChange::of(now, &then), None, "{now:?} {then:?}");
        }
    }
}
