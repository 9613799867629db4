//! The record of a file: the URL that it came from, and the version.
//!
//! The record is an extended attribute of the file itself. So it is there as soon as the file is (it
//! is set before the file gets its name), it needs neither a second file nor a lock, it goes with the
//! file when that is moved, or copied with its attributes (`cp -a`, `rsync -X`), and when it is lost
//! (a plain `cp`, an editor that writes a new file, a file system without attributes) the file is
//! simply fetched again. It holds the file's length and modification time, so that a file that was
//! modified in place is recognised too.

mod codec;

use std::time::SystemTime;

use rustix::fd::AsFd;
use rustix::fs::Stat;
use rustix::io::Errno;

use super::os::{self, Mtime};
use super::version::{ContentRange, KnownLength, Validators, Version};

/// The bytes of a URL's SHA-256 that are kept: enough to tell URLs apart, even those that are chosen to
/// be confused.
const URL_BYTES: usize = 16;

/// The digest of a URL, by which a record names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UrlDigest([u8; URL_BYTES]);

impl UrlDigest {
    /// The digest of this URL.
    pub fn of(url: &str) -> Self {
        UrlDigest(digest(url))
    }
}

/// The record of a file, which is kept with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileRecord {
    /// The digest of the URL that the file was fetched from. URLs are longer than attributes may be.
    url_digest: [u8; URL_BYTES],
    pub(super) validators: Validators,
    /// The file name that the server gave.
    pub(super) server_name: Option<String>,
    /// The length of the whole file in bytes, if it is known.
    pub(super) length: Option<u64>,
    pub(super) state: FileState,
}

/// The state of a file, with the modification time that it has as long as nothing else touches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileState {
    /// Not whole, or whole without a known time.
    Partial,
    /// Saved by pfetch.
    Saved(Mtime),
    /// Found with the same content as the server's. It is not pfetch's to replace one day.
    Found(Mtime),
}

impl FileRecord {
    /// The record of a file that is fetched from `url`.
    pub(super) fn new(url: &str, version: Version) -> Self {
        FileRecord {
            url_digest: digest(url),
            validators: version.validators,
            server_name: version.server_name,
            length: version.length,
            state: FileState::Partial,
        }
    }

    /// Reads the record of an open file, if it has one of this format.
    ///
    /// # Errors
    ///
    /// If the file system has no extended attributes.
    pub(super) fn read_from(file: impl AsFd) -> Result<Option<Self>, Errno> {
        Ok(os::record(file)?.and_then(|bytes| codec::decode(&bytes)))
    }

    /// Writes the record to the file's attribute.
    ///
    /// # Errors
    ///
    /// If the file system cannot keep it: all that is lost is that the file is fetched again one day.
    pub(super) fn write_to(&self, file: impl AsFd) -> Result<(), Errno> {
        let bytes = codec::encode(self);
        if bytes.len() <= os::MAX_RECORD {
            return os::set_record(file, &bytes);
        }
        // Without its texts it still marks the file as pfetch's.
        let short = FileRecord {
            validators: Validators::default(),
            server_name: None,
            ..self.clone()
        };
        short.write_to(file)
    }

    /// The record of the same file in another state.
    pub(super) fn with_state(self, state: FileState) -> Self {
        FileRecord { state, ..self }
    }

    /// The modification time that the file has, or is to have, once it is whole.
    pub(super) fn mtime(&self) -> Option<Mtime> {
        match self.state {
            FileState::Partial => None,
            FileState::Saved(mtime) | FileState::Found(mtime) => Some(mtime),
        }
    }

    /// The time of the last change, as the server stated it.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.validators.modified.as_deref()?).ok()
    }

    /// Returns true if the file was fetched from this URL.
    pub(super) fn is_from(&self, url: &str) -> bool {
        self.url_digest == digest(url)
    }

    /// The URL that the file was fetched from.
    pub(super) fn source(&self) -> UrlDigest {
        UrlDigest(self.url_digest)
    }

    /// Returns true if both files were fetched from one URL.
    pub(super) fn is_same_source(&self, other: &FileRecord) -> bool {
        self.url_digest == other.url_digest
    }

    /// Returns true if a response with this range and version continues the file: no validator shows that
    /// it is of another version, and no length contradicts.
    ///
    /// A validator that is missing contradicts nothing: a response to `If-Range` need not repeat it (RFC
    /// 9110, 15.3.7).
    pub(super) fn is_continued_by(&self, range: ContentRange, version: &Version) -> bool {
        let is_same_length = match (self.length, range.length) {
            (Some(known), Some(stated)) => known == stated,
            _ => true,
        };
        let length = self.length.or(range.length);
        version.is_plain
            && !self.is_contradicted_by(&version.validators)
            && is_same_length
            && range.count().is_some()
            && length.is_none_or(|length| range.last < length)
    }

    /// Returns true if one of these validators differs from the record's.
    pub(super) fn is_contradicted_by(&self, new: &Validators) -> bool {
        let known = &self.validators;
        differ(&known.etag, &new.etag) || differ(&known.modified, &new.modified)
    }

    /// Returns true if a response 304 with these validators speaks of the file: they are the record's, as
    /// far as there are any.
    ///
    /// Redirects may lead to another resource than before, and a date alone cannot tell whether the answer
    /// is about an older one. Entity tags are compared weakly, as in `If-None-Match` (RFC 9110, 8.8.3.2).
    pub(super) fn is_confirmed_by(&self, new: &Validators) -> bool {
        let weak = |etag: &Option<String>| {
            let etag = etag.as_deref()?;
            Some(etag.strip_prefix("W/").unwrap_or(etag).to_owned())
        };
        let known = &self.validators;
        if known.etag.is_some() && new.etag.is_some() {
            return weak(&known.etag) == weak(&new.etag);
        }
        !differ(&known.modified, &new.modified)
    }

    /// The known length of the whole file, of which `held` bytes are there, unless a validator shows that
    /// `version` is another.
    pub(super) fn known_length(&self, held: u64, version: &Version) -> Option<KnownLength> {
        let (known, new) = (&self.validators, &version.validators);
        if self.is_contradicted_by(new) {
            return None;
        }
        Some(KnownLength {
            length: self.length.unwrap_or(held),
            is_exact: self.length.is_some(),
            // A modification time is often copied with a file that has changed; an ETag is not.
            is_same_version: known.etag.is_some()
                && known.etag == new.etag
                && known.strong().is_some(),
        })
    }

    /// Returns true if the file is as it was when the record was written.
    pub(super) fn is_untouched(&self, stat: &Stat) -> bool {
        self.length == u64::try_from(stat.st_size).ok() && self.mtime() == Some(Mtime::of(stat))
    }
}

/// Returns true if both are known and differ.
fn differ(known: &Option<String>, new: &Option<String>) -> bool {
    match (known, new) {
        (Some(known), Some(new)) => known != new,
        _ => false,
    }
}

/// The digest of a URL without its fragment, which is no part of what is asked for.
fn digest(url: &str) -> [u8; URL_BYTES] {
    let fetched = url.split('#').next().unwrap_or(url);
    let whole = ring::digest::digest(&ring::digest::SHA256, fetched.as_bytes());
    let mut digest = [0; URL_BYTES];
    digest.copy_from_slice(&whole.as_ref()[..URL_BYTES]);
    digest
}
