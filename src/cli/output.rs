//! Reports: the options for those in files, and for telling runs again.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

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
    /// The formats are json, jsonl, csv, md (for the summary of a CI step) and junit. Without FORMAT= the
    /// extension decides (.json, .jsonl, .csv, .md, and .xml for junit). FILE is written when the run is
    /// over, whole or not at all; one that is there is replaced. In a CSV file, text that a spreadsheet
    /// would take for a formula has an apostrophe before it.
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

    /// Refuses a file that comes with an option, and is to be written, if another option or --replay has
    /// the same.
    pub(super) fn own_file(
        &self,
        (option, path): (&str, Option<&Path>),
        other: &[(&str, Option<&Path>)],
    ) -> Result<(), String> {
        let Some(path) = path else { return Ok(()) };
        if path.as_os_str() == "-" {
            return Err(format!(
                "{option} needs a file of its own, not standard output"
            ));
        }
        let replayed = self.replay.iter().map(|path| ("--replay", Some(&**path)));
        let same = identity(path);
        let mut others = other.iter().copied().chain(replayed);
        match others.find(|(_, path)| path.is_some_and(|path| identity(path) == same)) {
            Some((other, _)) => Err(format!("{option} and {other} have the same file")),
            None => Ok(()),
        }
    }

    /// The reports in files. None of them may be one of the `other` files, each of which comes with
    /// its option.
    pub(super) fn exports(
        self,
        other: &[(&str, Option<&Path>)],
    ) -> Result<Vec<ExportPlan>, String> {
        let mut taken: Vec<(PathBuf, &str)> = Vec::new();
        for (option, path) in other {
            taken.extend(path.map(|path| (identity(path), *option)));
        }
        taken.extend(self.replay.iter().map(|path| (identity(path), "--replay")));
        let mut exports = Vec::new();
        for ExportArg { export, path } in self.export {
            let same = identity(&path);
            if let Some((_, option)) = taken.iter().find(|(taken, _)| *taken == same) {
                return Err(match *option {
                    "--export" => "two --export have the same file; give each its own".to_owned(),
                    option => format!("--export and {option} have the same file"),
                });
            }
            taken.push((same, "--export"));
            exports.push(ExportPlan { export, path });
        }
        Ok(exports)
    }
}

/// The same for two ways to write the same path.
fn identity(path: &Path) -> PathBuf {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = fs::canonicalize(parent.unwrap_or(Path::new(".")));
    match (parent, path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_path_buf(),
    }
}
