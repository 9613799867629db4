//! The packs of a run, and the records in them.

use std::fmt;
use std::io;

use crate::model::outcome::Outcome;
use crate::save::pack::{BodyMaker, Packs};

/// Encodes an outcome as the record of a member.
pub type RecordEncoder = Box<dyn Fn(&Outcome) -> io::Result<Vec<u8>> + Send>;

/// The packs of a run, and the records in them.
pub struct Packing {
    pub(super) packs: Packs,
    pub(super) encode: RecordEncoder,
}

impl Packing {
    /// Collects bodies in `packs`, each with the record that `encode` makes of its outcome.
    pub fn new(packs: Packs, encode: RecordEncoder) -> Self {
        Packing { packs, encode }
    }

    pub(super) fn body_maker(&self) -> BodyMaker {
        self.packs.body()
    }
}

impl fmt::Debug for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packing")
            .field("packs", &self.packs)
            .finish_non_exhaustive()
    }
}
