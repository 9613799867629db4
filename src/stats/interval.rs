//! Confidence intervals.

use super::sample::Sample;
use super::student::critical_value;

/// How sure every interval here is: 95 of 100 of them cover the true value.
pub const LEVEL: f64 = 0.95;

/// From where to where a true value may well lie.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end, not below the lower.
    pub high: f64,
}

impl Interval {
    /// The 95 % interval for the mean that these values are a sample of: Student's ("The Probable
    /// Error of a Mean", Biometrika 6, 1908), mean ± t · s / √n. `None` for fewer than two values, or
    /// one that is not finite.
    ///
    /// It holds for values that scatter about normally; of five or ten times, that is near enough
    /// unless one is an [outlier](super::outliers).
    pub fn of_mean(values: &[f64]) -> Option<Self> {
        let sample = Sample::of(values)?;
        let error = sample.deviation? / (sample.n as f64).sqrt();
        let reach = critical_value(sample.n - 1, LEVEL) * error;
        Some(Interval {
            low: sample.mean - reach,
            high: sample.mean + reach,
        })
    }

    /// Whether `value` lies in it, ends included.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_its_interval() {
        // Mean 3, s = √2.5, t(4) = 2.776: 3 ± 2.776 · 1.5811 / √5 = 3 ± 1.963.
        let interval = Interval::of_mean(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((interval.low - 1.0368).abs() < 1e-4, "{interval:?}");
        assert!((interval.high - 4.9632).abs() < 1e-4, "{interval:?}");
    }

    /// NIST/SEMATECH e-Handbook, 1.3.5.2, heat flow meter (ZARR13.DAT): n = 195, mean 9.261460,
    /// s = 0.022789, interval 9.258242 to 9.264679. Made here from 194 values of that mean and s, half
    /// of them above and half below.
    #[test]
    fn a_published_interval_is_found_again() {
        let half = 0.022_789 * (193.0_f64 / 194.0).sqrt();
        let values: Vec<f64> = (0..194)
            .map(|k| 9.261_460 + if k % 2 == 0 { half } else { -half })
            .collect();
        let interval = Interval::of_mean(&values).unwrap();
        assert!((interval.low - 9.258_242).abs() < 1e-5, "{interval:?}");
        assert!((interval.high - 9.264_679).abs() < 1e-5, "{interval:?}");
    }

    #[test]
    fn one_value_has_none() {
        assert_eq!(Interval::of_mean(&[]), None);
        assert_eq!(Interval::of_mean(&[1.0]), None);
        assert_eq!(Interval::of_mean(&[1.0, f64::NAN]), None);
    }
}
