//! How many at once, and how fast they start.

use std::ffi::OsStr;

use crate::cli::habits::meaning::{Habit, Meaning, Translation, is_number, joined, unless_zero};

const WORKERS: &str = "how many URLs are fetched at once is -j N";

pub(super) const HABITS: &[Habit] = &[
    (
        &[
            "--parallel",
            "-Z",
            "--parallel-immediate",
            "--force-sequential",
        ],
        Meaning::Nothing,
    ),
    (
        &[
            "--parallel-max",
            "--jobs",
            "--threads",
            "--concurrency",
            "--connections",
            "--max-threads",
            "--max-concurrent-downloads",
            "--max-concurrency",
            "--max-procs",
            "--vus",
        ],
        Meaning::Value("--workers"),
    ),
    (&["-P", "--directory-prefix"], Meaning::ByValue(prefix)),
    (
        &[
            "--parallel-max-host",
            "--batch-per-host",
            "--host-concurrency",
        ],
        Meaning::Value("--per-host"),
    ),
    (
        &[
            "--split",
            "--max-connection-per-server",
            "--chunk-size",
            "--min-split-size",
            "--piece-length",
            "--stream-piece-selector",
        ],
        Meaning::Hint(
            "a file comes over one connection; -j N fetches N URLs at once, --per-host N limits \
             those of a server",
        ),
    ),
    (
        &["--wait", "--random-wait"],
        Meaning::Hint(
            "--host-delay TIME is the distance of two starts at a server, as --host-delay 1s",
        ),
    ),
    (
        &["--host-request-interval"],
        Meaning::ByValue(|value| Ok(unless_zero("--host-delay", value))),
    ),
    (
        &[
            "--delay",
            "--burst-delay",
            "--burst-rate",
            "--query-per-second",
            "--rps",
            "--batch",
        ],
        Meaning::Hint(
            "--rate N/s is how many start in a second, --host-delay TIME their distance at a server",
        ),
    ),
    (&["--keep-order"], Meaning::Own(&["--order=input"])),
    (
        &[
            "--load",
            "--memfree",
            "--nice",
            "--cpus",
            "-cpus",
            "--sshlogin",
            "--max-args",
            "--max-chars",
        ],
        Meaning::Hint(WORKERS),
    ),
];

/// A folder to wget and aria2c, a number of processes to xargs.
fn prefix(value: &OsStr) -> Translation {
    match is_number(value) {
        true => {
            let number = value.to_string_lossy();
            Err(format!("to xargs it is how many at once, to wget a folder; write -j {number} or -d ./{number}").into())
        }
        false => Ok(vec![joined("--dir", value)]),
    }
}
