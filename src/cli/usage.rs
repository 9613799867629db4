//! Mistakes on the command line: clap's errors as one line that says what to do.

use std::collections::HashSet;
use std::error::Error;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::habits::{OwnOptions, Spellings, nearest, working_names};
use crate::model::text::{escape, excerpt};

/// Number of characters of a bad value that are shown.
const MAX_SHOWN: usize = 60;

/// Reason why there is no plan.
#[derive(Debug)]
pub enum UsageError {
    /// Help, the version, a completion script or the manual page, to print: the user asked for it.
    Help(String),
    /// A mistake: one line that says what it is and what to do.
    Mistake(String),
}

impl UsageError {
    /// Words clap's error. `own` are the options that an unknown one may be a misspelling of.
    pub(super) fn of(error: &clap::Error, own: &OwnOptions, spellings: &Spellings) -> Self {
        let text = error.render().to_string();
        if matches!(
            error.kind(),
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
        ) {
            return UsageError::Help(text);
        }
        let line = unknown(error, own)
            .or_else(|| bad_value(error, spellings))
            .or_else(|| conflict(error, spellings))
            .unwrap_or_else(|| escape(&one_line(error, &text)));
        UsageError::Mistake(format!("{line} (see pfetch --help)"))
    }
}

/// Words an unknown option. clap's own guesses at what was meant go too far.
fn unknown(error: &clap::Error, own: &OwnOptions) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let option = error.get(ContextKind::InvalidArg)?.to_string();
    // Of two that are as near, the own one comes first.
    let guess = nearest(&option, own.names().chain(working_names()))
        .map(|guess| format!("; did you mean {guess}?"))
        .unwrap_or_default();
    let shown = excerpt(&option, MAX_SHOWN);
    Some(format!("there is no option '{shown}'{guess}"))
}

/// Reasons why two options exclude each other, and what to write instead. Each pair in either order.
const CONFLICTS: &[([&str; 2], &str)] = &[
    (
        ["--replay", "--max-failures"],
        "what failed is told again, and decides nothing; hold a gate against it: --assert 'failed<=3%'",
    ),
    (
        ["--quiet", "--summary-only"],
        "-q keeps failures and the summary, -qq failures alone, --summary-only the summary alone; take one",
    ),
    (
        ["--fail-fast", "--max-failures"],
        "one ends the run at the first failure, the other allows some; take one",
    ),
    (
        ["--compare", "--sweep"],
        "one says how much faster so many workers are, the other how many are enough; take one",
    ),
    (
        ["--sweep", "--workers"],
        "its own numbers are those of the workers; take one",
    ),
    (["--dir", "--cat"], ONE_PLACE),
    (["--output", "--cat"], ONE_PLACE),
    (["--dir", "--head"], NO_BODY),
    (["--cat", "--head"], NO_BODY),
    (["--content-disposition", "--head"], NO_BODY),
    (["--names", "--head"], NO_BODY),
];

/// Reasons why a measurement (`--compare`, `--sweep`) has no such option.
const NOT_MEASURED: &[(&[&str], &str)] = &[
    (
        &["--output", "--dir", "--cat", "--pack", "--log"],
        "it fetches each URL several times, and keeps no body and no log; --export json=FILE has its figures",
    ),
    (
        &["--rate", "--host-delay", "--limit-rate"],
        "that limit would be measured, and not what workers gain",
    ),
    (
        &["--deadline"],
        "a run that is cut off has no time to compare; --measurement-time ends it early",
    ),
    (
        &["--fail-fast"],
        "a run that stops early has no time to compare; leave it out",
    ),
    (
        &["--shard", "--shard-by", "--allow-empty"],
        "shards are of other lists; measure one list",
    ),
];

const ONE_PLACE: &str = "one saves bodies, the other prints them; take one";

const NO_BODY: &str = "a HEAD has no body to save or to print; take one";

/// Words two options that exclude each other, as they were typed. clap's own message does not say why.
fn conflict(error: &clap::Error, spellings: &Spellings) -> Option<String> {
    if error.kind() != ErrorKind::ArgumentConflict {
        return None;
    }
    let one = option_names(error.get(ContextKind::InvalidArg)?).next()?;
    // Of several options, the first of which more is to be said.
    let others: Vec<_> = option_names(error.get(ContextKind::PriorArg)?).collect();
    let typed = spellings.of(&one);
    let explained = |other: &String| Some((spellings.of(other).to_owned(), why_not(&one, other)?));
    if let Some((other, why)) = others.iter().find_map(explained) {
        return Some(format!("{typed} cannot be used with {other}: {why}"));
    }
    // clap names options that were not typed.
    let is_foreign = |name: &String| spellings.of(name) != name;
    if !is_foreign(&one) && !others.iter().any(is_foreign) {
        return None;
    }
    let others: Vec<_> = others.iter().map(|other| spellings.of(other)).collect();
    Some(format!("{typed} cannot be used with {}", others.join(", ")))
}

/// The reason why two options exclude each other, if more is to be said than that they do.
fn why_not(one: &str, other: &str) -> Option<&'static str> {
    let names = |pair: &[&str; 2]| *pair == [one, other] || *pair == [other, one];
    let is_measured = |option| ["--compare", "--sweep"].contains(&option);
    let measured = NOT_MEASURED.iter().find(|(options, _)| {
        let has = |option| options.contains(&option);
        is_measured(one) && has(other) || is_measured(other) && has(one)
    });
    let pair = CONFLICTS.iter().find(|(pair, _)| names(pair));
    match pair.map(|(_, why)| why).or(measured.map(|(_, why)| why)) {
        Some(why) => Some(why),
        None if one == "--replay" || other == "--replay" => {
            Some("a replay fetches nothing, and reports what was")
        }
        None => None,
    }
}

/// The long names of the options in clap's context, which have their values and dots of repetition behind them.
fn option_names(context: &ContextValue) -> impl Iterator<Item = String> {
    let shown = match context {
        ContextValue::String(shown) => std::slice::from_ref(shown),
        ContextValue::Strings(several) => several,
        _ => &[],
    };
    let names = shown.iter().filter_map(|shown| shown.split(' ').next());
    names
        .map(|name| name.trim_end_matches('.'))
        .filter(|name| name.starts_with("--"))
        .map(str::to_owned)
}

/// Joins the lines of clap's message that matter: the first, which says what is wrong; those that begin with
/// "tip:"; and the indented names of arguments.
fn one_line(error: &clap::Error, text: &str) -> String {
    // Several options that are missing, or exclude another, are in lines of their own.
    let names_options = matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict
    );
    let mut seen = HashSet::new();
    text.lines()
        .enumerate()
        .map(|(number, line)| (number, line.trim()))
        .filter(|(number, line)| {
            let is_name = names_options && line.starts_with("--");
            // The tip to write `-- -1` would make a URL of a number that was meant for an option.
            let is_tip = line.starts_with("tip:") && !line.starts_with("tip: to pass");
            *number == 0 || is_name || is_tip
        })
        .map(|(_, line)| line.trim_start_matches("error: "))
        .filter(|line| seen.insert(*line))
        .collect::<Vec<_>>()
        .join("; ")
        .replace(":; ", ": ")
}

/// Words the mistake if it is the value of an option, as that was typed. clap's own message would break off at a line
/// end in the value, and would repeat a secret.
fn bad_value(error: &clap::Error, spellings: &Spellings) -> Option<String> {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let value = context(ContextKind::InvalidValue).filter(|value| !value.is_empty())?;
    let option = context(ContextKind::InvalidArg)?;
    let reason = match error.source() {
        Some(reason) => reason.to_string(),
        None => format!("it is one of {}", context(ContextKind::ValidValue)?),
    };
    // A header may hold a secret, and its reason says what is wrong with it.
    let shown = if option.starts_with("--header") {
        String::new()
    } else {
        format!(" '{}'", excerpt(&value, MAX_SHOWN))
    };
    let long = option.split([' ', '=']).next().unwrap_or(&option);
    let option = option.replacen(long, spellings.of(long), 1);
    Some(format!("invalid value{shown} for '{option}': {reason}"))
}
