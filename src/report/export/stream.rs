//! A report on a stream, which gets it as it is made: standard output, a pipe, an open descriptor.

use std::fmt;
use std::io::{self, Write};

use super::{Export, ExportSettings};
use crate::model::event::{Event, Listener};

/// A report on a stream. Without an end of the run it is not completed.
pub struct ExportStream {
    report: Box<dyn Listener>,
    /// True once the run has ended.
    is_over: bool,
}

impl ExportStream {
    /// A report in this format, written to `out`.
    ///
    /// # Errors
    ///
    /// If a format cannot create the temporary file that holds a part until the end.
    pub fn new(export: Export, out: Box<dyn Write>, settings: ExportSettings) -> io::Result<Self> {
        Ok(ExportStream {
            report: export.listener_with(out, settings)?,
            is_over: false,
        })
    }
}

impl Listener for ExportStream {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.is_over |= event.is_end();
        self.report.event(event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.report.idle()
    }

    fn close(&mut self) -> io::Result<()> {
        match self.is_over {
            true => self.report.close(),
            false => self.report.idle(),
        }
    }
}

impl fmt::Debug for ExportStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportStream")
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}
