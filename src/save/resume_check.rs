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
