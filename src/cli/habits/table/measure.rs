//! Measurements: the options of hyperfine, oha, ab, wrk, hey and k6.

use std::ffi::OsStr;

use crate::cli::habits::meaning::{Habit, Meaning, Translation, is_number, joined};

const OFTEN: &str = "a list is fetched once; the same URL often: yes URL | head -n N | pfetch -j C";
const LONG: &str =
    "a list is fetched once; the same URL for a time: yes URL | pfetch -j C --deadline 10s";
const RUNS: &str = "--runs N is how often each arm of --compare or --sweep runs";
const COMMANDS: &str = "pfetch measures the fetching of URLs, and runs no commands";

pub(super) const HABITS: &[Habit] = &[
    (&["-w", "--write-out"], Meaning::ByValue(write_out)),
    (&["-M", "--min-runs", "--max-runs"], Meaning::Hint(RUNS)),
    (
        &[
            "--prepare",
            "--setup",
            "--cleanup",
            "--conclude",
            "--shell",
            "--command-name",
            "--parameter-list",
            "--parameter-scan",
            "--parameter-step-size",
            "--ignore-failure",
            "--show-output",
            "--reference",
            "--script",
        ],
        Meaning::Hint(COMMANDS),
    ),
    (
        &[
            "--benchmark",
            "--repeat",
            "--requests",
            "--iterations",
            "--max-repeat",
        ],
        Meaning::Hint(OFTEN),
    ),
    (&["-z", "--duration", "--stage"], Meaning::Hint(LONG)),
    (&["--latency"], Meaning::Nothing),
    (
        &["--latency-correction"],
        Meaning::Hint("times count from the start of each URL; --rate N/s paces the starts"),
    ),
    (
        &["--threshold", "--thresholds"],
        Meaning::Hint("--assert 'p95<500ms' fails the run unless it holds"),
    ),
    (
        &["--junit", "--junit-xml", "--junitxml", "--junitfile"],
        Meaning::Prefixed("--export", "junit="),
    ),
    (&["--html"], Meaning::Prefixed("--export", "html=")),
    (
        &["--markdown", "--md"],
        Meaning::Prefixed("--export", "md="),
    ),
    (&["--csv"], Meaning::Prefixed("--export", "csv=")),
    (&["--har"], Meaning::Prefixed("--export", "har=")),
    (
        &[
            "--github",
            "--github-summary",
            "--github-actions",
            "--step-summary",
        ],
        Meaning::Hint(
            "--export md=- >> \"$GITHUB_STEP_SUMMARY\" adds to the summary of a step; for a report of tests, \
             --export junit=FILE",
        ),
    ),
    (&["--export-json"], Meaning::Prefixed("--export", "json=")),
    (&["--export-csv"], Meaning::Prefixed("--export", "csv=")),
    (&["--export-markdown"], Meaning::Prefixed("--export", "md=")),
    (
        &["--summary-export"],
        Meaning::Prefixed("--export", "json="),
    ),
    (
        &["--export-asciidoc", "--export-orgmode", "--db-url"],
        Meaning::Hint(
            "--export FORMAT=FILE has json, jsonl, csv, md, junit, har, trace, html and svg",
        ),
    ),
    (
        &["--time-unit", "--sort"],
        Meaning::Hint("the report has its own units; figures are in --export json=FILE"),
    ),
];

/// A template to curl; a number of warm-ups to hyperfine, and of something else to others.
fn write_out(value: &OsStr) -> Translation {
    let text = value.to_string_lossy();
    if text.contains("%{") || text.contains('{') {
        return Ok(vec![joined("--format", value)]);
    }
    match is_number(value) {
        true => Err(
            "warm-up runs are --warmup N (with --compare or --sweep), at once is -j N, and a wait between \
             starts --host-delay TIME",
        ),
        false => Err("give what to print for each URL: --format '{status} {time} {url}\\n'"),
    }
}
