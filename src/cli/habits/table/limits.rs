//! Limits on time, size, retries and speed.

use std::ffi::OsStr;

use crate::cli::habits::meaning::{Habit, Meaning, Translation, binary_size, is_number, seconds};

const STALL: &str = "--stall-timeout TIME ends an attempt that brings less than 1 KiB in it";

pub(super) const HABITS: &[Habit] = &[
    (
        &["-m", "--max-time"],
        Meaning::ByValue(|value| Ok(seconds("--timeout", value))),
    ),
    (
        &["--read-timeout"],
        Meaning::ByValue(|value| Ok(seconds("--stall-timeout", value))),
    ),
    (
        &["--dns-timeout"],
        Meaning::Hint("--connect-timeout TIME covers the look-up too"),
    ),
    (&["--expect100-timeout"], Meaning::Nothing),
    (
        &[
            "--speed-limit",
            "--speed-time",
            "-Y",
            "-y",
            "--lowest-speed-limit",
        ],
        Meaning::Hint(STALL),
    ),
    (
        &["--max-filesize"],
        Meaning::ByValue(|value| Ok(binary_size("--max-bytes", value))),
    ),
    (
        &["-Q", "--quota"],
        Meaning::Hint("--max-bytes SIZE limits each body, --deadline TIME the whole run"),
    ),
    (
        &["--max-download-limit", "--max-overall-download-limit"],
        Meaning::ByValue(|value| Ok(binary_size("--limit-rate", value))),
    ),
    (&["--retries", "--max-retries"], Meaning::Value("--retry")),
    (&["-t", "--tries", "--max-tries"], Meaning::ByValue(tries)),
    (
        &["--waitretry", "--retry-wait", "--retry-wait-time"],
        Meaning::ByValue(|value| Ok(seconds("--retry-delay", value))),
    ),
    (&["--retry-connrefused"], Meaning::Nothing),
    (
        &[
            "--retry-all-errors",
            "--retry-on-http-error",
            "--retry-on-host-error",
        ],
        Meaning::Hint(
            "--retry N tries again what may pass: no connection, a time limit, and the statuses 408 425 \
             429 500 502 503 504; an answer such as 404 is not asked for again",
        ),
    ),
    (
        &["--retry-max-time"],
        Meaning::Hint("--deadline TIME limits the whole run, --timeout TIME each attempt"),
    ),
    (&["--fail-early"], Meaning::Own(&["--fail-fast"])),
    (
        &["--halt", "--max-file-not-found"],
        Meaning::Hint(
            "--fail-fast stops at the first failure, --max-failures N succeeds in spite of N",
        ),
    ),
    (
        &["--stop"],
        Meaning::ByValue(|value| Ok(seconds("--deadline", value))),
    ),
];

/// Attempts, of which the first is no retry; oha's is a time.
fn tries(value: &OsStr) -> Translation {
    match is_number(value) {
        true => {
            Err("N tries are N-1 retries: write --retry N-1 (a limit on time is --timeout 30s)")
        }
        false => Err(
            "tries are --retry N, which counts without the first; a limit on time is --timeout TIME",
        ),
    }
}
