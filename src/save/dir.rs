//! Folders that files are saved in. Below the one that the user named nothing is reached through a
//! symbolic link: every step down is taken from an open folder, and refuses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, mkdirat, openat, statat};
use rustix::io::Errno;

use super::FileError;
use super::tmpfile::Knowledge;
use crate::model::save_path::SavePath;
use crate::model::text::escape;

/// What may be open as a folder.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// The folder that the user named.
#[derive(Debug)]
pub(super) struct Root {
    fd: OwnedFd,
    /// Its name as it was given.
    path: PathBuf,
    nameless: Knowledge,
}

/// An open folder in which a file is to stand.
#[derive(Debug)]
pub(super) enum Folder {
    Root(Arc<Root>),
    Below(OwnedFd),
}

impl Root {
    /// Opens the folder, which is made if it is not there.
    pub(super) fn open(path: &Path) -> Result<Arc<Self>, FileError> {
        let shown = escape(&path.display().to_string());
        fs::create_dir_all(path).map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::EXIST);
            FileError::refused(&format!("cannot make the folder {shown}"), errno)
        })?;
        let opened = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let fd = openat(CWD, opened, FOLDER, Mode::empty()).map_err(|errno| {
            FileError::refused(&format!("cannot open the folder {shown}"), errno)
        })?;
        Ok(Arc::new(Root {
            fd,
            path: path.to_path_buf(),
            nameless: Knowledge::default(),
        }))
    }

    /// What is known of files without a name here.
    pub(super) fn nameless(&self) -> &Knowledge {
        &self.nameless
    }

    /// The full name of what is at `place`.
    pub(super) fn path_of(&self, place: &SavePath) -> PathBuf {
        self.path.join(place.as_str())
    }

    /// The same, for messages.
    pub(super) fn shown(&self, place: &SavePath) -> String {
        escape(&self.path_of(place).display().to_string())
    }

    /// The folder of `place`, if it is there.
    pub(super) fn find(self: &Arc<Self>, place: &SavePath) -> Result<Option<Folder>, FileError> {
        self.descend(place, |_, _| Err(Errno::NOENT))
    }

    /// The folder of `place`, made if it is not there; with `fsync`, for good.
    pub(super) fn make(
        self: &Arc<Self>,
        place: &SavePath,
        fsync: bool,
    ) -> Result<Folder, FileError> {
        let made = self.descend(place, |parent, name| {
            match mkdirat(parent, name, Mode::from_raw_mode(0o777)) {
                Ok(()) if fsync => rustix::fs::fsync(parent),
                // Another worker was faster.
                Ok(()) | Err(Errno::EXIST) => Ok(()),
                Err(errno) => Err(errno),
            }
        })?;
        made.ok_or_else(|| {
            let what = format!("cannot make the folder of {}", self.shown(place));
            FileError::refused(&what, Errno::NOENT)
        })
    }

    fn descend(
        self: &Arc<Self>,
        place: &SavePath,
        make: impl Fn(BorrowedFd<'_>, &str) -> Result<(), Errno>,
    ) -> Result<Option<Folder>, FileError> {
        let mut folder = Folder::Root(Arc::clone(self));
        for name in place.folders() {
            let flags = FOLDER | OFlags::NOFOLLOW;
            let open = |folder: &Folder| openat(folder, name, flags, Mode::empty());
            let opened = match open(&folder) {
                Err(Errno::NOENT) => match make(folder.as_fd(), name) {
                    Err(Errno::NOENT) => return Ok(None),
                    made => made.and_then(|()| open(&folder)),
                },
                opened => opened,
            };
            folder = Folder::Below(opened.map_err(|errno| {
                let what = format!("cannot open the folder {name} of {}", self.shown(place));
                // With these flags Linux calls a symbolic link no directory.
                match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) if is_symlink(&stat) => FileError::refused(&what, Errno::LOOP),
                    _ => FileError::refused(&what, errno),
                }
            })?);
        }
        Ok(Some(folder))
    }
}

impl Folder {
    /// What has this name, if anything has. A symbolic link is not followed.
    pub(super) fn look(&self, name: &str) -> Result<Option<Stat>, Errno> {
        match statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Folder::Root(root) => root.fd.as_fd(),
            Folder::Below(fd) => fd.as_fd(),
        }
    }
}

/// Which file it is: what no two have in common, its device and number there.
#[expect(clippy::unnecessary_cast, reason = "they are no u64 everywhere")]
pub(super) fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

pub(super) fn is_symlink(stat: &Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink()
}

pub(super) fn is_file(stat: &Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()
}

/// What a file is called that is none.
pub(super) fn sort(stat: &Stat) -> &'static str {
    let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else {
        "no regular file"
    }
}
