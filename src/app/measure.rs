//! Measurements: a comparison or a sweep, in which the same URLs are fetched in several runs. Each run has
//! fresh connections, name look-ups and threads, so that no run profits from the one before it.

use std::io;
use std::time::{Instant, SystemTime};

use super::lists::RereadableList;
use super::session::{EarlyEnd, Reports, Session};
use super::workers::{self, Room, SharedActivity};
use super::{Opened, StartError, complain};
use crate::cli::{ExitReasons, Plan};
use crate::engine::input::Source;
use crate::engine::{self, CutShort};
use crate::http::Fetcher;
use crate::measure::assert::RunFigures;
use crate::measure::runs::Runs;
use crate::measure::{self, Experiment, Gates, MeasuredRun, SweepPlan};
use crate::model::event::{Event, Listener, RunInfo};
use crate::model::measurement::{Arm, Comparison, Sweep};
use crate::model::run_id::RunId;
use crate::pool::StopToken;

/// A kind of measurement.
pub(super) enum Measurement {
    /// Serial against parallel.
    Comparison(Experiment),
    /// Several numbers of workers.
    Sweep(SweepPlan),
}

/// Makes the measurement that the plan asks for.
pub(super) fn run(
    mut plan: Plan,
    opened: Opened,
    mut measurement: Measurement,
) -> Result<ExitReasons, StartError> {
    let Opened {
        lists,
        baselines,
        signals,
        started,
    } = opened;
    let lists = lists.into_iter().zip(&plan.lists);
    let lists = lists
        .map(|(list, name)| RereadableList::new(list, name))
        .collect::<Result<Vec<_>, _>>()?;
    let mut session = Session::open(baselines, signals, &plan.judge);
    workers::raise_file_limit();
    let activity = workers::activity(&plan);
    let mut listener = Recording {
        reports: session.open_reports(&plan, activity.clone(), None, None)?,
        runs: Runs::default(),
    };
    let room = workers::fit(&mut plan)?;
    if let Measurement::Sweep(sweep) = &mut measurement {
        workers::fit_sweep(sweep, room)?;
    }
    let runner = ArmRunner {
        plan: &plan,
        room,
        lists: &lists,
        stop: &session.stop().clone(),
        activity,
    };
    let earlier = listener.reports.earlier().cloned();
    let gates = Gates {
        assertions: &plan.judge.assertions,
        earlier: earlier.as_ref(),
    };
    let begun = listener.event(&Event::Started(RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workers: plan.workers,
        started_at: SystemTime::now(),
        startup: started.elapsed(),
        id: RunId::random(),
        log: None,
        shard: plan.run.shard,
    }));
    let measured = begun
        .map_err(CutShort::from)
        .and_then(|()| conduct(&measurement, gates, &runner, &mut listener));
    let counted = listener.runs.counted();
    session.reasons.local = counted.local > 0;
    session.reasons.usage = !counted.unreadable.is_empty();
    session.reasons.failed = plan.max_failures.exceeded_by(&counted);
    if measured.is_err() {
        // The reports that can still be written get an end.
        let _ = listener.event(&Event::Ended(listener.runs.without_result(true)));
    }
    let ended = measured
        .map_err(EarlyEnd::from)
        .and_then(|result| Ok(conclude(result, &mut listener, &mut session)?));
    session.close(listener.reports, ended, Ok(()));
    let has_failed = session.reasons.failed;
    Ok(session.finish(has_failed, &counted, plan.report.style))
}

/// Makes all the runs, and returns the result as an event; `None` if the measurement was stopped or had no
/// URL.
fn conduct(
    measurement: &Measurement,
    gates: Gates<'_>,
    runner: &ArmRunner<'_>,
    listener: &mut Recording,
) -> Result<Option<Event>, CutShort> {
    let margin = runner.plan.judge.margin.unwrap_or_default();
    match measurement {
        Measurement::Comparison(experiment) => experiment
            .conduct(gates, listener, |arm, listener| {
                let workers = (arm == Arm::Parallel).then_some(runner.plan.workers);
                runner.run(workers, listener)
            })
            .map(|comparison| {
                comparison.map(|comparison| {
                    Event::Compared(Comparison {
                        margin,
                        ..comparison
                    })
                })
            }),
        Measurement::Sweep(sweep) => sweep
            .conduct(gates, listener, |workers, listener| {
                runner.run(Some(workers), listener)
            })
            .map(|sweep| sweep.map(|sweep| Event::Swept(Sweep { margin, ..sweep }))),
    }
}

/// Reports the result, and judges its figures. Without a result nothing is claimed, but the counts are
/// reported.
fn conclude(
    result: Option<Event>,
    listener: &mut Recording,
    session: &mut Session,
) -> io::Result<()> {
    let is_stopped = session.stop().is_stopped();
    let mut counted = listener.runs.counted();
    let result = result.unwrap_or_else(|| {
        if !is_stopped {
            complain("there is nothing to compare: no URL was tried");
            session.reasons.usage = true;
        }
        let without_result = listener.runs.without_result(is_stopped);
        counted.stopped = is_stopped;
        counted.runs = without_result.runs;
        Event::Ended(without_result)
    });
    listener.event(&result)?;
    let against = listener.reports.against().cloned();
    let figures = RunFigures {
        summary: listener.runs.parallel(),
        counted: &counted,
        estimated_speedup: None,
        comparison: match &result {
            Event::Compared(comparison) => Some(comparison),
            _ => None,
        },
        sweep: match &result {
            Event::Swept(sweep) => Some(sweep),
            _ => None,
        },
        against: against.as_ref(),
        is_first: session.is_first(),
        allows_empty: false,
    };
    session.judge(&figures, &mut listener.reports)
}

/// Passes events on to the reports, and adds the runs up.
struct Recording {
    reports: Reports,
    runs: Runs,
}

impl Listener for Recording {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.runs.note(event);
        self.reports.event(event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.reports.idle()
    }
}

/// Runs one arm at a time.
struct ArmRunner<'a> {
    plan: &'a Plan,
    room: Option<Room>,
    lists: &'a [RereadableList],
    stop: &'a StopToken,
    activity: Option<SharedActivity>,
}

impl ArmRunner<'_> {
    /// Runs an arm: serially for `None`, or with this many workers. Threads and client are ready before its
    /// clock starts.
    fn run(
        &self,
        workers: Option<usize>,
        listener: &mut dyn Listener,
    ) -> Result<MeasuredRun, CutShort> {
        let plan = self.plan;
        let lists = self.lists.iter().map(RereadableList::list).collect();
        let source = Source::new(&plan.urls, lists, plan.input)?;
        let began = Instant::now();
        let fetcher = Fetcher::new(plan.fetch.clone(), self.stop.clone(), self.activity.clone());
        let (startup, summary, cut_short) = match workers {
            None => {
                let mut client = fetcher.client(0);
                let startup = began.elapsed();
                let policy = plan.run.retry;
                let (summary, cut_short) =
                    measure::serial(source, &mut client, policy, self.stop, listener);
                (startup, summary, cut_short)
            }
            Some(workers) => {
                let pool = fetcher.pool(workers::pool(workers, plan.queue, self.room));
                pool.prime();
                let startup = began.elapsed();
                let report = engine::run(plan.run, source, &pool, listener);
                (startup, report.summary, report.cut_short)
            }
        };
        match cut_short {
            None => Ok(MeasuredRun { summary, startup }),
            Some(cut_short) => {
                // The reports that can still be written get an end of this arm, too.
                let _ = listener.event(&Event::ArmEnded(summary));
                Err(cut_short)
            }
        }
    }
}
