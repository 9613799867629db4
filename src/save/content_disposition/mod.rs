//! The file name in a Content-Disposition header (RFC 6266), read as leniently as curl and Chromium do.

mod encoded_word;
#[cfg(test)]
mod tests;

use percent_encoding::percent_decode;

/// The file name in a Content-Disposition header, as the server wrote it: `filename*` (RFC 8187)
/// before `filename`, without the path it may have before it. It is not safe to use as it is; see
/// [`SavePath::with_file_name`](crate::model::save_path::SavePath::with_file_name).
///
/// Servers send much that the grammar does not allow. The type may be missing or come last, parameters may
/// have no value, and an unquoted name may contain spaces and brackets. Of a parameter that is given twice,
/// the first one that names a file counts. A plain `filename` may be percent-encoded, or an encoded word of
/// mail (RFC 2047). Continuations (`filename*0`, RFC 2231) are not read, as RFC 6266 has it. `None` if no
/// parameter names a file.
///
/// ```
/// use pfetch::save::filename;
///
/// let header = b"attachment; filename=\"e.txt\"; filename*=UTF-8''%C3%A9.txt";
/// assert_eq!(filename(header).as_deref(), Some("\u{e9}.txt"));
/// assert_eq!(filename(b"filename=a b.txt; size").as_deref(), Some("a b.txt"));
/// ```
pub fn filename(header: &[u8]) -> Option<String> {
    let mut plain = None;
    let mut extended = None;
    let mut rest = header;
    while !rest.is_empty() {
        let (segment, after) = split_segment(rest);
        rest = after;
        // The type, another word, or a quoted text that is no parameter.
        let Some((name, value)) = parameter(segment) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"filename") {
            plain = plain.or_else(|| last_component(decoded_plain(&unquoted(value))?));
        } else if name.eq_ignore_ascii_case(b"filename*") {
            extended = extended.or_else(|| last_component(decoded_extended(value)?));
        }
    }
    extended.or(plain)
}

/// Splits the text at the first semicolon outside of quotes. A quote that is not closed reaches to the end.
fn split_segment(text: &[u8]) -> (&[u8], &[u8]) {
    let mut in_quotes = false;
    let mut is_escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_quotes => is_escaped = true,
            b'"' => in_quotes = !in_quotes,
            b';' if !in_quotes => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, &[])
}

/// Splits `name=value`, without blanks around them. `None` if there is no equals sign before any quote.
fn parameter(segment: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = segment.iter().position(|b| matches!(b, b'=' | b'"'))?;
    let (name, value) = segment.split_at(equals);
    let value = value.strip_prefix(b"=")?;
    Some((name.trim_ascii(), value.trim_ascii()))
}

/// A value without its quotes and their escapes. What follows the closing quote is no part of it; a quote
/// that is not closed is dropped alone, as Chromium does.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let [b'"', quoted @ ..] = value else {
        return value.to_vec();
    };
    let mut plain = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return plain,
            b'\\' => plain.extend(bytes.next()),
            byte => plain.push(*byte),
        }
    }
    quoted.to_vec()
}

/// Decodes a plain value, word by word. `None` if it contains an encoded word that cannot be decoded: the
/// URL's name is better than that.
fn decoded_plain(value: &[u8]) -> Option<String> {
    let mut name = String::new();
    let mut is_after_encoded = true;
    for (place, word) in value.split(u8::is_ascii_whitespace).enumerate() {
        // Blanks after an encoded word belong to the encoding (RFC 2047, 6.2).
        if place > 0 && !is_after_encoded {
            name.push(' ');
        }
        if word.is_empty() {
            continue;
        }
        is_after_encoded = word.starts_with(b"=?");
        name += &match is_after_encoded {
            true => encoded_word::decode(word)?,
            false => decoded_word(word),
        };
    }
    Some(name)
}

/// Decodes a word that is percent-encoded UTF-8, or as it is if that gives no text: as UTF-8, which servers
/// send, if it is valid, and otherwise as ISO-8859-1, which HTTP once prescribed.
fn decoded_word(word: &[u8]) -> String {
    if word.is_ascii()
        && let Ok(text) = percent_decode(word).decode_utf8()
    {
        return text.into_owned();
    }
    String::from_utf8(word.to_vec()).unwrap_or_else(|_| latin1(word))
}

/// Decodes an extended value, `charset'language'text` (RFC 8187). The text may contain blanks,
/// apostrophes, percent signs and bytes that are not ASCII, which many servers do not encode.
fn decoded_extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let is_quoted = encoded.contains(&b'"');
    (!is_quoted).then(|| in_charset(charset, percent_decode(encoded).collect()))?
}

/// Decodes the bytes of a charset of this name. `None` for one that is not known, and for bytes that it
/// does not have.
fn in_charset(charset: &[u8], bytes: Vec<u8>) -> Option<String> {
    match charset.to_ascii_lowercase().as_slice() {
        b"utf-8" | b"utf8" => String::from_utf8(bytes).ok(),
        b"us-ascii" | b"ascii" => String::from_utf8(bytes).ok().filter(|text| text.is_ascii()),
        b"iso-8859-1" | b"iso8859-1" | b"iso88591" | b"iso_8859-1" | b"latin1" => {
            Some(latin1(&bytes))
        }
        // The same but for these bytes.
        b"windows-1252" | b"cp1252" => {
            let is_same = !bytes.iter().any(|byte| (0x80..0xa0).contains(byte));
            is_same.then(|| latin1(&bytes))
        }
        _ => None,
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The text after the last separator of any system (RFC 6266, 4.3), if that names a file.
fn last_component(name: String) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?.trim_matches(' ');
    (!matches!(last, "" | "." | "..")).then(|| last.to_owned())
}
