//! What a duration and a size look like: the one place that decides it.

use std::time::Duration;

use crate::summary::{RunsMade, Summary};

/// A duration to four significant digits at most: `47.1 ms`, `10.02 s`, `3 min 07 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 999.95e-6 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 999.95e-3 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 59.995 {
        format!("{seconds:.2} s")
    } else {
        let whole = duration.as_secs() + u64::from(duration.subsec_millis() >= 500);
        let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
        if hours > 0 {
            format!("{hours} h {minutes:02} min")
        } else {
            format!("{minutes} min {seconds:02} s")
        }
    }
}

/// A number of bytes in powers of 1000: `312 B`, `1.3 kB`, `19.5 MB`.
pub fn bytes(count: u64) -> String {
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        // Rounding to a tenth may not give "1000.0".
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// A ratio that is shown not to be 1, with two decimals, or as many as it takes to tell it from 1.
pub(super) fn apart(ratio: f64) -> String {
    (2..=9)
        .map(|decimals| format!("{ratio:.decimals$}"))
        .find(|text| text.parse() != Ok(1.0))
        .unwrap_or_else(|| format!("{ratio:.2}"))
}

/// What is said of a run that was stopped: `stopped before its end`.
pub(super) fn stopped(summary: &Summary) -> Option<String> {
    if !summary.stopped {
        return None;
    }
    Some(match summary.runs {
        Some(RunsMade { done, of }) => format!("stopped after {done} of {of} runs"),
        None => "stopped before its end".to_owned(),
    })
}

/// A number of things: `1 URL`, `2 URLs`, `0 retries`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// The noun as it stands after this number.
pub(super) fn plural(count: u64, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if count == 1 => noun.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
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
            assert_eq!(apart(ratio), text);
        }
    }

    #[test]
    fn durations_read_well_at_every_scale() {
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
}
