//! Replays: results of earlier runs, read from JSON Lines and reported again.

use std::io;

use super::lists::RereadableList;
use super::session::{EarlyEnd, Reports, Session};
use super::{Opened, StartError, complain};
use crate::cli::{ExitReasons, Plan};
use crate::measure::Estimate;
use crate::measure::assert::RunFigures;
use crate::measure::runs::Runs;
use crate::model::event::{Event, Listener};
use crate::model::margin::Margin;
use crate::model::measurement::{Comparison, Sweep};
use crate::model::summary::Summary;
use crate::report::replay::{ReplayError, ReplayFile, replay_in};
use crate::report::{counted, grouped};

/// Reports what is in the files again.
pub(super) fn run(plan: &Plan, opened: Opened) -> Result<ExitReasons, StartError> {
    let lists = opened.lists.into_iter().zip(&plan.lists);
    let files = lists
        .map(|(list, name)| RereadableList::new(list, name).map(RereadableList::into_replay_file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut session = Session::open(opened.baselines, opened.signals, &plan.judge);
    let mut reports = session.open_reports(plan, None, None, None)?;
    let mut deferring = DeferErrors {
        reports: &mut reports,
        // Reports in files lose nothing by going on without the others.
        is_on: !plan.report.exports.is_empty(),
        deferred: None,
    };
    let replayed = replay_and_judge(plan, &files, &mut deferring, &mut session);
    let deferred = deferring.deferred.take();
    let has_failed = *replayed.as_ref().unwrap_or(&false);
    let ended = replayed.map(drop).map_err(EarlyEnd::from);
    let is_clean = session.close(reports, ended, Ok(()));
    if let (true, Some(error)) = (is_clean, deferred) {
        session.report_unwritten(&error);
    }
    // Failed URLs decide on the saved run only: the exit code is not about the runs in the files.
    Ok(session.end(has_failed))
}

/// Replays the files, and judges their figures. Returns whether more URLs failed in them than allowed.
fn replay_and_judge(
    plan: &Plan,
    files: &[ReplayFile],
    listener: &mut DeferErrors<'_>,
    session: &mut Session,
) -> Result<bool, ReplayError> {
    let stop = session.stop().clone();
    let mut recording = ReplayRecorder {
        listener,
        has_assertions: is_judged(plan),
        margin: plan.judge.margin,
        runs: Runs::default(),
        end: None,
    };
    replay_in(plan.run.order, files, &mut recording, || stop.is_stopped())?;
    let ReplayRecorder { runs, end, .. } = recording;
    let all = runs.counted();
    let (summary, counted, comparison, sweep) = match &end {
        // Stopped by a signal: nothing is claimed.
        None => return Ok(false),
        Some(ReplayEnd::Run(summary)) => (summary, summary, None, None),
        Some(ReplayEnd::Comparison(comparison)) => (runs.parallel(), &all, Some(comparison), None),
        Some(ReplayEnd::Sweep(sweep)) => (runs.parallel(), &all, None, Some(sweep)),
    };
    let against = listener.reports.against().cloned();
    let figures = RunFigures {
        summary,
        counted,
        estimated_speedup: Estimate::of(summary).map(|estimate| estimate.speedup),
        comparison,
        sweep,
        against: against.as_ref(),
        is_first: session.is_first(),
        allows_empty: false,
    };
    session.judge(&figures, listener)?;
    let is_told = plan.report.style.detail.has_summary();
    if let (Some(ReplayEnd::Run(summary)), true) = (&end, is_told && !is_judged(plan)) {
        note_failures(summary);
    }
    Ok(plan.max_failures.exceeded_by(counted))
}

/// Tells whether the figures are judged now.
fn is_judged(plan: &Plan) -> bool {
    !plan.judge.assertions.is_empty()
}

/// Notes that failed URLs in the files do not decide on the exit code, if there are some.
fn note_failures(summary: &Summary) {
    if summary.failed > 0 {
        complain(&format!(
            "note: {} of {} failed in these runs; a gate such as --assert failed==0 makes that an exit code",
            grouped(summary.failed),
            counted(summary.targets() + summary.done_before, "URL")
        ));
    }
}

/// Passes events on to the reports, and defers their errors to the end if that is on.
struct DeferErrors<'a> {
    reports: &'a mut Reports,
    is_on: bool,
    /// The first error.
    deferred: Option<io::Error>,
}

impl DeferErrors<'_> {
    fn defer(&mut self, written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(error) if self.is_on => {
                self.deferred.get_or_insert(error);
                Ok(())
            }
            written => written,
        }
    }
}

impl Listener for DeferErrors<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let written = self.reports.event(event);
        self.defer(written)
    }

    fn idle(&mut self) -> io::Result<()> {
        let written = self.reports.idle();
        self.defer(written)
    }
}

/// Passes events on, and records the figures that assertions judge. The verdicts in the files are left out if
/// there are assertions now.
struct ReplayRecorder<'a> {
    listener: &'a mut dyn Listener,
    /// True if there are assertions now.
    has_assertions: bool,
    /// The margin that is given now, in the place of that of the file.
    margin: Option<Margin>,
    /// Runs of a comparison or a sweep.
    runs: Runs,
    end: Option<ReplayEnd>,
}

/// The result of a comparison or a sweep with another margin; `None` for other events.
fn with_margin(event: &Event, margin: Margin) -> Option<Event> {
    match event {
        Event::Compared(comparison) => Some(Event::Compared(Comparison {
            margin,
            ..comparison.clone()
        })),
        Event::Swept(sweep) => Some(Event::Swept(Sweep {
            margin,
            ..sweep.clone()
        })),
        _ => None,
    }
}

/// The last event of the replayed run.
enum ReplayEnd {
    Run(Summary),
    Comparison(Comparison),
    Sweep(Sweep),
}

impl Listener for ReplayRecorder<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.runs.note(event);
        let judged_anew = self.margin.and_then(|margin| with_margin(event, margin));
        let event = judged_anew.as_ref().unwrap_or(event);
        match event {
            Event::Assertion(_) if self.has_assertions => return Ok(()),
            Event::Ended(summary) => self.end = Some(ReplayEnd::Run(summary.clone())),
            Event::Compared(comparison) => {
                self.end = Some(ReplayEnd::Comparison(comparison.clone()))
            }
            Event::Swept(sweep) => self.end = Some(ReplayEnd::Sweep(sweep.clone())),
            _ => {}
        }
        self.listener.event(event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.listener.idle()
    }
}
