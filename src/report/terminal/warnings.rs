//! Warnings and notes, one line each.

use std::io::{self, Write};

use super::lines::wrapped_message;
use super::url_note::UrlNote;
use crate::model::event::{Event, Listener};
use crate::model::secret_parameters::without_secret_values;

/// A listener that writes warnings, and of the notes on URLs the first, to `W` (standard error, in the
/// program). The values of secret parameters in URLs are masked.
#[derive(Debug)]
pub struct Warnings<W> {
    out: W,
    /// The columns of the terminal, if it is one.
    columns: Option<usize>,
    has_note: bool,
}

impl<W: Write> Warnings<W> {
    /// Warnings written to `out`.
    pub fn new(out: W) -> Self {
        Warnings {
            out,
            columns: None,
            has_note: false,
        }
    }

    /// Breaks lines between words for a terminal of so many columns, if it is one.
    #[must_use]
    pub fn wrapped(self, columns: Option<usize>) -> Self {
        Warnings { columns, ..self }
    }
}

impl<W: Write> Listener for Warnings<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let text = match event {
            Event::Warning(message) => format!("warning: {message}"),
            Event::MissingShards(missing) => format!("warning: {missing}"),
            Event::Finished(outcome) if !self.has_note => match UrlNote::on(outcome) {
                Some(note) => {
                    self.has_note = true;
                    format!("note: {note}")
                }
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let text = without_secret_values(&text).unwrap_or(text);
        let written = writeln!(self.out, "{}", wrapped_message(&text, self.columns));
        // A warning that cannot be written is no reason to end a run.
        let _ = written.and_then(|()| self.out.flush());
        Ok(())
    }
}
