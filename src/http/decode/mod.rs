//! Content codings: gzip, deflate, brotli and zstd, decoded above the transport, with limits against
//! decompression bombs.

mod coding;
mod encoded;
mod error;
mod layer;
mod plan;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

pub(super) use coding::{Codings, UndecodableError};
pub(super) use encoded::SourceState;
pub(super) use error::DecodeError;
pub(super) use plan::{BodyPlan, BodyUse};

use encoded::Counted;
use layer::Layer;

/// The value of `Accept-Encoding` with `--compressed`.
pub(super) const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

/// The highest ratio of decoded bytes to those sent. gzip reaches about 1000 at most; what people publish
/// stays far below.
const MAX_RATIO: u64 = 400;

/// The decoded bytes up to which any ratio is allowed: a small body may well be all zeros.
const UNCHECKED_BYTES: u64 = 4 * 1024 * 1024;

/// The limit on what a body grows to, in each of the forms that it is decoded through.
#[derive(Debug, Clone, Copy)]
pub(super) enum DecodedLimit {
    /// At most [`MAX_RATIO`] times the bytes that were sent.
    Ratio,
    /// The user's own limit (`--max-bytes`). A bomb stops there, so the ratio does not matter.
    Bytes(u64),
}

/// A decoded view of an encoded body. It reads the encoded body to its end, so that the connection can
/// be kept, and decodes into the caller's buffer from buffers of its own.
pub(super) struct Decoder<'a>(Box<dyn Read + 'a>);

impl<'a> Decoder<'a> {
    /// Undoes these codings of `body`, whose state is kept in `source`.
    pub(super) fn new(
        codings: Codings,
        body: impl Read + 'a,
        source: &'a SourceState,
        limit: DecodedLimit,
    ) -> Self {
        let sent: Box<dyn Read + 'a> = Box::new(Counted { body, source });
        Decoder(codings.outermost_first().fold(sent, |encoded, coding| {
            Box::new(Layer::new(coding, encoded, source, limit))
        }))
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
