//! The two forms of deflate, bit by bit.

use super::*;

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
