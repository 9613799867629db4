//! Why a run log cannot be used.

use std::io;

use super::line::{HEADER, MAX_LINE_BYTES, SCHEMA};

/// Why a run log cannot be used. `file` is its name, escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// It cannot be opened or created.
    #[error("cannot open the run log {file}: {source}; give a file that can be written")]
    Open {
        /// The file.
        file: String,
        /// The reason.
        source: io::Error,
    },
    /// It is a directory, a pipe or a device.
    #[error("cannot keep a run log in {file}: it is {what}; give a regular file")]
    NotAFile {
        /// The file.
        file: String,
        /// What it is, as in `a directory`.
        what: &'static str,
    },
    /// Another process holds it.
    #[error(
        "another pfetch is writing the run log {file}; wait for it to end, or give another file"
    )]
    Locked {
        /// The file.
        file: String,
    },
    /// The file system cannot say whether another process holds it.
    #[error("cannot lock the run log {file}: {source}; give a file on another file system")]
    Lock {
        /// The file.
        file: String,
        /// The reason.
        source: io::Error,
    },
    /// It is something else.
    #[error(
        "{file} is not a pfetch run log (its first line is not {}); give another file",
        HEADER.trim_end()
    )]
    Foreign {
        /// The file.
        file: String,
    },
    /// It has another schema.
    #[error(
        "the run log {file} has schema {schema}, and this pfetch knows only schema {SCHEMA}; use the pfetch that wrote it, or give another file"
    )]
    Schema {
        /// The file.
        file: String,
        /// Its schema.
        schema: u64,
    },
    /// A line that cannot be read, where no run can have been killed.
    #[error(
        "line {line} of the run log {file} is damaged ({reason}); mend or delete that line, or give another file"
    )]
    Damaged {
        /// The file.
        file: String,
        /// The line's number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A line that no pfetch has written.
    #[error(
        "line {line} of the run log {file} is longer than {MAX_LINE_BYTES} bytes; delete that line, or give another file"
    )]
    TooLong {
        /// The file.
        file: String,
        /// The line's number, from 1.
        line: u64,
    },
    /// Reading it failed.
    #[error("cannot read the run log {file}: {source}; try again, or give another file")]
    Read {
        /// The file.
        file: String,
        /// The reason.
        source: io::Error,
    },
    /// Its first line could not be written.
    #[error("cannot write the run log {file}: {source}; make room, or give another file")]
    Write {
        /// The file.
        file: String,
        /// The reason.
        source: io::Error,
    },
}

impl JournalError {
    /// Whether there is nothing wrong with the file that was given, only with where it is: it has no
    /// room, or cannot be written.
    pub fn is_local(&self) -> bool {
        match self {
            JournalError::Write { .. } => true,
            JournalError::Open { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::PermissionDenied
            ),
            _ => false,
        }
    }
}
