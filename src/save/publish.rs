//! The last step: a complete part gets its name.

use std::fs::File;
use std::io::{self, Read};

use rustix::fs::{Mode, OFlags, Stat, fchmod, fstat, fsync, openat, renameat};
use rustix::io::Errno;

use super::dir::Folder;
use super::download::Draft;
use super::part::Part;
use super::xattr::{Record, changed};
use super::{Exists, FileError, os};
use crate::model::outcome::Saved;
use crate::model::save_path::SavePath;

impl Draft {
    /// Gives the complete file its name, that of a place in its folder, or says why it cannot have it:
    /// as the store was told to deal with what has the name already. Returns the file that
    /// has the name then.
    ///
    /// # Errors
    ///
    /// If something that may not be replaced has the name, or the system refuses.
    pub fn publish_as(&mut self, place: &SavePath) -> Result<Published, FileError> {
        if let Some(saved) = self.publish_nameless(place)? {
            return Ok(Published::New(saved));
        }
        let shown = self.store.root.shown(place);
        let name = place.file_name();
        let (Some(folder), Some(part)) = (&self.folder, &self.part) else {
            return Err(FileError::new(format!("{shown} is not complete")));
        };
        let refused = |errno| FileError::refused(&format!("cannot name {shown}"), errno);
        let saved = Saved {
            path: self.store.root.path_of(place),
            bytes: part.length(),
            sha256: None,
            resumed_from: self.resumed_from,
        };
        // Whatever has the part's name gets the file's.
        if !part.is_named(folder) {
            let own = self.store.root.shown(&self.place);
            return Err(FileError::new(format!(
                "{own}.part was removed or replaced in the meantime, so {shown} is not complete"
            )));
        }
        match os::rename_new(folder, part.name(), name) {
            Ok(()) => {}
            Err(Errno::EXIST) => {
                let there = match folder.look(name).map_err(refused)? {
                    Some(there) => there,
                    None => return Err(refused(Errno::EXIST)),
                };
                let record = self.record.as_ref();
                if let Some(obstacle) = self.store.obstacle(&there, &shown) {
                    return Err(obstacle);
                }
                match decide(self.store.config.exists, folder, name, &there, part, record) {
                    Ok(Choice::Replace) => replace(folder, part, name, &there).map_err(refused)?,
                    Ok(Choice::Leave { is_same }) => {
                        if let Some(part) = &mut self.part {
                            // If that fails, a part is left that is as good as the file.
                            let _ = part.empty(&shown);
                        }
                        self.drop_part();
                        return Ok(if is_same {
                            Published::Same(saved)
                        } else {
                            let bytes = u64::try_from(there.st_size).unwrap_or_default();
                            Published::Other(Saved { bytes, ..saved })
                        });
                    }
                    // What can be continued stays, for a run that is told to replace the file.
                    Err(why) => return Err(FileError::new(format!("{shown} {why}"))),
                }
            }
            Err(errno) => return Err(refused(errno)),
        }
        if self.store.config.fsync {
            fsync(folder).map_err(refused)?;
        }
        // It is no part any more.
        self.part = None;
        Ok(Published::New(saved))
    }

    /// Gives a file without a name its name. If that cannot be, because the name is taken or for
    /// another reason, it goes into a part like any other.
    fn publish_nameless(&mut self, place: &SavePath) -> Result<Option<Saved>, FileError> {
        let (Some(nameless), Some(folder)) = (self.nameless.take(), &self.folder) else {
            return Ok(None);
        };
        let shown = || self.store.root.shown(place);
        let knowledge = self.store.root.nameless();
        if !nameless.link(folder, place.file_name(), knowledge) {
            let body = nameless.read().map_err(|error| {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                FileError::refused(&format!("cannot read {}", shown()), errno)
            })?;
            self.put_in_part(&body)?;
            return Ok(None);
        }
        if self.store.config.fsync {
            fsync(folder)
                .map_err(|errno| FileError::refused(&format!("cannot name {}", shown()), errno))?;
        }
        Ok(Some(Saved {
            path: self.store.root.path_of(place),
            bytes: nameless.length(),
            sha256: None,
            resumed_from: None,
        }))
    }

    /// Deletes the part, if this process made it or there is nothing in it.
    fn drop_part(&mut self) {
        if let (Some(part), Some(folder)) = (self.part.take(), &self.folder) {
            part.discard(folder);
        }
    }
}

/// Which file has the name now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// The new one.
    New(Saved),
    /// The one that was there, and which has the same content.
    Same(Saved),
    /// The one that was there, whatever is in it.
    Other(Saved),
}

/// What to do about a file that has the name.
enum Choice {
    Replace,
    /// To leave it; it may be as good as the new one.
    Leave {
        is_same: bool,
    },
}

fn decide(
    exists: Exists,
    folder: &Folder,
    name: &str,
    there: &Stat,
    part: &Part,
    record: Option<&Record>,
) -> Result<Choice, String> {
    match exists {
        Exists::Overwrite => Ok(Choice::Replace),
        Exists::Skip => Ok(Choice::Leave { is_same: false }),
        Exists::Fail => Err("exists (--exists fail)".to_owned()),
        Exists::Rename => Err("was made by another program in the meantime".to_owned()),
        Exists::Update => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let old = openat(folder, name, flags, Mode::empty())
                .map_err(|errno| format!("exists and cannot be read: {errno}"))?;
            let old = File::from(old);
            let known = Record::of(&old).ok().flatten();
            let known = known.filter(|known| {
                let is_same_source = record.is_some_and(|record| known.is_same_source(record));
                is_same_source && known.is_untouched(there)
            });
            let is_own = known.is_some_and(|known| !known.is_found);
            match is_same_content(&old, part) {
                Ok(true) => {
                    remember(&old, record, !is_own);
                    Ok(Choice::Leave { is_same: true })
                }
                Ok(false) if is_own => Ok(Choice::Replace),
                Ok(false) => Err(
                    "exists, and is not as pfetch saved it from this URL; see --exists overwrite, \
                     rename and skip"
                        .to_owned(),
                ),
                Err(error) => Err(format!("exists and cannot be read: {error}")),
            }
        }
    }
}

/// Puts the part in the place of a file, whose mode it takes over.
fn replace(folder: &Folder, part: &Part, name: &str, there: &Stat) -> Result<(), Errno> {
    let mode = Mode::from_raw_mode(there.st_mode) & Mode::from_raw_mode(0o777);
    fchmod(part.file(), mode)?;
    renameat(folder, part.name(), folder, name)
}

/// Remembers of a file that it is what the server has now. If it was only found to be, that is no
/// reason to replace it one day.
fn remember(file: &File, record: Option<&Record>, is_found: bool) {
    if let (Some(record), Ok(stat)) = (record, fstat(file)) {
        let mut record = record.clone().changed_at(changed(&stat));
        record.is_found = is_found;
        record.keep(file);
    }
}

fn is_same_content(old: &File, part: &Part) -> io::Result<bool> {
    if old.metadata()?.len() != part.length() {
        return Ok(false);
    }
    let mut old = old;
    let mut buffer = Vec::new();
    let mut same = true;
    let mut failure = None;
    part.read(|bytes| {
        if same && failure.is_none() {
            buffer.resize(bytes.len(), 0);
            match old.read_exact(&mut buffer) {
                Ok(()) => same = buffer == bytes,
                Err(error) => failure = Some(error),
            }
        }
    })?;
    match failure {
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Some(error) => Err(error),
        None => Ok(same),
    }
}
