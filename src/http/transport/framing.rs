//! Message framing (RFC 9112, 6 and 7): decides where a response's body ends, undoes chunking, and tells
//! whether the connection can carry another request.

use std::fmt;

use http::StatusCode;

use super::head::ResponseHead;
use crate::model::outcome::HttpVersion;
use crate::model::text::excerpt;

/// The framing that may stand beside a body: chunk lines, extensions and trailers.
const MIN_OVERHEAD: u64 = 64 * 1024;

/// The framing that each byte of the body may bring: a server that sends chunks of one byte is slow, not
/// hostile.
const OVERHEAD_PER_BYTE: u64 = 16;

/// The hexadecimal digits of a 64-bit chunk size.
const MAX_CHUNK_DIGITS: u32 = 16;

/// The end of a response's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::http) enum BodyLength {
    /// There is no body.
    #[default]
    None,
    /// So many bytes (Content-Length).
    Known(u64),
    /// The chunk of size 0.
    Chunked,
    /// The end of the connection.
    UntilClose,
}

impl BodyLength {
    /// The number of bytes, if it is stated.
    pub(in crate::http) fn stated(self) -> Option<u64> {
        match self {
            BodyLength::Known(length) => Some(length),
            BodyLength::None | BodyLength::Chunked | BodyLength::UntilClose => None,
        }
    }
}

/// The framing of one response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::http) struct Framing {
    pub(in crate::http) length: BodyLength,
    /// The connection may carry another request once the body is over.
    pub(in crate::http) is_persistent: bool,
    /// The connection may bring a body that the protocol does not allow here, so its next bytes are looked
    /// at before it is used again.
    pub(in crate::http) needs_check: bool,
}

/// A failure to tell where a body ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum FramingError {
    /// A transfer coding other than `chunked`.
    TransferCoding(String),
    /// A Content-Length that is no number.
    BadLength(String),
    /// A Content-Length of more than 64 bits.
    HugeLength(String),
    /// Two Content-Lengths that differ.
    Lengths(u64, u64),
    /// A change to another protocol (101), which nobody asked for.
    Switched,
    /// A chunk without a size that can be read.
    ChunkSize,
    /// A chunk of more than 64 bits' size.
    HugeChunk,
    /// A chunk with more bytes than its size.
    ChunkEnd,
    /// Framing without end.
    Overhead,
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FramingError::TransferCoding(codings) => write!(
                f,
                "its body is transfer-encoded as \"{codings}\", which nobody asked for"
            ),
            FramingError::BadLength(value) => {
                write!(
                    f,
                    "its Content-Length is \"{value}\", which is not a number"
                )
            }
            FramingError::HugeLength(value) => {
                write!(f, "its Content-Length is {value}, which is too large")
            }
            FramingError::Lengths(one, other) => {
                write!(
                    f,
                    "it states two lengths (Content-Length), {one} and {other}"
                )
            }
            FramingError::Switched => {
                f.write_str("it changes to another protocol (101), which nobody asked for")
            }
            FramingError::ChunkSize => f.write_str("a chunk of its body does not state its length"),
            FramingError::HugeChunk => f.write_str("a chunk of its body is too large"),
            FramingError::ChunkEnd => {
                f.write_str("a chunk of its body does not end where its length says")
            }
            FramingError::Overhead => f.write_str("what comes beside its body does not end"),
        }
    }
}

/// True for a response with a body. Some have none, whatever their headers say (RFC 9112, 6.3).
pub(in crate::http) fn has_body(is_head: bool, status: StatusCode) -> bool {
    !is_head && !matches!(status.as_u16(), 204 | 304)
}

impl Framing {
    /// The framing of the response with this head, to a HEAD or a GET (RFC 9112, 6.3).
    ///
    /// # Errors
    ///
    /// [`FramingError`], if the end of the body cannot be told for certain.
    pub(in crate::http) fn of(head: &ResponseHead, is_head: bool) -> Result<Self, FramingError> {
        let status = head.status();
        let mut is_persistent = match head.version() {
            HttpVersion::Http10 => head.has_token("connection", "keep-alive"),
            HttpVersion::Http11 => true,
        } && !head.has_token("connection", "close");
        if !has_body(is_head, status) {
            // A HEAD or a 304 tells of the body that a GET would have had. Behind a 204 one is announced in
            // error, and may follow.
            let announces_body = || {
                let length = head.get("content-length");
                head.get("transfer-encoding").is_some() || length.is_some_and(|text| text != b"0")
            };
            is_persistent &= status != StatusCode::NO_CONTENT || is_head || !announces_body();
            return Ok(Framing {
                length: BodyLength::None,
                is_persistent,
                needs_check: true,
            });
        }
        let is_chunked = is_chunked(head)?;
        let stated = content_length(head);
        let length = if is_chunked {
            // Whoever sends both may be fooled about the end (RFC 9112, 6.1), and HTTP/1.0 has no chunks.
            is_persistent &= stated == Ok(None) && head.version() == HttpVersion::Http11;
            BodyLength::Chunked
        } else {
            stated?.map_or(BodyLength::UntilClose, BodyLength::Known)
        };
        Ok(Framing {
            length,
            is_persistent: is_persistent && length != BodyLength::UntilClose,
            needs_check: false,
        })
    }
}

/// True if the body is chunked; false if it has no transfer coding. `identity`, which is no longer in
/// HTTP, stands for none. `chunked` twice comes from proxies that repeat the line; it was applied once.
fn is_chunked(head: &ResponseHead) -> Result<bool, FramingError> {
    let mut codings = head
        .get_all("transfer-encoding")
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty())
        .peekable();
    if codings.peek().is_none() {
        return Ok(false);
    }
    let codings: Vec<&[u8]> = codings.collect();
    let all = |name: &[u8]| {
        codings
            .iter()
            .all(|coding| coding.eq_ignore_ascii_case(name))
    };
    if all(b"identity") {
        Ok(false)
    } else if all(b"chunked") {
        Ok(true)
    } else {
        let named = codings.join(&b", "[..]);
        Err(FramingError::TransferCoding(shown(&named)))
    }
}

/// The stated length. Several that say the same are one, in one line or in several.
fn content_length(head: &ResponseHead) -> Result<Option<u64>, FramingError> {
    let mut known = None;
    for value in head.get_all("content-length") {
        for item in value.split(|&byte| byte == b',') {
            let item = item.trim_ascii();
            if item.is_empty() || !item.iter().all(u8::is_ascii_digit) {
                return Err(FramingError::BadLength(shown(value)));
            }
            let number = item.iter().try_fold(0_u64, |number, digit| {
                number.checked_mul(10)?.checked_add((digit - b'0').into())
            });
            let number = number.ok_or_else(|| FramingError::HugeLength(shown(item)))?;
            match known {
                Some(other) if other != number => {
                    return Err(FramingError::Lengths(other, number));
                }
                _ => known = Some(number),
            }
        }
    }
    Ok(known)
}

fn shown(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(bytes), 60)
}

/// The part of a body that has come, and the part that is to come.
#[derive(Debug)]
pub(super) struct BodyFraming {
    state: BodyState,
    /// Bytes of the body, and of the framing beside it.
    body: u64,
    overhead: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyState {
    /// So many bytes are to come.
    Left(u64),
    UntilClose,
    /// In a chunk's size, of which these digits have come.
    Size {
        size: u64,
        digits: u32,
    },
    /// In the blanks behind a chunk's size.
    SizeEnd {
        size: u64,
    },
    /// In a chunk's extensions.
    Extension {
        size: u64,
    },
    /// Behind the CR of the line of a chunk's size.
    SizeLf {
        size: u64,
    },
    Chunk(u64),
    /// Behind a chunk's bytes.
    ChunkCr,
    ChunkLf,
    /// In a line behind the last chunk, of which bytes have come or not.
    Trailer {
        is_empty: bool,
    },
    /// The end of the body, and of everything that belongs to it.
    Over,
}

/// The result of [`BodyFraming::take`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// The bytes of the body, which are at the front of the input now.
    pub(super) body: usize,
    /// The bytes of the input that belong to this response.
    pub(super) used: usize,
}

impl BodyFraming {
    pub(super) fn new(length: BodyLength) -> Self {
        let state = match length {
            BodyLength::None | BodyLength::Known(0) => BodyState::Over,
            BodyLength::Known(length) => BodyState::Left(length),
            BodyLength::UntilClose => BodyState::UntilClose,
            BodyLength::Chunked => BodyState::Size { size: 0, digits: 0 },
        };
        BodyFraming {
            state,
            body: 0,
            overhead: 0,
        }
    }

    /// True if all bytes of the body have come. Those behind a chunked one may be missing.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, BodyState::Over | BodyState::Trailer { .. })
    }

    /// True if all bytes that belong to the response have come.
    pub(super) fn is_over(&self) -> bool {
        self.state == BodyState::Over
    }

    /// True if the end of the connection is the end of the body.
    pub(super) fn ends_with_connection(&self) -> bool {
        self.state == BodyState::UntilClose
    }

    /// The bytes of the body that come next without framing between them, if that is known.
    pub(super) fn left(&self) -> Option<u64> {
        match self.state {
            BodyState::Left(left) => Some(left),
            BodyState::Over => Some(0),
            _ => None,
        }
    }

    /// Counts bytes of a body of known length that have been dropped.
    pub(super) fn skip(&mut self, count: usize) {
        if let BodyState::Left(left) = &mut self.state {
            *left = left.saturating_sub(count as u64);
            if *left == 0 {
                self.state = BodyState::Over;
            }
        }
    }

    /// Takes the next bytes from the connection, and moves those of the body to the front.
    ///
    /// # Errors
    ///
    /// [`FramingError`], as soon as what has come cannot be right.
    pub(super) fn take(&mut self, input: &mut [u8]) -> Result<Taken, FramingError> {
        match self.state {
            BodyState::UntilClose => Ok(Taken {
                body: input.len(),
                used: input.len(),
            }),
            BodyState::Left(left) => {
                let count = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
                self.skip(count);
                Ok(Taken {
                    body: count,
                    used: count,
                })
            }
            _ => self.take_chunks(input),
        }
    }

    fn take_chunks(&mut self, input: &mut [u8]) -> Result<Taken, FramingError> {
        let (mut at, mut body) = (0, 0);
        while at < input.len() && self.state != BodyState::Over {
            if let BodyState::Chunk(left) = self.state {
                let rest = input.len() - at;
                let count = usize::try_from(left).map_or(rest, |left| left.min(rest));
                input.copy_within(at..at + count, body);
                (at, body) = (at + count, body + count);
                self.body += count as u64;
                self.state = match left - count as u64 {
                    0 => BodyState::ChunkCr,
                    left => BodyState::Chunk(left),
                };
                continue;
            }
            self.state = self.state.after(input[at])?;
            at += 1;
            self.overhead += 1;
            if self.overhead > MIN_OVERHEAD.saturating_add(OVERHEAD_PER_BYTE * self.body) {
                return Err(FramingError::Overhead);
            }
        }
        Ok(Taken { body, used: at })
    }
}

impl BodyState {
    /// The state after one byte of framing. Lines end in CR LF, or in LF alone, as every reader takes them.
    fn after(self, byte: u8) -> Result<Self, FramingError> {
        use BodyState::{ChunkCr, ChunkLf, Extension, Over, Size, SizeEnd, SizeLf, Trailer};
        let sized = |size| match size {
            0 => Trailer { is_empty: true },
            size => BodyState::Chunk(size),
        };
        Ok(match (self, byte) {
            (Size { size, digits }, byte) if byte.is_ascii_hexdigit() => {
                // Leading zeros count for nothing, but a line of them ends.
                let digits = if size == 0 { 1 } else { digits + 1 };
                if digits > MAX_CHUNK_DIGITS {
                    return Err(FramingError::HugeChunk);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                Size {
                    size: size << 4 | u64::from(digit),
                    digits,
                }
            }
            (Size { digits: 0, .. }, _) => return Err(FramingError::ChunkSize),
            (Size { size, .. } | SizeEnd { size }, b' ' | b'\t') => SizeEnd { size },
            (Size { size, .. } | SizeEnd { size }, b';') => Extension { size },
            (Size { size, .. } | SizeEnd { size }, b'\r') => SizeLf { size },
            (
                Size { size, .. } | SizeEnd { size } | Extension { size } | SizeLf { size },
                b'\n',
            ) => sized(size),
            (Extension { size }, _) => Extension { size },
            (ChunkCr, b'\r') => ChunkLf,
            (ChunkCr | ChunkLf, b'\n') => Size { size: 0, digits: 0 },
            (ChunkCr | ChunkLf, _) => return Err(FramingError::ChunkEnd),
            (Trailer { is_empty: true }, b'\n') => Over,
            (Trailer { is_empty: false }, b'\n') => Trailer { is_empty: true },
            // The CR of an empty line, or of any other.
            (Trailer { is_empty }, b'\r') => Trailer { is_empty },
            (Trailer { .. }, _) => Trailer { is_empty: false },
            _ => return Err(FramingError::ChunkSize),
        })
    }
}

#[cfg(test)]
mod tests;
