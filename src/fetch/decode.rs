//! Content codings: gzip, deflate, brotli and zstd, decoded above ureq, with a cap against bodies
//! that grow out of all proportion.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

use http::{HeaderMap, header};

use super::frames::Frames;

/// What `Accept-Encoding` says with `--compressed`.
pub(super) const ACCEPTED: &str = "gzip, deflate, br, zstd";

/// A decoded body may be this many times as long as the encoded one. gzip cannot pass about 1000;
/// what people publish stays far below.
const MOST_RATIO: u64 = 400;

/// The ratio is not looked at before this many decoded bytes: small things may well be all zeros.
const FREE_BYTES: u64 = 4 * 1024 * 1024;

/// A content coding that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The coding of a body; `None` if it has none.
///
/// # Errors
///
/// The name of a coding that cannot be decoded, several at once among them: a body is decoded once.
pub(super) fn coding(headers: &HeaderMap) -> Result<Option<Coding>, String> {
    let mut named = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity");
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

/// Why a body could not be decoded. (An error of the encoded body itself comes through as it is.)
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("the body is not valid {coding}: {reason}")]
    Invalid {
        coding: &'static str,
        reason: String,
    },
    #[error(
        "the body grows to more than {MOST_RATIO} times its size when decoded; refused as a bomb"
    )]
    Bomb,
}

/// A decoded view of an encoded body. At its end the encoded body has been read to its end too, so
/// that its connection can be kept.
pub(super) struct Decoder<'a, R: Read> {
    coding: Coding,
    /// `None` before the first read, which for deflate decides between its two forms.
    inner: Option<Box<dyn Read + 'a>>,
    encoded: Option<Encoded<'a, R>>,
    counts: &'a Counts,
    decoded: u64,
}

/// What has gone through a decoder's lower end.
#[derive(Default)]
pub(super) struct Counts {
    encoded: Cell<u64>,
    /// The body itself failed: then the decoder's complaint is only what followed from it.
    failure: Cell<Option<io::Error>>,
}

/// The encoded body, counted.
struct Encoded<'a, R> {
    body: BufReader<R>,
    counts: &'a Counts,
}

impl<'a, R: Read + 'a> Decoder<'a, R> {
    pub(super) fn new(coding: Coding, body: R, counts: &'a Counts) -> Self {
        Decoder {
            coding,
            inner: None,
            encoded: Some(Encoded {
                body: BufReader::with_capacity(16 * 1024, body),
                counts,
            }),
            counts,
            decoded: 0,
        }
    }

    fn open(&mut self) -> io::Result<&mut Box<dyn Read + 'a>> {
        if let Some(mut encoded) = self.encoded.take() {
            // Nothing at all decodes to nothing: a 304, a HEAD, an empty body.
            let beginning = encoded.fill_buf()?;
            let inner: Box<dyn Read + 'a> = match (self.coding, beginning) {
                (_, []) => Box::new(encoded),
                (Coding::Gzip, _) => Box::new(flate2::bufread::MultiGzDecoder::new(encoded)),
                (Coding::Deflate, [first, ..]) => {
                    // RFC 9110 says zlib, and some servers send bare deflate. The low four bits
                    // of zlib's first byte are always 8, which no sensible bare stream begins with.
                    if first & 0x0f == 8 {
                        Box::new(flate2::bufread::ZlibDecoder::new(encoded))
                    } else {
                        Box::new(flate2::bufread::DeflateDecoder::new(encoded))
                    }
                }
                (Coding::Brotli, _) => {
                    Box::new(brotli_decompressor::Decompressor::new(encoded, 16 * 1024))
                }
                (Coding::Zstd, _) => Box::new(Frames::new(encoded)),
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

    /// The error to report for what a decoder complained of.
    fn cause(&self, error: &io::Error) -> io::Error {
        match self.counts.failure.take() {
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
        let read = self.open().and_then(|inner| inner.read(buffer));
        let count = read.map_err(|error| self.cause(&error))?;
        self.decoded += count as u64;
        let most = FREE_BYTES.max(self.counts.encoded.get().saturating_mul(MOST_RATIO));
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
                    let so_far = self.counts.encoded.get();
                    self.counts.encoded.set(so_far + bytes.len() as u64);
                }
                Err(error) => {
                    let kind = error.kind();
                    self.counts.failure.set(Some(error));
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, value.parse().unwrap());
        headers
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(coding: Coding, body: &[u8]) -> io::Result<Vec<u8>> {
        let counts = Counts::default();
        let mut plain = Vec::new();
        Decoder::new(coding, body, &counts).read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn one_known_coding_is_decoded_and_others_are_named() {
        assert_eq!(coding(&HeaderMap::new()), Ok(None));
        assert_eq!(coding(&headers("identity")), Ok(None));
        assert_eq!(coding(&headers("GZip")), Ok(Some(Coding::Gzip)));
        assert_eq!(coding(&headers("br")), Ok(Some(Coding::Brotli)));
        assert_eq!(coding(&headers("gzip, gzip")), Err("gzip, gzip".to_owned()));
        assert_eq!(coding(&headers("compress")), Err("compress".to_owned()));
    }

    #[test]
    fn gzip_and_both_forms_of_deflate_come_out_whole() {
        let plain = b"all work and no play ".repeat(1000);
        assert_eq!(decode(Coding::Gzip, &gzip(&plain)).unwrap(), plain);
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(decode(Coding::Gzip, &two).unwrap(), b"one two");
        let level = flate2::Compression::default();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(&plain).unwrap();
        assert_eq!(
            decode(Coding::Deflate, &zlib.finish().unwrap()).unwrap(),
            plain
        );
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), level);
        bare.write_all(&plain).unwrap();
        assert_eq!(
            decode(Coding::Deflate, &bare.finish().unwrap()).unwrap(),
            plain
        );
    }

    #[test]
    fn zstd_and_brotli_come_out_whole() {
        let zstd = ruzstd::encoding::compress_to_vec(
            &b"hello hello hello"[..],
            ruzstd::encoding::CompressionLevel::Fastest,
        );
        assert_eq!(decode(Coding::Zstd, &zstd).unwrap(), b"hello hello hello");
        // "hello" as the reference encoder writes it.
        let brotli = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
        assert_eq!(decode(Coding::Brotli, &brotli).unwrap(), b"hello");
    }

    #[test]
    fn an_empty_body_decodes_to_nothing() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            assert_eq!(decode(coding, b"").unwrap(), b"", "{coding:?}");
        }
    }

    #[test]
    fn garbage_and_truncation_are_said_by_the_coding_s_name() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            let error = decode(coding, b"<html>this is not what it says</html>").unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("the body is not valid "), "{message}");
        }
        let whole = gzip(&b"all work and no play ".repeat(1000));
        let error = decode(Coding::Gzip, &whole[..whole.len() - 9]).unwrap_err();
        assert!(error.to_string().contains("not valid gzip"), "{error}");
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_grown() {
        let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
        let counts = Counts::default();
        let mut decoder = Decoder::new(Coding::Gzip, &bomb[..], &counts);
        let mut sink = [0; 16 * 1024];
        let error = loop {
            match decoder.read(&mut sink) {
                Ok(0) => panic!("the bomb was decoded"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("bomb"), "{error}");
        assert!(decoder.decoded < 32 * 1024 * 1024, "{}", decoder.decoded);
    }

    #[test]
    fn a_failure_of_the_body_itself_comes_through() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::new(
                    io::ErrorKind::ConnectionReset,
                    "the line broke",
                ))
            }
        }
        let whole = gzip(&b"all work and no play ".repeat(1000));
        let body = io::Read::chain(&whole[..20], Broken);
        let counts = Counts::default();
        let mut plain = Vec::new();
        let error = Decoder::new(Coding::Gzip, body, &counts)
            .read_to_end(&mut plain)
            .unwrap_err();
        assert_eq!(error.to_string(), "the line broke");
    }
}
