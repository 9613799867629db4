//! A JSON document around one long list, written as the list comes.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::model::text::escape;

/// A document on its way to `W`: what stands before the list, an item a line, what stands after it.
#[derive(Debug)]
pub(super) struct Document<W> {
    out: W,
    /// What stands before the list.
    head: String,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    /// Within the list, which has nothing in it yet.
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
            place: Place::Before,
        }
    }

    /// Begins it, if that has not been done.
    pub(super) fn open(&mut self) -> io::Result<()> {
        if self.place == Place::Before {
            self.place = Place::Empty;
            self.out.write_all(self.head.as_bytes())?;
        }
        Ok(())
    }

    /// Writes one item.
    pub(super) fn item(&mut self, item: &impl Serialize) -> io::Result<()> {
        self.open()?;
        let before: &[u8] = match self.place {
            Place::Empty => b"\n",
            _ => b",\n",
        };
        self.place = Place::Within;
        self.out.write_all(before)?;
        Ok(serde_json::to_writer(&mut self.out, item)?)
    }

    /// Ends it with `tail`, which begins where the list ends. A second end is none.
    pub(super) fn close(&mut self, tail: &str) -> io::Result<()> {
        if self.place == Place::After {
            return Ok(());
        }
        self.open()?;
        self.place = Place::After;
        writeln!(self.out, "\n{tail}")?;
        self.out.flush()
    }
}

/// Text from outside as a JSON string. JSON lets everything through that moves a cursor or turns the
/// direction of writing, and viewers show it: it is made visible here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Safe<'a>(pub(super) &'a str);

impl Serialize for Safe<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&escape(self.0))
    }
}
