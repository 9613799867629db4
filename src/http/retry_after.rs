//! The `Retry-After` header of a response (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use super::http_date;

/// The time for which the server asks not to be sent another request. Of several values the longest
/// holds.
pub(super) fn retry_after<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Duration> {
    let mut values = values.peekable();
    // Most responses have none; they need no look at the clock.
    values.peek()?;
    let now = SystemTime::now();
    values.filter_map(|value| parse(value, now)).max()
}

/// Parses a value of the header: a number of seconds, or a date, which is taken relative to `now`. A date
/// in the past is a wait of zero. `None` for anything else.
fn parse(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Some(seconds) = seconds(text) {
        return Some(Duration::from_secs(seconds));
    }
    let date = http_date::parse(value)?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// Parses a number of seconds. Some servers send fractions, which are rounded up, or the unit.
fn seconds(text: &str) -> Option<u64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    if !["", "s", "sec", "secs", "second", "seconds"].contains(&unit.trim_start()) {
        return None;
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    // Too many digits for a number are a very long time.
    let whole: u64 = whole.parse().unwrap_or(u64::MAX);
    let has_rest = fraction.bytes().any(|digit| digit != b'0');
    Some(whole.saturating_add(has_rest.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_747);
        let parse = |value: &str| super::parse(value.as_bytes(), now);
        for (value, seconds) in [
            (" 120 ", 120),
            ("0", 0),
            ("99999999999999999999999", u64::MAX),
            ("1.5", 2),
            ("2.0", 2),
            ("12 s", 12),
            ("12s", 12),
            ("12 seconds", 12),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
            ("Sun Nov  6 08:49:37 1994", 30),
            ("Sun, 6 Nov 1994 08:49:37 UTC", 30),
            ("1994-11-06T08:49:37Z", 30),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ] {
            assert_eq!(
                parse(value),
                Some(Duration::from_secs(seconds)),
                "{value:?}"
            );
        }
        for nonsense in [
            "", "soon", "-5", "+5", "1.", ".5", "1.2.3", "12 m", "s", "\u{661}",
        ] {
            assert_eq!(parse(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn the_longest_of_several_holds() {
        let values: [&[u8]; 4] = [b"5", b"soon", b"30", b"\xff"];
        assert_eq!(
            retry_after(values.into_iter()),
            Some(Duration::from_secs(30))
        );
        assert_eq!(retry_after(std::iter::empty()), None);
    }
}
