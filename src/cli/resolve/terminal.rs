//! Colour and progress: the options, the environment and the kind of the standard streams.

use std::env;
use std::io::{self, IsTerminal};

use rustix::fs::FileType;

use crate::cli::args::When;
use crate::cli::plan::{ProgressMode, StreamOutput};

/// Decides on colour, by the conventions of no-color.org and bixense.com/clicolors.
pub(super) fn has_colour(when: When) -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if is_set("NO_COLOR") => false,
        When::Auto if env::var_os("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0") => {
            true
        }
        When::Auto => io::stdout().is_terminal() && is_capable(),
    }
}

/// Others that may write to the terminal of the display.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writers<'a> {
    /// The output that takes bodies as they come.
    pub(super) bodies: Option<&'a StreamOutput>,
    /// True if a list is read from standard input, where it may be typed.
    pub(super) reads_stdin: bool,
}

/// Decides on the display of progress.
pub(super) fn progress(when: When, quiet: bool, writers: Writers<'_>) -> ProgressMode {
    let is_terminal = io::stderr().is_terminal() && is_capable();
    match when {
        When::Never => ProgressMode::Off,
        When::Auto if quiet || writers.share_terminal() => ProgressMode::Off,
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
        let stdout = io::stdout();
        if self.reads_stdin && io::stdin().is_terminal() {
            return true;
        }
        if stdout.is_terminal() && self.bodies == Some(&StreamOutput::Stdout) {
            return true;
        }
        let stdout = rustix::fs::fstat(&stdout).is_ok_and(|stat| has_reader(stat.st_mode));
        let other = match self.bodies {
            // Devices too: most of those that take bodies are terminals.
            Some(StreamOutput::Path(path)) => rustix::fs::stat(path).is_ok_and(|stat| {
                let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
                is_device || has_reader(stat.st_mode)
            }),
            _ => false,
        };
        stdout || other
    }
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
