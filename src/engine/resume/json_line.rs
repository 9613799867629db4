//! Parsing of a line of JSON, of a run log and of a report.

use serde::Deserialize;

/// Parses a line of JSON. The line is checked to be UTF-8 once, where the parser would check each string.
///
/// # Errors
///
/// Those of [`serde_json::from_slice`].
pub(crate) fn from_line<'a, T: Deserialize<'a>>(line: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(line) {
        Ok(line) => serde_json::from_str(line),
        // Strings that are not read may hold other bytes; for one that is read, the parser says where it is.
        Err(_) => serde_json::from_slice(line),
    }
}
