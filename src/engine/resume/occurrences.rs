//! The lines of a run log about targets that are done, by the keys of the targets. A list may have one request several
//! times; such targets are as good as one another, so it is their number that counts.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

/// The bit of a position that marks a line which a target has taken.
const TAKEN: u64 = 1 << 63;

/// Lines by the keys of their targets: 16 bytes for each key, and 8 more for each further line of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Occurrences {
    /// The position of the first line of each key.
    first: HashMap<u64, u64, BuildHasherDefault<DigestHasher>>,
    /// Those of further lines that no target has taken.
    further: HashMap<u64, VecDeque<u64>, BuildHasherDefault<DigestHasher>>,
    /// The number of further lines.
    further_count: usize,
}

/// A line that may be taken: its place among those of its key, and its position.
pub(super) type Candidate = (usize, u64);

impl Occurrences {
    /// Adds a line.
    pub(super) fn add(&mut self, key: u64, position: u64) {
        match self.first.entry(key) {
            Entry::Vacant(none) => {
                none.insert(position);
            }
            Entry::Occupied(_) => {
                self.further.entry(key).or_default().push_back(position);
                self.further_count += 1;
            }
        }
    }

    /// Puts a line in the place of all earlier ones of its key.
    pub(super) fn replace(&mut self, key: u64, position: u64) {
        self.remove(key);
        self.first.insert(key, position);
    }

    /// Removes the lines of this key if they are before `limit`.
    pub(super) fn remove_before(&mut self, key: u64, limit: u64) {
        if self.first.get(&key).is_some_and(|first| *first < limit) {
            self.remove(key);
        }
    }

    /// Removes the lines of this key.
    pub(super) fn remove(&mut self, key: u64) {
        self.first.remove(&key);
        // Few keys have several lines.
        if self.further_count > 0
            && let Some(further) = self.further.remove(&key)
        {
            self.further_count -= further.len();
        }
    }

    /// The position of the first line of this key, taken or not.
    pub(super) fn first(&self, key: u64) -> Option<u64> {
        self.first.get(&key).map(|position| position & !TAKEN)
    }

    /// The lines of this key that no target has taken, in the order of the log.
    pub(super) fn candidates(&self, key: u64) -> impl Iterator<Item = Candidate> {
        let first = self.first.get(&key).copied();
        let first = first.filter(|position| position & TAKEN == 0);
        let further = self.further.get(&key).into_iter().flatten().copied();
        first
            .map(|position| (0, position))
            .into_iter()
            .chain((1..).zip(further))
    }

    /// Takes a line that is among the [candidates](Occurrences::candidates).
    pub(super) fn take(&mut self, key: u64, (place, _): Candidate) {
        match place.checked_sub(1) {
            None => {
                if let Some(position) = self.first.get_mut(&key) {
                    *position |= TAKEN;
                }
            }
            Some(place) => {
                if let Some(further) = self.further.get_mut(&key) {
                    further.remove(place);
                }
            }
        }
    }

    /// The number of all lines.
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.further_count
    }
}

/// The hasher of keys that are digests: their own bits are as good as any hash of them.
#[derive(Debug, Clone, Copy, Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(lines: &Occurrences, key: u64) -> Vec<u64> {
        let candidates = lines.candidates(key);
        candidates.map(|(_, position)| position).collect()
    }

    #[test]
    fn each_line_is_taken_once_and_in_any_order() {
        let mut lines = Occurrences::default();
        for position in [0, 10, 20, 30] {
            lines.add(7, position);
        }
        lines.add(8, 15);
        assert_eq!(positions(&lines, 7), [0, 10, 20, 30]);
        let second = lines.candidates(7).nth(1).expect("there are four");
        lines.take(7, second);
        assert_eq!(positions(&lines, 7), [0, 20, 30]);
        for left in [&[20, 30][..], &[30], &[]] {
            let next = lines.candidates(7).next().expect("one is left");
            lines.take(7, next);
            assert_eq!(positions(&lines, 7), left);
        }
        assert_eq!(positions(&lines, 8), [15]);
        assert_eq!((lines.len(), lines.first(7)), (5, Some(0)));
    }

    #[test]
    fn lines_that_are_removed_or_replaced_are_gone_with_those_behind_them() {
        let mut lines = Occurrences::default();
        for position in [10, 20] {
            lines.add(7, position);
        }
        lines.remove_before(7, 10);
        assert_eq!((positions(&lines, 7).len(), lines.len()), (2, 2));
        lines.remove_before(7, 11);
        assert_eq!((positions(&lines, 7).len(), lines.len()), (0, 0));
        lines.add(7, 30);
        lines.add(7, 40);
        lines.replace(7, 50);
        assert_eq!((positions(&lines, 7), lines.len()), (vec![50], 1));
    }
}
