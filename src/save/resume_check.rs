//! The check of a resumed body: when a part is continued, its last 4 KiB are fetched again and compared.
//! This proves that the rest is of the same version, which validators alone do not: servers get them
//! wrong.

use super::BodyError;

/// The number of bytes that are fetched again.
pub(super) const OVERLAP: u64 = 4096;

/// The first position to request in order to continue a part of `length` bytes.
pub(super) fn resume_position(length: u64) -> u64 {
    length.saturating_sub(OVERLAP)
}

/// The bytes of the part that have not been received again yet.
#[derive(Debug, Default)]
pub(super) struct Overlap(Vec<u8>);

impl Overlap {
    /// Expects these bytes, which are the end of the part.
    pub(super) fn new(tail: Vec<u8>) -> Self {
        Overlap(tail)
    }

    /// The number of bytes that are still expected.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Compares received bytes with the expected ones and returns those after them.
    ///
    /// # Errors
    ///
    /// [`BodyError::Changed`] if they differ.
    pub(super) fn check<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], BodyError> {
        let (again, new) = bytes.split_at(self.len().min(bytes.len()));
        if !self.0.starts_with(again) {
            return Err(BodyError::Changed);
        }
        self.0.drain(..again.len());
        Ok(new)
    }

    /// Checks at the end of the body that all expected bytes were received.
    ///
    /// # Errors
    ///
    /// [`BodyError::Changed`] if some were not.
    pub(super) fn finish(&self) -> Result<(), BodyError> {
        if self.0.is_empty() {
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
            let mut overlap = Overlap::new(b"tail".to_vec());
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
            let mut overlap = Overlap::new(b"tail".to_vec());
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
