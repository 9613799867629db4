//! Round numbers along an axis of time.

/// The first of 1, 2, 5, 10, 20, … that gives at most `most` steps up to `end`.
fn step(end: f64, most: f64) -> f64 {
    let least = end / most;
    let power = 10_f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let factor = factors
        .into_iter()
        .find(|f| f * power >= least * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Round values from `start` to `end`, some six of them.
pub(super) fn linear(start: f64, end: f64) -> Vec<f64> {
    if !(end > start && (end - start).is_finite()) {
        return vec![start];
    }
    let step = step(end - start, 7.0);
    let first = (start / step - 1e-9).ceil() as i64;
    let last = (end / step + 1e-9).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

/// Powers of ten from `start` to `end`, with 2 and 5 times them if there are few; both are above 0.
pub(super) fn logarithmic(start: f64, end: f64) -> Vec<f64> {
    let exponents = start.log10().floor() as i32..=end.log10().ceil() as i32;
    let factors: &[f64] = match (end / start).log10() {
        decades if decades <= 2.5 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    exponents
        .flat_map(|e| factors.iter().map(move |factor| factor * 10_f64.powi(e)))
        .filter(|tick| (start * (1.0 - 1e-9)..=end * (1.0 + 1e-9)).contains(tick))
        .collect()
}

/// Seconds as a short label: `0`, `250 µs`, `1.5 s`, `4 min`.
pub(super) fn label(seconds: f64) -> String {
    let (value, unit) = match seconds {
        0.0 => return "0".to_owned(),
        s if s < 0.9995e-3 => (s * 1e6, "µs"),
        s if s < 0.9995 => (s * 1e3, "ms"),
        s if s < 600.0 => (s, "s"),
        s => (s / 60.0, "min"),
    };
    // Three digits are enough to tell ticks apart, without the noise of binary fractions.
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 3) as usize;
    let number = format!("{value:.digits$}");
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => &number,
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_not_too_many() {
        assert_eq!(linear(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(
            linear(0.0, 0.7),
            [0, 1, 2, 3, 4, 5, 6, 7].map(|n| f64::from(n) * 0.1)
        );
        assert_eq!(
            linear(47.0, 61.0),
            [48.0, 50.0, 52.0, 54.0, 56.0, 58.0, 60.0]
        );
        assert_eq!(linear(0.0, 0.0), [0.0]);
        for end in [1e-6, 0.003, 0.99, 1.01, 17.0, 5e5] {
            let count = linear(0.0, end).len();
            assert!((3..=8).contains(&count), "{count} up to {end}");
        }
    }

    #[test]
    fn wide_ranges_have_powers_of_ten() {
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found / expected - 1.0).abs() < 1e-9,
                    "{found} for {expected}"
                );
            }
        };
        close(logarithmic(0.001, 10.0), &[0.001, 0.01, 0.1, 1.0, 10.0]);
        close(
            logarithmic(0.004, 0.21),
            &[0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
        );
    }

    #[test]
    fn labels_are_short() {
        for (seconds, text) in [
            (0.0, "0"),
            (250e-6, "250 µs"),
            (0.1 + 0.2, "300 ms"),
            (1.5, "1.5 s"),
            (100.0, "100 s"),
            (1200.0, "20 min"),
        ] {
            assert_eq!(label(seconds), text);
        }
    }
}
