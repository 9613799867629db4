//! The limits on what a body grows to, and on what is between two codings.

use super::*;

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
