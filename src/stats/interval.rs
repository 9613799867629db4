//! Confidence intervals.

use super::sample::Sample;
use super::student::{critical_value, critical_value_between};

/// The confidence level of all intervals here: 95 of 100 of them cover the true value.
pub const LEVEL: f64 = 0.95;

/// A 95 % confidence interval.
#[derive(
    Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound, not below the lower.
    pub high: f64,
}

/// The rounds in which a number of runs is computed, and the largest that is.
const ROUNDS: usize = 8;
const MOST_RUNS: f64 = 1e6;

impl Interval {
    /// Schema of the interval of a ratio, or `null`: its bounds are not below 0.
    pub(crate) fn schema_of_ratio(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut interval = <Interval as schemars::JsonSchema>::json_schema(generator);
        let bounds = interval.get_mut("properties");
        let bounds = bounds.and_then(|bounds| bounds.as_object_mut());
        for (_, bound) in bounds.into_iter().flatten() {
            bound["minimum"] = 0.into();
        }
        schemars::json_schema!({ "anyOf": [interval, { "type": "null" }] })
    }

    /// Computes the interval of the mean of the population that `values` are a sample of: Student's ("The
    /// Probable Error of a Mean", Biometrika 6, 1908), mean ± t · s / √n. `None` for fewer than two values,
    /// or one that is not finite.
    ///
    /// It assumes a roughly normal distribution. Five or ten times are near enough to that, unless one is
    /// an [outlier](super::outliers).
    pub fn of_mean(values: &[f64]) -> Option<Self> {
        Interval::of_mean_at(LEVEL, values)
    }

    /// Computes the [interval of a mean](Interval::of_mean) at another confidence level than 95 %.
    pub fn of_mean_at(level: f64, values: &[f64]) -> Option<Self> {
        let sample = Sample::of(values)?;
        let error = sample.deviation? / (sample.n as f64).sqrt();
        let reach = critical_value(sample.n - 1, level) * error;
        Some(Interval {
            low: sample.mean - reach,
            high: sample.mean + reach,
        })
    }

    /// Computes the interval of a geometric mean: Student's, on the logarithms. `None` if a value is not positive and
    /// finite, too.
    pub fn of_geometric_mean_at(level: f64, values: &[f64]) -> Option<Self> {
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let Interval { low, high } = Interval::of_mean_at(level, &logs)?;
        Some(Interval {
            low: low.exp(),
            high: high.exp(),
        })
    }

    /// Estimates the runs after which an interval like this one, of a geometric mean of so many runs, would reach no further
    /// than so far on the scale of logarithms, if they scatter as much. `None` if it does not tell how much they do.
    pub fn runs_for(self, runs: usize, reach: f64) -> Option<usize> {
        let reached = 0.5 * (self.high / self.low).ln();
        let freedom = runs.checked_sub(1).filter(|freedom| *freedom > 0)?;
        if !reached.is_finite() || reach.is_nan() || reach <= 0.0 {
            return None;
        }
        // The critical value hardly changes with the number that it gives, so a few rounds settle both.
        let mut needed = runs as f64;
        for _ in 0..ROUNDS {
            let t = critical_value((needed as usize).saturating_sub(1).max(1), LEVEL);
            let error = reached / critical_value(freedom, LEVEL);
            needed = (runs as f64 * (t * error / reach).powi(2)).clamp(2.0, MOST_RUNS);
        }
        Some(needed.ceil() as usize)
    }

    /// Computes the interval of the difference of two means (`one` less `other`): Welch's ("The
    /// Generalization of 'Student's' Problem when Several Different Population Variances are Involved",
    /// Biometrika 34, 1947), which does not assume equal variances, with the degrees of freedom of
    /// Satterthwaite ("An Approximate Distribution of Estimates of Variance Components", Biometrics
    /// Bulletin 2, 1946). `None` if either sample has fewer than two values.
    pub fn of_difference(one: &Sample, other: &Sample) -> Option<Self> {
        let square = |sample: &Sample| Some(sample.deviation?.powi(2) / sample.n as f64);
        let [first, second] = [square(one)?, square(other)?];
        let error = (first + second).sqrt();
        let difference = one.mean - other.mean;
        let reach = if error > 0.0 {
            // By shares, because the squares of squares may underflow.
            let share = first / (first + second);
            let of_first = share.powi(2) / (one.n - 1) as f64;
            let of_second = (1.0 - share).powi(2) / (other.n - 1) as f64;
            critical_value_between(1.0 / (of_first + of_second), LEVEL) * error
        } else {
            0.0
        };
        Some(Interval {
            low: difference - reach,
            high: difference + reach,
        })
    }

    /// Returns `true` if the interval of a ratio or of a time says something: both bounds are above 0, and the
    /// upper one is at most ten times the lower. A wider one does not even give the order of magnitude.
    pub fn says_something(&self) -> bool {
        self.low > 0.0 && self.high <= 10.0 * self.low
    }

    /// Takes this interval of a ratio, which is Student's on a logarithmic scale with these degrees of freedom, from one
    /// confidence level to another. One that reaches to 0 is left as it is.
    pub fn at_level(self, levels: (f64, f64), ratio: f64, freedom: usize) -> Self {
        let factor = critical_value(freedom, levels.1) / critical_value(freedom, levels.0);
        let moved = |end: f64| ratio * (end / ratio).powf(factor);
        match self.low > 0.0 && factor.is_finite() {
            true => Interval {
                low: moved(self.low),
                high: moved(self.high),
            },
            false => self,
        }
    }

    /// Returns `true` if `value` lies in the interval, bounds included.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

#[cfg(test)]
mod tests;
