//! A file of JSON Lines: reads its lines one at a time and numbers them for errors.

use std::io::{BufRead, BufReader, Read};

use super::ReplayError;
use crate::model::text::excerpt;
use crate::report::schema::SCHEMA;
use crate::report::schema::line::{LineHead, SchemaLine};

/// Longest line, in bytes: far longer than any result, and short enough to hold in memory.
const MAX_LINE: u64 = 16 << 20;

/// Longest reason in an error, in characters.
const MAX_REASON: usize = 200;

/// A file of JSON Lines and the number of its last line that was read.
pub(super) struct LogFile {
    name: String,
    bytes: BufReader<Box<dyn Read>>,
    line: u64,
}

impl LogFile {
    pub(super) fn new(name: String, bytes: Box<dyn Read>) -> Self {
        LogFile {
            name,
            bytes: BufReader::new(bytes),
            line: 0,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Reads the next line into `text`, from which the result borrows. `None` at the end, and for a last line
    /// that breaks off: a run that is killed may leave half a line.
    pub(super) fn next<'t>(
        &mut self,
        text: &'t mut Vec<u8>,
    ) -> Result<Option<SchemaLine<'t>>, ReplayError> {
        text.clear();
        let mut bytes = self.bytes.by_ref().take(MAX_LINE);
        bytes
            .read_until(b'\n', text)
            .map_err(|source| ReplayError::Read {
                file: self.name.clone(),
                source,
            })?;
        if text.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let text: &'t [u8] = text;
        let is_ended = text.ends_with(b"\n");
        if !is_ended && text.len() as u64 == MAX_LINE {
            return Err(self.error("the line is too long"));
        }
        if self.line == 1 {
            self.check_head(text)?;
        }
        match serde_json::from_slice::<SchemaLine<'_>>(text) {
            Ok(line) => Ok(Some(line.complete(text))),
            Err(error) if !is_ended && error.is_eof() => Ok(None),
            Err(error) => Err(self.error(&reason(&error))),
        }
    }

    fn check_head(&self, text: &[u8]) -> Result<(), ReplayError> {
        let foreign = "it is not the beginning of a run; --replay reads what --format jsonl or \
                       --export jsonl=FILE wrote";
        let head: LineHead = serde_json::from_slice(text).map_err(|_| self.error(foreign))?;
        match head.schema {
            _ if head.kind != "run" => Err(self.error(foreign)),
            Some(SCHEMA) => Ok(()),
            Some(schema) => Err(self.error(&format!(
                "its schema is {schema}; this pfetch reads {SCHEMA} only"
            ))),
            None => Err(self.error(foreign)),
        }
    }

    /// An error at the line that was read last.
    pub(super) fn error(&self, reason: &str) -> ReplayError {
        ReplayError::Line {
            file: self.name.clone(),
            line: self.line.max(1),
            reason: reason.to_owned(),
        }
    }
}

/// The parser's reason without its position: it counts lines within the one line that it was given.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    excerpt(reason, MAX_REASON)
}
