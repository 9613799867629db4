//! Warnings, one line each.

use std::io::{self, Write};

use crate::model::event::{Event, Listener};

/// A listener that writes warnings to `W` (standard error, in the program).
#[derive(Debug)]
pub struct Warnings<W> {
    out: W,
}

impl<W: Write> Warnings<W> {
    /// Warnings written to `out`.
    pub fn new(out: W) -> Self {
        Warnings { out }
    }
}

impl<W: Write> Listener for Warnings<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Warning(message) = event {
            // A warning that cannot be written is no reason to end a run.
            let _ =
                writeln!(self.out, "pfetch: warning: {message}").and_then(|()| self.out.flush());
        }
        Ok(())
    }
}
