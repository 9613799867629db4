//! Names of cases that occur several times in a suite. Readers of the format take a name for the case itself, and
//! merge two of the same: the second and later ones get a number.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::iter::Peekable;

use crate::report::external_sort::{ExternalSort, SortedRecords};

/// A name in place of the text, while the suite is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameHash(pub(super) u64);

impl NameHash {
    /// The hash of a name. Two names with the same one would cost one of them a needless number.
    pub(super) fn of(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        NameHash(hasher.finish())
    }
}

/// The names of all cases of a suite, each with the index of its target and its place in the suite.
#[derive(Debug)]
pub(super) struct CaseNames {
    sort: ExternalSort<3>,
    count: u64,
}

impl CaseNames {
    pub(super) fn new() -> Self {
        CaseNames {
            sort: ExternalSort::new(),
            count: 0,
        }
    }

    /// Adds the name of the next case.
    pub(super) fn add(&mut self, NameHash(name): NameHash, index: u64) -> io::Result<()> {
        let place = self.count;
        self.count += 1;
        self.sort.push([name, index, place])
    }

    /// Finds the names that occur again. They are counted in the order of the input, so that a case has the same name
    /// in each run.
    pub(super) fn repeated(self) -> io::Result<RepeatedNames> {
        let mut repeated = ExternalSort::new();
        let mut last = None;
        let mut number = 0;
        for record in self.sort.sorted()? {
            let [name, _, place] = record?;
            number = if last == Some(name) { number + 1 } else { 1 };
            last = Some(name);
            if number > 1 {
                repeated.push([place, number])?;
            }
        }
        Ok(RepeatedNames {
            numbers: repeated.sorted()?.peekable(),
            place: 0,
        })
    }
}

/// The numbers of the cases whose name an earlier target has, for a walk over the cases of the suite.
#[derive(Debug)]
pub(super) struct RepeatedNames {
    numbers: Peekable<SortedRecords<2>>,
    /// The place of the next case.
    place: u64,
}

impl RepeatedNames {
    /// The end of the next case's name: empty, or the number of the case among those of the same name.
    pub(super) fn next_suffix(&mut self) -> io::Result<String> {
        let place = self.place;
        self.place += 1;
        let is_this =
            |record: &io::Result<[u64; 2]>| !matches!(record, Ok([other, _]) if *other != place);
        match self.numbers.next_if(is_this) {
            Some(record) => record.map(|[_, number]| suffix(number)),
            None => Ok(String::new()),
        }
    }
}

/// The end of the name of the n-th case with the same one.
pub(super) fn suffix(n: u64) -> String {
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
        let mut turned = names;
        for _ in 0..names.len() {
            turned.rotate_left(1);
            let mut names = CaseNames::new();
            for (name, index) in turned {
                names
                    .add(NameHash::of(name), index)
                    .expect("memory suffices");
            }
            let mut repeated = names.repeated().expect("memory suffices");
            let mut suffixes = turned.map(|(_, index)| {
                let suffix = repeated.next_suffix().expect("memory suffices");
                (index, suffix)
            });
            suffixes.sort();
            let suffixes = suffixes.each_ref().map(|(_, suffix)| suffix.as_str());
            assert_eq!(suffixes, ["", "", "", " (2)", " (3)", " (2)"], "{turned:?}");
        }
    }
}
