//! The index beside a pack: lines in the order of the members while the pack grows, sorted when it is published.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::PackError;
use super::files::{PART, PackFolder};

/// The extension of an index, behind that of its pack.
const INDEX: &str = ".cdxj";

/// The extension of an index that is being sorted.
const SORTED: &str = ".cdxj.sorted.part";

/// The beginning of a line of the part that tells the end of a member, behind the lines of the member. No sort key
/// begins so.
const MARK: char = '!';

/// The index of the pack that grows.
#[derive(Debug)]
pub(super) struct PackIndex {
    file: File,
    /// The name of its part.
    part: String,
    /// The end of the last line.
    length: u64,
}

impl PackIndex {
    /// The name of the index of the pack with this name.
    pub(super) fn name(pack: &str) -> String {
        format!("{pack}{INDEX}")
    }

    /// The end of the last member of a pack whose lines are all in its index.
    pub(super) fn covered(folder: &PackFolder, pack: &str) -> u64 {
        let part = format!("{pack}{INDEX}{PART}");
        let text = folder.open_to_read(&part).and_then(|file| read(&file).ok());
        let text = text.unwrap_or_default();
        let last = members(&text).last();
        last.map_or(0, |(end, _)| end)
    }

    /// Opens the index of a pack whose members end at `end`; lines of members behind that are cut off.
    pub(super) fn open(folder: &PackFolder, pack: &str, end: u64) -> Result<Self, PackError> {
        let part = format!("{pack}{INDEX}{PART}");
        let file = folder.open_part(&part)?;
        let kept = read(&file).and_then(|text| {
            let kept = members(&text).take_while(|(member, _)| *member <= end);
            let length = kept.last().map_or(0, |(_, length)| length);
            file.set_len(length)?;
            Ok(length)
        });
        match kept {
            Ok(length) => Ok(PackIndex { file, part, length }),
            Err(error) => Err(folder.failed("cannot cut", &part, &error).into()),
        }
    }

    /// The entry of a member that ends there, with these lines.
    pub(super) fn entry(lines: &str, end: u64) -> String {
        format!("{lines}{MARK}{end}\n")
    }

    /// Appends the [entries](PackIndex::entry) of members.
    pub(super) fn append(&mut self, entries: &str) -> io::Result<()> {
        let written = self.file.write_all_at(entries.as_bytes(), self.length);
        match written {
            Ok(()) => self.length += entries.len() as u64,
            // If this fails too, the lines are overwritten by the next, or cut off by a later run.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }

    /// Publishes the index, sorted. Its part stays until the pack is published.
    pub(super) fn publish(&self, folder: &PackFolder, pack: &str) -> Result<(), PackError> {
        let sorted = format!("{pack}{SORTED}");
        let file = folder.open_part(&sorted)?;
        let written = read(&self.file).and_then(|text| {
            let lines = text.split_inclusive('\n');
            let mut lines: Vec<&str> = lines.filter(|line| !line.starts_with(MARK)).collect();
            lines.sort_unstable();
            file.set_len(0)?;
            file.write_all_at(lines.concat().as_bytes(), 0)
        });
        written.map_err(|error| folder.failed("cannot write", &sorted, &error))?;
        folder.replace(&file, &sorted, &Self::name(pack))
    }

    /// Removes the part.
    pub(super) fn remove(&self, folder: &PackFolder) -> Result<(), PackError> {
        folder.remove(&self.part)
    }

    /// Removes the part of the index of a published pack, should a killed run have left it.
    pub(super) fn clean_up(folder: &PackFolder, pack: &str) -> Result<(), PackError> {
        folder.remove(&format!("{pack}{INDEX}{PART}"))
    }
}

/// The members whose lines are all in the text: the end of each in the pack, and that of its lines in the text.
fn members(text: &str) -> impl Iterator<Item = (u64, u64)> {
    let mut length = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        length += line.len() as u64;
        let end = line.strip_prefix(MARK)?.strip_suffix('\n')?;
        Some((end.parse().ok()?, length))
    })
}

fn read(file: &File) -> io::Result<String> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    // What is no text is torn, and with it all that comes after.
    let text = str::from_utf8(&bytes).map_err(|error| error.valid_up_to());
    let length = text.map_or_else(|length| length, str::len);
    bytes.truncate(length);
    Ok(String::from_utf8(bytes).expect("it is text up to there"))
}
