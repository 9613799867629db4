//! The format of a record in the attribute: a version byte, then postcard.
//!
//! ext4 keeps attributes within a file's inode, of 256 bytes, as long as there is room: 64 bytes for the
//! value of this one, beyond which a file costs a block more. The record of an ordinary response, with an
//! `ETag` as servers make them and a `Last-Modified`, takes no more: dates are numbers, and the file's
//! modification time is left out where it equals `Last-Modified`.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{FileRecord, FileState, URL_BYTES};
use crate::save::os::Mtime;
use crate::save::version::Validators;

/// The version of the format, the first byte. Format 1 was another encoding of the same fields; records of
/// format 2 named the URL that redirects led to, and would look like those of another URL.
const FORMAT: u8 = 3;

/// The first second after the year 9999, where HTTP's dates end.
const END_OF_DATES: u64 = 253_402_300_800;

/// A record as postcard writes it, after the version byte. Fields and variants are told apart by their
/// order only, so a change of either needs another [`FORMAT`].
#[derive(Serialize, Deserialize)]
struct StoredRecord<'a> {
    url_digest: [u8; URL_BYTES],
    length: Option<u64>,
    #[serde(borrow)]
    last_modified: StoredModified<'a>,
    #[serde(borrow)]
    etag: Option<&'a str>,
    #[serde(borrow)]
    server_name: Option<&'a str>,
    state: StoredState,
}

/// `Last-Modified`: in seconds since 1970 if it is a date in the preferred form, or else its text. A strong
/// one is much older than its response ([`Validators::is_old`]), for which a `bool` would take a byte more.
#[derive(Serialize, Deserialize)]
enum StoredModified<'a> {
    Absent,
    WeakDate(u64),
    StrongDate(u64),
    WeakText(&'a str),
    StrongText(&'a str),
}

/// [`FileState`], with a modification time of its own only where that is not `Last-Modified`.
#[derive(Serialize, Deserialize)]
enum StoredState {
    Partial,
    SavedAsModified,
    SavedAt(i64, u32),
    FoundAsModified,
    FoundAt(i64, u32),
}

/// Encodes the record.
pub(super) fn encode(record: &FileRecord) -> Vec<u8> {
    let validators = &record.validators;
    let date = validators.modified.as_deref().and_then(date_seconds);
    let last_modified = match (validators.modified.as_deref(), date, validators.is_old) {
        (None, _, _) => StoredModified::Absent,
        (Some(_), Some(seconds), false) => StoredModified::WeakDate(seconds),
        (Some(_), Some(seconds), true) => StoredModified::StrongDate(seconds),
        (Some(text), None, false) => StoredModified::WeakText(text),
        (Some(text), None, true) => StoredModified::StrongText(text),
    };
    let date = date.and_then(as_mtime);
    let state = match record.state {
        FileState::Partial => StoredState::Partial,
        FileState::Saved(mtime) if date == Some(mtime) => StoredState::SavedAsModified,
        FileState::Saved(mtime) => StoredState::SavedAt(mtime.seconds, mtime.nanoseconds),
        FileState::Found(mtime) if date == Some(mtime) => StoredState::FoundAsModified,
        FileState::Found(mtime) => StoredState::FoundAt(mtime.seconds, mtime.nanoseconds),
    };
    let stored = StoredRecord {
        url_digest: record.url_digest,
        length: record.length,
        last_modified,
        etag: validators.etag.as_deref(),
        server_name: record.server_name.as_deref(),
        state,
    };
    postcard::to_extend(&stored, vec![FORMAT])
        .expect("a Vec takes any length, and every length in the record is known beforehand")
}

/// Decodes a record. `None` if the bytes are anything else than one record of this format: another program
/// may have set the attribute.
pub(super) fn decode(bytes: &[u8]) -> Option<FileRecord> {
    let (&FORMAT, bytes) = bytes.split_first()? else {
        return None;
    };
    let (stored, rest) = postcard::take_from_bytes::<StoredRecord<'_>>(bytes).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let (modified, is_old, date) = match stored.last_modified {
        StoredModified::Absent => (None, false, None),
        StoredModified::WeakDate(seconds) => (Some(date_text(seconds)?), false, Some(seconds)),
        StoredModified::StrongDate(seconds) => (Some(date_text(seconds)?), true, Some(seconds)),
        StoredModified::WeakText(text) => (Some(text.to_owned()), false, None),
        StoredModified::StrongText(text) => (Some(text.to_owned()), true, None),
    };
    let date = date.and_then(as_mtime);
    let mtime = |seconds, nanoseconds| Mtime {
        seconds,
        nanoseconds,
    };
    let state = match stored.state {
        StoredState::Partial => FileState::Partial,
        StoredState::SavedAsModified => FileState::Saved(date?),
        StoredState::SavedAt(seconds, nanoseconds) => FileState::Saved(mtime(seconds, nanoseconds)),
        StoredState::FoundAsModified => FileState::Found(date?),
        StoredState::FoundAt(seconds, nanoseconds) => FileState::Found(mtime(seconds, nanoseconds)),
    };
    Some(FileRecord {
        url_digest: stored.url_digest,
        validators: Validators {
            etag: stored.etag.map(str::to_owned),
            modified,
            is_old,
        },
        server_name: stored.server_name.map(str::to_owned),
        length: stored.length,
        state,
    })
}

/// The seconds since 1970 of a date in HTTP's preferred form. `None` for any other text, so that it is
/// kept as the server wrote it.
fn date_seconds(date: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(date).ok()?;
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (date_text(seconds)? == date).then_some(seconds)
}

/// The date in HTTP's preferred form; `None` after the year 9999.
fn date_text(seconds: u64) -> Option<String> {
    let is_date = seconds < END_OF_DATES;
    is_date.then(|| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)))
}

/// The modification time of a file that was given this date.
fn as_mtime(seconds: u64) -> Option<Mtime> {
    Some(Mtime {
        seconds: i64::try_from(seconds).ok()?,
        nanoseconds: 0,
    })
}

#[cfg(test)]
mod tests;
