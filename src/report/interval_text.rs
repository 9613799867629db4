//! Intervals as text: their ends are rounded outward, so that nothing of an interval lies outside of what is shown.

use super::format::{distinct_decimals, format_secs};
use crate::stats::Interval;

/// Formats the ends of an interval, the lower rounded down and the upper up, so that nothing of it lies outside of what
/// is shown. `step` is the distance of the numbers that `shown` tells apart near a value.
pub(super) fn interval_ends(
    interval: Interval,
    step: impl Fn(f64) -> f64,
    shown: impl Fn(f64) -> String,
) -> [String; 2] {
    let moved = |end: f64, outward: fn(f64) -> f64| {
        let steps = end / step(end);
        let nearest = steps.round();
        // 1.1 / 0.01 is a little more than 110.
        let is_whole = (steps - nearest).abs() <= 1e-9 * nearest.abs().max(1.0);
        let steps = if is_whole { nearest } else { outward(steps) };
        shown(steps * step(end))
    };
    [
        moved(interval.low, f64::floor),
        moved(interval.high, f64::ceil),
    ]
}

/// Formats the ends of an interval of seconds.
pub(super) fn secs_interval(interval: Interval) -> [String; 2] {
    interval_ends(interval, secs_step, format_secs)
}

/// The distance of the durations that `duration` tells apart near so many seconds.
pub(super) fn secs_step(seconds: f64) -> f64 {
    match seconds {
        3600.0.. => 60.0,
        59.995.. => 1.0,
        0.99995.. => 1e-2,
        0.000_999_95.. => 1e-4,
        _ => 1e-6,
    }
}

/// The distance of the sizes that `bytes` tells apart near this one.
pub(super) fn bytes_step(count: f64) -> f64 {
    let units = std::iter::successors(Some(1e3), |unit| Some(unit * 1e3));
    let unit = units.take(6).find(|unit| count < unit * 999.95);
    match count < 1000.0 {
        true => 1.0,
        false => unit.unwrap_or(1e18) / 10.0,
    }
}

/// The distance of the rates that `rate` tells apart near this one.
pub(super) fn rate_step(per_second: f64) -> f64 {
    match per_second {
        99.95.. => 1.0,
        0.995.. => 0.1,
        _ => 0.01,
    }
}

/// Formats a ratio and its interval with as many decimals: two, or as many as it takes to tell from 1 what is shown not
/// to be 1.
pub(super) fn ratio_and_interval(ratio: f64, interval: Interval) -> (String, [String; 2]) {
    let shown = |decimals: usize| move |ratio: f64| format!("{ratio:.decimals$}");
    let ends = |decimals: usize| {
        let step = 10_f64.powi(-(decimals as i32));
        interval_ends(interval, |_| step, shown(decimals))
    };
    if interval.contains(1.0) {
        return (shown(2)(ratio), ends(2));
    }
    let nearest = usize::from(interval.high < 1.0);
    let of_end = distinct_decimals(4, |decimals| ends(decimals)[nearest].clone());
    let decimals = of_end.max(distinct_decimals(9, |decimals| shown(decimals)(ratio)));
    (shown(decimals)(ratio), ends(decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_rounded_outward_and_its_ends_have_the_digits_of_the_value() {
        let shown = |low, high| secs_interval(Interval { low, high });
        assert_eq!(shown(0.0471, 0.0479), ["47.1 ms", "47.9 ms"]);
        assert_eq!(shown(0.04719, 0.04781), ["47.1 ms", "47.9 ms"]);
        assert_eq!(shown(0.000_041_2, 0.999_91), ["41 µs", "1.00 s"]);
        assert_eq!(shown(59.994, 7205.0), ["59.99 s", "2 h 01 min"]);
        for (ratio, low, high, text, ends) in [
            (2.0, 1.976, 2.001, "2.00", ["1.97", "2.01"]),
            (1.1, 1.1, 1.1, "1.10", ["1.10", "1.10"]),
            (1.02, 0.999, 1.041, "1.02", ["0.99", "1.05"]),
            (1.02, 1.004, 1.041, "1.020", ["1.004", "1.041"]),
            (0.98, 0.95, 0.9991, "0.9800", ["0.9500", "0.9991"]),
            (1.02, 1.000_001, 1.04, "1.02", ["1.00", "1.04"]),
        ] {
            let found = ratio_and_interval(ratio, Interval { low, high });
            assert_eq!(found, (text.to_owned(), ends.map(str::to_owned)));
        }
        for (count, step) in [
            (999.0, 1.0),
            (1000.0, 100.0),
            (999_949.0, 100.0),
            (1e6, 1e5),
        ] {
            assert_eq!(bytes_step(count), step, "{count}");
        }
    }
}
