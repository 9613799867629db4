use std::io::Write;

use super::*;

fn headers(value: &str) -> impl Iterator<Item = &[u8]> {
    std::iter::once(value.as_bytes())
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn decode(coding: Coding, body: &[u8]) -> io::Result<Vec<u8>> {
    let source = SourceState::default();
    let mut plain = Vec::new();
    Decoder::new(coding, body, &source).read_to_end(&mut plain)?;
    Ok(plain)
}

#[test]
fn one_known_coding_is_decoded_and_others_are_named() {
    assert_eq!(coding(std::iter::empty()), Ok(None));
    assert_eq!(coding(headers("identity")), Ok(None));
    assert_eq!(coding(headers("GZip")), Ok(Some(Coding::Gzip)));
    assert_eq!(coding(headers("br")), Ok(Some(Coding::Brotli)));
    assert_eq!(coding(headers("gzip, gzip")), Err("gzip, gzip".to_owned()));
    assert_eq!(coding(headers("aws-chunked,gzip")), Ok(Some(Coding::Gzip)));
    assert_eq!(coding(headers("compress")), Err("compress".to_owned()));
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
    assert_eq!(decode(Coding::Brotli, &BROTLI).unwrap(), b"hello");
}

#[test]
fn a_name_that_is_no_coding_is_none() {
    for name in [
        "",
        "none",
        "None",
        "binary",
        "UTF-8",
        "aws-chunked",
        "text/html",
        "zip",
    ] {
        assert_eq!(coding(headers(name)), Ok(None), "{name:?}");
    }
    for name in ["compress", "x-compress", "DCB", "exi", "aes128gcm"] {
        assert_eq!(coding(headers(name)), Err(name.to_lowercase()), "{name}");
    }
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
    let zstd = ruzstd::encoding::compress_to_vec(
        &b"hello"[..],
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    vec![
        (Coding::Gzip, gzip(b"hello")),
        (Coding::Deflate, zlib.finish().unwrap()),
        (Coding::Deflate, bare.finish().unwrap()),
        (Coding::Brotli, BROTLI.to_vec()),
        (Coding::Zstd, zstd),
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
            let source = SourceState::default();
            let mut plain = Vec::new();
            let read = Decoder::new(coding, Bytewise(&padded), &source).read_to_end(&mut plain);
            assert_eq!(plain, b"hello", "{what}: {read:?}");
            assert_eq!(read.unwrap(), 5, "{what}");
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
            Coding::Zstd => ruzstd::encoding::compress_to_vec(
                &b""[..],
                ruzstd::encoding::CompressionLevel::Fastest,
            ),
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
    let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
    let source = SourceState::default();
    let mut decoder = Decoder::new(Coding::Gzip, &bomb[..], &source);
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
fn an_error_of_the_body_itself_passes_through() {
    struct BrokenBody;
    impl Read for BrokenBody {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the line broke",
            ))
        }
    }
    let whole = gzip(&b"all work and no play ".repeat(1000));
    let body = io::Read::chain(&whole[..20], BrokenBody);
    let source = SourceState::default();
    let mut plain = Vec::new();
    let error = Decoder::new(Coding::Gzip, body, &source)
        .read_to_end(&mut plain)
        .unwrap_err();
    assert_eq!(error.to_string(), "the line broke");
}
