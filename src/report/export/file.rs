//! A report in a file, which appears, or is added to the file, only once the report is complete.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use super::{Export, ExportSettings};
use crate::model::event::{Event, Listener};
use crate::save::appended_file::AppendedFile;
use crate::save::atomic_file::AtomicFile;
use crate::save::{RefusedDuty, TemporaryFiles};

const BUFFER: usize = 64 * 1024;

/// A report that is published as a [complete file](AtomicFile), or [added](AppendedFile) to one, when it is closed.
/// Without an end of the run no file appears.
pub struct ExportFile {
    report: Box<dyn Listener>,
    /// True once the run has ended.
    is_over: bool,
    /// `None` once it is published or has been given up.
    file: Option<UnpublishedFile>,
    is_published: bool,
}

/// The file until it is published.
#[derive(Debug)]
enum UnpublishedFile {
    Replacing(AtomicFile),
    Added(AppendedFile),
}

impl UnpublishedFile {
    fn file(&self) -> &File {
        match self {
            UnpublishedFile::Replacing(file) => file.file(),
            UnpublishedFile::Added(file) => file.file(),
        }
    }

    fn publish(self) -> io::Result<()> {
        match self {
            UnpublishedFile::Replacing(file) => file.publish(),
            UnpublishedFile::Added(file) => file.publish(),
        }
    }
}

impl ExportFile {
    /// A report in this format, to be published as the file `path`, and a temporary file until then.
    ///
    /// # Errors
    ///
    /// If no file can be made there, or something else than a plain file is there already.
    pub fn create(
        export: Export,
        path: &Path,
        settings: ExportSettings,
        files: &TemporaryFiles,
    ) -> io::Result<Self> {
        let file = AtomicFile::create(path, files)?;
        ExportFile::of(export, UnpublishedFile::Replacing(file), settings)
    }

    /// A report in this format, to be added to the file `path`.
    ///
    /// # Errors
    ///
    /// If that cannot be written.
    pub fn append(export: Export, path: &Path, settings: ExportSettings) -> io::Result<Self> {
        let file = AppendedFile::open(path)?;
        ExportFile::of(export, UnpublishedFile::Added(file), settings)
    }

    fn of(export: Export, file: UnpublishedFile, settings: ExportSettings) -> io::Result<Self> {
        let out = BufWriter::with_capacity(BUFFER, file.file().try_clone()?);
        Ok(ExportFile {
            report: export.listener_with(Box::new(out), settings)?,
            is_over: false,
            file: Some(file),
            is_published: false,
        })
    }

    /// Tells whether the file has its name.
    pub fn is_published(&self) -> bool {
        self.is_published
    }

    /// The mode of the file that it will replace, if the system refuses to set that.
    pub fn refused_mode(&self) -> Option<&RefusedDuty> {
        match self.file.as_ref()? {
            UnpublishedFile::Replacing(file) => file.refused_mode(),
            UnpublishedFile::Added(_) => None,
        }
    }
}

impl Listener for ExportFile {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.is_over |= event.is_end();
        let written = self.report.event(event);
        if written.is_err() {
            // Never publish an incomplete report.
            self.file = None;
        }
        written
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(file) = self.file.take().filter(|_| self.is_over) else {
            return Ok(());
        };
        self.report.close()?;
        file.publish()?;
        self.is_published = true;
        Ok(())
    }

    // `idle` does nothing: the file has no readers before it is published.
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
    use crate::report::Baseline;

    /// A report that fails at warnings only.
    struct FailingReport;

    impl Listener for FailingReport {
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
            let mut file = ExportFile::create(
                Export::Csv,
                &path,
                ExportSettings {
                    baseline: Baseline::None,
                    needs_urls: false,
                },
                &TemporaryFiles::default(),
            )
            .expect("it can be");
            file.report = Box::new(FailingReport);
            for event in events {
                let is_lost = matches!(event, Event::Warning(_));
                assert_eq!(file.event(event).is_err(), is_lost);
            }
            file.close().expect("there is room");
            assert_eq!(path.exists(), is_there, "{events:?}");
            assert_eq!(file.is_published(), is_there, "{events:?}");
            let left = fs::read_dir(folder.path()).expect("it is there").count();
            assert_eq!(left, usize::from(is_there), "no temporary file is left");
        }
    }
}
