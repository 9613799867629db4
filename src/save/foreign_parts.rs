//! Files with the names of parts that are not pfetch's: of curl or wget, or a copy that has lost its mark. They are left
//! alone, which is told once a run.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::model::file_name::stable_hash;

/// The files of a run that have the names of parts, and are not pfetch's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignParts {
    /// Their number, at least 1.
    pub count: u64,
    /// The path of the first one in the order of the alphabet, escaped.
    pub first: String,
}

impl fmt::Display for ForeignParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ForeignParts { count, first } = self;
        match count {
            1 => write!(
                f,
                "{first} was left alone, and not continued: it is not pfetch's"
            ),
            _ => write!(
                f,
                "{count} files such as {first} were left alone, and not continued: they are not pfetch's"
            ),
        }?;
        f.write_str(", but another program's, or a copy; what nobody needs may be deleted")
    }
}

/// The foreign parts that workers have met so far. Each is counted once, however often its target is tried: a hash is
/// kept for each of them, which is little beside the file that it is of.
#[derive(Debug, Default)]
pub(super) struct ForeignPartsMet(Mutex<Met>);

#[derive(Debug, Default)]
struct Met {
    hashes: HashSet<u64>,
    first: Option<String>,
}

impl ForeignPartsMet {
    /// Adds the one with this path, which is escaped.
    pub(super) fn add(&self, shown: String) {
        // Neither of the two steps leaves half of it, so a poisoned lock is still consistent.
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.hashes.insert(stable_hash(&shown));
        if met.first.as_ref().is_none_or(|first| shown < *first) {
            met.first = Some(shown);
        }
    }

    /// All that were met so far.
    pub(super) fn take(&self) -> Option<ForeignParts> {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let met = std::mem::take(&mut *met);
        let count = u64::try_from(met.hashes.len()).unwrap_or(u64::MAX);
        met.first.map(|first| ForeignParts { count, first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_foreign_part_counts_once_and_the_first_by_name_is_told() {
        let met = ForeignPartsMet::default();
        assert_eq!(met.take(), None);
        for name in ["b.part", "a.part", "b.part", "c.part", "a.part"] {
            met.add(name.to_owned());
        }
        let told = met.take().expect("some were met");
        assert_eq!((told.count, told.first.as_str()), (3, "a.part"));
        assert!(
            told.to_string()
                .starts_with("3 files such as a.part were left alone"),
            "{told}"
        );
        met.add("b.part".to_owned());
        let told = met.take().expect("one was met");
        assert!(
            told.to_string().starts_with("b.part was left alone"),
            "{told}"
        );
    }
}
