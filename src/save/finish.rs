//! The last step but one: makes a received body a whole file in all but its name.

use std::time::UNIX_EPOCH;

use rustix::fs::{fstat, fsync};
use rustix::io::Errno;

use super::close::{self, CloseError};
use super::download::{Download, ReceivedPart, State, check_free_space, not_started, open_dir};
use super::duties::LesserDuty;
use super::error::{BodyError, FileError};
use super::os::{self, Mtime};
use super::part::Part;
use super::tmpfile::TmpFile;
use super::xattr::{FileRecord, FileState};

impl Download {
    /// Ends the body with these bytes and makes it a whole file, which only lacks its name.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or has another length than the server stated.
    pub fn complete(&mut self, last: &[u8]) -> Result<(), BodyError> {
        let has_part = matches!(
            &self.state,
            State::Receiving(ReceivedPart { part: Some(_), .. })
        );
        if has_part {
            self.write(last)?;
        }
        let sets_mtime = self.store.config.mtime;
        let State::Receiving(received) = &mut self.state else {
            return Err(not_started(&self.store.root.shown(&self.place)));
        };
        if let Some(resumed) = &received.resumed {
            resumed.overlap.finish()?;
        }
        let length = match &received.part {
            Some(part) => part.length(),
            None => last.len() as u64,
        };
        let least = received.least_length;
        if length < least {
            return Err(BodyError::FewerThanBefore {
                received: length,
                before: least,
            });
        }
        let record = &mut received.record;
        let by_range = received.resumed.as_ref().and_then(|resumed| resumed.length);
        if let Some(stated) = record
            .length
            .or(by_range)
            .filter(|stated| *stated != length)
        {
            return Err(BodyError::LengthMismatch {
                received: length,
                stated,
            });
        }
        record.length = Some(length);
        let modified = received.modified.filter(|_| sets_mtime);
        record.state = match modified.and_then(Mtime::from_time) {
            Some(mtime) => FileState::Saved(mtime),
            None => FileState::Partial,
        };
        if let Some(part) = &received.part {
            self.store
                .root
                .note_record(&self.place, record.write_to(part.file()));
            return Ok(self.finish_part()?);
        }
        // It was small enough to be held back until now.
        received.is_resumable = false;
        if self.is_free_name
            && let Some(tmpfile) = self.write_tmpfile(last)?
        {
            self.state = std::mem::take(&mut self.state).with_tmpfile(tmpfile);
            return Ok(());
        }
        Ok(self.write_part(last)?)
    }

    /// Writes a whole body, which was held back, to a part: with one write, and one record.
    pub(super) fn write_part(&mut self, body: &[u8]) -> Result<(), FileError> {
        let shown = self.store.root.shown(&self.place);
        let dir = open_dir(&mut self.dir, &self.store, &self.place)?;
        let mut part = Part::create(dir, self.place.file_name(), &shown, self.part_body)?;
        if let State::Receiving(received) = &mut self.state {
            let kept = received.record.write_to(part.file());
            self.store.root.note_record(&self.place, kept);
            let mut written = part.append(body, &shown);
            // Looked at only then, since nearly all are short and fit. What of it was written is given back
            // first: other files may fit.
            if let Err(error) = &written
                && error.is_full()
                && part.truncate(&shown).is_ok()
            {
                written = check_free_space(&part, body.len() as u64, &shown).and(written);
            }
            received.part = Some(part);
            written?;
        }
        self.finish_part()
    }

    /// Makes the part, which has all its bytes, ready for its name.
    fn finish_part(&mut self) -> Result<(), FileError> {
        let State::Receiving(ReceivedPart {
            part: Some(part),
            record,
            ..
        }) = &mut self.state
        else {
            return Ok(());
        };
        let shown = part.shown(&self.store.root.shown(&self.place));
        let refused = |errno| FileError::refused(&format!("cannot write {shown}"), errno);
        let root = &self.store.root;
        set_mtime(part, record, |duty, result| {
            root.duties().note(duty, result, || root.shown(&self.place));
        })
        .map_err(refused)?;
        // NFS, FUSE and quotas may report a failed write only at close. The part itself stays open, and
        // locked, until it has its name.
        if self.store.config.fsync
            && let Err(errno) = fsync(part.file())
        {
            self.reject();
            return Err(refused(errno));
        }
        let checked = close::check_close(part.file());
        match &checked {
            Ok(()) => self.state = std::mem::take(&mut self.state).with_part_whole(),
            // Its length does not show what of it is lost, so it cannot be continued.
            Err(CloseError::Lost(_)) => self.reject(),
            Err(CloseError::Unchecked(_)) => {}
        }
        checked.map_err(|error| FileError::at_close(&shown, &error))
    }

    /// Writes a whole body to an O_TMPFILE; `None` if that cannot be done.
    fn write_tmpfile(&mut self, body: &[u8]) -> Result<Option<TmpFile>, FileError> {
        let dir = open_dir(&mut self.dir, &self.store, &self.place)?;
        let State::Receiving(ReceivedPart { record, .. }) = &self.state else {
            return Ok(None);
        };
        let root = &self.store.root;
        let tmpfile = TmpFile::create(dir, root.tmpfile_support(), body, record, |duty, result| {
            root.duties().note(duty, result, || root.shown(&self.place));
        });
        let is_written = |tmpfile: &TmpFile| {
            let is_synced = !self.store.config.fsync || fsync(tmpfile.file()).is_ok();
            is_synced && close::check_close(tmpfile.file()).is_ok()
        };
        // If it is not, the part that is created in its place reports why.
        Ok(tmpfile.filter(is_written))
    }
}

impl Mtime {
    /// The modification time to give a file; `None` before 1970.
    fn from_time(time: std::time::SystemTime) -> Option<Self> {
        let time = time.duration_since(UNIX_EPOCH).ok()?;
        Some(Mtime {
            seconds: i64::try_from(time.as_secs()).ok()?,
            nanoseconds: time.subsec_nanos(),
        })
    }
}

/// Sets the part's modification time, and updates its record to the time that the file system keeps. Calls
/// `note` with the result of each lesser duty.
fn set_mtime(
    part: &mut Part,
    record: &FileRecord,
    note: impl Fn(LesserDuty, Result<(), Errno>),
) -> Result<(), Errno> {
    // First, because it changes the modification time.
    part.free_preallocated();
    if let Some(mtime) = record.mtime() {
        note(
            LesserDuty::ModificationTime,
            os::set_mtime(part.file(), mtime),
        );
    }
    let kept = Mtime::of(&fstat(part.file())?);
    if record.mtime() != Some(kept) {
        let record = record.clone().with_state(FileState::Saved(kept));
        note(LesserDuty::Record, record.write_to(part.file()));
    }
    Ok(())
}
