//! Texts made from the options as clap has them: completion scripts and the manual page.

use std::io;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::END;
use crate::measure::assert::Metric;

/// The name of the program.
const NAME: &str = "pfetch";

/// Kinds of values that a shell completes by itself, by the names that the help gives them.
const HINTS: &[(&str, ValueHint)] = &[
    ("FILE", ValueHint::FilePath),
    ("FORMAT=FILE", ValueHint::FilePath),
    ("FORMAT=PATTERN", ValueHint::FilePath),
    ("DIR", ValueHint::DirPath),
    ("URL", ValueHint::Url),
];

/// Returns the completion script of `shell`.
pub(super) fn completions(command: Command, shell: Shell) -> String {
    let mut command = suggested(command).mut_args(|arg| match shell {
        // A colon ends the name of a value there, and what follows is run.
        Shell::Zsh if has_colon(&arg) => arg.value_name("VALUE"),
        _ => arg,
    });
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns the manual page, in the language of man(7). The text behind the options in the help becomes sections of
/// their own.
pub(super) fn manual(command: Command) -> String {
    let command = command.mut_args(|arg| match arg.get_action().takes_values() {
        true => arg.hide_possible_values(true),
        false => arg,
    });
    let man = Man::new(command).manual("User Commands");
    let mut page = Vec::new();
    let written = render(&man, &mut page);
    written.expect("a vector takes everything");
    String::from_utf8_lossy(&page).into_owned()
}

fn render(man: &Man, page: &mut Vec<u8>) -> io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    // By hand, because all the options in a row say nothing.
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]);
    synopsis.text([bold(NAME), roman(" [OPTIONS] [URL]...")]);
    synopsis.to_writer(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    let mut sections = Roff::new();
    for (section, is_table) in END.split("\n\n").zip([true, true, false]) {
        let (heading, text) = match is_table {
            true => section.split_once('\n').unwrap_or((section, "")),
            false => ("Notes", section),
        };
        // Up to a colon or a comma: what explains the table is a line of it.
        let title = heading.split([':', ',']).next().unwrap_or(heading);
        sections.control("SH", [title.to_uppercase().as_str()]);
        if let Some((_, rest)) = heading.split_once(", ") {
            sections.text([roman(capitalised(rest))]);
            sections.control("PP", []);
        }
        if is_table {
            sections.control("nf", []);
        }
        for line in text.lines() {
            sections.text([roman(line)]);
        }
        if is_table {
            sections.control("fi", []);
        }
    }
    sections.to_writer(page)?;
    man.render_version_section(page)
}

/// The text with a capital at its beginning.
fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}

/// The options with the values that a shell suggests. They are suggestions: `--format` takes a template as well.
fn suggested(command: Command) -> Command {
    let with_hint = command.mut_args(|arg| match hint(&arg) {
        Some(hint) => arg.value_hint(hint),
        None => arg,
    });
    let words: [(&str, Vec<&'static str>); 4] = [
        ("format", vec!["human", "jsonl"]),
        ("assertions", Metric::names().collect()),
        ("sweep", vec!["auto"]),
        ("shard", vec!["env"]),
    ];
    words.into_iter().fold(with_hint, |command, (id, words)| {
        command.mut_arg(id, |arg| arg.value_parser(PossibleValuesParser::new(words)))
    })
}

fn has_colon(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    names.iter().any(|name| name.contains(':'))
}

/// The kind of the values of an option.
fn hint(arg: &Arg) -> Option<ValueHint> {
    let name = arg.get_value_names()?.first()?;
    let known = HINTS.iter().find(|(known, _)| known == name);
    known.map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::cli::args::TypedArgs;

    /// The long names of all options.
    fn options() -> Vec<String> {
        let command = TypedArgs::described();
        let longs = command.get_arguments().filter_map(Arg::get_long);
        longs.map(str::to_owned).collect()
    }

    #[test]
    fn every_option_is_in_the_script_of_every_shell() {
        for shell in Shell::value_variants() {
            let script = completions(TypedArgs::described(), *shell);
            for option in options() {
                assert!(script.contains(&option), "{shell}: {option}\n{script}");
            }
        }
    }

    #[test]
    fn every_option_and_exit_code_is_in_the_manual_page() {
        let page = manual(TypedArgs::described()).replace('\\', "");
        for option in options() {
            assert!(page.contains(&format!("--{option}")), "{option}\n{page}");
        }
        for heading in [
            "NAME",
            "SYNOPSIS",
            "OPTIONS",
            "EXAMPLES",
            "\"EXIT CODES\"",
            "NOTES",
        ] {
            let heading = format!("\n.SH {heading}\n");
            assert!(page.contains(&heading), "{heading}\n{page}");
        }
        assert!(
            page.contains("an assertion on the figures does not hold"),
            "{page}"
        );
    }
}
