//! Directories that files are saved in. Below the one that the user named no symbolic link is followed:
//! every component is opened by openat(2) from its open parent with O_NOFOLLOW, so that a link that is
//! planted meanwhile leads nowhere.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, mkdirat, openat, statat};
use rustix::io::Errno;

use super::FileError;
use super::duties::{LesserDuty, RefusedDuties, means_no_folder_sync};
use super::foreign_parts::ForeignPartsMet;
use super::os;
use super::tmpfile::TmpFileSupport;
use crate::model::save_path::SavePath;
use crate::model::text::escape;

/// The flags that open a directory.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// The directory that the user named.
#[derive(Debug)]
pub(super) struct RootDir {
    fd: OwnedFd,
    /// The path as it was given.
    path: PathBuf,
    tmpfile_support: TmpFileSupport,
    duties: RefusedDuties,
    foreign_parts: ForeignPartsMet,
    /// Held while a folder is made and its entry synced.
    making: Mutex<()>,
}

/// The path to open for the directory that is given as `path`: nothing stands for the current one.
fn opened_path(path: &Path) -> &Path {
    match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    }
}

/// An open directory that a file is saved in.
#[derive(Debug)]
pub(super) enum Dir {
    Root(Arc<RootDir>),
    Below(OwnedFd),
}

impl RootDir {
    /// Opens the directory, and creates it and its parents where they are missing. With `fsync`, the new
    /// entries are synced to the disk.
    pub(super) fn open(path: &Path, fsync: bool) -> Result<Arc<Self>, FileError> {
        let shown = escape(&path.display().to_string());
        let missing = match fsync {
            true => missing_folders(path),
            false => Vec::new(),
        };
        fs::create_dir_all(path).map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::EXIST);
            FileError::refused(&format!("cannot make the folder {shown}"), errno)
        })?;
        let fd = openat(CWD, opened_path(path), DIRECTORY, Mode::empty()).map_err(|errno| {
            FileError::refused(&format!("cannot open the folder {shown}"), errno)
        })?;
        let root = RootDir {
            fd,
            path: path.to_path_buf(),
            tmpfile_support: TmpFileSupport::default(),
            duties: RefusedDuties::default(),
            foreign_parts: ForeignPartsMet::default(),
            making: Mutex::default(),
        };
        for made in missing {
            let parent = made.parent().filter(|path| !path.as_os_str().is_empty());
            let synced = openat(
                CWD,
                parent.unwrap_or(Path::new(".")),
                DIRECTORY,
                Mode::empty(),
            )
            .and_then(os::sync_folder);
            root.note_folder_sync(synced, || escape(&made.display().to_string()))?;
        }
        Ok(Arc::new(root))
    }

    /// Opens the directory if it is there, and otherwise the nearest one above it, whose file system it would be
    /// on. Returns whether it is there.
    pub(super) fn preview(path: &Path) -> Result<(Arc<Self>, bool), FileError> {
        let shown = escape(&path.display().to_string());
        for above in path.ancestors() {
            match openat(CWD, opened_path(above), DIRECTORY, Mode::empty()) {
                Ok(fd) => {
                    let root = RootDir {
                        fd,
                        path: path.to_path_buf(),
                        tmpfile_support: TmpFileSupport::default(),
                        duties: RefusedDuties::default(),
                        foreign_parts: ForeignPartsMet::default(),
                        making: Mutex::default(),
                    };
                    return Ok((Arc::new(root), above == path));
                }
                Err(Errno::NOENT) => {}
                Err(errno) => {
                    let what = format!("cannot open the folder {shown}");
                    return Err(FileError::refused(&what, errno));
                }
            }
        }
        let what = format!("cannot open the folder {shown}");
        Err(FileError::refused(&what, Errno::NOENT))
    }

    /// The place of the file with this canonical path, if it is below this directory and is one.
    pub(super) fn place_of(&self, canonical: &Path) -> Option<SavePath> {
        let root = fs::canonicalize(opened_path(&self.path)).ok()?;
        let below = canonical.strip_prefix(root).ok()?.to_str()?;
        (!below.is_empty()).then(|| SavePath::from_safe(below.to_owned()))
    }

    /// The lesser duties that were refused below this directory.
    pub(super) fn duties(&self) -> &RefusedDuties {
        &self.duties
    }

    /// The foreign parts below this directory.
    pub(super) fn foreign_parts(&self) -> &ForeignPartsMet {
        &self.foreign_parts
    }

    /// Notes the result of keeping the record of the file at `place`.
    pub(super) fn note_record(&self, place: &SavePath, kept: Result<(), Errno>) {
        self.duties
            .note(LesserDuty::Record, kept, || self.shown(place));
    }

    /// Syncs the entry that the file at `place` has in its folder to the disk, and waits for the entries of
    /// folders that other workers are making: this file may lie in one of them.
    pub(super) fn sync_entry(&self, folder: &Dir, place: &SavePath) -> Result<(), FileError> {
        drop(self.hold_making());
        let synced = os::sync_folder(folder);
        self.note_folder_sync(synced, || self.shown(place))
    }

    /// Keeps other workers from making folders, and waits until none does.
    pub(super) fn hold_making(&self) -> MutexGuard<'_, ()> {
        // Nothing is guarded but the order of system calls, so a poisoned lock is as good.
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that folders are not synced here, or returns the error of one that is lost.
    fn note_folder_sync(
        &self,
        synced: Result<(), Errno>,
        shown: impl Fn() -> String,
    ) -> Result<(), FileError> {
        match synced {
            Err(errno) if !means_no_folder_sync(errno) => {
                let what = format!("cannot sync the folder of {} (--fsync)", shown());
                Err(FileError::refused(&what, errno))
            }
            synced => {
                self.duties.note(LesserDuty::FolderSync, synced, shown);
                Ok(())
            }
        }
    }

    /// Returns true if there is nothing in the directory, as far as that can be found out.
    pub(super) fn is_empty(&self) -> bool {
        let entries = rustix::fs::Dir::read_from(&self.fd);
        entries.is_ok_and(|entries| {
            entries.take(3).all(|entry| {
                entry.is_ok_and(|entry| matches!(entry.file_name().to_bytes(), b"." | b".."))
            })
        })
    }

    /// The support of the file system for O_TMPFILE.
    pub(super) fn tmpfile_support(&self) -> &TmpFileSupport {
        &self.tmpfile_support
    }

    /// The path of the file at `place`.
    pub(super) fn path_of(&self, place: &SavePath) -> PathBuf {
        self.path.join(place.as_str())
    }

    /// The path of the file at `place`, escaped for messages.
    pub(super) fn shown(&self, place: &SavePath) -> String {
        escape(&self.path_of(place).display().to_string())
    }

    /// Opens the directory of `place`, if it exists.
    pub(super) fn find(self: &Arc<Self>, place: &SavePath) -> Result<Option<Dir>, FileError> {
        self.descend(place, |_, _| Err(Errno::NOENT))
    }

    /// Opens the directory of `place` and creates what is missing of it. With `fsync`, the new entries are
    /// synced to the disk.
    pub(super) fn make(self: &Arc<Self>, place: &SavePath, fsync: bool) -> Result<Dir, FileError> {
        let making = fsync.then(|| self.hold_making());
        let made = self.descend(place, |parent, name| {
            match mkdirat(parent, name, Mode::from_raw_mode(0o777)) {
                Ok(()) if fsync => match os::sync_folder(parent) {
                    Err(errno) if means_no_folder_sync(errno) => {
                        let shown = || self.shown(place);
                        self.duties.note(LesserDuty::FolderSync, Err(errno), shown);
                        Ok(())
                    }
                    synced => synced,
                },
                // Another worker created it first.
                Ok(()) | Err(Errno::EXIST) => Ok(()),
                Err(errno) => Err(errno),
            }
        })?;
        drop(making);
        made.ok_or_else(|| {
            let what = format!("cannot make the folder of {}", self.shown(place));
            FileError::refused(&what, Errno::NOENT)
        })
    }

    /// Opens the directory of `place` component by component; `make` creates a missing one in its
    /// parent, or fails with `NOENT` if it is not to.
    fn descend(
        self: &Arc<Self>,
        place: &SavePath,
        make: impl Fn(BorrowedFd<'_>, &str) -> Result<(), Errno>,
    ) -> Result<Option<Dir>, FileError> {
        let mut dir = Dir::Root(Arc::clone(self));
        for name in place.folders() {
            let flags = DIRECTORY | OFlags::NOFOLLOW;
            let open = |dir: &Dir| openat(dir, name, flags, Mode::empty());
            let opened = match open(&dir) {
                Err(Errno::NOENT) => match make(dir.as_fd(), name) {
                    Err(Errno::NOENT) => return Ok(None),
                    made => made.and_then(|()| open(&dir)),
                },
                opened => opened,
            };
            dir = Dir::Below(opened.map_err(|errno| {
                let what = format!("cannot open the folder {name} of {}", self.shown(place));
                // O_DIRECTORY with O_NOFOLLOW reports a symbolic link as ENOTDIR.
                match statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) if is_symlink(&stat) => FileError::refused(&what, Errno::LOOP),
                    _ => FileError::refused(&what, errno),
                }
            })?);
        }
        Ok(Some(dir))
    }
}

/// The folders of this path that do not exist, the innermost first.
fn missing_folders(path: &Path) -> Vec<&Path> {
    let is_missing = |path: &&Path| {
        let is_named = !path.as_os_str().is_empty();
        is_named && fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    path.ancestors().take_while(is_missing).collect()
}

impl AsFd for RootDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Dir {
    /// The stat of the entry with this name, if there is one. A symbolic link is not followed.
    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>, Errno> {
        match statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Opens the file with this name to read it, unless that cannot be done. A symbolic link is not followed.
    pub(super) fn open_to_read(&self, name: &str) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = openat(self, name, flags, Mode::empty()).ok()?;
        Some(File::from(fd))
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Dir::Root(root) => root.fd.as_fd(),
            Dir::Below(fd) => fd.as_fd(),
        }
    }
}

/// The identity of a file: its device and inode number.
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

/// Names the file type, for an error about something that is not a regular file.
pub(super) fn file_type_name(stat: &Stat) -> &'static str {
    let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else {
        "no regular file"
    }
}
