//! Outcomes in the order of the input.

use std::collections::BTreeMap;

use crate::outcome::Outcome;

/// Holds outcomes back until those before them have been told; or, switched off, nothing.
#[derive(Debug)]
pub(super) struct Reorder {
    is_on: bool,
    next: u64,
    held: BTreeMap<u64, Outcome>,
}

impl Reorder {
    pub(super) fn new(is_on: bool) -> Self {
        Reorder {
            is_on,
            next: 0,
            held: BTreeMap::new(),
        }
    }

    /// Gives the outcome back if it need not wait, and keeps it otherwise.
    pub(super) fn pass(&mut self, outcome: Outcome) -> Option<Outcome> {
        if !self.is_on {
            return Some(outcome);
        }
        self.held.insert(outcome.index, outcome);
        None
    }

    /// The next outcome in order, if it is there.
    pub(super) fn take_next(&mut self) -> Option<Outcome> {
        let outcome = self.held.remove(&self.next)?;
        self.next += 1;
        Some(outcome)
    }

    /// How many of the first `read` outcomes have not been let through.
    pub(super) fn held_back_from(&self, read: u64) -> u64 {
        if self.is_on { read - self.next } else { 0 }
    }

    /// What is left, in order, gaps or not.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Outcome> + use<> {
        std::mem::take(&mut self.held).into_values()
    }
}
