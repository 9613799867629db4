//! The order of the input: the results of a replay, sorted by their index outside of memory.
//!
//! What is sorted are the places of the results in the files, as [`ExternalSort`] does, with 40 bytes for each in a
//! temporary file. The results are read again in the new order, each by itself.

use std::io::Read;

use super::lines::{Line, error_at, parse_reason};
use super::{ReplayError, ReplayFile};
use crate::engine::resume::from_line;
use crate::report::external_sort::{ExternalSort, SortedRecords};

/// The reason for which a result that was read before is refused.
pub(super) const CHANGED: &str =
    "it is another line than when it was read first; leave the file alone until the replay is over";

/// The place of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResultPlace {
    /// The index in the report.
    pub(super) index: u64,
    /// The number of the file.
    file: u32,
    /// The position in the file, and the bytes there.
    start: u64,
    length: u32,
    /// The number of the line, from 1.
    number: u64,
    /// The number of the run.
    pub(super) run: u32,
    /// True for a line of a run log.
    pub(super) is_log: bool,
}

impl ResultPlace {
    /// The place of a line, which is in this file, of this run, and has this index in the report.
    pub(super) fn of(line: &Line<'_>, (file, run): (usize, usize), index: u64) -> Self {
        // A line is no longer than 16 MiB, and each file and each run has some memory of its own.
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        ResultPlace {
            index,
            file: narrow(file),
            start: line.start,
            length: narrow(line.bytes.len()),
            number: line.number,
            run: narrow(run),
            is_log: line.is_log,
        }
    }

    /// Reads the line there again, into `text`.
    pub(super) fn read<'t>(
        &self,
        files: &'t [ReplayFile],
        text: &'t mut Vec<u8>,
    ) -> Result<Line<'t>, ReplayError> {
        let file = &files[self.file as usize];
        text.resize(self.length as usize, 0);
        let mut bytes = (file.open)(self.start);
        bytes.read_exact(text).map_err(|source| ReplayError::Read {
            file: file.name.clone(),
            source,
        })?;
        let head = from_line(text)
            .map_err(|error| error_at(&file.name, self.number, &parse_reason(&error)))?;
        Ok(Line {
            bytes: text,
            head,
            is_log: self.is_log,
            start: self.start,
            log_start: 0,
            number: self.number,
            file: &file.name,
        })
    }

    /// The place as a record that is sorted by the index, and of one index by file and position.
    fn to_record(self) -> [u64; 5] {
        let both = |upper: u32, lower: u32| u64::from(upper) << 32 | u64::from(lower);
        [
            self.index,
            both(self.file, self.length),
            self.start,
            self.number,
            both(self.run, self.is_log.into()),
        ]
    }

    fn from_record([index, in_file, start, number, of_run]: [u64; 5]) -> Self {
        let upper = |both: u64| (both >> 32) as u32;
        ResultPlace {
            index,
            file: upper(in_file),
            start,
            length: in_file as u32,
            number,
            run: upper(of_run),
            is_log: of_run & 1 == 1,
        }
    }
}

/// The places of results, to be sorted.
#[derive(Debug)]
pub(super) struct InputOrder {
    sort: ExternalSort<5>,
    is_empty: bool,
}

impl Default for InputOrder {
    fn default() -> Self {
        InputOrder {
            sort: ExternalSort::new(),
            is_empty: true,
        }
    }
}

impl InputOrder {
    /// Tells that there is no place.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Adds a place.
    pub(super) fn push(&mut self, place: ResultPlace) -> Result<(), ReplayError> {
        self.is_empty = false;
        self.sort
            .push(place.to_record())
            .map_err(ReplayError::Order)
    }

    /// The places by rising index.
    pub(super) fn into_sorted(self) -> Result<SortedPlaces, ReplayError> {
        self.sort
            .sorted()
            .map(SortedPlaces)
            .map_err(ReplayError::Order)
    }
}

/// The sorted places.
#[derive(Debug)]
pub(super) struct SortedPlaces(SortedRecords<5>);

impl SortedPlaces {
    /// Takes the next place.
    pub(super) fn next(&mut self) -> Result<Option<ResultPlace>, ReplayError> {
        let record = self.0.next().transpose().map_err(ReplayError::Order)?;
        Ok(record.map(ResultPlace::from_record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place with this index, all other fields of which differ by `seed`.
    fn place(index: u64, seed: u32) -> ResultPlace {
        ResultPlace {
            index,
            file: u32::MAX - seed,
            start: u64::MAX - u64::from(seed),
            length: seed,
            number: u64::from(seed) << 30,
            run: seed.rotate_left(16),
            is_log: seed % 2 == 1,
        }
    }

    #[test]
    fn a_place_is_the_same_after_its_time_as_a_record() {
        for seed in [0, 1, 2, 99, u32::MAX - 1, u32::MAX] {
            for index in [0, 1, u64::MAX] {
                let place = place(index, seed);
                assert_eq!(ResultPlace::from_record(place.to_record()), place);
            }
        }
    }

    #[test]
    fn places_come_by_their_index_and_of_one_index_in_the_order_of_the_files() {
        let mut order = InputOrder::default();
        assert!(order.is_empty());
        let places = [place(7, 3), place(2, 1), place(7, 4), place(0, 9)];
        for place in places {
            order.push(place).expect("memory suffices");
        }
        assert!(!order.is_empty());
        let mut sorted = order.into_sorted().expect("memory suffices");
        let next = || sorted.next().expect("memory suffices");
        let found: Vec<_> = std::iter::from_fn(next).collect();
        // The higher the seed, the lower the number of the file.
        let [later, second, earlier, first] = places;
        assert_eq!(found, [first, second, earlier, later]);
    }
}
