//! Where a body goes: nowhere, into a file, or on to the output.

use std::io;

use crate::save::{
    BodyError, Conditions, ContentRange, Download, KnownLength, OrderedBody, Version,
};

/// Where a body goes.
#[derive(Debug)]
pub(super) enum Sink {
    /// It is counted and dropped.
    None,
    /// Into a file of its own.
    File(Box<Download>),
    /// To the output, in its turn.
    Stream(OrderedBody),
}

impl Sink {
    /// What to ask for beside the body.
    pub(super) fn ask(&self, url: &str) -> Conditions<'_> {
        match self {
            Sink::None => Conditions::default(),
            Sink::File(download) => download.conditions(url),
            Sink::Stream(body) => body.conditions(url),
        }
    }

    pub(super) fn start(&mut self, url: &str, version: Version) -> Result<(), BodyError> {
        match self {
            Sink::None => Ok(()),
            Sink::File(download) => download.start(url, version),
            Sink::Stream(body) => body.start(url, version),
        }
    }

    /// The length that is known of what is there, if `version` from `url` may be the same.
    pub(super) fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        match self {
            Sink::None => None,
            Sink::File(download) => download.known_length(url, version),
            Sink::Stream(body) => body.known_length(url, version),
        }
    }

    pub(super) fn go_on(&mut self, range: ContentRange, version: &Version) -> bool {
        match self {
            Sink::None => false,
            Sink::File(download) => download.resume(range, version),
            Sink::Stream(body) => body.resume(range, version),
        }
    }

    pub(super) fn is_all(&mut self, length: u64) -> bool {
        match self {
            Sink::None => false,
            Sink::File(download) => download.resume_at_end(length),
            Sink::Stream(body) => body.resume_at_end(length),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        match self {
            Sink::None => Ok(()),
            Sink::File(download) => download.write(bytes),
            Sink::Stream(body) => body.write(bytes),
        }
    }

    pub(super) fn complete(&mut self, last: &[u8]) -> Result<(), BodyError> {
        match self {
            Sink::None => Ok(()),
            Sink::File(download) => download.complete(last),
            Sink::Stream(body) => body.complete(last),
        }
    }

    /// Nothing of what is there is of use any more.
    pub(super) fn forget(&mut self) {
        match self {
            Sink::None => {}
            Sink::File(download) => download.discard_progress(),
            Sink::Stream(body) => body.discard_progress(),
        }
    }

    /// What has come is not what was wanted.
    pub(super) fn reject(&mut self) {
        match self {
            Sink::None => {}
            Sink::File(download) => download.reject(),
            Sink::Stream(body) => body.discard_progress(),
        }
    }

    /// How many of the next bytes are there already.
    pub(super) fn overlap(&self) -> usize {
        match self {
            Sink::File(download) => download.overlap(),
            _ => 0,
        }
    }

    pub(super) fn is_resumed(&self) -> bool {
        match self {
            Sink::File(download) => download.is_resumed(),
            _ => false,
        }
    }

    /// How much was there before the response that is being read.
    pub(super) fn held_before(&self) -> u64 {
        match self {
            Sink::File(download) => download.offset(),
            Sink::Stream(body) => body.offset(),
            Sink::None => 0,
        }
    }

    pub(super) fn read_back(&self, take: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Sink::File(download) => download.read_part(take),
            _ => Ok(()),
        }
    }
}
