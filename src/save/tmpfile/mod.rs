//! Small bodies by O_TMPFILE: the body is written to an unnamed file that linkat(2) puts into place, so
//! no partial file is ever visible and a killed process leaves nothing behind.
//!
//! Not every kernel, file system and name permits it. Whatever the reason, the caller then takes the
//! usual way through a [part](super::part), which also reports the error if that fails too.

mod support;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fd::AsFd;
use rustix::fs::fstat;
use rustix::io::Errno;

use super::duties::LesserDuty;
use super::os::{self, LinkSource, Mtime};
use super::xattr::{FileRecord, FileState};
pub(super) use support::TmpFileSupport;
use support::{BY_DESCRIPTOR, BY_PROC, UNSUPPORTED};

/// A complete file without a name (O_TMPFILE).
#[derive(Debug)]
pub(super) struct TmpFile {
    file: File,
    length: u64,
}

impl TmpFile {
    /// Creates a file of these bytes with this record and its modification time in the directory. `None`
    /// if that cannot be done there. Calls `note` with the result of each lesser duty.
    pub(super) fn create(
        dir: impl AsFd,
        support: &TmpFileSupport,
        bytes: &[u8],
        record: &FileRecord,
        note: impl Fn(LesserDuty, Result<(), Errno>),
    ) -> Option<Self> {
        if support.method() == UNSUPPORTED {
            return None;
        }
        let file = match os::open_tmpfile(&dir) {
            Ok(fd) => File::from(fd),
            Err(errno) => {
                support.note_failure(&dir, errno);
                return None;
            }
        };
        file.write_all_at(bytes, 0).ok()?;
        if let Some(mtime) = record.mtime() {
            note(LesserDuty::ModificationTime, os::set_mtime(&file, mtime));
        }
        let stat = fstat(&file).ok()?;
        if support.is_too_open(stat.st_mode) {
            support.set_method(UNSUPPORTED);
            return None;
        }
        // The last step, because the file system may have kept a coarser time.
        let state = FileState::Saved(Mtime::of(&stat));
        let kept = record.clone().with_state(state).write_to(&file);
        note(LesserDuty::Record, kept);
        Some(TmpFile {
            file,
            length: bytes.len() as u64,
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Gives the file this name in the directory unless the name is taken. Returns false if it could not.
    pub(super) fn link(&self, dir: impl AsFd, name: &str, support: &TmpFileSupport) -> bool {
        let link = |source| os::link_tmpfile(&self.file, source, &dir, name);
        let mut result = Err(Errno::NOENT);
        if support.method() == BY_DESCRIPTOR {
            result = link(LinkSource::Descriptor);
        }
        // Linux reports a missing privilege as ENOENT; before 6.10 that is every user but root.
        if result == Err(Errno::NOENT) {
            result = link(LinkSource::ProcPath);
            if result.is_ok() {
                support.set_method(BY_PROC);
            }
        }
        match result {
            Ok(()) => return true,
            Err(Errno::EXIST) => {}
            Err(errno) => support.note_failure(&dir, errno),
        }
        false
    }

    /// Reads the file back.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}
