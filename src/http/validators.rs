//! Headers that describe a body: its validators (ETag, Last-Modified), and its range.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};

use super::http_date;
use crate::save::{ContentRange, Validators, Version, filename};

/// The longest `ETag` or `Last-Modified` that is kept, in bytes.
const MAX_VALIDATOR: usize = 1024;

/// The age from which `Last-Modified` is a strong validator (RFC 9110, 8.8.2.2): no second change can
/// have fallen into the same second, even with clocks that differ a little.
const STRONG_AGE: Duration = Duration::from_secs(60);

/// The version of a body: its validators, dates, length and file name. `is_plain` says that the body is
/// neither decoded nor a part.
pub(super) fn of(headers: &HeaderMap, length: Option<u64>, is_plain: bool) -> Version {
    let name = headers.get(header::CONTENT_DISPOSITION);
    Version {
        validators: validators(headers),
        modified: date(headers.get(header::LAST_MODIFIED)),
        length,
        server_name: name.and_then(|name| filename(name.as_bytes())),
        is_plain,
    }
}

fn date(value: Option<&HeaderValue>) -> Option<SystemTime> {
    http_date::parse(value?.as_bytes())
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty() && value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
    };
    let modified = date(headers.get(header::LAST_MODIFIED));
    let sent = date(headers.get(header::DATE));
    let age = |modified| sent?.duration_since(modified).ok();
    Validators {
        etag: text(header::ETAG),
        modified: modified.and_then(|_| text(header::LAST_MODIFIED)),
        is_old: modified.and_then(age).is_some_and(|age| age >= STRONG_AGE),
    }
}

/// Parses `bytes 0-99/200` strictly.
pub(super) fn content_range(value: &HeaderValue) -> Option<ContentRange> {
    let text = value.to_str().ok()?.trim();
    let (first, last, length) = positions(text.strip_prefix("bytes ")?)?;
    Some(ContentRange {
        first,
        last,
        length: number(length)?,
    })
}

/// The same as [`covers_whole`] of all `Content-Range` lines: a part's among them decides.
pub(super) fn cover_whole(headers: &HeaderMap, length: Option<u64>) -> Option<bool> {
    let ranges = headers.get_all(header::CONTENT_RANGE).iter();
    ranges
        .filter_map(|range| covers_whole(range, length))
        .reduce(|all, covers| all && covers)
}

/// True if the `Content-Range` of a body of this length, if it is known, covers the whole; `None` if it
/// cannot be parsed. Some servers count the last byte wrong (`bytes 0-10/10`) and still mean the whole;
/// a range without a total does not.
fn covers_whole(value: &HeaderValue, length: Option<u64>) -> Option<bool> {
    let text = value.to_str().ok()?.trim();
    let unit = text
        .get(..5)
        .filter(|unit| unit.eq_ignore_ascii_case("bytes"))?;
    let (first, last, total) = positions(text[unit.len()..].trim_start_matches([' ', '=']))?;
    let reaches_end = |total| last.saturating_add(1) >= total && length.is_none_or(|l| l == total);
    Some(first == 0 && number(total).is_some_and(reaches_end))
}

/// The total in the `bytes 0-99/200` of a range, whatever else is wrong with it.
pub(super) fn total(value: &HeaderValue) -> Option<u64> {
    number(value.to_str().ok()?.trim().rsplit_once('/')?.1)
}

/// Parses `0-99/200` into the two positions and the text of the length.
fn positions(text: &str) -> Option<(u64, u64, &str)> {
    let (range, length) = text.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    Some((number(first)?, number(last)?, length))
}

/// The length in the `bytes */200` of a 416.
pub(super) fn unsatisfied(value: &HeaderValue) -> Option<u64> {
    number(value.to_str().ok()?.trim().strip_prefix("bytes */")?)
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
            let value = HeaderValue::from_str(text).unwrap();
            assert_eq!(covers_whole(&value, length), expected, "{text} {length:?}");
        }
    }

    #[test]
    fn a_content_range_is_parsed_strictly() {
        let read = |text: &str| content_range(&HeaderValue::from_str(text).unwrap());
        let range = ContentRange {
            first: 5,
            last: 9,
            length: 10,
        };
        assert_eq!(read("bytes 5-9/10"), Some(range));
        for text in [
            "5-9/10",
            "bytes 5-9/*",
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
        let unsatisfied = |text: &str| super::unsatisfied(&HeaderValue::from_str(text).unwrap());
        assert_eq!(unsatisfied("bytes */10"), Some(10));
        assert_eq!(unsatisfied("bytes 0-1/10"), None);
    }
}
