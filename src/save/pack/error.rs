//! Errors of packs as a whole. None of them loses a body that the run log names.

use crate::save::FileError;

/// An error for which no member can be written to a pack. Names are escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A system call failed. The message names the file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A pack of the pattern is there, and the run log does not name it.
    #[error(
        "{0} is there, and the run log does not name it; move it away, give its own run log (--log, \
         --resume), or another pattern (--pack; with {{shard}} under --shard)"
    )]
    Foreign(String),
    /// The run log names packs of another pattern.
    #[error(
        "the run log is of other packs ({0}); go on with the same --pack, or give another run log (--log)"
    )]
    OtherPattern(String),
    /// The run log names a pack that is neither there nor published.
    #[error(
        "{0} is missing, and the run log has bodies in it; put it back, or give another run log (--log) \
         and pattern (--pack)"
    )]
    Missing(String),
    /// A published pack is shorter than its members are by the run log.
    #[error(
        "{pack} has {found} bytes, and {stated} by the run log: it has lost its end; put the whole file \
         back, or delete it and the lines of the log that name it, and its bodies are fetched again"
    )]
    Shortened {
        /// The pack.
        pack: String,
        /// Its length in bytes.
        found: u64,
        /// The length that it had.
        stated: u64,
    },
    /// Another process is writing the pack.
    #[error(
        "another pfetch is writing {0}; wait for it to end, or give another pattern (--pack; with \
         {{shard}} under --shard)"
    )]
    Locked(String),
    /// Something else than a regular file has the name.
    #[error("{0} is no regular file; move it away, or give another pattern (--pack)")]
    NotAFile(String),
}

/// Published packs of the run log that are not in their folder: moved away, or lost. The first name is escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "published by the run log, and not there: {first}{}; what is in such a pack counts as done; if it is lost, \
     delete the lines of the log that name it, and its bodies are fetched again",
    match .more { 0 => String::new(), more => format!(" and {more} more") }
)]
pub struct AbsentPacks {
    /// The first of them.
    pub first: String,
    /// The number of the others.
    pub more: usize,
}

impl PackError {
    /// Returns true for a failure of this machine rather than of the given names.
    pub fn is_local(&self) -> bool {
        matches!(self, PackError::File(_))
    }
}
