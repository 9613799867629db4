//! Lesser duties: what a saved file should have beside its bytes. A file system that refuses one of them
//! costs no file; it is told once a run.

#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;

use super::error::plain_reason;

/// A duty that is less than the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LesserDuty {
    /// The modification time is the server's.
    ModificationTime,
    /// The mode is that of the file that is replaced.
    Mode,
    /// The record of the version is kept (extended attribute).
    Record,
    /// The entry in the folder is synced to the disk (`--fsync`).
    FolderSync,
}

/// A lesser duty that the system has refused for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedDuty {
    /// The duty.
    pub duty: LesserDuty,
    /// The path of the file or folder, escaped.
    shown: String,
    errno: Errno,
}

impl RefusedDuty {
    /// The error of a duty for the file or folder `shown`, if there is one.
    pub(super) fn of(
        duty: LesserDuty,
        result: Result<(), Errno>,
        shown: impl FnOnce() -> String,
    ) -> Option<Self> {
        let shown = |errno| RefusedDuty {
            duty,
            shown: shown(),
            errno,
        };
        result.err().map(shown)
    }
}

impl fmt::Display for RefusedDuty {
    /// One line: what, where, why, and what follows from it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.shown;
        let reason = plain_reason(self.errno);
        match self.duty {
            LesserDuty::ModificationTime => write!(
                f,
                "cannot set the time of {shown}: {reason}; saved files have the time of their download \
                 where that is so (--no-mtime)"
            ),
            LesserDuty::Mode => write!(
                f,
                "cannot give {shown} the mode of the file that it replaces: {reason}; it has that of a \
                 new file, as do others where that is so (chmod sets it)"
            ),
            LesserDuty::Record => write!(
                f,
                "cannot keep the version of {shown} with it (user.pfetch): {reason}; a later run fetches \
                 files again where that is so (--exists skip keeps them)"
            ),
            LesserDuty::FolderSync => write!(
                f,
                "cannot sync the folder of {shown}: {reason}; names of saved files may be lost in a power \
                 cut where that is so (sync writes all)"
            ),
        }
    }
}

/// The lesser duties that were refused in one run. Workers note them, and the run tells each kind once.
#[derive(Debug, Default)]
pub(super) struct RefusedDuties {
    /// A bit for each kind that was noted.
    noted: AtomicU8,
    has_untold: AtomicBool,
    untold: Mutex<Vec<RefusedDuty>>,
}

impl RefusedDuties {
    /// Notes the error of a duty for the file or folder `shown`, the first of its kind.
    pub(super) fn note(
        &self,
        duty: LesserDuty,
        result: Result<(), Errno>,
        shown: impl FnOnce() -> String,
    ) {
        let bit = 1 << duty as u8;
        if result.is_ok() || self.noted.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            return;
        }
        let Some(refused) = RefusedDuty::of(duty, result, shown) else {
            return;
        };
        // A push is all that is done under this lock, so a poisoned one is still consistent.
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.push(refused);
        self.has_untold.store(true, Ordering::Release);
    }

    /// Takes those that were noted since the last call.
    pub(super) fn take(&self) -> Vec<RefusedDuty> {
        // Asked for each file, so without the lock.
        if !self.has_untold.load(Ordering::Acquire) {
            return Vec::new();
        }
        self.has_untold.store(false, Ordering::Relaxed);
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *untold)
    }
}

/// Returns true if this error of fsync(2) on a folder says that the file system syncs none, as CIFS, FUSE
/// and others say; PostgreSQL ignores the same ones (`fsync_fname_ext`). It does not say that the entry is
/// lost.
pub(super) fn means_no_folder_sync(errno: Errno) -> bool {
    // On some systems the last two are one number.
    matches!(errno, Errno::INVAL | Errno::BADF | Errno::NOSYS)
        || errno == Errno::NOTSUP
        || errno == Errno::OPNOTSUPP
}
