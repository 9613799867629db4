//! Where a body goes: nowhere, into a file, or on to the output.

use std::io;

use crate::save::{Ask, Body, ContentRange, Draft, KnownLength, Refused, Version};

/// Where a body goes.
#[derive(Debug)]
pub(super) enum Sink {
    /// It is counted and dropped.
    None,
    /// Into a file of its own.
    File(Box<Draft>),
    /// To the output, in its turn.
    Stream(Body),
}

impl Sink {
    /// What to ask for beside the body.
    pub(super) fn ask(&self, url: &str) -> Ask<'_> {
        match self {
            Sink::None => Ask::default(),
            Sink::File(draft) => draft.ask(url),
            Sink::Stream(body) => body.ask(url),
        }
    }

    pub(super) fn start(&mut self, url: &str, version: Version) -> Result<(), Refused> {
        match self {
            Sink::None => Ok(()),
            Sink::File(draft) => draft.start(url, version),
            Sink::Stream(body) => body.start(url, version),
        }
    }

    /// The length that is known of what is there, if `version` from `url` may be the same.
    pub(super) fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        match self {
            Sink::None => None,
            Sink::File(draft) => draft.known_length(url, version),
            Sink::Stream(body) => body.known_length(url, version),
        }
    }

    pub(super) fn go_on(&mut self, range: ContentRange, version: &Version) -> bool {
        match self {
            Sink::None => false,
            Sink::File(draft) => draft.go_on(range, version),
            Sink::Stream(body) => body.go_on(range, version),
        }
    }

    pub(super) fn is_all(&mut self, length: u64) -> bool {
        match self {
            Sink::None => false,
            Sink::File(draft) => draft.is_all(length),
            Sink::Stream(body) => body.is_all(length),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        match self {
            Sink::None => Ok(()),
            Sink::File(draft) => draft.write(bytes),
            Sink::Stream(body) => body.write(bytes),
        }
    }

    pub(super) fn complete(&mut self, last: &[u8]) -> Result<(), Refused> {
        match self {
            Sink::None => Ok(()),
            Sink::File(draft) => draft.complete(last),
            Sink::Stream(body) => body.complete(last),
        }
    }

    /// Nothing of what is there is of use any more.
    pub(super) fn forget(&mut self) {
        match self {
            Sink::None => {}
            Sink::File(draft) => draft.forget(),
            Sink::Stream(body) => body.forget(),
        }
    }

    /// What has come is not what was wanted.
    pub(super) fn reject(&mut self) {
        match self {
            Sink::None => {}
            Sink::File(draft) => draft.reject(),
            Sink::Stream(body) => body.forget(),
        }
    }

    /// How many of the next bytes are there already.
    pub(super) fn overlap(&self) -> usize {
        match self {
            Sink::File(draft) => draft.overlap(),
            _ => 0,
        }
    }

    pub(super) fn is_resumed(&self) -> bool {
        match self {
            Sink::File(draft) => draft.is_resumed(),
            _ => false,
        }
    }

    /// How much was there before the response that is being read.
    pub(super) fn held_before(&self) -> u64 {
        match self {
            Sink::File(draft) => draft.held_before(),
            Sink::Stream(body) => body.held_before(),
            Sink::None => 0,
        }
    }

    pub(super) fn read_back(&self, take: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Sink::File(draft) => draft.read_back(take),
            _ => Ok(()),
        }
    }
}
