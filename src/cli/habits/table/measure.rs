//! Measurements: the options of hyperfine, oha, ab, wrk, hey and k6.

use std::ffi::{OsStr, OsString};

use super::bodies::CONDITIONAL;
use crate::cli::habits::meaning::{Habit, Meaning, Translation, is_number, joined};
use crate::cli::habits::values::is_duration;

pub(super) const OFTEN: &str =
    "a list is fetched once; the same URL often: pfetch --repeat N --summary-only URL";
pub(super) const LONG: &str =
    "a run ends with its list; one that goes on for a time: pfetch --repeat 10s --summary-only URL";
const RUNS: &str = "--runs N is how often each arm of --compare or --sweep runs, and --max-runs N the most that \
                    --compare chooses";
pub(super) const COMMANDS: &str =
    "pfetch measures the fetching of URLs, and runs no commands: leave it out, and run them before";
/// hyperfine's parameters, of which the number of workers is the one that pfetch varies.
const PARAMETER: &str =
    "the parameter that pfetch varies is the number of workers: --sweep 1,2,4,8";

pub(super) const HABITS: &[Habit] = &[
    (&["-w", "--write-out"], Meaning::ByValue(write_out)),
    (&["-M", "--min-runs"], Meaning::Hint(RUNS)),
    (
        &[
            "--prepare",
            "--setup",
            "--cleanup",
            "--conclude",
            "--shell",
            "--command-name",
            "--ignore-failure",
            "--show-output",
            "--reference",
            "--script",
        ],
        Meaning::Hint(COMMANDS),
    ),
    (
        &[
            "--parameter-list",
            "--parameter-scan",
            "--parameter-step-size",
        ],
        Meaning::Hint(PARAMETER),
    ),
    (
        &["--benchmark", "--requests", "--iterations", "--max-repeat"],
        Meaning::Hint(OFTEN),
    ),
    (&["-z"], Meaning::ByValue(long_or_since)),
    (&["--duration", "--stage"], Meaning::Hint(LONG)),
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
        &[
            "--junit",
            "--junit-xml",
            "--junitxml",
            "--junitfile",
            "--junit-file",
            "--junit-output",
            "--junit-report",
            "--output-junit",
            "--reporter-junit",
            "--reporter-junit-export",
        ],
        Meaning::Prefixed("--export", "junit="),
    ),
    (
        &["--html", "--output-html", "--reporter-html"],
        Meaning::Prefixed("--export", "html="),
    ),
    (
        &["--markdown", "--md", "--output-markdown"],
        Meaning::Prefixed("--export", "md="),
    ),
    (
        &["--csv", "--output-csv"],
        Meaning::Prefixed("--export", "csv="),
    ),
    (
        &["--reporter", "--reporters"],
        Meaning::Hint(
            "--export FORMAT=FILE, as --export junit=FILE, writes a report beside the one that is shown; \
             --format jsonl shows lines for programs",
        ),
    ),
    (&["--har"], Meaning::Prefixed("--export", "har=")),
    (
        &[
            "--github",
            "--github-summary",
            "--github-actions",
            "--step-summary",
        ],
        Meaning::Hint(
            "--export md=\"$GITHUB_STEP_SUMMARY\" adds to the summary of a step; for a report of tests, \
             --export junit=FILE",
        ),
    ),
    (
        &["--export-json", "--output-json", "--reporter-json"],
        Meaning::Prefixed("--export", "json="),
    ),
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

/// A length to oha and hey, a date to curl.
fn long_or_since(value: &OsStr) -> Translation {
    match is_duration(&value.to_string_lossy()) || is_number(value) {
        true => Err(LONG.into()),
        false => Err(CONDITIONAL.into()),
    }
}

/// Finds a parameter of hyperfine by what follows its option: `-L NAME 1,2,4` or `-P NAME 1 8`. Behind the same
/// letters other programs have a URL, a folder or a number.
pub(in crate::cli::habits) fn parameter(
    spelling: &str,
    following: &[OsString],
) -> Option<&'static str> {
    let is_name = |text: &OsStr| {
        let text = text.as_encoded_bytes();
        text.first().is_some_and(u8::is_ascii_alphabetic)
            && text
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let are_numbers = |text: &OsStr| {
        let text = text.to_string_lossy();
        text.split(',').all(|one| is_number(OsStr::new(one)))
    };
    let is_parameter = match (spelling, following) {
        ("-L", [name, values, ..]) => is_name(name) && are_numbers(values),
        ("-P", [name, least, most, ..]) => is_name(name) && is_number(least) && is_number(most),
        _ => false,
    };
    is_parameter.then_some(PARAMETER)
}

/// A template to curl; a number of warm-ups to hyperfine, and of something else to others.
fn write_out(value: &OsStr) -> Translation {
    let text = value.to_string_lossy();
    // curl reads a template from a file of this name, which the parser of templates says.
    if text.contains("%{") || text.contains('{') || (text.len() > 1 && text.starts_with('@')) {
        return Ok(vec![joined("--format", value)]);
    }
    match is_number(value) {
        true => Err(
            "warm-up runs are --warmup N (with --compare or --sweep), at once is -j N, and a wait between \
             starts --host-delay TIME".into()),
        false => Err("give what to print for each URL: --format '{status} {time} {url}\\n'".into()),
    }
}
