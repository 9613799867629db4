//! The table of foreign options, in the groups that the help has: what curl, wget, aria2c, hyperfine, oha, ab,
//! wrk, hey, k6, lychee, xargs and parallel spell otherwise. `rare` has what hardly anybody types.
//!
//! An own option of the same spelling comes first, so that none is in the table. A spelling that means several
//! things gets a hint, unless its value or the argument behind it shows what is meant.

mod bodies;
mod connection;
mod crawl;
mod input;
mod limits;
mod measure;
mod output;
mod pool;
mod rare;
mod request;

use super::meaning::{Habit, Meaning};
pub(super) use measure::parameter;

const GROUPS: [&[Habit]; 10] = [
    input::HABITS,
    pool::HABITS,
    bodies::HABITS,
    request::HABITS,
    connection::HABITS,
    limits::HABITS,
    measure::HABITS,
    output::HABITS,
    crawl::HABITS,
    rare::HABITS,
];

/// The meaning of a spelling, dashes included.
pub(super) fn find(spelling: &str) -> Option<Meaning> {
    let mut habits = GROUPS.iter().copied().flatten();
    let (_, meaning) = habits.find(|(spellings, _)| spellings.contains(&spelling))?;
    Some(*meaning)
}

/// The foreign names that do something here, dashes included: a misspelled one is worth a guess.
pub(in crate::cli) fn working<'a>() -> impl Iterator<Item = &'a str> {
    let habits = GROUPS.iter().copied().flatten();
    let working = habits.filter(|(_, meaning)| !matches!(meaning, Meaning::Hint(_)));
    let spellings = working.flat_map(|(spellings, _)| spellings.iter().copied());
    spellings.filter(|spelling| spelling.starts_with("--"))
}

#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static Habit> {
    GROUPS.iter().copied().flatten()
}
