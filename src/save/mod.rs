//! Saving: files that are complete or absent.
//!
//! * A [`Store`] is a directory and the policy for files that exist already. For each target it
//!   [decides](SaveDecision) to keep the file or to fetch it.
//! * A [`Download`] collects a body in `NAME.part`, in the same directory, and renames it when it is
//!   whole; the rename replaces nothing unless the policy says so. A small body that is whole before
//!   there is a part needs none: it goes into an O_TMPFILE, where the system has them.
//! * The record of a file, by which its version is recognised later, is in an extended attribute.
//! * [`NameRegistry`] gives out names: safe ones, each once, in the order of the input.
//! * [`OrderedOutput`] writes bodies to one output instead, in the order of the input.
//! * [`pack`] collects bodies in few large files instead; `spill` keeps a body until its place is known.

pub mod appended_file;
pub mod atomic_file;
pub mod close;
mod content_disposition;
mod dir;
mod download;
mod duties;
mod error;
mod finish;
pub mod folder_lock;
mod foreign_parts;
mod foresee;
mod names;
mod ordered;
mod os;
pub mod pack;
mod page;
mod part;
mod prepare;
mod publish;
mod resume_check;
mod spill;
mod store;
mod temporary_files;
mod tmpfile;
mod version;
mod xattr;

pub use content_disposition::filename;
pub use download::Download;
pub use duties::{LesserDuty, RefusedDuty};
pub use error::{BodyError, FileError};
pub use foreign_parts::ForeignParts;
pub use foresee::ForeseenFile;
pub use names::{ClaimedPlace, NameHolder, NameRegistry};
pub use ordered::{OrderedBody, OrderedOutput, OutputEnd, open_stream};
pub use prepare::SaveDecision;
pub use publish::Published;
pub use store::{Exists, Store, StoreConfig};
pub use temporary_files::TemporaryFiles;
pub use version::{Conditions, ContentRange, KnownLength, Validators, Version};
pub use xattr::UrlDigest;
