//! The decoder of one coding, and what it shares with those of others: the end of the encoded bytes, and
//! the limits on the decoded ones.

use std::io::{self, BufRead, Read};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};

use super::coding::Coding;
use super::encoded::{Encoded, SourceState};
use super::error::DecodeError;
use super::{DecodedLimit, MAX_RATIO, UNCHECKED_BYTES};
use crate::http::brotli::BrotliStream;
use crate::http::gzip::GzipMembers;
use crate::http::zstd::ZstdFrames;

/// One coding undone. It reads its encoded bytes to their end, so that a connection below can be kept.
pub(super) struct Layer<'a> {
    coding: Coding,
    /// `None` before the first read. The first bytes decide between the two forms of deflate.
    decoder: Option<CodingDecoder<Encoded<'a>>>,
    encoded: Option<Encoded<'a>>,
    source: &'a SourceState,
    limit: DecodedLimit,
    decoded: u64,
}

impl<'a> Layer<'a> {
    pub(super) fn new(
        coding: Coding,
        body: Box<dyn Read + 'a>,
        source: &'a SourceState,
        limit: DecodedLimit,
    ) -> Self {
        Layer {
            coding,
            decoder: None,
            encoded: Some(Encoded::new(body, source)),
            source,
            limit,
            decoded: 0,
        }
    }

    fn decoder(&mut self) -> io::Result<&mut CodingDecoder<Encoded<'a>>> {
        if let Some(encoded) = self.encoded.take() {
            self.decoder = Some(CodingDecoder::new(self.coding, encoded)?);
        }
        let decoder = self.decoder.as_mut();
        // A first read that failed has left none, and no read follows a failed one.
        decoder.ok_or_else(|| io::Error::other("it was read on past an error"))
    }

    /// The error to report for an error of the decoder.
    fn cause(&self, error: &io::Error) -> io::Error {
        if let Some(cause) = self.source.take_failure() {
            return cause;
        }
        invalid_data(match error.kind() {
            io::ErrorKind::OutOfMemory => DecodeError::NoMemory,
            _ => DecodeError::Invalid {
                coding: self.coding.as_str(),
                reason: error.to_string(),
            },
        })
    }

    /// Holds the decoded bytes against the limit. The ratio is to the bytes that were sent, whatever
    /// codings are between: each multiplies.
    fn check_limit(&self) -> Result<(), DecodeError> {
        match self.limit {
            DecodedLimit::Bytes(most) if self.decoded > most => Err(DecodeError::TooLarge(most)),
            DecodedLimit::Ratio => {
                let most = self.source.encoded().saturating_mul(MAX_RATIO);
                match self.decoded > most.max(UNCHECKED_BYTES) {
                    true => Err(DecodeError::Bomb),
                    false => Ok(()),
                }
            }
            DecodedLimit::Bytes(_) => Ok(()),
        }
    }
}

impl Read for Layer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A read into an empty buffer would look like the end.
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.decoder().and_then(|decoder| {
            let count = decoder.read(buffer)?;
            if count == 0 {
                skip_padding(decoder.source())?;
            }
            Ok(count)
        });
        let count = read.map_err(|error| self.cause(&error))?;
        self.decoded += count as u64;
        self.check_limit().map_err(invalid_data)?;
        Ok(count)
    }
}

fn invalid_data(error: DecodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The decoder of one format. It ends with the format's own end, and leaves the bytes behind that in the
/// source.
enum CodingDecoder<S> {
    /// An empty body decodes to an empty one.
    Empty(S),
    Gzip(Box<GzipMembers<S>>),
    Zlib(ZlibDecoder<S>),
    Deflate(DeflateDecoder<S>),
    Brotli(BrotliStream<S>),
    Zstd(Box<ZstdFrames<S>>),
}

impl<'a> CodingDecoder<Encoded<'a>> {
    fn new(coding: Coding, mut encoded: Encoded<'a>) -> io::Result<Self> {
        let beginning = encoded.first(2)?;
        if beginning.is_empty() {
            return Ok(CodingDecoder::Empty(encoded));
        }
        Ok(match coding {
            Coding::Gzip => CodingDecoder::Gzip(Box::new(GzipMembers::new(encoded))),
            // RFC 9110 demands zlib, and some servers send raw deflate.
            Coding::Deflate if is_zlib(beginning) => CodingDecoder::Zlib(ZlibDecoder::new(encoded)),
            Coding::Deflate => CodingDecoder::Deflate(DeflateDecoder::new(encoded)),
            Coding::Brotli => CodingDecoder::Brotli(BrotliStream::new(encoded)),
            Coding::Zstd => CodingDecoder::Zstd(Box::new(ZstdFrames::new(encoded)?)),
        })
    }
}

/// True if these bytes begin with a zlib header (RFC 1950, 2.2): method 8, a window of at most 32 KiB,
/// and a check that holds. curl and browsers take anything else for raw deflate, as zlib does not take it.
fn is_zlib(beginning: &[u8]) -> bool {
    match *beginning {
        [method, flags, ..] => {
            let is_deflate = method & 0x0f == 8 && method >> 4 <= 7;
            is_deflate && u16::from_be_bytes([method, flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

impl<S: BufRead> CodingDecoder<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            CodingDecoder::Empty(_) => Ok(0),
            CodingDecoder::Gzip(members) => members.read(buffer),
            CodingDecoder::Zlib(decoder) => decoder.read(buffer),
            CodingDecoder::Deflate(decoder) => decoder.read(buffer),
            CodingDecoder::Brotli(decoder) => decoder.read(buffer),
            CodingDecoder::Zstd(frames) => frames.read(buffer),
        }
    }

    fn source(&mut self) -> &mut S {
        match self {
            CodingDecoder::Empty(source) => source,
            CodingDecoder::Gzip(members) => members.source(),
            CodingDecoder::Zlib(decoder) => decoder.get_mut(),
            CodingDecoder::Deflate(decoder) => decoder.get_mut(),
            CodingDecoder::Brotli(decoder) => decoder.source(),
            CodingDecoder::Zstd(frames) => frames.source(),
        }
    }
}

/// Reads the bytes behind the end of an encoded body. Some servers pad it with zeros and a line end,
/// which is harmless.
///
/// # Errors
///
/// If there is anything else.
fn skip_padding(source: &mut impl BufRead) -> io::Result<()> {
    let mut last = 0;
    loop {
        let bytes = source.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        for &byte in bytes {
            match (last, byte) {
                (0, 0 | b'\r' | b'\n') | (b'\r', b'\n') => last = byte,
                _ => return Err(io::Error::other("there is more after its end")),
            }
        }
        let count = bytes.len();
        source.consume(count);
    }
}
