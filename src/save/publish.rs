//! The last step: a whole file gets its name.

use std::fs::File;
use std::io::{self, Read};

use rustix::fs::{Mode, OFlags, Stat, fstat, openat, renameat};
use rustix::io::Errno;

use super::dir::Dir;
use super::download::{Download, ReceivedPart, State, WholePart};
use super::duties::LesserDuty;
use super::error::{FileError, FileOrigin, errno_of};
use super::os::{self, Mtime};
use super::part::Part;
use super::store::{Exists, Store};
use super::xattr::{FileRecord, FileState};
use crate::model::outcome::Saved;
use crate::model::save_path::SavePath;

/// The file that has the name after [`Download::publish_as`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// The new file.
    New(Saved),
    /// The file that existed, which has the same content.
    Same(Saved),
    /// The file that existed, whatever its content.
    Existing(Saved),
}

impl Download {
    /// Gives the whole file the name of `place`, which is in its directory, and returns the file that has
    /// the name then. If the name is taken, the store's policy decides.
    ///
    /// # Errors
    ///
    /// If the name is taken by something that may not be replaced, or a system call fails.
    pub fn publish_as(&mut self, place: &SavePath) -> Result<Published, FileError> {
        if let Some(saved) = self.publish_tmpfile(place)? {
            return Ok(Published::New(saved));
        }
        let shown = self.store.root.shown(place);
        let (Some(dir), State::Whole(whole)) = (&self.dir, &self.state) else {
            return Err(FileError::new(format!("{shown} is not complete")));
        };
        let refused = |errno| FileError::refused(&format!("cannot name {shown}"), errno);
        let saved = Saved {
            path: self.store.root.path_of(place),
            bytes: whole.part.length(),
            sha256: None,
            resumed_from: whole.resumed_from,
        };
        // rename(2) acts on the name, so make sure that it still refers to our part.
        if !whole.part.is_named(dir) {
            let own = whole.part.shown(&self.store.root.shown(&self.place));
            return Err(FileError::new(format!(
                "{own} was removed or replaced in the meantime, so {shown} is not complete"
            )));
        }
        match os::rename_new(dir, whole.part.name(), place.file_name()) {
            Ok(()) => {}
            Err(Errno::EXIST) => {
                if let Some(existing) = self.resolve_taken_name(dir, whole, place, &shown)? {
                    self.discard_part(&shown);
                    return Ok(existing.published(saved));
                }
            }
            Err(errno) => return Err(refused(errno)),
        }
        // It is no part any more, whatever becomes of the folder.
        self.state = State::Fresh;
        self.sync_entry(place)?;
        Ok(Published::New(saved))
    }

    /// Replaces the file that has the name, or returns it if it is to be kept.
    fn resolve_taken_name(
        &self,
        dir: &Dir,
        whole: &WholePart,
        place: &SavePath,
        shown: &str,
    ) -> Result<Option<KeptFile>, FileError> {
        let refused = |errno| FileError::refused(&format!("cannot name {shown}"), errno);
        let name = place.file_name();
        let stat = match dir.stat(name).map_err(refused)? {
            Some(stat) => stat,
            None => return Err(refused(Errno::EXIST)),
        };
        if let Some(error) = self.store.replace_error(&stat, shown) {
            return Err(error);
        }
        // If the answer is an error, the part stays, for a run that is told to replace the file.
        let choice = match self.store.config.exists {
            // What is kept has to be what was asked for.
            Exists::Skip if self.has_sum => keep_if_same(dir, name, whole, shown),
            _ => decide(&self.store, dir, name, &stat, whole, shown),
        };
        let choice = choice.map_err(|error| match whole.is_resumable {
            true => error.keeping(&whole.part.shown(shown)),
            false => error,
        })?;
        match choice {
            Choice::Replace => {
                let duties = self.store.root.duties();
                let moded = os::take_mode(whole.part.file(), os::permissions(&stat));
                duties.note(LesserDuty::Mode, moded, || shown.to_owned());
                renameat(dir, whole.part.name(), dir, name).map_err(refused)?;
                Ok(None)
            }
            Choice::Keep { is_same } => Ok(Some(KeptFile {
                is_same,
                bytes: u64::try_from(stat.st_size).unwrap_or_default(),
            })),
        }
    }

    /// Links an O_TMPFILE to its name. If that fails, because the name is taken or for another reason, its
    /// body goes into a part like any other.
    fn publish_tmpfile(&mut self, place: &SavePath) -> Result<Option<Saved>, FileError> {
        if !matches!(self.state, State::TmpFile(..)) {
            return Ok(None);
        }
        let (State::TmpFile(tmpfile, record), Some(dir)) =
            (std::mem::take(&mut self.state), &self.dir)
        else {
            return Ok(None);
        };
        let shown = || self.store.root.shown(place);
        if !tmpfile.link(dir, place.file_name(), self.store.root.tmpfile_support()) {
            let body = tmpfile.read().map_err(|error| {
                FileError::refused(&format!("cannot read {}", shown()), errno_of(&error))
            })?;
            self.state = State::Receiving(ReceivedPart::held_back(record));
            self.write_part(&body)?;
            return Ok(None);
        }
        self.sync_entry(place)?;
        Ok(Some(Saved {
            path: self.store.root.path_of(place),
            bytes: tmpfile.length(),
            sha256: None,
            resumed_from: None,
        }))
    }

    /// Syncs the entry that the file has in its folder, if the store asks for that.
    fn sync_entry(&self, place: &SavePath) -> Result<(), FileError> {
        match &self.dir {
            Some(dir) if self.store.config.fsync => self.store.root.sync_entry(dir, place),
            _ => Ok(()),
        }
    }

    /// Truncates the part and deletes it.
    fn discard_part(&mut self, shown: &str) {
        if let (Some(mut part), Some(dir)) =
            (std::mem::take(&mut self.state).into_part(), &self.dir)
        {
            // If this fails, a part is left that is as good as the file.
            let _ = part.truncate(shown);
            part.discard(dir);
        }
    }
}

/// The file that has the name and keeps it.
struct KeptFile {
    is_same: bool,
    bytes: u64,
}

impl KeptFile {
    /// `saved` is what the new file would have been.
    fn published(self, saved: Saved) -> Published {
        if self.is_same {
            Published::Same(saved)
        } else {
            Published::Existing(Saved {
                bytes: self.bytes,
                ..saved
            })
        }
    }
}

/// The decision about a file that has the name.
enum Choice {
    Replace,
    Keep {
        /// True if it has the content of the new file.
        is_same: bool,
    },
}

/// Decides by the policy about the file that has the name, of which `stat` is the stat.
fn decide(
    store: &Store,
    dir: &Dir,
    name: &str,
    stat: &Stat,
    whole: &WholePart,
    shown: &str,
) -> Result<Choice, FileError> {
    match store.config.exists {
        Exists::Overwrite => Ok(Choice::Replace),
        Exists::Refresh => Ok(refresh(dir, name, stat, whole, shown)),
        Exists::Skip => Ok(Choice::Keep { is_same: false }),
        Exists::Fail => Err(FileError::new(format!("{shown} exists (--exists fail)"))),
        Exists::Rename => Err(FileError::new(format!(
            "{shown} was made by another program in the meantime"
        ))),
        Exists::Update => decide_by_content(store, dir, name, stat, whole, shown),
    }
}

/// Keeps the file if it has the content of the new one, whose SHA-256 is verified.
fn keep_if_same(
    dir: &Dir,
    name: &str,
    whole: &WholePart,
    shown: &str,
) -> Result<Choice, FileError> {
    let old = open_old(dir, name, shown)?;
    match is_same_content(&old, &whole.part) {
        Ok(true) => Ok(Choice::Keep { is_same: true }),
        Ok(false) => Err(FileError::other_sum(shown)),
        Err(error) => Err(unreadable(&error, shown)),
    }
}

/// Opens the file that has the name.
fn open_old(dir: &Dir, name: &str, shown: &str) -> Result<File, FileError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let old = openat(dir, name, flags, Mode::empty()).map_err(|errno| {
        FileError::with_errno(format!("{shown} exists and cannot be read: {errno}"), errno)
    })?;
    Ok(File::from(old))
}

fn unreadable(error: &io::Error, shown: &str) -> FileError {
    FileError::with_errno(
        format!("{shown} exists and cannot be read: {error}"),
        errno_of(error),
    )
}

/// Keeps the file if it has the same content, and replaces it otherwise. One that cannot be read has no say: it is
/// replaced too, as a shell's `>` would.
fn refresh(dir: &Dir, name: &str, stat: &Stat, whole: &WholePart, shown: &str) -> Choice {
    let Ok(old) = open_old(dir, name, shown) else {
        return Choice::Replace;
    };
    match is_same_content(&old, &whole.part) {
        Ok(true) => {
            update_record(&old, &whole.record, is_own(&old, stat, whole));
            Choice::Keep { is_same: true }
        }
        Ok(false) | Err(_) => Choice::Replace,
    }
}

/// Tells whether pfetch saved the file from the URL of the new one, and nothing has changed it since.
fn is_own(old: &File, stat: &Stat, whole: &WholePart) -> bool {
    FileRecord::read_from(old)
        .ok()
        .flatten()
        .is_some_and(|known| is_own_record(&known, stat, whole))
}

fn is_own_record(known: &FileRecord, stat: &Stat, whole: &WholePart) -> bool {
    known.is_same_source(&whole.record)
        && known.is_untouched(stat)
        && matches!(known.state, FileState::Saved(_))
}

/// Keeps the file if it has the same content, and replaces it only if pfetch saved it from the same URL, or if there
/// is nothing in it to be lost.
fn decide_by_content(
    store: &Store,
    dir: &Dir,
    name: &str,
    stat: &Stat,
    whole: &WholePart,
    shown: &str,
) -> Result<Choice, FileError> {
    let old = open_old(dir, name, shown)?;
    let known = FileRecord::read_from(&old).ok().flatten();
    let is_own = known
        .as_ref()
        .is_some_and(|known| is_own_record(known, stat, whole));
    let origin = match known {
        Some(known) if !known.is_same_source(&whole.record) && known.is_untouched(stat) => {
            FileOrigin::AnotherUrl
        }
        Some(_) | None => FileOrigin::Unknown,
    };
    match is_same_content(&old, &whole.part) {
        Ok(true) => {
            update_record(&old, &whole.record, is_own);
            Ok(Choice::Keep { is_same: true })
        }
        Ok(false) if is_own || stat.st_size == 0 => Ok(Choice::Replace),
        Ok(false) => Err(store.other_content(shown, origin)),
        Err(error) => Err(unreadable(&error, shown)),
    }
}

/// Gives a file that has the content of the server's version the record of that. A file that pfetch did
/// not save is marked as found, so that no later run replaces it.
fn update_record(file: &File, record: &FileRecord, is_own: bool) {
    if let Ok(stat) = fstat(file) {
        let mtime = Mtime::of(&stat);
        let state = match is_own {
            true => FileState::Saved(mtime),
            false => FileState::Found(mtime),
        };
        // A file that another user owns may bear no record. That the file system keeps none is told of the
        // part.
        let _ = record.clone().with_state(state).write_to(file);
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
