//! Quantiles of Student's t distribution.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// The cap on the degrees of freedom, beyond which the distribution is nearly normal: the quantile at 95 %
/// is right to four decimals, and slightly too large rather than too small.
const MAX_FREEDOM: usize = 10_000;

/// The two-sided critical value of Student's t distribution: |t| stays below it with probability `level`.
/// For 4 degrees of freedom and 0.95 it is 2.776.
///
/// `level` is from 0 to less than 1. With 0 degrees of freedom there is no distribution, and the value is
/// infinite.
///
/// The probability is a finite sum for a whole number of degrees of freedom (Abramowitz & Stegun,
/// "Handbook of Mathematical Functions", 1964, 26.7.3 and 26.7.4). It grows with t, so bisection finds the
/// t of a probability.
pub fn critical_value(freedom: usize, level: f64) -> f64 {
    if freedom == 0 {
        return f64::INFINITY;
    }
    let freedom = freedom.min(MAX_FREEDOM);
    // By angle rather than by t, because the angles are bounded.
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle.tan() * (freedom as f64).sqrt();
        }
        if probability_within(middle, freedom) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The critical value for fractional degrees of freedom, 1 at least.
///
/// It is interpolated geometrically over 1 / freedom. The true quantile is slightly lower: by 3 % at most
/// (between 1 and 2), and by less than 0.5 % from 2 on. So intervals are too wide rather than too narrow.
pub(super) fn critical_value_between(freedom: f64, level: f64) -> f64 {
    let below = freedom.clamp(1.0, MAX_FREEDOM as f64).floor();
    let [few, many] = [below, below + 1.0].map(|whole| critical_value(whole as usize, level));
    let share = (1.0 / below - 1.0 / freedom) * below * (below + 1.0);
    few * (many / few).powf(share.clamp(0.0, 1.0))
}

/// The probability that |t| is at most `√freedom · tan(angle)`.
fn probability_within(angle: f64, freedom: usize) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let is_odd = freedom % 2 == 1;
    // The terms are cos, cos³, … for odd degrees and 1, cos², … for even ones, each with a factor
    // k / (k + 1) more than the one before it.
    let (mut term, first) = if is_odd { (cos, 2) } else { (1.0, 1) };
    let mut sum = 0.0;
    for k in (first..freedom).step_by(2) {
        sum += term;
        term *= cos * cos * k as f64 / (k + 1) as f64;
    }
    if is_odd {
        FRAC_2_PI * (angle + sin * sum)
    } else {
        sin * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Percentage points of the t distribution, two-sided, as every table prints them (Abramowitz &
    /// Stegun, table 26.10; NIST/SEMATECH e-Handbook, 1.3.6.7.2).
    #[test]
    fn quantiles_agree_with_published_tables() {
        for (freedom, at_90, at_95, at_99) in [
            (1, 6.314, 12.706, 63.657),
            (2, 2.920, 4.303, 9.925),
            (3, 2.353, 3.182, 5.841),
            (4, 2.132, 2.776, 4.604),
            (5, 2.015, 2.571, 4.032),
            (6, 1.943, 2.447, 3.707),
            (7, 1.895, 2.365, 3.499),
            (8, 1.860, 2.306, 3.355),
            (9, 1.833, 2.262, 3.250),
            (10, 1.812, 2.228, 3.169),
            (19, 1.729, 2.093, 2.861),
            (30, 1.697, 2.042, 2.750),
            (60, 1.671, 2.000, 2.660),
            (100, 1.660, 1.984, 2.626),
            (1_000_000, 1.645, 1.960, 2.576),
        ] {
            for (level, published) in [(0.90, at_90), (0.95, at_95), (0.99, at_99)] {
                let t = critical_value(freedom, level);
                assert!(
                    (t - published).abs() < 0.0006,
                    "{freedom} degrees, level {level}: {t}, published {published}"
                );
            }
        }
    }

    /// For 1 and 2 degrees of freedom there is a formula.
    #[test]
    fn quantiles_are_exact_where_they_can_be_written_down() {
        let of_1 = (FRAC_PI_2 * 0.95).tan();
        assert!((critical_value(1, 0.95) / of_1 - 1.0).abs() < 1e-12);
        let of_2 = 0.95 * (2.0 / (1.0 - 0.95 * 0.95_f64)).sqrt();
        assert!((critical_value(2, 0.95) / of_2 - 1.0).abs() < 1e-12);
    }

    /// The true values are from a numerical integration of the density.
    #[test]
    fn between_whole_numbers_quantiles_are_hardly_too_large() {
        for (freedom, truth, most) in [
            (1.0, 12.7062, 1.0001),
            (1.25, 8.028, 1.03),
            (1.5, 6.0167, 1.03),
            (2.5, 3.5747, 1.005),
            (3.7, 2.8675, 1.002),
            (9.9, 2.2312, 1.0002),
            (136.875, 1.97745, 1.0001),
            (1e9, 1.95996, 1.001),
        ] {
            let t = critical_value_between(freedom, 0.95);
            let off = t / truth;
            assert!((0.9999..=most).contains(&off), "{freedom}: {t}, {off}");
        }
    }

    #[test]
    fn without_freedom_there_is_no_bound() {
        assert_eq!(critical_value(0, 0.95), f64::INFINITY);
        assert!(critical_value(3, 0.0) < 1e-12);
    }
}
