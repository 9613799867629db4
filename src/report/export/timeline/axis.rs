//! Round tick values along an axis of time, in seconds, with their labels.

/// The most steps between the ticks of a linear axis.
const MOST_STEPS: f64 = 7.0;

/// Steps past ten seconds, where minutes and hours are rounder than powers of ten.
const LONG_STEPS: [f64; 13] = [
    10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 18_000.0, 36_000.0,
];

/// A marked value of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report::export) struct Tick {
    pub(in crate::report::export) seconds: f64,
    pub(in crate::report::export) label: String,
}

/// Ticks at round values from `start` to `end`: 4 to 8 of them, or `start` alone if the axis has no length.
pub(in crate::report::export) fn linear(start: f64, end: f64) -> Vec<Tick> {
    if !(end > start && (end - start).is_finite()) {
        let (seconds, label) = (start, label(start));
        return vec![Tick { seconds, label }];
    }
    let step = step((end - start) / MOST_STEPS);
    let first = (start / step - 1e-9).ceil() as i64;
    let last = (end / step + 1e-9).floor() as i64;
    let tick = |number: i64| {
        let seconds = number as f64 * step;
        let label = match step {
            _ if number == 0 => "0".to_owned(),
            step if step >= 3600.0 => with_unit(seconds / 3600.0, "h", None),
            step if step >= 60.0 => with_unit(seconds / 60.0, "min", None),
            step => label_to(seconds, Some(step)),
        };
        Tick { seconds, label }
    };
    (first..=last).map(tick).collect()
}

/// Ticks at powers of ten from `start` to `end`, both above 0; at 2 and 5 times them too where the axis
/// spans less than two and a half decades.
pub(in crate::report::export) fn logarithmic(start: f64, end: f64) -> Vec<Tick> {
    let exponents = start.log10().floor() as i32..=end.log10().ceil() as i32;
    let factors: &[f64] = match (end / start).log10() {
        decades if decades <= 2.5 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    exponents
        .flat_map(|e| factors.iter().map(move |factor| factor * 10_f64.powi(e)))
        .filter(|tick| (start * (1.0 - 1e-9)..=end * (1.0 + 1e-9)).contains(tick))
        .map(|seconds| Tick {
            seconds,
            label: label(seconds),
        })
        .collect()
}

/// Formats seconds as a short label: `0`, `250 µs`, `1.5 s`, `20 min`.
pub(in crate::report::export) fn label(seconds: f64) -> String {
    label_to(seconds, None)
}

/// Formats seconds as a [`label`], with as many digits as tell it from a value one step away.
pub(in crate::report::export) fn label_to(seconds: f64, step: Option<f64>) -> String {
    let (scale, unit) = match seconds {
        0.0 => return "0".to_owned(),
        s if s < 0.9995e-3 => (1e6, "µs"),
        s if s < 0.9995 => (1e3, "ms"),
        s if s < 600.0 => (1.0, "s"),
        _ => (1.0 / 60.0, "min"),
    };
    with_unit(seconds * scale, unit, step.map(|step| step * scale))
}

/// Formats a value to three digits, or to those of a step: enough to tell ticks apart, without the noise of
/// binary fractions.
fn with_unit(value: f64, unit: &str, step: Option<f64>) -> String {
    let decimals =
        |value: f64, digits: i32| (digits - 1 - value.abs().log10().floor() as i32).max(0);
    let short = decimals(value, 3).min(3);
    // The steps of ticks have one digit.
    let needed = step.map_or(0, |step| decimals(step * (1.0 + 1e-9), 1));
    let digits = short.max(needed) as usize;
    let number = format!("{value:.digits$}");
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => &number,
    };
    format!("{number} {unit}")
}

/// The smallest round step of at least `least` seconds: 1, 2 or 5 times a power of ten up to ten seconds,
/// then whole minutes and hours.
fn step(least: f64) -> f64 {
    let reaches = |step: &f64| *step >= least * (1.0 - 1e-9);
    if least > 10.0
        && let Some(step) = LONG_STEPS.into_iter().find(reaches)
    {
        return step;
    }
    // Beyond ten hours: the same digits, of hours.
    let unit = if least > 10.0 { 3600.0 } else { 1.0 };
    let power = 10_f64.powf((least / unit).log10().floor()) * unit;
    let factors = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    factors.into_iter().find(reaches).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(ticks: &[Tick]) -> Vec<f64> {
        ticks.iter().map(|tick| tick.seconds).collect()
    }

    fn labels(end: f64) -> Vec<String> {
        let ticks = linear(0.0, end).into_iter();
        ticks.map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_4_to_8() {
        assert_eq!(values(&linear(0.0, 10.0)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(
            values(&linear(0.0, 0.7)),
            [0, 1, 2, 3, 4, 5, 6, 7].map(|n| f64::from(n) * 0.1)
        );
        assert_eq!(
            values(&linear(47.0, 61.0)),
            [48.0, 50.0, 52.0, 54.0, 56.0, 58.0, 60.0]
        );
        assert_eq!(values(&linear(0.0, 0.0)), [0.0]);
        for exponent in -6..10 {
            for digit in [1.0, 1.3, 3.0, 7.7, 9.9] {
                let end = digit * 10_f64.powi(exponent);
                let count = linear(0.0, end).len();
                assert!((3..=8).contains(&count), "{count} up to {end}");
            }
        }
    }

    #[test]
    fn ticks_of_a_narrow_range_have_names_of_their_own() {
        for (start, end) in [
            (0.0603, 0.0605),
            (100.01, 100.05),
            (0.999_999, 1.000_001),
            (0.000_5, 0.000_500_3),
            (12.0, 12.3),
        ] {
            let ticks = linear(start, end);
            let names: std::collections::BTreeSet<_> = ticks.iter().map(|t| &t.label).collect();
            assert_eq!(names.len(), ticks.len(), "{ticks:?}");
        }
        let names = linear(0.0603, 0.0605).into_iter().map(|tick| tick.label);
        let names: Vec<String> = names.collect();
        assert_eq!(names[..2], ["60.3 ms", "60.35 ms"]);
    }

    #[test]
    fn long_axes_are_marked_in_minutes_and_hours() {
        assert_eq!(labels(200.0)[..3], ["0", "30 s", "60 s"]);
        assert_eq!(labels(600.0)[..3], ["0", "2 min", "4 min"]);
        assert_eq!(labels(20.0 * 3600.0)[..3], ["0", "5 h", "10 h"]);
        assert_eq!(labels(900.0 * 3600.0)[..3], ["0", "200 h", "400 h"]);
    }

    #[test]
    fn wide_ranges_have_powers_of_ten() {
        let close = |found: Vec<Tick>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                let off = found.seconds / expected - 1.0;
                assert!(off.abs() < 1e-9, "{found:?} for {expected}");
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
