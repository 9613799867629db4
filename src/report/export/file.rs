//! A report that becomes a file when it is whole, and never before.

use std::fmt;
use std::io::{self, BufWriter};
use std::path::Path;

use super::Export;
use crate::event::{Event, Listener};
use crate::file::WholeFile;
use crate::report::Baseline;

const BUFFER: usize = 64 * 1024;

/// A report in a [file that is whole](WholeFile) when the run is over. If it comes to no end, there is
/// none.
pub struct ExportFile {
    report: Box<dyn Listener>,
    /// `None` when it has been published.
    file: Option<WholeFile>,
}

impl ExportFile {
    /// Begins a report in this format that is to be the file `path`.
    ///
    /// # Errors
    ///
    /// If no file can be made there, or something else than a plain file is there already.
    pub fn create(export: Export, path: &Path, baseline: Baseline) -> io::Result<Self> {
        let file = WholeFile::create(path)?;
        let out = BufWriter::with_capacity(BUFFER, file.file().try_clone()?);
        Ok(ExportFile {
            report: export.listener(Box::new(out), baseline)?,
            file: Some(file),
        })
    }
}

impl Listener for ExportFile {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.file.is_none() {
            // The file is there; what comes later has no place in it.
            return Ok(());
        }
        self.report.event(event)?;
        let is_over = matches!(
            event,
            Event::Ended(_) | Event::Compared(_) | Event::Swept(_)
        );
        if !is_over {
            return Ok(());
        }
        self.report.idle()?;
        self.file.take().map_or(Ok(()), WholeFile::publish)
    }
    // Idle moments are none of its business: nobody reads the file before it is there.
}

impl fmt::Debug for ExportFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportFile")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
