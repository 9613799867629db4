//! A list in a regular file: read at its own offset (pread(2)), so that it can be counted beside the run and read
//! again.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

/// The regular file of a list, which can be read any number of times without moving the offset of its descriptor.
#[derive(Debug, Clone)]
pub struct ListFile {
    pub(super) file: Arc<File>,
    /// Where the list begins.
    pub(super) offset: u64,
}

impl ListFile {
    /// The list that begins where `descriptor` stands; `None` if that is no regular file.
    pub fn of(descriptor: impl AsFd) -> Option<Self> {
        let mut file = File::from(descriptor.as_fd().try_clone_to_owned().ok()?);
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let offset = file.stream_position().ok()?;
        Some(ListFile {
            file: Arc::new(file),
            offset,
        })
    }

    /// The list that is the whole of `descriptor`'s file, wherever that stands.
    pub fn whole(descriptor: impl AsFd) -> Option<Self> {
        Some(ListFile {
            offset: 0,
            ..ListFile::of(descriptor)?
        })
    }

    /// The bytes of the list, from its beginning.
    pub(super) fn bytes(&self) -> ListBytes<'_> {
        ListBytes {
            file: &self.file,
            offset: self.offset,
        }
    }

    /// The version of the file as it is now; `None` if the system does not tell.
    pub(super) fn version(&self) -> Option<FileVersion> {
        FileVersion::of(&self.file)
    }
}

/// A reader of a list with an offset of its own.
#[derive(Debug)]
pub(super) struct ListBytes<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for ListBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// The version of an open file, which every write to it changes. Another file in its place is no other version: the
/// open one is read to its end. (So the time of the status, st_ctime, does not count: it changes with the names.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileVersion {
    length: u64,
    modified: (i64, i64),
}

impl FileVersion {
    /// The version of `file` as it is now; `None` if the system does not tell.
    pub(crate) fn of(file: &File) -> Option<Self> {
        let metadata = file.metadata().ok()?;
        Some(FileVersion {
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}
