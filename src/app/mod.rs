//! Carries a [`Plan`] out: opens the parts that it asks for, runs them, and collects the reasons for the exit
//! code. The steps that every kind of work shares are those of a session.

mod address_space;
mod baseline;
mod blocking;
mod bodies;
mod body_cursor;
mod body_stream;
mod body_writer;
mod dry_run;
mod exports;
mod fetch;
mod job_control;
mod lists;
mod measure;
mod packs;
mod replay;
mod reporters;
mod run_log;
mod session;
mod shards;
mod signals;
mod stdio;
mod workers;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use rustix::io::Errno;

pub use crate::app::address_space::share_heap_under_limit;
pub use crate::app::signals::SignalWatch;

use crate::app::baseline::Baselines;
use crate::app::blocking::BlockingOutput;
use crate::app::measure::Measurement;
use crate::app::stdio::ClosedStdout;
use crate::cli::{ExitReasons, Mode, Plan};
use crate::engine::input::List;
use crate::model::event::Listener;
use crate::model::secret_parameters::without_secret_values;
use crate::model::text::escape;
use crate::report::{stderr_columns, wrapped_message};
use crate::save::RefusedDuty;

/// Carries the plan out, and returns the reasons for the exit code. What went wrong is printed to standard
/// error, a line each.
///
/// `started` is when the process began, as near as the caller knows; signals have been watched for since.
pub fn run(plan: Plan, started: Instant, signals: io::Result<SignalWatch>) -> ExitReasons {
    for warning in &plan.warnings {
        complain(&escape(warning));
    }
    let signals = signals.map_err(|error| StartError::local("cannot watch for signals", &error));
    let ended = signals.and_then(|signals| dispatch(plan, started, signals));
    ended.unwrap_or_else(|error| {
        complain(&error.message);
        error.reasons
    })
}

fn dispatch(plan: Plan, started: Instant, signals: SignalWatch) -> Result<ExitReasons, StartError> {
    if plan.input.repeat.is_repeated() {
        lists::check_repeatable(&plan.lists)?;
    }
    if matches!(plan.mode, Mode::DryRun) {
        Baselines::foresee(&plan.judge, &signals)?;
        return dry_run::run(&plan, lists::open(&plan.lists, &signals)?);
    }
    // Opened before anything is fetched: a file that cannot be is a mistake to correct first.
    let is_announced = plan.report.style.detail.has_summary();
    let is_made_here = !matches!(plan.mode, Mode::Replay);
    let baselines = Baselines::open(&plan.judge, is_announced, is_made_here, &signals)?;
    let opened = Opened {
        lists: lists::open(&plan.lists, &signals)?,
        baselines,
        signals,
        started,
    };
    match plan.mode.clone() {
        Mode::Fetch => fetch::run(plan, opened),
        Mode::Compare(experiment) => {
            measure::run(plan, opened, Measurement::Comparison(experiment))
        }
        Mode::Sweep(sweep) => measure::run(plan, opened, Measurement::Sweep(sweep)),
        Mode::Replay => replay::run(&plan, opened),
        Mode::DryRun => dry_run::run(&plan, opened.lists),
    }
}

/// The parts that are opened before any kind of work begins.
struct Opened {
    lists: Vec<List>,
    baselines: Baselines,
    signals: SignalWatch,
    started: Instant,
}

/// Words the mistake of an input without URLs, unless it may be empty. `lone_proxy` is that of the plan.
fn no_urls(lone_proxy: Option<&str>) -> String {
    match lone_proxy {
        Some(option) => format!(
            "the input has no URLs in it: {option} took what is behind it as its proxy; to make folders for each host \
             (wget -x) is --names tree"
        ),
        None => "the input has no URLs in it; a list has one a line, and --allow-empty takes one that has none"
            .to_owned(),
    }
}

/// Prints one line about a mistake on the command line to standard error. It may have a command to paste, and is as it
/// was typed.
pub fn print_mistake(message: &str) {
    // Without standard error there is no other place to report that to.
    let line = wrapped_message(message, stderr_columns()) + "\n";
    let _ = BlockingOutput(io::stderr()).write_all(line.as_bytes());
}

/// Prints one line about a failure to standard error, with the values of secret parameters in URLs masked.
fn complain(message: &str) {
    print_mistake(without_secret_values(message).as_deref().unwrap_or(message));
}

/// Warns of a lesser duty of a report or a baseline in a file.
fn warn_of(refused: Option<&RefusedDuty>) {
    if let Some(refused) = refused {
        complain(&format!("warning: {refused}"));
    }
}

/// Prints help or the version, and returns the reasons for the exit code.
pub fn print(text: &str) -> ExitReasons {
    let mut reasons = ExitReasons::default();
    let stdout = blocking::duplicate(io::stdout()).map(BlockingOutput);
    let written = stdout.and_then(|mut stdout| stdout.write_all(text.as_bytes()));
    close_stdout(written, &mut reasons);
    reasons
}

/// Checks the close of standard output after what was written to it, and reports an error of either.
fn close_stdout(written: io::Result<()>, reasons: &mut ExitReasons) {
    match written.and_then(|()| ClosedStdout::new().close()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => reasons.broken_pipe = true,
        Err(error) => {
            complain(&format!("cannot write to standard output: {error}"));
            reasons.local = true;
        }
    }
}

/// An error before anything was fetched.
struct StartError {
    /// One line for the user.
    message: String,
    reasons: ExitReasons,
}

impl StartError {
    /// A mistake in what the user gave.
    fn usage(message: String) -> Self {
        StartError {
            message,
            reasons: ExitReasons::usage(),
        }
    }

    /// A failure on this side: `what` cannot be done.
    fn local(what: &str, error: &io::Error) -> Self {
        let advice = match Errno::from_io_error(error) {
            Some(Errno::MFILE) => "; raise the limit on them (ulimit -n)",
            _ => "",
        };
        StartError {
            message: format!("{what}: {error}{advice}"),
            reasons: ExitReasons::local(),
        }
    }
}

/// The failure of a file that cannot be written, told before anything is fetched. Every place that is written to and
/// cannot be is a failure on this side, one that is read a mistake.
fn unwritable(path: &Path, error: &io::Error) -> StartError {
    let name = shown(path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| error.kind() == io::ErrorKind::NotFound && !folder.exists()) {
        Some(folder) => {
            let folder = shown(folder);
            StartError {
                message: format!(
                    "cannot write {name}: there is no folder {folder}; make it first (mkdir -p)"
                ),
                reasons: ExitReasons::local(),
            }
        }
        None => StartError::local(&format!("cannot write {name}"), error),
    }
}

/// Makes a path safe to print. It may hold control characters: anything but NUL.
fn shown(path: &Path) -> String {
    escape(&path.display().to_string())
}
