//! The `Retry-After` header of a response (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use super::transport::head::ResponseHead;

/// The time for which the server asks not to be sent another request.
pub(super) fn retry_after(head: &ResponseHead) -> Option<Duration> {
    parse_retry_after(head.text("retry-after")?, SystemTime::now())
}

/// Parses a value of the header: a number of seconds, or a date, which is taken relative to `now`. A date
/// in the past is a wait of zero. `None` for anything else.
fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits for a number are a very long time.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let parse = |value: &str| parse_retry_after(value, now);
        assert_eq!(parse(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(
            parse("99999999999999999999999"),
            Some(Duration::from_secs(u64::MAX))
        );
        let soon = httpdate::fmt_http_date(now + Duration::from_secs(30));
        assert_eq!(parse(&soon), Some(Duration::from_secs(30)));
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-5", "1.5", "12 s"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
