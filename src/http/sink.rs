//! The sink of a body: none, a file, the output, or a pack.

use std::io::{self, Read};

use super::memory_body::MemoryBody;
use crate::model::outcome::BodyProgress;
use crate::save::pack::{PackBody, Tap};
use crate::save::{
    BodyError, Conditions, ContentRange, Download, KnownLength, OrderedBody, Validators, Version,
};

/// The sink of a body.
#[derive(Debug)]
pub(super) enum Sink {
    /// The body is counted and dropped.
    None,
    /// The body is saved as a file.
    File(Box<Download>),
    /// The body is written to the output, in its turn (`--cat`).
    Stream(Box<OrderedBody>),
    /// The body is kept for the result (`--jsonl-bodies`).
    Memory(MemoryBody),
    /// The body goes into a pack. No attempt continues another.
    Pack(Box<PackBody>),
}

/// A body that a pack may take on the way.
#[derive(Debug)]
pub(super) enum MaybeTapped<R> {
    Plain(R),
    Tapped(Tap<R>),
}

impl<R: Read> Read for MaybeTapped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            MaybeTapped::Plain(body) => body.read(buffer),
            MaybeTapped::Tapped(body) => body.read(buffer),
        }
    }
}

impl Sink {
    /// The conditions of the next request for `url`, the one of the list: `If-None-Match` and its like, or a range.
    pub(super) fn ask(&self, url: &str) -> Conditions<'_> {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => Conditions::default(),
            Sink::File(download) => download.conditions(url),
            Sink::Stream(body) => body.conditions(url),
        }
    }

    /// True if versions of the body are compared: with that of a file, or of an attempt that another continues.
    pub(super) fn compares_versions(&self) -> bool {
        match self {
            Sink::File(_) | Sink::Stream(_) => true,
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => false,
        }
    }

    /// The most bytes that the sink takes, if there is a limit.
    pub(super) fn limit(&self) -> Option<u64> {
        match self {
            Sink::Memory(body) => Some(body.limit()),
            Sink::None | Sink::File(_) | Sink::Stream(_) | Sink::Pack(_) => None,
        }
    }

    /// Starts the body of a new version, from its first byte.
    pub(super) fn start(&mut self, url: &str, version: Version) -> Result<(), BodyError> {
        match self {
            Sink::None => Ok(()),
            Sink::Memory(body) => {
                body.clear();
                Ok(())
            }
            Sink::File(download) => download.start(url, version),
            Sink::Stream(body) => body.start(url, version),
            Sink::Pack(body) => {
                body.start(&version);
                Ok(())
            }
        }
    }

    /// The known length of the version that the part on disk is of, if `version` from `url` may be it.
    pub(super) fn known_length(&self, url: &str, version: &Version) -> Option<KnownLength> {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => None,
            Sink::File(download) => download.known_length(url, version),
            Sink::Stream(body) => body.known_length(url, version),
        }
    }

    /// The length of what is there from `url`, or of the body that it is a part of, unless it is a web page.
    pub(super) fn length_if_no_page(&self, url: &str) -> Option<u64> {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => None,
            Sink::File(download) => download.length_if_no_page(url),
            Sink::Stream(body) => body.length_if_no_page(url),
        }
    }

    /// Continues the part with this range of the body. False if they do not fit together.
    pub(super) fn continue_with(&mut self, range: ContentRange, version: &Version) -> bool {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => false,
            Sink::File(download) => download.resume(range, version),
            Sink::Stream(body) => body.resume(range, version),
        }
    }

    /// True if the part is the whole body already, of this length.
    pub(super) fn is_complete(&mut self, length: u64, validators: &Validators) -> bool {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => false,
            Sink::File(download) => download.resume_at_end(length, validators),
            Sink::Stream(body) => body.resume_at_end(length, validators),
        }
    }

    /// True if a response 304 with these validators speaks of the file on disk.
    pub(super) fn is_confirmed_by(&self, validators: &Validators) -> bool {
        match self {
            Sink::File(download) => download.is_confirmed_by(validators),
            Sink::None | Sink::Stream(_) | Sink::Memory(_) | Sink::Pack(_) => false,
        }
    }

    /// True if the response is a range after which more of the body may follow.
    pub(super) fn is_range(&self) -> bool {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => false,
            Sink::File(download) => download.is_range(),
            Sink::Stream(body) => body.is_range(),
        }
    }

    /// Ends such a range, and returns the number of bytes that it brought.
    pub(super) fn end_range(&mut self) -> Result<u64, BodyError> {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => Ok(0),
            Sink::File(download) => download.end_range(),
            Sink::Stream(body) => body.end_range(),
        }
    }

    /// True if the body goes into a pack that has the whole exchange.
    pub(super) fn is_archived(&self) -> bool {
        matches!(self, Sink::Pack(body) if body.is_archived())
    }

    /// Has a pack that keeps bodies as they were sent take the bytes of this one before they are decoded.
    pub(super) fn tap<R: Read>(&mut self, body: R) -> MaybeTapped<R> {
        match self {
            Sink::Pack(pack) => MaybeTapped::Tapped(pack.tap(body)),
            _ => MaybeTapped::Plain(body),
        }
    }

    /// Takes the next bytes of the body.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        match self {
            Sink::None => Ok(()),
            Sink::Memory(body) => {
                body.append(bytes);
                Ok(())
            }
            Sink::File(download) => download.write(bytes),
            Sink::Stream(body) => body.write(bytes),
            Sink::Pack(body) => body.write(bytes),
        }
    }

    /// Takes the last bytes of the body, and completes it.
    pub(super) fn complete(&mut self, last: &[u8]) -> Result<(), BodyError> {
        match self {
            Sink::None => Ok(()),
            Sink::Memory(body) => {
                body.append(last);
                Ok(())
            }
            Sink::File(download) => download.complete(last),
            Sink::Stream(body) => body.complete(last),
            Sink::Pack(body) => body.complete(last),
        }
    }

    /// Drops the part: the next request asks for the whole body.
    pub(super) fn restart(&mut self) {
        match self {
            Sink::None => {}
            Sink::Memory(body) => body.clear(),
            Sink::File(download) => download.discard_progress(),
            Sink::Stream(body) => body.discard_progress(),
            Sink::Pack(body) => body.discard(),
        }
    }

    /// Drops a body whose checksum is wrong.
    pub(super) fn reject(&mut self) {
        match self {
            Sink::None => {}
            Sink::Memory(body) => body.clear(),
            Sink::File(download) => download.reject(),
            Sink::Stream(body) => body.discard_progress(),
            Sink::Pack(body) => body.discard(),
        }
    }

    /// The number of the next bytes that are in the part already, and are only compared with it.
    pub(super) fn overlap(&self) -> usize {
        match self {
            Sink::File(download) => download.overlap(),
            Sink::Stream(body) => body.overlap(),
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => 0,
        }
    }

    /// True if the body continues a part.
    pub(super) fn is_resumed(&self) -> bool {
        match self {
            Sink::File(download) => download.is_resumed(),
            Sink::Stream(body) => body.is_resumed(),
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => false,
        }
    }

    /// The bytes of the part before the current response.
    pub(super) fn bytes_before(&self) -> u64 {
        match self {
            Sink::File(download) => download.offset(),
            Sink::Stream(body) => body.offset(),
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => 0,
        }
    }

    /// The name of the file that the body becomes, as far as it is known; `server_name` is the one that the
    /// response states.
    pub(super) fn file_name<'a>(&'a self, server_name: Option<&'a str>) -> Option<&'a str> {
        match self {
            Sink::File(download) => Some(download.file_name(server_name)),
            _ => None,
        }
    }

    /// The part of the body that this attempt has brought, if it continues or can be continued.
    pub(super) fn progress(&self) -> Option<BodyProgress> {
        match self {
            Sink::None | Sink::Memory(_) | Sink::Pack(_) => None,
            Sink::File(download) => download.progress(),
            Sink::Stream(body) => body.progress(),
        }
    }

    /// Reads the part from disk.
    pub(super) fn read_back(&self, take: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Sink::File(download) => download.read_part(take),
            _ => Ok(()),
        }
    }
}
