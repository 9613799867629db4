//! Limits on time, size, retries and speed.

use std::ffi::OsStr;

use super::request::{is_method, method};
use crate::cli::habits::meaning::{
    Habit, Hint, Meaning, Translation, binary_size, is_number, unless_zero,
};

const STALL: &str = "--stall-timeout TIME ends an attempt that brings less than 1 KiB in it";

pub(super) const HABITS: &[Habit] = &[
    (&["-T"], Meaning::ByValue(time_or_upload)),
    (&["-m"], Meaning::ByValue(time_or_method)),
    (
        &["--max-time"],
        Meaning::ByValue(|value| Ok(unless_zero("--timeout", value))),
    ),
    (
        &["--read-timeout"],
        Meaning::ByValue(|value| Ok(unless_zero("--stall-timeout", value))),
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
    // Nothing is sent that would be worth a limit.
    (
        &["--max-upload-limit", "--max-overall-upload-limit"],
        Meaning::ByValue(|_| Ok(Vec::new())),
    ),
    (&["--retries", "--max-retries"], Meaning::Value("--retry")),
    (&["-t", "--tries", "--max-tries"], Meaning::ByValue(tries)),
    (
        &["--waitretry", "--retry-wait", "--retry-wait-time"],
        Meaning::ByValue(|value| Ok(unless_zero("--retry-delay", value))),
    ),
    (&["--retry-connrefused"], Meaning::Nothing),
    (
        &[
            "--retry-all-errors",
            "--retry-on-http-error",
            "--retry-on-host-error",
        ],
        Meaning::Hint(
            "leave it out: --retry N tries again what may pass (no connection, a time limit, and the statuses 408 425 \
             429 500 502 503 504), and an answer such as 404 is not asked for again",
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
        Meaning::ByValue(|value| Ok(unless_zero("--deadline", value))),
    ),
];

/// A limit on time to curl, a method to oha and hey; wget's mirror has no value, so that a URL follows it.
fn time_or_method(value: &OsStr) -> Translation {
    let text = value.to_string_lossy();
    if is_method(&text) {
        return method(value);
    }
    match text.contains("://") {
        true => Err(
            "it is a limit on time (curl), as -m 30, and a URL stands there; pfetch follows no links (wget)".into(),
        ),
        false => Ok(unless_zero("--timeout", value)),
    }
}

/// A limit on time to wget, a file to send to curl.
fn time_or_upload(value: &OsStr) -> Translation {
    let text = value.to_string_lossy();
    let time = if is_number(value) { &*text } else { "30" };
    Err(format!("pfetch sends no data; a limit on time is --timeout {time}").into())
}

/// Attempts, of which the first is no retry; oha's is a time.
fn tries(value: &OsStr) -> Translation {
    let tries = value.to_str().and_then(|text| text.parse::<u64>().ok());
    match tries {
        Some(0) => Err("tries without end are none here; --retry N counts those after the first".into()),
        Some(tries) => Err(Hint {
            text: match tries {
                1 => "1 try is no retry: write --retry 0".into(),
                tries => {
                    let retries = tries - 1;
                    format!("{tries} tries are the first and its retries: write --retry {retries}").into()
                }
            },
            otherwise: match tries {
                1 => String::new(),
                tries => format!(" (a limit on time is --timeout {tries}s)"),
            }
            .into(),
        }),
        None => Err(
            "tries are --retry N, which counts without the first; a limit on time is --timeout TIME".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_counted_without_the_first() {
        for (value, expected) in [
            ("3", "write --retry 2"),
            ("20", "write --retry 19"),
            ("1", "write --retry 0"),
            ("0", "tries without end"),
            ("30s", "--timeout TIME"),
            ("0.5", "--timeout TIME"),
        ] {
            let hint = tries(OsStr::new(value)).expect_err(value);
            assert!(hint.text.contains(expected), "{value}: {hint:?}");
            // One try is no time that anybody would mean.
            assert!(value != "1" || hint.otherwise.is_empty(), "{hint:?}");
        }
    }
}
