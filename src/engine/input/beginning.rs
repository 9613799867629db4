//! The beginning of a list: its byte order mark, and whether it is text at all.

use super::Separator;

/// The bytes of a list that are read at once: of the first of them the list's kind is told.
pub(super) const READ_BUFFER: usize = 64 * 1024;

/// Refuses a list that is not text as a whole, because line by line it would be a flood of errors.
pub(super) fn check_text(beginning: &[u8], separator: Separator) -> Result<(), String> {
    if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") {
        return Err("this is UTF-16 text; convert it to UTF-8".to_owned());
    }
    let nul = memchr::memchr(0, beginning);
    match nul.filter(|_| separator != Separator::Nul) {
        Some(at) => Err(format!(
            "this is a binary file (NUL byte at offset {at}); give a text file with a URL a line, or -0 if \
             a NUL ends each"
        )),
        None => Ok(()),
    }
}

/// The text of a list without its byte order mark.
pub(super) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
