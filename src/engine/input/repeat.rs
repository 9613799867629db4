//! The repetition of an input: the arguments and the lists, in their order, read as a whole again and again.
//!
//! * [`Repeat`] is how often.
//! * `Arguments` are kept parsed, so that a round of them costs a copy each.
//! * `RepeatedList` is a list that can be read again. Each round reads what stands in its file then; one that was
//!   written to meanwhile is told of once ([`RewrittenList`]).

use std::ffi::OsStr;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use super::line::{self, BadLine, ParsedLine, UnparsedItem};
use super::list_file::{FileVersion, ListFile};
use super::shard::ShardFilter;
use super::{InputConfig, ItemNumbers, List};

/// The number of rounds through an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// So many: the input is as long as all of them.
    Times(NonZeroU64),
    /// One after the other, until the run reads no more, or one has no target in it: so would be all after that.
    Endless,
}

impl Repeat {
    /// Returns true if the input is read more than once.
    pub fn is_repeated(self) -> bool {
        self != Repeat::default()
    }
}

impl Default for Repeat {
    /// Once.
    fn default() -> Self {
        Repeat::Times(NonZeroU64::MIN)
    }
}

/// The error for a list that is to be repeated and can be read once only: a pipe, a terminal or a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name} can be read only once, and a list that is repeated has to be a regular file: save it in one, and give that \
     with -i FILE, or name the URLs as arguments"
)]
pub struct ReadOnce {
    /// The name of the list.
    pub name: String,
}

/// A list that was written to between two rounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name} was written to while it was repeated: each round fetches what stands in it by then"
)]
pub struct RewrittenList {
    /// The name of the list.
    pub name: String,
}

/// An argument as it was given, and what it is.
#[derive(Debug)]
struct Argument {
    bytes: Box<[u8]>,
    parsed: Result<ParsedLine, BadLine>,
}

/// The arguments of an input that is repeated. Copies share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments(Arc<[Argument]>);

impl Arguments {
    pub(super) fn parse<A: AsRef<OsStr>>(arguments: &[A], config: InputConfig) -> Self {
        let arguments = arguments.iter().map(|text| {
            let bytes = text.as_ref().as_bytes();
            Argument {
                bytes: bytes.into(),
                parsed: line::parse_argument(bytes, config),
            }
        });
        Arguments(arguments.collect())
    }

    /// The arguments, with what each is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Result<ParsedLine, BadLine>)> {
        let arguments = self.0.iter();
        arguments.map(|argument| (&*argument.bytes, &argument.parsed))
    }

    /// Counts the items of a round, as the reader does.
    pub(super) fn count(&self, numbers: &mut ItemNumbers, filter: &mut ShardFilter) {
        for (bytes, _) in self.iter() {
            let is_taken = filter.takes(numbers.read, Some(UnparsedItem::Argument(bytes)));
            numbers.read += 1;
            numbers.taken += u64::from(is_taken);
        }
    }
}

/// A list that can be read again.
#[derive(Debug)]
pub(super) struct RepeatedList {
    pub(super) name: String,
    pub(super) file: ListFile,
    /// The version of the file before the first round, until another one has been told of.
    version: Option<FileVersion>,
}

impl RepeatedList {
    /// Makes a list one that can be read again, if it can.
    pub(super) fn new(list: List) -> Result<Self, ReadOnce> {
        let List { name, file, .. } = list;
        match file {
            Some(file) => Ok(RepeatedList {
                version: file.version(),
                name,
                file,
            }),
            None => Err(ReadOnce { name }),
        }
    }

    /// Returns the news, once, that the file was written to since it was opened.
    pub(super) fn take_rewritten(&mut self) -> Option<RewrittenList> {
        let known = self.version?;
        if self.file.version() == Some(known) {
            return None;
        }
        self.version = None;
        Some(RewrittenList {
            name: self.name.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
