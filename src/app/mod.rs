//! Builds the parts that a [`Plan`] asks for, runs them, and says how it ended.

mod baseline;
mod bodies;
mod measure;
mod replay;
mod signals;
mod stdio;

use baseline::Baselines;
use measure::Measure;
use stdio::{ClosedStdout, Stream, close_stdout};

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::app::signals::{Patience, Watch};
use crate::cli::{BodiesPlan, Ending, ExportPlan, Format, ListName, Plan, ProgressMode};
use crate::engine::input::{List, Source};
use crate::engine::resume::Journal;
use crate::engine::{self, Bodies, CutShort, Work};
use crate::http::Fetcher;
use crate::measure::Estimate;
use crate::measure::assert::{Assertion, RunFigures};
use crate::model::activity::WorkerActivity;
use crate::model::event::{Event, Listener};
use crate::model::text::escape;
use crate::pool::{Builder, Pool, StopToken};
use crate::report::export::ExportFile;
use crate::report::{Fanout, Human, JsonLines, Progress, Verbose, Warnings};

/// How long the workers have to end when some of their work was given up.
const GOODBYE: Duration = Duration::from_millis(100);

/// Descriptors that are not connections: standard streams, lists, libraries.
const OTHER_FILES: usize = 32;

/// Idle connections that all workers keep together, as long as that leaves each this many: one holds
/// some 10 KiB of memory, more with TLS.
const IDLE_IN_ALL: usize = 512;
const LEAST_IDLE: usize = 8;

/// Room for waiting jobs that there is by default even for few workers.
const LEAST_QUEUE: usize = 128;

/// The most descriptors asked of the system.
const MOST_FILES: u64 = 65_536;

/// Runs the plan. What went wrong is printed to standard error, a line each.
///
/// `started` is when the process began, as near as the caller knows.
pub fn run(plan: Plan, started: Instant) -> Ending {
    let ran = match plan.replay.is_empty() {
        true => try_run(plan, started),
        false => replay::try_replay(&plan),
    };
    match ran {
        Ok(ending) => ending,
        Err(problem) => {
            complain(&problem.message);
            problem.ending
        }
    }
}

/// Says in a line what is wrong.
pub fn complain(message: &str) {
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "pfetch: {message}");
}

/// Prints what was asked for instead of a run: help, or the version.
pub fn print(text: &str) -> Ending {
    let mut ending = Ending::default();
    let written = io::stdout().write_all(text.as_bytes());
    match written.and_then(|()| close_stdout()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ending.broken_pipe = true,
        Err(error) => {
            complain(&format!("cannot write to standard output: {error}"));
            ending.local = true;
        }
    }
    ending
}

/// Why there was no run.
struct Problem {
    message: String,
    ending: Ending,
}

impl Problem {
    fn usage(message: String) -> Self {
        let ending = Ending {
            usage: true,
            ..Ending::default()
        };
        Problem { message, ending }
    }

    fn local(what: &str, error: &io::Error) -> Self {
        let ending = Ending {
            local: true,
            ..Ending::default()
        };
        Problem {
            message: format!("{what}: {error}"),
            ending,
        }
    }
}

fn try_run(mut plan: Plan, started: Instant) -> Result<Ending, Problem> {
    if let Some(experiment) = plan.compare {
        return measure::run(plan, Measure::Comparison(experiment), started);
    }
    if let Some(sweep) = plan.sweep.take() {
        return measure::run(plan, Measure::Sweep(sweep), started);
    }
    let mut baselines = Baselines::open(&plan)?;
    // Every list is opened before anything is fetched: a missing one is a slip to mend first.
    let lists = open_lists(&plan.lists)?;
    let source = Source::new(&plan.urls, lists, plan.input)
        .map_err(|error| Problem::local("cannot start a thread to read the list", &error))?;
    let stop = StopToken::new();
    let signals = Watch::start(stop.clone())
        .map_err(|error| Problem::local("cannot watch for signals", &error))?;
    let mut bodies = bodies::bodies(&plan.bodies, &stop)?;
    let saves = matches!(bodies, Bodies::Save(_));
    let concat = match &bodies {
        Bodies::Stream(concat) => Some(concat.clone()),
        _ => None,
    };
    // Starts that keep a distance keep it between requests too.
    plan.fetch.resend = plan.run.limits.is_unpaced();
    fit_to_workers(&mut plan);

    let (journal, done) = match &plan.log {
        Some(log) => {
            let folder = match &plan.bodies {
                BodiesPlan::Folder { folder, .. } | BodiesPlan::File { folder, .. } => Some(folder),
                BodiesPlan::Drop | BodiesPlan::PassOn { .. } => None,
            };
            let folder = folder.map(PathBuf::as_path);
            let reserve = |place: &str, path: &str| {
                if let Bodies::Save(saving) = &mut bodies {
                    saving.reserve(place, path);
                }
            };
            let (journal, done) = Journal::open_for(&log.path, log.resume, folder, reserve)
                .map_err(|error| Problem {
                    message: error.to_string(),
                    ending: Ending {
                        local: error.is_local(),
                        usage: !error.is_local(),
                        ..Ending::default()
                    },
                })?;
            let metadata = journal
                .metadata()
                .map_err(|error| Problem::local("cannot look at the run log", &error))?;
            if let Bodies::Save(saving) = &mut bodies {
                saving.spare(&metadata);
            }
            (Some(journal), log.resume.then_some(done))
        }
        None => (None, None),
    };
    let exports = exports(&plan)?;
    let lanes =
        (plan.progress != ProgressMode::Off).then(|| Arc::new(WorkerActivity::new(plan.workers)));
    let reports = listener(&plan, signals.patience(), lanes.clone(), journal, exports)
        .map_err(|error| Problem::local("cannot report", &error))?;
    let mut listener = baselines.keep(reports);
    let builder = builder(plan.workers, plan.queue);
    let pool = Fetcher::new(plan.fetch, stop, lanes).pool(builder);
    plan.run.startup = started.elapsed();
    let work = Work {
        source,
        bodies,
        done,
    };
    let report = engine::run(plan.run, work, &pool, &mut listener);
    let estimate = Estimate::of(&report.summary);
    let against = listener.against().cloned();
    let figures = RunFigures {
        summary: &report.summary,
        counted: &report.summary,
        estimated_speedup: estimate.map(|estimate| estimate.speedup),
        comparison: None,
        sweep: None,
        against: against.as_ref(),
    };
    // Of a run that was cut short none holds: the reports that can be written say so.
    let gates = judge(&plan.gates, plan.strict_gates, &figures, &mut listener);
    let closed = listener.close();
    // Takes the progress display off the screen before anything else is said.
    let kept = listener.into_run();
    if report.has_left_jobs {
        // A worker that hangs in the system (there should be none) does not keep the program.
        let _ = pool.shutdown(GOODBYE);
    } else {
        // Idle threads end with the process, all at once: to wake each and wait for it takes longer than
        // a URL near by, and with a thousand of them a while.
        mem::forget(pool);
    }

    let mut ending = Ending {
        signal: signals.received(),
        gate: *gates.as_ref().unwrap_or(&false),
        local: report.summary.local > 0,
        usage: !report.unreadable.is_empty(),
        failed: plan.max_failures.exceeded_by(&report.summary),
        ..Ending::default()
    };
    match &report.cut_short {
        None => {}
        Some(CutShort::Listener(error)) => undelivered(error, &mut ending),
        Some(strict @ CutShort::Strict(_)) => {
            complain(&strict.to_string());
            ending.usage = true;
        }
    }
    // What cannot be written now could not be a moment ago either: it is told once.
    if let Err(error) = gates.and(closed)
        && !matches!(report.cut_short, Some(CutShort::Listener(_)))
    {
        undelivered(&error, &mut ending);
    }
    if report.is_full {
        complain(match saves {
            true => "the disk is full: nothing more was started; what is complete is saved",
            false => "there is no room to keep bodies whose turn has not come (TMPDIR): stopped",
        });
    }
    if let Some(concat) = concat {
        bodies::end_of_output(concat.end(), &report, &mut ending);
    }
    if report.overdue {
        // Also when nothing was under way at that moment, and the rest of a list was not read.
        complain("the run's deadline passed before everything was done (--deadline)");
        ending.failed = true;
    }
    let summary = &report.summary;
    if ending == Ending::default() && summary.targets() + summary.done_before == 0 {
        complain("the input has no URLs in it; a list has one a line");
        ending.usage = true;
    }
    baselines.save(kept, ending.failed, &mut ending);
    Ok(ending)
}

/// Holds the gates against the figures, tells what became of each, and returns whether one failed.
fn judge(
    gates: &[Assertion],
    strict: bool,
    figures: &RunFigures<'_>,
    listener: &mut dyn Listener,
) -> io::Result<bool> {
    let mut has_failed = false;
    for gate in gates {
        let judged = figures.check(gate, strict);
        has_failed |= judged.verdict.is_failure();
        listener.event(&Event::Judged(judged))?;
    }
    listener.idle()?;
    Ok(has_failed)
}

/// Something could not be written.
fn undelivered(error: &io::Error, ending: &mut Ending) {
    if error.kind() == io::ErrorKind::BrokenPipe {
        ending.broken_pipe = true;
    } else {
        complain(&error.to_string());
        ending.local = true;
    }
}

fn open_lists(names: &[ListName]) -> Result<Vec<List>, Problem> {
    let open = |name: &ListName| match name {
        ListName::Stdin => Ok(List {
            name: "<stdin>".to_owned(),
            bytes: Box::new(io::stdin()),
        }),
        ListName::File(path) => {
            let cannot =
                |reason: String| Problem::usage(format!("cannot read {}: {reason}", shown(path)));
            let file = File::open(path).map_err(|error| cannot(error.to_string()))?;
            if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                return Err(cannot("it is a directory; give a file".to_owned()));
            }
            Ok(List {
                name: shown(path),
                bytes: Box::new(file),
            })
        }
    };
    names.iter().map(open).collect()
}

/// A file's name may hold anything but NUL and a slash.
fn shown(path: &Path) -> String {
    escape(&path.display().to_string())
}

/// The reports in files, each with its name: begun before anything is fetched, so that a place where
/// none can be is a slip to mend first.
fn exports(plan: &Plan) -> Result<Vec<(String, ExportFile)>, Problem> {
    let begin = |export: &ExportPlan| {
        let name = shown(&export.path);
        match ExportFile::create(export.export, &export.path, plan.baseline) {
            Ok(file) => Ok((name, file)),
            Err(error) => Err(Problem::local(&format!("cannot write {name}"), &error)),
        }
    };
    plan.exports.iter().map(begin).collect()
}

/// A pool of so many workers, with room for so many jobs to wait.
fn builder(workers: usize, queue: Option<usize>) -> Builder<()> {
    // Enough for the moment that the run looks away when jobs are short.
    let queue = queue.unwrap_or_else(|| workers.saturating_mul(2).max(LEAST_QUEUE));
    Pool::builder().workers(workers).queue(queue)
}

/// Everybody who is told what happens.
fn listener(
    plan: &Plan,
    patience: &Patience,
    lanes: Option<Arc<WorkerActivity>>,
    journal: Option<Journal>,
    exports: Vec<(String, ExportFile)>,
) -> io::Result<Fanout> {
    let progress = match (plan.progress, lanes) {
        (ProgressMode::Bars, Some(lanes)) => Some(Progress::bars(lanes)?),
        (ProgressMode::Lines, Some(lanes)) => Some(Progress::lines(lanes, io::stderr())?),
        _ => None,
    };
    let stderr = |progress: &Option<Progress>| -> io::Result<Box<dyn Write>> {
        let stream = Stream::new(io::stderr(), patience)?;
        Ok(match progress {
            Some(progress) => Box::new(progress.above(stream)),
            None => Box::new(io::BufWriter::new(stream)),
        })
    };
    let takes_stdout = matches!(plan.bodies, BodiesPlan::PassOn { .. });
    let stdout: Box<dyn Write> = match &progress {
        // It has the bodies.
        _ if takes_stdout => stderr(&progress)?,
        Some(progress) if io::stdout().is_terminal() => {
            Box::new(progress.above(Stream::new(io::stdout(), patience)?))
        }
        _ => Box::new(io::BufWriter::with_capacity(
            64 * 1024,
            Stream::new(io::stdout(), patience)?,
        )),
    };
    let mut all = Fanout::default();
    if let (Some(journal), Some(log)) = (journal, &plan.log) {
        all.add(format!("the run log {}", shown(&log.path)), journal);
    }
    all.add("warnings", Warnings::new(stderr(&progress)?));
    if plan.verbose {
        all.add("the exchanges", Verbose::new(stderr(&progress)?));
    }
    // The display goes off the screen before the summary comes on.
    if let Some(progress) = progress {
        all.add("progress", progress);
    }
    match plan.format {
        Format::Human(style) => all.add("the report", Human::new(stdout, style)),
        Format::JsonLines(baseline) => all.add("the report", JsonLines::new(stdout, baseline)),
    }
    if !takes_stdout {
        all.add("to standard output", ClosedStdout);
    }
    for (name, export) in exports {
        all.add(name, export);
    }
    Ok(all)
}

/// Sizes what all workers share, or have each, by their number.
fn fit_to_workers(plan: &mut Plan) {
    let fetch = &mut plan.fetch;
    let share = (IDLE_IN_ALL / plan.workers).max(LEAST_IDLE);
    let wanted = share.min(fetch.idle_connections);
    fetch.idle_connections = idle_connections(plan.workers, wanted);
    fetch.dns.lookups = plan.workers;
}

/// How many idle connections each worker may keep without running out of descriptors, having asked
/// the system for as many as it gives.
fn idle_connections(workers: usize, wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = limit.maximum.unwrap_or(MOST_FILES).min(MOST_FILES);
    let mut files = limit.current.unwrap_or(MOST_FILES);
    if files < raised {
        let asked = Rlimit {
            current: Some(raised),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, asked).is_ok() {
            files = raised;
        }
    }
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    // One connection is in use while the others are idle.
    let each = files.saturating_sub(OTHER_FILES) / workers;
    each.saturating_sub(1).clamp(1, wanted)
}
