//! Errors of opening and reading a run log.

use std::io;

use super::line::{HEADER, MAX_LINE_BYTES, SCHEMA};

/// An error of opening or reading a run log. `file` is its name, escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be opened or created.
    #[error("cannot open the run log {file}: {source}; give a file that can be written")]
    Open {
        /// The file.
        file: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is a directory, a pipe, a socket or a device.
    #[error("cannot keep a run log in {file}: it is {what}; give a regular file")]
    NotAFile {
        /// The file.
        file: String,
        /// The type of the file, as in `a directory`.
        what: &'static str,
    },
    /// Another process holds the lock.
    #[error(
        "another pfetch is writing the run log {file}; wait for it to end, or give another file"
    )]
    Locked {
        /// The file.
        file: String,
    },
    /// The file system has no locks, so another process may be writing the file.
    #[error("cannot lock the run log {file}: {source}; give a file on another file system")]
    Lock {
        /// The file.
        file: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is no run log.
    #[error(
        "{file} is not a pfetch run log (its first line is not {}); give another file",
        HEADER.trim_end()
    )]
    Foreign {
        /// The file.
        file: String,
    },
    /// The log has another schema.
    #[error(
        "the run log {file} has schema {schema}, and this pfetch knows only schema {SCHEMA}; use the pfetch that wrote it, or give another file"
    )]
    Schema {
        /// The file.
        file: String,
        /// The schema that its header states.
        schema: u64,
    },
    /// The file cannot be read.
    #[error("cannot read the run log {file}: {source}; try again, or give another file")]
    Read {
        /// The file.
        file: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The header cannot be written.
    #[error("cannot write the run log {file}: {source}; make room, or give another file")]
    Write {
        /// The file.
        file: String,
        /// The error of the system.
        source: io::Error,
    },
}

impl JournalError {
    /// Returns true for an error of the local system rather than of what is in the file: no log can be written there, as
    /// no other report can, or another process has it. An engine starts a
    /// shard again that it has lost, while the process that it has lost may still be at work.
    pub fn is_local(&self) -> bool {
        match self {
            // As of every other file that cannot be written, a missing folder included.
            JournalError::Open { .. }
            | JournalError::NotAFile { .. }
            | JournalError::Write { .. }
            | JournalError::Read { .. }
            | JournalError::Locked { .. } => true,
            _ => false,
        }
    }
}

/// A list that is not the one of the run log's packs, whose members have their index in their names. Texts are
/// escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtherList {
    /// The target with this index was another one.
    #[error(
        "the packs of the run log {log} are of another list: target {index} is {listed}, and was {logged}; \
         give the same list, or another run log and pattern (--log, --pack)"
    )]
    Url {
        /// The run log.
        log: String,
        /// The index, from 0.
        index: u64,
        /// The URL in the log.
        logged: String,
        /// The URL in the list.
        listed: String,
    },
    /// The list ends before a target whose body is in a pack.
    #[error(
        "the packs of the run log {log} are of another list: target {index} was {logged}, and this list has \
         only {listed}; give the same list, or another run log and pattern (--log, --pack)"
    )]
    Short {
        /// The run log.
        log: String,
        /// The index, from 0.
        index: u64,
        /// The URL in the log.
        logged: String,
        /// The number of targets in the list.
        listed: u64,
    },
    /// The body that is in a pack was not checked for the SHA-256 of the list.
    #[error(
        "the body of {url} is in a pack by the run log {log}, and was not checked for the SHA-256 that the \
         list has now; give the same list, or another run log and pattern (--log, --pack)"
    )]
    Checksum {
        /// The run log.
        log: String,
        /// The URL.
        url: String,
    },
    /// The line of a member cannot be read again.
    #[error("the run log {log} has changed while it was read; run again")]
    Unreadable {
        /// The run log.
        log: String,
    },
}

/// A line of a run log that cannot be read, and counts for nothing: its target is fetched again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DamagedLine {
    /// It is no line of a log. The reason is safe to show.
    #[error("it is damaged ({0})")]
    Malformed(String),
    /// It is longer than any that pfetch writes.
    #[error("it has more than {MAX_LINE_BYTES} bytes")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_try_may_succeed_after_a_failure_of_the_system_and_not_after_a_wrong_file() {
        let file = || "run.log".to_owned();
        let failed = |kind| io::Error::from(kind);
        let of_the_system = [
            JournalError::Locked { file: file() },
            JournalError::Read {
                file: file(),
                source: failed(io::ErrorKind::StaleNetworkFileHandle),
            },
            JournalError::Write {
                file: file(),
                source: failed(io::ErrorKind::StorageFull),
            },
            JournalError::Open {
                file: file(),
                source: failed(io::ErrorKind::NotFound),
            },
            JournalError::NotAFile {
                file: file(),
                what: "a pipe",
            },
        ];
        let of_the_file = [
            JournalError::Foreign { file: file() },
            JournalError::Schema {
                file: file(),
                schema: 9,
            },
        ];
        for error in of_the_system {
            assert!(error.is_local(), "{error}");
        }
        for error in of_the_file {
            assert!(!error.is_local(), "{error}");
        }
    }
}
