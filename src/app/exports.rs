//! Exports of a run: opened before anything is fetched, and announced once they are written.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use super::signals::WriteDeadline;
use super::stdio::StdStream;
use super::{StartError, shown, unwritable, warn_of};
use crate::cli::{ExportPlan, ExportTarget, Mode, Plan, ReportPlan, StreamOutput};
use crate::model::event::{Event, Listener};
use crate::report::export::{ExportFile, ExportSettings, ExportStream};
use crate::save::atomic_file::AtomicFile;
use crate::save::{TemporaryFiles, open_stream};

/// The longest wait for the reader of a named pipe.
const READER_TIMEOUT: Duration = Duration::from_secs(30);

const BUFFER: usize = 64 * 1024;

/// An open export.
pub(super) struct OpenExport {
    /// The name of its output in messages.
    pub(super) name: String,
    pub(super) listener: Box<dyn Listener>,
}

/// Opens the exports: a place where none can be written is a mistake to correct first.
pub(super) fn open(
    plan: &Plan,
    deadline: &WriteDeadline,
    files: &TemporaryFiles,
) -> Result<Vec<OpenExport>, StartError> {
    let report = &plan.report;
    let settings = ExportSettings {
        baseline: report.baseline,
        needs_urls: match plan.mode {
            Mode::Fetch => !plan.allows_empty,
            // There is nothing to compare.
            Mode::Compare(_) | Mode::Sweep(_) => true,
            Mode::Replay | Mode::DryRun => false,
        },
    };
    let open = |export: &ExportPlan| {
        let name = match &export.target {
            ExportTarget::File(path)
            | ExportTarget::StepSummary(path)
            | ExportTarget::Stream(StreamOutput::Path(path)) => shown(path),
            ExportTarget::Stream(StreamOutput::Stdout) => "to standard output".to_owned(),
            ExportTarget::Stream(StreamOutput::Stderr) => "to standard error".to_owned(),
        };
        match open_one(export, &name, (report, settings), (deadline, files)) {
            Ok(listener) => Ok(OpenExport { name, listener }),
            Err(error) => Err(match &export.target {
                ExportTarget::File(path) | ExportTarget::StepSummary(path) => {
                    unwritable(path, &error)
                }
                ExportTarget::Stream(_) => {
                    StartError::local(&format!("cannot write {name}"), &error)
                }
            }),
        }
    };
    report.exports.iter().map(open).collect()
}

/// Foresees the error of a file that cannot be written. Nothing is made.
pub(super) fn foresee(exports: &[ExportPlan]) -> Result<(), StartError> {
    let mut files = exports.iter().filter_map(ExportPlan::file);
    files.try_for_each(|path| AtomicFile::foresee(path).map_err(|error| unwritable(path, &error)))
}

fn open_one(
    plan: &ExportPlan,
    name: &str,
    (report, settings): (&ReportPlan, ExportSettings),
    (deadline, files): (&WriteDeadline, &TemporaryFiles),
) -> io::Result<Box<dyn Listener>> {
    let stream = match &plan.target {
        ExportTarget::File(path) | ExportTarget::StepSummary(path) => {
            let is_added = matches!(plan.target, ExportTarget::StepSummary(_));
            let file = match is_added {
                true => ExportFile::append(plan.export, path, settings)?,
                false => ExportFile::create(plan.export, path, settings, files)?,
            };
            warn_of(file.refused_mode());
            return Ok(match report.style.detail.has_summary() {
                true => Box::new(AnnouncedFile {
                    file,
                    written: match is_added {
                        true => format!("added the report to {name}"),
                        false => format!("wrote {name}"),
                    },
                    out: StdStream::new(io::stderr(), deadline)?,
                }),
                false => Box::new(file),
            });
        }
        ExportTarget::Stream(StreamOutput::Stdout) => StdStream::new(io::stdout(), deadline)?,
        ExportTarget::Stream(StreamOutput::Stderr) => StdStream::new(io::stderr(), deadline)?,
        ExportTarget::Stream(StreamOutput::Path(path)) => {
            StdStream::new(open_stream(path, READER_TIMEOUT)?, deadline)?
        }
    };
    Ok(Box::new(stream_listener(plan, stream, settings)?))
}

fn stream_listener(
    plan: &ExportPlan,
    stream: StdStream,
    settings: ExportSettings,
) -> io::Result<ExportStream> {
    let out = BufWriter::with_capacity(BUFFER, stream);
    ExportStream::new(plan.export, Box::new(out), settings)
}

/// A file that is announced once it has its name.
struct AnnouncedFile {
    file: ExportFile,
    /// What is said of it then.
    written: String,
    out: StdStream,
}

impl Listener for AnnouncedFile {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.file.event(event)
    }

    fn close(&mut self) -> io::Result<()> {
        self.file.close()?;
        if self.file.is_published() {
            // The file is there, whether or not anybody reads that.
            let _ = writeln!(self.out, "pfetch: {}", self.written);
        }
        Ok(())
    }
}
