//! Parser of the value of `--repeat`: a number of times, or a time.

use std::num::NonZeroU64;
use std::time::Duration;

use super::times::repeat_time;

/// A repetition as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypedRepeat {
    /// So many times.
    Times(NonZeroU64),
    /// Over and over, until so much time has gone by.
    Time(Duration),
}

/// Parses a number of times, or a time with its unit. A number alone is one of times, as it is to load generators;
/// everywhere else it is one of seconds.
pub(super) fn repeat(text: &str) -> Result<TypedRepeat, String> {
    let advice = "give how often, as 1000, or for how long, with the unit, as 10s or 5m";
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    if !text.is_empty() && text.chars().all(is_number) {
        let has_digits_alone = text.bytes().all(|byte| byte.is_ascii_digit());
        let times = text.parse().ok().filter(|_| has_digits_alone);
        let times: u64 = times.ok_or_else(|| advice.to_owned())?;
        let times = NonZeroU64::new(times);
        return times.map(TypedRepeat::Times).ok_or_else(|| {
            "give 1 at least, which is as often as without the option; --dry-run fetches nothing"
                .to_owned()
        });
    }
    match repeat_time(text) {
        Err(_) if !text.starts_with(|c: char| c.is_ascii_digit()) => Err(advice.to_owned()),
        time => time.map(TypedRepeat::Time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_how_often_and_one_with_a_unit_is_a_time() {
        let times = |number| NonZeroU64::new(number).map(TypedRepeat::Times);
        let time = |millis| Some(TypedRepeat::Time(Duration::from_millis(millis)));
        for (text, expected) in [
            ("1", times(1)),
            ("1000", times(1000)),
            ("18446744073709551615", times(u64::MAX)),
            ("10s", time(10_000)),
            ("500ms", time(500)),
            ("1m 30s", time(90_000)),
            ("2h", time(7_200_000)),
        ] {
            assert_eq!(repeat(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_both() {
        for text in [
            "",
            "-1",
            "+5",
            "1.5",
            "often",
            "18446744073709551616",
            "-5s",
            "s",
            "1-2",
        ] {
            let error = repeat(text).expect_err(text);
            assert!(
                error.contains("as 1000, or for how long"),
                "{text}: {error}"
            );
        }
        for text in ["5 5", "1e3", "10x", "1k"] {
            let error = repeat(text).expect_err(text);
            assert!(
                error.ends_with("a number alone is how often"),
                "{text}: {error}"
            );
        }
        let error = repeat("5M").expect_err("5M");
        assert!(error.ends_with("minutes are 5m"), "{error}");
        for text in ["0", "00"] {
            let error = repeat(text).expect_err(text);
            assert!(error.starts_with("give 1 at least"), "{text}: {error}");
        }
        let error = repeat("0s").expect_err("0s");
        assert!(error.contains("a longer one"), "{error}");
    }
}
