//! The last step but one: a body that has come becomes a whole file in all but name.

use std::time::UNIX_EPOCH;

use rustix::fs::{fstat, fsync};

use super::download::{Draft, Refused};
use super::tmpfile::Nameless;
use super::xattr::changed;
use super::{FileError, os};
use crate::save::whole_file;

impl Draft {
    /// Everything has come, with `last` at its end: makes it a whole file in all but name.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or is not as long as it should be.
    pub fn complete(&mut self, last: &[u8]) -> Result<(), Refused> {
        if self.part.is_some() {
            self.write(last)?;
            self.overlap.end()?;
        }
        let held = match &self.part {
            Some(part) => part.length(),
            None => last.len() as u64,
        };
        let stamp = self.stamp();
        let record = self.record.as_mut().expect("a body has been started");
        if let Some(length) = record.length.filter(|length| *length != held) {
            return Err(Refused::Short { held, length });
        }
        record.length = Some(held);
        record.changed = stamp;
        if let Some(part) = &self.part {
            record.keep(part.file());
            return Ok(self.finish_part()?);
        }
        // Small enough to have been held back until now.
        self.is_resumable = false;
        if self.is_free {
            self.nameless = self.without_name(last)?;
        }
        if self.nameless.is_none() {
            self.put_in_part(last)?;
        }
        Ok(())
    }

    /// Puts a whole body into a part: one write, and one record.
    pub(super) fn put_in_part(&mut self, body: &[u8]) -> Result<(), FileError> {
        let shown = self.store.root.shown(&self.place);
        let mut part = self.create(&shown)?;
        if let Some(record) = &self.record {
            record.keep(part.file());
        }
        let written = part.append(body, &shown);
        self.part = Some(part);
        written?;
        self.finish_part()
    }

    /// Makes the part, which has all its bytes, ready for its name.
    fn finish_part(&mut self) -> Result<(), FileError> {
        self.stamp_part()?;
        let checked = self.check_part();
        if checked.is_err() {
            // Nobody could tell what of it is lost, so there is nothing to continue from.
            self.reject();
        }
        checked
    }

    /// Has the system say that the part is written before it gets its name: NFS, FUSE and quotas tell of
    /// failed writes at close. The part itself stays open, and locked, until then.
    fn check_part(&self) -> Result<(), FileError> {
        let Some(part) = &self.part else {
            return Ok(());
        };
        let shown = || format!("{}.part", self.store.root.shown(&self.place));
        if self.store.config.fsync {
            fsync(part.file())
                .map_err(|errno| FileError::refused(&format!("cannot write {}", shown()), errno))?;
        }
        whole_file::check_close(part.file()).map_err(|error| FileError::at_close(&shown(), &error))
    }

    /// Gives the part its time and what goes by that.
    fn stamp_part(&mut self) -> Result<(), FileError> {
        let (Some(part), Some(record)) = (&mut self.part, &self.record) else {
            return Ok(());
        };
        // Before it gets its time, which this changes.
        part.give_back();
        let part = &*part;
        let (store, place) = (&self.store, &self.place);
        let refused = |errno| {
            let shown = store.root.shown(place);
            FileError::refused(&format!("cannot write {shown}.part"), errno)
        };
        if let Some(stamp) = record.changed {
            os::set_changed(part.file(), stamp).map_err(refused)?;
        }
        // A file system may keep less of it.
        let stat = fstat(part.file()).map_err(refused)?;
        if record.changed != Some(changed(&stat)) {
            record.clone().changed_at(changed(&stat)).keep(part.file());
        }
        Ok(())
    }

    /// Puts a whole body into a file without a name, if there can be one.
    fn without_name(&mut self, body: &[u8]) -> Result<Option<Nameless>, FileError> {
        self.make_folder()?;
        let (Some(folder), Some(record)) = (&self.folder, &self.record) else {
            return Ok(None);
        };
        let knowledge = self.store.root.nameless();
        let nameless = Nameless::create(folder, knowledge, body, record, record.changed);
        let is_safe = |nameless: &Nameless| {
            let is_synced = !self.store.config.fsync || fsync(nameless.file()).is_ok();
            is_synced && whole_file::check_close(nameless.file()).is_ok()
        };
        // If it is not, the part that is made in its place says why.
        Ok(nameless.filter(is_safe))
    }

    /// The time that the file is to have, if not that of its making.
    fn stamp(&self) -> Option<(i64, u32)> {
        let modified = self.modified.filter(|_| self.store.config.mtime)?;
        let time = modified.duration_since(UNIX_EPOCH).ok()?;
        let seconds = i64::try_from(time.as_secs()).ok()?;
        Some((seconds, time.subsec_nanos()))
    }
}
