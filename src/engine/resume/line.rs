//! What both ends of the run log's lines share: the schema and its header, what a line may be at most, the states of
//! a pack, and the names of files with and without their folder.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::text::normalised_path;

/// The version of the run log's schema.
pub const SCHEMA: u64 = 2;

/// The first line, by which a log is recognised.
pub(super) const HEADER: &str = "{\"type\":\"pfetch-log\",\"schema\":2}\n";

/// The longest line in bytes that is read. Written lines are shorter: the URL, the names and the path have
/// limits of their own, and the error is cut.
pub(super) const MAX_LINE_BYTES: usize = 256 * 1024;

/// The beginning of a `run` line.
const RUN: &[u8] = b"{\"type\":\"run\",";
/// The state of a pack, as of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackState {
    /// Its `.part` is made.
    Begun,
    /// It has lost what was behind a length.
    Cut,
    /// It has its name.
    Published,
}
/// The folder that a run saves in, [`normalised_path`]; bytes that are not UTF-8 are replaced.
pub(super) fn normalised_folder(folder: Option<&Path>) -> Option<String> {
    let folder = folder?.to_string_lossy();
    Some(normalised_path(&folder).into_owned())
}

/// The name of a file with its folder before it.
pub(super) fn in_folder<'a>(folder: Option<&str>, name: &'a str) -> Cow<'a, str> {
    match folder {
        None | Some("") => Cow::Borrowed(name),
        Some(folder) => Cow::Owned(format!("{}/{name}", folder.trim_end_matches('/'))),
    }
}

/// The name of a file without its folder; `None` if it is in another.
pub(super) fn without_folder<'a>(folder: Option<&str>, name: &'a str) -> Option<&'a str> {
    match folder {
        None | Some("") => Some(name),
        Some(folder) => name
            .strip_prefix(folder.trim_end_matches('/'))?
            .strip_prefix('/'),
    }
}
/// Returns true for a `run` line and for the beginning of one.
pub(super) fn is_run(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.starts_with(RUN) || RUN.starts_with(line)
}

/// The schema in a header, if it is another than [`SCHEMA`].
pub(super) fn schema(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Header<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
        schema: u64,
    }
    let header: Header<'_> = serde_json::from_slice(line).ok()?;
    (header.kind == "pfetch-log" && header.schema != SCHEMA).then_some(header.schema)
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_a_line_of_this_schema() {
        let header: serde_json::Value = serde_json::from_str(HEADER).unwrap();
        assert_eq!(header["type"], "pfetch-log");
        assert_eq!(header["schema"], SCHEMA);
        assert_eq!(HEADER.find('\n'), Some(HEADER.len() - 1));
    }
}
