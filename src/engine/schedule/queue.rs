//! The items of an origin that wait.

use std::collections::VecDeque;

/// Items with their sequence numbers, in the order of these.
#[derive(Debug)]
pub(super) struct Queue<T>(VecDeque<(u64, T)>);

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Queue(VecDeque::new())
    }

    pub(super) fn push(&mut self, sequence: u64, item: T) {
        let place = match self.0.back() {
            Some((last, _)) if *last > sequence => {
                self.0.partition_point(|(before, _)| *before < sequence)
            }
            _ => self.0.len(),
        };
        self.0.insert(place, (sequence, item));
    }

    pub(super) fn pop_first(&mut self) -> Option<(u64, T)> {
        self.0.pop_front()
    }

    pub(super) fn pop_last(&mut self) -> Option<(u64, T)> {
        self.0.pop_back()
    }

    /// Removes all items.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u64, T)> + use<T> {
        std::mem::take(&mut self.0).into_iter()
    }

    /// Takes the first item behind this one, or the first of all.
    pub(super) fn pop_after(&mut self, sequence: u64) -> Option<(u64, T)> {
        let next = self.0.partition_point(|(before, _)| *before <= sequence);
        match next < self.0.len() {
            true => self.0.remove(next),
            false => self.0.pop_front(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.0.front().map(|(sequence, _)| *sequence)
    }
}
