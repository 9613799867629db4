//! Lists of URLs.

use std::ffi::OsString;

use crate::cli::habits::meaning::{Habit, Meaning};

pub(super) const HABITS: &[Habit] = &[
    (
        &["--url"],
        Meaning::ByValue(|url| Ok(vec![OsString::from(url)])),
    ),
    (
        &[
            "--input-file",
            "--urls-from-file",
            "--files-from",
            "--arg-file",
        ],
        Meaning::Value("--input"),
    ),
    (&["--globoff", "-g"], Meaning::Nothing),
    (&["--deferred-input"], Meaning::Nothing),
    (
        &["--next", "-:"],
        Meaning::Hint(
            "the options hold for all URLs, which stand behind one another: leave it out; a JSON line of a list may \
             have headers of its own: {\"url\": \"…\", \"headers\": {}}",
        ),
    ),
    (
        &["--config", "-K", "--rc", "--conf-path"],
        Meaning::Hint(
            "there is no file of options; a list may name the file of each URL: lines of {\"url\": \"…\", \"output\": \
             \"name\"}, with -i FILE -d DIR",
        ),
    ),
    (&["--disable", "--no-config", "--no-conf"], Meaning::Nothing),
    (
        &["--base", "-B", "--base-url", "--force-html"],
        Meaning::Hint(
            "a list has whole URLs; --proto-default is the scheme of those that have none",
        ),
    ),
    (
        &[
            "--rand-regex-url",
            "--parameterized-uri",
            "--glob",
            "--colsep",
        ],
        Meaning::Hint(
            "URLs are taken as they stand: leave it out, and let the shell make them: 'http://host/'{1..100}",
        ),
    ),
    (
        &[
            "--input-metalink",
            "--metalink",
            "--metalink-file",
            "--torrent-file",
            "--follow-torrent",
        ],
        Meaning::Hint(
            "a list (-i FILE) has a URL a line, or JSON lines: {\"url\": \"…\", \"sha256\": \"…\"}",
        ),
    ),
    (
        &["--no-run-if-empty"],
        Meaning::Hint(
            "an empty list is a mistake here (exit code 2), unless there is --allow-empty",
        ),
    ),
    (
        &["--delimiter", "--max-lines", "-a"],
        Meaning::Hint(
            "a list has a URL a line: -i FILE, or a pipe; for the credentials of ab, hey and oha \
             write -u NAME:PASSWORD",
        ),
    ),
    (
        &[
            "--uri-selector",
            "--select-file",
            "--skip-missing",
            "--remap",
        ],
        Meaning::Hint("leave it out: every URL that is given is fetched, as it stands"),
    ),
    (
        &["--shuf", "--shuffle"],
        Meaning::Hint("URLs start in the order of the list; shuffle it: shuf FILE | pfetch"),
    ),
];
