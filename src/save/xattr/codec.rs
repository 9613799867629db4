//! How a record is written: in few bytes, since a small attribute costs no block of its own.
//!
//! ext4 keeps attributes within a file's inode, of 256 bytes, as long as there is room: 64 bytes for
//! the value of this one. The record of an ordinary response, of an `ETag` as servers make them and
//! a `Last-Modified`, takes no more.
//!
//! ```text
//! version, flags                1 byte each
//! digest of the URL             16 bytes
//! length                        number, if flagged
//! Last-Modified                 text, or as a number the seconds of a date
//! ETag, name by the server      text, if flagged
//! time of change                seconds (zigzag) and nanoseconds as numbers, if flagged
//! ```
//!
//! A number is in base 128, its lowest digits first, and every byte but the last has its top bit set
//! (LEB128). A text is its length as a number, then UTF-8. Anything else is no record.

use std::time::{Duration, UNIX_EPOCH};

use super::{Record, URL_BYTES, Validators};

/// The first byte.
const VERSION: u8 = 1;

const IS_OLD: u8 = 1;
const IS_FOUND: u8 = 1 << 1;
const LENGTH: u8 = 1 << 2;
const CHANGED: u8 = 1 << 3;
const ETAG: u8 = 1 << 4;
const NAME: u8 = 1 << 5;

/// What there is of `Last-Modified`, in the two bits that are left: nothing, ...
const MODIFIED: u8 = 0b11 << 6;
const TEXT: u8 = 0b01 << 6;
const DATE: u8 = 0b10 << 6;
/// ... or a date that is the file's time of change, too.
const DATE_OF_CHANGE: u8 = 0b11 << 6;

/// The first second after the year 9999, where HTTP's dates end.
const END_OF_DATES: u64 = 253_402_300_800;

/// The record as bytes.
pub(super) fn written(record: &Record) -> Vec<u8> {
    let Validators {
        etag,
        modified,
        is_old,
    } = &record.validators;
    let mut flags = 0;
    let mut flag = |bit, is_so| flags |= if is_so { bit } else { 0 };
    let date = modified.as_deref().and_then(seconds);
    let is_date_of_change = date.is_some_and(|date| record.changed == Some((date, 0)));
    flag(IS_OLD, *is_old);
    flag(IS_FOUND, record.is_found);
    flag(LENGTH, record.length.is_some());
    flag(CHANGED, record.changed.is_some() && !is_date_of_change);
    flag(ETAG, etag.is_some());
    flag(NAME, record.server_name.is_some());
    flag(TEXT, modified.is_some() && date.is_none());
    flag(DATE, date.is_some());
    flag(DATE_OF_CHANGE, is_date_of_change);
    let mut bytes = vec![VERSION, flags];
    bytes.extend_from_slice(&record.url);
    if let Some(length) = record.length {
        number(&mut bytes, length);
    }
    match (date, modified) {
        (Some(date), _) => number(&mut bytes, date.unsigned_abs()),
        (None, Some(modified)) => text(&mut bytes, modified),
        (None, None) => {}
    }
    for part in [etag, &record.server_name].into_iter().flatten() {
        text(&mut bytes, part);
    }
    if let (Some((seconds, nanoseconds)), false) = (record.changed, is_date_of_change) {
        // Times before 1970 are small numbers, too.
        number(
            &mut bytes,
            ((seconds << 1) ^ (seconds >> 63)).cast_unsigned(),
        );
        number(&mut bytes, nanoseconds.into());
    }
    bytes
}

/// The record that these bytes are, if they are one.
pub(super) fn read(bytes: &[u8]) -> Option<Record> {
    let mut rest = Rest(bytes);
    let [version, flags] = *rest.array()?;
    if version != VERSION {
        return None;
    }
    let has = |bit| flags & bit != 0;
    let url = *rest.array::<URL_BYTES>()?;
    let length = rest.only_if(has(LENGTH), Rest::number)?;
    let kind = flags & MODIFIED;
    let date = rest.only_if(matches!(kind, DATE | DATE_OF_CHANGE), Rest::number)?;
    let modified = match date {
        Some(seconds) => Some(date_text(seconds)?),
        None => rest.only_if(kind == TEXT, Rest::text)?,
    };
    let etag = rest.only_if(has(ETAG), Rest::text)?;
    let server_name = rest.only_if(has(NAME), Rest::text)?;
    let changed = match (has(CHANGED), date.filter(|_| kind == DATE_OF_CHANGE)) {
        (true, None) => {
            let zigzag = rest.number()?;
            let seconds = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
            Some((seconds, u32::try_from(rest.number()?).ok()?))
        }
        (false, Some(date)) => Some((i64::try_from(date).ok()?, 0)),
        (false, None) => None,
        (true, Some(_)) => return None,
    };
    let record = Record {
        url,
        validators: Validators {
            etag,
            modified,
            is_old: has(IS_OLD),
        },
        server_name,
        length,
        is_found: has(IS_FOUND),
        changed,
    };
    rest.0.is_empty().then_some(record)
}

/// The seconds since 1970 that a date says, if they say all that it does: dates have other forms, which
/// a server is to get back as it has sent them.
fn seconds(date: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(date).ok()?;
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (date_text(seconds)? == date).then(|| i64::try_from(seconds).ok())?
}

fn date_text(seconds: u64) -> Option<String> {
    let is_date = seconds < END_OF_DATES;
    is_date.then(|| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)))
}

fn number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// What has not been read yet. Each step gives nothing if that is not what comes.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(array)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = *self.array()?;
            let digit = u64::from(byte & 0x7f);
            // The last of ten has room for one bit.
            if (digit << shift) >> shift != digit {
                return None;
            }
            number |= digit << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }

    /// What `read` makes of it; `Some(None)` if there is to be none.
    #[expect(
        clippy::option_option,
        reason = "the outer one is whether it can be read"
    )]
    fn only_if<V>(
        &mut self,
        is_there: bool,
        read: impl FnOnce(&mut Self) -> Option<V>,
    ) -> Option<Option<V>> {
        if is_there {
            read(self).map(Some)
        } else {
            Some(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::save::Version;
    use proptest::prelude::*;

    /// The most bytes of a value that fit into an inode of 256 bytes.
    const INODE: usize = 64;

    const DATE_TEXT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const DATE_SECONDS: i64 = 784_111_777;

    fn record(etag: &str, changed: (i64, u32)) -> Record {
        let version = Version {
            validators: Validators {
                etag: Some(etag.to_owned()),
                modified: Some(DATE_TEXT.to_owned()),
                is_old: true,
            },
            length: Some(1024),
            ..Version::default()
        };
        Record::new("http://h/", version).changed_at(changed)
    }

    #[test]
    fn the_record_of_an_ordinary_response_fits_into_an_inode() {
        for (server, etag, changed) in [
            ("nginx", "\"65a1b2c3-400\"", (DATE_SECONDS, 0)),
            (
                "nginx, --no-mtime",
                "\"65a1b2c3-400\"",
                (1_800_000_000, 999_999_999),
            ),
            ("Apache", "\"2aa6e-5f3a1b2c3d4e5\"", (DATE_SECONDS, 0)),
            (
                "S3",
                "\"d41d8cd98f00b204e9800998ecf8427e\"",
                (DATE_SECONDS, 0),
            ),
        ] {
            let record = record(etag, changed);
            let bytes = written(&record);
            assert!(bytes.len() <= INODE, "{server}: {} bytes", bytes.len());
            assert_eq!(read(&bytes), Some(record), "{server}");
        }
    }

    #[test]
    fn a_date_is_kept_as_the_server_has_written_it() {
        for date in [
            DATE_TEXT,
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "tomorrow",
            "",
        ] {
            let mut record = record("\"v1\"", (DATE_SECONDS, 0));
            record.validators.modified = Some(date.to_owned());
            assert_eq!(read(&written(&record)), Some(record), "{date}");
        }
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_no_record() {
        let mut bytes = written(&record("\"v1\"", (DATE_SECONDS, 1)));
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end} bytes");
        }
        bytes.push(0);
        assert_eq!(read(&bytes), None);
    }

    #[test]
    fn another_version_is_no_record() {
        let mut bytes = written(&record("\"v1\"", (DATE_SECONDS, 0)));
        bytes[0] += 1;
        assert_eq!(read(&bytes), None);
        assert_eq!(
            read(br#"{"v":1,"url":"","length":null,"changed":null}"#),
            None
        );
    }

    #[test]
    fn numbers_out_of_range_are_no_record() {
        let head = |flags| [&[VERSION, flags][..], &[0; URL_BYTES]].concat();
        let with = |flags, rest: &[u8]| read(&[&head(flags), rest].concat());
        let most = [&[0xff; 9][..], &[1]].concat();
        let found = with(LENGTH, &most).unwrap();
        assert_eq!(found.length, Some(u64::MAX));
        assert_eq!(with(LENGTH, &[&[0xff; 9][..], &[2]].concat()), None);
        assert_eq!(with(LENGTH, &[0xff; 11]), None);
        // A text longer than there is, a date after the year 9999, nanoseconds of no `u32`.
        assert_eq!(with(ETAG, &most), None);
        assert_eq!(with(DATE, &most), None);
        assert_eq!(with(CHANGED, &[&[0][..], &most].concat()), None);
        // Two times of change.
        assert_eq!(with(CHANGED | DATE_OF_CHANGE, &[0, 0, 0]), None);
    }

    fn any_text() -> impl Strategy<Value = Option<String>> {
        prop::option::of(prop_oneof![any::<String>(), "[ -~]{0,200}"])
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let date = prop_oneof![
            any_text(),
            (0..END_OF_DATES).prop_map(date_text),
            Just(Some(DATE_TEXT.to_owned())),
        ];
        let changed = prop_oneof![any::<(i64, u32)>(), Just((DATE_SECONDS, 0))];
        let flags = any::<(bool, bool)>();
        let numbers = (any::<Option<u64>>(), prop::option::of(changed));
        (
            any::<[u8; URL_BYTES]>(),
            flags,
            numbers,
            (any_text(), date, any_text()),
        )
            .prop_map(
                |(url, (is_old, is_found), (length, changed), (etag, modified, server_name))| {
                    Record {
                        url,
                        validators: Validators {
                            etag,
                            modified,
                            is_old,
                        },
                        server_name,
                        length,
                        is_found,
                        changed,
                    }
                },
            )
    }

    proptest! {
        // A failing case is printed in full; no file of them is kept beside the sources.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_reads_back(record in any_record()) {
            prop_assert_eq!(read(&written(&record)), Some(record));
        }

        /// Whatever stands in a foreign file's attribute; often with a head that makes sense.
        #[test]
        fn any_bytes_are_a_record_or_none(
            mut bytes in prop::collection::vec(any::<u8>(), 0..300),
            has_version in any::<bool>(),
        ) {
            if let (Some(first), true) = (bytes.first_mut(), has_version) {
                *first = VERSION;
            }
            if let Some(record) = read(&bytes) {
                prop_assert_eq!(read(&written(&record)), Some(record));
            }
        }

        #[test]
        fn a_damaged_record_is_another_or_none(
            record in any_record(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = written(&record);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = read(&bytes);
        }
    }
}
