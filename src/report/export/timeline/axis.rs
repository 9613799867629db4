//! Round numbers on the time axis.

/// Steps longer than ten seconds, which are not 1, 2 or 5 times a power of ten.
const LONG: [i64; 12] = [
    10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000,
];

const SECOND: i64 = 1_000_000_000;

/// The moments to mark from 0 up to `length`, both in nanoseconds, with their labels: at most `most`
/// beside 0.
pub(super) fn ticks(length: i64, most: i64) -> Vec<(i64, String)> {
    let least = length / most.max(1);
    let step = steps().find(|step| *step > least).unwrap_or(i64::MAX);
    let (unit, name) = match length {
        ..1_000_000 => (1_000, "µs"),
        1_000_000..SECOND => (1_000_000, "ms"),
        _ if step < 60 * SECOND => (SECOND, "s"),
        _ if step < 3600 * SECOND => (60 * SECOND, "min"),
        _ => (3600 * SECOND, "h"),
    };
    (0..=length / step)
        .map(|i| i * step)
        .map(|moment| (moment, format!("{} {name}", moment as f64 / unit as f64)))
        .collect()
}

/// Ever longer steps, in nanoseconds.
fn steps() -> impl Iterator<Item = i64> {
    let short = (0..10).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
    let long = LONG.into_iter().map(|seconds| seconds * SECOND);
    let days = (0..5).flat_map(|power| [1, 2, 5].map(|d| d * 36_000 * SECOND * 10_i64.pow(power)));
    short.chain(long).chain(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(length: i64) -> Vec<String> {
        ticks(length, 8)
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(labels(0), ["0 µs"]);
        assert_eq!(labels(900_000)[..3], ["0 µs", "200 µs", "400 µs"]);
        assert_eq!(labels(47_100_000)[..3], ["0 ms", "10 ms", "20 ms"]);
        assert_eq!(labels(1_960_000_000)[1..3], ["0.5 s", "1 s"]);
        assert_eq!(labels(10_020_000_000)[1..3], ["2 s", "4 s"]);
        assert_eq!(labels(600 * SECOND)[1..3], ["2 min", "4 min"]);
        assert_eq!(labels(20 * 3600 * SECOND)[1..3], ["5 h", "10 h"]);
    }

    #[test]
    fn there_are_some_for_any_length() {
        for exponent in 0..62 {
            for length in [1 << exponent, 3 << exponent.min(60)] {
                let count = labels(length).len();
                assert!((1..=9).contains(&count), "{count} for {length} ns");
            }
        }
    }
}
