//! A small file that is whole before anything of it can be seen: it is written into a file without a
//! name, which only then gets its own. If it comes to nothing, the system forgets it, however pfetch
//! ends.
//!
//! Not every system, file system and name lets it. Whatever is in the way, the usual path is taken
//! instead, through a [part](super::part), which also says what is wrong if it cannot either.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::fs::{RawMode, fstat};
use rustix::io::Errno;

use super::dir::Folder;
use super::os::{self, Handle};
use super::xattr::Record;

/// What a store has found out of whether it can have such files.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    way: AtomicU8,
    umask: OnceLock<u32>,
}

/// Files get their names by their handles, unless it is found that they cannot: ...
const BY_HANDLE: u8 = 0;
/// ... by what the system calls them among this process's own ...
const BY_PROC: u8 = 1;
/// ... or not at all.
const NOT: u8 = 2;

/// A complete file without a name.
#[derive(Debug)]
pub(super) struct Nameless {
    file: File,
    length: u64,
}

impl Knowledge {
    fn way(&self) -> u8 {
        self.way.load(Ordering::Relaxed)
    }

    fn found(&self, way: u8) {
        self.way.store(way, Ordering::Relaxed);
    }

    /// The system has refused something in this folder. Remembers whether it will do so again.
    fn refused(&self, folder: &Folder, errno: Errno) {
        // Linux before 3.11 takes it for the wish to write into a directory, and without /proc there
        // are no names in it. In a folder that was removed any of these may come, too.
        let is_lasting = matches!(
            errno,
            Errno::OPNOTSUPP
                | Errno::ISDIR
                | Errno::INVAL
                | Errno::NOSYS
                | Errno::PERM
                | Errno::XDEV
                | Errno::NOENT
                | Errno::ACCESS
        );
        if is_lasting && fstat(folder).is_ok_and(|stat| stat.st_nlink > 0) {
            self.found(NOT);
        }
    }

    /// Whether anybody may do more with a file of this mode than the user wants. Where a file system
    /// keeps no access lists, Linux before 6.0 heeds no umask for files without a name (commit
    /// ac6800e279a2).
    #[expect(clippy::useless_conversion, reason = "modes are no u32 everywhere")]
    fn is_too_open(&self, mode: RawMode) -> bool {
        let mode = u32::from(mode);
        let is_suspect = mode & 0o022 != 0;
        is_suspect && mode & self.umask.get_or_init(|| os::umask().unwrap_or(0o777)) != 0
    }
}

impl Nameless {
    /// A file of these bytes with this record and time of change, if it can be had in this folder.
    pub(super) fn create(
        folder: &Folder,
        knowledge: &Knowledge,
        bytes: &[u8],
        record: &Record,
        stamp: Option<(i64, u32)>,
    ) -> Option<Self> {
        if knowledge.way() == NOT {
            return None;
        }
        let file = match os::open_nameless(folder) {
            Ok(fd) => File::from(fd),
            Err(errno) => {
                knowledge.refused(folder, errno);
                return None;
            }
        };
        file.write_all_at(bytes, 0).ok()?;
        if let Some(stamp) = stamp {
            os::set_changed(&file, stamp).ok()?;
        }
        let stat = fstat(&file).ok()?;
        if knowledge.is_too_open(stat.st_mode) {
            knowledge.found(NOT);
            return None;
        }
        // The last thing to be written: the file system may have kept less of the time.
        let changed = super::xattr::changed(&stat);
        record.clone().changed_at(changed).keep(&file);
        Some(Nameless {
            file,
            length: bytes.len() as u64,
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Gives it this name, if nothing has it. Returns whether it has it now.
    pub(super) fn link(&self, folder: &Folder, name: &str, knowledge: &Knowledge) -> bool {
        let by = |handle| os::link_nameless(&self.file, handle, folder, name);
        let mut result = Err(Errno::NOENT);
        if knowledge.way() == BY_HANDLE {
            result = by(Handle::Own);
        }
        // That is what Linux says to whom it does not let; before 6.10 that is everybody but root.
        if result == Err(Errno::NOENT) {
            result = by(Handle::Proc);
            if result.is_ok() {
                knowledge.found(BY_PROC);
            }
        }
        match result {
            Ok(()) => return true,
            Err(Errno::EXIST) => {}
            Err(errno) => knowledge.refused(folder, errno),
        }
        false
    }

    /// All its bytes.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}
