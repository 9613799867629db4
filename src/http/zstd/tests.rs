//! The tests of `zstd`.

use zstd_safe::{CCtx, CParameter, compress_bound};

use super::*;

/// A frame that states its size and its checksum.
fn frame(plain: &[u8]) -> Vec<u8> {
    let mut context = CCtx::create();
    context
        .set_parameter(CParameter::ChecksumFlag(true))
        .unwrap();
    let mut encoded = vec![0; compress_bound(plain.len())];
    let length = context.compress2(&mut encoded[..], plain).unwrap();
    encoded.truncate(length);
    encoded
}

fn decode(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    ZstdFrames::new(body)?.read_to_end(&mut plain)?;
    Ok(plain)
}

/// A skippable frame.
const SKIPPED: [u8; 10] = [0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7];

#[test]
fn frames_are_concatenated_and_skippable_ones_skipped() {
    let body = [
        &SKIPPED[..],
        &frame(b"one "),
        &frame(b""),
        &SKIPPED,
        &frame(&b"two ".repeat(100_000)),
        &SKIPPED,
    ]
    .concat();
    let plain = [&b"one "[..], &b"two ".repeat(100_000)].concat();
    assert_eq!(decode(&body).unwrap(), plain);
}

#[test]
fn a_frame_that_is_cut_off_or_damaged_is_an_error() {
    let two = [frame(b"one one one"), frame(b"two two two")].concat();
    for end in 1..two.len() {
        let whole = end == frame(b"one one one").len();
        assert_eq!(decode(&two[..end]).is_ok(), whole, "{end} bytes");
    }
    for end in 1..SKIPPED.len() {
        decode(&SKIPPED[..end]).unwrap_err();
    }
    // The last four bytes are the checksum.
    let mut damaged = frame(b"one one one");
    *damaged.last_mut().unwrap() ^= 1;
    let error = decode(&damaged).unwrap_err();
    let message = error.to_string();
    assert_eq!(message, "restored data doesn't match checksum");
}

/// A frame of this descriptor and rest of the header, with one raw block of `plain` and no checksum.
fn stating(descriptor: u8, rest: &[u8], plain: &[u8]) -> Vec<u8> {
    let block = u32::try_from(plain.len()).unwrap() << 3 | 1;
    let head = [0x28, 0xb5, 0x2f, 0xfd, descriptor];
    [&head, rest, &block.to_le_bytes()[..3], plain].concat()
}

#[test]
fn a_frame_has_the_size_that_it_states_or_is_damaged() {
    let long = vec![b'x'; 300];
    // A size field of one byte, of two (from 256 on), four and eight; the last three with a window.
    let right = [
        stating(0x20, &[5], b"hello"),
        stating(0x20, &[0], b""),
        stating(0x40, &[0x48, 44, 0], &long),
        stating(0x80, &[0x48, 5, 0, 0, 0], b"hello"),
        stating(0x80, &[0x48, 0, 0, 0, 0], b""),
        stating(0xc0, &[0x48, 5, 0, 0, 0, 0, 0, 0, 0], b"hello"),
        // None at all.
        stating(0x00, &[0x48], b"hello"),
    ];
    for frame in &right {
        let plain = decode(frame);
        assert!(plain.is_ok(), "{frame:?}: {plain:?}");
    }
    let wrong = [
        stating(0x20, &[4], b"hello"),
        stating(0x20, &[6], b"hello"),
        stating(0x20, &[0], b"h"),
        stating(0x20, &[1], b""),
        stating(0x40, &[0x48, 43, 0], &long),
        stating(0x40, &[0x48, 45, 0], &long),
        stating(0x40, &[0x48, 0, 0], b"hello"),
        stating(0x80, &[0x48, 0, 0, 0, 0], b"hello"),
        stating(0x80, &[0x48, 6, 0, 0, 0], b"hello"),
        stating(0xc0, &[0x48, 5, 0, 0, 0, 0, 0, 0, 1], b"hello"),
    ];
    for frame in &wrong {
        for body in [frame.clone(), [frame.clone(), right[0].clone()].concat()] {
            let read = decode(&body);
            let error = read.expect_err(&format!("{frame:?}"));
            let message = error.to_string();
            let is_told =
                message == "data corruption detected" || message.contains("than it states");
            assert!(is_told, "{frame:?}: {message}");
        }
    }
}

#[test]
fn content_beyond_the_stated_size_is_not_passed_on() {
    let mut plain = Vec::new();
    let frame = stating(0x80, &[0x48, 4, 0, 0, 0], b"hello");
    ZstdFrames::new(&frame[..])
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap_err();
    assert_eq!(plain, b"");
}

#[test]
fn a_window_beyond_what_http_allows_is_refused() {
    // By their window descriptors: 8 MiB, an eighth more, the largest there is. And one segment of
    // 8 MiB and a byte, which is its own window.
    decode(&stating(0x00, &[13 << 3], b"hello")).unwrap();
    for frame in [
        stating(0x00, &[13 << 3 | 1], b"hello"),
        stating(0x00, &[0xff], b"hello"),
        stating(0xa0, &[1, 0, 0x80, 0], b"hello"),
    ] {
        let error = decode(&frame).unwrap_err().to_string();
        assert!(
            error.contains("a window of more than 8 MiB"),
            "{frame:?}: {error}"
        );
    }
}
