//! Colour and progress: the options, the environment and the kind of the standard streams.

use std::env;
use std::io::{self, IsTerminal};

use rustix::fs::FileType;

use crate::cli::args::When;
use crate::cli::plan::ProgressMode;

/// Decides on colour, by the conventions of no-color.org and bixense.com/clicolors. `to_stderr`: the report goes
/// to standard error.
pub(super) fn has_colour(when: When, to_stderr: bool) -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if is_set("NO_COLOR") => false,
        When::Auto if env::var_os("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0") => {
            true
        }
        When::Auto if to_stderr => io::stderr().is_terminal() && is_capable(),
        When::Auto => io::stdout().is_terminal() && is_capable(),
    }
}

/// Decides on the display of progress. `is_silent`: nothing but failures is wanted. `has_bodies`: standard output
/// gets bodies or an export.
pub(super) fn progress(when: When, is_silent: bool, has_bodies: bool) -> ProgressMode {
    let is_terminal = io::stderr().is_terminal() && is_capable();
    match when {
        When::Never => ProgressMode::Off,
        When::Auto if is_silent || is_shared(has_bodies) => ProgressMode::Off,
        When::Auto | When::Always if is_terminal => ProgressMode::Bars,
        When::Always => ProgressMode::Lines,
        When::Auto => ProgressMode::Off,
    }
}

/// Tests for other writers to the terminal, whose text redrawn bars would erase: the reader of a pipe or
/// socket, as in `pfetch … | grep`, and bodies on a terminal, whose last line may have no end.
fn is_shared(has_bodies: bool) -> bool {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return has_bodies;
    }
    rustix::fs::fstat(&stdout).is_ok_and(|stat| {
        let file_type = FileType::from_raw_mode(stat.st_mode);
        matches!(file_type, FileType::Fifo | FileType::Socket)
    })
}

/// Tests whether the terminal understands control sequences.
fn is_capable() -> bool {
    env::var_os("TERM").is_none_or(|term| term != "dumb")
}
