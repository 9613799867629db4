//! The sign test: whether as many differences point one way as the other.

/// The two-sided probability of so uneven a split, or a more uneven one, if both signs are equally likely. Ties
/// are left out beforehand. It is exact (Dixon and Mood, "The Statistical Sign Test", JASA 41, 1946; of paired
/// yes-or-no answers it is the test of McNemar, Psychometrika 12, 1947).
pub fn sign_test(plus: u64, minus: u64) -> f64 {
    let all = plus.saturating_add(minus);
    let fewer = plus.min(minus);
    // The logarithms of the binomial probabilities, from 0 on: the numbers themselves are too small for long lists.
    let mut log = -(all as f64) * std::f64::consts::LN_2;
    let mut tail = log.exp();
    for k in 1..=fewer {
        log += ((all - k + 1) as f64).ln() - (k as f64).ln();
        tail += log.exp();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probability_is_that_of_the_binomial_distribution() {
        for (plus, minus, expected) in [
            (0, 0, 1.0),
            (1, 0, 1.0),
            (8, 0, 2.0 / 256.0),
            (0, 8, 2.0 / 256.0),
            // 1 + 10 + 45 of 1024, twice.
            (8, 2, 112.0 / 1024.0),
            (5, 5, 1.0),
        ] {
            let found = sign_test(plus, minus);
            assert!(
                (found - expected).abs() < 1e-12,
                "{plus} to {minus}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn long_lists_are_no_trouble() {
        assert!(sign_test(100_000, 0) < 1e-300);
        assert!((sign_test(50_000, 50_000) - 1.0).abs() < 1e-6);
        let far = sign_test(51_000, 49_000);
        assert!(far < 1e-8 && far > 1e-12, "{far}");
    }
}
