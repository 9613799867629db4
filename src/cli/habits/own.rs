//! The options that pfetch has itself, as the parser knows them.

use clap::builder::Str;
use clap::{ArgAction, Command};

/// Own options by their spellings.
#[derive(Debug)]
pub(crate) struct OwnOptions {
    options: Vec<OwnOption>,
}

/// An option of pfetch's own.
#[derive(Debug, Clone)]
pub(super) struct OwnOption {
    pub(super) long: String,
    short: Option<char>,
    pub(super) takes_value: bool,
    /// True if the value is a number, alone or with a unit.
    pub(super) takes_number: bool,
    pub(super) is_help: bool,
}

/// Tests the names that the help has for the values of an option.
fn names_number(names: &[Str]) -> bool {
    const NUMBERS: [&str; 5] = ["N", "TIME", "SIZE", "LIMIT", "EXPR"];
    let mut words = names
        .iter()
        .flat_map(|name| name.split(['|', '/', '%', ',']));
    words.any(|word| NUMBERS.contains(&word))
}

impl OwnOptions {
    /// Those of the command.
    pub(crate) fn of(command: &Command) -> Self {
        let options = command.get_arguments().filter_map(|arg| {
            Some(OwnOption {
                long: format!("--{}", arg.get_long()?),
                short: arg.get_short(),
                takes_value: arg.get_action().takes_values(),
                takes_number: arg.get_value_names().is_some_and(names_number),
                is_help: matches!(arg.get_action(), ArgAction::Help),
            })
        });
        OwnOptions {
            options: options.collect(),
        }
    }

    /// The option with this name, dashes included.
    pub(super) fn long(&self, name: &str) -> Option<&OwnOption> {
        self.options.iter().find(|option| option.long == name)
    }

    /// The option with this letter.
    pub(super) fn short(&self, letter: u8) -> Option<&OwnOption> {
        let letter = Some(char::from(letter));
        self.options.iter().find(|option| option.short == letter)
    }

    /// The option of this spelling, a letter or a name behind its dashes.
    pub(super) fn spelled(&self, spelling: &str) -> Option<&OwnOption> {
        match spelling.as_bytes() {
            [b'-', letter] => self.short(*letter),
            _ => self.long(spelling),
        }
    }

    /// The names, dashes included.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.options.iter().map(|option| option.long.as_str())
    }
}
