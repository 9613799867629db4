//! Durations, sizes, ratios and counts as text: the one place that decides how they look.

use std::time::Duration;

use super::text_cell::TextCell;

/// Formats a duration to at most four significant digits: `47.1 ms`, `10.02 s`, `3 min 07 s`.
pub fn duration(duration: Duration) -> String {
    duration_cell(duration).into()
}

/// Formats a number of bytes in powers of 1000: `312 B`, `1.3 kB`, `19.5 MB`.
pub fn bytes(count: u64) -> String {
    bytes_cell(count).into()
}

/// Formats seconds as [`duration`] does. Negative ones, as the lower end of an interval may be, are shown
/// as 0; numbers that are no duration as a dash.
pub(super) fn format_secs(seconds: f64) -> String {
    match Duration::try_from_secs_f64(seconds.max(0.0)) {
        Ok(time) if !seconds.is_nan() => duration(time),
        _ => "–".to_owned(),
    }
}

/// Formats nanoseconds as [`duration`] does; negative ones as 0.
pub(super) fn duration_of_nanos(nanos: i64) -> String {
    duration(Duration::from_nanos(nanos.max(0) as u64))
}

/// A duration as [`duration`] formats it. It computes in whole numbers, because it runs for each URL of a run.
pub(super) fn duration_cell(duration: Duration) -> TextCell {
    let mut cell = TextCell::default();
    let seconds = duration.as_secs();
    if seconds >= 60 || (seconds == 59 && duration.subsec_millis() >= 995) {
        let whole = seconds + u64::from(duration.subsec_millis() >= 500);
        let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
        if hours > 0 {
            cell.prepend(" min");
            prepend_two_digits(&mut cell, minutes);
            cell.prepend(" h ");
            cell.prepend_number(hours);
        } else {
            cell.prepend(" s");
            prepend_two_digits(&mut cell, seconds);
            cell.prepend(" min ");
            cell.prepend_number(minutes);
        }
        return cell;
    }
    let nanos = seconds * 1_000_000_000 + u64::from(duration.subsec_nanos());
    // The limits are where the next smaller unit would round to 1000.0.
    if nanos < 999_950 {
        cell.prepend(" µs");
        cell.prepend_number((nanos + 500) / 1000);
    } else if nanos < 999_950_000 {
        cell.prepend(" ms");
        prepend_tenths(&mut cell, (nanos + 50_000) / 100_000);
    } else {
        let hundredths = (nanos + 5_000_000) / 10_000_000;
        cell.prepend(" s");
        prepend_two_digits(&mut cell, hundredths % 100);
        cell.prepend(".");
        cell.prepend_number(hundredths / 100);
    }
    cell
}

/// A number of bytes as [`bytes`] formats it.
pub(super) fn bytes_cell(count: u64) -> TextCell {
    if count < 1000 {
        let mut cell = TextCell::of(" B");
        cell.prepend_number(count);
        return cell;
    }
    let mut hundredth = 10;
    for unit in [" kB", " MB", " GB", " TB", " PB"] {
        let tenths = (count / hundredth + 5) / 10;
        // Rounding to a tenth may not give "1000.0".
        if tenths < 10_000 {
            let mut cell = TextCell::of(unit);
            prepend_tenths(&mut cell, tenths);
            return cell;
        }
        hundredth *= 1000;
    }
    let mut cell = TextCell::of(" EB");
    prepend_tenths(&mut cell, (count / hundredth + 5) / 10);
    cell
}

/// A whole number.
pub(super) fn number_cell(number: u64) -> TextCell {
    let mut cell = TextCell::default();
    cell.prepend_number(number);
    cell
}

/// Appends a whole number.
pub(super) fn push_number(text: &mut String, number: u64) {
    text.push_str(itoa::Buffer::new().format(number));
}

/// Puts a number of tenths, with one decimal, before what is there.
fn prepend_tenths(cell: &mut TextCell, tenths: u64) {
    cell.prepend_number(tenths % 10);
    cell.prepend(".");
    cell.prepend_number(tenths / 10);
}

/// Puts a number below 100, with a leading zero if it needs one, before what is there.
fn prepend_two_digits(cell: &mut TextCell, number: u64) {
    cell.prepend_number(number % 10);
    cell.prepend_number(number / 10);
}

/// Formats a ratio that is shown not to be 1: with two decimals, or with as many as it takes to tell it
/// from 1.
pub(super) fn distinct_ratio(ratio: f64) -> String {
    let decimals = distinct_decimals(9, |decimals| format!("{ratio:.decimals$}"));
    format!("{ratio:.decimals$}")
}

/// The decimals, up to so many, with which a number that is not 1 does not look like it; two if that takes more.
pub(super) fn distinct_decimals(most: usize, shown: impl Fn(usize) -> String) -> usize {
    (2..=most)
        .find(|decimals| shown(*decimals).parse() != Ok(1.0))
        .unwrap_or(2)
}

/// Formats a number of things: `1 URL`, `20,000 URLs`, `0 retries`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {}", grouped(count), plural(count, noun))
}

/// Formats a whole number with its thousands apart: `999`, `20,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a rate per second to about three digits: `0.42`, `4.1`, `58.6`, `10,661`.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate < 0.995 => format!("{rate:.2}"),
        rate if rate < 99.95 => format!("{rate:.1}"),
        rate => grouped(rate.round() as u64),
    }
}

/// Formats the ordinal of a number: `1st`, `2nd`, `13th`, `22nd`.
pub(super) fn ordinal(number: u64) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// The form of a noun after this number.
fn plural(count: u64, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if count == 1 => noun.to_owned(),
        None if noun.ends_with("ch") => format!("{noun}es"),
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ratio_that_is_not_1_is_not_shown_as_1() {
        for (ratio, text) in [
            (4.956, "4.96"),
            (1.02, "1.02"),
            (1.0049, "1.005"),
            (0.99993, "0.9999"),
            (1.0, "1.00"),
        ] {
            assert_eq!(distinct_ratio(ratio), text);
        }
    }

    #[test]
    fn seconds_that_are_no_duration_are_a_dash() {
        for (seconds, text) in [
            (1.5, "1.50 s"),
            (-0.1, "0 µs"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(format_secs(seconds), text, "{seconds}");
        }
        assert_eq!(duration_of_nanos(-1), "0 µs");
    }

    #[test]
    fn thousands_stand_apart() {
        for (count, text) in [
            (0, "0 URLs"),
            (1, "1 URL"),
            (999, "999 URLs"),
            (1000, "1,000 URLs"),
            (20_000, "20,000 URLs"),
            (1_234_567, "1,234,567 URLs"),
        ] {
            assert_eq!(counted(count, "URL"), text);
        }
    }

    #[test]
    fn rates_have_no_needless_decimals() {
        for (per_second, text) in [
            (0.0, "0.00"),
            (0.419, "0.42"),
            (0.996, "1.0"),
            (9.96, "10.0"),
            (58.61, "58.6"),
            (99.96, "100"),
            (10_660.5, "10,661"),
        ] {
            assert_eq!(rate(per_second), text, "{per_second}");
        }
    }

    #[test]
    fn durations_have_at_most_four_digits_at_every_scale() {
        for (nanos, text) in [
            (0, "0 µs"),
            (47_100, "47 µs"),
            (999_949, "1000 µs"),
            (999_960, "1.0 ms"),
            (47_123_456, "47.1 ms"),
            (999_940_000, "999.9 ms"),
            (999_960_000, "1.00 s"),
            (10_020_000_000, "10.02 s"),
            (59_994_000_000, "59.99 s"),
            (59_996_000_000, "1 min 00 s"),
            (187_000_000_000, "3 min 07 s"),
            (7_500_000_000_000, "2 h 05 min"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanos)), text, "{nanos} ns");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5_000) })]

        /// A text, parsed back, differs from its value by half of the last digit at most.
        #[test]
        fn texts_are_off_by_no_more_than_their_rounding(
            nanos in prop_oneof![0..2_000_000_u64, 0..2_000_000_000_u64, 0..59_995_000_000_u64],
            shift in 0..64_u32,
            count in any::<u64>(),
        ) {
            let text = duration(Duration::from_nanos(nanos));
            let (number, unit) = text.split_once(' ').unwrap();
            let (unit, half) = match unit {
                "µs" => (1e3, 500.0),
                "ms" => (1e6, 50_000.0),
                "s" => (1e9, 5e6),
                _ => return Err(TestCaseError::fail(text)),
            };
            let shown = number.parse::<f64>().unwrap() * unit;
            prop_assert!((shown - nanos as f64).abs() <= half + 1e-3, "{} ns: {}", nanos, text);
            prop_assert!(number.len() <= 5, "{} ns: {}", nanos, text);

            let count = count >> shift;
            let text = bytes(count);
            let (number, unit) = text.split_once(' ').unwrap();
            let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
            let power = units.iter().position(|&u| u == unit).unwrap();
            let unit = 1000_f64.powi(power as i32);
            let off = (number.parse::<f64>().unwrap() * unit - count as f64).abs();
            let half = if power == 0 { 0.0 } else { unit / 20.0 };
            prop_assert!(off <= half * (1.0 + 1e-9), "{}: {}", count, text);
            prop_assert!(number.len() <= 5, "{}: {}", count, text);
        }
    }

    #[test]
    fn sizes_are_in_powers_of_a_thousand() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1256, "1.3 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (19_500_000, "19.5 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(count), text, "{count}");
        }
    }

    #[test]
    fn ordinals_end_as_they_are_spoken() {
        for (number, text) in [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (10, "10th"),
            (11, "11th"),
            (12, "12th"),
            (13, "13th"),
            (21, "21st"),
            (32, "32nd"),
            (64, "64th"),
            (512, "512th"),
            (8192, "8192nd"),
        ] {
            assert_eq!(ordinal(number), text);
        }
    }
}
