//! A whole command line: in pfetch's own words, or the one line of what to write instead.

use std::ffi::OsString;

use super::own::OwnOptions;
use super::recipe;
use super::walk::{Translated, own_words};

/// Puts the arguments into pfetch's own words, without the program's name.
///
/// # Errors
///
/// In one line, the hints for the options that have no like here, or the line to paste for all of them.
pub(crate) fn translate(
    arguments: impl IntoIterator<Item = OsString>,
    own: &OwnOptions,
) -> Result<Translated, String> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let (translated, mistakes) = own_words(&arguments, own);
    if mistakes.is_empty() {
        return Ok(translated);
    }
    let line = recipe::find(&arguments, own).or_else(|| mistakes.into_line());
    line.map_or(Ok(translated), Err)
}
