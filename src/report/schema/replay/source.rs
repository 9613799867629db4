//! One file of JSON Lines: its lines, with their numbers.

use std::io::{BufRead, BufReader, Read};

use super::ReplayError;
use super::line::{Head, Line};

/// The schema that is read.
const SCHEMA: u64 = 1;

/// The longest line: far more than any result has, and little enough to hold.
const MAX_LINE: u64 = 16 << 20;

/// One file of JSON Lines.
pub(super) struct File {
    name: String,
    bytes: BufReader<Box<dyn Read>>,
    line: u64,
}

impl File {
    pub(super) fn new(name: String, bytes: Box<dyn Read>) -> Self {
        File {
            name,
            bytes: BufReader::new(bytes),
            line: 0,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The next line; `None` at the end, and `Torn` for a last line that breaks off.
    pub(super) fn next(&mut self) -> Result<Option<Line>, ReplayError> {
        let mut text = Vec::new();
        let read = self
            .bytes
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut text);
        read.map_err(|error| ReplayError::Read {
            file: self.name.clone(),
            source: error,
        })?;
        if text.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let is_ended = text.ends_with(b"\n");
        if !is_ended && text.len() as u64 == MAX_LINE {
            return Err(self.wrong("the line is too long"));
        }
        if self.line == 1 {
            self.check_head(&text)?;
        }
        match serde_json::from_slice(&text) {
            Ok(line) => Ok(Some(line)),
            // A run that is killed may leave half a line.
            Err(error) if !is_ended && error.is_eof() => Ok(None),
            Err(error) => Err(self.wrong(&reason(&error))),
        }
    }

    fn check_head(&self, text: &[u8]) -> Result<(), ReplayError> {
        let not_ours = "it is not the beginning of a run; --replay reads what --format jsonl or \
                        --export jsonl=FILE wrote";
        let head: Head = serde_json::from_slice(text).map_err(|_| self.wrong(not_ours))?;
        match head.schema {
            _ if head.kind != "run" => Err(self.wrong(not_ours)),
            Some(SCHEMA) => Ok(()),
            Some(schema) => Err(self.wrong(&format!(
                "its schema is {schema}; this pfetch reads {SCHEMA} only"
            ))),
            None => Err(self.wrong(not_ours)),
        }
    }

    /// An error at the line that was read last.
    pub(super) fn wrong(&self, reason: &str) -> ReplayError {
        ReplayError::Line {
            file: self.name.clone(),
            line: self.line.max(1),
            reason: reason.to_owned(),
        }
    }
}

/// The parser counts lines too, but within one.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    crate::model::text::excerpt(reason, 200)
}
