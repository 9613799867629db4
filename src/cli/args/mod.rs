//! The command line as typed: the options in groups, and the shapes of their values.
//!
//! Nothing here is looked up or opened; what the options mean together is the business of `resolve`. Two
//! types keep that apart: these mirror the help, a [`Plan`](crate::cli::Plan) mirrors what is run.

mod about;
mod bodies;
mod connection;
mod help;
mod input;
mod judge;
mod limits;
mod measure;
mod output;
mod pool;
mod repeat;
mod request;
mod times;
mod values;
mod worker_counts;

use std::ffi::OsString;
use std::iter;
use std::mem::ManuallyDrop;

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser};

pub(super) use about::AboutArgs;
pub(super) use bodies::BodyArgs;
pub(super) use connection::ConnectionArgs;
pub(super) use help::{END, EXAMPLES, SHORT_HELP};
pub(super) use input::InputArgs;
pub(super) use judge::JudgeArgs;
pub(super) use limits::LimitArgs;
pub(super) use measure::MeasureArgs;
pub(super) use output::{OutputArgs, When};
pub(super) use pool::PoolArgs;
pub(super) use repeat::TypedRepeat;
pub(super) use request::RequestArgs;
pub(super) use values::{PinnedEntry, TypedExport, TypedHeader, TypedRuns, TypedShard};

/// The groups that work for a replay, which fetches nothing; all others conflict with `--replay`. clap
/// names a group after its struct.
const WITH_REPLAY: [&str; 3] = ["AboutArgs", "JudgeArgs", "OutputArgs"];

/// The options of the other groups that work for a replay, because they are about its report.
const ALSO_WITH_REPLAY: [&str; 1] = ["order"];

/// The command line as it was typed.
#[derive(Debug, Default, Parser)]
#[command(
    name = "pfetch",
    version,
    about = "Fetch many URLs at once, and see what that gained",
    long_about = "Fetch many URLs at once on a fixed pool of threads, print a line for each as it \
        completes, and the total time next to what the same URLs would have taken one after the \
        other.\n\nURLs come from the command line, from files (-i) and from standard input ('-', or \
         where there is neither a URL nor -i; beside one of these it is left alone).",
    after_long_help = help::END,
    disable_help_flag = true,
    disable_version_flag = true,
    // The value names list them.
    hide_possible_values = true,
    // As an alias's options are by those that are typed behind it.
    args_override_self = true,
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
    #[command(flatten)]
    pub(super) about: AboutArgs,
}

impl TypedArgs {
    /// The command line if it has URLs alone, and `-` for standard input. There is nothing to parse then, and the
    /// description of all options, which the parser needs, takes a fifth of the time of a URL near by.
    pub(super) fn of_urls(arguments: &[OsString]) -> Option<Self> {
        let may_be_option = |argument: &OsString| {
            let bytes = argument.as_encoded_bytes();
            bytes.len() > 1 && bytes[0] == b'-'
        };
        if arguments.iter().any(may_be_option) {
            return None;
        }
        let input = InputArgs {
            urls: arguments.to_vec(),
            ..InputArgs::default()
        };
        Some(TypedArgs {
            input,
            ..TypedArgs::default()
        })
    }

    /// Parses arguments, without the program's name.
    ///
    /// # Errors
    ///
    /// clap's, for mistakes; the long help and the version come as errors too.
    pub(super) fn parse(
        command: Command,
        arguments: impl Iterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        // Thousands of pieces, which the end of the process frees at once.
        let mut command = ManuallyDrop::new(command);
        let arguments = iter::once(OsString::from("pfetch")).chain(arguments);
        let mut matches: ArgMatches = command.try_get_matches_from_mut(arguments)?;
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }

    /// The options with all their relations.
    pub(super) fn described() -> Command {
        let command = Self::command();
        // The options themselves, because clap's message for a conflict with a group lists the whole group.
        let fetching: Vec<_> = command
            .get_groups()
            .filter(|group| !WITH_REPLAY.contains(&group.get_id().as_str()))
            .flat_map(|group| group.get_args().cloned())
            .filter(|option| !ALSO_WITH_REPLAY.contains(&option.as_str()))
            .collect();
        command.mut_arg("replay", |replay| replay.conflicts_with_all(fetching))
    }
}

#[cfg(test)]
mod tests;
