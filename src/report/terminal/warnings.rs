//! Warnings and notes, one line each.

use std::io::{self, Write};

use super::url_note::UrlNote;
use crate::model::event::{Event, Listener};

/// A listener that writes warnings, and of the notes on failed URLs the first, to `W` (standard error, in the
/// program).
#[derive(Debug)]
pub struct Warnings<W> {
    out: W,
    has_note: bool,
}

impl<W: Write> Warnings<W> {
    /// Warnings written to `out`.
    pub fn new(out: W) -> Self {
        Warnings {
            out,
            has_note: false,
        }
    }
}

impl<W: Write> Listener for Warnings<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let written = match event {
            Event::Warning(message) => writeln!(self.out, "pfetch: warning: {message}"),
            Event::Finished(outcome) if !self.has_note => match UrlNote::on(outcome) {
                Some(note) => {
                    self.has_note = true;
                    writeln!(self.out, "pfetch: note: {note}")
                }
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        // A warning that cannot be written is no reason to end a run.
        let _ = written.and_then(|()| self.out.flush());
        Ok(())
    }
}
