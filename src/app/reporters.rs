//! The reporters: everything that listens to a run's events.

use std::io::{self, IsTerminal, Write};

use super::signals::WriteDeadline;
use super::stdio::{ClosedStdout, StdStream};
use super::workers::SharedActivity;
use super::{StartError, shown, warn_of};
use crate::cli::{ExportPlan, Format, Plan, ProgressMode, ReportPlan};
use crate::engine::resume::Journal;
use crate::report::export::ExportFile;
use crate::report::{ExpansionNote, Fanout, Human, JsonLines, Progress, Verbose, Warnings};
use crate::save::TemporaryFiles;

/// Buffer of the report on standard output.
const BUFFER: usize = 64 * 1024;

/// Opens the reports in files, each with its name for messages, before anything is fetched: a place where no
/// file can be made is a mistake to correct first.
pub(super) fn open_exports(
    plan: &ReportPlan,
    files: &TemporaryFiles,
) -> Result<Vec<(String, ExportFile)>, StartError> {
    let open = |export: &ExportPlan| {
        let name = shown(&export.path);
        match ExportFile::create(export.export, &export.path, plan.baseline, files) {
            Ok(file) => {
                warn_of(file.refused_mode());
                Ok((name, file))
            }
            Err(error) => Err(StartError::local(&format!("cannot write {name}"), &error)),
        }
    };
    plan.exports.iter().map(open).collect()
}

/// Builds all the reporters that the plan asks for. Their order is the order in which each event reaches
/// them.
pub(super) fn build(
    plan: &Plan,
    deadline: &WriteDeadline,
    activity: Option<SharedActivity>,
    journal: Option<Journal>,
    exports: Vec<(String, ExportFile)>,
) -> io::Result<Fanout> {
    let progress = match (plan.report.progress, activity) {
        (ProgressMode::Bars, Some(activity)) => Some(Progress::bars(activity)?),
        (ProgressMode::Lines, Some(activity)) => {
            let out = StdStream::new(io::stderr(), deadline)?;
            Some(Progress::lines(activity, out)?)
        }
        _ => None,
    };
    // Bodies on standard output move the report to standard error.
    let takes_stdout = plan.bodies.takes_stdout();
    let out = match takes_stdout {
        true => stderr(progress.as_ref(), deadline)?,
        false => stdout(progress.as_ref(), deadline)?,
    };
    let mut all = Fanout::default();
    if let (Some(journal), Some(log)) = (journal, &plan.log) {
        all.add(format!("the run log {}", shown(&log.path)), journal);
    }
    all.add(
        "warnings",
        Warnings::new(stderr(progress.as_ref(), deadline)?),
    );
    all.add(
        "notes",
        ExpansionNote::new(stderr(progress.as_ref(), deadline)?),
    );
    if plan.report.is_verbose {
        let out = stderr(progress.as_ref(), deadline)?;
        all.add("the exchanges", Verbose::new(out));
    }
    // Before the report: the display goes off the screen before the summary is printed.
    if let Some(progress) = progress {
        all.add("progress", progress);
    }
    match plan.report.format {
        Format::Human => all.add("the report", Human::new(out, plan.report.style)),
        Format::JsonLines => all.add("the report", JsonLines::new(out, plan.report.baseline)),
    }
    if !takes_stdout {
        all.add("to standard output", ClosedStdout::new());
    }
    for (name, export) in exports {
        all.add(name, export);
    }
    Ok(all)
}

/// Standard error, above the progress display if there is one.
fn stderr(progress: Option<&Progress>, deadline: &WriteDeadline) -> io::Result<Box<dyn Write>> {
    let stream = StdStream::new(io::stderr(), deadline)?;
    Ok(match progress {
        Some(progress) => Box::new(progress.above(stream)),
        None => Box::new(io::BufWriter::new(stream)),
    })
}

/// Standard output; on a terminal, above the progress display if there is one.
fn stdout(progress: Option<&Progress>, deadline: &WriteDeadline) -> io::Result<Box<dyn Write>> {
    let stream = StdStream::new(io::stdout(), deadline)?;
    Ok(match progress {
        Some(progress) if io::stdout().is_terminal() => Box::new(progress.above(stream)),
        _ => Box::new(io::BufWriter::with_capacity(BUFFER, stream)),
    })
}
