//! The names that files of earlier runs hold.

use crate::save::xattr::UrlDigest;

/// The number of absent names in a row after which a scan ends: files may have been deleted between others.
const MOST_ABSENT: u64 = 16;

/// The holder of a name in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameHolder {
    /// Nothing has the name.
    Nobody,
    /// A file without a record has it.
    Unknown,
    /// A file whose record names this URL has it.
    Url(UrlDigest),
}

/// The numbers of one name that are held, and the URLs that hold them: 32 bytes for each.
#[derive(Debug, Default)]
pub(super) struct HeldNames {
    /// In order.
    numbers: Vec<u64>,
    /// In order.
    by_url: Vec<(UrlDigest, u64)>,
}

impl HeldNames {
    /// Looks at number after number. `holder` returns `None` for those that are of no interest.
    pub(super) fn scan(holder: impl Fn(u64) -> Option<NameHolder>) -> Self {
        let mut held = HeldNames::default();
        let mut absent = 0;
        let mut number = 0;
        while absent < MOST_ABSENT {
            match holder(number) {
                None => {}
                Some(NameHolder::Nobody) => absent += 1,
                Some(NameHolder::Unknown) => absent = 0,
                Some(NameHolder::Url(url)) => {
                    absent = 0;
                    held.numbers.push(number);
                    held.by_url.push((url, number));
                }
            }
            number += 1;
        }
        held.by_url.sort_unstable();
        held
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    /// The first number that this URL holds and that is not taken. They are taken in order, as a URL that the
    /// list has twice holds several.
    pub(super) fn first_of(&self, url: UrlDigest, is_taken: impl Fn(u64) -> bool) -> Option<u64> {
        let first = self.by_url.partition_point(|(other, number)| {
            *other < url || (*other == url && is_taken(*number))
        });
        let (found, number) = self.by_url.get(first)?;
        (*found == url).then_some(*number)
    }
}
