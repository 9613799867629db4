//! The last bytes that are there, asked for once more: the proof that what follows belongs to them.

use super::Refused;

/// How many of them.
pub(super) const OVERLAP: u64 = 4096;

/// From where on bytes are asked for of which so many are there: the last ones once more.
pub(super) fn again_from(held: u64) -> u64 {
    held.saturating_sub(OVERLAP)
}

/// The bytes that are still to come again.
#[derive(Debug, Default)]
pub(super) struct Overlap(Vec<u8>);

impl Overlap {
    /// These are to come again.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Overlap(bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Compares what comes with what is to come again, and gives what is new of it.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub(super) fn pass<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Refused> {
        let (again, new) = bytes.split_at(self.len().min(bytes.len()));
        if !self.0.starts_with(again) {
            return Err(Refused::Changed);
        }
        self.0.drain(..again.len());
        Ok(new)
    }

    /// Everything has come.
    ///
    /// # Errors
    ///
    /// If not all that was to come again was in it.
    pub(super) fn end(&self) -> Result<(), Refused> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Refused::Changed)
        }
    }
}
