use super::*;

fn framing(
    version: &str,
    status: u16,
    lines: &[&str],
    is_head: bool,
) -> Result<Framing, FramingError> {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let text = format!("{version} {status}\r\n{lines}\r\n");
    let mut head = ResponseHead::default();
    head.parse(text.as_bytes())
        .expect("a head that can be read");
    Framing::of(&head, is_head)
}

fn length(lines: &[&str]) -> Result<BodyLength, FramingError> {
    framing("HTTP/1.1", 200, lines, false).map(|framing| framing.length)
}

#[test]
fn the_end_of_a_body_is_chunked_or_stated_or_that_of_the_connection() {
    use BodyLength::{Chunked, Known, UntilClose};
    for (lines, expected) in [
        (&["Content-Length: 5"][..], Known(5)),
        (&["Content-Length: 0"], Known(0)),
        (&["Content-Length: 005"], Known(5)),
        (&["Content-Length: 5, 5"], Known(5)),
        (&["Content-Length: 5", "content-length: 5"], Known(5)),
        (&["Content-Length: 18446744073709551615"], Known(u64::MAX)),
        (&[], UntilClose),
        (&["Transfer-Encoding: identity"], UntilClose),
        (
            &["Transfer-Encoding: identity", "Content-Length: 5"],
            Known(5),
        ),
        (&["Transfer-Encoding:"], UntilClose),
        (&["Transfer-Encoding: , ,"], UntilClose),
        (&["Transfer-Encoding: chunked"], Chunked),
        (&["Transfer-Encoding: ,CHUNKED\t, "], Chunked),
        (&["Transfer-Encoding: chunked, chunked"], Chunked),
        (
            &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
            Chunked,
        ),
        (
            &["Transfer-Encoding: chunked", "Content-Length: 5"],
            Chunked,
        ),
        // Chunks delimit the body, whatever else is wrong about its length.
        (
            &["Transfer-Encoding: chunked", "Content-Length: x"],
            Chunked,
        ),
        (&["Transfer-Encoding:", " chunked"], Chunked),
    ] {
        assert_eq!(length(lines), Ok(expected), "{lines:?}");
    }
}

#[test]
fn a_body_whose_end_cannot_be_told_is_refused() {
    for codings in [
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "xchunked",
        "chunkedx",
        "chunked;q=1",
        "\"chunked\"",
        "chunked chunked",
        "identity, chunked",
        "chünked",
    ] {
        let line = format!("Transfer-Encoding: {codings}");
        for lines in [&[&line[..]][..], &[&line[..], "Content-Length: 5"]] {
            let result = length(lines);
            let is_refused = matches!(result, Err(FramingError::TransferCoding(_)));
            assert!(is_refused, "{lines:?}: {result:?}");
        }
    }
    let folded = length(&["Transfer-Encoding: gzip,", " chunked"]);
    assert!(
        matches!(folded, Err(FramingError::TransferCoding(_))),
        "{folded:?}"
    );
    for value in [
        "+5", "-5", "5 5", "0x5", "5.0", "", " ", "5,", ",5", "five", "5;", "٥",
    ] {
        let result = length(&[&format!("Content-Length: {value}")]);
        assert!(
            matches!(result, Err(FramingError::BadLength(_))),
            "{value:?}: {result:?}"
        );
    }
    let huge = length(&["Content-Length: 18446744073709551616"]);
    assert!(matches!(huge, Err(FramingError::HugeLength(_))), "{huge:?}");
    for lines in [
        &["Content-Length: 5, 6"][..],
        &["Content-Length: 5", "Content-Length: 6"],
    ] {
        assert_eq!(length(lines), Err(FramingError::Lengths(5, 6)), "{lines:?}");
    }
    let long = length(&[&format!("Transfer-Encoding: {}", "x".repeat(5_000))]);
    let message = long.unwrap_err().to_string();
    assert!(message.len() < 300, "{message}");
}

#[test]
fn a_connection_is_kept_only_if_both_sides_agree_about_the_end() {
    let five = "Content-Length: 5";
    for (version, lines, is_kept) in [
        ("HTTP/1.1", &[five][..], true),
        ("HTTP/1.1", &[five, "Connection: close"], false),
        ("HTTP/1.1", &[five, "Connection: keep-alive, Close"], false),
        ("HTTP/1.1", &[five, "Connection: upgrade"], true),
        ("HTTP/1.0", &[five], false),
        ("HTTP/1.0", &[five, "Connection: Keep-Alive"], true),
        ("HTTP/1.0", &[five, "Connection: keep-alive, close"], false),
        ("HTTP/1.1", &["Transfer-Encoding: chunked"], true),
        ("HTTP/1.1", &["Transfer-Encoding: chunked", five], false),
        (
            "HTTP/1.1",
            &["Transfer-Encoding: chunked", "Content-Length: x"],
            false,
        ),
        (
            "HTTP/1.0",
            &["Transfer-Encoding: chunked", "Connection: keep-alive"],
            false,
        ),
        ("HTTP/1.1", &[], false),
        ("HTTP/1.0", &["Connection: keep-alive"], false),
    ] {
        let framing = framing(version, 200, lines, false).unwrap();
        assert_eq!(framing.is_persistent, is_kept, "{version} {lines:?}");
    }
}

#[test]
fn some_responses_have_no_body_and_a_204_that_announces_one_loses_its_connection() {
    let cases: [(u16, bool, &[&str], bool); 9] = [
        (200, true, &["Content-Length: 5"], true),
        (200, true, &["Transfer-Encoding: chunked"], true),
        (200, true, &["Transfer-Encoding: gzip"], true),
        (200, true, &[], true),
        (304, false, &["Content-Length: 5"], true),
        (204, false, &[], true),
        (204, false, &["Content-Length: 0"], true),
        (204, false, &["Content-Length: 5"], false),
        (204, false, &["Transfer-Encoding: chunked"], false),
    ];
    for (status, is_head, lines, is_persistent) in cases {
        let expected = Framing {
            length: BodyLength::None,
            is_persistent,
            needs_check: true,
        };
        let found = framing("HTTP/1.1", status, lines, is_head);
        assert_eq!(found, Ok(expected), "{status} {is_head} {lines:?}");
    }
}

/// Takes the input in pieces of this size. Returns the body, the bytes that were used, and the progress.
fn take(
    length: BodyLength,
    input: &[u8],
    piece: usize,
) -> Result<(Vec<u8>, usize, BodyFraming), FramingError> {
    let mut progress = BodyFraming::new(length);
    let (mut body, mut used) = (Vec::new(), 0);
    for piece in input.chunks(piece) {
        let mut piece = piece.to_vec();
        let taken = progress.take(&mut piece)?;
        body.extend_from_slice(&piece[..taken.body]);
        used += taken.used;
    }
    Ok((body, used, progress))
}

#[test]
fn chunks_are_undone_in_pieces_of_any_size() {
    for (input, expected, over) in [
        ("5\r\nhello\r\n0\r\n\r\n", "hello", true),
        ("5\nhello\n0\n\n", "hello", true),
        ("5 \t\r\nhello\r\n0  \r\n\r\n", "hello", true),
        ("5;a=b;c=\"\r\";d\r\nhello\r\n0;x\r\n\r\n", "hello", true),
        ("2\r\nhe\r\n3\r\nllo\r\n000\r\n\r\n", "hello", true),
        ("00000000000000000005\r\nhello\r\n0\r\n\r\n", "hello", true),
        (
            "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
            "01234567890123456789",
            true,
        ),
        ("0\r\nTrailer: x\r\nY: z\r\n\r\n", "", true),
        ("0\nTrailer: x\r\r\n\n", "", true),
        ("0\r\n\r\n", "", true),
        ("5\r\nhello\r\n0\r\n", "hello", false),
        ("5\r\nhello\r\n0\r\nTrailer: x\r\n", "hello", false),
    ] {
        for piece in 1..=input.len() {
            let (body, used, progress) =
                take(BodyLength::Chunked, input.as_bytes(), piece).unwrap();
            let shown = format!("{input:?} in pieces of {piece}");
            assert_eq!(String::from_utf8(body).unwrap(), expected, "{shown}");
            assert_eq!(used, input.len(), "{shown}");
            assert!(progress.is_complete(), "{shown}: {progress:?}");
            assert_eq!(progress.is_over(), over, "{shown}: {progress:?}");
        }
    }
}

#[test]
fn bytes_behind_a_body_are_not_its_own() {
    for (length, input, used) in [
        (BodyLength::Chunked, "1\r\nx\r\n0\r\n\r\nHTTP/1.1", 11),
        (BodyLength::Known(3), "abcHTTP/1.1", 3),
        (BodyLength::Known(0), "HTTP/1.1", 0),
        (BodyLength::None, "HTTP/1.1", 0),
    ] {
        for piece in 1..=input.len() {
            let (_, taken, progress) = take(length, input.as_bytes(), piece).unwrap();
            assert_eq!(taken, used, "{length:?} in pieces of {piece}");
            assert!(progress.is_over(), "{length:?}: {progress:?}");
        }
    }
    let (body, used, progress) = take(BodyLength::UntilClose, b"abc", 2).unwrap();
    assert_eq!((&body[..], used), (&b"abc"[..], 3));
    assert!(!progress.is_complete() && progress.ends_with_connection());
}

#[test]
fn what_is_left_is_known_of_a_stated_length_and_of_nothing() {
    for (length, stated, left, left_behind_2) in [
        (BodyLength::None, None, Some(0), Some(0)),
        (BodyLength::Known(0), Some(0), Some(0), Some(0)),
        (BodyLength::Known(5), Some(5), Some(5), Some(3)),
        (BodyLength::Known(1), Some(1), Some(1), Some(0)),
        (BodyLength::Chunked, None, None, None),
        (BodyLength::UntilClose, None, None, None),
    ] {
        assert_eq!(length.stated(), stated, "{length:?}");
        let mut taken = BodyFraming::new(length);
        assert_eq!(taken.left(), left, "{length:?}");
        let ends_with_connection = length == BodyLength::UntilClose;
        assert_eq!(
            taken.ends_with_connection(),
            ends_with_connection,
            "{length:?}"
        );
        taken.take(&mut b"5\r".to_owned()).unwrap();
        assert_eq!(taken.left(), left_behind_2, "{length:?}: {taken:?}");
        let mut skipped = BodyFraming::new(length);
        skipped.skip(2);
        assert_eq!(skipped.left(), left_behind_2, "{length:?}: {skipped:?}");
    }
}

#[test]
fn chunks_that_cannot_be_right_fail_at_once() {
    use FramingError::{ChunkEnd, ChunkSize, HugeChunk};
    for (input, error) in [
        ("x", ChunkSize),
        ("+5\r\n", ChunkSize),
        (" 5\r\n", ChunkSize),
        ("-1\r\n", ChunkSize),
        ("\r\n", ChunkSize),
        (";a\r\n", ChunkSize),
        ("0x5\r\n", ChunkSize),
        ("5g\r\n", ChunkSize),
        ("5 5\r\n", ChunkSize),
        ("5\rx", ChunkSize),
        ("5\r\r\n", ChunkSize),
        ("\u{a0}5\r\n", ChunkSize),
        ("10000000000000000\r\n", HugeChunk),
        ("5\r\nhellox", ChunkEnd),
        ("5\r\nhello\rx", ChunkEnd),
        ("5\r\nhello0\r\n\r\n", ChunkEnd),
    ] {
        for piece in 1..=input.len() {
            let failed = take(BodyLength::Chunked, input.as_bytes(), piece);
            let failed = failed.map(|(body, ..)| body);
            assert_eq!(failed, Err(error.clone()), "{input:?} in pieces of {piece}");
        }
    }
}

#[test]
fn a_chunk_may_be_as_large_as_64_bits_say() {
    let (body, _, progress) = take(BodyLength::Chunked, b"ffffffffFFFFFFFF\r\nx", 4).unwrap();
    assert_eq!(body, b"x");
    assert_eq!(progress.state, BodyState::Chunk(u64::MAX - 1));
}

#[test]
fn framing_is_bounded_by_the_body_that_it_brings() {
    for endless in [
        format!("5;{}", "x".repeat(70_000)),
        format!("0\r\n{}", "A: b\r\n".repeat(20_000)),
        "0".repeat(70_000),
    ] {
        let result = take(BodyLength::Chunked, endless.as_bytes(), 4_096);
        assert_eq!(result.map(|(body, ..)| body), Err(FramingError::Overhead));
    }
    // To the byte: what stands beside the body is its sizes, line ends, and the trailer.
    let most = usize::try_from(MIN_OVERHEAD).unwrap();
    for (start, beside, most) in [
        ("0\r\n", 3, most),
        ("5\r\nhello\r\n0\r\n", 8, most + 5 * 16),
    ] {
        for (more, expected) in [(0, Ok(())), (1, Err(FramingError::Overhead))] {
            let input = format!("{start}{}", "x".repeat(most - beside + more));
            let result = take(BodyLength::Chunked, input.as_bytes(), 4_096);
            assert_eq!(result.map(|_| ()), expected, "{start:?}, {more} more");
        }
    }
    // Chunks of one byte are slow, not endless.
    let small = "1\r\nx\r\n".repeat(100_000);
    let (body, ..) = take(BodyLength::Chunked, small.as_bytes(), 4_096).unwrap();
    assert_eq!(body.len(), 100_000);
}
