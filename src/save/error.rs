//! Why a file could not be saved.

use rustix::io::Errno;

use crate::model::outcome::{Failure, FailureKind};
use crate::save::whole_file::CloseError;

/// Why a file could not be saved, in a line that names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    message: String,
    kind: FailureKind,
}

impl FileError {
    /// A file that stands in the way, or some other thing that the system would not complain of.
    pub(super) fn new(message: String) -> Self {
        FileError {
            message,
            kind: FailureKind::File,
        }
    }

    /// A file that is to be longer than there is room for. The length is what a server states, so it
    /// says nothing of the disk and ends no run.
    pub(super) fn too_large(message: String) -> Self {
        FileError {
            message,
            kind: FailureKind::TooLarge,
        }
    }

    /// The system refused to do `what`, as in "cannot create x".
    pub(super) fn refused(what: &str, errno: Errno) -> Self {
        let kind = match errno {
            Errno::NOSPC | Errno::DQUOT => FailureKind::DiskFull,
            _ => FailureKind::File,
        };
        let reason = match errno {
            Errno::NOSPC => "there is no room left on the disk".to_owned(),
            Errno::DQUOT => "the disk quota is used up".to_owned(),
            Errno::FBIG => "it is larger than a file may be here (ulimit -f)".to_owned(),
            Errno::LOOP => "it is a symbolic link, and nothing is written through one".to_owned(),
            Errno::NOTDIR => "a file is where its folder should be".to_owned(),
            Errno::MFILE | Errno::NFILE => {
                "too many open files: use fewer workers (-j) or raise the limit (ulimit -n)"
                    .to_owned()
            }
            errno => {
                let text = std::io::Error::from(errno).to_string();
                let plain = text.split(" (os error").next().unwrap_or(&text);
                plain.to_lowercase()
            }
        };
        FileError {
            message: format!("{what}: {reason}"),
            kind,
        }
    }

    /// The file was written, and its close failed: some of it may be lost.
    pub(super) fn at_close(shown: &str, error: &CloseError) -> Self {
        let what = match error {
            CloseError::Unchecked(_) => format!("cannot check the close of {shown}"),
            CloseError::Lost(_) => format!("cannot write {shown}, as its close tells"),
        };
        let errno = Errno::from_io_error(error.io_error()).unwrap_or(Errno::IO);
        let mut refused = FileError::refused(&what, errno);
        if let CloseError::Lost(_) = error {
            refused.message += "; save it to another disk, or make room and run again";
        }
        refused
    }

    /// Whether there is no room: then there is none for any other file.
    pub fn is_full(&self) -> bool {
        self.kind == FailureKind::DiskFull
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Failure {
            kind: error.kind,
            phase: None,
            message: error.message,
            is_transient: false,
        }
    }
}
