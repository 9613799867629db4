//! A JSON document around one long list, written item by item, so that memory does not grow with it.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::model::text::escape;

/// Writer of the document to `W`: the text before the list, an item per line, the text after it.
#[derive(Debug)]
pub(super) struct Document<W> {
    out: W,
    /// Text before the list.
    head: String,
    state: DocumentState,
}

/// Part of the document that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DocumentState {
    Before,
    /// Within the list, before its first item.
    Empty,
    Within,
    After,
}

impl<W: Write> Document<W> {
    /// A document that begins with `head`, which ends where the list begins.
    pub(super) fn new(out: W, head: String) -> Self {
        Document {
            out,
            head,
            state: DocumentState::Before,
        }
    }

    /// Writes the text before the list, once.
    pub(super) fn open(&mut self) -> io::Result<()> {
        if self.state == DocumentState::Before {
            self.state = DocumentState::Empty;
            self.out.write_all(self.head.as_bytes())?;
        }
        Ok(())
    }

    /// Writes an item of the list.
    pub(super) fn item(&mut self, item: &impl Serialize) -> io::Result<()> {
        self.open()?;
        let before: &[u8] = match self.state {
            DocumentState::Empty => b"\n",
            _ => b",\n",
        };
        self.state = DocumentState::Within;
        self.out.write_all(before)?;
        Ok(serde_json::to_writer(&mut self.out, item)?)
    }

    /// Writes `tail`, which begins where the list ends. Does nothing the second time.
    pub(super) fn close(&mut self, tail: &str) -> io::Result<()> {
        if self.state == DocumentState::After {
            return Ok(());
        }
        self.open()?;
        self.state = DocumentState::After;
        writeln!(self.out, "\n{tail}")?;
        self.out.flush()
    }
}

/// Text from the network as a JSON string, escaped. JSON itself allows terminal escapes and characters that
/// change the direction of writing, and viewers display them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Safe<'a>(pub(super) &'a str);

impl Serialize for Safe<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&escape(self.0))
    }
}
