//! The record of a file: the URL that it came from, and the version.
//!
//! The record is an extended attribute of the file itself. So it is there as soon as the file is (it
//! is set before the file gets its name), it needs neither a second file nor a lock, it goes with the
//! file when that is moved, or copied with its attributes (`cp -a`, `rsync -X`), and when it is lost
//! (a plain `cp`, an editor that writes a new file, a file system without attributes) the file is
//! simply fetched again. It holds the file's length and modification time, so that a file that was
//! modified in place is recognised too.

mod codec;

use rustix::fd::AsFd;
use rustix::fs::Stat;
use rustix::io::Errno;

use super::os::{self, Mtime};
use super::version::{ContentRange, KnownLength, Validators, Version};

/// The bytes of a URL's SHA-256 that are kept: enough to tell URLs apart, even those that are chosen to
/// be confused.
const URL_BYTES: usize = 16;

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

    /// Returns true if the file was fetched from this URL.
    pub(super) fn is_from(&self, url: &str) -> bool {
        self.url_digest == digest(url)
    }

    /// Returns true if both files were fetched from one URL.
    pub(super) fn is_same_source(&self, other: &FileRecord) -> bool {
        self.url_digest == other.url_digest
    }

    /// Returns true if a response with this range and version continues the file: it is the same
    /// version, of the same length.
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

    /// The known length of the whole file, unless a validator shows that `version` is another.
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

fn digest(url: &str) -> [u8; URL_BYTES] {
    let whole = ring::digest::digest(&ring::digest::SHA256, url.as_bytes());
    let mut digest = [0; URL_BYTES];
    digest.copy_from_slice(&whole.as_ref()[..URL_BYTES]);
    digest
}
