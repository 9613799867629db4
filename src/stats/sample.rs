//! Summary statistics of a sample, its quantiles and its outliers.

use std::fmt;

/// The summary statistics of a sample.
#[derive(
    Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Sample {
    /// The number of values, at least one.
    pub n: usize,
    /// The arithmetic mean.
    #[schemars(range(min = 0.0))]
    pub mean: f64,
    /// The middle value, or the mean of the middle two.
    #[schemars(range(min = 0.0))]
    pub median: f64,
    /// The sample standard deviation (over n − 1). `None` for a single value, which has no variance.
    #[schemars(range(min = 0.0))]
    pub deviation: Option<f64>,
    /// The smallest value.
    #[schemars(range(min = 0.0))]
    pub min: f64,
    /// The largest value.
    #[schemars(range(min = 0.0))]
    pub max: f64,
}

impl Sample {
    /// Summarises these values. `None` if there are none, or if one of them is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values)?;
        let n = sorted.len();
        let (min, max) = (sorted[0], sorted[n - 1]);
        // Rounding can carry the mean of equal values past them, and make a deviation of none.
        let mean = (sorted.iter().sum::<f64>() / n as f64).clamp(min, max);
        let deviation = (n > 1).then(|| {
            let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
            (squares / (n - 1) as f64).sqrt()
        });
        Some(Sample {
            n,
            mean,
            median: at(&sorted, 0.5),
            deviation,
            min,
            max,
        })
    }
}

/// The quantile: the value below which the share `p` (0 to 1) of the values lies, interpolated linearly.
/// It is type 7 of Hyndman and Fan ("Sample Quantiles in Statistical Packages", The American Statistician
/// 50, 1996), which R, NumPy and spreadsheets use. `None` as for [`Sample::of`], and for a `p` of NaN.
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    let sorted = sorted(values)?;
    (!p.is_nan()).then(|| at(&sorted, p.clamp(0.0, 1.0)))
}

fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(sorted)
}

/// The quantile of sorted values, of which there is at least one.
fn at(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = p * last as f64;
    let below = position.floor();
    let lower = sorted[(below as usize).min(last)];
    let upper = sorted[(below as usize + 1).min(last)];
    (lower + (upper - lower) * (position - below)).min(upper)
}

/// The limit for outliers, in median absolute deviations from the median. 1.4826 of them are a standard
/// deviation of a normal distribution, and ten of those is hyperfine's limit. It is far beyond the 3.5 of
/// Iglewicz and Hoaglin, because times have a long tail and a notice that always comes is not read.
const OUTLIER: f64 = 1.4826 * 10.0;

/// The distance from the median, as a share of it, up to which a value is no outlier: among nearly equal
/// values the smallest difference would be one, and one of some per cent asks for no measures.
const NEAR: f64 = 0.1;

/// The fewest values among which one can be an outlier: of three, the two nearest ones would make one of the third.
const MIN_VALUES: usize = 4;

/// Finds outliers, and returns their positions (from 0). Uses the modified z-score, which is robust against
/// the outliers themselves (Boris Iglewicz and David Hoaglin, "How to Detect and Handle Outliers", ASQC
/// Basic References in Quality Control 16, 1993), with hyperfine's limit. Empty if a value is not finite.
pub fn outliers(values: &[f64]) -> Vec<usize> {
    let scores = scores(values);
    let is_outlier = |(position, score): (usize, f64)| (score.abs() > OUTLIER).then_some(position);
    scores
        .into_iter()
        .enumerate()
        .filter_map(is_outlier)
        .collect()
}

/// The modified z-scores: the distance of each value from the median, in median absolute deviations.
fn scores(values: &[f64]) -> Vec<f64> {
    let Some(median) = quantile(values, 0.5).filter(|_| values.len() >= MIN_VALUES) else {
        return Vec::new();
    };
    let distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    let typical = quantile(&distances, 0.5).unwrap_or(0.0);
    let score = |value: &f64| {
        let distance = value - median;
        // Where more than half are equal, the deviation is 0, and any other value is infinitely far.
        if distance.abs() <= NEAR * median.abs() {
            0.0
        } else {
            distance / typical
        }
    };
    values.iter().map(score).collect()
}

/// A notice about outliers among the runs of one arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The first run was much slower than the rest: caches were cold, and a warm-up run may help.
    FirstRun,
    /// This number of runs are outliers: something else was going on.
    Outliers(usize),
}

/// Makes the notice about outliers among times in the order of their measurement, if there is one. As in
/// hyperfine, a slow first run takes precedence.
pub fn notice(times: &[f64]) -> Option<Notice> {
    if scores(times).first().is_some_and(|first| *first > OUTLIER) {
        return Some(Notice::FirstRun);
    }
    let count = outliers(times).len();
    (count > 0).then_some(Notice::Outliers(count))
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::FirstRun => f.write_str("the first run is an outlier"),
            Notice::Outliers(1) => f.write_str("1 run is an outlier"),
            Notice::Outliers(count) => write!(f, "{count} runs are outliers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_summed_up() {
        // The squares of the distances from 5 add up to 32.
        let sample = Sample::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((sample.n, sample.mean, sample.median), (8, 5.0, 4.5));
        assert_eq!((sample.min, sample.max), (2.0, 9.0));
        let deviation = sample.deviation.unwrap();
        assert!((deviation - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn few_values_and_none_are_no_trouble() {
        assert_eq!(Sample::of(&[]), None);
        assert_eq!(Sample::of(&[1.0, f64::NAN]), None);
        assert_eq!(Sample::of(&[f64::INFINITY]), None);
        let sample = Sample::of(&[3.0]).unwrap();
        assert_eq!((sample.median, sample.deviation), (3.0, None));
        // Three times 0.1, divided by 3, is more than 0.1.
        let sample = Sample::of(&[0.1; 3]).unwrap();
        assert_eq!((sample.mean, sample.deviation), (0.1, Some(0.0)));
    }

    /// R: `quantile(c(15, 20, 35, 40, 50), c(.05, .3, .4, .5, 1), type = 7)`.
    #[test]
    fn quantiles_are_those_of_type_7() {
        let values = [50.0, 15.0, 35.0, 20.0, 40.0];
        for (p, expected) in [
            (0.0, 15.0),
            (0.05, 16.0),
            (0.3, 23.0),
            (0.4, 29.0),
            (0.5, 35.0),
            (1.0, 50.0),
            (7.0, 50.0),
            (-7.0, 15.0),
        ] {
            let found = quantile(&values, p).unwrap();
            assert!((found - expected).abs() < 1e-12, "{p}: {found}");
        }
        assert_eq!(quantile(&values, f64::NAN), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    /// The cases that hyperfine holds its own detection against.
    #[test]
    fn outliers_are_those_of_hyperfine() {
        let none: [usize; 0] = [];
        assert_eq!(outliers(&[]), none);
        assert_eq!(outliers(&[50.0]), none);
        assert_eq!(outliers(&[1000.0, 0.0]), none);
        assert_eq!(outliers(&[-0.2, 0.0, 0.2]), none);
        assert_eq!(outliers(&[-0.2, 0.0, 0.2, 4.0]), [3]);
        assert_eq!(outliers(&[0.5, 0.30, 0.29, 0.31, 0.30]), [0]);
        let ten_times = [10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0];
        assert_eq!(outliers(&[&ten_times[..], &[100.0]].concat()), [7]);
        assert_eq!(
            outliers(&[&ten_times[..], &[100.0, 100.0]].concat()),
            [7, 8]
        );
        assert_eq!(outliers(&ten_times), none);
    }

    #[test]
    fn what_is_off_by_a_tenth_is_no_outlier() {
        // In any unit.
        for unit in [1e-6, 1.0, 1e6] {
            let noticed = |times: &[f64]| {
                let times: Vec<f64> = times.iter().map(|time| time * unit).collect();
                notice(&times)
            };
            assert_eq!(
                noticed(&[1.0, 1.0001, 1.0, 0.9999, 1.0, 1.09]),
                None,
                "{unit}"
            );
            assert_eq!(noticed(&[1.09, 1.0, 1.0001, 1.0]), None, "{unit}");
            let one = Some(Notice::Outliers(1));
            assert_eq!(noticed(&[1.0, 1.0001, 1.0, 1.12]), one, "{unit}");
        }
    }

    #[test]
    fn three_values_have_no_outlier() {
        assert_eq!(notice(&[9.0, 1.0, 1.01]), None);
        assert_eq!(notice(&[1.0, 1.01, 9.0]), None);
        assert_eq!(notice(&[1.0, 1.01, 1.0, 9.0]), Some(Notice::Outliers(1)));
    }

    #[test]
    fn a_value_at_the_limit_is_no_outlier() {
        // Around 0, with a median deviation of 1.
        let at_limit = [OUTLIER, -1.0, 0.0, 1.0, -1.0];
        assert_eq!(outliers(&at_limit), [0; 0]);
        assert_eq!(notice(&at_limit), None);
        let beyond = [OUTLIER.next_up(), -1.0, 0.0, 1.0, -1.0];
        assert_eq!(outliers(&beyond), [0]);
        assert_eq!(notice(&beyond), Some(Notice::FirstRun));
    }

    #[test]
    fn a_slow_first_run_is_said_before_all_else() {
        assert_eq!(
            notice(&[0.5, 0.30, 0.29, 0.31, 0.30]),
            Some(Notice::FirstRun)
        );
        let first_and_last = [0.5, 0.30, 0.29, 0.31, 0.30, 0.29, 0.31, 0.9];
        assert_eq!(notice(&first_and_last), Some(Notice::FirstRun));
        // A fast first run is odd, but nothing that a warmup would change.
        assert_eq!(
            notice(&[0.1, 0.30, 0.29, 0.31, 0.30]),
            Some(Notice::Outliers(1))
        );
        assert_eq!(
            notice(&[0.30, 0.5, 0.29, 0.31, 0.30]),
            Some(Notice::Outliers(1))
        );
        assert_eq!(notice(&[0.30, 0.29, 0.31, 0.30]), None);
        assert_eq!(notice(&[]), None);
        assert_eq!(Notice::FirstRun.to_string(), "the first run is an outlier");
        assert_eq!(Notice::Outliers(1).to_string(), "1 run is an outlier");
        assert_eq!(Notice::Outliers(2).to_string(), "2 runs are outliers");
    }
}
