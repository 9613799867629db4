//! Lists of URLs and files of results: opened before anything is fetched, and copied where they are read
//! again.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::blocking::{self, BlockingInput};
use super::signals::SignalWatch;
use super::{StartError, shown};
use crate::cli::ListName;
use crate::engine::input::{FileVersion, List, ListFile, ReadOnce};
use crate::report::replay::ReplayFile;

/// Opens all the lists, so that a missing one is found first.
pub(super) fn open(names: &[ListName], signals: &SignalWatch) -> Result<Vec<List>, StartError> {
    let open = |name: &ListName| match name {
        ListName::Stdin => Ok(List {
            name: "<stdin>".to_owned(),
            // Without the buffer of std's, whose bytes poll(2) does not know of.
            bytes: Box::new(BlockingInput::new(
                blocking::duplicate(io::stdin())
                    .map_err(|error| StartError::local("cannot read standard input", &error))?,
                signals.stop(),
            )),
            file: ListFile::of(io::stdin()),
        }),
        ListName::File(path) => {
            let cannot = |reason: String| {
                StartError::usage(format!("cannot read {}: {reason}", shown(path)))
            };
            let file = File::open(path).map_err(|error| cannot(error.to_string()))?;
            if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                return Err(cannot("it is a directory; give a file".to_owned()));
            }
            Ok(List {
                name: shown(path),
                file: ListFile::of(&file),
                bytes: Box::new(BlockingInput::new(file, signals.stop())),
            })
        }
    };
    names.iter().map(open).collect()
}

/// Refuses a list that is to be repeated and can be read only once, whatever its name. Named pipes are found before
/// they are opened, which would wait for a writer.
pub(super) fn check_repeatable(names: &[ListName]) -> Result<(), StartError> {
    for name in names {
        let (shown, is_once) = match name {
            ListName::Stdin => (
                "standard input".to_owned(),
                ListFile::of(io::stdin()).is_none(),
            ),
            // What cannot be looked at is told of when it is opened, and a folder too.
            ListName::File(path) => {
                let found = fs::metadata(path);
                let is_once = found.is_ok_and(|found| !found.is_file() && !found.is_dir());
                (shown(path), is_once)
            }
        };
        if is_once {
            return Err(StartError::usage(ReadOnce { name: shown }.to_string()));
        }
    }
    Ok(())
}

/// A list that can be read several times.
pub(super) struct RereadableList {
    name: String,
    file: Arc<File>,
    /// The version that was opened; `None` if the system does not tell.
    version: Option<FileVersion>,
}

impl RereadableList {
    /// Makes a list rereadable: a regular file as it is, anything else as a copy in an unnamed file.
    pub(super) fn new(list: List, name: &ListName) -> Result<Self, StartError> {
        let is_regular = |file: &File| file.metadata().is_ok_and(|metadata| metadata.is_file());
        let file = match name {
            // Asked first: to open a pipe again blocks if its writer has gone.
            ListName::File(path) if fs::metadata(path).is_ok_and(|found| found.is_file()) => {
                File::open(path).ok().filter(is_regular)
            }
            ListName::File(_) | ListName::Stdin => None,
        };
        let file = match file {
            Some(file) => file,
            None => copy(list.bytes).map_err(|error| {
                StartError::local(
                    &format!("cannot keep {} to read it again", list.name),
                    &error,
                )
            })?,
        };
        Ok(RereadableList {
            name: list.name,
            version: FileVersion::of(&file),
            file: Arc::new(file),
        })
    }

    /// The name of the list if it was written to since it was opened: what was read of it may be of either version.
    pub(super) fn written_since(&self) -> Option<&str> {
        let is_as_opened = self.version == FileVersion::of(&self.file);
        (!is_as_opened).then_some(&self.name)
    }

    /// The list as a file of results.
    pub(super) fn into_replay_file(self) -> ReplayFile {
        let RereadableList { name, file, .. } = self;
        ReplayFile {
            name,
            open: Box::new(move |offset| {
                Box::new(Cursor {
                    file: Arc::clone(&file),
                    offset,
                })
            }),
        }
    }

    /// The list from its beginning.
    pub(super) fn list(&self) -> List {
        List {
            name: self.name.clone(),
            file: ListFile::whole(&self.file),
            bytes: Box::new(Cursor {
                file: Arc::clone(&self.file),
                offset: 0,
            }),
        }
    }
}

fn copy(mut bytes: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut bytes, &mut file)?;
    Ok(file)
}

/// A reader of a shared file with an offset of its own (pread(2)).
struct Cursor {
    file: Arc<File>,
    offset: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_list_that_is_written_to_is_another_and_one_that_is_replaced_is_not() {
        let dir = tempfile::tempdir().expect("there is room");
        let path = dir.path().join("list");
        let text = "http://h/1\n";
        fs::write(&path, text).expect("there is room");
        let open = || {
            let list = List {
                name: "list".to_owned(),
                bytes: Box::new(io::empty()),
                file: None,
            };
            RereadableList::new(list, &ListName::File(path.clone()))
                .unwrap_or_else(|error| panic!("{}", error.message))
        };
        let appended = open();
        assert_eq!(appended.written_since(), None);
        let file = File::options().append(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(b"http://h/2\n"));
        written.expect("there is room");
        assert_eq!(appended.written_since(), Some("list"));

        let replaced = open();
        fs::write(dir.path().join("other"), "http://other/\n").expect("there is room");
        fs::rename(dir.path().join("other"), &path).expect("it can be renamed");
        let mut read = String::new();
        let mut bytes = replaced.list().bytes;
        bytes.read_to_string(&mut read).expect("it is open");
        assert_eq!(read, "http://h/1\nhttp://h/2\n");
        assert_eq!(replaced.written_since(), None);
    }
}
