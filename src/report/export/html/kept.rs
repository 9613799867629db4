//! Which rows the table has: all of them, or the telling ones among too many.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use super::row::Row;
use crate::model::outcome::Verdict;

/// The most rows of a table.
pub(super) const ROWS: usize = 5000;

/// The most failures among them, when not all rows have room ...
const FAILURES: usize = 2000;

/// ... of the slowest ...
const SLOWEST: usize = 1000;

/// ... and of a sample of all.
const EVEN: usize = 2000;

/// Rows, as many as there is room for.
#[derive(Debug, Default)]
pub(super) struct Kept {
    seen: u64,
    /// While all have room.
    all: Vec<Arc<Row>>,
    failures: Thinned<FAILURES>,
    even: Thinned<EVEN>,
    slowest: BinaryHeap<Reverse<Slow>>,
}

impl Kept {
    pub(super) fn add(&mut self, row: Row) {
        self.seen += 1;
        let row = Arc::new(row);
        if self.seen <= ROWS as u64 {
            self.all.push(Arc::clone(&row));
        } else {
            self.all = Vec::new();
        }
        if matches!(row.verdict, Verdict::Failed | Verdict::Skipped) {
            self.failures.add(&row);
        }
        self.even.add(&row);
        if let Some(time) = row.time {
            let index = row.index;
            self.slowest.push(Reverse(Slow { time, index, row }));
            if self.slowest.len() > SLOWEST {
                self.slowest.pop();
            }
        }
    }

    /// The rows in the order of the input.
    pub(super) fn rows(&self) -> Vec<Arc<Row>> {
        let slowest = self.slowest.iter().map(|Reverse(slow)| &slow.row);
        let rows: BTreeMap<u64, &Arc<Row>> = if self.is_sample() {
            let chosen = slowest.chain(&self.failures.rows).chain(&self.even.rows);
            chosen.map(|row| (row.index, row)).collect()
        } else {
            self.all.iter().map(|row| (row.index, row)).collect()
        };
        rows.into_values().cloned().collect()
    }

    fn is_sample(&self) -> bool {
        self.seen > ROWS as u64
    }

    /// How many rows there were.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Which rows these are, if they are not all.
    pub(super) fn sentence(&self) -> Option<String> {
        let failures = match self.failures.every {
            0 | 1 => "every failure".to_owned(),
            every => format!("every {every}th failure"),
        };
        self.is_sample().then(|| {
            format!(
                "Of more than {ROWS} URLs the table holds {failures}, the {} slowest, and every \
                 {}th of all in the order in which they ended.",
                self.slowest.len(),
                self.even.every
            )
        })
    }
}

/// Every so many of the rows it is given, evenly, at most `MOST`.
#[derive(Debug, Default)]
struct Thinned<const MOST: usize> {
    seen: u64,
    /// A power of two; 0 before the first.
    every: u64,
    rows: Vec<Arc<Row>>,
}

impl<const MOST: usize> Thinned<MOST> {
    fn add(&mut self, row: &Arc<Row>) {
        self.every = self.every.max(1);
        if self.seen.is_multiple_of(self.every) {
            if self.rows.len() == MOST {
                let mut number = 0;
                self.rows.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.every *= 2;
            }
            if self.seen.is_multiple_of(self.every) {
                self.rows.push(Arc::clone(row));
            }
        }
        self.seen += 1;
    }
}

/// A row by how long it took.
#[derive(Debug)]
struct Slow {
    time: Duration,
    index: u64,
    row: Arc<Row>,
}

impl PartialEq for Slow {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.index) == (other.time, other.index)
    }
}

impl Eq for Slow {}

impl PartialOrd for Slow {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Slow {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.index).cmp(&(other.time, other.index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Outcome;
    use crate::model::target::Verb;

    fn kept(count: u64, is_failed: impl Fn(u64) -> bool) -> Kept {
        let mut kept = Kept::default();
        for index in 0..count {
            let mut outcome = Outcome::new(index, "http://a.example/".into(), Verb::Get);
            let total = Duration::from_micros(index % 7919);
            outcome.last.timing.set_total(Some(total));
            if is_failed(index) {
                outcome.verdict = Verdict::Failed;
            }
            kept.add(Row::new(&outcome));
        }
        kept
    }

    #[test]
    fn few_rows_are_all_there() {
        let kept = kept(ROWS as u64, |_| true);
        let indices: Vec<u64> = kept.rows().iter().map(|row| row.index).collect();
        assert_eq!(indices, (0..ROWS as u64).collect::<Vec<_>>());
        assert_eq!(kept.sentence(), None);
    }

    #[test]
    fn of_many_the_failures_the_slowest_and_an_even_sample_are() {
        let kept = kept(100_000, |index| index % 100 == 3);
        let rows = kept.rows();
        assert!(rows.len() <= ROWS, "{}", rows.len());
        let failed = |row: &&Arc<Row>| row.verdict == Verdict::Failed;
        assert_eq!(rows.iter().filter(failed).count(), 1000);
        // Durations go from 0 to 7918 µs, and each of the last 76 comes 12 or 13 times.
        let is_slow = |row: &&Arc<Row>| row.time.unwrap_or_default().as_micros() > 7918 - 76;
        let slow = (0..100_000).filter(|index| index % 7919 > 7918 - 76);
        assert_eq!(rows.iter().filter(is_slow).count(), slow.count());
        assert_eq!(kept.even.every, 64);
        assert_eq!(kept.even.rows.len(), 100_000_usize.div_ceil(64));
        assert!(kept.even.rows.iter().all(|row| row.index % 64 == 0));
        let sentence = kept.sentence().expect("it is a sample");
        assert!(
            sentence.contains("every failure, the 1000 slowest, and every 64th"),
            "{sentence}"
        );
    }

    #[test]
    fn too_many_failures_are_thinned_out_as_well() {
        let kept = kept(100_000, |_| true);
        assert!(kept.rows().len() <= ROWS);
        let sentence = kept.sentence().expect("it is a sample");
        assert!(sentence.contains("every 64th failure"), "{sentence}");
    }
}
