//! Content codings: gzip, deflate, brotli and zstd, decoded above ureq, with a limit against
//! decompression bombs.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

use super::brotli::BrotliStream;
use super::gzip::GzipMembers;
use super::zstd::ZstdFrames;

/// The value of `Accept-Encoding` with `--compressed`.
pub(super) const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

/// The highest ratio of decoded to encoded bytes. gzip reaches about 1000 at most; what people publish
/// stays far below.
const MAX_RATIO: u64 = 400;

/// The decoded bytes up to which any ratio is allowed: a small body may well be all zeros.
const UNCHECKED_BYTES: u64 = 4 * 1024 * 1024;

/// The registered content codings (IANA, RFC 9110, 16.6.1) without `identity`. Misconfigured servers name
/// others, which stand for no coding: character sets, `none`, `aws-chunked`.
const REGISTERED: [&str; 12] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "gzip",
    "pack200-gzip",
    "x-compress",
    "x-gzip",
    "zstd",
];

/// A content coding that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The coding of a body with these values of `Content-Encoding`; `None` if it has none, or only unregistered ones.
///
/// # Errors
///
/// The name of a coding that cannot be decoded, or the names of several: a body is decoded once.
pub(super) fn coding<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<Coding>, String> {
    let mut named = values
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| REGISTERED.contains(&name.as_str()));
    let Some(name) = named.next() else {
        return Ok(None);
    };
    if let Some(second) = named.next() {
        return Err(format!("{name}, {second}"));
    }
    match name.as_str() {
        "gzip" | "x-gzip" => Ok(Some(Coding::Gzip)),
        "deflate" => Ok(Some(Coding::Deflate)),
        "br" => Ok(Some(Coding::Brotli)),
        "zstd" => Ok(Some(Coding::Zstd)),
        _ => Err(name),
    }
}

/// A failure to decode a body. An error of the encoded body itself passes through unchanged.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("the body is not valid {coding}: {reason}")]
    Invalid {
        coding: &'static str,
        reason: String,
    },
    #[error(
        "the body grows to more than {MAX_RATIO} times its size when decoded; refused as a bomb"
    )]
    Bomb,
}

/// A decoded view of an encoded body. It reads the encoded body to its end, so that the connection can
/// be kept.
pub(super) struct Decoder<'a, R: Read> {
    coding: Coding,
    /// `None` before the first read. The first byte decides between the two forms of deflate.
    inner: Option<CodingDecoder<Encoded<'a, R>>>,
    encoded: Option<Encoded<'a, R>>,
    source: &'a SourceState,
    decoded: u64,
}

/// The decoder of one coding. It ends with its own format, and leaves the bytes behind that in the
/// source.
enum CodingDecoder<S> {
    /// An empty body decodes to an empty one.
    Empty(S),
    Gzip(Box<GzipMembers<S>>),
    Zlib(flate2::bufread::ZlibDecoder<S>),
    Deflate(flate2::bufread::DeflateDecoder<S>),
    Brotli(BrotliStream<S>),
    Zstd(Box<ZstdFrames<S>>),
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

/// The state of an encoded body, as its decoder has read it.
#[derive(Default)]
pub(super) struct SourceState {
    encoded: Cell<u64>,
    /// The error of the body itself, which is the cause of the decoder's.
    failure: Cell<Option<io::Error>>,
}

impl SourceState {
    /// The number of encoded bytes read so far.
    pub(super) fn encoded(&self) -> u64 {
        self.encoded.get()
    }
}

/// The encoded body, with its bytes counted.
struct Encoded<'a, R> {
    body: BufReader<R>,
    source: &'a SourceState,
}

impl<'a, R: Read + 'a> Decoder<'a, R> {
    pub(super) fn new(coding: Coding, body: R, source: &'a SourceState) -> Self {
        Decoder {
            coding,
            inner: None,
            encoded: Some(Encoded {
                body: BufReader::with_capacity(16 * 1024, body),
                source,
            }),
            source,
            decoded: 0,
        }
    }

    fn open(&mut self) -> io::Result<&mut CodingDecoder<Encoded<'a, R>>> {
        if let Some(mut encoded) = self.encoded.take() {
            let beginning = encoded.fill_buf()?;
            let inner = match (self.coding, beginning) {
                (_, []) => CodingDecoder::Empty(encoded),
                (Coding::Gzip, _) => CodingDecoder::Gzip(Box::new(GzipMembers::new(encoded))),
                (Coding::Deflate, [first, ..]) => {
                    // RFC 9110 demands zlib, and some servers send raw deflate. The low four bits of
                    // zlib's first byte are always 8, with which no sensible raw stream begins.
                    if first & 0x0f == 8 {
                        CodingDecoder::Zlib(flate2::bufread::ZlibDecoder::new(encoded))
                    } else {
                        CodingDecoder::Deflate(flate2::bufread::DeflateDecoder::new(encoded))
                    }
                }
                (Coding::Brotli, _) => CodingDecoder::Brotli(BrotliStream::new(encoded)),
                (Coding::Zstd, _) => CodingDecoder::Zstd(Box::new(ZstdFrames::new(encoded))),
            };
            self.inner = Some(inner);
        }
        Ok(self
            .inner
            .as_mut()
            .expect("it was opened just now, or before"))
    }

    fn name(&self) -> &'static str {
        match self.coding {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "brotli",
            Coding::Zstd => "zstd",
        }
    }

    /// The error to report for an error of the decoder.
    fn cause(&self, error: &io::Error) -> io::Error {
        match self.source.failure.take() {
            Some(cause) => cause,
            None => io::Error::new(
                io::ErrorKind::InvalidData,
                DecodeError::Invalid {
                    coding: self.name(),
                    reason: error.to_string(),
                },
            ),
        }
    }
}

impl<'a, R: Read + 'a> Read for Decoder<'a, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A read into an empty buffer would look like the end.
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.open().and_then(|stream| {
            let count = stream.read(buffer)?;
            if count == 0 {
                skip_padding(stream.source())?;
            }
            Ok(count)
        });
        let count = read.map_err(|error| self.cause(&error))?;
        self.decoded += count as u64;
        let most = UNCHECKED_BYTES.max(self.source.encoded.get().saturating_mul(MAX_RATIO));
        if self.decoded > most {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                DecodeError::Bomb,
            ));
        }
        Ok(count)
    }
}

impl<R: Read> Read for Encoded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut from = self.fill_buf()?;
        let count = from.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Encoded<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.body.buffer().is_empty() {
            match self.body.fill_buf() {
                Ok(bytes) => {
                    let so_far = self.source.encoded.get();
                    self.source.encoded.set(so_far + bytes.len() as u64);
                }
                Err(error) => {
                    let kind = error.kind();
                    self.source.failure.set(Some(error));
                    return Err(kind.into());
                }
            }
        }
        Ok(self.body.buffer())
    }

    fn consume(&mut self, count: usize) {
        self.body.consume(count);
    }
}
