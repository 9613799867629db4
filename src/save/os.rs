//! What systems differ in: extended attributes, a rename that replaces nothing, files without a name,
//! room set aside.

use rustix::fd::AsFd;
use rustix::fs::{Timespec, Timestamps, UTIME_OMIT, futimens};
use rustix::io::Errno;

/// The extended attribute that a file's record is kept in.
const ATTRIBUTE: &str = "user.pfetch";

/// The most bytes that a record may have. ext4 has room for 4 KiB of attributes a file, all together.
pub(super) const MAX_RECORD: usize = 3072;

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod imp {
    use super::*;
    use rustix::fs::{RenameFlags, XattrFlags, fgetxattr, fsetxattr, renameat_with};

    pub(in super::super) fn set_record(file: impl AsFd, record: &[u8]) -> Result<(), Errno> {
        fsetxattr(file, ATTRIBUTE, record, XattrFlags::empty())
    }

    /// `None` if there is none.
    pub(in super::super) fn record(file: impl AsFd) -> Result<Option<Vec<u8>>, Errno> {
        let mut value = vec![0; MAX_RECORD];
        match fgetxattr(file, ATTRIBUTE, value.as_mut_slice()) {
            Ok(length) => {
                value.truncate(length);
                Ok(Some(value))
            }
            // Longer than any that pfetch writes.
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

    pub(super) fn rename_exclusively(folder: impl AsFd, from: &str, to: &str) -> Result<(), Errno> {
        renameat_with(&folder, from, &folder, to, RenameFlags::NOREPLACE)
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

/// Renames a file within its folder, and fails with `EXIST` if something has the new name.
pub(super) fn rename_new(folder: impl AsFd, from: &str, to: &str) -> Result<(), Errno> {
    use rustix::fs::{AtFlags, linkat, renameat, statat, unlinkat};

    match imp::rename_exclusively(&folder, from, to) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        result => return result,
    }
    // The file system cannot, or the system is too old. A second name is as exclusive ...
    match linkat(&folder, from, &folder, to, AtFlags::empty()) {
        Ok(()) => return unlinkat(&folder, from, AtFlags::empty()),
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {}
        Err(errno) => return Err(errno),
    }
    // ... and where a file has only one name, as on FAT, looking first is the best there is.
    match statat(&folder, to, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => renameat(&folder, from, &folder, to),
        Err(errno) => Err(errno),
        Ok(_) => Err(Errno::EXIST),
    }
}

/// How a file without a name is told which one it is that gets one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handle {
    /// By itself, which not everybody may.
    Own,
    /// By what /proc calls it.
    Proc,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod nameless {
    use super::*;
    use rustix::fd::{AsRawFd, OwnedFd};
    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};

    pub(in super::super) fn open_nameless(folder: impl AsFd) -> Result<OwnedFd, Errno> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        openat(folder, ".", flags, Mode::from_raw_mode(0o666))
    }

    pub(in super::super) fn link_nameless(
        file: impl AsFd,
        handle: Handle,
        folder: impl AsFd,
        name: &str,
    ) -> Result<(), Errno> {
        match handle {
            Handle::Own => linkat(file, "", folder, name, AtFlags::EMPTY_PATH),
            Handle::Proc => {
                let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
                linkat(CWD, path, folder, name, AtFlags::SYMLINK_FOLLOW)
            }
        }
    }

    pub(in super::super) fn umask() -> Option<u32> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("Umask:"))?;
        u32::from_str_radix(line.trim(), 8).ok()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod nameless {
    use super::*;
    use rustix::fd::OwnedFd;

    pub(in super::super) fn open_nameless(_: impl AsFd) -> Result<OwnedFd, Errno> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn link_nameless(
        _: impl AsFd,
        _: Handle,
        _: impl AsFd,
        _: &str,
    ) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn umask() -> Option<u32> {
        None
    }
}

pub(super) use nameless::{link_nameless, open_nameless, umask};

/// Sets when a file was last changed, in seconds and nanoseconds.
pub(super) fn set_changed(
    file: impl AsFd,
    (seconds, nanoseconds): (i64, u32),
) -> Result<(), Errno> {
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: seconds,
            tv_nsec: nanoseconds.into(),
        },
    };
    futimens(file, &times)
}

/// How many bytes there is room for where a file is, if the file system says.
pub(super) fn room(file: impl AsFd) -> Option<u64> {
    let stat = rustix::fs::fstatvfs(file).ok()?;
    (stat.f_blocks > 0).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Preallocates the bytes of a file from one position to before another (fallocate). Its length stays
/// as it is.
///
/// # Errors
///
/// If that cannot be done, which says nothing of whether they can be written.
pub(super) fn set_aside(file: impl AsFd, from: u64, to: u64) -> Result<(), Errno> {
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
