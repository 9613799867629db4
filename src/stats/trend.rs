//! Trend: times that grow or shrink from run to run.

/// The most values of a series that are compared with one another; of a longer one every second, third and so on
/// is.
const MOST: usize = 200;

/// The longest series whose probability is computed exactly rather than by the normal approximation.
const EXACT: usize = 40;

/// A monotonic trend in one or several series of times, each in the order of measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The last time over the first by the trend: 1.2 is 20 % longer.
    pub change: f64,
    /// The two-sided probability of as much order without a trend.
    pub probability: f64,
}

impl Trend {
    /// Computes the trend that the series share. `None` if none has two values, or if one is not positive and
    /// finite.
    ///
    /// The test is Mann's ("Nonparametric Tests Against Trend", Econometrica 13, 1945) on Kendall's statistic: how
    /// many of the later times exceed earlier ones. It asks nothing of the distribution. Over several series the
    /// statistics are summed, as over seasons (Hirsch, Slack and Smith, "Techniques of Trend Analysis for Monthly Water
    /// Quality Data", Water Resources Research 18, 1982): so arms of different speed are one test. The change is by the
    /// median of all slopes on the logarithms (Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau",
    /// JASA 63, 1968).
    pub fn of(series: &[&[f64]]) -> Option<Self> {
        let is_time = |time: &f64| *time > 0.0 && time.is_finite();
        if !series.iter().all(|times| times.iter().all(is_time)) {
            return None;
        }
        let mut score = 0.0;
        let mut slopes = Vec::new();
        let mut counts = Vec::new();
        for times in series {
            let logs = thinned(times);
            for (later, (place, log)) in logs.iter().enumerate() {
                for (before, earlier) in &logs[..later] {
                    let rise = log - earlier;
                    score += if rise == 0.0 { 0.0 } else { rise.signum() };
                    slopes.push(rise / (place - before) as f64);
                }
            }
            counts.push(logs.len());
        }
        let longest = series.iter().map(|times| times.len()).max()?;
        let slope = super::quantile(&slopes, 0.5)?;
        Some(Trend {
            change: (slope * (longest - 1) as f64).exp(),
            probability: probability(score, &counts),
        })
    }
}

/// The logarithms of at most [`MOST`] times, evenly apart, with their places.
fn thinned(times: &[f64]) -> Vec<(usize, f64)> {
    let step = times.len().div_ceil(MOST).max(1);
    let places = times.iter().enumerate().step_by(step);
    places.map(|(place, time)| (place, time.ln())).collect()
}

/// The two-sided probability of a score at least as far from 0, if each series is in random order.
fn probability(score: f64, counts: &[usize]) -> f64 {
    if counts.iter().any(|count| *count > EXACT) {
        let variance = |count: &usize| {
            let n = *count as f64;
            n * (n - 1.0) * (2.0 * n + 5.0) / 18.0
        };
        let variance: f64 = counts.iter().map(variance).sum();
        // A step of the score is 2 wide: hence the correction for continuity.
        let deviate = ((score.abs() - 1.0) / variance.sqrt()).max(0.0);
        return (2.0 * super::sequential::upper_tail(deviate)).min(1.0);
    }
    // The distribution of the number of inversions: of one series more, each of its values in turn takes any place
    // among those before it with the same probability.
    let mut inversions = vec![1.0];
    for place in counts.iter().flat_map(|count| 1..=*count) {
        let mut next = vec![0.0; inversions.len() + place - 1];
        for (at, share) in inversions.iter().enumerate() {
            for more in &mut next[at..at + place] {
                *more += share / place as f64;
            }
        }
        inversions = next;
    }
    let most = (inversions.len() - 1) as f64;
    let shares = inversions.iter().enumerate();
    let is_as_far = |at: usize| (most - 2.0 * at as f64).abs() >= score.abs() - 0.5;
    shares
        .filter(|(at, _)| is_as_far(*at))
        .map(|(_, share)| share)
        .sum::<f64>()
        .min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(series: &[&[f64]]) -> Trend {
        Trend::of(series).expect("the times are positive")
    }

    #[test]
    fn the_probability_is_that_of_the_orders_that_are_as_far_from_chance() {
        // Of n! orders, one rises and one falls all the way.
        for (times, of_orders) in [
            (&[1.0, 2.0, 3.0][..], 2.0 / 6.0),
            (&[1.0, 2.0, 3.0, 4.0, 5.0], 2.0 / 120.0),
            (&[5.0, 4.0, 3.0, 2.0, 1.0], 2.0 / 120.0),
            // One exchange: four more orders on either side.
            (&[1.0, 2.0, 3.0, 5.0, 4.0], 10.0 / 120.0),
            (&[1.0, 1.0, 1.0], 1.0),
        ] {
            let trend = of(&[times]);
            let off = (trend.probability - of_orders).abs();
            assert!(off < 1e-12, "{times:?}: {trend:?}, not {of_orders}");
        }
    }

    /// Kendall, "Rank Correlation Methods", table 1: of ten values, S of 23 or more has probability 0.023.
    #[test]
    fn a_published_probability_is_found_again() {
        assert!((probability(23.0, &[10]) - 2.0 * 0.023).abs() < 1e-3);
        assert!((probability(-23.0, &[10]) - 2.0 * 0.023).abs() < 1e-3);
    }

    #[test]
    fn two_arms_that_drift_alike_show_more_than_one() {
        let [slow, quick] = [[8.0, 8.8, 9.7, 10.6, 11.7], [1.0, 1.1, 1.2, 1.3, 1.5]];
        let [one, both] = [of(&[&slow]), of(&[&slow, &quick])];
        assert!(
            (both.probability - 2.0 / 14_400.0).abs() < 1e-12,
            "{both:?}"
        );
        assert!(both.probability < one.probability, "{both:?} {one:?}");
        assert!((both.change - 1.1_f64.powi(4)).abs() < 0.02, "{both:?}");
        // What one gains and the other loses is no common trend.
        let mut other = quick;
        other.reverse();
        assert_eq!(of(&[&slow, &other]).probability, 1.0);
    }

    #[test]
    fn long_series_have_nearly_the_probability_that_is_exact() {
        for score in [0.0, 100.0, 200.0, 300.0] {
            let exact = probability(score, &[EXACT]);
            let near = probability(score, &[EXACT, EXACT + 1, 1]);
            // Another series makes as much order likelier, never less likely.
            assert!(exact <= near + 1e-3, "{score}: {exact} {near}");
        }
        let many: Vec<f64> = (0..100_000).map(|n| 1.0 + f64::from(n) * 1e-5).collect();
        let trend = of(&[&many]);
        assert!(trend.probability < 1e-6, "{trend:?}");
        assert!((trend.change - 2.0).abs() < 0.1, "{trend:?}");
    }

    #[test]
    fn one_run_has_no_trend_and_neither_has_what_is_no_time() {
        assert_eq!(Trend::of(&[]), None);
        assert_eq!(Trend::of(&[&[1.0]]), None);
        assert_eq!(Trend::of(&[&[1.0, 0.0]]), None);
        assert_eq!(Trend::of(&[&[1.0, f64::NAN]]), None);
    }
}
