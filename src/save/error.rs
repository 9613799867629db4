//! Errors of saving: of one file, and of the body that goes into it.

use std::borrow::Cow;

use rustix::io::Errno;

use super::close::CloseError;
use crate::model::outcome::{Failure, FailureKind};

/// An error of saving one file, as a line that names the file and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    message: String,
    kind: FailureKind,
    errno: Option<Errno>,
}

/// The origin of a file that has the name of another, by its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileOrigin {
    /// Another URL. The record has only its digest, so it cannot be named.
    AnotherUrl,
    /// This URL, and something has changed the file since; or there is no record that says.
    Unknown,
}

impl FileError {
    /// An error that no system call reports, such as another file that has the name.
    pub(super) fn new(message: String) -> Self {
        FileError {
            message,
            kind: FailureKind::File,
            errno: None,
        }
    }

    /// A file whose stated length is more than the free space. Others may fit.
    pub(super) fn no_room(message: String) -> Self {
        FileError {
            message,
            kind: FailureKind::DiskFull,
            errno: None,
        }
    }

    /// A file that is to stay, and has another SHA-256 than the one that is asked for.
    pub(super) fn other_sum(shown: &str) -> Self {
        FileError::new(format!(
            "{shown} exists, and its SHA-256 is not the one that is asked for (--exists skip); delete it, \
             or replace it (--exists overwrite)"
        ))
    }

    /// A file that is to stay, and that is not as pfetch saved it from the URL.
    pub(super) fn other_content(shown: &str, origin: FileOrigin) -> Self {
        let origin = match origin {
            FileOrigin::AnotherUrl => "was saved from another URL",
            FileOrigin::Unknown => {
                "is not as pfetch saved it from this URL, or is a copy that lost its mark (tar --xattrs keeps it)"
            }
        };
        FileError::new(format!(
            "{shown} exists, and {origin}: --exists overwrite replaces it, --exists rename keeps both, --exists skip \
             leaves the URL alone"
        ))
    }

    /// The error of a file that cannot be continued, although that was asked for.
    pub(super) fn of_no_part(mut self) -> Self {
        self.message += "; only the .part files that pfetch leaves are continued";
        self
    }

    /// The error with the name of the part that stays.
    pub(super) fn keeping(mut self, part: &str) -> Self {
        self.message += &format!(" ({part} is kept)");
        self
    }

    /// A system call that failed while doing `what`, as in "cannot create x". The reason is added in
    /// plain words.
    pub(super) fn refused(what: &str, errno: Errno) -> Self {
        FileError::with_errno(format!("{what}: {}", plain_reason(errno)), errno)
    }

    /// A system call that failed, in a message that already says why.
    pub(super) fn with_errno(message: String, errno: Errno) -> Self {
        let kind = match errno {
            Errno::NOSPC | Errno::DQUOT => FailureKind::DiskFull,
            _ => FailureKind::File,
        };
        FileError {
            message,
            kind,
            errno: Some(errno),
        }
    }

    /// A file that was written, and whose close failed: some of it may be lost.
    pub(super) fn at_close(shown: &str, error: &CloseError) -> Self {
        let what = match error {
            CloseError::Unchecked(_) => format!("cannot check the close of {shown}"),
            CloseError::Lost(_) => format!("cannot write {shown}, as its close tells"),
        };
        let mut refused = FileError::refused(&what, errno_of(error.io_error()));
        if let CloseError::Lost(_) = error {
            refused.message += "; save it to another disk, or make room and run again";
        }
        refused
    }

    /// Returns true if the disk or the quota is full. No other file can be saved then either.
    pub fn is_full(&self) -> bool {
        self.kind == FailureKind::DiskFull && self.errno.is_some()
    }

    /// The number of the system's error (errno), if a system call failed.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.errno.map(Errno::raw_os_error)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Failure {
            is_alone: error.kind == FailureKind::DiskFull && !error.is_full(),
            kind: error.kind,
            phase: None,
            message: error.message,
            is_transient: false,
        }
    }
}

/// The reason that an errno gives, in plain words.
pub(super) fn plain_reason(errno: Errno) -> Cow<'static, str> {
    Cow::Borrowed(match errno {
        Errno::NOSPC => "there is no room left on the disk",
        Errno::DQUOT => "the disk quota is used up",
        Errno::FBIG => "it is larger than a file may be here (ulimit -f)",
        Errno::LOOP => "it is a symbolic link, and nothing is written through one",
        Errno::NOTDIR => "a file is where its folder should be",
        Errno::NAMETOOLONG => "the name is longer than the file system takes; give a shorter one",
        Errno::MFILE | Errno::NFILE => {
            "too many open files: use fewer workers (-j) or raise the limit (ulimit -n)"
        }
        errno => {
            let text = std::io::Error::from(errno).to_string();
            let plain = text.split(" (os error").next().unwrap_or(&text);
            return Cow::Owned(plain.to_lowercase());
        }
    })
}

/// The errno of an error of std's. Those that std makes itself have none, and count as `EIO`.
pub(super) fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// An error of a body on its way into a file or to the output.
#[derive(Debug)]
pub enum BodyError {
    /// The bytes differ from those of the earlier response, so the whole body has to be fetched again.
    Changed,
    /// The body has another length than the server stated.
    LengthMismatch {
        /// The bytes that were received.
        received: u64,
        /// The length that was stated.
        stated: u64,
    },
    /// The body has fewer bytes than an earlier response with the same ETag.
    FewerThanBefore {
        /// The bytes that were received.
        received: u64,
        /// The bytes that were received before.
        before: u64,
    },
    /// So many bytes are already written to the output and cannot be taken back.
    AlreadyWritten(u64),
    /// The output was closed, because the run was stopped.
    Stopped,
    /// The bytes cannot be written.
    File(FileError),
}

impl From<FileError> for BodyError {
    fn from(error: FileError) -> Self {
        BodyError::File(error)
    }
}
