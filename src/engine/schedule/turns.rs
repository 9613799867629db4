//! The turns of origins with items that may start: retries go before items that have not begun.
//!
//! A retry has waited for its delay already, and its place in the list says nothing of that: behind a long list of
//! another host it would wait for all of it. Retries go in the order in which they became due, so that an origin with
//! many holds up no other; and so many in a row at most, so that items begin where most of a list fails.

use std::collections::BTreeMap;
use std::time::Instant;

/// The most retries in a row while an item that has not begun could start. By default a target has fewer, so that
/// no more of them come than can be made.
const MOST_IN_A_ROW: u32 = 3;

/// The turns of an origin: that of its next retry, by the moment from which that waits, and of its next item that has
/// not begun, each with its sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turns {
    again: Option<(Instant, u64)>,
    first: Option<u64>,
}

impl Turns {
    /// The turns of an origin with these items; `None` if it has none.
    pub(super) fn new(again: Option<(Instant, u64)>, first: Option<u64>) -> Option<Self> {
        (again.is_some() || first.is_some()).then_some(Turns { again, first })
    }
}

/// Origins with an item that may start, by their ids, in the order of their turns.
#[derive(Debug)]
pub(super) struct TurnQueue<I> {
    again: BTreeMap<(Instant, u64), I>,
    first: BTreeMap<u64, I>,
    /// Retries since an item last began.
    in_a_row: u32,
}

impl<I: Copy> TurnQueue<I> {
    pub(super) fn new() -> Self {
        TurnQueue {
            again: BTreeMap::new(),
            first: BTreeMap::new(),
            in_a_row: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.again.is_empty() && self.first.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.again.clear();
        self.first.clear();
    }

    pub(super) fn add(&mut self, turns: Turns, origin: I) {
        self.again.extend(turns.again.map(|turn| (turn, origin)));
        self.first.extend(turns.first.map(|turn| (turn, origin)));
    }

    pub(super) fn remove(&mut self, turns: Turns) {
        if let Some(turn) = turns.again {
            self.again.remove(&turn);
        }
        if let Some(turn) = turns.first {
            self.first.remove(&turn);
        }
    }

    /// The origin whose turn it is, and whether it is that of a retry.
    pub(super) fn next(&self) -> Option<(I, bool)> {
        let again = self.again.first_key_value().map(|(_, id)| (*id, true));
        let first = self.first.first_key_value().map(|(_, id)| (*id, false));
        match self.in_a_row < MOST_IN_A_ROW {
            true => again.or(first),
            false => first.or(again),
        }
    }

    /// Notes a start.
    pub(super) fn start(&mut self, is_again: bool) {
        self.in_a_row = match is_again {
            true => self.in_a_row.saturating_add(1),
            false => 0,
        };
    }
}
