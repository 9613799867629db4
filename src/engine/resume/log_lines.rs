//! The lines of a log, read from the first to the last, and the identifier of the log.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::line::{HEADER, MAX_LINE_BYTES, is_run};
use super::line_read::{LogEntry, LoggedRun, read_line};
use crate::model::run_id::RunId;

/// The bytes that are read from the log at once.
const BUFFER: usize = 64 * 1024;

/// The identifier of the log: that of the first run that wrote a whole line to it.
pub(super) fn log_id(file: &mut File) -> io::Result<Option<RunId>> {
    let mut lines = LogLines::after_header(file)?;
    let mut bytes = Vec::new();
    while let Some(length) = lines.next(&mut bytes)? {
        if length <= MAX_LINE_BYTES as u64
            && is_run(&bytes)
            && let Ok(LogEntry::Run(LoggedRun { id: Some(id), .. })) = read_line(&bytes)
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// The lines of a log.
pub(super) struct LogLines<'a> {
    reader: BufReader<&'a mut File>,
    /// The position of the line that was read last, and that of the next one.
    pub(super) start: u64,
    end: u64,
    /// The number of the line that was read last, from 1.
    pub(super) number: u64,
}

impl<'a> LogLines<'a> {
    pub(super) fn after_header(file: &'a mut File) -> io::Result<Self> {
        let end = HEADER.len() as u64;
        file.seek(SeekFrom::Start(end))?;
        Ok(LogLines {
            reader: BufReader::with_capacity(BUFFER, file),
            start: 0,
            end,
            number: 1,
        })
    }

    /// Reads the next line, its end included, and returns its length: of one that is longer than
    /// [`MAX_LINE_BYTES`], `bytes` has the beginning. `None` at the end of the log.
    pub(super) fn next(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<u64>> {
        bytes.clear();
        let most = MAX_LINE_BYTES as u64 + 1;
        let mut length = self.reader.by_ref().take(most).read_until(b'\n', bytes)? as u64;
        if length == most && !bytes.ends_with(b"\n") {
            length += self.reader.skip_until(b'\n')? as u64;
        }
        self.start = self.end;
        self.end += length;
        self.number += 1;
        Ok((length > 0).then_some(length))
    }
}
