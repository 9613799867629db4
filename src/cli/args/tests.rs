//! Every option, held against the help, the README and the groups.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction};

use super::*;

const README: &str = include_str!("../../../README.md");

/// All options but the positional one, with their long names.
fn options(command: &Command) -> impl Iterator<Item = (&Arg, String)> {
    command
        .get_arguments()
        .filter_map(|arg| Some((arg, format!("--{}", arg.get_long()?))))
}

/// The words of a text that are written as options.
fn options_in(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(|c: char| !is_part(c))
        .filter(|word| word.starts_with('-'))
        .collect()
}

#[test]
fn every_option_is_in_the_help_with_a_description() {
    let mut command = TypedArgs::described();
    let help = command.render_long_help().to_string();
    let listed = options_in(&help);
    let command = TypedArgs::described();
    for (arg, option) in options(&command) {
        assert!(
            listed.contains(option.as_str()),
            "{option} is not in --help"
        );
        assert!(arg.get_help().is_some(), "{option} has no description");
        assert!(arg.get_help_heading().is_some(), "{option} has no heading");
        assert!(!arg.is_hide_set(), "{option} is hidden");
    }
}

#[test]
fn every_option_is_in_a_table_of_the_readme() {
    let command = TypedArgs::described();
    let rows = README.lines().filter(|line| line.starts_with('|'));
    let named: BTreeSet<&str> = rows.flat_map(options_in).collect();
    let is_named = |arg: &Arg, option: &str| {
        let short = arg.get_short().map(|letter| format!("-{letter}"));
        named.contains(option) || short.is_some_and(|short| named.contains(short.as_str()))
    };
    let missing: Vec<_> = options(&command)
        // These two explain themselves.
        .filter(|(arg, _)| !matches!(arg.get_id().as_str(), "help" | "version"))
        .filter(|(arg, option)| !is_named(arg, option))
        .map(|(_, option)| option)
        .collect();
    assert!(missing.is_empty(), "in no table of the README: {missing:?}");
}

#[test]
fn every_option_is_in_exactly_one_group() {
    let command = TypedArgs::described();
    for arg in command.get_arguments() {
        let groups: Vec<_> = command
            .get_groups()
            .filter(|group| group.get_args().any(|id| id == arg.get_id()))
            .map(|group| group.get_id())
            .collect();
        assert_eq!(
            groups.len(),
            1,
            "{} is in the groups {groups:?}",
            arg.get_id()
        );
    }
}

#[test]
fn replay_conflicts_with_every_option_of_the_other_groups_that_is_not_about_the_report() {
    let known: BTreeSet<_> = TypedArgs::described()
        .get_groups()
        .map(|group| group.get_id().to_string())
        .collect();
    for group in WITH_REPLAY {
        assert!(
            known.contains(group),
            "there is no group {group}: {known:?}"
        );
    }
    let command = TypedArgs::described();
    for option in ALSO_WITH_REPLAY {
        let is_there = command.get_arguments().any(|arg| arg.get_id() == option);
        assert!(is_there, "there is no option {option}");
    }
    let replay = command.get_arguments().find(|arg| arg.get_id() == "replay");
    let conflicts: BTreeSet<_> = command
        .get_arg_conflicts_with(replay.expect("it is an option"))
        .iter()
        .map(|arg| arg.get_id().to_string())
        .collect();
    for group in command.get_groups() {
        let is_in_group = WITH_REPLAY.contains(&group.get_id().as_str());
        for id in group.get_args() {
            assert_eq!(
                conflicts.contains(id.as_str()),
                !is_in_group && !ALSO_WITH_REPLAY.contains(&id.as_str()),
                "{id} of {}",
                group.get_id()
            );
        }
    }
}

#[test]
fn clap_finds_no_contradiction_in_the_options() {
    TypedArgs::described().debug_assert();
}

#[test]
fn the_short_help_is_one_screen() {
    let lines: Vec<&str> = SHORT_HELP.lines().collect();
    assert!(lines.len() <= 40, "{} lines:\n{SHORT_HELP}", lines.len());
    for line in lines {
        assert!(line.chars().count() <= 80, "too wide: {line}");
    }
}

#[test]
fn the_short_help_and_the_examples_name_options_that_there_are() {
    let command = TypedArgs::described();
    let longs: BTreeSet<String> = options(&command).map(|(_, long)| long).collect();
    let shorts: BTreeSet<String> = options(&command)
        .filter_map(|(arg, _)| Some(format!("-{}", arg.get_short()?)))
        .collect();
    for text in [SHORT_HELP, help::END] {
        for option in options_in(text) {
            // A mark of a list, and standard input.
            let is_known = option == "-" || longs.contains(option) || shorts.contains(option);
            assert!(is_known, "there is no {option}:\n{text}");
        }
    }
    // A short option stands beside its own long one.
    for line in SHORT_HELP.lines() {
        let Some((short, long)) = line.trim().split_once(", --") else {
            continue;
        };
        let long = long.split(' ').next().unwrap_or_default();
        let arg = command
            .get_arguments()
            .find(|arg| arg.get_long() == Some(long));
        let own = arg
            .and_then(Arg::get_short)
            .map(|letter| format!("-{letter}"));
        assert_eq!(own.as_deref(), Some(short), "{line}");
    }
}

#[test]
fn what_is_used_first_is_in_the_short_help() {
    let named = options_in(SHORT_HELP);
    for option in [
        "--input",
        "--workers",
        "--per-host",
        "--header",
        "--user",
        "--proxy",
        "--insecure",
        "--dir",
        "--output",
        "--cat",
        "--timeout",
        "--retry",
        "--compare",
        "--assert",
        "--format",
        "--export",
        "--help",
    ] {
        assert!(named.contains(option), "{option} is not in the short help");
    }
    for text in [SHORT_HELP, EXAMPLES, help::END] {
        let examples = text.lines().filter(|line| line.starts_with("  pfetch "));
        assert!(examples.count() >= 3, "{text}");
    }
}

#[test]
fn an_option_that_is_given_again_replaces_its_earlier_value() {
    let parse = |line: &str| {
        TypedArgs::parse(
            TypedArgs::described(),
            line.split_whitespace().map(OsString::from),
        )
    };
    let command = TypedArgs::described();
    let flags = options(&command).filter(|(arg, _)| matches!(arg.get_action(), ArgAction::SetTrue));
    for (_, flag) in flags {
        // What they need, and none of what they conflict with.
        for needed in ["", "--dir d --log l", "--assert p95<1s"] {
            let Err(error) = parse(&format!("{flag} {flag} {needed}")) else {
                continue;
            };
            let text = error.to_string();
            assert!(!text.contains("multiple times"), "{flag}: {text}");
        }
    }
    let args = parse("-j 4 -vv -j 8 --color never --color always -H A:b -H C:d h")
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(args.pool.workers, Some(8));
    assert_eq!(args.output.color, Some(When::Always));
    assert_eq!(args.request.header.len(), 2);
}

#[test]
fn a_command_line_of_urls_alone_is_what_the_parser_makes_of_it() {
    for line in [
        &[][..],
        &["http://h/"],
        &["h", "", "a-b", "-", "=", "-", "h/?-q"],
    ] {
        let arguments: Vec<OsString> = line.iter().map(OsString::from).collect();
        let parsed = TypedArgs::parse(TypedArgs::described(), arguments.iter().cloned());
        let parsed = parsed.unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let unparsed = TypedArgs::of_urls(&arguments).expect("there is no option");
        assert_eq!(format!("{unparsed:#?}"), format!("{parsed:#?}"), "{line:?}");
    }
    for option in ["-q", "--", "--cat", "-é", "-0", "--no-such-option"] {
        for line in [
            &[option][..],
            &["http://h/", option],
            &[option, "http://h/"],
        ] {
            let arguments: Vec<OsString> = line.iter().map(OsString::from).collect();
            assert!(TypedArgs::of_urls(&arguments).is_none(), "{line:?}");
        }
    }
}
