//! Turns the lines of one file after the other into events.

use super::ReplayError;
use super::log_file::LogFile;
use crate::measure::runs::Runs;
use crate::model::event::{AssertionResult, Event, Listener, RunInfo};
use crate::model::measurement::{ArmRun, Comparison, Sweep};
use crate::model::summary::{Summary, Tally};
use crate::model::text::escape;
use crate::report::schema::attempt::ClockAnchor;
use crate::report::schema::line::SchemaLine;
use crate::report::schema::measured::ArmSummaryRecord;
use crate::report::schema::number;
use crate::report::schema::result::ResultRecord;

const AFTER_THE_END: &str = "there is something after the end of the run";

/// Emits the events of all files to a listener.
pub(super) struct Replayer<'a> {
    listener: &'a mut dyn Listener,
    anchor: ClockAnchor,
    is_only_file: bool,
    /// Index of the next file's first result, less its own index: what the files before it used up.
    offset: u64,
    /// One more than the largest index so far.
    next_index: u64,
    /// The runs so far, merged.
    all: Option<Summary>,
    /// Results of assertions, which follow the end of the run.
    assertions: Vec<AssertionResult>,
}

/// Figures of a file so far.
struct FileFigures {
    tally: Tally,
    /// In a comparison or a sweep: the figures of the arm's run that has not ended.
    arm: Option<Tally>,
    runs: Runs,
    /// The summary at the end, with the number of targets that it states.
    end: Option<(Summary, u64)>,
}

/// Way in which a file ended.
enum FileEnd {
    /// As a run, which others may follow.
    Run,
    /// As a comparison or a sweep, with its own end event.
    Measured,
    /// The replay was stopped within it.
    Stopped,
}

impl<'a> Replayer<'a> {
    /// Emits the beginning of the run that all files become.
    pub(super) fn start(
        listener: &'a mut dyn Listener,
        info: RunInfo,
        files: usize,
    ) -> Result<Self, ReplayError> {
        let anchor = ClockAnchor::new(info.started_at);
        listener.event(&Event::Started(info))?;
        Ok(Replayer {
            listener,
            anchor,
            is_only_file: files == 1,
            offset: 0,
            next_index: 0,
            all: None,
            assertions: Vec::new(),
        })
    }

    /// Emits the events of all files, and the end.
    pub(super) fn replay(
        mut self,
        files: Vec<(LogFile, RunInfo)>,
        is_stopped: impl Fn() -> bool,
    ) -> Result<(), ReplayError> {
        for (file, info) in files {
            match self.file(file, &info, &is_stopped)? {
                FileEnd::Run => {}
                FileEnd::Measured => return self.emit_assertions(),
                FileEnd::Stopped => return Ok(()),
            }
        }
        let summary = self.all.take().unwrap_or_default();
        self.listener.event(&Event::Ended(summary))?;
        self.emit_assertions()
    }

    /// Emits the events of one file after its first line.
    fn file(
        &mut self,
        mut file: LogFile,
        info: &RunInfo,
        is_stopped: impl Fn() -> bool,
    ) -> Result<FileEnd, ReplayError> {
        self.offset = self.next_index;
        let mut figures = FileFigures {
            tally: Tally::new(info.workers),
            arm: None,
            runs: Runs::default(),
            end: None,
        };
        let mut text = Vec::new();
        while let Some(line) = file.next(&mut text)? {
            if is_stopped() {
                return Ok(FileEnd::Stopped);
            }
            if figures.end.is_some() && !matches!(line, SchemaLine::Assertion(_)) {
                return Err(file.error(AFTER_THE_END));
            }
            match line {
                SchemaLine::Run(_) => {
                    return Err(file.error("another run begins; give it a file of its own"));
                }
                SchemaLine::Warning { message } => {
                    let warning = Event::Warning(escape(&message));
                    self.listener.event(&warning)?;
                }
                SchemaLine::Result(record) => self.result(&file, info, &mut figures, record)?,
                SchemaLine::Arm(run) => self.arm(&file, &mut figures, run)?,
                SchemaLine::ArmSummary(record) => self.arm_summary(&file, &mut figures, &record)?,
                SchemaLine::Comparison(record) => {
                    let comparison = Comparison::try_from(record);
                    let comparison = comparison.map_err(|reason| file.error(reason))?;
                    return self.measured(file, &Event::Compared(comparison));
                }
                SchemaLine::Sweep(record) => {
                    let sweep = Sweep::try_from(record).map_err(|reason| file.error(reason))?;
                    return self.measured(file, &Event::Swept(sweep));
                }
                SchemaLine::Summary(record) => {
                    let summary = record.complete(figures.tally.summary());
                    figures.end = Some((summary, record.targets));
                }
                SchemaLine::Assertion(record) => self.keep_assertion(record.into()),
                SchemaLine::Against(_) => {}
            }
        }
        let summary = self.end(&file, figures)?;
        match &mut self.all {
            Some(all) => all.merge(&summary),
            None => self.all = Some(summary),
        }
        Ok(FileEnd::Run)
    }

    fn result(
        &mut self,
        file: &LogFile,
        info: &RunInfo,
        figures: &mut FileFigures,
        record: ResultRecord<'_>,
    ) -> Result<(), ReplayError> {
        let checked = record.check_workers(info.workers);
        checked.map_err(|reason| file.error(reason))?;
        let outcome = record.into_outcome(self.offset, self.anchor);
        self.next_index = self.next_index.max(outcome.index.saturating_add(1));
        figures.tally.add(&outcome);
        if let Some(arm) = &mut figures.arm {
            arm.add(&outcome);
        }
        Ok(self.listener.event(&Event::Finished(outcome))?)
    }

    /// The beginning of an arm's run.
    fn arm(
        &mut self,
        file: &LogFile,
        figures: &mut FileFigures,
        run: ArmRun,
    ) -> Result<(), ReplayError> {
        if !self.is_only_file {
            let alone = "a comparison or a sweep cannot be merged; replay it alone";
            return Err(file.error(alone));
        }
        number::check_workers(run.workers).map_err(|reason| file.error(reason))?;
        figures.arm = Some(Tally::new(run.workers));
        self.emit_arm(&mut figures.runs, &Event::ArmStarted(run))
    }

    fn arm_summary(
        &mut self,
        file: &LogFile,
        figures: &mut FileFigures,
        record: &ArmSummaryRecord<'_>,
    ) -> Result<(), ReplayError> {
        let Some(tally) = figures.arm.take() else {
            return Err(file.error("it ends a run of an arm that has not begun"));
        };
        let summary = record.summary.complete(tally.summary());
        self.check_count(file, &summary, record.summary.targets)?;
        self.emit_arm(&mut figures.runs, &Event::ArmEnded(summary))
    }

    /// The figures of a file at its end. Of a comparison or a sweep without a result these are its counts: the
    /// times of several runs together are not those of one.
    fn end(&mut self, file: &LogFile, figures: FileFigures) -> Result<Summary, ReplayError> {
        let FileFigures {
            mut tally,
            arm,
            mut runs,
            end,
        } = figures;
        match end {
            Some((summary, targets)) => {
                self.check_count(file, &summary, targets)?;
                Ok(match runs.have_begun() {
                    true => runs.without_result(summary.stopped),
                    false => summary,
                })
            }
            None if runs.have_begun() => {
                let cut =
                    "has no end: not all of its comparison or sweep is there, so it has no result";
                self.warn(file, cut)?;
                if let Some(mut arm) = arm {
                    arm.set_stopped();
                    self.emit_arm(&mut runs, &Event::ArmEnded(arm.summary()))?;
                }
                Ok(runs.without_result(true))
            }
            None => {
                let cut = "has no end: the run was killed, or goes on; it counts as stopped";
                self.warn(file, cut)?;
                tally.set_stopped();
                Ok(tally.summary())
            }
        }
    }

    /// Emits the end of a comparison or a sweep, which only assertions may follow.
    fn measured(&mut self, mut file: LogFile, end: &Event) -> Result<FileEnd, ReplayError> {
        self.listener.event(end)?;
        let mut text = Vec::new();
        while let Some(line) = file.next(&mut text)? {
            match line {
                SchemaLine::Assertion(record) => self.keep_assertion(record.into()),
                _ => return Err(file.error(AFTER_THE_END)),
            }
        }
        Ok(FileEnd::Measured)
    }

    /// Emits an event of an arm's run, and adds it to the figures of all of them.
    fn emit_arm(&mut self, runs: &mut Runs, event: &Event) -> Result<(), ReplayError> {
        runs.note(event);
        Ok(self.listener.event(event)?)
    }

    /// Keeps the result of an assertion until the end. With several files it is about a part of the run only,
    /// and is dropped.
    fn keep_assertion(&mut self, judged: AssertionResult) {
        if self.is_only_file {
            self.assertions.push(judged);
        }
    }

    fn emit_assertions(&mut self) -> Result<(), ReplayError> {
        for judged in self.assertions.drain(..) {
            self.listener.event(&Event::Assertion(judged))?;
        }
        Ok(self.listener.idle()?)
    }

    /// Warns of results that are missing in the middle, which would make wrong figures silently.
    fn check_count(
        &mut self,
        file: &LogFile,
        found: &Summary,
        stated: u64,
    ) -> Result<(), ReplayError> {
        let found = found.targets();
        match found == stated {
            true => Ok(()),
            false => self.warn(
                file,
                &format!("has {found} results where its summary counts {stated}"),
            ),
        }
    }

    fn warn(&mut self, file: &LogFile, what: &str) -> Result<(), ReplayError> {
        let warning = format!("{} {what}", file.name());
        Ok(self.listener.event(&Event::Warning(warning))?)
    }
}
