//! The tests of decoding: what each coding makes of whole, cut, padded and damaged bodies.

mod deflate;
mod limits;
mod stacked;

use std::io::Write;

use super::coding::{Coding, ContentEncoding};
use super::*;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut encoded = vec![0; zstd_safe::compress_bound(plain.len())];
    let length = zstd_safe::compress(&mut encoded[..], plain, 3).unwrap();
    encoded.truncate(length);
    encoded
}

/// The codings that this `Content-Encoding` names.
fn codings(value: &str) -> Codings {
    let encoding = ContentEncoding::of([value.as_bytes()].into_iter());
    encoding.codings().unwrap().unwrap()
}

fn name(coding: Coding) -> &'static str {
    match coding {
        Coding::Gzip => "gzip",
        Coding::Deflate => "deflate",
        Coding::Brotli => "br",
        Coding::Zstd => "zstd",
    }
}

/// Decodes under this limit, and tells how many bytes of the body were read.
fn decode_within(value: &str, body: impl Read, limit: DecodedLimit) -> (io::Result<Vec<u8>>, u64) {
    let source = SourceState::default();
    let mut plain = Vec::new();
    let read = Decoder::new(codings(value), body, &source, limit).read_to_end(&mut plain);
    (read.map(|_| plain), source.encoded())
}

fn decode(coding: Coding, body: &[u8]) -> io::Result<Vec<u8>> {
    decode_within(name(coding), body, DecodedLimit::Ratio).0
}

/// The decoder's error, by its type.
fn decode_error(read: io::Result<Vec<u8>>) -> DecodeError {
    let error = read.expect_err("it is not to be decoded");
    let text = error.to_string();
    let inner = error.into_inner().and_then(|inner| inner.downcast().ok());
    *inner.unwrap_or_else(|| panic!("no error of the decoder: {text}"))
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

/// "hello" as the reference encoder writes it.
const BROTLI: [u8; 9] = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];

/// "hello" in each coding, in both forms of deflate.
fn hellos() -> Vec<(Coding, Vec<u8>)> {
    let level = flate2::Compression::default();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
    zlib.write_all(b"hello").unwrap();
    let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), level);
    bare.write_all(b"hello").unwrap();
    vec![
        (Coding::Gzip, gzip(b"hello")),
        (Coding::Deflate, zlib.finish().unwrap()),
        (Coding::Deflate, bare.finish().unwrap()),
        (Coding::Brotli, BROTLI.to_vec()),
        (Coding::Zstd, zstd(b"hello")),
    ]
}

#[test]
fn padding_behind_the_end_is_skipped_and_anything_else_is_an_error() {
    for (coding, body) in hellos() {
        for tail in ["", "\0", "\n", "\r\n", "\0\0\0\n", &"\0".repeat(100_000)] {
            let padded = [&body, tail.as_bytes()].concat();
            let what = format!("{coding:?} and {} bytes", tail.len());
            assert_eq!(decode(coding, &padded).unwrap(), b"hello", "{what}");
            // However the bytes come.
            let bytewise = Bytewise(&padded);
            let (read, count) = decode_within(name(coding), bytewise, DecodedLimit::Ratio);
            assert_eq!(read.unwrap(), b"hello", "{what}");
            assert_eq!(count, padded.len() as u64, "{what}");
        }
        for tail in [
            "Z", "\n\n", "\r\r\n", "\n\0", " ", "\0\0x", "\x1f", "(", "hello",
        ] {
            for count in [1, 30_000] {
                let more = [&body[..], &tail.as_bytes().repeat(count)].concat();
                let read = decode(coding, &more);
                let error = read.expect_err(&format!("{coding:?} and {tail:?}"));
                assert!(error.to_string().contains("not valid"), "{tail:?}: {error}");
            }
        }
    }
}

#[test]
fn members_and_frames_without_content_belong_to_the_body() {
    for (coding, body) in hellos() {
        let empty = match coding {
            Coding::Gzip => gzip(b""),
            Coding::Zstd => zstd(b""),
            _ => continue,
        };
        let whole = [&empty[..], &body, &empty, &empty, b"\0\0"].concat();
        assert_eq!(decode(coding, &whole).unwrap(), b"hello", "{coding:?}");
    }
}

#[test]
fn a_truncated_body_is_not_valid() {
    for (coding, body) in hellos() {
        for end in 1..body.len() {
            let read = decode(coding, &body[..end]);
            assert!(read.is_err(), "{coding:?}, {end} bytes: {read:?}");
        }
    }
}

/// A reader that gives one byte at a time.
struct Bytewise<'a>(&'a [u8]);

impl Read for Bytewise<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn an_empty_body_decodes_to_nothing() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
        assert_eq!(decode(coding, b"").unwrap(), b"", "{coding:?}");
    }
}

#[test]
fn garbage_and_truncation_are_reported_with_the_coding() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
        let error = decode(coding, b"<html>this is not what it says</html>").unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("the body is not valid "), "{message}");
    }
    let whole = gzip(&b"all work and no play ".repeat(1000));
    let error = decode(Coding::Gzip, &whole[..whole.len() - 9]).unwrap_err();
    assert!(error.to_string().contains("not valid gzip"), "{error}");
}
