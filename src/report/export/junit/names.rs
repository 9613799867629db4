//! Names of cases that occur several times in a suite. Readers of the format take a name for the case itself, and
//! merge two of the same: the second and later ones get a number.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A name in place of the text: 16 bytes for a URL with its index, while the suite is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameHash(pub(super) u64);

impl NameHash {
    /// The hash of a name. Two names with the same one would cost one of them a needless number.
    pub(super) fn of(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        NameHash(hasher.finish())
    }
}

/// The numbers of the cases whose name an earlier target has, by index.
#[derive(Debug, Default)]
pub(super) struct RepeatedNames(HashMap<u64, usize>);

impl RepeatedNames {
    /// Finds them among all names, given with their indices. They are counted in the order of the input, so that a
    /// case has the same name in each run.
    pub(super) fn find(mut names: Vec<(NameHash, u64)>) -> Self {
        names.sort_unstable();
        let same = names.chunk_by(|(one, _), (other, _)| one == other);
        let repeated = same.flat_map(|same| same.iter().enumerate().skip(1));
        RepeatedNames(
            repeated
                .map(|(before, (_, index))| (*index, before + 1))
                .collect(),
        )
    }

    /// The end of a case's name: empty, or the number of the case among those of the same name.
    pub(super) fn suffix(&self, index: u64) -> String {
        self.0.get(&index).map_or(String::new(), |n| suffix(*n))
    }
}

/// The end of the name of the n-th case with the same one.
pub(super) fn suffix(n: usize) -> String {
    match n {
        ..=1 => String::new(),
        n => format!(" ({n})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_are_numbered_in_the_order_of_the_input_however_they_come() {
        let names = [("a", 7), ("b", 3), ("a", 2), ("a", 5), ("c", 0), ("b", 9)];
        let hashed = |(name, index): (&str, u64)| (NameHash::of(name), index);
        let mut turned = names;
        for _ in 0..names.len() {
            turned.rotate_left(1);
            let repeated = RepeatedNames::find(turned.map(hashed).to_vec());
            let suffixes = [0, 2, 3, 5, 7, 9].map(|index| repeated.suffix(index));
            assert_eq!(suffixes, ["", "", "", " (2)", " (3)", " (2)"], "{turned:?}");
        }
    }
}
