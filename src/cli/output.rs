//! Reports: the options for those in files, and for telling runs again.

use std::path::PathBuf;

use clap::Args;

use super::files::Files;
use super::plan::ListName;
use super::values::{ExportArg, export};
use crate::report::export::Export;

/// Everything that says what to fetch, or how: of no use when nothing is fetched.
const FETCHING: [&str; 53] = [
    "urls",
    "input",
    "strict",
    "workers",
    "queue",
    "order",
    "per_host",
    "host_delay",
    "rate",
    "output",
    "dir",
    "cat",
    "names",
    "exists",
    "content_disposition",
    "no_mtime",
    "no_resume",
    "fsync",
    "log",
    "resume",
    "head",
    "header",
    "user_agent",
    "user",
    "compressed",
    "accept",
    "proxy",
    "noproxy",
    "resolve",
    "block_private",
    "insecure",
    "cacert",
    "timeout",
    "deadline",
    "max_bytes",
    "retry",
    "max_failures",
    "compare",
    "sweep",
    "warmup",
    "runs",
    "proto_default",
    "max_redirects",
    "allow_downgrade",
    "https_only",
    "ipv4",
    "ipv6",
    "cert",
    "key",
    "connect_timeout",
    "stall_timeout",
    "retry_delay",
    "retry_after_max",
];

/// The options under "Output" that are about files.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Write a report to FILE as well; may be repeated.
    ///
    /// The formats are json, jsonl, csv, md (for the summary of a CI step), junit, har (for the tools of
    /// browsers), trace (for Perfetto), html (a page with all there is to see) and svg (the timeline). Without
    /// FORMAT= the extension decides, which is the format's name, or .xml for junit. FILE is written when the
    /// run is over, whole or not at all; one that is there is replaced, and keeps its mode. In a CSV file,
    /// text that a spreadsheet would take for a formula has an apostrophe before it.
    #[arg(
        long,
        value_name = "FORMAT=FILE",
        value_parser = export,
        hide_short_help = true,
        help_heading = "Output"
    )]
    export: Vec<ExportArg>,

    /// Fetch nothing; report again what is in these files, which --format jsonl wrote.
    ///
    /// Several files make one report, with their counts and times added up; '-' is standard input. Of one
    /// file, what became of its assertions is told again; with --assert, others are held against its
    /// figures in their place. The exit code says whether the files could be read and whether --assert
    /// holds, not how the runs in them ended.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1..,
        conflicts_with_all = FETCHING,
        hide_short_help = true,
        help_heading = "Output"
    )]
    replay: Vec<PathBuf>,
}

/// A report in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPlan {
    /// Its format.
    pub export: Export,
    /// Its file.
    pub path: PathBuf,
}

impl ReportArgs {
    /// Whether runs are told again, and nothing is fetched.
    pub(super) fn is_replay(&self) -> bool {
        !self.replay.is_empty()
    }

    /// The runs that are told again.
    pub(super) fn replay(&self) -> Result<Vec<ListName>, String> {
        let named = |path: &PathBuf| match path.as_os_str() == "-" {
            true => ListName::Stdin,
            false => ListName::File(path.clone()),
        };
        let names: Vec<ListName> = self.replay.iter().map(named).collect();
        let is_twice = |(place, name)| names[..place].contains(name);
        if names.iter().enumerate().any(is_twice) {
            return Err("--replay has the same file twice".to_owned());
        }
        Ok(names)
    }

    /// Notes the files: those of the reports, and those that are told again.
    pub(super) fn note(&self, files: &mut Files) {
        for export in &self.export {
            files.written("--export", &export.path);
        }
        for path in &self.replay {
            match path.as_os_str() == "-" {
                true => files.read_stdin(),
                false => files.read("--replay", path),
            }
        }
    }

    /// The reports in files.
    pub(super) fn exports(self) -> Vec<ExportPlan> {
        let plan = |ExportArg { export, path }| ExportPlan { export, path };
        self.export.into_iter().map(plan).collect()
    }
}
