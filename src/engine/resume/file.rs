//! Opening of the run log: a regular file with its header, locked. Any other file is left as it is.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::JournalError;
use super::line::{HEADER, schema};
use crate::model::text::escape;

/// The most bytes that are read in search of the end of the first line.
const FIRST_LINE_BYTES: u64 = 1024;

/// An open run log: locked, and with its header.
pub(super) struct OpenedLog {
    pub(super) file: File,
    /// The name, escaped for messages.
    pub(super) name: String,
    /// True if the file ends within a line.
    pub(super) is_torn: bool,
}

/// Opens the log at `path`, or creates it.
pub(super) fn open(path: &Path) -> Result<OpenedLog, JournalError> {
    let name = escape(&path.display().to_string());
    // Before open(2), which alone has effects on some devices.
    if let Ok(metadata) = fs::metadata(path) {
        check_type(metadata.file_type(), &name)?;
    }
    let opened = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        // In case it has become a pipe or a terminal since.
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
        .open(path);
    let mut file = opened.map_err(|source| JournalError::Open {
        file: name.clone(),
        source,
    })?;
    let unreadable = |source| JournalError::Read {
        file: name.clone(),
        source,
    };
    check_type(file.metadata().map_err(unreadable)?.file_type(), &name)?;
    lock(&file, &name)?;

    // Only now, because a process that held the lock may have written.
    let length = file.metadata().map_err(unreadable)?.len();
    let mut first = Vec::new();
    (&file)
        .take(FIRST_LINE_BYTES)
        .read_to_end(&mut first)
        .map_err(unreadable)?;
    let is_torn = match classify_header(&first, length) {
        LogHeader::Whole => {
            let mut last = [0];
            file.read_exact_at(&mut last, length - 1)
                .map_err(unreadable)?;
            last != *b"\n"
        }
        LogHeader::Partial(missing) => {
            file.write_all(missing.as_bytes())
                .map_err(|source| JournalError::Write {
                    file: name.clone(),
                    source,
                })?;
            false
        }
        LogHeader::OtherSchema(schema) => return Err(JournalError::Schema { file: name, schema }),
        LogHeader::Foreign => return Err(JournalError::Foreign { file: name }),
    };
    Ok(OpenedLog {
        file,
        name,
        is_torn,
    })
}

/// Opens the log at `path` to read it, with its name for messages; `None` if it is missing or empty. It is not
/// locked: a run may be writing it.
pub(super) fn open_to_read(path: &Path) -> Result<Option<(File, String)>, JournalError> {
    let name = escape(&path.display().to_string());
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(JournalError::Open { file: name, source }),
    };
    check_type(metadata.file_type(), &name)?;
    let unreadable = |source| JournalError::Read {
        file: name.clone(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut first = Vec::new();
    (&file)
        .take(FIRST_LINE_BYTES)
        .read_to_end(&mut first)
        .map_err(unreadable)?;
    match classify_header(&first, metadata.len()) {
        LogHeader::Whole => Ok(Some((file, name))),
        LogHeader::Partial(_) => Ok(None),
        LogHeader::OtherSchema(schema) => Err(JournalError::Schema { file: name, schema }),
        LogHeader::Foreign => Err(JournalError::Foreign { file: name }),
    }
}

/// The header of a file, by its first bytes.
enum LogHeader {
    /// The header of a log.
    Whole,
    /// The beginning of the header, or an empty file; this is missing.
    Partial(&'static str),
    /// The header of a log with another schema.
    OtherSchema(u64),
    /// Another file.
    Foreign,
}

fn classify_header(first: &[u8], length: u64) -> LogHeader {
    if first.starts_with(HEADER.as_bytes()) {
        return LogHeader::Whole;
    }
    if HEADER.as_bytes().starts_with(first) && length == first.len() as u64 {
        return LogHeader::Partial(&HEADER[first.len()..]);
    }
    let line = first.split(|byte| *byte == b'\n').next();
    match line.and_then(schema) {
        Some(schema) => LogHeader::OtherSchema(schema),
        None => LogHeader::Foreign,
    }
}

/// Refuses anything else than a regular file.
fn check_type(found: FileType, name: &str) -> Result<(), JournalError> {
    let what = if found.is_file() {
        return Ok(());
    } else if found.is_dir() {
        "a directory"
    } else if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(JournalError::NotAFile {
        file: name.to_owned(),
        what,
    })
}

/// Locks the file (flock). The system releases the lock when the process ends, even if it is killed.
fn lock(file: &File, name: &str) -> Result<(), JournalError> {
    let name = || name.to_owned();
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => Err(JournalError::Locked { file: name() }),
        Err(errno) => Err(JournalError::Lock {
            file: name(),
            source: io::Error::from(errno),
        }),
    }
}
