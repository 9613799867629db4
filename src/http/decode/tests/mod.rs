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

#[test]
fn a_bomb_is_refused_before_it_has_grown() {
    let zeros = vec![0; 8 * 1024 * 1024];
    let bomb = gzip(&zeros);
    for (value, body) in [
        ("gzip", bomb.clone()),
        ("zstd", zstd(&zeros)),
        // Within the ratio at each step, and far beyond it at both together.
        ("gzip, gzip", gzip(&bomb)),
        ("zstd, gzip", gzip(&zstd(&zeros))),
    ] {
        let source = SourceState::default();
        let limit = DecodedLimit::Ratio;
        let mut decoder = Decoder::new(codings(value), &body[..], &source, limit);
        let mut decoded = 0;
        let error = loop {
            match decoder.read(&mut [0; 16 * 1024]) {
                Ok(0) => panic!("{value}: the bomb was decoded"),
                Ok(count) => decoded += count,
                Err(error) => break decode_error(Err(error)),
            }
        };
        assert!(matches!(error, DecodeError::Bomb), "{value}: {error}");
        assert!(decoded <= 4 * 1024 * 1024, "{value}: {decoded}");
    }
}

#[test]
fn a_small_body_may_grow_by_any_ratio_and_a_limit_of_bytes_takes_the_place_of_the_ratio() {
    for (size, limit, is_taken) in [
        (4 * 1024 * 1024, DecodedLimit::Ratio, true),
        (4 * 1024 * 1024 + 1, DecodedLimit::Ratio, false),
        (6_000_000, DecodedLimit::Bytes(6_000_000), true),
        (6_000_001, DecodedLimit::Bytes(6_000_000), false),
    ] {
        let zeros = vec![0; size];
        for (value, body) in [
            ("gzip", gzip(&zeros)),
            ("zstd", zstd(&zeros)),
            ("gzip, zstd", zstd(&gzip(&zeros))),
        ] {
            let what = format!("{value}, {size} bytes, {limit:?}");
            let (read, _) = decode_within(value, &body[..], limit);
            assert_eq!(read.is_ok(), is_taken, "{what}: {:?}", read.err());
            let Err(error) = read else { continue };
            let is_told = match (limit, decode_error(Err(error))) {
                (DecodedLimit::Ratio, DecodeError::Bomb) => true,
                (DecodedLimit::Bytes(most), DecodeError::TooLarge(told)) => told == most,
                _ => false,
            };
            assert!(is_told, "{what}");
        }
    }
}

/// Gives this piece again and again, and fails the test if nobody ever has enough of it.
struct Endless {
    piece: Vec<u8>,
    at: usize,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.piece[self.at..];
        let count = rest.len().min(buffer.len());
        self.left = self.left.checked_sub(count).expect("it is read for ever");
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.piece.len();
        Ok(count)
    }
}

#[test]
fn what_is_between_two_codings_is_under_the_limits_though_it_decodes_to_nothing() {
    // The outer coding makes much of little, and the inner one nothing of it.
    let named = flate2::GzBuilder::new().filename("x".repeat(60_000));
    let level = flate2::Compression::best();
    let empty_member = named.write(Vec::new(), level).finish().unwrap();
    let empty_members = empty_member.repeat(50);
    let skippable = [
        &[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0x10, 0][..],
        &[0; 0x10_0000],
    ]
    .concat();
    for (value, piece) in [
        ("gzip, gzip", gzip(&empty_members)),
        ("gzip, zstd", zstd(&empty_members)),
        ("zstd, gzip", gzip(&skippable)),
        ("zstd, zstd", zstd(&skippable.repeat(4))),
    ] {
        for limit in [DecodedLimit::Ratio, DecodedLimit::Bytes(6_000_000)] {
            let endless = Endless {
                piece: piece.clone(),
                at: 0,
                left: 300_000,
            };
            let (read, sent) = decode_within(value, endless, limit);
            let error = decode_error(read);
            let is_told = matches!(error, DecodeError::Bomb | DecodeError::TooLarge(6_000_000));
            assert!(is_told, "{value} {limit:?}: {error}");
            assert!(sent < 200_000, "{value} {limit:?}: {sent}");
        }
    }
}

#[test]
fn codings_on_top_of_one_another_are_undone_to_the_last() {
    let plain = b"all work and no play ".repeat(10_000);
    for (value, body) in [
        ("gzip, gzip", gzip(&gzip(&plain))),
        ("gzip, zstd", zstd(&gzip(&plain))),
        ("zstd, gzip", gzip(&zstd(&plain))),
        (
            "gzip,zstd,gzip,zstd,gzip",
            gzip(&zstd(&gzip(&zstd(&gzip(&plain))))),
        ),
    ] {
        for tail in [&b""[..], b"\0\0\r\n"] {
            let body = [&body[..], tail].concat();
            let whole = decode_within(value, &body[..], DecodedLimit::Ratio);
            let bytewise = decode_within(value, Bytewise(&body), DecodedLimit::Ratio);
            for (read, sent) in [whole, bytewise] {
                assert!(read.unwrap() == plain, "{value} {tail:?}");
                assert_eq!(sent, body.len() as u64, "{value} {tail:?}");
            }
        }
    }
    // Padding belongs to the coding that it stands behind.
    let inner = [gzip(b"hello"), b"\0\n".to_vec()].concat();
    let (read, _) = decode_within("gzip, zstd", &zstd(&inner)[..], DecodedLimit::Ratio);
    assert_eq!(read.unwrap(), b"hello");
    // Nothing at all is no coding's body, and an empty one at each step.
    let (read, _) = decode_within("gzip, zstd", &zstd(b"")[..], DecodedLimit::Ratio);
    assert_eq!(read.unwrap(), b"");
}

#[test]
fn damage_below_another_coding_is_told_of_the_coding_that_it_is_in() {
    let mut damaged = gzip(b"hello hello hello");
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    let mut damaged_around_zstd = gzip(&zstd(b"hello"));
    let last = damaged_around_zstd.len() - 6;
    damaged_around_zstd[last] ^= 1;
    for (value, body, told) in [
        ("gzip, zstd", zstd(&damaged), "gzip"),
        ("gzip, zstd", zstd(&gzip(b"hello")[..10]), "gzip"),
        ("gzip, zstd", gzip(b"hello"), "zstd"),
        ("zstd, gzip", damaged_around_zstd, "gzip"),
        (
            "gzip, zstd",
            zstd(&[&gzip(b"hello")[..], b"Z"].concat()),
            "gzip",
        ),
        (
            "gzip, zstd",
            [&zstd(&gzip(b"hello"))[..], b"Z"].concat(),
            "zstd",
        ),
    ] {
        let (read, _) = decode_within(value, &body[..], DecodedLimit::Ratio);
        let error = decode_error(read);
        let is_told = matches!(&error, DecodeError::Invalid { coding, .. } if *coding == told);
        assert!(is_told, "{value}: {error}");
    }
}

#[test]
fn deflate_is_zlib_where_its_header_holds_and_raw_where_it_does_not() {
    // A stored block of raw deflate whose unused bits are set so that it begins as zlib does, by its low
    // four bits. Its second byte is a length, and makes no zlib header of it.
    let odd = [&[0x08, 5, 0, 0xfa, 0xff][..], b"hello", &[0x03, 0]].concat();
    assert_eq!(decode(Coding::Deflate, &odd).unwrap(), b"hello");
    // Each level of zlib has another second byte, and small windows another first.
    for level in 0..=9 {
        let level = flate2::Compression::new(level);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(b"hello").unwrap();
        let body = zlib.finish().unwrap();
        assert_eq!(
            decode(Coding::Deflate, &body).unwrap(),
            b"hello",
            "{level:?}"
        );
        let (read, _) = decode_within("deflate", Bytewise(&body), DecodedLimit::Ratio);
        assert_eq!(read.unwrap(), b"hello", "{level:?}");
        // A window of 256 bytes is enough for it.
        let mut small = body.clone();
        small[0] = 0x08;
        small[1] = (0..32).find(|check| (0x0800 + check) % 31 == 0).unwrap() as u8;
        assert_eq!(
            decode(Coding::Deflate, &small).unwrap(),
            b"hello",
            "{level:?}"
        );
        // The checksum at the end is held against the content.
        let mut damaged = body.clone();
        *damaged.last_mut().unwrap() ^= 1;
        decode(Coding::Deflate, &damaged).unwrap_err();
        // A preset dictionary that nobody has: the flag, and a header check that holds.
        let mut preset = body;
        preset[1] = 0x20;
        preset[1] += (31 - (0x7820_u16 % 31) as u8) % 31;
        decode(Coding::Deflate, &preset).unwrap_err();
    }
}

/// Bytes of these bits, the first of them the lowest of its byte (RFC 1951, 3.1.1).
fn from_bits(bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits.bytes().filter(u8::is_ascii_digit).collect();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit & 1);
    bits.chunks(8).map(byte).collect()
}

#[test]
fn deflate_never_copies_from_before_the_beginning() {
    // One last block of fixed codes: "h", three bytes from so far back, the end.
    let one_back = from_bits("1 10 10011000 0000001 00000 0000000");
    assert_eq!(decode(Coding::Deflate, &one_back).unwrap(), b"hhhh");
    for (what, bits) in [
        ("two back", "1 10 10011000 0000001 00001 0000000"),
        ("four back", "1 10 10011000 0000001 00011 0000000"),
        (
            "25 KiB back",
            "1 10 10011000 0000001 11101 0000000000000 0000000",
        ),
        ("one back, at the beginning", "1 10 0000001 00000 0000000"),
        ("the end of the window", "1 10 11000101 00000 0000000"),
        (
            "a code that there is none of",
            "1 10 10011000 0000001 11110 0000000",
        ),
    ] {
        let body = from_bits(bits);
        for read in [
            decode(Coding::Deflate, &body),
            decode_within("deflate", Bytewise(&body), DecodedLimit::Ratio).0,
            decode_within("deflate, zstd", &zstd(&body)[..], DecodedLimit::Ratio).0,
        ] {
            let error = decode_error(read);
            let is_told = matches!(error, DecodeError::Invalid { .. });
            assert!(is_told, "{what}: {error}");
        }
    }
}

#[test]
fn an_error_of_the_body_itself_passes_through_all_codings() {
    struct BrokenBody;
    impl Read for BrokenBody {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the line broke",
            ))
        }
    }
    let plain = b"all work and no play ".repeat(1000);
    for (value, whole) in [
        ("gzip", gzip(&plain)),
        ("zstd", zstd(&plain)),
        ("gzip, zstd", zstd(&gzip(&plain))),
        ("zstd, gzip, gzip", gzip(&gzip(&zstd(&plain)))),
    ] {
        for end in [0, 1, 20, whole.len()] {
            let body = io::Read::chain(&whole[..end], BrokenBody);
            let (read, _) = decode_within(value, body, DecodedLimit::Ratio);
            let error = read.expect_err(value);
            assert_eq!(error.to_string(), "the line broke", "{value}, {end} bytes");
        }
    }
}
