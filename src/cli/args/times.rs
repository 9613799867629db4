//! Value parsers of times and of the rate of starts.
//!
//! A number alone is one of seconds, as it is to curl, wget and aria2c. The rate of starts needs its unit: to curl
//! a number alone is one an hour there, to most others one a second.

use std::time::Duration;

use super::values::NO_LIMIT;

/// The advice on a time of zero where that would leave nothing to do.
const NO_TIME: &str = "nothing can be done in no time; give a longer one";

/// Parses a duration: with its unit, or a number of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    duration_where(text, "seconds")
}

/// Parses a duration for an option to which a number alone is this.
fn duration_where(text: &str, alone: &str) -> Result<Duration, String> {
    let advice = || format!("give a time, as 1500ms, 30s or 5m; a number alone is {alone}");
    let is_digit = |c: char| c.is_ascii_digit();
    if text.contains(is_digit) && text.chars().all(|c| is_digit(c) || c == '.') {
        let seconds = text.parse().ok();
        let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        return time.ok_or_else(advice);
    }
    // Months to the parser of durations, and nobody waits for them.
    if let Some(number) = text.strip_suffix('M') {
        return Err(format!("M is no unit of a time; minutes are {number}m"));
    }
    humantime::parse_duration(text).map_err(|_| advice())
}

/// Parses a duration other than zero.
pub(super) fn time_limit(text: &str) -> Result<Duration, String> {
    nonzero(text, NO_TIME)
}

/// Parses a duration other than zero for an option to which a number alone is how often.
pub(super) fn repeat_time(text: &str) -> Result<Duration, String> {
    other_than_zero(duration_where(text, "how often")?, NO_TIME)
}

/// Parses a time limit that there is none of by default. To other programs a limit of 0 is none.
pub(super) fn optional_limit(text: &str) -> Result<Duration, String> {
    nonzero(text, NO_LIMIT)
}

/// Parses a delay that there is none of by default.
pub(super) fn optional_delay(text: &str) -> Result<Duration, String> {
    nonzero(text, "there is no delay by default: leave the option out")
}

fn nonzero(text: &str, advice: &str) -> Result<Duration, String> {
    other_than_zero(duration(text)?, advice)
}

fn other_than_zero(time: Duration, advice: &str) -> Result<Duration, String> {
    match time {
        Duration::ZERO => Err(advice.to_owned()),
        time => Ok(time),
    }
}

/// Parses a time limit, or zero for nothing at all.
pub(super) fn wait_limit(text: &str) -> Result<Duration, String> {
    duration(text)
}

/// Parses a rate, `N/s`, `N/m` or `N/h`, as the time between two starts.
pub(super) fn start_interval(text: &str) -> Result<Duration, String> {
    let advice = || "give a number and a time, as 10/s, 30/m or 1000/h".to_owned();
    if text.split('/').next() == Some("0") {
        return Err(NO_LIMIT.to_owned());
    }
    let Some((count, unit)) = text.split_once('/') else {
        return Err(match text.parse::<f64>() {
            Ok(_) => format!("a rate needs its time: {text}/s, {text}/m or {text}/h"),
            Err(_) => advice(),
        });
    };
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(advice()),
    };
    let count: f64 = count.parse().map_err(|_| advice())?;
    // Excludes NaN too.
    if !(1e-3..=1e9).contains(&count) {
        return Err(advice());
    }
    Ok(Duration::from_secs_f64(seconds / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_unit_is_seconds() {
        for (text, millis) in [
            ("5", 5_000),
            ("0.25", 250),
            ("1.5", 1_500),
            (".5", 500),
            ("2.", 2_000),
            ("007", 7_000),
            ("5s", 5_000),
            ("1.5s", 1_500),
            ("1500ms", 1_500),
            ("1m 30s", 90_000),
            ("2h", 7_200_000),
        ] {
            assert_eq!(
                time_limit(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_how_one_is_written() {
        for text in [
            "",
            ".",
            "soon",
            "5,5",
            "-1",
            "1e3",
            "1.2.3",
            "NaN",
            "inf",
            "5 5",
            "s",
            "POST",
            "5s5",
            "99999999999999999999999",
            "1..5",
        ] {
            let error = time_limit(text).expect_err(text);
            assert!(
                error.ends_with("a number alone is seconds"),
                "{text}: {error}"
            );
        }
        let error = time_limit("5M").expect_err("5M");
        assert!(error.ends_with("minutes are 5m"), "{error}");
    }

    #[test]
    fn no_time_is_no_limit_and_no_delay() {
        for text in ["0", "0.0", "0s", "0ms"] {
            assert!(
                optional_limit(text).is_err_and(|error| error.contains("no limit")),
                "{text}"
            );
            assert!(
                optional_delay(text).is_err_and(|error| error.contains("no delay")),
                "{text}"
            );
            assert!(
                time_limit(text).is_err_and(|error| error.contains("a longer one")),
                "{text}"
            );
            assert_eq!(wait_limit(text), Ok(Duration::ZERO), "{text}");
        }
    }

    #[test]
    fn a_rate_without_its_time_is_refused_with_all_that_it_may_be() {
        for text in ["50", "0.5"] {
            let error = start_interval(text).expect_err(text);
            let expected = format!("a rate needs its time: {text}/s, {text}/m or {text}/h");
            assert_eq!(error, expected);
        }
        for text in ["", "x", "5/d", "/s", "1,5/s", "-1/s", "NaN/s", "1e99/s"] {
            let error = start_interval(text).expect_err(text);
            assert!(error.contains("10/s, 30/m or 1000/h"), "{text}: {error}");
        }
    }
}
