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
    totals: Buffered,
}

/// What a buffer holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Buffered {
    pub(super) count: u64,
    /// Outcomes of files that were kept without a request.
    pub(super) kept: u64,
    /// Body bytes.
    pub(super) bytes: u64,
}

impl Reorder {
    pub(super) fn new(is_enabled: bool) -> Self {
        Reorder {
            is_enabled,
            expected: VecDeque::new(),
            buffered: BTreeMap::new(),
            totals: Buffered::default(),
        }
    }

    /// Adds the index of an outcome that is to come, in the order of the input.
    pub(super) fn expect(&mut self, index: u64) {
        if self.is_enabled {
            self.expected.push_back(index);
        }
    }

    /// Returns true if outcomes are released in the order of the input.
    pub(super) fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Expects no outcome with this index any more.
    pub(super) fn forget(&mut self, index: u64) {
        if let Ok(place) = self.expected.binary_search(&index) {
            self.expected.remove(place);
        }
    }

    /// Buffers an outcome, or returns it at once if the buffer is disabled.
    pub(super) fn push(&mut self, ready: Ready) -> Option<Ready> {
        if !self.is_enabled {
            return Some(ready);
        }
        self.totals.count += 1;
        self.totals.kept += u64::from(ready.outcome.is_kept());
        self.totals.bytes += ready.outcome.bytes;
        self.buffered.insert(ready.outcome.index, ready);
        None
    }

    /// Takes the next outcome in order, if it is there.
    pub(super) fn pop(&mut self) -> Option<Ready> {
        let next = self.buffered.remove(self.expected.front()?)?;
        self.expected.pop_front();
        self.totals.count -= 1;
        self.totals.kept -= u64::from(next.outcome.is_kept());
        self.totals.bytes -= next.outcome.bytes;
        Some(next)
    }

    /// What is buffered.
    pub(super) fn buffered(&self) -> Buffered {
        self.totals
    }

    /// The number of expected outcomes that have not been released: this bounds the buffer.
    pub(super) fn unreleased(&self) -> u64 {
        self.expected.len() as u64
    }

    /// Takes all that is left, in order, with or without gaps.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Ready> + use<> {
        self.totals = Buffered::default();
        std::mem::take(&mut self.buffered).into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::target::Verb;

    fn ready(index: u64) -> Ready {
        Outcome::new(index, Arc::from("http://h/"), Verb::Get).into()
    }

    #[test]
    fn what_is_forgotten_holds_nothing_back() {
        let mut reorder = Reorder::new(true);
        for index in [0, 2, 5, 7] {
            reorder.expect(index);
        }
        for index in [2, 7] {
            assert!(reorder.push(ready(index)).is_none(), "{index}");
        }
        assert!(reorder.pop().is_none(), "0 is to come");
        reorder.forget(0);
        // It was never expected.
        reorder.forget(3);
        let next = |reorder: &mut Reorder| reorder.pop().map(|ready| ready.outcome.index);
        assert_eq!((next(&mut reorder), next(&mut reorder)), (Some(2), None));
        reorder.forget(5);
        assert_eq!((next(&mut reorder), reorder.unreleased()), (Some(7), 0));
    }
}
