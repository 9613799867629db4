//! The names that are taken: no two files of a run get the same one, on any file system.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::file_name::{NameLimits, folded, numbered};
use crate::model::save_path::SavePath;

/// The names that were claimed so far.
///
/// Names are compared as the least discerning file system would, so `README` and `readme` are never both
/// given out. The same claims in the same order get the same names.
///
/// Only the hash of a path is kept, so that a name takes ten to twenty bytes however long it is. Two
/// paths with the same hash are taken for one (the odds are one in thirty million for a million names),
/// which only costs a number that was not needed.
#[derive(Debug, Default)]
pub struct NameRegistry {
    files: HashSet<u64, BuildIdentityHasher>,
    folders: HashSet<u64, BuildIdentityHasher>,
    /// The number to try next for files that were claimed more than once. No number is tried twice, so a
    /// million claims of one name take a million steps.
    next: HashMap<u64, u64, BuildIdentityHasher>,
    /// The number that a folder got whose path was a file's already.
    renumbered: HashMap<u64, u64, BuildIdentityHasher>,
    limits: NameLimits,
}

impl NameRegistry {
    /// A registry without names.
    pub fn new() -> Self {
        NameRegistry::default()
    }

    /// A registry without names, on a file system with these limits.
    pub(crate) fn within(limits: NameLimits) -> Self {
        NameRegistry {
            limits,
            ..NameRegistry::default()
        }
    }

    /// Claims a place that is not taken: `wanted`, or with -1, -2 … before its extension.
    ///
    /// Folders are shared. A path is never both a file's and a folder's: the later claim gets a
    /// number, in the folder's name if that is the one taken.
    ///
    /// ```
    /// use pfetch::model::save_path::SavePath;
    /// use pfetch::save::NameRegistry;
    ///
    /// let mut names = NameRegistry::new();
    /// let mut claim = |text| names.claim(SavePath::parse(text).unwrap()).to_string();
    /// assert_eq!(claim("a.tar.gz"), "a.tar.gz");
    /// assert_eq!(claim("A.tar.gz"), "A-1.tar.gz");
    /// assert_eq!(claim("a.tar.gz/b"), "a-2.tar.gz/b");
    /// ```
    pub fn claim(&mut self, wanted: SavePath) -> SavePath {
        self.claim_free(wanted, |_| false)
    }

    /// Claims a place as [`claim`](NameRegistry::claim) does, and skips those that `exists` returns true
    /// for. It has to return false at some time.
    pub fn claim_free(&mut self, wanted: SavePath, exists: impl Fn(&SavePath) -> bool) -> SavePath {
        let mut path = String::with_capacity(wanted.as_str().len());
        let mut hash = PathHash::default();
        for folder in wanted.folders() {
            let name = self.enter(&mut hash, folder);
            path.push_str(&name);
            path.push('/');
        }
        let base = hash.with(wanted.file_name()).id();
        let mut number = self.next.get(&base).copied().unwrap_or(0);
        loop {
            let name = numbered(wanted.file_name(), number, self.limits);
            let id = hash.with(&name).id();
            number += 1;
            if self.files.contains(&id) || self.folders.contains(&id) {
                continue;
            }
            let place = SavePath::from_safe(format!("{path}{name}"));
            if exists(&place) {
                continue;
            }
            self.files.insert(id);
            if number > 1 {
                self.next.insert(base, number);
            }
            return place;
        }
    }

    /// Claims a folder or shares it with earlier claims. Returns its name, and appends that to `path`.
    fn enter<'a>(&mut self, path: &mut PathHash, wanted: &'a str) -> Cow<'a, str> {
        let base = path.with(wanted).id();
        let mut number = self.renumbered.get(&base).copied().unwrap_or(0);
        loop {
            let name = numbered(wanted, number, self.limits);
            let entered = path.with(&name);
            if !self.files.contains(&entered.id()) {
                self.folders.insert(entered.id());
                if number > 0 {
                    self.renumbered.insert(base, number);
                }
                *path = entered;
                return name;
            }
            number += 1;
        }
    }
}

/// The running hash of a path, component by component. Its keys are fixed, so it is the same in every run.
#[derive(Debug, Clone, Default)]
struct PathHash(DefaultHasher);

impl PathHash {
    /// The hash of the path with one more component.
    fn with(&self, name: &str) -> PathHash {
        let mut longer = self.clone();
        longer.0.write(folded(name).as_bytes());
        longer.0.write_u8(b'/');
        longer
    }

    fn id(&self) -> u64 {
        self.0.finish()
    }
}

/// The hasher of keys that are hashes already.
type BuildIdentityHasher = BuildHasherDefault<IdentityHasher>;

#[derive(Debug, Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Not called for `u64` keys, but right for others too.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
