//! Reports and displays.

use std::ffi::OsStr;

use super::measure::COMMANDS;
use crate::cli::habits::meaning::{Habit, Hint, Meaning, Translation, is_number};

pub(super) const HEADERS: &str =
    "-v shows requests and responses with their headers; --format jsonl -v has them as data";

pub(super) const HABITS: &[Habit] = &[
    (&["--show-error", "-nv", "--no-verbose"], Meaning::Nothing),
    (&["-S"], Meaning::ByNext(show_error)),
    (&["-s"], Meaning::ByNext(silent)),
    (
        &[
            "--no-progress-meter",
            "--no-progress",
            "--no-tui",
            "--no-show-progress",
        ],
        Meaning::Own(&["--progress=never"]),
    ),
    (&["-#", "--progress-bar"], Meaning::Nothing),
    (
        &["--show-progress", "--force-progress", "--bar", "--eta"],
        Meaning::Own(&["--progress=always"]),
    ),
    (
        &[
            "--only-failures",
            "--failures-only",
            "--only-errors",
            "--errors-only",
            "--only-failed",
        ],
        Meaning::Own(&["--quiet"]),
    ),
    (
        &["--no-color", "--no-colour", "--disable-color"],
        Meaning::Own(&["--color=never"]),
    ),
    (
        &["--enable-color", "--style"],
        Meaning::Hint("--color always, or never"),
    ),
    (
        &[
            "-D",
            "--dump-header",
            "--server-response",
            "--include",
            "--save-headers",
            "--trace",
            "--trace-ascii",
            "--trace-time",
            "--http-debug",
            "--debug",
            "--headers",
            "--print",
        ],
        Meaning::Hint(HEADERS),
    ),
    (
        &[
            "--stderr",
            "--output-file",
            "--append-output",
            "--log-file",
            "--logfile",
        ],
        Meaning::Hint(
            "warnings go to standard error: 2> FILE; the \
         run log is --log FILE",
        ),
    ),
    (
        &[
            "--output-format",
            "--dump-urls",
            "--mode",
            "--no-summary",
            "--stats-success-breakdown",
            "--report-speed",
        ],
        Meaning::Hint(
            "--format jsonl is for programs, --export FORMAT=FILE has all the other formats, and \
             --progress and -q set what is shown",
        ),
    ),
    (
        &[
            "--stats-site",
            "--stats-server",
            "--stats-dns",
            "--stats-tls",
            "--stats-ocsp",
        ],
        Meaning::Hint(
            "the time of each phase of each URL is in --export json=FILE, csv=FILE and html=FILE",
        ),
    ),
    (
        &[
            "--on-download-start",
            "--on-download-complete",
            "--on-download-error",
            "--on-download-stop",
        ],
        Meaning::Hint(
            "a program may read each result as it comes: pfetch --format '{status} {path} {url}\\n' … | while \
             read …",
        ),
    ),
    (
        &[
            "--console-log-level",
            "--summary-interval",
            "--log-level",
            "--fps",
        ],
        Meaning::Hint("-v shows more, -q less, --progress never no display"),
    ),
    (
        &["--manual", "--usage"],
        Meaning::Hint("the whole manual is pfetch --help"),
    ),
    (
        &["--percentiles", "--percentile"],
        Meaning::Hint(
            "the summary has p50, p95, p99 and max of ten URLs or more, md and html p90 too; any other one is shown by a \
             gate: --assert 'p99.9<1h'",
        ),
    ),
    (
        &["--background", "--daemon", "--enable-rpc"],
        Meaning::Hint("let the shell do it: pfetch … > report.txt &"),
    ),
    (
        &["--tag", "--line-buffer", "--ungroup", "--group"],
        Meaning::Nothing,
    ),
    (
        &["--styled-output", "--no-styled-output"],
        Meaning::Hint("--color always, or never"),
    ),
];

/// A flag to curl, wget and ab; the shell of its commands to hyperfine.
fn show_error(next: Option<&OsStr>) -> Translation {
    const SHELLS: [&str; 7] = ["none", "default", "sh", "bash", "dash", "zsh", "fish"];
    let is_shell = next.and_then(OsStr::to_str).is_some_and(|next| {
        let name = next.rsplit('/').next();
        name.is_some_and(|name| SHELLS.contains(&name)) && !next.contains("://")
    });
    match is_shell {
        true => Err(COMMANDS.into()),
        false => Ok(Vec::new()),
    }
}

/// A flag to curl; a number of connections to aria2c, and of seconds to ab.
fn silent(next: Option<&OsStr>) -> Translation {
    match next.is_some_and(is_number) {
        true => Err(Hint {
            text: "a file comes over one connection".into(),
            otherwise: " (aria2c), and a limit on time is --timeout TIME (ab)".into(),
        }),
        false => Ok(vec!["--silent".into()]),
    }
}
