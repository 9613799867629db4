//! The reference: the saved runs whose level a new run is to keep.

use std::ops::Range;

use crate::stats::{ALIKE, change_points};

/// The place of the runs that a new run is compared with, in a history of these levels (means of the logarithms of the
/// times): those since the last change that is no slow-down. There is one at least, if there are any levels.
///
/// What came before an improvement says nothing of the level to keep. A slow-down is not accepted by being saved often
/// enough: it stays the finding until the user accepts it, by beginning the file anew, or until the runs before it are
/// no longer kept. Levels are held against the fastest so far, so that no number of small steps is accepted either.
pub(super) fn reference(levels: &[f64]) -> Range<usize> {
    let starts: Vec<usize> = [0].into_iter().chain(change_points(levels)).collect();
    let ends = starts.iter().skip(1).copied().chain([levels.len()]);
    let mut fastest = f64::INFINITY;
    let mut accepted = 0..levels.len();
    for (start, end) in starts.iter().copied().zip(ends) {
        let level = levels[start..end].iter().sum::<f64>() / (end - start) as f64;
        if level <= fastest + ALIKE.high.ln() {
            accepted = start..end;
            fastest = fastest.min(level);
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The levels of runs of these times, each of which scatters a little.
    fn levels(times: &[(f64, usize)]) -> Vec<f64> {
        let level = |&(time, count): &(f64, usize)| {
            (0..count).map(move |k| f64::ln(time) + [0.0, 0.002, -0.002, 0.001][k % 4])
        };
        times.iter().flat_map(level).collect()
    }

    #[test]
    fn a_slow_down_is_accepted_by_no_number_of_runs_and_an_improvement_by_a_few() {
        for (times, expected) in [
            (&[(1.0, 20)][..], 0..20),
            (&[(1.0, 13), (1.3, 7)], 0..13),
            (&[(1.0, 4), (1.3, 16)], 0..4),
            (&[(1.3, 13), (1.0, 7)], 13..20),
            // Faster than before; slower twice; recovered in part.
            (&[(1.0, 7), (1.3, 6), (0.7, 7)], 13..20),
            (&[(1.0, 7), (1.3, 6), (1.6, 7)], 0..7),
            (&[(1.0, 7), (1.5, 6), (1.2, 7)], 0..7),
            // Changes that two sessions may differ by, but not many of them together.
            (&[(1.0, 10), (1.04, 10)], 10..20),
            (&[(1.0, 7), (1.04, 6), (1.08, 7)], 7..13),
            (&[(2.0, 1)], 0..1),
            (&[], 0..0),
        ] {
            assert_eq!(reference(&levels(times)), expected, "{times:?}");
        }
    }
}
