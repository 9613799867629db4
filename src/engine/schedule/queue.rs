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
        if self.0.capacity() == 0 {
            // Most origins have one item at a time, and there may be very many.
            self.0.reserve_exact(1);
        }
        self.0.insert(place, (sequence, item));
    }

    pub(super) fn pop_first(&mut self) -> Option<(u64, T)> {
        self.0.pop_front()
    }

    pub(super) fn pop_last(&mut self) -> Option<(u64, T)> {
        self.0.pop_back()
    }

    /// Frees the memory of an empty queue.
    pub(super) fn release(&mut self) {
        if self.0.is_empty() {
            self.0 = VecDeque::new();
        }
    }

    /// Removes all items.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u64, T)> + use<T> {
        std::mem::take(&mut self.0).into_iter()
    }

    /// Removes the items that `is_removed` is true of.
    pub(super) fn remove(&mut self, is_removed: impl Fn(&T) -> bool) -> Vec<(u64, T)> {
        let all = std::mem::take(&mut self.0).into_iter();
        let (removed, kept): (VecDeque<_>, VecDeque<_>) =
            all.partition(|(_, item)| is_removed(item));
        self.0 = kept;
        Vec::from(removed)
    }

    /// The first item behind this one, or the first of all.
    pub(super) fn after(&self, sequence: Option<u64>) -> Option<(u64, &T)> {
        let (sequence, item) = self.0.get(self.place_after(sequence))?;
        Some((*sequence, item))
    }

    /// Takes the first item behind this one, or the first of all.
    pub(super) fn pop_after(&mut self, sequence: Option<u64>) -> Option<(u64, T)> {
        self.0.remove(self.place_after(sequence))
    }

    fn place_after(&self, sequence: Option<u64>) -> usize {
        let next = sequence.map(|last| self.0.partition_point(|(before, _)| *before <= last));
        next.filter(|next| *next < self.0.len()).unwrap_or(0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.0.front().map(|(sequence, _)| *sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_item_has_the_memory_of_one_which_is_freed_once_it_is_empty() {
        let mut queue = Queue::new();
        queue.push(7, [0_u8; 300]);
        assert_eq!(queue.0.capacity(), 1);
        queue.release();
        assert_eq!(queue.len(), 1, "items stay");
        queue.pop_first();
        assert_eq!(queue.0.capacity(), 1, "the next item comes soon");
        queue.release();
        assert_eq!(queue.0.capacity(), 0);
    }
}
