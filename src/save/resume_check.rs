//! The check of a resumed body: when a part is continued, its last 4 KiB are fetched again and compared.
//! This proves that the rest is of the same version, which validators alone do not: servers get them
//! wrong.

use super::BodyError;
use super::version::ContentRange;

/// The number of bytes that are fetched again.
pub(super) const OVERLAP: u64 = 4096;

/// The first position to request in order to continue a part of `length` bytes.
pub(super) fn resume_position(length: u64) -> u64 {
    length.saturating_sub(OVERLAP)
}

/// Returns true if a range of a body of this length, as far as that is known, continues the `held` bytes: it
/// covers the overlap, and brings more, unless the body has no more.
///
/// It may begin before the position that was requested, and end before the end of the body.
pub(super) fn is_continued(held: u64, range: ContentRange, length: Option<u64>) -> bool {
    let is_all = length == Some(held) && range.end() == held;
    range.first <= resume_position(held) && (range.end() > held || is_all)
}

/// The bytes of the part that have not been received again yet.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    /// The bytes before those that are compared.
    skipped: u64,
    expected: Vec<u8>,
}

impl Overlap {
    /// Expects `skipped` bytes, which are not compared, and then these, which are the end of the part.
    pub(super) fn new(skipped: u64, tail: Vec<u8>) -> Self {
        Overlap {
            skipped,
            expected: tail,
        }
    }

    /// The number of bytes that are still expected.
    pub(super) fn len(&self) -> usize {
        let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX);
        skipped.saturating_add(self.expected.len())
    }

    /// Compares received bytes with the expected ones and returns those after them.
    ///
    /// # Errors
    ///
    /// [`BodyError::Changed`] if they differ.
    pub(super) fn check<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], BodyError> {
        let skipped = usize::try_from(self.skipped).map_or(bytes.len(), |all| all.min(bytes.len()));
        self.skipped -= skipped as u64;
        let bytes = &bytes[skipped..];
        let (again, new) = bytes.split_at(self.expected.len().min(bytes.len()));
        if !self.expected.starts_with(again) {
            return Err(BodyError::Changed);
        }
        self.expected.drain(..again.len());
        Ok(new)
    }

    /// Checks at the end of the body that all expected bytes were received.
    ///
    /// # Errors
    ///
    /// [`BodyError::Changed`] if some were not.
    pub(super) fn finish(&self) -> Result<(), BodyError> {
        if self.len() == 0 {
            Ok(())
        } else {
            Err(BodyError::Changed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_continues_what_it_overlaps_and_goes_beyond() {
        const HELD: u64 = 100_000;
        const FROM: u64 = HELD - OVERLAP;
        for (first, last, length, expected) in [
            (FROM, 299_999, Some(300_000), true),
            (FROM, 299_999, None, true),
            // It ends early, by as much as that one byte is new.
            (FROM, HELD, Some(300_000), true),
            (FROM, HELD - 1, Some(300_000), false),
            (FROM, HELD - 1, None, false),
            // It begins early.
            (FROM - 1, 299_999, Some(300_000), true),
            (0, HELD, None, true),
            (0, FROM - 1, None, false),
            // It begins late.
            (FROM + 1, 299_999, Some(300_000), false),
            // There is no more.
            (FROM, HELD - 1, Some(HELD), true),
            (FROM, HELD - 2, Some(HELD), false),
            (0, u64::MAX, None, true),
        ] {
            let range = ContentRange {
                first,
                last,
                length,
            };
            assert_eq!(is_continued(HELD, range, length), expected, "{range:?}");
        }
        let range = |first, last| ContentRange {
            first,
            last,
            length: None,
        };
        assert!(is_continued(1, range(0, 1), None), "less than the overlap");
        assert!(!is_continued(1, range(1, 2), None), "less than the overlap");
    }

    #[test]
    fn bytes_before_the_overlap_are_skipped_and_those_of_the_overlap_are_compared() {
        for piece in [1, 2, 3, 10] {
            let mut overlap = Overlap::new(3, b"abc".to_vec());
            assert_eq!(overlap.len(), 6);
            let mut new: Vec<u8> = Vec::new();
            for piece in b"xyzabcdef".chunks(piece) {
                new.extend(overlap.check(piece).expect("the same bytes"));
            }
            assert_eq!(new, b"def", "pieces of {piece} bytes");
            assert!(overlap.finish().is_ok());
            let mut overlap = Overlap::new(3, b"abc".to_vec());
            let mut all = b"abcabXdef".chunks(piece);
            let is_seen = all.any(|piece| overlap.check(piece).is_err());
            assert!(is_seen, "pieces of {piece} bytes");
        }
        let mut overlap = Overlap::new(3, b"abc".to_vec());
        assert!(overlap.check(b"xy").is_ok_and(<[u8]>::is_empty));
        assert!(overlap.finish().is_err());
    }

    #[test]
    fn a_part_is_continued_from_its_last_4_kib() {
        for (length, position) in [
            (0, 0),
            (OVERLAP - 1, 0),
            (OVERLAP, 0),
            (OVERLAP + 1, 1),
            (u64::MAX, u64::MAX - OVERLAP),
        ] {
            assert_eq!(resume_position(length), position, "{length}");
        }
    }

    #[test]
    fn what_is_received_again_must_be_the_end_of_the_part_and_all_of_it() {
        let whole = b"tailnew";
        for size in 1..=whole.len() {
            let mut overlap = Overlap::new(0, b"tail".to_vec());
            let mut new = Vec::new();
            for (number, piece) in whole.chunks(size).enumerate() {
                let came = (number * size).min(4);
                assert_eq!(overlap.len(), 4 - came, "in pieces of {size}");
                let is_whole = overlap.finish().is_ok();
                assert_eq!(is_whole, came == 4, "{came} bytes, in pieces of {size}");
                let rest = overlap.check(piece).expect("the same bytes");
                new.extend_from_slice(rest);
            }
            assert_eq!(new, b"new", "in pieces of {size}");
            assert!(overlap.finish().is_ok(), "in pieces of {size}");
        }
        for pieces in [
            &[&b"tale"[..]][..],
            &[b"ta", b"al"],
            &[b"new"],
            &[b"tai", b"k"],
        ] {
            let mut overlap = Overlap::new(0, b"tail".to_vec());
            let checks = pieces.iter().map(|piece| overlap.check(piece).map(|_| ()));
            let last = checks.last().expect("there are pieces");
            let is_told = matches!(last, Err(BodyError::Changed));
            assert!(is_told, "{pieces:?}: {last:?}");
            let end = overlap.finish();
            assert!(
                matches!(end, Err(BodyError::Changed)),
                "{pieces:?}: {end:?}"
            );
        }
    }
}
