//! What pfetch tells of itself: help, version, the completion script of a shell, the manual page,
//! the schema of its reports.

use clap::{ArgAction, Args};
use clap_complete::Shell;

/// The options under "About pfetch".
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "About pfetch")]
pub(crate) struct AboutArgs {
    /// Print this help (-h: in short).
    #[arg(short, long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version)]
    pub(crate) version: Option<bool>,

    /// Print the completion script of a shell: bash, zsh, fish, powershell or elvish.
    ///
    /// For bash: pfetch --completions bash > ~/.local/share/bash-completion/completions/pfetch
    #[arg(long, value_name = "SHELL", value_enum, exclusive = true)]
    pub(crate) completions: Option<Shell>,

    /// Print the manual page, in the format of man(7).
    ///
    /// To read it: pfetch --man > pfetch.1; man -l pfetch.1
    #[arg(long, exclusive = true)]
    pub(crate) man: bool,

    /// Print the JSON Schema of the JSON Lines (--format jsonl), of --export json and of --save-baseline.
    ///
    /// To check a report with another program: pfetch --schema > pfetch.schema.json
    #[arg(long, exclusive = true)]
    pub(crate) schema: bool,
}
