//! A comparison: both arms over the same URLs, each run with everything fresh.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::{
    Baselines, Problem, builder, complain, exports, fit_to_workers, judge, listener, open_lists,
    undelivered,
};
use crate::app::signals::Watch;
use crate::cli::{Ending, ListName, Plan, ProgressMode};
use crate::engine::input::{List, Source};
use crate::engine::{self, CutShort};
use crate::http::Fetcher;
use crate::measure::assert::RunFigures;
use crate::measure::baseline::BaselineRecorder;
use crate::measure::runs::Runs;
use crate::measure::{self, Experiment, MeasuredRun, SweepPlan, WorkerCounts};
use crate::model::activity::WorkerActivity;
use crate::model::event::{Event, Listener, RunInfo};
use crate::model::measurement::Arm;
use crate::pool::StopToken;
use crate::report::Fanout;

/// What to measure.
pub(super) enum Measure {
    /// Serial against parallel.
    Comparison(Experiment),
    /// Several numbers of workers.
    Sweep(SweepPlan),
}

/// Makes the measurement that the plan asks for.
pub(super) fn run(mut plan: Plan, measure: Measure, started: Instant) -> Result<Ending, Problem> {
    let mut baselines = Baselines::open(&plan)?;
    let lists = spool(&plan)?;
    let stop = StopToken::new();
    let signals = Watch::start(stop.clone())
        .map_err(|error| Problem::local("cannot watch for signals", &error))?;
    if let Measure::Sweep(sweep) = &measure {
        plan.workers = match &sweep.counts {
            WorkerCounts::Given(counts) => counts.iter().copied().max().unwrap_or(1),
            WorkerCounts::Auto { most } => *most,
        };
    }
    fit_to_workers(&mut plan);
    let lanes =
        (plan.progress != ProgressMode::Off).then(|| Arc::new(WorkerActivity::new(plan.workers)));
    let exports = exports(&plan)?;
    let reports = listener(&plan, signals.patience(), lanes.clone(), None, exports)
        .map_err(|error| Problem::local("cannot report", &error))?;
    let mut listener = Counting {
        inner: baselines.keep(reports),
        runs: Runs::default(),
    };
    let arms = Arms {
        plan: &plan,
        lists: &lists,
        stop: &stop,
        lanes,
    };
    let begun = listener.event(&Event::Started(RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workers: plan.workers,
        started_at: SystemTime::now(),
        startup: started.elapsed(),
    }));
    let measured = begun.map_err(CutShort::from).and_then(|()| {
        let go = |workers: Option<usize>, listener: &mut dyn Listener| arms.run(workers, listener);
        match &measure {
            Measure::Comparison(experiment) => experiment
                .conduct(&mut listener, |arm, listener| {
                    go((arm == Arm::Parallel).then_some(plan.workers), listener)
                })
                .map(|comparison| comparison.map(Event::Compared)),
            Measure::Sweep(sweep) => sweep
                .conduct(&mut listener, |workers, listener| {
                    go(Some(workers), listener)
                })
                .map(|sweep| sweep.map(Event::Swept)),
        }
    });
    let counted = listener.runs.counted();
    let mut ending = Ending {
        signal: signals.received(),
        local: counted.local > 0,
        failed: plan.max_failures.exceeded_by(&counted),
        ..Ending::default()
    };
    let is_stopped = stop.is_stopped();
    if measured.is_err() {
        // Whoever can still write gets an end.
        let _ = listener.event(&Event::Ended(listener.runs.without_result(true)));
    }
    let told =
        measured.and_then(|result| tell(result, is_stopped, &plan, &mut listener, &mut ending));
    let told = told.and(listener.close().map_err(CutShort::from));
    let kept = listener.inner.into_run();
    match told {
        Ok(()) => {}
        Err(CutShort::Listener(error)) => undelivered(&error, &mut ending),
        Err(strict @ CutShort::Strict(_)) => {
            complain(&strict.to_string());
            ending.usage = true;
        }
    }
    baselines.save(kept, ending.failed, &mut ending);
    Ok(ending)
}

fn tell(
    result: Option<Event>,
    is_stopped: bool,
    plan: &Plan,
    listener: &mut Counting,
    ending: &mut Ending,
) -> Result<(), CutShort> {
    let mut counted = listener.runs.counted();
    let result = result.unwrap_or_else(|| {
        if !is_stopped {
            complain("there is nothing to compare: no URL was tried");
            ending.usage = true;
        }
        // Of a comparison that was broken off nothing is claimed, but what was done is told.
        counted.stopped = is_stopped;
        Event::Ended(listener.runs.without_result(is_stopped))
    });
    listener.event(&result)?;
    let against = listener.inner.against().cloned();
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
    };
    ending.gate = judge(
        &plan.gates,
        plan.strict_gates,
        &figures,
        &mut listener.inner,
    )?;
    Ok(())
}

/// Passes on what happens, and adds the runs up.
struct Counting {
    inner: BaselineRecorder<Fanout>,
    runs: Runs,
}

impl Listener for Counting {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.runs.note(event);
        self.inner.event(event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.inner.idle()
    }

    fn close(&mut self) -> io::Result<()> {
        self.inner.close()
    }
}

/// What it takes to run an arm.
struct Arms<'a> {
    plan: &'a Plan,
    lists: &'a [Spooled],
    stop: &'a StopToken,
    lanes: Option<Arc<WorkerActivity>>,
}

impl Arms<'_> {
    /// Runs an arm, serially or with so many workers, with connections, name look-ups and threads of
    /// its own, which are ready before its clock starts.
    fn run(
        &self,
        workers: Option<usize>,
        listener: &mut dyn Listener,
    ) -> Result<MeasuredRun, CutShort> {
        let plan = self.plan;
        let lists = self.lists.iter().map(Spooled::list).collect();
        let source = Source::new(&plan.urls, lists, plan.input)?;
        let began = Instant::now();
        let fetcher = Fetcher::new(plan.fetch.clone(), self.stop.clone(), self.lanes.clone());
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
                let pool = fetcher.pool(builder(workers, plan.queue));
                pool.prime();
                let startup = began.elapsed();
                let report = engine::run(plan.run, source, &pool, listener);
                (startup, report.summary, report.cut_short)
            }
        };
        match cut_short {
            None => Ok(MeasuredRun { summary, startup }),
            Some(cut_short) => {
                // Whoever can still write gets an end of this, too.
                let _ = listener.event(&Event::ArmEnded(summary));
                Err(cut_short)
            }
        }
    }
}

/// A list that can be read again.
struct Spooled {
    name: String,
    file: Arc<File>,
}

/// Opens all lists; what can be read only once is copied first.
fn spool(plan: &Plan) -> Result<Vec<Spooled>, Problem> {
    let opened = open_lists(&plan.lists)?;
    let mut lists = Vec::new();
    for (list, name) in opened.into_iter().zip(&plan.lists) {
        let is_regular = |file: &File| file.metadata().is_ok_and(|metadata| metadata.is_file());
        let file = match name {
            ListName::File(path) => File::open(path).ok().filter(is_regular),
            ListName::Stdin => None,
        };
        let file = match file {
            Some(file) => file,
            None => copy(list.bytes).map_err(|error| {
                Problem::local(&format!("cannot keep {} for later runs", list.name), &error)
            })?,
        };
        lists.push(Spooled {
            name: list.name,
            file: Arc::new(file),
        });
    }
    Ok(lists)
}

fn copy(mut bytes: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut bytes, &mut file)?;
    Ok(file)
}

impl Spooled {
    /// The list from its beginning.
    fn list(&self) -> List {
        List {
            name: self.name.clone(),
            bytes: Box::new(FromStart {
                file: Arc::clone(&self.file),
                at: 0,
            }),
        }
    }
}

/// A reader with a position of its own.
struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
