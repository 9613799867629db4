//! Rank test: whether the values of one sample exceed those of another.

/// The normal deviate from which on chance is ruled out: one in 400 of two samples of one distribution reach it.
const DEVIATE: f64 = 2.8;

/// The least share of pairs whose member from the one sample is the larger.
const SHARE: f64 = 0.8;

/// Tests whether the values of `more` are larger than those of `less`: most of them, and by more than chance
/// would have it. It is the test of Mann and Whitney ("On a Test of Whether One of Two Random Variables Is
/// Stochastically Larger than the Other", Annals of Mathematical Statistics 18, 1947) in its normal approximation,
/// which asks nothing of the distributions: one that is much larger than the others counts like any other.
pub fn exceeds(more: &[f64], less: &[f64]) -> bool {
    let (m, n) = (more.len() as f64, less.len() as f64);
    let wins: f64 = more
        .iter()
        .map(|value| {
            let below = less.iter().filter(|other| *other < value).count();
            let ties = less.iter().filter(|other| *other == value).count();
            below as f64 + ties as f64 / 2.0
        })
        .sum();
    let pairs = m * n;
    let deviation = (pairs * (m + n + 1.0) / 12.0).sqrt();
    pairs > 0.0 && wins >= SHARE * pairs && wins - pairs / 2.0 >= DEVIATE * deviation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(from: usize, count: usize) -> Vec<f64> {
        (from..from + count).map(|value| value as f64).collect()
    }

    #[test]
    fn samples_that_lie_apart_are_told_from_those_that_overlap() {
        let less = counting(0, 6);
        for (from, expected) in [(6, true), (5, true), (0, false)] {
            assert_eq!(exceeds(&counting(from, 20), &less), expected, "{from}");
        }
        assert!(!exceeds(&less, &counting(6, 20)), "the other way round");
    }

    #[test]
    fn few_values_show_nothing_and_none_are_no_trouble() {
        assert!(!exceeds(&counting(3, 3), &counting(0, 3)));
        assert!(!exceeds(&[], &[1.0]));
        assert!(!exceeds(&[1.0], &[]));
    }

    #[test]
    fn one_value_that_sticks_out_decides_nothing() {
        let less = [&counting(0, 19)[..], &[1e9]].concat();
        assert!(exceeds(&counting(100, 40), &less));
    }

    #[test]
    fn equal_values_show_no_difference() {
        assert!(!exceeds(&[1.0; 50], &[1.0; 50]));
    }
}
