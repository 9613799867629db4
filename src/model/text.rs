//! Text that is safe to show: bytes from the network or a file must not move a terminal's cursor, ring its
//! bell or reverse the direction of a line.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with its control characters escaped: C0, C1, DEL, line separators, and the characters that
/// change the direction of writing.
///
/// ```
/// assert_eq!(pfetch::model::text::escape("a\x1b[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
/// ```
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            // Writing to a string cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// The first `characters` characters of `text`, escaped, with an ellipsis if there are more.
pub fn excerpt(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", escape(&text[..end])),
        None => escape(text),
    }
}

/// The path without its `.` components and repeated slashes, so that `d`, `./d` and `d/` are one folder.
pub fn normalised_path(path: &str) -> Cow<'_, str> {
    let is_root = path.starts_with('/');
    let inner = path.strip_prefix('/').unwrap_or(path);
    if inner.split('/').all(|part| !matches!(part, "" | ".")) {
        return Cow::Borrowed(path);
    }
    let parts = inner.split('/').filter(|part| !matches!(*part, "" | "."));
    let root = if is_root { "/" } else { "" };
    Cow::Owned(format!("{root}{}", parts.collect::<Vec<_>>().join("/")))
}

/// A number of bytes in words, exactly: `1 byte`, `1256 bytes`.
pub fn byte_count(count: u64) -> String {
    match count {
        1 => "1 byte".to_owned(),
        count => format!("{count} bytes"),
    }
}

/// The bytes in lower-case hexadecimal.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::new();
    for byte in bytes.as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes that twice as many hexadecimal digits stand for; `None` for any other text.
pub fn parse_hex<const COUNT: usize>(text: &str) -> Option<[u8; COUNT]> {
    let digits = text.as_bytes();
    let mut bytes = [0; COUNT];
    if digits.len() != 2 * COUNT {
        return None;
    }
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = value(pair[0])? * 16 + value(pair[1])?;
    }
    Some(bytes)
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}
