//! Codings on top of one another: all are undone, and errors are told of the coding that they are in.

use super::*;

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
