//! A report that becomes a file when it is whole, and never before.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Export;
use crate::event::{Event, Listener};
use crate::report::Baseline;

const BUFFER: usize = 64 * 1024;

/// What a new file may be, before the process's mask.
const MODE: u32 = 0o666;

/// A report in a file.
///
/// It is written to a temporary file in the same folder, which takes the file's name and place when
/// it is closed. If the run comes to no end, the temporary file goes away.
pub struct ExportFile {
    path: PathBuf,
    report: Box<dyn Listener>,
    /// Whether the run has come to an end.
    is_over: bool,
    /// `None` when it has become the file.
    temporary: Option<NamedTempFile>,
}

impl ExportFile {
    /// Begins a report in this format that is to be the file `path`.
    ///
    /// # Errors
    ///
    /// If no file can be made there, or something else than a plain file is there already.
    pub fn create(export: Export, path: &Path, baseline: Baseline) -> io::Result<Self> {
        let mode = match fs::symlink_metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::Error::other("it is a folder")),
            // Nothing is written through a link, and no device is replaced by a file.
            Ok(there) if !there.is_file() => {
                return Err(io::Error::other("it is there, and is not a plain file"));
            }
            Ok(there) => there.permissions().mode() & 0o777,
            Err(error) if error.kind() == io::ErrorKind::NotFound => MODE,
            Err(error) => return Err(error),
        };
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let temporary = tempfile::Builder::new()
            .prefix(".pfetch-")
            .suffix(".tmp")
            // Opened here, because the error would tell of a name that says nothing to anybody.
            .make_in(folder.unwrap_or(Path::new(".")), |path| {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(mode).open(path)
            })?;
        let out = BufWriter::with_capacity(BUFFER, temporary.as_file().try_clone()?);
        Ok(ExportFile {
            path: path.to_path_buf(),
            report: export.listener(Box::new(out), baseline)?,
            is_over: false,
            temporary: Some(temporary),
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
            self.temporary = None;
        }
        told
    }

    fn close(&mut self) -> io::Result<()> {
        let temporary = self.temporary.take().filter(|_| self.is_over);
        let Some(temporary) = temporary else {
            return Ok(());
        };
        self.report.close()?;
        match temporary.persist(&self.path) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.error),
        }
    }

    // Idle moments are none of its business: nobody reads the file before it is there.
}

impl fmt::Debug for ExportFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Summary;

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
