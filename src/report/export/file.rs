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
/// the run is over. If it comes to no end, the temporary file goes away.
pub struct ExportFile {
    path: PathBuf,
    report: Box<dyn Listener>,
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
            temporary: Some(temporary),
        })
    }
}

impl Listener for ExportFile {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.temporary.is_none() {
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
        match self.temporary.take() {
            Some(temporary) => match temporary.persist(&self.path) {
                Ok(_) => Ok(()),
                Err(error) => Err(error.error),
            },
            None => Ok(()),
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
