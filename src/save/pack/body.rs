//! Bodies on their way into a pack.

use crate::save::error::BodyError;
use crate::save::spill::{MemoryBudget, SpillBuffer, spill_error};
use crate::save::version::Version;

/// The body of one attempt. It continues none: a later attempt begins another.
#[derive(Debug)]
pub struct PackBody {
    bytes: SpillBuffer,
    /// The length that the response states.
    stated: Option<u64>,
    is_complete: bool,
}

/// A complete body, ready to be appended to a pack.
#[derive(Debug)]
pub struct PackMember {
    pub(super) body: SpillBuffer,
}

impl PackBody {
    pub(super) fn new(budget: &MemoryBudget) -> Self {
        PackBody {
            bytes: SpillBuffer::new(budget),
            stated: None,
            is_complete: false,
        }
    }

    /// Begins to receive a whole body of this version.
    pub fn start(&mut self, version: &Version) {
        self.discard();
        self.stated = version.length;
    }

    /// Drops what has been received.
    pub fn discard(&mut self) {
        self.bytes.clear();
        self.is_complete = false;
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// If they cannot be kept.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        self.bytes.write(bytes).map_err(|error| spill_error(&error))
    }

    /// Takes the last bytes, and checks the length.
    ///
    /// # Errors
    ///
    /// If they cannot be kept, or the body has another length than stated.
    pub fn complete(&mut self, last: &[u8]) -> Result<(), BodyError> {
        self.write(last)?;
        let received = self.bytes.len();
        if let Some(stated) = self.stated.filter(|stated| *stated != received) {
            return Err(BodyError::LengthMismatch { received, stated });
        }
        self.is_complete = true;
        Ok(())
    }

    /// The member that the body becomes; `None` if it is not complete.
    pub fn into_member(self) -> Option<PackMember> {
        self.is_complete.then_some(PackMember { body: self.bytes })
    }
}
