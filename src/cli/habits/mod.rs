//! Habits from other tools: what users of curl, wget, aria2c, hyperfine, oha, xargs and others type out of
//! habit, and what becomes of it.
//!
//! * `translate` takes a whole command line; the others have the parts of that.
//! * `walk` puts foreign options into pfetch's own words, by the `table`, before the parser sees them: an
//!   alias, nothing at all, or a hint that says what to write.
//! * `values` refuses values that pfetch would take, and that were meant for another program.
//! * `flags` refuses the value of an own option that has none.
//! * `mistakes` collects the hints for one command line.
//! * `recipe` has the line to write for a whole command line of a load generator, hyperfine, xargs or curl.
//! * `spelled` remembers how options were spelled, for messages that name them.
//! * `guess` names the option that an unknown one is a misspelling of.

mod flags;
mod guess;
mod meaning;
mod mistakes;
mod own;
mod recipe;
mod spelled;
mod table;
mod translate;
mod values;
mod walk;

pub(super) use guess::nearest;
pub(super) use own::OwnOptions;
pub(super) use spelled::Spellings;
pub(super) use table::working as working_names;
pub(super) use translate::translate;
pub(super) use values::{check_bodies, check_files, check_headers, check_proxy, check_urls};

#[cfg(test)]
mod tests;
