//! Appended files: what is added to a file as a whole, behind what others have written there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::close::check_close;

/// A text that is added to a file when it is [published](AppendedFile::publish), with an empty line between. Until
/// then it is in an unnamed temporary file; dropped before, nothing is added.
#[derive(Debug)]
pub struct AppendedFile {
    target: File,
    text: File,
}

impl AppendedFile {
    /// Opens `path`, or makes it, empty.
    ///
    /// # Errors
    ///
    /// If it cannot be read and written, or there is no place for a temporary file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let target = options.read(true).append(true).create(true).open(path)?;
        if !target.metadata()?.is_file() {
            return Err(io::Error::other("it is there, and is not a plain file"));
        }
        Ok(AppendedFile {
            target,
            text: tempfile::tempfile()?,
        })
    }

    /// The text, to be written.
    pub fn file(&self) -> &File {
        &self.text
    }

    /// Adds the text to the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written. The part of it that was is taken back.
    pub fn publish(mut self) -> io::Result<()> {
        self.text.rewind()?;
        let before = self.target.metadata()?.len();
        let written = self.append(before);
        if written.is_err() {
            // What others have added since cannot be told from it.
            let _ = self.target.set_len(before);
        }
        written
    }

    fn append(&mut self, before: u64) -> io::Result<()> {
        let mut last = [b'\n'];
        if before > 0 {
            self.target.seek(SeekFrom::Start(before - 1))?;
            self.target.read_exact(&mut last)?;
            let gap: &[u8] = if last == *b"\n" { b"\n" } else { b"\n\n" };
            self.target.write_all(gap)?;
        }
        io::copy(&mut self.text, &mut self.target)?;
        Ok(check_close(&self.target)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::save::close::faults::{self, Errno};

    #[test]
    fn what_is_there_stays_and_is_followed_by_the_whole_text_or_by_nothing() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        for (before, after) in [
            (None, "text\n"),
            (Some(""), "text\n"),
            (Some("a\n"), "a\n\ntext\n"),
            (Some("a"), "a\n\ntext\n"),
        ] {
            for fault in [None, Some(Errno::ENOSPC)] {
                match before {
                    Some(before) => fs::write(&path, before).expect("it can be written"),
                    None => drop(fs::remove_file(&path)),
                }
                let appended = AppendedFile::open(&path).expect("it can be opened");
                appended.file().write_all(b"text\n").expect("there is room");
                faults::inject(&fault.into_iter().collect::<Vec<_>>());
                let published = appended.publish();
                assert_eq!(published.is_err(), fault.is_some(), "{before:?} {fault:?}");
                let there = fs::read_to_string(&path).expect("it is there");
                let expected = fault.map_or(after, |_| before.unwrap_or_default());
                assert_eq!(there, expected, "{before:?} {fault:?}");
            }
        }
    }
}
