//! The names that are taken: no two files of a run get the same one, on any file system, and a file of an
//! earlier run keeps its own.

mod held;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::xattr::UrlDigest;
use crate::model::file_name::{NameLimits, folded, numbered};
use crate::model::save_path::SavePath;
use held::HeldNames;
pub use held::NameHolder;

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
    /// The claims of a name so far, by the name, where that cannot be told from the name being taken.
    claims: HashMap<u64, u64, BuildIdentityHasher>,
    /// The number that a folder got whose path was a file's already.
    renumbered: HashMap<u64, u64, BuildIdentityHasher>,
    /// The numbers of names that files of earlier runs hold, by the name that they are numbers of: only where
    /// that was not to be had.
    held: HashMap<u64, HeldNames, BuildIdentityHasher>,
    limits: NameLimits,
}

/// A place that was claimed for the file of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedPlace {
    /// The place.
    pub place: SavePath,
    /// True if the file of another URL holds the name that was wanted, and this URL's has none yet.
    pub is_displaced: bool,
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
        let names = self.enter_folders(&wanted);
        self.claim_next(&names, |number| !exists(&names.place(number)))
    }

    /// Claims a place for the file of `url` as [`claim`](NameRegistry::claim) does, but leaves a name that the
    /// file of another URL holds to that URL: the file of this one gets the name that it has already, or
    /// else the next number that nobody holds. So a list can grow at its top, and files keep their names.
    ///
    /// The number that is wanted is that of the claim: a URL that the list has several times has as many files,
    /// each with its own number, whichever of them are there already. So runs that fetch parts of one list, or
    /// go on with it, give them the same names.
    ///
    /// `holder` finds the holder of a place in the folder, given the number in its name too. It is only asked
    /// about places that were not claimed, so what the run itself saves makes no difference.
    pub fn claim_for(
        &mut self,
        wanted: SavePath,
        url: &str,
        holder: impl Fn(&SavePath, u64) -> NameHolder,
    ) -> ClaimedPlace {
        let names = self.enter_folders(&wanted);
        let plain = names.id(0);
        let claims = self.claims.get(&plain).copied();
        let wanted_number = claims.unwrap_or(u64::from(self.is_taken(plain)));
        let wanted_id = names.id(wanted_number);
        let found =
            (!self.is_taken(wanted_id)).then(|| holder(&names.place(wanted_number), wanted_number));
        let is_own = matches!(found, Some(NameHolder::Url(by)) if by == UrlDigest::of(url));
        let is_left = !is_own && matches!(found, Some(NameHolder::Url(_)));
        if wanted_number > 0 || is_left {
            self.claims.insert(plain, wanted_number + 1);
        }
        let is_free = matches!(found, Some(NameHolder::Nobody | NameHolder::Unknown));
        // Of several files of its own, a URL gets the first that is left.
        if is_free || (is_own && wanted_number == 0) {
            self.files.insert(wanted_id);
            return ClaimedPlace {
                place: names.place(wanted_number),
                is_displaced: false,
            };
        }
        let held = match self.held.remove(&plain) {
            Some(held) => held,
            None => HeldNames::scan(|number| {
                let is_claimed = self.is_taken(names.id(number));
                (!is_claimed).then(|| holder(&names.place(number), number))
            }),
        };
        let own = held.first_of(UrlDigest::of(url), |number| self.is_taken(names.id(number)));
        let own = own.or(is_own.then_some(wanted_number));
        let claimed = match own {
            Some(number) => {
                self.files.insert(names.id(number));
                ClaimedPlace {
                    place: names.place(number),
                    is_displaced: false,
                }
            }
            None => ClaimedPlace {
                place: self.claim_next(&names, |number| !held.contains(number)),
                // Or its number has gone to a URL that was displaced itself.
                is_displaced: is_left || (found.is_none() && !held.is_empty()),
            },
        };
        self.held.insert(plain, held);
        claimed
    }

    fn is_taken(&self, id: u64) -> bool {
        self.files.contains(&id) || self.folders.contains(&id)
    }

    /// Claims the place with the next number that is not taken and that `may_take` returns true for.
    fn claim_next(
        &mut self,
        names: &NumberedNames<'_>,
        may_take: impl Fn(u64) -> bool,
    ) -> SavePath {
        let base = names.id(0);
        let mut number = self.next.get(&base).copied().unwrap_or(0);
        loop {
            let id = names.id(number);
            number += 1;
            if self.is_taken(id) || !may_take(number - 1) {
                continue;
            }
            self.files.insert(id);
            if number > 1 {
                self.next.insert(base, number);
            }
            return names.place(number - 1);
        }
    }

    /// Claims the folders of a place, or shares them with earlier claims.
    fn enter_folders<'a>(&mut self, wanted: &'a SavePath) -> NumberedNames<'a> {
        let mut path = String::with_capacity(wanted.as_str().len());
        let mut hash = PathHash::default();
        for folder in wanted.folders() {
            let name = self.enter(&mut hash, folder);
            path.push_str(&name);
            path.push('/');
        }
        NumberedNames {
            path,
            hash,
            file_name: wanted.file_name(),
            limits: self.limits,
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

/// The names that one file may get in its folder: the one that is wanted, and that with a number.
struct NumberedNames<'a> {
    /// The folder's path with a slash at its end, or nothing.
    path: String,
    /// The hash of the folder's path.
    hash: PathHash,
    file_name: &'a str,
    limits: NameLimits,
}

impl NumberedNames<'_> {
    fn place(&self, number: u64) -> SavePath {
        let name = numbered(self.file_name, number, self.limits);
        SavePath::from_safe(format!("{}{name}", self.path))
    }

    fn id(&self, number: u64) -> u64 {
        self.hash
            .with(&numbered(self.file_name, number, self.limits))
            .id()
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
