//! Outcomes in the order of the input.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::http::AwaitingName;
use crate::model::outcome::Outcome;
use crate::model::target::Target;

/// Something that has its place in the input: an outcome, and what belongs to it.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) outcome: Outcome,
    /// Its file, complete, if that still has to be named, and the target that it is of.
    pub(super) unnamed: Option<(AwaitingName, Arc<Target>)>,
}

impl From<Outcome> for Ready {
    fn from(outcome: Outcome) -> Self {
        Ready {
            outcome,
            unnamed: None,
        }
    }
}

/// Holds outcomes back until those before them have been told; or, switched off, nothing.
#[derive(Debug)]
pub(super) struct Reorder {
    is_on: bool,
    next: u64,
    /// `None` for what is passed over.
    held: BTreeMap<u64, Option<Ready>>,
}

impl Reorder {
    pub(super) fn new(is_on: bool) -> Self {
        Reorder {
            is_on,
            next: 0,
            held: BTreeMap::new(),
        }
    }

    /// Gives it back if it need not wait, and keeps it otherwise.
    pub(super) fn pass(&mut self, ready: Ready) -> Option<Ready> {
        if !self.is_on {
            return Some(ready);
        }
        self.held.insert(ready.outcome.index, Some(ready));
        None
    }

    /// Nothing will be told of the target with this index.
    pub(super) fn pass_over(&mut self, index: u64) {
        if self.is_on {
            self.held.insert(index, None);
        }
    }

    /// The next in order, if it is there.
    pub(super) fn take_next(&mut self) -> Option<Ready> {
        loop {
            let next = self.held.remove(&self.next)?;
            self.next += 1;
            if next.is_some() {
                return next;
            }
        }
    }

    /// How many of the first `read` outcomes have not been let through.
    pub(super) fn held_back_from(&self, read: u64) -> u64 {
        if self.is_on { read - self.next } else { 0 }
    }

    /// What is left, in order, gaps or not.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Ready> + use<> {
        std::mem::take(&mut self.held).into_values().flatten()
    }
}
