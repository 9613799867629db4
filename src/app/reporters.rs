//! The reporters: everything that listens to a run's events.

use std::io::{self, IsTerminal, Write};

use super::body_cursor::BodyCursor;
use super::exports::OpenExport;
use super::job_control;
use super::shown;
use super::signals::WriteDeadline;
use super::stdio::{ClosedStdout, StdStream};
use super::workers::SharedActivity;
use crate::cli::{Format, Plan, ProgressMode};
use crate::engine::resume::Journal;
use crate::model::event::Listener;
use crate::report::{
    Fanout, Human, JsonLines, Progress, TemplateLines, Verbose, Warnings, WithoutSecrets,
    stderr_columns,
};

/// Buffer of the report on standard output.
const BUFFER: usize = 64 * 1024;

/// The standard streams of the reporters.
pub(super) struct ReportStreams<'a> {
    /// The deadline for writing.
    pub(super) deadline: &'a WriteDeadline,
    /// The cursor that bodies leave where standard error goes.
    pub(super) cursor: Option<&'a BodyCursor>,
}

/// Builds all the reporters that the plan asks for. Their order is the order in which each event reaches
/// them.
pub(super) fn build(
    plan: &Plan,
    streams: &ReportStreams<'_>,
    activity: Option<SharedActivity>,
    journal: Option<Journal>,
    exports: Vec<OpenExport>,
) -> io::Result<Fanout> {
    let report = &plan.report;
    let progress = match (report.progress, activity) {
        (ProgressMode::Bars, Some(activity)) => Some(streams.bars(activity)?),
        (ProgressMode::Lines, Some(activity)) => {
            let out = StdStream::new(io::stderr(), streams.deadline)?.behind(streams.cursor);
            Some(Progress::lines(activity, out)?)
        }
        _ => None,
    };
    let progress = progress.map(|progress| progress.for_time(plan.run.repeat_time));
    let stderr = || streams.stderr(progress.as_ref());
    let stdout = || streams.stdout(progress.as_ref());
    let mut all = Fanout::default();
    if let (Some(journal), Some(log)) = (journal, &plan.log) {
        all.add(format!("the run log {}", shown(&log.path)), journal);
    }
    all.add(
        "warnings",
        Warnings::new(stderr()?).wrapped(stderr_columns()),
    );
    if report.is_verbose {
        all.add(
            "the exchanges",
            WithoutSecrets::new(Verbose::new(stderr()?)),
        );
    }
    let human = || -> io::Result<Box<dyn Listener>> {
        Ok(match report.to_stderr {
            true => Box::new(WithoutSecrets::new(Human::new(stderr()?, report.style))),
            false => Box::new(WithoutSecrets::new(Human::new(stdout()?, report.style))),
        })
    };
    let reports: Vec<Box<dyn Listener>> = match &report.format {
        Format::Human => vec![human()?],
        Format::JsonLines => {
            let lines = JsonLines::new(stdout()?, report.baseline);
            vec![match report.is_summary_only {
                true => Box::new(lines.without_results()),
                false => Box::new(lines),
            }]
        }
        Format::Template(template) => vec![
            Box::new(TemplateLines::new(stdout()?, template.clone())),
            human()?,
        ],
    };
    // Before the report: the display goes off the screen before the summary is printed.
    if let Some(progress) = progress {
        all.add("progress", progress);
    }
    for listener in reports {
        all.add_boxed("the report", listener);
    }
    for export in exports {
        all.add_boxed(export.name, export.listener);
    }
    // Bodies have a check of their own.
    if !plan.bodies.takes_stdout() {
        all.add("to standard output", ClosedStdout::new());
    }
    Ok(all)
}

impl ReportStreams<'_> {
    /// Starts the display on the terminal of standard error.
    fn bars(&self, activity: SharedActivity) -> io::Result<Progress> {
        let stderr = || StdStream::new(io::stderr(), self.deadline);
        let progress = Progress::bars(activity, stderr()?, job_control::is_foreground)?;
        if let Some(screen) = progress.screen() {
            job_control::watch(screen.clone(), screen.above(stderr()?))?;
        }
        Ok(progress)
    }

    /// Standard error, above the progress display if there is one.
    fn stderr(&self, progress: Option<&Progress>) -> io::Result<Box<dyn Write>> {
        let stream = StdStream::new(io::stderr(), self.deadline)?.behind(self.cursor);
        Ok(match progress.and_then(Progress::screen) {
            Some(screen) => Box::new(screen.above(stream)),
            None => Box::new(io::BufWriter::new(stream)),
        })
    }

    /// Standard output; on a terminal, above the progress display if there is one.
    fn stdout(&self, progress: Option<&Progress>) -> io::Result<Box<dyn Write>> {
        let stream = StdStream::new(io::stdout(), self.deadline)?;
        Ok(match progress.and_then(Progress::screen) {
            Some(screen) if io::stdout().is_terminal() => Box::new(screen.above(stream)),
            _ => Box::new(io::BufWriter::with_capacity(BUFFER, stream)),
        })
    }
}
