//! The confidence interval of a median.

use std::f64::consts::LN_2;

use super::interval::Interval;

impl Interval {
    /// Computes the interval of the median of the population that `values` are a sample of, at a confidence level. `None`
    /// for fewer than two values, or one that is not finite.
    ///
    /// From seven values on (at 95 %: from six) it is that of the sign test, whose ends are order statistics, interpolated
    /// to the level (Hettmansperger and Sheather, "Confidence Intervals Based on Interpolated Order Statistics", Statistics
    /// & Probability Letters 4, 1986). It asks nothing of the distribution: a rare value that is far away moves no end of
    /// it, and is missed by none. Fewer values have no such interval, as all of them lie on one side of the median with a
    /// probability of 2⁻ⁿ for each side. Theirs is [Student's](Interval::of_mean), which assumes that the distribution is
    /// symmetric, so that its median is its mean.
    pub fn of_median_at(level: f64, values: &[f64]) -> Option<Self> {
        // Checks the values, too.
        let student = Interval::of_mean_at(level, values)?;
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(between_order_statistics(level, &sorted).unwrap_or(student))
    }
}

/// The interval between two order statistics of sorted values, interpolated to the level. `None` if even the least and the
/// largest value have too low a level.
fn between_order_statistics(level: f64, sorted: &[f64]) -> Option<Interval> {
    let n = sorted.len();
    let ends = |depth: usize| Interval {
        low: sorted[depth - 1],
        high: sorted[n - depth],
    };
    // The logarithm of the probability that so many values are below the median: the number itself is too small for long
    // lists.
    let mut log = -(n as f64) * LN_2;
    let mut fewer = 0.0;
    let mut wider = None;
    for depth in 1..=n.div_ceil(2) {
        fewer += log.exp();
        log += ((n - depth + 1) as f64).ln() - (depth as f64).ln();
        let covered = 1.0 - 2.0 * fewer;
        if covered >= level {
            wider = Some((depth, covered));
            continue;
        }
        let (outer, outer_covered) = wider?;
        // How far inwards: further than in proportion to the levels, as the values crowd towards the middle.
        let linear = (outer_covered - level) / (outer_covered - covered);
        let others = n - 2 * outer;
        let share = (n - outer) as f64 * linear / (outer as f64 + others as f64 * linear);
        let (from, to) = (ends(outer), ends(depth));
        return Some(Interval {
            low: from.low + share * (to.low - from.low),
            high: from.high + share * (to.high - from.high),
        });
    }
    wider.map(|(depth, _)| ends(depth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL;

    /// Levels of order statistics of 11 values: 98.83 % of the second from either end, 93.46 % of the third (the binomial
    /// distribution's, as in every table of the sign test).
    #[test]
    fn the_ends_are_order_statistics_interpolated_to_the_level() {
        let values = [7.8, 6.6, 6.5, 7.4, 7.3, 7.0, 6.4, 7.1, 6.7, 7.6, 6.8];
        let at = |level| Interval::of_median_at(level, &values).unwrap();
        for (level, low, high) in [
            (1.0 - 2.0 * 12.0 / 2048.0, 6.5, 7.6),
            (1.0 - 2.0 * 67.0 / 2048.0, 6.6, 7.4),
            // 0.7127 of the way by the levels, 9 · 0.7127 / (2 + 7 · 0.7127) = 0.9178 of it by the formula.
            (LEVEL, 6.591_78, 7.416_44),
        ] {
            let interval = at(level);
            assert!((interval.low - low).abs() < 1e-4, "{level}: {interval:?}");
            assert!((interval.high - high).abs() < 1e-4, "{level}: {interval:?}");
        }
    }

    #[test]
    fn few_values_have_the_interval_of_their_mean() {
        let six = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6];
        for few in 2..=5 {
            let interval = Interval::of_median_at(LEVEL, &six[..few]);
            assert_eq!(interval, Interval::of_mean(&six[..few]), "{few}");
        }
        // Of six, 96.9 % of such intervals go from the least to the largest value: less is within, more is not.
        let within = Interval::of_median_at(0.968, &six).unwrap();
        assert!(within.low >= 1.0 && within.high <= 9.0, "{within:?}");
        let beyond = Interval::of_median_at(0.97, &six);
        assert_eq!(beyond, Interval::of_mean_at(0.97, &six));
    }

    #[test]
    fn a_value_that_is_far_away_moves_no_end() {
        let steady: Vec<f64> = (0..12).map(f64::from).collect();
        let mut spiked = steady.clone();
        spiked[11] = 1e9;
        let [one, other] =
            [&steady, &spiked].map(|values| Interval::of_median_at(LEVEL, values).unwrap());
        assert_eq!(one, other);
    }

    #[test]
    fn long_lists_are_no_trouble_and_no_value_has_none() {
        let values: Vec<f64> = (0..10_001).map(f64::from).collect();
        let interval = Interval::of_median_at(LEVEL, &values).unwrap();
        // 5000 ± 1.96 · √10001 / 2.
        assert!((interval.low - 4902.0).abs() < 1.5, "{interval:?}");
        assert!((interval.high - 5098.0).abs() < 1.5, "{interval:?}");
        for values in [&[][..], &[1.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY]] {
            assert_eq!(Interval::of_median_at(LEVEL, values), None, "{values:?}");
        }
        assert_eq!(
            Interval::of_median_at(LEVEL, &[2.0; 9]),
            Some(Interval {
                low: 2.0,
                high: 2.0
            })
        );
    }
}
