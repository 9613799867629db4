//! What is meant: the arguments, checked against each other and against the world they run in.

use std::collections::HashSet;
use std::env;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::mem::take;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::error::ContextKind;
use rustix::fs::FileType;

use super::args::Args;
use super::exit::MaxFailures;
use super::files::Files;
use super::output::ExportPlan;
use super::request;
use super::save::{BodiesPlan, LogPlan};
use super::values::{BaselineArg, FormatArg, OrderArg, Scheme, When};
use crate::engine::input::InputConfig;
use crate::engine::retry::RetryPolicy;
use crate::engine::schedule::StartLimits;
use crate::engine::{Order, RunConfig};
use crate::http::FetchConfig;
use crate::measure::assert::Assertion;
use crate::measure::{Experiment, SweepPlan};
use crate::model::target::{DefaultScheme, Verb};
use crate::model::text::{escape, excerpt};
use crate::pool::{default_workers, default_workers_for};
use crate::report::{Baseline, HumanStyle};

/// How much of a bad value is shown.
const MAX_SHOWN: usize = 60;

/// What to do, in full: each part takes its own small configuration from here.
#[derive(Debug)]
pub struct Plan {
    /// URLs from the command line.
    pub urls: Vec<String>,
    /// Lists to read after them.
    pub lists: Vec<ListName>,
    /// What a line of them means.
    pub input: InputConfig,
    /// The workers there may be.
    pub workers: usize,
    /// The room in the pool's queue; `None` stands for the default.
    pub queue: Option<usize>,
    /// How the run goes about it.
    pub run: RunConfig,
    /// How each target is fetched.
    pub fetch: FetchConfig,
    /// What becomes of the bodies.
    pub bodies: BodiesPlan,
    /// The run log, if there is to be one.
    pub log: Option<LogPlan>,
    /// The comparison to make, if one is to be made.
    pub compare: Option<Experiment>,
    /// The sweep to make, if one is to be made.
    pub sweep: Option<SweepPlan>,
    /// The file to save the run's figures in.
    pub save_baseline: Option<PathBuf>,
    /// The file of the saved run to set it against.
    pub against: Option<PathBuf>,
    /// What must hold of the figures.
    pub gates: Vec<Assertion>,
    /// Whether a gate that the figures do not decide has failed.
    pub strict_gates: bool,
    /// How many failures are no failure.
    pub max_failures: MaxFailures,
    /// The runs to tell again instead of fetching anything.
    pub replay: Vec<ListName>,
    /// What standard output gets.
    pub format: Format,
    /// The reports in files.
    pub exports: Vec<ExportPlan>,
    /// The serial baseline in all reports.
    pub baseline: Baseline,
    /// Whether standard error gets every request and response.
    pub verbose: bool,
    /// What standard error gets while the run lasts.
    pub progress: ProgressMode,
}

/// A list to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListName {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// What standard output gets.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    /// Text for people.
    Human(HumanStyle),
    /// JSON Lines.
    JsonLines(Baseline),
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMode {
    /// Not at all.
    Off,
    /// Drawn on the terminal.
    Bars,
    /// A line now and then.
    Lines,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum UsageError {
    /// It is not an error: this was asked for, and is to be printed.
    Help(String),
    /// The mistake, in a line, and what to do.
    Mistake(String),
}

impl Plan {
    /// The plan that this process's command line asks for.
    ///
    /// # Errors
    ///
    /// [`UsageError`], for help and for mistakes.
    pub fn from_env() -> Result<Self, UsageError> {
        let args = Args::try_parse().map_err(usage)?;
        Plan::new(args).map_err(UsageError::Mistake)
    }

    fn new(mut args: Args) -> Result<Self, String> {
        let replay = args.reports.replay()?;
        let (urls, lists) = match args.reports.is_replay() {
            true => (Vec::new(), Vec::new()),
            false => inputs(take(&mut args.urls), take(&mut args.input))?,
        };
        let mut files = Files::default();
        args.reports.note(&mut files);
        args.compare.note(&mut files)?;
        args.bodies.note(&mut files);
        request::note(&args, &mut files);
        for list in &lists {
            match list {
                ListName::Stdin => files.read_stdin(),
                ListName::File(path) => files.read("--input", path),
            }
        }
        files.written_stdout();
        files.check()?;
        let fetch = request::fetch_config(&mut args)?;
        let bodies = args
            .bodies
            .bodies(urls.len(), lists.len(), args.max_failures)?;
        args.compare.check()?;
        let workers = args.workers.unwrap_or_else(|| match lists.is_empty() {
            true => default_workers_for(urls.len()),
            false => default_workers(),
        });
        let quiet = args.quiet;
        let passes_on = matches!(bodies, BodiesPlan::PassOn { .. });
        let baseline = match args.baseline {
            BaselineArg::Estimate => Baseline::Estimate,
            BaselineArg::None => Baseline::None,
        };
        Ok(Plan {
            urls,
            lists,
            input: InputConfig {
                default_scheme: match args.proto_default {
                    Scheme::Http => DefaultScheme::Http,
                    Scheme::Https => DefaultScheme::Https,
                },
                verb: if args.head { Verb::Head } else { Verb::Get },
                names_files: matches!(bodies, BodiesPlan::Folder { .. }),
            },
            workers,
            queue: args.queue,
            run: RunConfig {
                order: match args.order {
                    OrderArg::Completion => Order::Completion,
                    OrderArg::Input => Order::Input,
                },
                strict: args.strict,
                limits: StartLimits {
                    per_origin: args.per_host,
                    origin_delay: args.host_delay.unwrap_or_default(),
                    interval: args.rate.unwrap_or_default(),
                },
                retry: RetryPolicy {
                    retries: args.retry,
                    delay: args.retry_delay,
                    retry_after_max: args.retry_after_max,
                },
                deadline: args.deadline,
                startup: Duration::ZERO,
            },
            fetch,
            bodies,
            log: args.bodies.log(),
            compare: args.compare.experiment(workers),
            sweep: args.compare.sweep(),
            save_baseline: args.compare.save_baseline,
            against: args.compare.against,
            gates: args.compare.gates,
            strict_gates: args.compare.strict_assert,
            max_failures: args.max_failures,
            replay,
            exports: args.reports.exports(),
            baseline,
            format: match args.format {
                FormatArg::Human => Format::Human(HumanStyle {
                    colour: colour(args.color),
                    quiet,
                    baseline,
                }),
                FormatArg::Jsonl => Format::JsonLines(baseline),
            },
            verbose: args.verbose,
            progress: progress(args.progress, quiet, passes_on),
        })
    }
}

/// Sorts out which of the inputs are lists.
fn inputs(
    arguments: Vec<String>,
    files: Vec<PathBuf>,
) -> Result<(Vec<String>, Vec<ListName>), String> {
    let (dashes, urls): (Vec<String>, Vec<String>) =
        arguments.into_iter().partition(|argument| argument == "-");
    let files = files.into_iter().map(|file| {
        if file.as_os_str() == "-" {
            ListName::Stdin
        } else {
            ListName::File(file)
        }
    });
    let mut lists: Vec<ListName> = files
        .chain(dashes.iter().map(|_| ListName::Stdin))
        .collect();
    if urls.is_empty() && lists.is_empty() {
        if io::stdin().is_terminal() {
            return Err(
                "no URLs given; name some, read a list with -i FILE, or pipe one in (see --help)"
                    .to_owned(),
            );
        }
        lists.push(ListName::Stdin);
    }
    if lists
        .iter()
        .filter(|list| **list == ListName::Stdin)
        .count()
        > 1
    {
        return Err("standard input can be read only once; give '-' once".to_owned());
    }
    Ok((urls, lists))
}

fn colour(when: When) -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        // The conventions of no-color.org and bixense.com/clicolors.
        When::Auto if is_set("NO_COLOR") => false,
        When::Auto if env::var_os("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0") => {
            true
        }
        When::Auto => io::stdout().is_terminal() && is_capable(),
    }
}

/// Display of progress; `passes_on`: standard output gets the bodies.
fn progress(when: When, quiet: bool, passes_on: bool) -> ProgressMode {
    let is_terminal = io::stderr().is_terminal() && is_capable();
    match when {
        When::Never => ProgressMode::Off,
        When::Auto if quiet || may_be_written_over(passes_on) => ProgressMode::Off,
        When::Auto | When::Always if is_terminal => ProgressMode::Bars,
        When::Always => ProgressMode::Lines,
        When::Auto => ProgressMode::Off,
    }
}

/// Whether others may write to the terminal that bars are redrawn on, which would erase it: the reader
/// of a pipe (or socket), as in `pfetch … | grep`, and bodies that go to a terminal, whose last line may
/// have no end.
fn may_be_written_over(passes_on: bool) -> bool {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return passes_on;
    }
    rustix::fs::fstat(&stdout).is_ok_and(|stat| {
        let sort = FileType::from_raw_mode(stat.st_mode);
        matches!(sort, FileType::Fifo | FileType::Socket)
    })
}

/// Whether the terminal understands control sequences.
fn is_capable() -> bool {
    env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A mistake as one line; what was asked for as it is.
fn usage(error: clap::Error) -> UsageError {
    use clap::error::ErrorKind as Kind;
    let text = error.render().to_string();
    if matches!(error.kind(), Kind::DisplayHelp | Kind::DisplayVersion) {
        return UsageError::Help(text);
    }
    if let Some(mistake) = bad_value(&error) {
        return UsageError::Mistake(format!("{mistake} (see pfetch --help)"));
    }
    // The first line says what is wrong, lines that begin with "tip:" what to do, and of what is
    // missing the names stand indented.
    let names_missing = error.kind() == Kind::MissingRequiredArgument;
    let mut seen = HashSet::new();
    let line = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number, line.trim()))
        .filter(|(number, line)| {
            let is_name = names_missing && line.starts_with("--");
            // The advice to write `-- -1` would make a URL of a number that was meant for an option.
            let is_tip = line.starts_with("tip:") && !line.starts_with("tip: to pass");
            *number == 0 || is_name || is_tip
        })
        .map(|(_, line)| line.trim_start_matches("error: "))
        .filter(|line| seen.insert(*line))
        .collect::<Vec<_>>()
        .join("; ")
        .replace(":; ", ": ");
    UsageError::Mistake(format!("{} (see pfetch --help)", escape(&line)))
}

/// The mistake, if it is an option's value. The parser's own words would break off at a line end in
/// the value, and would repeat a secret.
fn bad_value(error: &clap::Error) -> Option<String> {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let value = context(ContextKind::InvalidValue).filter(|value| !value.is_empty())?;
    let option = context(ContextKind::InvalidArg)?;
    let reason = match error.source() {
        Some(reason) => reason.to_string(),
        None => format!("it is one of {}", context(ContextKind::ValidValue)?),
    };
    // What is wrong with a header its reason says.
    let shown = if option.starts_with("--header") {
        String::new()
    } else {
        format!(" '{}'", excerpt(&value, MAX_SHOWN))
    };
    Some(format!("invalid value{shown} for '{option}': {reason}"))
}
