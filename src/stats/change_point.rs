//! Change points: where the level of a short series changed.

/// The fewest values on either side of a change point: of one alone nobody knows if it stays.
const MIN_SIDE: usize = 2;

/// The number of random orders that a split is held against; with the series' own they are a thousand.
const PERMUTATIONS: usize = 999;

/// The most orders of those, the series' own included, in which there may be as large a split. One series in sixty
/// without a change has such a split: with those that the interval of the last run names in error they are fewer than
/// one in twenty (`measure::baseline` has the simulation).
const AS_LARGE: usize = 15;

/// Seed of the random orders: the same series always has the same change points.
const SEED: u64 = 18;

/// A change of the level of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangePoint {
    /// The position of the first value at the new level.
    pub at: usize,
    /// The position of the first value at the level before it.
    pub since: usize,
}

/// Finds the last change of the level of these values. `None` without one, and for values that are not finite.
///
/// It is binary segmentation (Scott and Knott, "A Cluster Analysis Method for Grouping Means in the Analysis of
/// Variance", Biometrics 30, 1974): the split with the largest t statistic of two samples of equal variance, then the
/// same on either side of it. A split counts if hardly any random order of the values has one as large: that asks for
/// no distribution, and allows for the many splits that are looked at. For series of benchmarks the method of Daly and
/// others, "The Use of Change Point Detection to Identify Software Performance Regressions in a Continuous Integration
/// System", ICPE 2020, is of the same kind; the statistic here is a simpler one, which has more power with 20 values
/// than the segments of circular binary segmentation have, and finds a change that was soon taken back less often.
pub fn last_change_point(values: &[f64]) -> Option<ChangePoint> {
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let at = significant_split(values)?;
    match last_change_point(&values[at..]) {
        Some(later) => Some(ChangePoint {
            at: at + later.at,
            since: at + later.since,
        }),
        None => Some(ChangePoint {
            at,
            since: last_change_point(&values[..at]).map_or(0, |earlier| earlier.at),
        }),
    }
}

/// Finds all changes of the level, as [`last_change_point`] finds the last: the positions of the first values at each new
/// level, rising. None for values that are not finite.
pub fn change_points(values: &[f64]) -> Vec<usize> {
    let is_series = values.iter().all(|value| value.is_finite());
    let Some(at) = is_series.then(|| significant_split(values)).flatten() else {
        return Vec::new();
    };
    let mut points = change_points(&values[..at]);
    points.push(at);
    points.extend(change_points(&values[at..]).iter().map(|later| at + later));
    points
}

/// The split with the largest statistic, if that is beyond what chance would have.
fn significant_split(values: &[f64]) -> Option<usize> {
    let (split, statistic) = largest_split(values)?;
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut shuffled = values.to_vec();
    let mut as_large = 1;
    for _ in 0..PERMUTATIONS {
        random.shuffle(&mut shuffled);
        let other = largest_split(&shuffled).map_or(0.0, |(_, other)| other);
        // Sums in another order are off by a rounding error.
        as_large += usize::from(other >= statistic * (1.0 - 1e-9));
        if as_large > AS_LARGE {
            return None;
        }
    }
    Some(split)
}

/// The position of the split with the largest square of the t statistic, and the share of the variance that it
/// explains, which grows with that. `None` if the values are too few, or all alike.
fn largest_split(values: &[f64]) -> Option<(usize, f64)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let total: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if total <= 0.0 {
        return None;
    }
    let mut below = 0.0;
    let mut largest = None;
    for (position, value) in values.iter().enumerate() {
        if (MIN_SIDE..=values.len().saturating_sub(MIN_SIDE)).contains(&position) {
            let left = position as f64;
            let explained = below * below * count / (left * (count - left)) / total;
            if largest.is_none_or(|(_, most)| explained > most) {
                largest = Some((position, explained));
            }
        }
        below += value - mean;
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series of these levels, each with so many values that scatter a little.
    fn series(levels: &[(f64, usize)]) -> Vec<f64> {
        let level = |&(level, count): &(f64, usize)| {
            (0..count).map(move |k| level + [0.0, 0.02, -0.02, 0.01][k % 4])
        };
        levels.iter().flat_map(level).collect()
    }

    #[test]
    fn the_last_of_several_changes_is_found() {
        for (levels, expected) in [
            (&[(0.0, 13), (1.0, 7)][..], Some((13, 0))),
            (&[(0.0, 7), (1.0, 7), (2.0, 6)], Some((14, 7))),
            (&[(0.0, 7), (1.0, 7), (0.5, 6)], Some((14, 7))),
            (&[(0.0, 20)], None),
            // Of a single value nobody knows if it stays.
            (&[(0.0, 19), (1.0, 1)], None),
        ] {
            let found = last_change_point(&series(levels));
            let expected = expected.map(|(at, since)| ChangePoint { at, since });
            assert_eq!(found, expected, "{levels:?}");
            let all = change_points(&series(levels));
            assert_eq!(
                all.last().copied(),
                expected.map(|last| last.at),
                "{levels:?}"
            );
            let changes = expected.map_or(0, |_| levels.len() - 1);
            assert_eq!(all.len(), changes, "{levels:?}: {all:?}");
        }
    }

    #[test]
    fn few_values_equal_ones_and_such_as_are_no_numbers_have_none() {
        for values in [
            &[][..],
            &[1.0],
            &[1.0, 2.0, 3.0],
            &[1.0, 1.0, 2.0, 2.0],
            &[5.0; 20],
            &[f64::NAN; 20],
            &[f64::INFINITY, 1.0, 2.0, 3.0],
        ] {
            assert_eq!(last_change_point(values), None, "{values:?}");
        }
    }

    #[test]
    fn one_value_that_sticks_out_is_no_change() {
        let mut values = series(&[(0.0, 20)]);
        values[9] = 3.0;
        assert_eq!(last_change_point(&values), None);
    }

    #[test]
    fn a_side_has_two_values_at_least() {
        for values in [
            [9.0, 0.0, 0.1, 0.0, 0.1, 0.0],
            [0.0, 0.1, 0.0, 0.1, 0.0, 9.0],
        ] {
            let (split, _) = largest_split(&values).expect("they are not all alike");
            assert!((2..=4).contains(&split), "{split}: {values:?}");
        }
        assert_eq!(largest_split(&[0.0, 1.0, 2.0]), None);
    }

    #[test]
    fn the_same_series_always_has_the_same_change() {
        let values = series(&[(0.0, 6), (0.03, 6)]);
        assert_eq!(last_change_point(&values), last_change_point(&values));
    }
}
