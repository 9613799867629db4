//! The sorting of more records than memory is to hold: sorted runs in an unnamed temporary file, which are merged as
//! they are read (external merge sort: Knuth, The Art of Computer Programming, volume 3, 5.4).
//!
//! Crates for it bring a thread pool along, for which a report of a run that is over has no use.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::vec;

/// The most records in memory: 1.5 MiB of three numbers each.
const MAX_RECORDS: usize = 64 * 1024;

/// The bytes of a run that are read at once. A hundred million records are some 1,500 runs.
const READ_AT_ONCE: usize = 4 * 1024;

/// Records of `N` numbers, to be read in their order once all are there.
#[derive(Debug)]
pub(in crate::report) struct ExternalSort<const N: usize> {
    /// The records that are in no run yet.
    records: Vec<[u64; N]>,
    max_records: usize,
    /// Absent as long as memory suffices.
    file: Option<BufWriter<File>>,
    /// The length of each run in records. They follow each other in the file.
    runs: Vec<usize>,
}

impl<const N: usize> ExternalSort<N> {
    /// No records.
    pub(in crate::report) fn new() -> Self {
        Self::with_memory(MAX_RECORDS)
    }

    fn with_memory(max_records: usize) -> Self {
        ExternalSort {
            records: Vec::new(),
            max_records,
            file: None,
            runs: Vec::new(),
        }
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// Those of the temporary file.
    pub(in crate::report) fn push(&mut self, record: [u64; N]) -> io::Result<()> {
        if self.records.len() >= self.max_records {
            self.write_run()?;
        }
        self.records.push(record);
        Ok(())
    }

    fn write_run(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::new(tempfile::tempfile()?)),
        };
        self.records.sort_unstable();
        for number in self.records.iter().flatten() {
            file.write_all(&number.to_ne_bytes())?;
        }
        self.runs.push(self.records.len());
        self.records.clear();
        Ok(())
    }

    /// The records in ascending order.
    ///
    /// # Errors
    ///
    /// Those of the temporary file.
    pub(in crate::report) fn sorted(mut self) -> io::Result<SortedRecords<N>> {
        self.records.sort_unstable();
        let mut sources = vec![RecordSource::Memory(self.records.into_iter())];
        if let Some(file) = self.file {
            let file = Rc::new(file.into_inner().map_err(io::IntoInnerError::into_error)?);
            let mut offset = 0;
            for records in self.runs {
                let end = offset + (records * N * size_of::<u64>()) as u64;
                let file = Rc::clone(&file);
                let run = RunReader { file, offset, end };
                let run = BufReader::with_capacity(READ_AT_ONCE, run);
                sources.push(RecordSource::Run(run, records));
                offset = end;
            }
        }
        let mut sorted = SortedRecords {
            heads: BinaryHeap::with_capacity(sources.len()),
            sources,
        };
        for place in 0..sorted.sources.len() {
            sorted.advance(place)?;
        }
        Ok(sorted)
    }
}

/// Records in ascending order.
#[derive(Debug)]
pub(in crate::report) struct SortedRecords<const N: usize> {
    sources: Vec<RecordSource<N>>,
    /// The first record of each source that has one left, with the place of the source.
    heads: BinaryHeap<Reverse<([u64; N], usize)>>,
}

impl<const N: usize> SortedRecords<N> {
    /// Reads the next record of a source.
    fn advance(&mut self, place: usize) -> io::Result<()> {
        if let Some(record) = self.sources[place].next()? {
            self.heads.push(Reverse((record, place)));
        }
        Ok(())
    }
}

impl<const N: usize> Iterator for SortedRecords<N> {
    type Item = io::Result<[u64; N]>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((record, place)) = self.heads.pop()?;
        Some(self.advance(place).map(|()| record))
    }
}

/// Records that are in order already.
#[derive(Debug)]
enum RecordSource<const N: usize> {
    Memory(vec::IntoIter<[u64; N]>),
    /// With the number of records that are left.
    Run(BufReader<RunReader>, usize),
}

impl<const N: usize> RecordSource<N> {
    fn next(&mut self) -> io::Result<Option<[u64; N]>> {
        let (run, left) = match self {
            RecordSource::Memory(records) => return Ok(records.next()),
            RecordSource::Run(run, left) => (run, left),
        };
        let Some(after) = left.checked_sub(1) else {
            return Ok(None);
        };
        *left = after;
        let mut record = [0; N];
        for number in &mut record {
            let mut bytes = [0; size_of::<u64>()];
            run.read_exact(&mut bytes)?;
            *number = u64::from_ne_bytes(bytes);
        }
        Ok(Some(record))
    }
}

/// A reader of one run of the file, by its own position (pread(2)).
#[derive(Debug)]
struct RunReader {
    file: Rc<File>,
    offset: u64,
    end: u64,
}

impl Read for RunReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let count = self.file.read_at(&mut buffer[..most], self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many records in an order without order, some of them alike.
    fn records(count: u64) -> Vec<[u64; 2]> {
        (0..count)
            .map(|n| [n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (count / 2 + 1), n])
            .collect()
    }

    #[test]
    fn records_come_in_order_however_many_are_in_memory() {
        for count in [0, 1, 2, 7, 8, 9, 64, 1_000] {
            for max_records in [1, 2, 8, 2_000] {
                let records = records(count);
                let mut sort = ExternalSort::with_memory(max_records);
                for record in &records {
                    sort.push(*record).expect("there is room");
                }
                let sorted: io::Result<Vec<_>> = sort.sorted().expect("the file is read").collect();
                let mut expected = records;
                expected.sort_unstable();
                assert_eq!(
                    sorted.expect("the file is read"),
                    expected,
                    "{count} records, {max_records} in memory"
                );
            }
        }
    }

    #[test]
    fn no_more_records_are_in_memory_than_may_be() {
        let mut sort = ExternalSort::with_memory(8);
        for record in records(1_000) {
            sort.push(record).expect("there is room");
            assert!(sort.records.capacity() <= 8, "{}", sort.records.capacity());
        }
        assert_eq!(sort.runs, [8; 124]);
    }

    #[test]
    fn few_records_need_no_file() {
        let mut sort = ExternalSort::with_memory(8);
        for record in records(8) {
            sort.push(record).expect("there is room");
        }
        assert!(sort.file.is_none());
    }
}
