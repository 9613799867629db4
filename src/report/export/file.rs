//! A report that becomes a file when it is whole, and never before.

use std::fmt;
use std::io::{self, BufWriter};
use std::path::Path;

use super::Export;
use crate::model::event::{Event, Listener};
use crate::report::Baseline;
use crate::save::atomic_file::AtomicFile;

const BUFFER: usize = 64 * 1024;

/// A report in a [file that is whole](AtomicFile) when it is closed. If the run comes to no end, there is
/// none.
pub struct ExportFile {
    report: Box<dyn Listener>,
    /// Whether the run has come to an end.
    is_over: bool,
    /// `None` when it has been published, or when it never will be.
    file: Option<AtomicFile>,
}

impl ExportFile {
    /// Begins a report in this format that is to be the file `path`.
    ///
    /// # Errors
    ///
    /// If no file can be made there, or something else than a plain file is there already.
    pub fn create(export: Export, path: &Path, baseline: Baseline) -> io::Result<Self> {
        let file = AtomicFile::create(path)?;
        let out = BufWriter::with_capacity(BUFFER, file.file().try_clone()?);
        Ok(ExportFile {
            report: export.listener(Box::new(out), baseline)?,
            is_over: false,
            file: Some(file),
        })
    }
}

impl Listener for ExportFile {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.is_over |= matches!(
            event,
            Event::Ended(_) | Event::Compared(_) | Event::Swept(_)
        );
        let told = self.report.event(event);
        if told.is_err() {
            // What lacks something is not to become the file.
            self.file = None;
        }
        told
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(file) = self.file.take().filter(|_| self.is_over) else {
            return Ok(());
        };
        self.report.close()?;
        file.publish()
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::summary::Summary;

    /// Cannot write this warning down, but everything else.
    struct Forgetful;

    impl Listener for Forgetful {
        fn event(&mut self, event: &Event) -> io::Result<()> {
            match event {
                Event::Warning(_) => Err(io::ErrorKind::StorageFull.into()),
                _ => Ok(()),
            }
        }
    }

    #[test]
    fn only_a_whole_report_becomes_the_file() {
        let (end, lost) = (
            Event::Ended(Summary::default()),
            Event::Warning(String::new()),
        );
        for (events, is_there) in [
            (&[&end][..], true),
            (&[], false),
            (&[&lost, &end], false),
            (&[&end, &lost], false),
        ] {
            let folder = tempfile::tempdir().expect("there is a place for temporary files");
            let path = folder.path().join("report");
            let mut file =
                ExportFile::create(Export::Csv, &path, Baseline::None).expect("it can be");
            file.report = Box::new(Forgetful);
            for event in events {
                let is_lost = matches!(event, Event::Warning(_));
                assert_eq!(file.event(event).is_err(), is_lost);
            }
            file.close().expect("there is room");
            assert_eq!(path.exists(), is_there, "{events:?}");
            let left = fs::read_dir(folder.path()).expect("it is there").count();
            assert_eq!(left, usize::from(is_there), "no temporary file is left");
        }
    }
}
