//! Colour and progress: the options, the environment and the kind of the standard streams.

use std::env;
use std::io::{self, IsTerminal};

use rustix::fs::{FileType, OFlags};

use crate::cli::args::When;
use crate::cli::plan::{ProgressMode, StreamOutput};
use crate::report::{stderr_columns, stdout_columns};

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

/// The columns of the terminal that the report goes to; `None` if it goes elsewhere. `to_stderr`: to standard error.
pub(super) fn columns(to_stderr: bool) -> Option<usize> {
    match to_stderr {
        true => stderr_columns(),
        false => stdout_columns(),
    }
}

/// Others that may write to the terminal of the display.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writers<'a> {
    /// The streams that take bodies or an export.
    pub(super) streams: &'a [&'a StreamOutput],
    /// True if a list is read from standard input, where it may be typed.
    pub(super) reads_stdin: bool,
}

/// Decides on the display of progress. `is_silent`: nothing but failures is wanted.
pub(super) fn progress(when: When, is_silent: bool, writers: Writers<'_>) -> ProgressMode {
    let is_terminal = io::stderr().is_terminal() && is_capable();
    match when {
        When::Never => ProgressMode::Off,
        When::Auto if is_silent || writers.share_terminal() => ProgressMode::Off,
        When::Auto | When::Always if is_terminal => ProgressMode::Bars,
        When::Always => ProgressMode::Lines,
        When::Auto => ProgressMode::Off,
    }
}

impl Writers<'_> {
    /// Tests for other writers to the terminal, whose text redrawn bars would erase: the reader of a pipe or
    /// socket, as in `pfetch … | grep`; bodies on a terminal, whose last line may have no end; a person who types
    /// a list.
    fn share_terminal(self) -> bool {
        if self.reads_stdin && io::stdin().is_terminal() {
            return true;
        }
        let stdout = io::stdout();
        let shares = |stream: &&StreamOutput| match stream {
            StreamOutput::Stdout => stdout.is_terminal(),
            StreamOutput::Stderr => true,
            // Devices too: most of those that take bodies are terminals.
            StreamOutput::Path(path) => rustix::fs::stat(path).is_ok_and(|stat| {
                let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
                is_device || has_reader(stat.st_mode)
            }),
        };
        let is_piped = rustix::fs::fstat(&stdout).is_ok_and(|stat| has_reader(stat.st_mode));
        is_piped || self.streams.iter().any(shares)
    }
}

/// Tests whether standard output is a file, or has a reader: a pipe or a socket.
pub(super) fn is_stdout_redirected() -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|stat| {
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file || has_reader(stat.st_mode)
    })
}

/// Tests whether standard output is a file that is written anew, and not a log that is added to.
pub(super) fn is_stdout_new_file() -> bool {
    let stdout = io::stdout();
    let is_file = rustix::fs::fstat(&stdout)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    is_file && rustix::fs::fcntl_getfl(&stdout).is_ok_and(|flags| !flags.contains(OFlags::APPEND))
}

/// Tests for a pipe or a socket.
fn has_reader(mode: rustix::fs::RawMode) -> bool {
    matches!(
        FileType::from_raw_mode(mode),
        FileType::Fifo | FileType::Socket
    )
}

/// Tests whether the terminal understands control sequences.
fn is_capable() -> bool {
    env::var_os("TERM").is_none_or(|term| term != "dumb")
}
