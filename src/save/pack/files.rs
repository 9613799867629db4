//! The files of packs: the folder, parts that are locked, and the rename that publishes.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, Stat, flock, fstat, openat, unlinkat};
use rustix::io::Errno;

use super::PackError;
use crate::model::text::escape;
use crate::save::FileError;
use crate::save::close::check_close;
use crate::save::dir::{RootDir, is_file};
use crate::save::error::errno_of;
use crate::save::os;

/// The extension of a pack that is not published.
pub(super) const PART: &str = ".part";

/// The folder of the packs.
#[derive(Debug)]
pub(super) struct PackFolder {
    root: Arc<RootDir>,
    /// The path as it was given, with its slash; empty for the current folder.
    prefix: String,
}

impl PackFolder {
    /// Opens the folder, and creates it if it is missing.
    pub(super) fn open(path: &Path) -> Result<Self, PackError> {
        let root = RootDir::open(path, false)?;
        Ok(PackFolder::new(root, path))
    }

    /// Opens the folder if it is there.
    pub(super) fn preview(path: &Path) -> Result<Option<Self>, PackError> {
        let (root, is_there) = RootDir::preview(path)?;
        Ok(is_there.then(|| PackFolder::new(root, path)))
    }

    fn new(root: Arc<RootDir>, path: &Path) -> Self {
        let path = path.to_string_lossy();
        let prefix = match path.trim_end_matches('/') {
            "" if path.is_empty() => String::new(),
            trimmed => format!("{trimmed}/"),
        };
        PackFolder { root, prefix }
    }

    /// The path of the file with this name, beginning with the folder as it was given.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The name of the file with this path, if it is in this folder, in whatever way that is written.
    pub(super) fn name_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        let name = path.rsplit('/').next()?;
        let folder = path.strip_suffix(name)?;
        (folder == self.prefix || self.is(folder)).then_some(name)
    }

    /// Tells whether this is the path of the folder.
    fn is(&self, path: &str) -> bool {
        let path = if path.is_empty() { "." } else { path };
        match (rustix::fs::stat(path), fstat(&self.root)) {
            (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
            _ => false,
        }
    }

    /// The path, escaped for messages.
    pub(super) fn shown(&self, name: &str) -> String {
        escape(&self.path_of(name))
    }

    /// The names of all files in the folder.
    pub(super) fn names(&self) -> Result<Vec<String>, PackError> {
        let unreadable = |errno| {
            let what = format!("cannot read the folder {}", escape(&self.prefix));
            FileError::refused(&what, errno)
        };
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.root).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// Tells whether there is anything with this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        let stat = rustix::fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW);
        !matches!(stat, Err(Errno::NOENT))
    }

    /// Tells whether this is a part that holds nothing.
    pub(super) fn is_empty_part(&self, name: &str) -> bool {
        let stat = rustix::fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW);
        name.ends_with(PART) && stat.is_ok_and(|stat| is_file(&stat) && stat.st_size == 0)
    }

    /// The length of the file with this name; `None` if it is missing.
    pub(super) fn length_of(&self, name: &str) -> Option<u64> {
        let stat = rustix::fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(u64::try_from(stat.st_size).unwrap_or_default())
    }

    /// Opens a file to read it, if there is one.
    pub(super) fn open_to_read(&self, name: &str) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = openat(&self.root, name, flags, Mode::empty()).ok()?;
        Some(File::from(fd))
    }

    /// Opens a part and locks it; a missing one is created. No symbolic link is followed.
    pub(super) fn open_part(&self, name: &str) -> Result<File, PackError> {
        let flags = OFlags::RDWR
            | OFlags::CREATE
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::NOCTTY
            | OFlags::CLOEXEC;
        let refused = |errno| self.refused("cannot write", name, errno);
        let opened = openat(&self.root, name, flags, Mode::from_raw_mode(0o666));
        let file = File::from(opened.map_err(refused)?);
        let stat = fstat(&file).map_err(refused)?;
        if !is_file(&stat) {
            return Err(PackError::NotAFile(self.shown(name)));
        }
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            // Another run may have removed or published it before the lock was free.
            Ok(()) if !self.is_still(name, &stat) => Err(PackError::Locked(self.shown(name))),
            // A file system without locks: the run log's lock keeps other runs of this log away.
            Ok(()) | Err(Errno::NOTSUP | Errno::NOSYS | Errno::NOLCK) => Ok(file),
            Err(Errno::WOULDBLOCK) => Err(PackError::Locked(self.shown(name))),
            Err(errno) => Err(refused(errno).into()),
        }
    }

    /// The error of a pack or part that is another log's: one that is being written is not to be moved away.
    pub(super) fn foreign(&self, name: &str) -> PackError {
        let part = self.open_to_read(name).filter(|_| name.ends_with(PART));
        // The lock is free again at once.
        let locked = part.map(|part| flock(&part, FlockOperation::NonBlockingLockShared));
        match locked {
            Some(Err(Errno::WOULDBLOCK)) => PackError::Locked(self.shown(name)),
            _ => PackError::Foreign(self.shown(name)),
        }
    }

    /// Tells whether the name is that of this file.
    fn is_still(&self, name: &str, file: &Stat) -> bool {
        let stat = rustix::fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW);
        stat.is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (file.st_dev, file.st_ino))
    }

    /// Publishes a part under its name, once a checked close shows that it is written. It replaces nothing.
    pub(super) fn publish(&self, file: &File, part: &str, name: &str) -> Result<(), PackError> {
        check_close(file).map_err(|error| FileError::at_close(&self.shown(part), &error))?;
        match os::rename_new(&self.root, part, name) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(PackError::Foreign(self.shown(name))),
            Err(errno) => Err(self.refused("cannot rename a part to", name, errno).into()),
        }
    }

    /// Gives a part its name, in place of what has it, once a checked close shows that it is written.
    pub(super) fn replace(&self, file: &File, part: &str, name: &str) -> Result<(), PackError> {
        check_close(file).map_err(|error| FileError::at_close(&self.shown(part), &error))?;
        rustix::fs::renameat(&self.root, part, &self.root, name)
            .map_err(|errno| self.refused("cannot rename a part to", name, errno).into())
    }

    /// Removes a part.
    pub(super) fn remove(&self, name: &str) -> Result<(), PackError> {
        match unlinkat(&self.root, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.refused("cannot remove", name, errno).into()),
        }
    }

    /// The error of a system call on this file.
    pub(super) fn refused(&self, what: &str, name: &str, errno: Errno) -> FileError {
        FileError::refused(&format!("{what} {}", self.shown(name)), errno)
    }

    /// The error of std's on this file.
    pub(super) fn failed(&self, what: &str, name: &str, error: &io::Error) -> FileError {
        self.refused(what, name, errno_of(error))
    }
}
