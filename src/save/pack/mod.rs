//! Packs: the bodies of a run in few large files, which are published whole.
//!
//! * `pattern` names the packs; `logged` is what the run log tells of them.
//! * A [`PackBody`] collects one body, as a worker receives it, and becomes a [`PackMember`].
//! * A worker builds the `frame` of a member too: its headers and its result.
//! * [`Packs`] appends members to `NAME.part`, and publishes the pack by rename when it is full or the run is
//!   done.
//! * `tar` has the headers of tar files, `warc` the records of WARC; `index` keeps the index beside a WARC file.
//!
//! Members are appended by the thread of the run, each before its line of the run log is written; small ones that
//! are complete at one time are written together, as a `batch`. So the
//! order of the log is that of the pack, and what a killed run leaves behind the end of the last logged member
//! belongs to no member that counts: the next run cuts it off, and each body is in the packs exactly once.
//! Workers do the rest beside one another: they receive, and keep, the bytes.

mod append;
mod batch;
mod body;
mod error;
mod files;
mod found;
mod frame;
mod index;
mod logged;
mod pattern;
mod tar;
mod warc;
mod writer;

#[cfg(test)]
mod kill_tests;

pub use batch::BatchMember;
pub use body::{PackBody, PackMember, Tap};
pub use error::{AbsentPacks, PackError};
pub use frame::RecordEncoder;
pub use logged::LoggedPacks;
pub use pattern::{PackPattern, PatternError};
pub use warc::ArchivedHead;
pub use writer::{Appended, BodyMaker, Packs};

/// The format of packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackFormat {
    /// tar, in the layout of webdataset: `KEY.EXT` with the body and `KEY.json` with the result.
    Tar,
    /// WARC 1.1, a gzip member for each record, with a CDXJ index beside each pack.
    Warc,
}

/// The settings of packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackConfig {
    /// The format.
    pub format: PackFormat,
    /// The names.
    pub pattern: PackPattern,
    /// The bytes with which a pack is full.
    pub full_bytes: u64,
    /// The members with which a pack is full.
    pub full_members: u64,
}
