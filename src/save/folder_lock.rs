//! The lock of a folder (flock): one process at a time reads a file in it and puts a new one in its place.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The longest wait for another process, which holds the lock for milliseconds.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The time between two tries.
const POLL: Duration = Duration::from_millis(5);

/// The lock of a folder. It is released when this is dropped, and by the system when the process ends.
#[derive(Debug)]
pub struct FolderLock {
    _folder: File,
}

/// Reason why a folder is not locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The folder cannot be opened.
    #[error("its folder cannot be opened: {0}")]
    Open(#[source] io::Error),
    /// Another process has held the lock for too long.
    #[error("another process has its folder locked for {}; try again", humantime::format_duration(*.0))]
    Busy(Duration),
    /// The file system has no locks, as some network file systems.
    #[error(
        "its file system has no locks ({0}); of runs that end at once, the last alone may be kept"
    )]
    Unsupported(#[source] io::Error),
}

impl FolderLock {
    /// Locks the folder of the file `path`. A lock of the folder and not of the file, because a rename puts another
    /// file in that one's place, and the first writer finds none; and none of a file of its own, which would be left
    /// behind.
    ///
    /// # Errors
    ///
    /// [`LockError`]. Without locks the caller may go on all the same.
    pub fn of_file(path: &Path) -> Result<Self, LockError> {
        FolderLock::within(path, TIMEOUT)
    }

    fn within(path: &Path, timeout: Duration) -> Result<Self, LockError> {
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(LockError::Open)?;
        let began = Instant::now();
        loop {
            match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(FolderLock { _folder: folder }),
                Err(Errno::WOULDBLOCK | Errno::INTR) if began.elapsed() < timeout => {
                    thread::sleep(POLL);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => return Err(LockError::Busy(timeout)),
                Err(errno) => return Err(LockError::Unsupported(errno.into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_once_and_free_again_when_the_lock_is_dropped() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        let held = FolderLock::of_file(&path).expect("nobody has it");
        let error = FolderLock::within(&path, Duration::ZERO).expect_err("it is held");
        assert!(matches!(error, LockError::Busy(_)), "{error:?}");
        assert!(error.to_string().contains("try again"), "{error}");
        drop(held);
        FolderLock::within(&path, Duration::ZERO).expect("it is free");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let path = Path::new("/nonexistent/folder/file");
        let error = FolderLock::of_file(path).expect_err("it is not there");
        assert!(matches!(error, LockError::Open(_)), "{error:?}");
    }
}
