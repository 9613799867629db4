//! A session: what fetches, measurements and replays have in common around their work. It hears of
//! signals, opens the reports, judges the figures, closes everything once, and keeps the reasons for the exit
//! code.

use std::io;

use super::baseline::Baselines;
use super::body_cursor::BodyCursor;
use super::reporters::{self, ReportStreams};
use super::signals::SignalWatch;
use super::workers::SharedActivity;
use super::{StartError, complain, exports};
use crate::cli::{ExitLine, ExitReasons, JudgePlan, Plan};
use crate::engine::CutShort;
use crate::engine::resume::Journal;
use crate::measure::assert::{Assertion, RunFigures};
use crate::measure::baseline::{BaselineRecorder, SavedRun, Unsaved};
use crate::model::event::{Event, Listener};
use crate::model::summary::Summary;
use crate::pool::StopToken;
use crate::report::replay::ReplayError;
use crate::report::{Detail, Fanout, HumanStyle};

/// All the reports, behind the recorder of the run that is saved or compared.
pub(super) type Reports = BaselineRecorder<Fanout>;

/// The common parts of a use of the program.
pub(super) struct Session {
    baselines: Baselines,
    signals: SignalWatch,
    assertions: Vec<Assertion>,
    is_strict: bool,
    /// True if the figures contradict an assertion; one that they do not decide fails too, if it is strict.
    is_refuted: bool,
    /// Reasons so far.
    pub(super) reasons: ExitReasons,
    /// The run to save, once the reports are closed.
    run: Option<Result<SavedRun, Unsaved>>,
}

/// The error that ended the work early.
pub(super) enum EarlyEnd {
    /// A report cannot be written.
    Output(io::Error),
    /// Input is wrong; the line says where.
    Input(String),
}

impl Session {
    /// Begins the session: from now on a signal ends in a report. The lists are open by then, because opening
    /// a named pipe may block, and Ctrl-C should end that.
    pub(super) fn open(baselines: Baselines, signals: SignalWatch, judge: &JudgePlan) -> Self {
        signals.begin_session();
        Session {
            baselines,
            signals,
            assertions: judge.assertions.clone(),
            is_strict: judge.is_strict,
            is_refuted: false,
            reasons: ExitReasons::default(),
            run: None,
        }
    }

    /// The token that a signal stops.
    pub(super) fn stop(&self) -> &StopToken {
        self.signals.stop()
    }

    /// Tells that the run makes the baseline that it would be compared with.
    pub(super) fn is_first(&self) -> bool {
        self.baselines.is_first()
    }

    /// Opens all the reports. `cursor` is that of bodies in the same place.
    pub(super) fn open_reports(
        &mut self,
        plan: &Plan,
        activity: Option<SharedActivity>,
        journal: Option<Journal>,
        cursor: Option<&BodyCursor>,
    ) -> Result<Reports, StartError> {
        let deadline = self.signals.write_deadline();
        let exports = exports::open(plan, deadline, self.signals.temporary_files())?;
        let streams = ReportStreams { deadline, cursor };
        let reports = reporters::build(plan, &streams, activity, journal, exports)
            .map_err(|error| StartError::local("cannot report", &error))?;
        Ok(self.baselines.record(reports))
    }

    /// Holds the assertions against the figures, and reports each verdict.
    pub(super) fn judge(
        &mut self,
        figures: &RunFigures<'_>,
        listener: &mut dyn Listener,
    ) -> io::Result<()> {
        let mut has_failed = false;
        for assertion in &self.assertions {
            let judged = figures.check(assertion, self.is_strict);
            has_failed |= judged.verdict.is_failure();
            self.is_refuted |= figures.check(assertion, false).verdict.is_failure();
            listener.event(&Event::Assertion(judged))?;
        }
        listener.idle()?;
        self.reasons.assertion = has_failed;
        Ok(())
    }

    /// Closes the reports, which takes the progress display off the screen, and says how the work ended early
    /// or else what could not be written since (`written`, the close). Returns whether there was neither.
    pub(super) fn close(
        &mut self,
        mut reports: Reports,
        ended: Result<(), EarlyEnd>,
        written: io::Result<()>,
    ) -> bool {
        let written = written.and(reports.close());
        self.run = Some(reports.into_run());
        self.reasons.signal = self.signals.received();
        let (is_whole, written) = match ended {
            Ok(()) => (true, written),
            // What ended the work is likely to be the cause of later errors: one line is enough.
            Err(EarlyEnd::Output(error)) => (false, Err(error)),
            Err(EarlyEnd::Input(message)) => {
                complain(&message);
                self.reasons.usage = true;
                (false, written)
            }
        };
        match written {
            Ok(()) => is_whole,
            Err(error) => {
                self.report_unwritten(&error);
                false
            }
        }
    }

    /// Says that something could not be written. A reader that went away is no news to the user.
    pub(super) fn report_unwritten(&mut self, error: &io::Error) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            self.reasons.broken_pipe = true;
        } else {
            complain(&error.to_string());
            self.reasons.local = true;
        }
    }

    /// [Ends](Session::end) the session, and says in a line what the exit code comes from, where several things decide.
    pub(super) fn finish(
        self,
        has_failed: bool,
        counted: &Summary,
        style: HumanStyle,
    ) -> ExitReasons {
        let reasons = self.end(has_failed);
        let line = ExitLine {
            reasons,
            counted,
            allowed: style.allowed,
        };
        if let Some(text) = line.text()
            && style.detail != Detail::Assertions
        {
            complain(&text);
        }
        reasons
    }

    /// Saves the run if the plan asks for it, and returns the reasons for the exit code. `has_failed`: more
    /// URLs failed than allowed.
    pub(super) fn end(self, has_failed: bool) -> ExitReasons {
        let mut reasons = self.reasons;
        let run = self.run.unwrap_or(Err(Unsaved::Stopped));
        self.baselines
            .save(run, has_failed, self.is_refuted, &mut reasons);
        self.signals.end_session();
        reasons
    }
}

impl From<io::Error> for EarlyEnd {
    fn from(error: io::Error) -> Self {
        EarlyEnd::Output(error)
    }
}

impl From<CutShort> for EarlyEnd {
    fn from(cut_short: CutShort) -> Self {
        match cut_short {
            CutShort::Listener(error) => EarlyEnd::Output(error),
            CutShort::Spool(error) => {
                let message = CutShort::Spool(io::Error::from(error.kind())).to_string();
                EarlyEnd::Output(io::Error::new(error.kind(), message))
            }
            CutShort::Pack(error) => EarlyEnd::Output(io::Error::other(error)),
            other @ CutShort::OtherList(_) => EarlyEnd::Input(other.to_string()),
            strict @ CutShort::Strict(_) => EarlyEnd::Input(strict.to_string()),
        }
    }
}

impl From<ReplayError> for EarlyEnd {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Listener(error) => EarlyEnd::Output(error),
            ReplayError::Order(ref source) => {
                EarlyEnd::Output(io::Error::new(source.kind(), error.to_string()))
            }
            error => EarlyEnd::Input(error.to_string()),
        }
    }
}
