//! The lines of a file: read one at a time, numbered for errors, and put right where a killed process tore one.

use std::io::{BufRead, BufReader, Read, Take};
use std::ops::Range;

use memchr::memmem;

use super::{ReplayError, ReplayFile};
use crate::engine::resume::{LOG_SCHEMA, from_line};
use crate::model::text::excerpt;
use crate::report::schema::SCHEMA;
use crate::report::schema::line::{LineHead, SchemaLine};

/// Longest line, in bytes: far longer than any result, and short enough to hold in memory.
const MAX_LINE: u64 = 16 << 20;

/// Longest reason in an error, in characters.
const MAX_REASON: usize = 200;

/// Beginning of every line. Within one it cannot stand: strings escape the quotes.
const BEGINNING: &[u8] = b"{\"type\":\"";

const FOREIGN: &str = "it is not the beginning of a run; --replay reads what --format jsonl or \
                       --export jsonl=FILE wrote, and run logs";

/// A reader of lines.
pub(super) struct Lines<'f> {
    name: &'f str,
    bytes: BufReader<Take<Box<dyn Read>>>,
    /// The line that was read last.
    text: Vec<u8>,
    /// Beginning of what is left of it.
    rest: usize,
    /// Its number.
    number: u64,
    /// Position of its beginning and of its end in the file.
    start: u64,
    end: u64,
    /// True within a run log, false within a report.
    is_log: bool,
    /// Position of the beginning of the run log.
    log_start: u64,
    /// True once a whole line has been found.
    has_begun: bool,
    /// A line of a run log that cannot be read: torn if a run begins with the next one.
    torn: Option<ReplayError>,
    /// The number of the first line of a report that breaks off, and how many there are.
    broken_off: Option<(u64, u64)>,
}

/// A line with its head.
pub(super) struct Line<'t> {
    pub(super) bytes: &'t [u8],
    pub(super) head: LineHead,
    /// True for a line of a run log.
    pub(super) is_log: bool,
    /// Position in the file.
    pub(super) start: u64,
    /// Position of the beginning of the run log there.
    pub(super) log_start: u64,
    pub(super) number: u64,
    pub(super) file: &'t str,
}

impl<'t> Line<'t> {
    /// Reads the line of a report.
    pub(super) fn parse(&self) -> Result<SchemaLine<'t>, ReplayError> {
        let parsed = match self.head.kind.as_str() {
            // Nearly all lines. With the type known, serde need not keep all fields until it has come.
            "result" => from_line(self.bytes).map(SchemaLine::Result),
            _ => from_line(self.bytes),
        };
        let line: SchemaLine<'t> = parsed.map_err(|error| self.parse_error(&error))?;
        Ok(line.complete(self.bytes))
    }

    /// Position in the run log.
    pub(super) fn log_offset(&self) -> u64 {
        self.start - self.log_start
    }

    /// An error at this line.
    pub(super) fn error(&self, reason: &str) -> ReplayError {
        error_at(self.file, self.number, reason)
    }

    /// A parser's error at this line.
    pub(super) fn parse_error(&self, error: &serde_json::Error) -> ReplayError {
        self.error(&parse_reason(error))
    }
}

impl<'f> Lines<'f> {
    /// Opens a file, of which `limit` bytes are read: it may grow.
    pub(super) fn open(file: &'f ReplayFile, limit: u64) -> Self {
        Lines {
            name: &file.name,
            bytes: BufReader::new((file.open)(0).take(limit)),
            text: Vec::new(),
            rest: 0,
            number: 0,
            start: 0,
            end: 0,
            is_log: false,
            log_start: 0,
            has_begun: false,
            torn: None,
            broken_off: None,
        }
    }

    pub(super) fn name(&self) -> &'f str {
        self.name
    }

    /// The number of bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.end
    }

    /// The number of the first line that breaks off before its line end, and how many there are.
    pub(super) fn broken_off(&self) -> Option<(u64, u64)> {
        self.broken_off
    }

    /// True once a whole line was read.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Reads the next line. `None` at the end, and for a last line that breaks off: a run that is killed may
    /// leave half a line.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, ReplayError> {
        let Some((piece, head)) = self.next_piece()? else {
            return Ok(None);
        };
        self.note_kind(&head)?;
        let begins = matches!(head.kind.as_str(), "run" | "pfetch-log");
        match self.torn.take() {
            Some(error) if !begins => return Err(error),
            _ => {}
        }
        Ok(Some(Line {
            start: self.start + piece.start as u64,
            bytes: &self.text[piece],
            head,
            is_log: self.is_log,
            log_start: self.log_start,
            number: self.number,
            file: self.name,
        }))
    }

    /// Finds the next whole line. A process that is killed, and whose output others share or follow, leaves half a
    /// line before one of theirs: it is passed over, and its run has no end.
    fn next_piece(&mut self) -> Result<Option<(Range<usize>, LineHead)>, ReplayError> {
        loop {
            if self.rest >= self.text.len() && !self.read_line()? {
                return Ok(None);
            }
            let (start, end) = (self.rest, self.text.len());
            if self.text[start..end].trim_ascii().is_empty() {
                self.rest = end;
                continue;
            }
            let error = match from_line::<LineHead>(&self.text[start..end]) {
                Ok(head) if start == 0 || head.run.is_some() => {
                    self.rest = end;
                    return Ok(Some((start..end, head)));
                }
                // An object within the half of a line.
                Ok(_) => None,
                Err(error) => Some(error),
            };
            if let Some(next) = memmem::find(&self.text[start + 1..end], BEGINNING) {
                let next = start + 1 + next;
                self.rest = next;
                // Whole, if it lacks no more than its line feed.
                if let Ok(head) = from_line(&self.text[start..next]) {
                    return Ok(Some((start..next, head)));
                }
                continue;
            }
            self.rest = end;
            let breaks_off = error.as_ref().is_none_or(serde_json::Error::is_eof);
            if !self.text.ends_with(b"\n") && breaks_off {
                return Ok(None);
            }
            if !self.is_log && is_cut_short(&self.text[start..end]) {
                // What was to come is told where it is missed: by the run's end.
                let (first, count) = self.broken_off.unwrap_or((self.number, 0));
                self.broken_off = Some((first, count + 1));
                continue;
            }
            if !self.has_begun {
                return Err(self.error(FOREIGN));
            }
            let reason = error.as_ref().map(parse_reason);
            let error = self.error(reason.as_deref().unwrap_or("it breaks off"));
            match self.is_log {
                true => self.torn = self.torn.take().or(Some(error)),
                false => return Err(error),
            }
        }
    }

    /// Reads a line of the file. Returns false at its end.
    fn read_line(&mut self) -> Result<bool, ReplayError> {
        self.text.clear();
        self.rest = 0;
        let mut bytes = self.bytes.by_ref().take(MAX_LINE);
        let read = bytes.read_until(b'\n', &mut self.text);
        read.map_err(|source| ReplayError::Read {
            file: self.name.to_owned(),
            source,
        })?;
        let length = self.text.len() as u64;
        if length == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.start = self.end;
        self.end += length;
        match length == MAX_LINE && !self.text.ends_with(b"\n") {
            true => Err(self.error("the line is too long")),
            false => Ok(true),
        }
    }

    /// Notes the beginning of a report or of a log, one of which a file begins with. Either may follow in a file
    /// that others were joined to.
    fn note_kind(&mut self, head: &LineHead) -> Result<(), ReplayError> {
        let begins_log = head.kind == "pfetch-log";
        let begins_report = head.kind == "run" && (head.schema.is_some() || !self.has_begun);
        if begins_log {
            self.log_start = self.start;
        } else if !begins_report {
            let foreign = (!self.has_begun).then(|| self.error(FOREIGN));
            return foreign.map_or(Ok(()), Err);
        }
        let known = if begins_log { LOG_SCHEMA } else { SCHEMA };
        match head.schema {
            Some(schema) if schema == known => {}
            Some(schema) => {
                let other = format!("its schema is {schema}; this pfetch reads {known} only");
                return Err(self.error(&other));
            }
            None => return Err(self.error(FOREIGN)),
        }
        self.has_begun = true;
        self.is_log = begins_log;
        Ok(())
    }

    /// An error at the line that was read last.
    fn error(&self, reason: &str) -> ReplayError {
        error_at(self.name, self.number.max(1), reason)
    }
}

/// Recognises the beginning of a line: what a process that is killed leaves, and to which a later one, or a tool that
/// joins files, adds the line end.
fn is_cut_short(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let is_one = line.starts_with(BEGINNING) || BEGINNING.starts_with(line);
    is_one && from_line::<LineHead>(line).map_or_else(|error| error.is_eof(), |_| true)
}

pub(super) fn error_at(file: &str, line: u64, reason: &str) -> ReplayError {
    ReplayError::Line {
        file: file.to_owned(),
        line,
        reason: reason.to_owned(),
    }
}

/// The parser's reason without its position: it counts lines within the one line that it was given.
pub(super) fn parse_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    excerpt(reason, MAX_REASON)
}
