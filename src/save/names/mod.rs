//! Which names are taken: no two files of a run get the same one, on any file system.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::file_name::{folded, numbered};
use crate::model::save_path::SavePath;

/// The places that were claimed so far.
///
/// Names are compared as the most careless file system would, so `README` and `readme` are never
/// both given out. The same claims in the same order get the same places.
///
/// Of a path only a hash is kept, so that a name takes ten to twenty bytes however long it is. Two
/// paths that happen to have the same hash are taken for one (the odds are one in thirty million for
/// a million names), and all that comes of it is a number that was not needed.
#[derive(Debug, Default)]
pub struct Names {
    files: HashSet<u64, AsItIs>,
    folders: HashSet<u64, AsItIs>,
    /// For files that were wanted more than once: the number to try next. No number is tried twice,
    /// so a million of one name take a million steps.
    next: HashMap<u64, u64, AsItIs>,
    /// For folders whose path was a file's already: the number they got instead.
    instead: HashMap<u64, u64, AsItIs>,
}

impl Names {
    /// Nothing is claimed yet.
    pub fn new() -> Self {
        Names::default()
    }

    /// Claims a place that nobody else has: `wanted`, or with -1, -2 … before its extension.
    ///
    /// Folders are shared. A path is never both a file's and a folder's: the later claim gets a
    /// number, in the folder's name if that is what it is about.
    ///
    /// ```
    /// use pfetch::model::save_path::SavePath;
    /// use pfetch::save::Names;
    ///
    /// let mut names = Names::new();
    /// let mut claim = |text| names.claim(SavePath::parse(text).unwrap()).to_string();
    /// assert_eq!(claim("a.tar.gz"), "a.tar.gz");
    /// assert_eq!(claim("A.tar.gz"), "A-1.tar.gz");
    /// assert_eq!(claim("a.tar.gz/b"), "a-2.tar.gz/b");
    /// ```
    pub fn claim(&mut self, wanted: SavePath) -> SavePath {
        self.claim_free(wanted, |_| false)
    }

    /// The same, but also passing over what `is_there` says exists already. Sooner or later it has to
    /// say no.
    pub fn claim_free(
        &mut self,
        wanted: SavePath,
        is_there: impl Fn(&SavePath) -> bool,
    ) -> SavePath {
        let mut path = String::with_capacity(wanted.as_str().len());
        let mut trail = Trail::default();
        for folder in wanted.folders() {
            let name = self.enter(&mut trail, folder);
            path.push_str(&name);
            path.push('/');
        }
        let base = trail.with(wanted.file_name()).id();
        let mut number = self.next.get(&base).copied().unwrap_or(0);
        loop {
            let name = numbered(wanted.file_name(), number);
            let id = trail.with(&name).id();
            number += 1;
            if self.files.contains(&id) || self.folders.contains(&id) {
                continue;
            }
            let place = SavePath::from_safe(format!("{path}{name}"));
            if is_there(&place) {
                continue;
            }
            self.files.insert(id);
            if number > 1 {
                self.next.insert(base, number);
            }
            return place;
        }
    }

    /// Claims a folder, or shares it with whoever did. Gives its name, and leaves `trail` in it.
    fn enter<'a>(&mut self, trail: &mut Trail, wanted: &'a str) -> Cow<'a, str> {
        let base = trail.with(wanted).id();
        let mut number = self.instead.get(&base).copied().unwrap_or(0);
        loop {
            let name = numbered(wanted, number);
            let entered = trail.with(&name);
            if !self.files.contains(&entered.id()) {
                self.folders.insert(entered.id());
                if number > 0 {
                    self.instead.insert(base, number);
                }
                *trail = entered;
                return name;
            }
            number += 1;
        }
    }
}

/// The hash of a path, component by component. It is the same in every run: its keys are fixed.
#[derive(Debug, Clone, Default)]
struct Trail(DefaultHasher);

impl Trail {
    /// The path with one more component.
    fn with(&self, name: &str) -> Trail {
        let mut longer = self.clone();
        longer.0.write(folded(name).as_bytes());
        longer.0.write_u8(b'/');
        longer
    }

    fn id(&self) -> u64 {
        self.0.finish()
    }
}

/// The hasher of what is a hash already.
type AsItIs = BuildHasherDefault<Identity>;

#[derive(Debug, Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        // Not used for keys that are a `u64`, and right for others all the same.
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
