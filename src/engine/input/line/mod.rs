//! The parser of one line of a list, or of an argument.
//!
//! * `json` parses an object, `url` the text of a URL.
//! * `host` finds the host of a line, for the shards.
//! * `markup` recognises lines of Markdown and HTML.
//! * `slip` recognises what was meant for another program, or is more than a URL.
//! * `excerpt` decides what is shown of a line that is no target.

mod excerpt;
mod host;
mod invisible;
mod json;
mod json_mistake;
#[cfg(test)]
mod json_tests;
mod markup;
mod slip;
mod url;

use std::str::Utf8Error;

use super::{InputConfig, Separator};
use crate::model::target::Location;
use excerpt::{may_hold_userinfo, safe_excerpt};
use slip::Slip;
use url::{bad, parse_location, parse_url};

pub(super) use host::host_of;
pub(super) use url::{BadLine, ParsedLine};

/// The maximum length of a line in bytes: room for the longest URL, for its headers and for the longest meta.
pub const MAX_LINE_BYTES: usize = 128 * 1024;

/// An item of the input before it is parsed.
#[derive(Debug, Clone, Copy)]
pub(super) enum UnparsedItem<'a> {
    /// A line of a list, without its line end.
    Line(&'a [u8]),
    /// An argument.
    Argument(&'a [u8]),
}

/// Parses one line that is not [blank](is_blank), without its line end. A URL with the origin of `near` is parsed
/// faster.
pub(super) fn parse(
    bytes: &[u8],
    config: InputConfig,
    near: Option<&Location>,
) -> Result<ParsedLine, BadLine> {
    let line = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    if is_plain_url(line) {
        return parse_location(line, config, near);
    }
    let text = invisible::trim(line);
    if text.starts_with('{') {
        return json::parse_json(text, config, near);
    }
    if line.starts_with([' ', '\t'])
        && let Some(option) = Slip::find_option(text)
    {
        return Err(BadLine {
            excerpt: safe_excerpt(text),
            reason: option.to_string(),
            meta: None,
        });
    }
    let text = slip::without_comment(text);
    let parsed = parse_url(text, config, near)?;
    // A name that find -print0 wrote may have any characters, as has a URL in quotes.
    let slip = match config.separator {
        Separator::LineFeed if parsed.location.is_written_with_blank() => Slip::find_blank(text),
        _ => None,
    };
    match slip {
        Some(slip) => Err(bad(text, &slip)),
        None => Ok(parsed),
    }
}

/// Recognises the text of most lines: a URL with its scheme, in which nothing can be a blank, a comment or a slip.
fn is_plain_url(line: &str) -> bool {
    let is_plain = |byte: u8| (byte > b' ') & (byte <= b'~') & (byte != b'#');
    // Branches on no byte, so that the compiler makes vector instructions of it.
    let is_all_plain = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_plain(*byte));
    let (chunks, rest) = line.as_bytes().as_chunks::<16>();
    slip::begins_as_url(line)
        && is_all_plain(rest)
        && chunks.iter().all(|chunk| is_all_plain(chunk))
}

/// Recognises a blank line and a comment, whatever its encoding.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    match bytes.trim_ascii_start().first() {
        None | Some(b'#') => true,
        Some(byte) if byte.is_ascii_graphic() => false,
        // Blanks that are not ASCII's, and invisible characters.
        Some(_) => std::str::from_utf8(bytes).is_ok_and(|text| {
            let text = invisible::trim(text);
            text.is_empty() || text.starts_with('#')
        }),
    }
}

/// Makes the error for a line of `length` bytes, more than [`MAX_LINE_BYTES`].
pub(super) fn too_long(beginning: &[u8], length: u64) -> BadLine {
    let beginning = String::from_utf8_lossy(beginning);
    BadLine {
        excerpt: safe_excerpt(if may_hold_userinfo(&beginning) {
            "…"
        } else {
            &beginning
        }),
        reason: format!("the line has {length} bytes; at most {MAX_LINE_BYTES} are read as a URL"),
        meta: None,
    }
}

/// Makes the error for a line or an argument that is not UTF-8.
fn not_utf8(bytes: &[u8], error: Utf8Error) -> BadLine {
    let at = error.valid_up_to();
    BadLine {
        excerpt: safe_excerpt(&String::from_utf8_lossy(bytes)),
        reason: format!(
            "not UTF-8: byte 0x{:02x} at column {}; percent-encode it",
            bytes[at],
            at + 1
        ),
        meta: None,
    }
}

/// Parses an argument. It is no comment and no option of a list: `#` begins a bad URL.
pub(super) fn parse_argument(bytes: &[u8], config: InputConfig) -> Result<ParsedLine, BadLine> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse_url(slip::without_comment(invisible::trim(text)), config, None),
        Err(error) => Err(not_utf8(bytes, error)),
    }
}

#[cfg(test)]
mod tests;
