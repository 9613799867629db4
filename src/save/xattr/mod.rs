//! What pfetch remembers of a file: where it came from and which version of it that was.
//!
//! The record is an extended attribute of the file itself. So it is there as soon as the file is (it
//! is set before the file gets its name), it needs neither a second file nor a lock, it goes with the
//! file when that is moved, or copied with its attributes (`cp -a`, `rsync -X`), and when it is lost
//! (a plain `cp`, an editor that writes a new file, a file system without attributes) the file is
//! simply fetched again. It holds the file's length and time of change, so a file that was changed
//! in place is known too.

mod codec;

use rustix::fd::AsFd;
use rustix::fs::Stat;
use rustix::io::Errno;

use super::download::{ContentRange, KnownLength, Version};
use super::os;

/// How many bytes of a URL's digest are kept: enough to tell URLs apart, those of somebody who tries to
/// confuse them too.
const URL_BYTES: usize = 16;

/// A version of what a URL names, in the server's words (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub modified: Option<String>,
    /// Whether `modified` is so much older than the response that it tells versions apart byte by
    /// byte (RFC 9110, 8.8.2.2). An `ETag` says of itself whether it does.
    pub is_old: bool,
}

impl Validators {
    /// What a later part of the body can be asked for by: only something that no two versions that
    /// differ in a single byte have in common.
    pub fn strong(&self) -> Option<&str> {
        match &self.etag {
            Some(etag) if etag.starts_with("W/") => None,
            Some(etag) => Some(etag),
            None if self.is_old => self.modified.as_deref(),
            None => None,
        }
    }

    /// Whether there is nothing to recognise a version by.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.modified.is_none()
    }
}

/// What is remembered of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The digest of the URL that gave the file. URLs are longer than attributes may be.
    url: [u8; URL_BYTES],
    pub(super) validators: Validators,
    /// The name that the server gave it.
    pub(super) server_name: Option<String>,
    /// The length of the whole file, if it is known.
    pub(super) length: Option<u64>,
    /// Whether the file was there before, and was only found to be the same.
    pub(super) is_found: bool,
    /// When the file was last changed, in seconds and nanoseconds, if it is whole.
    pub(super) changed: Option<(i64, u32)>,
}

impl Record {
    /// Of a file that `url` gives.
    pub(super) fn new(url: &str, version: Version) -> Self {
        Record {
            url: digest(url),
            validators: version.validators,
            server_name: version.server_name,
            length: version.length,
            is_found: false,
            changed: None,
        }
    }

    /// The record of an open file, if it has one of this version.
    ///
    /// # Errors
    ///
    /// If the file system keeps none.
    pub(super) fn of(file: impl AsFd) -> Result<Option<Self>, Errno> {
        Ok(os::record(file)?.and_then(|bytes| codec::read(&bytes)))
    }

    /// Keeps the record with the file. Returns whether the file system could: what it cannot keep is
    /// only fetched again one day.
    pub(super) fn keep(&self, file: impl AsFd) -> bool {
        let bytes = codec::written(self);
        if bytes.len() <= os::MAX_RECORD {
            return os::set_record(file, &bytes).is_ok();
        }
        // Without what makes it too long it is still a mark of whose file it is.
        let short = Record {
            validators: Validators::default(),
            server_name: None,
            ..self.clone()
        };
        short.keep(file)
    }

    /// The record of the same file, whole, that was last changed then.
    pub(super) fn changed_at(mut self, moment: (i64, u32)) -> Self {
        self.changed = Some(moment);
        self
    }

    /// Whether it is of what this URL gives.
    pub(super) fn is_from(&self, url: &str) -> bool {
        self.url == digest(url)
    }

    /// Whether both are of what one URL gives.
    pub(super) fn is_same_source(&self, other: &Record) -> bool {
        self.url == other.url
    }

    /// Whether a response that says it is `range` of this version can follow what this is the record
    /// of: the same version, of the same length.
    pub(super) fn is_continued_by(&self, range: ContentRange, version: &Version) -> bool {
        let known = &self.validators;
        let is_same = match &known.etag {
            Some(etag) => version.validators.etag.as_ref() == Some(etag),
            None => version.validators.modified == known.modified,
        };
        is_same
            && version.is_plain
            && range.first <= range.last
            && range.last < range.length
            && self.length.is_none_or(|length| length == range.length)
    }

    /// The known length of what this is the record of, unless `version` says that it is another.
    pub(super) fn known_length(&self, version: &Version) -> Option<KnownLength> {
        let (known, new) = (&self.validators, &version.validators);
        let differs = |known: &Option<String>, new: &Option<String>| match (known, new) {
            (Some(known), Some(new)) => known != new,
            _ => false,
        };
        if differs(&known.etag, &new.etag) || differs(&known.modified, &new.modified) {
            return None;
        }
        Some(KnownLength {
            length: self.length?,
            // A time of change is often copied with a file that has changed; an ETag is not.
            is_of_same: known.etag.is_some() && known.etag == new.etag && known.strong().is_some(),
        })
    }

    /// Whether the file is as it was when the record was made.
    pub(super) fn is_untouched(&self, stat: &Stat) -> bool {
        self.length == u64::try_from(stat.st_size).ok() && self.changed == Some(changed(stat))
    }
}

/// When a file was last changed.
#[expect(clippy::useless_conversion, reason = "seconds are no i64 everywhere")]
pub(super) fn changed(stat: &Stat) -> (i64, u32) {
    // The types differ between systems; the nanoseconds are below 10^9 on all.
    let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or_default();
    (i64::from(stat.st_mtime), nanoseconds)
}

fn digest(url: &str) -> [u8; URL_BYTES] {
    let whole = ring::digest::digest(&ring::digest::SHA256, url.as_bytes());
    let mut digest = [0; URL_BYTES];
    digest.copy_from_slice(&whole.as_ref()[..URL_BYTES]);
    digest
}
