//! Emits the events of one run, comparison or sweep as its lines have them.

use super::input_order::{CHANGED, InputOrder, ResultPlace};
use super::lines::{Line, Lines};
use super::{AFTER_THE_END, NO_END, ReplayError, ReplayFile, count_warning};
use crate::measure::runs::Runs;
use crate::model::event::{AssertionResult, Event, Listener, RunInfo};
use crate::model::measurement::{ArmRun, Comparison, Sweep};
use crate::model::run_shard::MissingShards;
use crate::model::summary::{Summary, Tally};
use crate::model::text::escape;
use crate::report::schema::attempt::ClockAnchor;
use crate::report::schema::line::{SchemaLine, WarningTopic};
use crate::report::schema::measured::ArmSummaryRecord;
use crate::report::schema::number;
use crate::report::schema::result::ResultRecord;

/// The run that is the only one in the files.
pub(super) struct AloneRun<'a> {
    pub(super) files: &'a [ReplayFile],
    /// The number of its file.
    pub(super) file: usize,
    pub(super) info: &'a RunInfo,
    /// The shards that it lacks, if it is a merge.
    pub(super) missing: Option<MissingShards>,
}

impl AloneRun<'_> {
    /// Emits the events of the run after its beginning, and the end. With an order, results are emitted by that.
    pub(super) fn replay(
        self,
        mut lines: Lines<'_>,
        order: Option<InputOrder>,
        listener: &mut dyn Listener,
        is_stopped: impl Fn() -> bool,
    ) -> Result<(), ReplayError> {
        let AloneRun {
            files,
            file,
            info,
            missing,
        } = self;
        let mut replayer = Replayer {
            file: lines.name(),
            listener,
            anchor: ClockAnchor::new(info.started_at),
            workers: info.workers,
            tally: Tally::new(info.workers),
            arm: None,
            runs: Runs::default(),
            end: None,
            assertions: Vec::new(),
            missing,
            order,
            files,
            file_number: file,
        };
        while let Some(line) = lines.next()? {
            if is_stopped() {
                return Ok(());
            }
            // What follows the results of a run is about all of them.
            if line.head.kind != "result" && !replayer.emit_sorted(&is_stopped)? {
                return Ok(());
            }
            replayer.line(&line)?;
        }
        match replayer.emit_sorted(&is_stopped)? {
            true => replayer.end(),
            false => Ok(()),
        }
    }
}

/// The run so far.
struct Replayer<'a> {
    file: &'a str,
    listener: &'a mut dyn Listener,
    anchor: ClockAnchor,
    /// The most workers.
    workers: usize,
    tally: Tally,
    /// In a comparison or a sweep: the figures of the arm's run that has not ended.
    arm: Option<Tally>,
    runs: Runs,
    end: Option<LastLine>,
    /// Results of assertions, which follow the end of the run.
    assertions: Vec<AssertionResult>,
    /// The shards that a merge of several runs lacks.
    missing: Option<MissingShards>,
    /// The results that are emitted later, by their index; `None` if each is at once.
    order: Option<InputOrder>,
    files: &'a [ReplayFile],
    file_number: usize,
}

/// Line that ended the run.
enum LastLine {
    /// The summary, with the number of targets that it states.
    Summary(Box<Summary>, u64),
    /// The result of a comparison or a sweep.
    Measured,
}

impl Replayer<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), ReplayError> {
        let parsed = line.parse()?;
        if self.end.is_some() && !matches!(parsed, SchemaLine::Assertion(_)) {
            return Err(line.error(AFTER_THE_END));
        }
        match parsed {
            SchemaLine::Warning {
                about: Some(WarningTopic::Shards),
                ..
            } => {
                if let Some(missing) = self.missing.take() {
                    self.listener.event(&Event::MissingShards(missing))?;
                }
            }
            SchemaLine::Warning { message, .. } => {
                self.listener.event(&Event::Warning(escape(&message)))?;
            }
            SchemaLine::Result(record) => self.result(line, record)?,
            SchemaLine::Arm(run) => self.arm(line, run)?,
            SchemaLine::ArmSummary(record) => self.arm_summary(line, &record)?,
            SchemaLine::Comparison(record) => {
                let comparison = Comparison::try_from(record);
                let comparison = comparison.map_err(|reason| line.error(reason))?;
                self.measured(&Event::Compared(comparison))?;
            }
            SchemaLine::Sweep(record) => {
                let sweep = Sweep::try_from(record).map_err(|reason| line.error(reason))?;
                self.measured(&Event::Swept(sweep))?;
            }
            SchemaLine::Summary(record) => {
                let summary = record.complete(self.tally.summary());
                self.end = Some(LastLine::Summary(Box::new(summary), record.targets));
            }
            SchemaLine::Assertion(record) => self.assertions.push(record.into()),
            SchemaLine::Run(_) | SchemaLine::Against(_) => {}
        }
        Ok(())
    }

    fn result(&mut self, line: &Line<'_>, record: ResultRecord<'_>) -> Result<(), ReplayError> {
        let checked = record.check_workers(self.workers);
        checked.map_err(|reason| line.error(reason))?;
        let outcome = record.into_outcome(self.anchor);
        self.tally.add(&outcome);
        if let Some(arm) = &mut self.arm {
            arm.add(&outcome);
        }
        if let Some(order) = &mut self.order {
            let place = ResultPlace::of(line, (self.file_number, 0), outcome.index);
            return order.push(place);
        }
        Ok(self.listener.event(&Event::Finished(outcome))?)
    }

    /// Emits the results so far by their index, if that is their order. Returns false if it was stopped.
    fn emit_sorted(&mut self, is_stopped: &impl Fn() -> bool) -> Result<bool, ReplayError> {
        let Some(order) = self.order.as_mut().filter(|order| !order.is_empty()) else {
            return Ok(true);
        };
        let mut places = std::mem::take(order).into_sorted()?;
        let mut text = Vec::new();
        while let Some(place) = places.next()? {
            if is_stopped() {
                return Ok(false);
            }
            let line = place.read(self.files, &mut text)?;
            let SchemaLine::Result(record) = line.parse()? else {
                return Err(line.error(CHANGED));
            };
            let outcome = record.into_outcome(self.anchor);
            self.listener.event(&Event::Finished(outcome))?;
        }
        Ok(true)
    }

    /// The beginning of an arm's run.
    fn arm(&mut self, line: &Line<'_>, run: ArmRun) -> Result<(), ReplayError> {
        number::check_workers(run.workers).map_err(|reason| line.error(reason))?;
        self.arm = Some(Tally::new(run.workers));
        self.emit_arm(&Event::ArmStarted(run))
    }

    fn arm_summary(
        &mut self,
        line: &Line<'_>,
        record: &ArmSummaryRecord<'_>,
    ) -> Result<(), ReplayError> {
        let Some(tally) = self.arm.take() else {
            return Err(line.error("it ends a run of an arm that has not begun"));
        };
        let summary = record.summary.complete(tally.summary());
        self.check_count(&summary, record.summary.targets)?;
        self.emit_arm(&Event::ArmEnded(summary))
    }

    /// The end of a comparison or a sweep.
    fn measured(&mut self, end: &Event) -> Result<(), ReplayError> {
        self.end = Some(LastLine::Measured);
        Ok(self.listener.event(end)?)
    }

    /// Emits the end of the run, and the results of its assertions. Of a comparison or a sweep without a result the
    /// figures are its counts: the times of several runs together are not those of one.
    fn end(mut self) -> Result<(), ReplayError> {
        let summary = match self.end.take() {
            Some(LastLine::Measured) => return self.emit_assertions(),
            Some(LastLine::Summary(summary, targets)) => {
                self.check_count(&summary, targets)?;
                match self.runs.have_begun() {
                    true => self.runs.without_result(summary.stopped),
                    false => *summary,
                }
            }
            None if self.runs.have_begun() => {
                let cut =
                    "has no end: not all of its comparison or sweep is there, so it has no result";
                self.warn(cut)?;
                if let Some(mut arm) = self.arm.take() {
                    arm.set_stopped();
                    self.emit_arm(&Event::ArmEnded(arm.summary()))?;
                }
                self.runs.without_result(true)
            }
            None => {
                self.warn(NO_END)?;
                self.tally.set_stopped();
                self.tally.summary()
            }
        };
        self.listener.event(&Event::Ended(summary))?;
        self.emit_assertions()
    }

    fn emit_assertions(&mut self) -> Result<(), ReplayError> {
        for judged in self.assertions.drain(..) {
            self.listener.event(&Event::Assertion(judged))?;
        }
        Ok(self.listener.idle()?)
    }

    /// Emits an event of an arm's run, and adds it to the figures of all of them.
    fn emit_arm(&mut self, event: &Event) -> Result<(), ReplayError> {
        self.runs.note(event);
        Ok(self.listener.event(event)?)
    }

    fn check_count(&mut self, found: &Summary, stated: u64) -> Result<(), ReplayError> {
        let fault = count_warning(found.targets(), stated);
        fault.map_or(Ok(()), |fault| self.warn(&fault))
    }

    fn warn(&mut self, fault: &str) -> Result<(), ReplayError> {
        let warning = format!("{} {fault}", self.file);
        Ok(self.listener.event(&Event::Warning(warning))?)
    }
}
