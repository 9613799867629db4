//! A plain run: each URL fetched once.

use std::fs;
use std::mem;
use std::path::PathBuf;
use std::time::Duration;

use super::body_stream::BodyStream;
use super::packs::ListsToCheck;
use super::run_log::{note_lost_files, unusable_log};
use super::session::{EarlyEnd, Session};
use super::shards::note_uneven;
use super::{Opened, StartError, bodies, complain, no_urls, packs, workers};
use crate::cli::{BodiesPlan, ExitReasons, Plan};
use crate::engine::input::Source;
use crate::engine::resume::{DoneTargets, Journal, LoggedFile, RunPlace};
use crate::engine::{self, Bodies, Report, Work};
use crate::http::Fetcher;
use crate::measure::Estimate;
use crate::measure::assert::RunFigures;
use crate::model::run_shard::RunShard;
use crate::model::text::escape;
use crate::pool::StopToken;
use crate::report::{Detail, left_undone};
use crate::save::OrderedOutput;

/// Time that the workers have to end when some of their jobs were given up.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(100);

/// Fetches what the plan names.
pub(super) fn run(mut plan: Plan, opened: Opened) -> Result<ExitReasons, StartError> {
    let Opened {
        lists,
        baselines,
        signals,
        started,
    } = opened;
    let (to_check, lists) = ListsToCheck::of(&plan, lists)?;
    let source = Source::new(&plan.urls, lists, plan.input)
        .map_err(|error| StartError::local("cannot start a thread to read the list", &error))?;
    // Before the session: a named pipe may have to be waited for, and Ctrl-C should end that.
    let stream = BodyStream::open(&plan)?;
    let mut session = Session::open(baselines, signals, &plan.judge);
    let mut bodies = bodies::open(&plan.bodies, stream.as_ref(), session.stop())?;
    let saves = matches!(
        plan.bodies,
        BodiesPlan::Dir { .. } | BodiesPlan::File { .. } | BodiesPlan::Pack(_)
    );
    let concat = match &bodies {
        Bodies::Stream(concat) => Some(concat.clone()),
        _ => None,
    };
    // A second request at once on a new connection would break the pace that --rate and --host-delay set.
    plan.fetch.resend = plan.run.limits.is_unpaced();
    workers::raise_file_limit();
    let (journal, done) = open_log(&plan, &mut bodies, (&to_check, session.stop()))?.unzip();
    plan.run.log = journal.as_ref().map(Journal::start);
    // Once the log is there: a symbolic link may lead to it.
    if let Bodies::Save(saving) = &mut bodies {
        bodies::claim_own_files(saving, &plan);
    }
    let activity = workers::activity(&plan);
    let mut reports = session.open_reports(
        &plan,
        activity.clone(),
        journal,
        stream.as_ref().and_then(BodyStream::cursor),
    )?;
    let room = workers::fit(&mut plan)?;
    let pool = Fetcher::new(plan.fetch, session.stop().clone(), activity).pool(workers::pool(
        plan.workers,
        plan.queue,
        room,
    ));
    plan.run.startup = started.elapsed();
    let work = Work {
        source,
        bodies,
        done: done.flatten(),
    };
    let mut report = engine::run(plan.run, work, &pool, &mut reports);

    let against = reports.against().cloned();
    let figures = RunFigures {
        summary: &report.summary,
        counted: &report.summary,
        estimated_speedup: Estimate::of(&report.summary).map(|estimate| estimate.speedup),
        comparison: None,
        sweep: None,
        against: against.as_ref(),
        is_first: session.is_first(),
        allows_empty: plan.allows_empty && report.summary.unreadable.is_empty(),
    };
    // After a run that was cut short no assertion holds; the reports that can still be written say so.
    let judged = session.judge(&figures, &mut reports);
    let ended = report
        .cut_short
        .take()
        .map_or(Ok(()), |cut_short| Err(EarlyEnd::from(cut_short)));
    session.close(reports, ended, judged);
    if let Some(note) = plan.report.note.filter(|_| report.summary.ok > 0) {
        complain(&format!("note: {note}"));
    }
    if let Some(note) = plan
        .report
        .limit_note
        .filter(|_| report.timed_out_again > 0)
    {
        complain(&format!("note: {note}"));
    }
    add_notes(&report, plan.run.shard, plan.report.style.detail);
    if report.has_left_jobs {
        // A worker that hangs in a system call (there should be none) must not keep the process alive.
        let _ = pool.shutdown(SHUTDOWN_TIMEOUT);
    } else {
        // The process ends all idle threads at once. To wake and join each takes longer than a URL near by.
        mem::forget(pool);
    }
    session.reasons.failed = plan.max_failures.exceeded_by(&report.summary);
    add_reasons(&report, saves, concat.zip(stream), &mut session.reasons);
    let summary = &report.summary;
    let is_empty = summary.targets() + summary.done_before == 0;
    if session.reasons == ExitReasons::default() && is_empty && !plan.allows_empty {
        match report.summary.repeat_time {
            Some(time) => complain(&format!(
                "no URL was begun within --repeat {}; give a longer time",
                humantime::format_duration(time)
            )),
            None => complain(&no_urls(plan.lone_proxy.as_deref())),
        }
        session.reasons.usage = true;
    }
    let has_failed = session.reasons.failed;
    Ok(session.finish(has_failed, &report.summary, plan.report.style))
}

/// Opens the run log. Files that an earlier run saved keep their names, and the log itself is none to
/// replace. Without --resume, targets that it has as done are fetched again.
fn open_log(
    plan: &Plan,
    bodies: &mut Bodies,
    to_check: (&ListsToCheck, &StopToken),
) -> Result<Option<(Journal, Option<DoneTargets>)>, StartError> {
    let Some(log) = &plan.log else {
        return Ok(None);
    };
    if let BodiesPlan::Pack(config) = &plan.bodies {
        let opened = packs::open(plan, config, log, to_check)?;
        *bodies = opened.bodies;
        return Ok(Some((opened.journal, Some(opened.done))));
    }
    let dir = match &plan.bodies {
        BodiesPlan::Dir { dir, .. } | BodiesPlan::File { dir, .. } => Some(dir),
        BodiesPlan::Discard
        | BodiesPlan::Stream { .. }
        | BodiesPlan::Results { .. }
        | BodiesPlan::Pack(_) => None,
    };
    let reserve = |logged: &LoggedFile<'_>| {
        if let Bodies::Save(saving) = &mut *bodies {
            saving.reserve(logged);
        }
    };
    let is_added_to = !log.resume
        && fs::metadata(&log.path).is_ok_and(|found| found.is_file() && found.len() > 0);
    let place = RunPlace::new(dir.map(PathBuf::as_path), plan.run.shard);
    let (journal, done) =
        Journal::open_for(&log.path, log.resume, place, reserve).map_err(unusable_log)?;
    let metadata = journal
        .metadata()
        .map_err(|error| StartError::local("cannot look at the run log", &error))?;
    if let Bodies::Save(saving) = bodies {
        saving.spare(&metadata);
    }
    if is_added_to && plan.report.style.detail.has_summary() {
        complain(&format!(
            "note: {} has an earlier run, which this one is added to: all URLs are fetched; --resume leaves out \
             what is done",
            escape(&log.path.display().to_string())
        ));
    }
    Ok(Some((journal, log.resume.then_some(done))))
}

/// Says in a line each what a user would not expect of files and shards.
fn add_notes(report: &Report, shard: Option<RunShard>, detail: Detail) {
    let has_notes = detail.has_summary();
    for displaced in report.displaced.iter().filter(|_| has_notes) {
        complain(&format!("warning: {displaced}"));
    }
    if let Some(foreign) = report.foreign_parts.as_ref().filter(|_| has_notes) {
        complain(&format!("note: {foreign}"));
    }
    note_lost_files(report.lost_files, "fetched again", detail);
    if let Some(uneven) = &report.uneven_shards {
        note_uneven(uneven, shard, detail);
    }
}

/// Adds the reasons that the engine's report gives for the exit code, and says in a line each what the
/// reports do not show.
fn add_reasons(
    report: &Report,
    saves: bool,
    output: Option<(OrderedOutput, BodyStream)>,
    reasons: &mut ExitReasons,
) {
    reasons.local |= report.summary.local > 0;
    reasons.usage |= !report.summary.unreadable.is_empty();
    if report.is_full {
        complain(match saves {
            true => "the disk is full: nothing more was started; what is complete is saved",
            false => "there is no room to keep bodies whose turn has not come (TMPDIR): stopped",
        });
    }
    if let Some((concat, stream)) = output {
        bodies::report_end(concat.end(), stream, report, reasons);
    }
    if report.overdue {
        // Also if no job was under way at that moment, and the rest of a list was not read.
        let left = left_undone(&report.summary);
        complain(&format!("the run's deadline passed (--deadline): {left}"));
        reasons.failed = true;
    }
}
