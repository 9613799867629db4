//! Reports: their formats and places, the displays on a terminal, and the replay of earlier results.

use clap::{ArgAction, Args, ValueEnum};

use super::values::{TypedExport, choice, export, format, list_name};
use crate::cli::plan::{Format, ListName};
use crate::report::Baseline;

/// The options under "Output".
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Text for people, JSON Lines, or a template as '{status} {url}'.
    ///
    /// [default: human] A template has {url} {final_url} {status} {time} {ttfb} {bytes} {type} {path} {error}
    /// {index} {redirects} {attempts} {remote} {remote_ip} {scheme} {time_namelookup} {time_connect} {time_appconnect} (times in seconds; empty where there is none, but for a {status} of 000), \n, \t, \0, and {{ }} for braces. A line
    /// end is added where it has none. curl's %{http_code} and the like are understood. Only its lines
    /// go to standard output, and the rest to standard error.
    #[arg(long,
        value_name = "FORMAT",
        value_parser = format
    )]
    pub(crate) format: Option<Format>,

    /// Write a report to FILE as well; may be repeated.
    ///
    /// The formats are json, jsonl, csv, md (for GitHub: --export md=$GITHUB_STEP_SUMMARY), junit, har (for the tools of
    /// browsers), trace (for Perfetto), html (a page with all there is to see) and svg (the timeline). Without
    /// FORMAT= the extension decides, which is the format's name, or .xml for junit. FILE is written when the
    /// run is over, whole or not at all; one that is there is replaced, and keeps its mode, but the one that GITHUB_STEP_SUMMARY names is added to. FORMAT=- is
    /// standard output; what else would stand there then goes to standard error. A named pipe, a device or
    /// /dev/fd/N is written to as it is. {shard} in FILE is the number of the shard (--shard). In a CSV file, text that a spreadsheet would take for a formula has
    /// an apostrophe before it. Values of parameters such as token, sig or key in URLs are masked; not in json, jsonl
    /// and csv, whose URLs can be fetched again.
    #[arg(long,
        value_name = "FORMAT=FILE",
        value_parser = export
    )]
    pub(crate) export: Vec<TypedExport>,

    /// Fetch nothing; report again what is in these files, which --format jsonl or --log wrote.
    ///
    /// Several runs, in one file or many, make one report; '-' is standard input. Of runs with one log, the last
    /// result of a URL counts. The time is that in which any run was at work, by the machines' clocks. Of one
    /// run, what became of its assertions is told again; with --assert, others are held against its
    /// figures in their place. The exit code says whether the files could be read and whether --assert
    /// holds, not how the runs in them ended.
    #[arg(long,
        value_name = "FILE",
        num_args = 1..,
        value_parser = list_name()
    )]
    pub(crate) replay: Vec<ListName>,

    /// What to set the parallel time against [default: estimate].
    ///
    /// 'estimate' is the sum of the requests' times, without waits for retries: what the same URLs
    /// would have taken one after the other if they did not get in each other's way.
    #[arg(long,
        value_name = "estimate|none",
        value_parser = choice(&[("estimate", Baseline::Estimate), ("none", Baseline::None)])
    )]
    pub(crate) baseline: Option<Baseline>,

    /// Show requests and responses on standard error, without secrets.
    ///
    /// Reports that have a place for them (jsonl, json, har) then have the headers too. Values of parameters such as
    /// token, sig or key in URLs are masked, as in all that people read.
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Print only failures and the summary; -qq: only failures, and no progress.
    ///
    /// Of --compare and --sweep, -qq leaves nothing but URLs that failed and assertions that do not hold.
    /// Exports, --format jsonl and the lines of a template have everything.
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,

    /// Print only what is asked for otherwise, as curl -s does: no progress, and no report beside one.
    ///
    /// Beside the lines of a template (-w) nothing of the run is printed, but for a note on bodies that are dropped
    /// where curl would print them; beside bodies (-o, -O, -d, --cat),
    /// exports and --format jsonl, only failures are. Alone it prints the bodies as --cat does, where standard output is a file
    /// or a pipe, and is --progress never on a terminal.
    #[arg(long)]
    pub(crate) silent: bool,

    /// Print the summary, and no line for each URL.
    ///
    /// JSON Lines have no results then, only the run and its summary.
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) summary_only: bool,

    /// Use colour [default: auto, on a terminal unless NO_COLOR is set].
    #[arg(long, value_name = "auto|always|never", value_enum)]
    pub(crate) color: Option<When>,

    /// Show progress on standard error [default: auto, on a terminal].
    ///
    /// With 'auto' not if others may write to the same terminal: where standard output is a pipe, whose
    /// reader may, where bodies go to the terminal, where a list is typed. Never in the background of a
    /// shell. With 'always' and no terminal it is a line a second.
    #[arg(long, value_name = "auto|always|never", value_enum)]
    pub(crate) progress: Option<When>,
}

impl OutputArgs {
    /// The format of the report: the one for people unless another is given.
    pub(crate) fn format(&self) -> &Format {
        self.format.as_ref().unwrap_or(&Format::Human)
    }
}

/// When a terminal feature is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// If the terminal and the environment suggest it.
    #[default]
    Auto,
    /// Regardless of both.
    Always,
    /// Not at all.
    Never,
}
