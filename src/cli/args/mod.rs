//! The command line as typed: the options in groups, and the shapes of their values.
//!
//! Nothing here is looked up or opened; what the options mean together is the business of `resolve`. Two
//! types keep that apart: these mirror the help, a [`Plan`](crate::cli::Plan) mirrors what is run.

mod bodies;
mod connection;
mod input;
mod judge;
mod limits;
mod measure;
mod output;
mod pool;
mod request;
mod values;

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser};

pub(super) use bodies::BodyArgs;
pub(super) use connection::ConnectionArgs;
pub(super) use input::InputArgs;
pub(super) use judge::JudgeArgs;
pub(super) use limits::LimitArgs;
pub(super) use measure::MeasureArgs;
pub(super) use output::{OutputArgs, When};
pub(super) use pool::PoolArgs;
pub(super) use request::RequestArgs;
pub(super) use values::{PinnedEntry, TypedExport};

/// The groups that work for a replay, which fetches nothing; all others conflict with `--replay`. clap
/// names a group after its struct.
const WITH_REPLAY: [&str; 2] = ["JudgeArgs", "OutputArgs"];

/// The command line as it was typed.
#[derive(Debug, Parser)]
#[command(
    name = "pfetch",
    version,
    about = "Fetch many URLs at once, and see what that gained",
    long_about = "Fetch many URLs at once on a fixed pool of threads, print a line for each as it \
        completes, and the total time next to what the same URLs would have taken one after the \
        other.\n\nURLs come from the command line, from files (-i) and from standard input ('-', or \
        by default when it is not a terminal).",
    after_help = "See --help for all options and their defaults.",
    after_long_help = EXIT_CODES,
    disable_help_flag = true,
    disable_version_flag = true,
    // The value names list them.
    hide_possible_values = true,
    max_term_width = 100
)]
pub(super) struct TypedArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) pool: PoolArgs,
    #[command(flatten)]
    pub(super) bodies: BodyArgs,
    #[command(flatten)]
    pub(super) request: RequestArgs,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    #[command(flatten)]
    pub(super) measure: MeasureArgs,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl TypedArgs {
    /// Parses this process's command line.
    ///
    /// # Errors
    ///
    /// clap's, for mistakes; help and the version come as errors too.
    pub(super) fn from_env() -> Result<Self, clap::Error> {
        let mut command = Self::described();
        let mut matches: ArgMatches = command.try_get_matches_from_mut(std::env::args_os())?;
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }

    /// The options with all their relations.
    fn described() -> Command {
        let command = Self::command();
        // The options themselves, because clap's message for a conflict with a group lists the whole group.
        let fetching: Vec<_> = command
            .get_groups()
            .filter(|group| !WITH_REPLAY.contains(&group.get_id().as_str()))
            .flat_map(|group| group.get_args().cloned())
            .collect();
        command.mut_arg("replay", |replay| replay.conflicts_with_all(fetching))
    }
}

/// The end of the long help.
const EXIT_CODES: &str = "\
Exit codes, of several that hold the first in this list:
  130, 143, 129
            stopped by SIGINT (Ctrl-C), SIGTERM or SIGHUP (unless under nohup), after reporting
            what was done; a second signal ends pfetch at once
  141       the reader of standard output went away
  4         a failure on this side: files or output that cannot be written, a full disk, no
            threads, no descriptors
  2         a mistake on the command line, or input that cannot be read
  3         an assertion on the figures does not hold (--assert)
  1         some URL failed (more than --max-failures), or the --deadline passed
  0         all succeeded

Times are written with a unit: 1500ms, 30s, 5m.";

#[cfg(test)]
mod tests;
