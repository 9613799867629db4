//! The support for O_TMPFILE that a store has found: file systems and kernels differ, and asking each
//! time would cost two system calls per file.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::fd::AsFd;
use rustix::fs::{RawMode, fstat};
use rustix::io::Errno;

use crate::save::os;

/// The support for O_TMPFILE in one store, learned from the first files and shared by all workers.
#[derive(Debug, Default)]
pub(in crate::save) struct TmpFileSupport {
    /// One of the constants below; the first of them until a system call shows otherwise.
    method: AtomicU8,
    pub(super) umask: OnceLock<u32>,
}

/// Files are named by linkat(2) of their descriptor.
pub(super) const BY_DESCRIPTOR: u8 = 0;
/// Files are named by linkat(2) of their path in /proc/self/fd.
pub(super) const BY_PROC: u8 = 1;
/// There are no unnamed files, or they cannot be named.
pub(super) const UNSUPPORTED: u8 = 2;

impl TmpFileSupport {
    pub(super) fn method(&self) -> u8 {
        self.method.load(Ordering::Relaxed)
    }

    pub(super) fn set_method(&self, method: u8) {
        self.method.store(method, Ordering::Relaxed);
    }

    /// Notes that a system call failed in this directory, if it will fail in others too.
    pub(super) fn note_failure(&self, dir: impl AsFd, errno: Errno) {
        // Linux before 3.11 takes O_TMPFILE for the wish to write to a directory (EISDIR), and without
        // /proc its paths do not exist (ENOENT). A removed directory may cause any of these, too.
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
        if is_lasting && fstat(dir).is_ok_and(|stat| stat.st_nlink > 0) {
            self.set_method(UNSUPPORTED);
        }
    }

    /// Returns true if this mode, of a new unnamed file, permits more than the umask does. On file systems
    /// without access lists, Linux before 6.0 ignores the umask for O_TMPFILE (commit ac6800e279a2).
    #[expect(clippy::useless_conversion, reason = "modes are no u32 everywhere")]
    pub(super) fn is_too_open(&self, mode: RawMode) -> bool {
        let mode = u32::from(mode);
        let is_suspect = mode & 0o022 != 0;
        is_suspect && mode & self.umask.get_or_init(|| os::umask().unwrap_or(0o777)) != 0
    }
}
