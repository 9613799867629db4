//! A file that is written whole or not at all, and the errors that only close(2) reports.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use tempfile::NamedTempFile;

/// What a new file may be, before the process's mask.
const MODE: u32 = 0o666;

/// How often a close is tried again that a signal interrupts.
const TRIES: usize = 8;

/// Why it is not known that what was written to a file is there.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// There is no second descriptor to close.
    #[error(
        "{0}, so its close cannot be checked; use fewer workers (-j) or raise the limit (ulimit -n)"
    )]
    Unchecked(io::Error),
    /// Closing it failed.
    #[error("{0} (on close, so what was written may be lost); make room or write to another disk")]
    Lost(io::Error),
}

impl CloseError {
    /// The system's own error.
    pub fn io_error(&self) -> &io::Error {
        match self {
            CloseError::Unchecked(error) | CloseError::Lost(error) => error,
        }
    }
}

impl From<CloseError> for io::Error {
    fn from(error: CloseError) -> Self {
        io::Error::new(error.io_error().kind(), error.to_string())
    }
}

/// Closes a duplicate of the file's descriptor, and reports what the file system says to that. NFS,
/// CIFS, FUSE and quotas tell of a write that failed only at close(2), of any descriptor of the file:
/// so the file itself stays open, with its lock.
///
/// # Errors
///
/// [`CloseError`]: what was written to the file may be lost.
pub fn check_close(file: impl AsFd) -> Result<(), CloseError> {
    let file = file.as_fd();
    let mut last = Errno::EINTR;
    for _ in 0..TRIES {
        let duplicate = file.try_clone_to_owned().map_err(CloseError::Unchecked)?;
        match close(duplicate) {
            Ok(()) => return Ok(()),
            // The descriptor is closed, but the file system may not have got to its answer: the next
            // duplicate asks again.
            Err(Errno::EINTR) => {}
            Err(errno) => {
                last = errno;
                break;
            }
        }
    }
    Err(CloseError::Lost(last.into()))
}

fn close(fd: OwnedFd) -> nix::Result<()> {
    let closed = nix::unistd::close(fd);
    #[cfg(test)]
    let closed = faults::next().map_or(closed, Err);
    closed
}

/// Errors of close(2) that no disk of a test's own reports.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    pub(crate) use nix::errno::Errno;

    thread_local! {
        static NEXT: RefCell<VecDeque<Errno>> = const { RefCell::new(VecDeque::new()) };
    }

    /// Has this thread's next checked closes fail with these errors, one each.
    pub(crate) fn inject(errnos: &[Errno]) {
        NEXT.with_borrow_mut(|next| *next = errnos.iter().copied().collect());
    }

    /// How many of them have not come yet.
    pub(crate) fn left() -> usize {
        NEXT.with_borrow(VecDeque::len)
    }

    pub(super) fn next() -> Option<Errno> {
        NEXT.with_borrow_mut(VecDeque::pop_front)
    }
}

/// A file that is written whole or not at all.
///
/// It is a temporary file in the same folder, which takes the file's name and place when it is
/// [published](WholeFile::publish). Dropped before that, it goes away.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl WholeFile {
    /// Begins the file `path`, empty.
    ///
    /// # Errors
    ///
    /// If no file can be made there, or something else than a plain file is there already.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mode = match fs::symlink_metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::Error::other("it is a folder")),
            // Nothing is written through a link.
            Ok(there) if there.is_symlink() => {
                return Err(io::Error::other(
                    "it is a symbolic link; name the file that it leads to",
                ));
            }
            // No device is replaced by a file.
            Ok(there) if !there.is_file() => {
                return Err(io::Error::other("it is there, and is not a plain file"));
            }
            Ok(there) => Some(there.permissions().mode() & 0o777),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let temporary = tempfile::Builder::new()
            .prefix(".pfetch-")
            .suffix(".tmp")
            // Opened here, because the error would tell of a name that says nothing to anybody.
            .make_in(folder.unwrap_or(Path::new(".")), |path| {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                options.mode(mode.unwrap_or(MODE)).open(path)
            })?;
        if let Some(mode) = mode {
            // The process's mask is for new files.
            let permissions = Permissions::from_mode(mode);
            temporary.as_file().set_permissions(permissions)?;
        }
        Ok(WholeFile {
            path: path.to_path_buf(),
            temporary,
        })
    }

    /// Where it is written.
    pub fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Gives it its name: it is whole.
    ///
    /// # Errors
    ///
    /// If its close says that it was not written, or it cannot be renamed.
    pub fn publish(self) -> io::Result<()> {
        check_close(self.file())?;
        match self.temporary.persist(&self.path) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_that_is_replaced_keeps_its_mode_whatever_the_mask() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        // The usual masks take the right to write from others.
        for mode in [0o666, 0o622, 0o600, 0o644] {
            fs::write(&path, "before").expect("it can be written");
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
            let file = WholeFile::create(&path).expect("it can be");
            file.publish().expect("it can be");
            let there = fs::metadata(&path).expect("it is there");
            assert_eq!(there.permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn an_error_at_close_is_reported_and_an_interrupted_close_is_tried_again() {
        let file = tempfile::tempfile().expect("there is a place for temporary files");
        for (errnos, expected) in [
            (&[][..], None),
            (&[Errno::EINTR], None),
            (&[Errno::EINTR, Errno::EINTR, Errno::EIO], Some(Errno::EIO)),
            (&[Errno::EDQUOT], Some(Errno::EDQUOT)),
            (&[Errno::ENOSPC], Some(Errno::ENOSPC)),
            (&[Errno::EINTR; TRIES], Some(Errno::EINTR)),
        ] {
            faults::inject(errnos);
            let found = match check_close(&file) {
                Ok(()) => None,
                Err(CloseError::Lost(error)) => error.raw_os_error(),
                Err(error) => panic!("{errnos:?}: {error}"),
            };
            assert_eq!(found, expected.map(|errno| errno as i32), "{errnos:?}");
            assert_eq!(faults::left(), 0, "{errnos:?}");
        }
    }

    #[test]
    fn a_file_whose_close_fails_does_not_get_its_name() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        fs::write(&path, "before").expect("it can be written");
        for errno in [Errno::EDQUOT, Errno::ENOSPC, Errno::EIO] {
            let file = WholeFile::create(&path).expect("it can be");
            faults::inject(&[errno]);
            let error = file.publish().expect_err("its close fails");
            let text = error.to_string();
            assert!(text.contains("on close"), "{text}");
            assert!(
                text.starts_with(&io::Error::from(errno).to_string()),
                "{text}"
            );
            let there = fs::read(&path).expect("it is there");
            assert_eq!(there, b"before", "{errno}");
            let left = fs::read_dir(folder.path()).expect("it is there").count();
            assert_eq!(left, 1, "{errno}: no temporary file is left");
        }
    }

    #[test]
    fn a_symbolic_link_is_called_one() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let link = folder.path().join("link");
        symlink("file", &link).expect("it can be");
        let error = WholeFile::create(&link).expect_err("it is a link");
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }
}
