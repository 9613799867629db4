//! The choice of rows for the table: all of them, or of too many the failures, the slowest, and a sample.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use super::row::Row;
use crate::model::outcome::Verdict;
use crate::report::format::{counted, grouped, ordinal};

/// The most rows of a table.
pub(super) const ROWS: usize = 5000;

/// The most failures among them, if not all rows fit ...
const FAILURES: usize = 2000;

/// ... of the slowest ...
const SLOWEST: usize = 1000;

/// ... and of a sample of all.
const EVEN: usize = 2000;

/// The chosen rows.
#[derive(Debug, Default)]
pub(super) struct RowSample {
    seen: u64,
    /// All rows, while they fit.
    all: Vec<Arc<Row>>,
    failures: EvenSample<FAILURES>,
    even: EvenSample<EVEN>,
    slowest: BinaryHeap<Reverse<SlowRow>>,
}

impl RowSample {
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
            self.slowest.push(Reverse(SlowRow { time, index, row }));
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

    /// The number of rows that were added.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// A sentence that says which rows these are, if they are not all.
    pub(super) fn sentence(&self) -> Option<String> {
        let failures = match self.failures.every {
            0 | 1 => "every failure".to_owned(),
            every => format!("every {} failure", ordinal(every)),
        };
        self.is_sample().then(|| {
            format!(
                "Of more than {} the table holds {failures}, the {} slowest, and every \
                 {} of all in the order in which they ended.",
                counted(ROWS as u64, "URL"),
                grouped(self.slowest.len() as u64),
                ordinal(self.even.every)
            )
        })
    }
}

/// Every n-th of the rows that are added, at most `MOST`. When it is full, every second one is dropped and
/// n doubled.
#[derive(Debug, Default)]
struct EvenSample<const MOST: usize> {
    seen: u64,
    /// The n: a power of two, 0 before the first row.
    every: u64,
    rows: Vec<Arc<Row>>,
}

impl<const MOST: usize> EvenSample<MOST> {
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

/// A row, ordered by its time.
#[derive(Debug)]
struct SlowRow {
    time: Duration,
    index: u64,
    row: Arc<Row>,
}

impl PartialEq for SlowRow {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.index) == (other.time, other.index)
    }
}

impl Eq for SlowRow {}

impl PartialOrd for SlowRow {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SlowRow {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.index).cmp(&(other.time, other.index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Outcome;
    use crate::model::target::Verb;

    fn sample(count: u64, is_failed: impl Fn(u64) -> bool) -> RowSample {
        let mut sample = RowSample::default();
        for index in 0..count {
            let mut outcome = Outcome::new(index, "http://a.example/".into(), Verb::Get);
            let total = Duration::from_micros(index % 7919);
            outcome.last.timing.set_total(Some(total));
            if is_failed(index) {
                outcome.verdict = Verdict::Failed;
            }
            sample.add(Row::new(&outcome));
        }
        sample
    }

    #[test]
    fn few_rows_are_all_there() {
        let sample = sample(ROWS as u64, |_| true);
        let indices: Vec<u64> = sample.rows().iter().map(|row| row.index).collect();
        assert_eq!(indices, (0..ROWS as u64).collect::<Vec<_>>());
        assert_eq!(sample.sentence(), None);
    }

    #[test]
    fn of_many_the_failures_the_slowest_and_an_even_sample_are() {
        let sample = sample(100_000, |index| index % 100 == 3);
        let rows = sample.rows();
        assert!(rows.len() <= ROWS, "{}", rows.len());
        let failed = |row: &&Arc<Row>| row.verdict == Verdict::Failed;
        assert_eq!(rows.iter().filter(failed).count(), 1000);
        // Durations go from 0 to 7918 µs, and each of the last 76 comes 12 or 13 times.
        let is_slow = |row: &&Arc<Row>| row.time.unwrap_or_default().as_micros() > 7918 - 76;
        let slow = (0..100_000).filter(|index| index % 7919 > 7918 - 76);
        assert_eq!(rows.iter().filter(is_slow).count(), slow.count());
        assert_eq!(sample.even.every, 64);
        assert_eq!(sample.even.rows.len(), 100_000_usize.div_ceil(64));
        assert!(sample.even.rows.iter().all(|row| row.index % 64 == 0));
        let sentence = sample.sentence().expect("it is a sample");
        assert!(
            sentence.contains("every failure, the 1,000 slowest, and every 64th"),
            "{sentence}"
        );
    }

    #[test]
    fn too_many_failures_are_sampled_too() {
        let sample = sample(100_000, |_| true);
        assert!(sample.rows().len() <= ROWS);
        let sentence = sample.sentence().expect("it is a sample");
        assert!(sentence.contains("every 64th failure"), "{sentence}");
    }
}
