//! The defaults that the help states, held against the plan of a command line without the option. The parser knows
//! none of them: each is the default of the part that it belongs to.

use std::collections::BTreeSet;

use clap::Arg;

use super::*;

/// The plan for these arguments, unless they cannot be used.
fn plan(arguments: &[&str]) -> Option<String> {
    let arguments = arguments.iter().map(OsString::from);
    let args = TypedArgs::parse(TypedArgs::described(), arguments).ok()?;
    let plan = resolve(args, &Spellings::default()).ok()?;
    Some(format!("{plan:#?}"))
}

/// The default in the help of an option, without what explains it.
fn stated_default(arg: &Arg) -> Option<String> {
    let help = arg.get_long_help().or_else(|| arg.get_help())?.to_string();
    let (_, rest) = help.split_once("[default: ")?;
    let (default, _) = rest.split_once([']', ','])?;
    Some(default.replace("VERSION", env!("CARGO_PKG_VERSION")))
}

#[test]
fn an_option_with_its_stated_default_changes_nothing() {
    const URL: &str = "http://h/";
    let usual = plan(&[URL]).expect("a URL is enough");
    let mut held = BTreeSet::new();
    let command = TypedArgs::described();
    for arg in command.get_arguments() {
        let (Some(long), Some(default)) = (arg.get_long(), stated_default(arg)) else {
            continue;
        };
        let given = format!("--{long}={default}");
        // Some defaults are words ("no limit"), and some options need others.
        if let Some(plan) = plan(&[&given, URL]) {
            assert_eq!(plan, usual, "{given}");
            held.insert(long.to_owned());
        }
    }
    for option in [
        "accept",
        "baseline",
        "color",
        "connect-timeout",
        "format",
        "give-up",
        "max-failures",
        "max-redirects",
        "order",
        "progress",
        "proto-default",
        "retry",
        "retry-after-max",
        "retry-delay",
        "stall-timeout",
    ] {
        assert!(held.contains(option), "--{option} is not among {held:?}");
    }
}

#[test]
fn another_value_than_the_default_is_another_plan() {
    const URL: &str = "http://h/";
    let usual = plan(&[URL]).expect("a URL is enough");
    for option in [
        "--accept=200",
        "--baseline=none",
        "--color=always",
        "--connect-timeout=9s",
        "--format=jsonl",
        "--give-up=14s",
        "--max-failures=1",
        "--max-redirects=9",
        "--order=input",
        "--progress=always",
        "--proto-default=https",
        "--retry=1",
        "--retry-after-max=59s",
        "--retry-delay=249ms",
        "--stall-timeout=29s",
    ] {
        let changed = plan(&[option, URL]).unwrap_or_else(|| panic!("{option} can be used"));
        assert_ne!(changed, usual, "{option}");
    }
}
