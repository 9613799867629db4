//! The number of items in lists that are regular files, counted beside the run.
//!
//! The reader counts while it has nothing else to do, in slices, because the run is behind: the count costs the
//! run nothing, and a list that is read as fast as it is counted needs none.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::beginning::{READ_BUFFER, check_text, without_bom};
use super::line::{self, MAX_LINE_BYTES, UnparsedItem};
use super::list_file::ListFile;
use super::repeat::{Arguments, Repeat};
use super::shard::ShardFilter;
use super::{InputConfig, ItemNumbers, Separator};

/// The bytes that are counted before the reader looks after the run again: some 100 µs from the page cache.
const SLICE: usize = 256 * 1024;

/// The most rounds of an input that are counted one by one: the count of a run that was stopped should come to an end.
const MOST_COUNTED: u64 = 10_000;

/// A slice has a whole line in it, or the beginning of one that is too long.
const _: () = assert!(SLICE > MAX_LINE_BYTES);

/// A count that is under way.
#[derive(Debug)]
pub(super) struct ItemCount {
    /// The file that is counted, the last of them, and those after it, in reverse.
    files: Vec<ListFile>,
    /// The rounds of an input that are counted one by one, after the one under way.
    rounds: Option<CountedRounds>,
    /// The rounds that are alike, and are multiplied by.
    factor: u64,
    /// The items so far.
    numbers: ItemNumbers,
    filter: ShardFilter,
    place: SlicePlace,
    separator: Separator,
    slice: Vec<u8>,
    sender: Sender<u64>,
}

/// The place of the next slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlicePlace {
    /// At the beginning of a list.
    Beginning,
    /// At the beginning of a line.
    Line,
    /// Within a line that is too long, and has been counted.
    LongLine,
}

/// The rounds of an input that is dealt out to shards: by the index, each has other items of a shard.
#[derive(Debug)]
struct CountedRounds {
    left: u64,
    arguments: Arguments,
    /// All the files, in reverse.
    files: Vec<ListFile>,
}

impl ItemCount {
    /// A count of all these lists after the items of `before`, which is sent to the receiver. Where the input is
    /// repeated, `before` are those of the arguments, and all is counted as often; `None` if it has no end, or too
    /// many rounds.
    pub(super) fn new(
        mut files: Vec<ListFile>,
        arguments: &Arguments,
        before: ItemNumbers,
        config: InputConfig,
    ) -> Option<(Self, Receiver<u64>)> {
        let Repeat::Times(times) = config.repeat else {
            return None;
        };
        let is_one_by_one = config.sharding.is_some() && times.get() > 1;
        if is_one_by_one && times.get() > MOST_COUNTED {
            return None;
        }
        let (sender, receiver) = bounded(1);
        files.reverse();
        let rounds = is_one_by_one.then(|| CountedRounds {
            left: times.get() - 1,
            arguments: arguments.clone(),
            files: files.clone(),
        });
        let count = ItemCount {
            files,
            factor: if is_one_by_one { 1 } else { times.get() },
            rounds,
            numbers: before,
            filter: ShardFilter::new(config),
            place: SlicePlace::Beginning,
            separator: config.separator,
            slice: Vec::new(),
            sender,
        };
        Some((count, receiver))
    }

    /// Counts a slice. Returns `None` once the count is over: sent, or given up because of a file that cannot
    /// be read, which the run will find for itself.
    pub(super) fn step(mut self) -> Option<Self> {
        match self.count_slice() {
            Ok(()) if !self.files.is_empty() || self.begin_round() => Some(self),
            Ok(()) => {
                let total = self.numbers.taken.saturating_mul(self.factor);
                // The run may be over.
                let _ = self.sender.try_send(total);
                None
            }
            Err(_) => None,
        }
    }

    /// Begins the next round, if there is one: counts its arguments.
    fn begin_round(&mut self) -> bool {
        let has_items = self.numbers.read > 0;
        let Some(rounds) = self.rounds.as_mut().filter(|_| has_items) else {
            return false;
        };
        let Some(left) = rounds.left.checked_sub(1) else {
            return false;
        };
        rounds.left = left;
        rounds.arguments.count(&mut self.numbers, &mut self.filter);
        self.files.clone_from(&rounds.files);
        true
    }

    /// Counts all that is left, for a run that was stopped.
    pub(super) fn finish(self) {
        let mut count = self.step();
        while let Some(under_way) = count {
            count = under_way.step();
        }
    }

    fn count_slice(&mut self) -> io::Result<()> {
        let Some(list) = self.files.last_mut() else {
            return Ok(());
        };
        self.slice.resize(SLICE, 0);
        let length = fill(&list.file, &mut self.slice, list.offset)?;
        let is_last = length < SLICE;
        let mut rest = &self.slice[..length];
        let mut is_refused = false;
        if self.place == SlicePlace::Beginning {
            is_refused = check_text(&rest[..length.min(READ_BUFFER)], self.separator).is_err();
            rest = without_bom(rest);
            self.place = SlicePlace::Line;
        }
        if is_refused {
            rest = &[];
        }
        while let Some(end) = memchr::memchr(self.separator.byte(), rest) {
            let line = &rest[..end];
            if self.place != SlicePlace::LongLine {
                count_line(line, &mut self.numbers, &mut self.filter);
            }
            self.place = SlicePlace::Line;
            rest = &rest[end + 1..];
        }
        if is_last || is_refused {
            if self.place != SlicePlace::LongLine && !rest.is_empty() {
                count_line(rest, &mut self.numbers, &mut self.filter);
            }
            self.files.pop();
            self.place = SlicePlace::Beginning;
            return Ok(());
        }
        let is_long = rest.len() > MAX_LINE_BYTES || self.place == SlicePlace::LongLine;
        if is_long && self.place == SlicePlace::Line {
            count_line(rest, &mut self.numbers, &mut self.filter);
            self.place = SlicePlace::LongLine;
        }
        // A line that is not whole is looked at again with the next slice.
        let left = if is_long { 0 } else { rest.len() };
        list.offset += (length - left) as u64;
        Ok(())
    }
}

/// Counts a line of which the reader makes an item, or the beginning of one that is too long.
fn count_line(line: &[u8], numbers: &mut ItemNumbers, filter: &mut ShardFilter) {
    let is_long = line.len() > MAX_LINE_BYTES;
    if !is_long && line::is_blank(line) {
        return;
    }
    let is_taken = filter.takes(numbers.read, (!is_long).then_some(UnparsedItem::Line(line)));
    numbers.read += 1;
    numbers.taken += u64::from(is_taken);
}

/// Reads until `buffer` is full or the file ends.
fn fill(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], offset + length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests;
