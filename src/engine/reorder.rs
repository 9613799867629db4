//! The reorder buffer: releases outcomes in the order of the input.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::http::UnplacedBody;
use crate::model::outcome::Outcome;
use crate::model::target::Target;

/// A final outcome that has not been emitted yet.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) outcome: Outcome,
    /// Its complete body, if that gets its place when the outcome is emitted, with the target.
    pub(super) unplaced: Option<(Box<UnplacedBody>, Arc<Target>)>,
}

impl From<Outcome> for Ready {
    fn from(outcome: Outcome) -> Self {
        Ready {
            outcome,
            unplaced: None,
        }
    }
}

/// Buffers outcomes until all before them are released. Disabled, it buffers nothing.
#[derive(Debug)]
pub(super) struct Reorder {
    is_enabled: bool,
    /// The indexes of the outcomes to release, in order: those of other shards are not among them.
    expected: VecDeque<u64>,
    /// By index.
    buffered: BTreeMap<u64, Ready>,
    /// The body bytes of what is buffered.
    bytes: u64,
}

impl Reorder {
    pub(super) fn new(is_enabled: bool) -> Self {
        Reorder {
            is_enabled,
            expected: VecDeque::new(),
            buffered: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Adds the index of an outcome that is to come, in the order of the input.
    pub(super) fn expect(&mut self, index: u64) {
        if self.is_enabled {
            self.expected.push_back(index);
        }
    }

    /// Buffers an outcome, or returns it at once if the buffer is disabled.
    pub(super) fn push(&mut self, ready: Ready) -> Option<Ready> {
        if !self.is_enabled {
            return Some(ready);
        }
        self.bytes += ready.outcome.bytes;
        self.buffered.insert(ready.outcome.index, ready);
        None
    }

    /// Takes the next outcome in order, if it is there.
    pub(super) fn pop(&mut self) -> Option<Ready> {
        let next = self.buffered.remove(self.expected.front()?)?;
        self.expected.pop_front();
        self.bytes -= next.outcome.bytes;
        Some(next)
    }

    /// The number of buffered outcomes, and their body bytes.
    pub(super) fn buffered(&self) -> (u64, u64) {
        (self.buffered.len() as u64, self.bytes)
    }

    /// The number of expected outcomes that have not been released: this bounds the buffer.
    pub(super) fn unreleased(&self) -> u64 {
        self.expected.len() as u64
    }

    /// Takes all that is left, in order, with or without gaps.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Ready> + use<> {
        self.bytes = 0;
        std::mem::take(&mut self.buffered).into_values()
    }
}
