//! Headers that describe a body: its validators (ETag, Last-Modified), and its range.

use std::time::{Duration, SystemTime};

use super::transport::head::ResponseHead;
use crate::save::{ContentRange, Validators, Version, filename};

/// The longest `ETag` or `Last-Modified` that is kept, in bytes.
const MAX_VALIDATOR: usize = 1024;

/// The age from which `Last-Modified` is a strong validator (RFC 9110, 8.8.2.2): no second change can
/// have fallen into the same second, even with clocks that differ a little.
const STRONG_AGE: Duration = Duration::from_secs(60);

/// The version of a body: its validators, dates, length and file name. `is_plain` says that the body is
/// neither decoded nor a part.
pub(super) fn of(head: &ResponseHead, length: Option<u64>, is_plain: bool) -> Version {
    let modified = head.date("last-modified");
    Version {
        validators: validators(head, modified),
        modified,
        length,
        least_length: 0,
        server_name: head.get("content-disposition").and_then(filename),
        is_plain,
    }
}

fn validators(head: &ResponseHead, modified: Option<SystemTime>) -> Validators {
    let text = |name| {
        let value = ascii(head.get(name)?)?;
        (!value.is_empty() && value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
    };
    let sent = head.date("date");
    let age = |modified| sent?.duration_since(modified).ok();
    Validators {
        etag: text("etag"),
        modified: modified.and_then(|_| text("last-modified")),
        is_old: modified.and_then(age).is_some_and(|age| age >= STRONG_AGE),
    }
}

/// The range of a response, of which all `Content-Range` lines say the same.
pub(super) fn range(head: &ResponseHead) -> Option<ContentRange> {
    let mut ranges = head.get_all("content-range").map(content_range);
    let first = ranges.next()??;
    ranges.all(|range| range == Some(first)).then_some(first)
}

/// Parses `bytes 0-99/200` and `bytes 0-99/*`.
fn content_range(value: &[u8]) -> Option<ContentRange> {
    let (first, last, length) = positions(after_unit(ascii(value)?)?)?;
    let length = match length.trim() {
        "*" => None,
        length => Some(number(length)?),
    };
    Some(ContentRange {
        first,
        last,
        length,
    })
}

/// The text after the unit, in any case, and after the blank that should follow, or a `=` as in a request.
fn after_unit(text: &str) -> Option<&str> {
    let unit = text
        .get(..5)
        .filter(|unit| unit.eq_ignore_ascii_case("bytes"))?;
    Some(text[unit.len()..].trim_start_matches([' ', '=']))
}

/// The same as [`covers_whole`] of all `Content-Range` lines: a part's among them decides.
pub(super) fn cover_whole(head: &ResponseHead, length: Option<u64>) -> Option<bool> {
    head.get_all("content-range")
        .filter_map(|range| covers_whole(range, length))
        .reduce(|all, covers| all && covers)
}

/// True if the `Content-Range` of a body of this length, if it is known, covers the whole; `None` if it
/// cannot be parsed. Some servers count the last byte wrong (`bytes 0-10/10`) and still mean the whole;
/// a range without a total does not.
fn covers_whole(value: &[u8], length: Option<u64>) -> Option<bool> {
    let (first, last, total) = positions(after_unit(ascii(value)?)?)?;
    let reaches_end = |total| last.saturating_add(1) >= total && length.is_none_or(|l| l == total);
    Some(first == 0 && number(total).is_some_and(reaches_end))
}

/// The total in the `bytes 0-99/200` of a range, whatever else is wrong with it.
pub(super) fn total(value: &[u8]) -> Option<u64> {
    number(ascii(value)?.rsplit_once('/')?.1)
}

/// Parses `0-99/200` into the two positions and the text of the length.
fn positions(text: &str) -> Option<(u64, u64, &str)> {
    let (range, length) = text.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    Some((number(first)?, number(last)?, length))
}

/// The length in the `bytes */200` of a 416.
pub(super) fn unsatisfied(value: &[u8]) -> Option<u64> {
    number(ascii(value)?.strip_prefix("bytes */")?)
}

/// A value of visible ASCII characters, without blanks around it.
fn ascii(value: &[u8]) -> Option<&str> {
    let is_text = value
        .iter()
        .all(|&byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
    std::str::from_utf8(value)
        .ok()
        .filter(|_| is_text)
        .map(str::trim)
}

fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_covers_the_whole_or_not_or_cannot_be_parsed() {
        for (text, length, expected) in [
            ("bytes 0-9/10", None, Some(true)),
            ("bytes 0-9/10", Some(10), Some(true)),
            ("Bytes=0-9/10", Some(10), Some(true)),
            ("bytes 0-10/10", Some(10), Some(true)),
            ("bytes 0-9/10", Some(9), Some(false)),
            ("bytes 0-8/10", Some(9), Some(false)),
            ("bytes 1-9/10", Some(9), Some(false)),
            ("bytes 0-9/*", Some(10), Some(false)),
            ("bytes 1-9/*", None, Some(false)),
            ("bytes */10", Some(10), None),
            ("items 0-9/10", Some(10), None),
            ("0-9/10", Some(10), None),
            ("", None, None),
        ] {
            assert_eq!(
                covers_whole(text.as_bytes(), length),
                expected,
                "{text} {length:?}"
            );
        }
    }

    #[test]
    fn a_content_range_is_parsed_or_refused() {
        let read = |text: &str| content_range(text.as_bytes());
        let range = |length| ContentRange {
            first: 5,
            last: 9,
            length,
        };
        for text in [
            "bytes 5-9/10",
            "bytes=5-9/10",
            "Bytes 5-9/10",
            "bytes  5-9/10",
        ] {
            assert_eq!(read(text), Some(range(Some(10))), "{text}");
        }
        assert_eq!(read("bytes 5-9/*"), Some(range(None)));
        for text in [
            "5-9/10",
            "bytes 5-9/",
            "bytes 5-9/**",
            "bytes */10",
            "bytes -9/10",
            "bytes 5-/10",
            "bytes +5-9/10",
            "bytes 5-9",
            "items 5-9/10",
            "bytes 5-9/99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let unsatisfied = |text: &str| super::unsatisfied(text.as_bytes());
        assert_eq!(unsatisfied("bytes */10"), Some(10));
        assert_eq!(unsatisfied("bytes 0-1/10"), None);
    }

    #[test]
    fn a_validator_that_is_empty_or_too_long_is_none() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let longest = format!("\"{}\"", "x".repeat(MAX_VALIDATOR - 2));
        let longer = format!("{longest}x");
        for (etag, expected) in [
            ("\"e\"", Some("\"e\"")),
            (" W/\"e\" ", Some("W/\"e\"")),
            ("", None),
            (" ", None),
            (&longest, Some(&longest)),
            (&longer, None),
            ("\"\u{e9}\"", None),
        ] {
            let head = ResponseHead::of(200, &[("ETag", etag), ("Last-Modified", date)]);
            let found = of(&head, None, true).validators;
            assert_eq!(found.etag.as_deref(), expected, "{etag:?}");
            assert_eq!(found.modified.as_deref(), Some(date), "{etag:?}");
        }
        let head = ResponseHead::of(200, &[("Last-Modified", "yesterday")]);
        assert_eq!(of(&head, None, true).validators, Validators::default());
    }
}
