//! Opens the file that is to be the run log, or leaves it as it is and says why not.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::JournalError;
use super::line::{HEADER, schema};
use crate::model::text::escape;

/// How much is read in search of the first line's end, whatever the file is.
const FIRST_LINE_BYTES: u64 = 1024;

/// A run log: locked, and with its header.
pub(super) struct Opened {
    pub(super) file: File,
    /// Its name as it may be shown.
    pub(super) name: String,
    /// Whether it ends within a line.
    pub(super) torn: bool,
}

/// Opens the log at `path`, or creates it.
pub(super) fn open(path: &Path) -> Result<Opened, JournalError> {
    let name = escape(&path.display().to_string());
    // Before it is opened, because opening alone may do something to a device.
    if let Ok(metadata) = fs::metadata(path) {
        check_type(metadata.file_type(), &name)?;
    }
    let opened = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        // Should it have become a pipe or a terminal since.
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

    // Only now, because whoever held the lock may have written.
    let length = file.metadata().map_err(unreadable)?.len();
    let mut first = Vec::new();
    (&file)
        .take(FIRST_LINE_BYTES)
        .read_to_end(&mut first)
        .map_err(unreadable)?;
    let torn = match judge(&first, length) {
        Found::Whole => {
            let mut last = [0];
            file.read_exact_at(&mut last, length - 1)
                .map_err(unreadable)?;
            last != *b"\n"
        }
        Found::Begun(missing) => {
            file.write_all(missing.as_bytes())
                .map_err(|source| JournalError::Write {
                    file: name.clone(),
                    source,
                })?;
            false
        }
        Found::Schema(schema) => return Err(JournalError::Schema { file: name, schema }),
        Found::Foreign => return Err(JournalError::Foreign { file: name }),
    };
    Ok(Opened { file, name, torn })
}

/// What a file is, as its first bytes tell.
enum Found {
    /// A log.
    Whole,
    /// The beginning of a log's header, or nothing at all; this is missing.
    Begun(&'static str),
    /// A log of another schema.
    Schema(u64),
    /// Something else.
    Foreign,
}

fn judge(first: &[u8], length: u64) -> Found {
    if first.starts_with(HEADER.as_bytes()) {
        return Found::Whole;
    }
    if HEADER.as_bytes().starts_with(first) && length == first.len() as u64 {
        return Found::Begun(&HEADER[first.len()..]);
    }
    let line = first.split(|byte| *byte == b'\n').next();
    match line.and_then(schema) {
        Some(schema) => Found::Schema(schema),
        None => Found::Foreign,
    }
}

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

/// Takes the lock, which the system gives back when the file is closed, however that comes about.
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
