//! The tests of `codec`.

use super::*;
use crate::save::Version;
use proptest::prelude::*;

/// The most bytes of a value that fit into an inode of 256 bytes.
const INODE: usize = 64;

const DATE_TEXT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const DATE_SECONDS: i64 = 784_111_777;

fn mtime((seconds, nanoseconds): (i64, u32)) -> Mtime {
    Mtime {
        seconds,
        nanoseconds,
    }
}

fn record(etag: &str, changed: (i64, u32)) -> FileRecord {
    let version = Version {
        validators: Validators {
            etag: Some(etag.to_owned()),
            modified: Some(DATE_TEXT.to_owned()),
            is_old: true,
        },
        length: Some(1024),
        ..Version::default()
    };
    FileRecord::new("http://h/", version).with_state(FileState::Saved(mtime(changed)))
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
        let bytes = encode(&record);
        assert!(bytes.len() <= INODE, "{server}: {} bytes", bytes.len());
        assert_eq!(decode(&bytes), Some(record), "{server}");
    }
}

#[test]
fn a_date_is_kept_as_the_server_wrote_it() {
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
        assert_eq!(decode(&encode(&record)), Some(record), "{date}");
    }
}

#[test]
fn a_record_with_bytes_missing_or_added_is_none() {
    let mut bytes = encode(&record("\"v1\"", (DATE_SECONDS, 1)));
    for end in 0..bytes.len() {
        assert_eq!(decode(&bytes[..end]), None, "{end} bytes");
    }
    bytes.push(0);
    assert_eq!(decode(&bytes), None);
}

/// A record of these bytes for its length, its date, and the fields after them.
fn bytes(length: &[u8], last_modified: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[FORMAT][..], &[0; URL_BYTES], length, last_modified, rest].concat()
}

#[test]
fn records_of_other_formats_are_none() {
    let mut bytes = encode(&record("\"v1\"", (DATE_SECONDS, 0)));
    bytes[0] += 1;
    assert_eq!(decode(&bytes), None);
    // Format 1: version and flags (length, ETag, a date that is the file's), the URL's digest, the
    // length 1024, the date, the ETag.
    let old = [
        &[1, 0b1101_0101][..],
        &[7; URL_BYTES],
        &[0x80, 8],
        &[0xa1, 0xdf, 0xf1, 0xf5, 2],
        b"\x04\"v1\"",
    ];
    assert_eq!(decode(&old.concat()), None);
    let json = br#"{"v":1,"url":"","length":null,"changed":null}"#;
    for foreign in [&json[..], b"user's own", b""] {
        assert_eq!(decode(foreign), None);
    }
}

#[test]
fn numbers_out_of_range_are_no_record() {
    let most = [&[0xff; 9][..], &[1]].concat();
    let too_many_bits = [&[0xff; 9][..], &[2]].concat();
    let some = |number: &[u8]| [&[1][..], number].concat();
    let found = decode(&bytes(&some(&most), &[0], &[0; 3])).unwrap();
    assert_eq!(found.length, Some(u64::MAX));
    let long_text = [&most[..], &[0, 0]].concat();
    let nanoseconds = [&[0, 0, 2, 0][..], &most].concat();
    for (what, bytes) in [
        (
            "a length of 65 bits",
            bytes(&some(&too_many_bits), &[0], &[0; 3]),
        ),
        (
            "a length of 11 bytes",
            bytes(&some(&[0xff; 11]), &[0], &[0; 3]),
        ),
        ("an option of neither sort", bytes(&[2], &[0], &[0; 3])),
        ("an unknown variant", bytes(&[0], &[5], &[0; 3])),
        (
            "a text longer than there is",
            bytes(&[0], &[0], &some(&long_text)),
        ),
        (
            "a text that is not UTF-8",
            bytes(&[0], &[0], &[1, 1, 0xff, 0, 0]),
        ),
        (
            "a date after the year 9999",
            bytes(&[0], &some(&most), &[0; 3]),
        ),
        (
            "nanoseconds of no u32",
            bytes(&[0], &[0], &nanoseconds[1..]),
        ),
        (
            "the time of a date that is not there",
            bytes(&[0], &[0], &[0, 0, 1]),
        ),
    ] {
        assert_eq!(decode(&bytes), None, "{what}");
    }
}

fn any_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof![any::<String>(), "[ -~]{0,200}"])
}

fn any_record() -> impl Strategy<Value = FileRecord> {
    let date = prop_oneof![
        any_text(),
        (0..END_OF_DATES).prop_map(date_text),
        Just(Some(DATE_TEXT.to_owned())),
    ];
    let time = prop_oneof![any::<(i64, u32)>(), Just((DATE_SECONDS, 0))].prop_map(mtime);
    let state = (any::<bool>(), prop::option::of(time)).prop_map(|(is_found, time)| match time {
        None => FileState::Partial,
        Some(time) if is_found => FileState::Found(time),
        Some(time) => FileState::Saved(time),
    });
    (
        any::<[u8; URL_BYTES]>(),
        any::<bool>(),
        (any::<Option<u64>>(), state),
        (any_text(), date, any_text()),
    )
        .prop_map(
            |(url_digest, is_old, (length, state), (etag, modified, server_name))| {
                FileRecord {
                    url_digest,
                    validators: Validators {
                        etag,
                        // Nothing is old that is not there.
                        is_old: is_old && modified.is_some(),
                        modified,
                    },
                    server_name,
                    length,
                    state,
                }
            },
        )
}

proptest! {
    // A failing case is printed in full; no file of them is kept beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_decoded_as_it_was_encoded(record in any_record()) {
        prop_assert_eq!(decode(&encode(&record)), Some(record));
    }

    /// Hostile bytes in a foreign file's attribute, often after the right version byte.
    #[test]
    fn any_bytes_are_a_record_or_none(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        has_version in any::<bool>(),
    ) {
        if let (Some(first), true) = (bytes.first_mut(), has_version) {
            *first = FORMAT;
        }
        if let Some(record) = decode(&bytes) {
            prop_assert_eq!(decode(&encode(&record)), Some(record));
        }
    }

    #[test]
    fn a_damaged_record_is_another_or_none(
        record in any_record(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(&record);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decode(&bytes);
    }
}
