//! System calls that differ between systems: extended attributes, a rename that replaces nothing
//! (RENAME_NOREPLACE), unnamed files (O_TMPFILE), preallocation.

use rustix::fd::AsFd;
use rustix::fs::{
    Mode, RawMode, Stat, Timespec, Timestamps, UTIME_OMIT, fchmod, fstat, fsync, futimens,
};
use rustix::io::Errno;

/// The extended attribute that holds a file's record.
const ATTRIBUTE: &str = "user.pfetch";

/// The longest record in bytes. ext4 has room for 4 KiB of attributes per file, all together.
pub(super) const MAX_RECORD: usize = 3072;

/// The longest name in bytes of most file systems (NAME_MAX), also where one states more: those count
/// characters.
const NAME_MAX: usize = 255;

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod imp {
    use super::*;
    use rustix::fs::{RenameFlags, XattrFlags, fgetxattr, fsetxattr, renameat_with};

    pub(in super::super) fn set_record(file: impl AsFd, record: &[u8]) -> Result<(), Errno> {
        checked(Syscall::SetRecord, || {
            fsetxattr(file, ATTRIBUTE, record, XattrFlags::empty())
        })
    }

    /// Reads the attribute; `None` if the file has none.
    pub(in super::super) fn record(file: impl AsFd) -> Result<Option<Vec<u8>>, Errno> {
        let mut value = vec![0; MAX_RECORD];
        match fgetxattr(file, ATTRIBUTE, value.as_mut_slice()) {
            Ok(length) => {
                value.truncate(length);
                Ok(Some(value))
            }
            // It is longer than any that pfetch writes.
            Err(Errno::RANGE) => Ok(None),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn is_absent(errno: Errno) -> bool {
        #[cfg(target_vendor = "apple")]
        let absent = Errno::NOATTR;
        #[cfg(not(target_vendor = "apple"))]
        let absent = Errno::NODATA;
        errno == absent
    }

    pub(super) fn rename_exclusively(dir: impl AsFd, from: &str, to: &str) -> Result<(), Errno> {
        renameat_with(&dir, from, &dir, to, RenameFlags::NOREPLACE)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod imp {
    use super::*;

    pub(in super::super) fn set_record(_: impl AsFd, _: &[u8]) -> Result<(), Errno> {
        Err(Errno::NOTSUP)
    }

    pub(in super::super) fn record(_: impl AsFd) -> Result<Option<Vec<u8>>, Errno> {
        Err(Errno::NOTSUP)
    }

    pub(super) fn rename_exclusively(_: impl AsFd, _: &str, _: &str) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }
}

pub(super) use imp::{record, set_record};

/// Renames a file within its directory, and fails with `EXIST` if the new name is taken.
pub(super) fn rename_new(dir: impl AsFd, from: &str, to: &str) -> Result<(), Errno> {
    use rustix::fs::{AtFlags, linkat, renameat, statat, unlinkat};

    match imp::rename_exclusively(&dir, from, to) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        result => return result,
    }
    // The file system has no RENAME_NOREPLACE, or the kernel is too old. linkat(2) is as exclusive ...
    match linkat(&dir, from, &dir, to, AtFlags::empty()) {
        Ok(()) => return unlinkat(&dir, from, AtFlags::empty()),
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {}
        Err(errno) => return Err(errno),
    }
    // ... and without hard links, as on FAT, looking first is the best there is.
    match statat(&dir, to, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => renameat(&dir, from, &dir, to),
        Err(errno) => Err(errno),
        Ok(_) => Err(Errno::EXIST),
    }
}

/// The source of a linkat(2) that names an O_TMPFILE file.
#[derive(Debug, Clone, Copy)]
pub(super) enum LinkSource {
    /// Its descriptor (AT_EMPTY_PATH), which takes a privilege on most kernels.
    Descriptor,
    /// Its path in /proc/self/fd.
    ProcPath,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod tmpfile {
    use super::*;
    use rustix::fd::{AsRawFd, OwnedFd};
    use rustix::fs::{AtFlags, CWD, OFlags, linkat, openat};

    pub(in super::super) fn open_tmpfile(dir: impl AsFd) -> Result<OwnedFd, Errno> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        openat(dir, ".", flags, Mode::from_raw_mode(0o666))
    }

    pub(in super::super) fn link_tmpfile(
        file: impl AsFd,
        source: LinkSource,
        dir: impl AsFd,
        name: &str,
    ) -> Result<(), Errno> {
        match source {
            LinkSource::Descriptor => linkat(file, "", dir, name, AtFlags::EMPTY_PATH),
            LinkSource::ProcPath => {
                let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
                linkat(CWD, path, dir, name, AtFlags::SYMLINK_FOLLOW)
            }
        }
    }

    /// The process's umask, read from /proc because umask(2) can only be read by setting it.
    pub(in super::super) fn umask() -> Option<u32> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("Umask:"))?;
        u32::from_str_radix(line.trim(), 8).ok()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod tmpfile {
    use super::*;
    use rustix::fd::OwnedFd;

    pub(in super::super) fn open_tmpfile(_: impl AsFd) -> Result<OwnedFd, Errno> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn link_tmpfile(
        _: impl AsFd,
        _: LinkSource,
        _: impl AsFd,
        _: &str,
    ) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn umask() -> Option<u32> {
        None
    }
}

pub(super) use tmpfile::{link_tmpfile, open_tmpfile, umask};

/// The time of a file's last modification (st_mtime).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mtime {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

impl Mtime {
    #[expect(clippy::useless_conversion, reason = "seconds are no i64 everywhere")]
    pub(super) fn of(stat: &Stat) -> Self {
        Mtime {
            seconds: i64::from(stat.st_mtime),
            // The types differ between systems; the nanoseconds are below 10^9 on all.
            nanoseconds: u32::try_from(stat.st_mtime_nsec).unwrap_or_default(),
        }
    }
}

/// Sets the time of the last modification and leaves that of the last access.
pub(super) fn set_mtime(file: impl AsFd, mtime: Mtime) -> Result<(), Errno> {
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: mtime.seconds,
            tv_nsec: mtime.nanoseconds.into(),
        },
    };
    checked(Syscall::SetTime, || futimens(file, &times))
}

/// Sets the mode of a file.
fn set_mode(file: impl AsFd, mode: Mode) -> Result<(), Errno> {
    checked(Syscall::SetMode, || fchmod(file, mode))
}

/// Gives a file this mode, if it has another: file systems that have one mode for all files may refuse to set
/// any.
pub(super) fn take_mode(file: impl AsFd, mode: Mode) -> Result<(), Errno> {
    let file = file.as_fd();
    match fstat(file) {
        Ok(stat) if permissions(&stat) == mode => Ok(()),
        _ => set_mode(file, mode),
    }
}

/// The permissions in a mode of std's.
pub(super) fn mode(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o777) as RawMode)
}

/// The permissions in a file's mode.
pub(super) fn permissions(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode) & Mode::from_raw_mode(0o777)
}

/// Syncs the entries of a folder to the disk.
pub(super) fn sync_folder(folder: impl AsFd) -> Result<(), Errno> {
    checked(Syscall::SyncFolder, || fsync(folder))
}

/// A system call that a file system may refuse without harm to the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syscall {
    SetTime,
    SetMode,
    SetRecord,
    SyncFolder,
}

/// Makes a call; in a test it fails instead if an error is injected for it.
fn checked(call: Syscall, make: impl FnOnce() -> Result<(), Errno>) -> Result<(), Errno> {
    #[cfg(test)]
    if let Some(errno) = faults::of(call) {
        return Err(errno);
    }
    #[cfg(not(test))]
    let _ = call;
    make()
}

/// The length in bytes of the longest name in a file system, that of this file.
pub(super) fn longest_name(file: impl AsFd) -> usize {
    let stated = rustix::fs::fstatvfs(file).map(|stat| stat.f_namemax);
    match usize::try_from(stated.unwrap_or_default()) {
        Ok(0) | Err(_) => NAME_MAX,
        Ok(stated) => stated.min(NAME_MAX),
    }
}

/// The free space in bytes on the file's file system that this user may fill, if it is known.
pub(super) fn free_space(file: impl AsFd) -> Option<u64> {
    let stat = rustix::fs::fstatvfs(file).ok()?;
    (stat.f_blocks > 0).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Preallocates the bytes of a file from one position to before another (fallocate(2)). The file's
/// length stays as it is.
///
/// # Errors
///
/// If the file system cannot. The same bytes may still be writable.
pub(super) fn preallocate(file: impl AsFd, from: u64, to: u64) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        fallocate(file, FallocateFlags::KEEP_SIZE, from, to - from)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (file, from, to);
        Err(Errno::NOSYS)
    }
}

/// Injected errors, since a test has no file system that refuses these calls.
#[cfg(test)]
pub(super) mod faults {
    use std::cell::RefCell;

    use super::{Errno, Syscall};

    thread_local! {
        static INJECTED: RefCell<Vec<(Syscall, Errno)>> = const { RefCell::new(Vec::new()) };
    }

    /// Makes all of this thread's calls of these kinds fail, and no others.
    pub(in crate::save) fn inject(calls: &[(Syscall, Errno)]) {
        INJECTED.with_borrow_mut(|injected| *injected = calls.to_vec());
    }

    pub(super) fn of(call: Syscall) -> Option<Errno> {
        INJECTED.with_borrow(|injected| {
            let found = injected.iter().find(|(injected, _)| *injected == call);
            found.map(|(_, errno)| *errno)
        })
    }
}
