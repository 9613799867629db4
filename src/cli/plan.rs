//! The plan: what the command line asks for, checked and in the library's own types. Each part of the program
//! takes its small configuration from here. Types only: `resolve` makes them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::engine::RunConfig;
use crate::engine::input::InputConfig;
use crate::http::FetchConfig;
use crate::measure::assert::Assertion;
use crate::measure::{Experiment, SweepPlan};
use crate::model::margin::Margin;
use crate::model::max_failures::MaxFailures;
use crate::model::save_path::{Layout, SavePath};
use crate::report::export::Export;
use crate::report::{Baseline, HumanStyle, Template};
use crate::save::StoreConfig;
use crate::save::pack::PackConfig;

/// Everything to do, in full.
#[derive(Debug)]
pub struct Plan {
    /// Kind of work: a plain run, a measurement or a replay.
    pub mode: Mode,
    /// URLs from the command line.
    pub urls: Vec<OsString>,
    /// Lists of URLs, read after them; for a replay, the results to read instead.
    pub lists: Vec<ListName>,
    /// Meaning of the text of a URL.
    pub input: InputConfig,
    /// True if an input without URLs is no mistake.
    pub allows_empty: bool,
    /// Option that took what was given as its proxy, as it was typed, where no URL was given beside it.
    pub lone_proxy: Option<String>,
    /// Number of workers; of a sweep, the highest.
    pub workers: usize,
    /// Capacity of the pool's queue; `None` stands for the default.
    pub queue: Option<usize>,
    /// Order, limits and retries of a run.
    pub run: RunConfig,
    /// Settings of each request.
    pub fetch: FetchConfig,
    /// Destination of the bodies.
    pub bodies: BodiesPlan,
    /// Run log, if one is written.
    pub log: Option<LogPlan>,
    /// Failures with which the run still succeeds.
    pub max_failures: MaxFailures,
    /// Saved runs and assertions.
    pub judge: JudgePlan,
    /// Reports.
    pub report: ReportPlan,
    /// Warnings to print first: parts of what was asked for that have no effect.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Paths of the files that the run writes beside the bodies: log, reports, and the saved run.
    pub fn own_files(&self) -> impl Iterator<Item = &Path> {
        let log = self.log.as_ref().map(|log| &log.path);
        let exports = self.report.exports.iter().filter_map(ExportPlan::file);
        let baseline = self.judge.save_baseline.as_ref();
        let all = log.into_iter().chain(exports).chain(baseline);
        all.map(PathBuf::as_path)
    }
}

/// Kind of work.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Fetch each URL once.
    Fetch,
    /// Fetch serially and in parallel, and compare.
    Compare(Experiment),
    /// Fetch with several numbers of workers.
    Sweep(SweepPlan),
    /// Report earlier results again, and fetch nothing.
    Replay,
    /// Say what would be fetched, and fetch nothing.
    DryRun,
}

/// Source of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListName {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<PathBuf> for ListName {
    /// Reads `-` as standard input.
    fn from(path: PathBuf) -> Self {
        match path.as_os_str() == "-" {
            true => ListName::Stdin,
            false => ListName::File(path),
        }
    }
}

/// Destination of the bodies.
#[derive(Debug, Clone)]
pub enum BodiesPlan {
    /// Counted and dropped.
    Discard,
    /// One file, for the only URL.
    File {
        /// The file's directory.
        dir: PathBuf,
        /// The file's name in it.
        path: SavePath,
        /// Options of saving.
        store: StoreConfig,
    },
    /// A file for each URL.
    Dir {
        /// The directory.
        dir: PathBuf,
        /// Rule that makes a URL's file name.
        layout: Layout,
        /// True if a server's Content-Disposition replaces that name.
        named_by_server: bool,
        /// Options of saving.
        store: StoreConfig,
    },
    /// Few large files.
    Pack(PackConfig),
    /// One output, in the order of the input.
    Stream {
        /// The output.
        output: StreamOutput,
        /// The most bodies that may be missing; with one more, the output ends.
        max_gaps: u64,
    },
    /// The results themselves.
    Results {
        /// The most bytes of a body.
        limit: u64,
    },
}

impl BodiesPlan {
    /// Returns true if the bodies go to standard output, where the report would be otherwise.
    pub fn takes_stdout(&self) -> bool {
        self.stream() == Some(&StreamOutput::Stdout)
    }

    /// Returns true if the bodies go to standard error.
    pub fn takes_stderr(&self) -> bool {
        self.stream() == Some(&StreamOutput::Stderr)
    }

    /// The stream that the bodies go to, if they go to one.
    pub fn stream(&self) -> Option<&StreamOutput> {
        match self {
            BodiesPlan::Stream { output, .. } => Some(output),
            _ => None,
        }
    }
}

/// Output that takes bodies as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamOutput {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A named pipe, a device, or another open descriptor by its path.
    Path(PathBuf),
}

/// A run log: a line for each URL, from which a later run resumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlan {
    /// Its file.
    pub path: PathBuf,
    /// True if URLs that it has as fetched are left out.
    pub resume: bool,
}

/// Saved runs and assertions, which judge the figures of a run.
#[derive(Debug, Default)]
pub struct JudgePlan {
    /// File to save the run's figures in.
    pub save_baseline: Option<PathBuf>,
    /// File of the saved run to compare with.
    pub against: Option<PathBuf>,
    /// True if both are one file, which then follows the last good run.
    pub is_followed: bool,
    /// Assertions on the figures.
    pub assertions: Vec<Assertion>,
    /// The difference of times from which on one matters, if it is given.
    pub margin: Option<Margin>,
    /// True if an undecided assertion counts as failed.
    pub is_strict: bool,
}

/// Reports and where they go.
#[derive(Debug)]
pub struct ReportPlan {
    /// Format of the report.
    pub format: Format,
    /// True if the report for people goes to standard error, because something else has standard output.
    pub to_stderr: bool,
    /// True if JSON Lines have no results.
    pub is_summary_only: bool,
    /// Note on standard error about the responses, if there is one to make.
    pub note: Option<ResponseNote>,
    /// Note on standard error about a limit on time, if a URL reached it several times.
    pub limit_note: Option<AttemptLimitNote>,
    /// Style of that report, if it is text.
    pub style: HumanStyle,
    /// Reports in files, or on streams.
    pub exports: Vec<ExportPlan>,
    /// Serial time to set the parallel time against, in all reports.
    pub baseline: Baseline,
    /// True if requests and responses are shown on standard error.
    pub is_verbose: bool,
    /// Display of progress on standard error.
    pub progress: ProgressMode,
}

/// Note about the part of a response that the report does not show, for users who expect it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseNote {
    /// The body, which curl would print.
    #[error(
        "the body was not kept: --cat prints it in place of the report, -o FILE saves it, and --format jsonl is \
         the report for programs"
    )]
    Body,
    /// Bodies, which curl would print: before the lines of a template, or with -s beside a run log.
    #[error(
        "the bodies were not kept, which curl would print: -o FILE or -d DIR saves them, and -o /dev/null says that none is \
         wanted"
    )]
    Bodies,
    /// The headers of several URLs, which curl would print for a HEAD.
    #[error(
        "the headers are shown of one URL alone: -v shows them on standard error (behind it, 2>&1 brings them into a pipe), \
         --format jsonl -v has them as data"
    )]
    Headers,
}

/// Note about a limit on time that is one of a transfer to curl, and of an attempt here: a URL that reaches it is
/// tried again, unless there is no retry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{spelling} limits each attempt, and what timed out was tried up to {attempts} times: --retry 0 makes it the limit \
     of a URL, as it is to curl, and --deadline TIME limits the whole run"
)]
pub struct AttemptLimitNote {
    /// The option as it was typed.
    pub spelling: String,
    /// The most attempts of a URL.
    pub attempts: u32,
}

/// Format of the report on standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    Human,
    /// JSON Lines.
    JsonLines,
    /// A line for each URL, by a template.
    Template(Template),
}

/// A report in addition to the one on standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPlan {
    /// Its format.
    pub export: Export,
    /// Its destination.
    pub target: ExportTarget,
}

/// Destination of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTarget {
    /// A file, which is complete or absent.
    File(PathBuf),
    /// The summary of a CI step, to which the report is added.
    StepSummary(PathBuf),
    /// A stream, which gets the report as it is made.
    Stream(StreamOutput),
}

impl ExportPlan {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&PathBuf> {
        match &self.target {
            ExportTarget::File(path) | ExportTarget::StepSummary(path) => Some(path),
            ExportTarget::Stream(_) => None,
        }
    }

    /// The stream, if it is one.
    pub fn stream(&self) -> Option<&StreamOutput> {
        match &self.target {
            ExportTarget::File(_) | ExportTarget::StepSummary(_) => None,
            ExportTarget::Stream(stream) => Some(stream),
        }
    }
}

/// Display of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMode {
    /// None.
    Off,
    /// Bars, redrawn on the terminal.
    Bars,
    /// One line a second, for logs.
    Lines,
}
