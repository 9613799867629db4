//! The results that count, of targets that several runs with one run log have reported.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::model::outcome::Verdict;

/// Place of a result among those of its target: the later, the larger. 0 stands for none.
pub(super) type Rank = u32;

/// The most indices for each result of a list that are held in a table: beyond it, a map takes less memory.
const SPARSE: u64 = 4;

/// The results of one list, by the runs that share its log.
///
/// Targets are told apart by their index, and by a hash of the URL that is keyed at random: URLs with one hash and
/// one index, which a log of two lists may have, would be taken for one.
#[derive(Debug, Default)]
pub(super) struct Latest {
    /// The first target of each index, 24 bytes each.
    by_index: Vec<(u64, Reported)>,
    /// Further targets of an index, and those of a list with few results for its indices, as a shard has: 33 bytes
    /// each, in a map that is half empty at times.
    others: HashMap<(u64, u64), Reported>,
    hasher: RandomState,
}

/// The latest results of a target, by what they say.
#[derive(Debug, Clone, Copy, Default)]
struct Reported {
    /// A result of a run that tried the target.
    tried: Rank,
    /// One of a run that left it out, because the log had it as done.
    done: Rank,
    /// One of a run that was stopped before it came to it.
    skipped: Rank,
    /// True if `tried` is a success.
    is_success: bool,
    /// True once the result that counts has been taken.
    is_taken: bool,
}

impl Reported {
    /// The rank of the result that counts.
    fn winner(&self) -> Rank {
        if self.tried == 0 {
            return if self.done == 0 {
                self.skipped
            } else {
                self.done
            };
        }
        // After a failure that was the last try, a run that is not here must have fetched it.
        match !self.is_success && self.done > self.tried {
            true => self.done,
            false => self.tried,
        }
    }

    /// True if nothing has been noted.
    fn is_empty(&self) -> bool {
        (self.tried, self.done, self.skipped) == (0, 0, 0)
    }

    fn of(&mut self, verdict: Verdict) -> &mut Rank {
        match verdict {
            Verdict::Ok | Verdict::Unchanged | Verdict::Failed => &mut self.tried,
            Verdict::Done => &mut self.done,
            Verdict::Skipped => &mut self.skipped,
        }
    }
}

impl Latest {
    /// Prepares for a list with so many indices and results.
    pub(super) fn new(indices: u64, results: u64) -> Self {
        let length = usize::try_from(indices).unwrap_or(usize::MAX);
        let by_index = match indices <= results.saturating_mul(SPARSE) {
            true => vec![Default::default(); length],
            false => Vec::new(),
        };
        Latest {
            by_index,
            ..Latest::default()
        }
    }

    /// The place of a target in the table; `None` if it is in the map.
    fn place(&self, index: u64, hash: u64) -> Option<usize> {
        let place = usize::try_from(index).ok()?;
        let (known, reported) = self.by_index.get(place)?;
        (reported.is_empty() || *known == hash).then_some(place)
    }

    /// Notes a result. The order in which they are noted does not matter.
    pub(super) fn note(&mut self, index: u64, url: &str, rank: Rank, verdict: Verdict) {
        let hash = self.hasher.hash_one(url);
        let target = match self.place(index, hash) {
            Some(place) => {
                let (known, target) = &mut self.by_index[place];
                *known = hash;
                target
            }
            None => self.others.entry((index, hash)).or_default(),
        };
        if rank <= *target.of(verdict) {
            return;
        }
        *target.of(verdict) = rank;
        if matches!(verdict, Verdict::Ok | Verdict::Unchanged | Verdict::Failed) {
            target.is_success = verdict != Verdict::Failed;
        }
    }

    /// Takes a result: true once for each target, for the result that counts.
    pub(super) fn take(&mut self, index: u64, url: &str, rank: Rank, verdict: Verdict) -> bool {
        let hash = self.hasher.hash_one(url);
        let target = match self.place(index, hash) {
            Some(place) => Some(&mut self.by_index[place].1),
            None => self.others.get_mut(&(index, hash)),
        };
        let Some(target) = target.filter(|target| !target.is_empty()) else {
            // Noted before, unless the file has changed since.
            return false;
        };
        let counts = !target.is_taken && *target.of(verdict) == rank && target.winner() == rank;
        target.is_taken |= counts;
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ranks of the results that count, of these results of one target, noted in each order.
    fn winners(results: &[(Rank, Verdict)]) -> Vec<Rank> {
        let mut backwards: Vec<_> = results.to_vec();
        backwards.reverse();
        let [one, other] = [results, &backwards].map(|order| {
            let mut latest = Latest::new(4, results.len() as u64);
            for (rank, verdict) in order {
                latest.note(3, "http://h/", *rank, *verdict);
            }
            let taken = results
                .iter()
                .filter(|(rank, verdict)| latest.take(3, "http://h/", *rank, *verdict));
            taken.map(|(rank, _)| *rank).collect::<Vec<_>>()
        });
        assert_eq!(one, other, "the order decides: {results:?}");
        one
    }

    #[test]
    fn the_last_result_of_a_target_counts_once() {
        use Verdict::{Done, Failed, Ok, Skipped, Unchanged};
        for (results, expected) in [
            (&[(1, Ok)][..], 1),
            (&[(1, Failed), (3, Ok)], 3),
            (&[(1, Ok), (3, Failed)], 3),
            (&[(1, Ok), (3, Unchanged)], 3),
            // A run that leaves it out says no more than the one that fetched it.
            (&[(1, Ok), (3, Done), (5, Done)], 1),
            (&[(1, Unchanged), (3, Done)], 1),
            (&[(3, Done), (5, Done)], 5),
            // Fetched in between, by a run that is not here.
            (&[(1, Failed), (3, Done)], 3),
            (&[(1, Ok), (3, Failed), (5, Done)], 5),
            (&[(1, Failed), (3, Ok), (5, Done)], 3),
            // Not reached is no result while there is another.
            (&[(1, Ok), (3, Skipped)], 1),
            (&[(1, Skipped), (3, Failed)], 3),
            (&[(1, Skipped), (3, Done)], 3),
            (&[(1, Skipped), (3, Skipped)], 3),
            // The same line again, as in a copy of a file.
            (&[(1, Ok), (1, Ok)], 1),
        ] {
            assert_eq!(winners(results), [expected], "{results:?}");
        }
    }

    #[test]
    fn targets_are_told_apart_by_index_and_url() {
        let targets = [(0, "http://a/"), (0, "http://b/"), (1, "http://a/")];
        // All in the table but the second; none; and some that the first reading had not counted.
        for (indices, results, in_table) in
            [(2, 3, 2), (1000, 3, 0), (12, 3, 12), (13, 3, 0), (1, 1, 1)]
        {
            let mut latest = Latest::new(indices, results);
            for (index, url) in targets {
                latest.note(index, url, 1, Verdict::Ok);
            }
            let found = format!("{indices} indices, {results} results: {latest:?}");
            assert_eq!(latest.by_index.len(), in_table, "{found}");
            for (index, url) in targets {
                assert!(
                    latest.take(index, url, 1, Verdict::Ok),
                    "{index} {url}, {found}"
                );
                assert!(
                    !latest.take(index, url, 1, Verdict::Ok),
                    "{index} {url}, {found}"
                );
            }
            for index in [3, 9, u64::MAX] {
                assert!(
                    !latest.take(index, "http://a/", 1, Verdict::Ok),
                    "{index}, {found}"
                );
            }
        }
    }

    #[test]
    fn an_index_of_two_urls_has_the_latest_result_of_each() {
        use Verdict::{Failed, Ok};
        let results = [
            ("a", 1, Failed),
            ("b", 3, Ok),
            ("a", 5, Ok),
            ("b", 7, Failed),
        ];
        for (indices, results_of_list) in [(8, 4), (u64::MAX, 4)] {
            let mut latest = Latest::new(indices, results_of_list);
            for (url, rank, verdict) in results {
                latest.note(7, url, rank, verdict);
            }
            let taken = results
                .into_iter()
                .filter(|(url, rank, verdict)| latest.take(7, url, *rank, *verdict));
            let taken: Vec<_> = taken.collect();
            assert_eq!(taken, [("a", 5, Ok), ("b", 7, Failed)], "{indices} indices");
        }
    }

    #[test]
    fn a_target_of_the_table_takes_24_bytes() {
        assert_eq!(size_of::<(u64, Reported)>(), 24);
    }
}
