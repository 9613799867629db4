//! A file on its way: from what is there already to a whole file under its name.

use std::io;
use std::time::SystemTime;

use super::dir::Folder;
use super::part::Part;
use super::resume_check::{Overlap, again_from};
use super::tmpfile::Nameless;
use super::xattr::Record;
use super::{FileError, Store, Validators, os};
use crate::model::save_path::SavePath;
use crate::save::whole_file::{self, CloseError};

/// Free space is not asked about for files shorter than this: writing them tells as soon.
const LARGE: u64 = 1024 * 1024;

/// A file on its way. Dropped before its end it leaves a part that can be continued, or nothing.
#[derive(Debug)]
pub struct Draft {
    pub(super) store: Store,
    pub(super) place: SavePath,
    /// The folder, once it has been needed and is there.
    pub(super) folder: Option<Folder>,
    /// What is remembered of the file that has the name now.
    known: Option<Record>,
    /// Whether nothing had the name that the file is to get as soon as it is whole.
    pub(super) is_free: bool,
    /// The file, whole, if it was so before there was a part.
    pub(super) nameless: Option<Nameless>,
    pub(super) part: Option<Part>,
    /// What is remembered of the part.
    pub(super) record: Option<Record>,
    /// Whether the part, as it is, can be continued.
    pub(super) is_resumable: bool,
    /// The bytes of the part that are still to come again.
    pub(super) overlap: Overlap,
    /// The position in the file of the first byte that comes.
    base: u64,
    /// Whether it is known that there is room for the stated length.
    has_room: bool,
    pub(super) resumed_from: Option<u64>,
    /// When the server says that it was last changed.
    pub(super) modified: Option<SystemTime>,
}

/// What to ask of a server beside the body.
#[derive(Debug, Default)]
pub struct Ask<'a> {
    /// To say so if what it has is still this.
    pub unless: Option<&'a Validators>,
    /// To leave out the bytes before this one, if what it has is still what they are of.
    pub range: Option<(u64, &'a str)>,
}

/// What a response says of the body that comes with it.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// How to recognise it.
    pub validators: Validators,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
    /// The length of the file, if it is known.
    pub length: Option<u64>,
    /// The name that the server gives it, as it says.
    pub server_name: Option<String>,
    /// Whether the body is taken as it comes, so that a later part of it can be asked for.
    pub is_plain: bool,
}

/// What a `Content-Range` header says: these bytes, both included, of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The position of the first.
    pub first: u64,
    /// The position of the last.
    pub last: u64,
    /// The length of the whole.
    pub length: u64,
}

/// The length that is known of a body, from what came of it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLength {
    /// So many bytes.
    pub length: u64,
    /// True if the response that is compared with it has the same strong `ETag`; if not, it only does
    /// not say that it is of another version.
    pub is_of_same: bool,
}

/// Why bytes were not taken.
#[derive(Debug)]
pub enum Refused {
    /// They are not what was there before: the whole has to be fetched again.
    Changed,
    /// There are fewer, or more, than there should be.
    Short {
        /// So many.
        held: u64,
        /// Of so many.
        length: u64,
    },
    /// So many bytes have been passed on already, and cannot be taken back.
    Begun(u64),
    /// Nothing is taken any more: the run was stopped.
    Ended,
    /// They cannot be written.
    File(FileError),
}

impl Draft {
    pub(super) fn new(
        store: &Store,
        place: &SavePath,
        folder: Option<Folder>,
        known: Option<Record>,
    ) -> Result<Self, FileError> {
        let mut draft = Draft {
            store: store.clone(),
            place: place.clone(),
            folder,
            known,
            is_free: false,
            nameless: None,
            part: None,
            record: None,
            is_resumable: false,
            overlap: Overlap::default(),
            base: 0,
            has_room: false,
            resumed_from: None,
            modified: None,
        };
        if let Some(folder) = &draft.folder {
            let shown = store.root.shown(place);
            if let Some((part, record)) = Part::find(folder, place.file_name(), &shown)? {
                draft.is_resumable = store.config.resume
                    && part.length() > 0
                    && record
                        .as_ref()
                        .is_some_and(|r| r.validators.strong().is_some());
                draft.part = Some(part);
                draft.record = record;
            }
        }
        Ok(draft)
    }

    /// The name that the server gave the file, now or when it sent what there is of it.
    pub fn server_name(&self) -> Option<&str> {
        self.record.as_ref()?.server_name.as_deref()
    }

    /// What to ask for at `url`, where redirects may have led: what is remembered is of one URL.
    pub fn ask(&self, url: &str) -> Ask<'_> {
        let known = self.known.as_ref().filter(|record| record.is_from(url));
        let held = self.record.as_ref().filter(|record| record.is_from(url));
        let range = match (&self.part, held) {
            (Some(part), Some(record)) if self.is_resumable => {
                let from = again_from(part.length());
                record
                    .validators
                    .strong()
                    .map(|validator| (from, validator))
            }
            _ => None,
        };
        Ask {
            unless: known
                .map(|record| &record.validators)
                .filter(|validators| !validators.is_empty()),
            range,
        }
    }

    /// How many bytes the part has that is being continued, or could be.
    pub fn held(&self) -> u64 {
        self.part.as_ref().map_or(0, Part::length)
    }

    /// Gives up what the part has: nothing of it is asked for any more.
    pub fn forget(&mut self) {
        self.is_resumable = false;
        self.overlap = Overlap::default();
        self.base = 0;
        self.has_room = false;
        self.resumed_from = None;
    }

    /// A whole body from `url` is about to come.
    ///
    /// # Errors
    ///
    /// If what an earlier attempt has left cannot be emptied.
    pub fn start(&mut self, url: &str, version: Version) -> Result<(), Refused> {
        self.forget();
        self.nameless = None;
        if let Some(part) = &mut self.part {
            part.empty(&self.store.root.shown(&self.place))?;
        }
        self.modified = version.modified;
        self.is_resumable = version.is_plain && version.validators.strong().is_some();
        self.record = Some(Record::new(url, version));
        Ok(())
    }

    /// The length that is known of what the part is of, if `version` from `url` may be the same.
    pub fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        let record = self.record.as_ref().filter(|record| record.is_from(url));
        record?.known_length(version)
    }

    /// A later part of the body is about to come: `range`, of this version. Returns whether that is
    /// what was asked for and fits what is there.
    pub fn go_on(&mut self, range: ContentRange, version: &Version) -> bool {
        let (Some(part), Some(record)) = (&self.part, &mut self.record) else {
            return false;
        };
        let held = part.length();
        let from = again_from(held);
        let fits =
            record.is_continued_by(range, version) && range.first == from && held <= range.length;
        let overlap = usize::try_from(held - from).unwrap_or_default();
        let Some(Ok(tail)) = fits.then(|| part.tail(overlap)) else {
            return false;
        };
        record.length = Some(range.length);
        if version.server_name.is_some() {
            record.server_name.clone_from(&version.server_name);
        }
        self.overlap = Overlap::new(tail);
        self.base = from;
        self.has_room = false;
        self.resumed_from = Some(held);
        self.modified = version.modified;
        true
    }

    /// The server says that there is nothing after what the part has, which is `length` bytes.
    /// Returns whether that makes it complete.
    pub fn is_all(&mut self, length: u64) -> bool {
        let (Some(part), Some(record)) = (&self.part, &mut self.record) else {
            return false;
        };
        let held = part.length();
        let is_all = held == length && record.length.is_none_or(|known| known == length);
        if is_all {
            record.length = Some(length);
            self.resumed_from = Some(held);
        }
        is_all
    }

    /// All bytes that are there already, in pieces.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn read_back(&self, take: impl FnMut(&[u8])) -> io::Result<()> {
        match &self.part {
            Some(part) => part.read(take),
            None => Ok(()),
        }
    }

    /// How many bytes of what comes are only to be compared with what is there.
    pub fn overlap(&self) -> usize {
        self.overlap.len()
    }

    /// The position in the file of the first byte that comes.
    pub fn held_before(&self) -> u64 {
        self.base
    }

    /// Whether what comes is a later part.
    pub fn is_resumed(&self) -> bool {
        self.resumed_from.is_some()
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    ///
    /// If they cannot be written, or are not what was there before.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let new = self.overlap.pass(bytes)?;
        if new.is_empty() {
            return Ok(());
        }
        let shown = self.store.root.shown(&self.place);
        if self.part.is_none() {
            let part = self.create(&shown)?;
            // From here on it is deleted if this comes to nothing.
            let part = &*self.part.insert(part);
            if let Some(record) = &self.record {
                record.keep(part.file());
            }
        } else if self.held() == 0
            && let (Some(part), Some(record)) = (&self.part, &self.record)
        {
            // It was left by somebody else's attempt, perhaps at another version.
            record.keep(part.file());
        }
        let part = self
            .part
            .as_mut()
            .expect("it was created just now, or before");
        let stated = self.record.as_ref().and_then(|record| record.length);
        if let Some(length) = stated.filter(|length| *length >= LARGE) {
            if !self.has_room {
                check_room(part, length, &shown)?;
                self.has_room = true;
            }
            part.prepare(new.len(), length);
        }
        Ok(part.append(new, &shown)?)
    }

    /// What has come is not what was wanted: nothing of it is kept for later.
    pub fn reject(&mut self) {
        self.forget();
        if let Some(part) = &mut self.part {
            // If even that fails, the next attempt's comparison is still there.
            let _ = part.empty("");
        }
    }

    /// The same, of a file whose name nothing had, and which gets it as soon as it is whole.
    pub(super) fn of_free_name(mut self) -> Self {
        self.is_free = true;
        self
    }

    /// The folder, which is made if it is not there.
    pub(super) fn make_folder(&mut self) -> Result<&Folder, FileError> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => self.store.root.make(&self.place, self.store.config.fsync)?,
        };
        Ok(self.folder.insert(folder))
    }

    pub(super) fn create(&mut self, shown: &str) -> Result<Part, FileError> {
        self.make_folder()?;
        let folder = self.folder.as_ref().expect("it was made just now");
        Part::create(folder, self.place.file_name(), shown)
    }
}

/// Refuses a file whose stated length is more than there is room for. Trying would use up that room,
/// for others too, before it failed.
fn check_room(part: &Part, length: u64, shown: &str) -> Result<(), FileError> {
    let missing = length.saturating_sub(part.length());
    match os::room(part.file()) {
        // With what there is of it already.
        Some(room) if room < missing => Err(FileError::too_large(format!(
            "{shown} is to have {length} bytes, and there is room for {} on the disk; save it to \
             another",
            room + part.length()
        ))),
        _ => Ok(()),
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let (Some(mut part), Some(folder)) = (self.part.take(), &self.folder) else {
            return;
        };
        if self.is_resumable && part.length() > 0 {
            part.give_back();
            match whole_file::check_close(part.file()) {
                Ok(()) | Err(CloseError::Unchecked(_)) => return,
                // Nobody could tell from its length what of it is lost.
                Err(CloseError::Lost(_)) => {
                    let _ = part.empty("");
                }
            }
        }
        part.discard(folder);
    }
}

/// So that a caller can go on with `?`.
impl From<FileError> for Refused {
    fn from(error: FileError) -> Self {
        Refused::File(error)
    }
}
