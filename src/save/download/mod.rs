//! A download: the body of one target on its way into a file.

mod resume;
mod state;

use std::io;

use super::close::{self, CloseError};
use super::dir::Dir;
use super::error::FileOrigin;
use super::part::{Part, PartBody};
use super::resume_check::resume_position;
use super::store::Store;
use super::version::{Conditions, Validators, Version};
use super::xattr::{FileRecord, FileState};
use super::{BodyError, FileError, os, page};
use crate::model::outcome::BodyProgress;
use crate::model::save_path::SavePath;
use crate::model::text::{byte_count, escape};
use state::SuspendedPart;
pub(super) use state::{ReceivedPart, State, WholePart};

/// A download into a file. Dropped before the file is published, it leaves a part that can be continued,
/// or nothing.
#[derive(Debug)]
pub struct Download {
    pub(super) store: Store,
    pub(super) place: SavePath,
    /// The directory, once it exists and was opened.
    pub(super) dir: Option<Dir>,
    /// The record of the file that has the name now.
    existing: Option<FileRecord>,
    /// The length of the file that has the name now, if only one that is its own may replace it.
    held_length: Option<u64>,
    /// True if the file gets its name later, the server's if that gives one.
    has_later_name: bool,
    /// True if the name is free, and the file gets it as soon as it is whole.
    pub(super) is_free_name: bool,
    /// True if the body's SHA-256 is known, and is verified before the file is whole.
    pub(super) has_sum: bool,
    /// The body that its part is of.
    pub(super) part_body: PartBody,
    pub(super) state: State,
}

impl Download {
    /// A download at `place`, which continues a part that is left there. `existing` is the record of the
    /// file that has the name now.
    pub(super) fn new(
        store: &Store,
        place: &SavePath,
        dir: Option<Dir>,
        existing: Option<FileRecord>,
    ) -> Result<Self, FileError> {
        let state = match &dir {
            Some(dir) => Self::find_part(store, place, dir)?,
            None => State::Fresh,
        };
        Ok(Download {
            store: store.clone(),
            place: place.clone(),
            dir,
            existing,
            held_length: None,
            has_later_name: false,
            is_free_name: false,
            has_sum: false,
            part_body: PartBody::Whole,
            state,
        })
    }

    fn find_part(store: &Store, place: &SavePath, dir: &Dir) -> Result<State, FileError> {
        let shown = store.root.shown(place);
        let Some((part, record)) =
            Part::find(dir, place.file_name(), &shown, store.root.foreign_parts())?
        else {
            return Ok(State::Fresh);
        };
        let strong = record.as_ref().and_then(|r| r.validators.strong());
        Ok(State::Suspended(SuspendedPart {
            is_resumable: store.config.resume && part.length() > 0 && strong.is_some(),
            part,
            record,
            resumed_from: None,
        }))
    }

    /// Marks the name as free: the file gets it as soon as it is whole.
    pub(super) fn of_free_name(mut self) -> Self {
        self.is_free_name = true;
        self
    }

    /// Marks the name as that of a file of this length, which is replaced only if pfetch saved it.
    pub(super) fn of_held_name(mut self, length: u64) -> Self {
        self.held_length = Some(length);
        self
    }

    /// Tells whether the body's SHA-256 is known. Then it decides on the version, and a part can be continued
    /// without a validator.
    pub fn with_sum(mut self, is_known: bool) -> Self {
        self.has_sum = is_known;
        if let State::Suspended(suspended) = &mut self.state {
            let may_resume = self.store.config.resume && suspended.part.length() > 0;
            suspended.is_resumable |= is_known && may_resume && suspended.record.is_some();
        }
        self
    }

    /// Marks the body as a range that the user asks for: a part of the whole is left alone.
    pub fn of_range(mut self) -> Self {
        self.part_body = PartBody::Range;
        self.state = State::Fresh;
        self
    }

    /// Marks the name as one that is given later.
    pub(super) fn of_later_name(mut self) -> Self {
        self.has_later_name = true;
        self
    }

    /// The name that the file gets, as far as it is known; `server_name` is the one that the response
    /// states. The rules for names may still change it, but not its extension.
    pub fn file_name<'a>(&'a self, server_name: Option<&'a str>) -> &'a str {
        let place = self.place.file_name();
        match server_name {
            Some(name) if self.has_later_name => name,
            _ => place,
        }
    }

    /// The file name that the server gave in this response, or in the one that the part is of.
    pub fn server_name(&self) -> Option<&str> {
        self.state.record()?.server_name.as_deref()
    }

    /// The conditions of a request for `url`, the one of the list, wherever redirects lead: a record is of
    /// one URL.
    pub fn conditions(&self, url: &str) -> Conditions<'_> {
        let existing = self.existing.as_ref().filter(|record| record.is_from(url));
        let range = match &self.state {
            State::Suspended(SuspendedPart {
                part,
                record: Some(record),
                is_resumable: true,
                ..
            }) if record.is_from(url) => {
                let from = resume_position(part.length());
                let validator = record.validators.strong();
                (validator.is_some() || self.has_sum).then_some((from, validator))
            }
            _ => None,
        };
        Conditions {
            unless: existing
                .map(|record| &record.validators)
                .filter(|validators| !validators.is_empty()),
            range,
        }
    }

    /// Gives up the bytes of the part: from now on the whole body is requested.
    pub fn discard_progress(&mut self) {
        self.state = std::mem::take(&mut self.state).without_progress();
    }

    /// Gives up all received bytes, because they are wrong.
    pub fn reject(&mut self) {
        self.discard_progress();
        if let Some(part) = self.state.part_mut() {
            // If this fails, the next attempt's comparison still finds the difference.
            let _ = part.truncate("");
        }
    }

    /// Begins to receive a whole body from `url`.
    ///
    /// # Errors
    ///
    /// If the part of an earlier attempt cannot be truncated, or the file that has the name is another than the
    /// body can be.
    pub fn start(&mut self, url: &str, version: Version) -> Result<(), BodyError> {
        self.check_held(url, &version)?;
        self.discard_progress();
        let part = match &mut self.state {
            State::Suspended(suspended) => {
                suspended
                    .part
                    .truncate(&self.store.root.shown(&self.place))?;
                std::mem::take(&mut self.state).into_part()
            }
            _ => None,
        };
        self.state = State::Receiving(ReceivedPart {
            part,
            modified: version.modified,
            least_length: version.least_length,
            is_resumable: version.is_plain
                && (self.has_sum || version.validators.strong().is_some()),
            record: FileRecord::new(url, version),
            has_space: false,
            resumed: None,
        });
        Ok(())
    }

    /// Refuses a body that the file which has the name cannot be the same as, by its stated length, and may not be
    /// replaced by: to fetch it would be for nothing.
    fn check_held(&self, url: &str, version: &Version) -> Result<(), FileError> {
        let is_own = self.existing.as_ref().is_some_and(|record| {
            record.is_from(url) && matches!(record.state, FileState::Saved(_))
        });
        let stated = version.length.filter(|_| version.is_plain && !is_own);
        let Some((held, stated)) = self.held_length.zip(stated) else {
            return Ok(());
        };
        if held == stated {
            return Ok(());
        }
        let shown = self.store.root.shown(&self.place);
        let origin = match &self.existing {
            Some(record) if !record.is_from(url) => FileOrigin::AnotherUrl,
            _ => FileOrigin::Unknown,
        };
        let error = self.store.other_content(&shown, origin);
        Err(match self.state.part() {
            Some(part) if self.state.is_resumable() => error.keeping(&part.shown(&shown)),
            _ => error,
        })
    }

    /// The length of what is there from `url`: of the body that the part is of, or of the file that has the
    /// name. `None` if it is a web page, or nothing is there.
    pub fn length_if_no_page(&self, url: &str) -> Option<u64> {
        if let Some(part) = self.state.part().filter(|part| part.length() > 0) {
            let record = self.state.record().filter(|record| record.is_from(url))?;
            return (!page::is_page(part.file())).then(|| record.length.unwrap_or(part.length()));
        }
        let existing = self
            .existing
            .as_ref()
            .filter(|record| record.is_from(url))?;
        let file = self.dir.as_ref()?.open_to_read(self.place.file_name())?;
        existing.length.filter(|_| !page::is_page(&file))
    }

    /// Returns true if a response 304 with these validators speaks of the file that has the name.
    pub fn is_confirmed_by(&self, validators: &Validators) -> bool {
        let existing = self.existing.as_ref();
        existing.is_some_and(|record| record.is_confirmed_by(validators))
    }

    /// The name of the part that stays if the download ends now, from which another can go on. `None` if it is deleted:
    /// nothing has come, or the server names no version of the body.
    pub fn kept_part(&self) -> Option<String> {
        let part = self.state.part().filter(|part| part.length() > 0)?;
        self.state.is_resumable().then(|| escape(part.name()))
    }

    /// Reads the bytes of the part in chunks, each of which `take` is given.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn read_part(&self, take: impl FnMut(&[u8])) -> io::Result<()> {
        match self.state.part() {
            Some(part) => part.read(take),
            None => Ok(()),
        }
    }

    /// The number of bytes to come that the part has already.
    pub fn overlap(&self) -> usize {
        self.state
            .resumed()
            .map_or(0, |resumed| resumed.overlap.len())
    }

    /// The position in the file of the first byte of this response.
    pub fn offset(&self) -> u64 {
        self.state.resumed().map_or(0, |resumed| resumed.offset)
    }

    /// The part of the body that this attempt has brought, if it can be continued.
    pub fn progress(&self) -> Option<BodyProgress> {
        let received = match &self.state {
            State::Receiving(received) => received,
            // A range has ended, and more was to follow.
            State::Suspended(SuspendedPart {
                part,
                resumed_from: Some(from),
                ..
            }) => {
                return Some(BodyProgress {
                    from: *from,
                    reached: part.length(),
                });
            }
            _ => return None,
        };
        received.is_resumable.then(|| BodyProgress {
            from: received.resumed.as_ref().map_or(0, |resumed| resumed.from),
            reached: received.part.as_ref().map_or(0, Part::length),
        })
    }

    /// Returns true if this response continues a part.
    pub fn is_resumed(&self) -> bool {
        self.state.resumed().is_some()
    }

    /// Writes the next bytes of the body to the part, which is created for the first of them.
    ///
    /// # Errors
    ///
    /// If they cannot be written, differ from the bytes of the part, or are more than the range has.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        let shown = self.store.root.shown(&self.place);
        let State::Receiving(received) = &mut self.state else {
            return Err(not_started(&shown));
        };
        let new = match &mut received.resumed {
            Some(resumed) => resumed.overlap.check(bytes)?,
            None => bytes,
        };
        let held = received.part.as_ref().map_or(0, Part::length);
        let left = received
            .resumed
            .as_ref()
            .map(|resumed| resumed.end.saturating_sub(held));
        if left.is_some_and(|left| left < new.len() as u64) {
            return Err(BodyError::Changed);
        }
        if new.is_empty() {
            return Ok(());
        }
        let part = match &mut received.part {
            Some(part) => part,
            none => {
                let dir = open_dir(&mut self.dir, &self.store, &self.place)?;
                none.insert(Part::create(
                    dir,
                    self.place.file_name(),
                    &shown,
                    self.part_body,
                )?)
            }
        };
        if part.length() == 0 {
            // It has none, or is of an earlier attempt, and its record perhaps of another version.
            let kept = received.record.write_to(part.file());
            // Without a record no later attempt takes the part for its own: it would lie there for good.
            received.is_resumable &= kept.is_ok();
            self.store.root.note_record(&self.place, kept);
        }
        if let Some(length) = received.record.length {
            if !received.has_space {
                check_free_space(part, length, &shown)?;
                received.has_space = true;
            }
            part.preallocate(new.len(), length);
        }
        Ok(part.append(new, &shown)?)
    }

    #[cfg(test)]
    pub(super) fn part_length(&self) -> u64 {
        self.state.part().map_or(0, Part::length)
    }
}

/// Opens the directory of a download if that has not been done, and creates what is missing of it.
pub(super) fn open_dir<'a>(
    dir: &'a mut Option<Dir>,
    store: &Store,
    place: &SavePath,
) -> Result<&'a Dir, FileError> {
    let opened = match dir.take() {
        Some(opened) => opened,
        None => store.root.make(place, store.config.fsync)?,
    };
    Ok(dir.insert(opened))
}

/// The error of bytes that come before a response: no caller does that.
pub(super) fn not_started(shown: &str) -> BodyError {
    BodyError::File(FileError::new(format!(
        "cannot write {shown}.part: no body has begun"
    )))
}

/// Refuses a body whose stated length is more than the free space. Writing it would take that space from
/// other programs and files too, before it failed. Where there is no free space at all, no other file can be
/// saved either: the write reports that.
pub(super) fn check_free_space(part: &Part, length: u64, shown: &str) -> Result<(), FileError> {
    let missing = length.saturating_sub(part.length());
    match os::free_space(part.file()) {
        Some(free) if free > 0 && free < missing => Err(FileError::no_room(format!(
            "{shown} is to have {}, and there is room for {} on the disk; save it to another",
            byte_count(length),
            // The bytes of the part count as room, since they are part of the length.
            free + part.length()
        ))),
        _ => Ok(()),
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let is_resumable = self.state.is_resumable();
        let (Some(mut part), Some(dir)) = (std::mem::take(&mut self.state).into_part(), &self.dir)
        else {
            return;
        };
        if is_resumable && part.length() > 0 {
            part.free_preallocated();
            match close::check_close(part.file()) {
                Ok(()) | Err(CloseError::Unchecked(_)) => return,
                // Its length does not show what of it is lost.
                Err(CloseError::Lost(_)) => {
                    let _ = part.truncate("");
                }
            }
        }
        part.discard(dir);
    }
}
