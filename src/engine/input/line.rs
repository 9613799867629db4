//! The parser of one line of a list.

use std::collections::BTreeMap;
use std::str::Utf8Error;
use std::sync::Arc;

use http::HeaderMap;
use serde::Deserialize;

use super::InputConfig;
use crate::model::headers::{self, HeaderError};
use crate::model::save_path::SavePath;
use crate::model::target::{Location, Verb, without_userinfo};
use crate::model::text::{escape, excerpt, parse_sha256};

/// The maximum length of a line in bytes: room for the longest URL, and for its headers.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// The maximum length of the excerpt of a bad line, in characters.
const EXCERPT: usize = 80;

/// The excerpt of a bad JSON line, whose headers may hold secrets.
const JSON_EXCERPT: &str = "{…}";

/// A line that is a target.
#[derive(Debug)]
pub(super) struct ParsedLine {
    pub(super) location: Location,
    pub(super) verb: Verb,
    pub(super) headers: Option<Box<HeaderMap>>,
    pub(super) output: Option<SavePath>,
    pub(super) sha256: Option<Box<[u8; 32]>>,
}

/// A line that is no target: an excerpt that is safe to show, and the mistake.
#[derive(Debug)]
pub(super) struct BadLine {
    pub(super) excerpt: Arc<str>,
    pub(super) reason: String,
}

/// The keys of a JSON line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine {
    url: String,
    action: Option<Verb>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    output: Option<String>,
    sha256: Option<String>,
}

/// Parses one line, without its line end. `None` for a blank line and a comment. A URL with the origin of
/// `near` is parsed faster.
pub(super) fn parse(
    bytes: &[u8],
    config: InputConfig,
    near: Option<&Location>,
) -> Option<Result<ParsedLine, BadLine>> {
    if is_blank(bytes) {
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim(),
        Err(error) => return Some(Err(not_utf8(bytes, error))),
    };
    Some(if text.starts_with('{') {
        parse_json(text, config, near)
    } else {
        parse_url(text, config, near)
    })
}

/// Recognises a blank line and a comment, whatever its encoding.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    match bytes.trim_ascii_start().first() {
        None | Some(b'#') => true,
        Some(byte) if byte.is_ascii_graphic() => false,
        // Blanks that are not ASCII's.
        Some(_) => std::str::from_utf8(bytes).is_ok_and(|text| {
            let text = text.trim_start();
            text.is_empty() || text.starts_with('#')
        }),
    }
}

/// The text of a list without its byte order mark.
pub(super) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
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
    }
}

/// Parses an argument. It has no comments: "#" begins a bad URL.
pub(super) fn parse_argument(bytes: &[u8], config: InputConfig) -> Result<ParsedLine, BadLine> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse_url(text, config, None),
        Err(error) => Err(not_utf8(bytes, error)),
    }
}

/// Parses the text of a URL.
pub(super) fn parse_url(
    text: &str,
    config: InputConfig,
    near: Option<&Location>,
) -> Result<ParsedLine, BadLine> {
    match Location::parse_near(text, config.default_scheme, near) {
        Ok(location) => Ok(ParsedLine {
            location,
            verb: config.verb,
            headers: None,
            output: None,
            sha256: None,
        }),
        Err(error) => Err(BadLine {
            excerpt: safe_excerpt(text),
            reason: error.to_string(),
        }),
    }
}

fn parse_json(
    text: &str,
    config: InputConfig,
    near: Option<&Location>,
) -> Result<ParsedLine, BadLine> {
    let bad = |reason: String| BadLine {
        excerpt: Arc::from(JSON_EXCERPT),
        reason: escape(&reason),
    };
    let line: JsonLine = serde_json::from_str(text).map_err(|error| {
        bad(format!(
            "{} (column {})",
            without_value(&error.to_string()),
            error.column()
        ))
    })?;
    let mut parsed = parse_url(&line.url, config, near)?;
    parsed.verb = line.action.unwrap_or(config.verb);
    let mut headers = HeaderMap::new();
    for (name, value) in &line.headers {
        let (name, value) = headers::new(name.as_bytes(), value.as_bytes())
            .map_err(|error| bad(header_mistake(error)))?;
        headers::add(&mut headers, name, value).map_err(|error| bad(header_mistake(error)))?;
    }
    parsed.headers = (!headers.is_empty()).then(|| Box::new(headers));
    if parsed.verb == Verb::Head && (line.output.is_some() || line.sha256.is_some()) {
        let reason = "a HEAD has no body; take out \"output\" and \"sha256\", or the action";
        return Err(bad(reason.to_owned()));
    }
    if let Some(output) = &line.output {
        if !config.names_files {
            return Err(bad(
                "\"output\" needs a folder to save in (-d DIR)".to_owned()
            ));
        }
        let place = SavePath::parse(output).map_err(|error| bad(format!("output: {error}")))?;
        parsed.output = Some(place);
    }
    if let Some(text) = &line.sha256 {
        let sum = parse_sha256(text).ok_or_else(|| {
            bad("sha256: give 64 hexadecimal digits, as sha256sum prints them".to_owned())
        })?;
        parsed.sha256 = Some(Box::new(sum));
    }
    Ok(parsed)
}

/// Removes from a message of the JSON parser the position, because it counts lines within this one line,
/// and the value that it quotes when it expected another type or another name, because that may be a secret:
/// of a name the beginning stays, as far as the known ones have such characters.
fn without_value(message: &str) -> String {
    let what = message
        .rsplit_once(" at line ")
        .map_or(message, |(what, _)| what);
    if let Some(rest) = what.strip_prefix("invalid type: ")
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
        return format!("invalid type: {kind}, expected {expected}");
    }
    for unknown in ["unknown field", "unknown variant"] {
        if let Some(rest) = what.strip_prefix(unknown)
            && let Some((name, expected)) = rest.rsplit_once("`, expected ")
        {
            let name = word(name.trim_start_matches([' ', '`']));
            return format!("{unknown} `{name}`, expected {expected}");
        }
    }
    what.to_owned()
}

/// The first word of a name that may hold a secret as well, with an ellipsis if there is more.
fn word(name: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match name.find(|c| !is_part(c)) {
        Some(end) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Words a header, as a JSON line has it, that cannot be sent: a whole one may have been given as the name.
fn header_mistake(error: HeaderError) -> String {
    match error {
        HeaderError::Name(name) => HeaderError::Name(word(&name)).to_string(),
        other => other.to_string(),
    }
}

/// Makes an excerpt of a bad line that is safe to show: without credentials and JSON.
fn safe_excerpt(text: &str) -> Arc<str> {
    if is_json(text) {
        return Arc::from(JSON_EXCERPT);
    }
    if names_secret_header(text) {
        return Arc::from("…");
    }
    let start = excerpt(&without_userinfo(text), EXCERPT);
    Arc::from(start)
}

/// Recognises JSON and pieces of it: an object, an array, or, where one was written over several lines or
/// stands behind something else, a key or a text with blanks in it. (A URL in quotes has neither a colon behind
/// them nor blanks.)
fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let is_key_end = |quote: char| {
        let mut behind = text.split(quote).skip(1);
        behind.any(|rest| rest.trim_start().starts_with(':'))
    };
    match text.chars().next() {
        Some('{' | '[') => true,
        Some(quote @ ('"' | '\'')) if text[1..].split(quote).next().is_some_and(has_blank) => true,
        _ => is_key_end('"') || is_key_end('\''),
    }
}

fn has_blank(text: &str) -> bool {
    text.trim().contains(char::is_whitespace)
}

/// Recognises the headers that hold secrets, in the lists of other programs (`header=Authorization: …`).
fn names_secret_header(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("authorization") || text.contains("cookie")
}

/// Recognises byte order marks, zero-width characters and the replacement character.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fffd}'
    ) || c.is_control()
}

/// Recognises the beginning of a URL that may be userinfo whose `@` was cut off: its authority either has
/// no end, or has something other than a port behind a colon.
fn may_hold_userinfo(beginning: &str) -> bool {
    if is_json(beginning) {
        return false;
    }
    // Another "@" may follow the last one in this beginning.
    let start = beginning.rsplit_once('@').or(beginning.split_once("//"));
    let authority = start.map_or(beginning, |(_, rest)| rest.trim_start_matches('/'));
    let Some((authority, _)) = authority.split_once(['/', '?', '#', '\\']) else {
        return true;
    };
    let port = authority
        .rsplit_once(']')
        .map_or(authority, |(_, port)| port);
    port.split_once(':')
        .is_some_and(|(_, port)| !port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// URL, verb and number of headers; or excerpt and reason.
    type Found = Result<(String, Verb, usize), (String, String)>;

    fn line(text: &[u8]) -> Option<Found> {
        parse(text, InputConfig::default(), None).map(|parsed| {
            parsed
                .map(|m| {
                    let headers = m.headers.map_or(0, |h| h.len());
                    (m.location.text().to_string(), m.verb, headers)
                })
                .map_err(|bad| (bad.excerpt.to_string(), bad.reason))
        })
    }

    #[test]
    fn blank_lines_and_comments_are_nothing() {
        assert_eq!(line(b""), None);
        assert_eq!(line(b"  \t"), None);
        assert_eq!(line(b"# http://h/"), None);
        assert_eq!(line(b"  # x"), None);
    }

    #[test]
    fn a_json_line_may_say_more() {
        let text = br#"{"url": "h/x", "action": "head", "headers": {"X-A": "1", "X-B": "2"}}"#;
        let expected = ("http://h/x".to_owned(), Verb::Head, 2);
        assert_eq!(line(text), Some(Ok(expected)));
    }

    #[test]
    fn unknown_keys_are_named_with_the_known_ones_and_secrets_are_kept() {
        let text = br#"{"url": "h", "outptu": "x", "headers": {"Authorization": "hush"}}"#;
        let (excerpt, reason) = line(text).unwrap().unwrap_err();
        assert_eq!(excerpt, "{…}");
        assert!(reason.contains("unknown field `outptu`"), "{reason}");
        assert!(
            reason.contains("`url`, `action`, `headers`, `output`, `sha256`"),
            "{reason}"
        );
        assert!(!reason.contains("hush"), "{reason}");
        for secret in [r#""hush at line 5""#, r#"{"A": 4711}"#] {
            let text = format!(r#"{{"url": "h", "headers": {secret}}}"#);
            let (_, reason) = line(text.as_bytes()).unwrap().unwrap_err();
            assert!(reason.starts_with("invalid type: "), "{reason}");
            assert!(reason.contains(", expected "), "{reason}");
            assert!(
                !reason.contains("hush") && !reason.contains("4711"),
                "{reason}"
            );
        }
        let (_, reason) = line(br#"{"url": "h""#).unwrap().unwrap_err();
        assert!(reason.contains("column"), "{reason}");
        let (_, reason) = line(br#"{"action": "get"}"#).unwrap().unwrap_err();
        assert!(reason.contains("missing field `url`"), "{reason}");
        let (_, reason) = line(br#"{"url": "h", "action": "post"}"#)
            .unwrap()
            .unwrap_err();
        assert!(
            reason.contains("`post`") && reason.contains("`get`"),
            "{reason}"
        );
        let (_, reason) = line(br#"{"url": "h", "headers": {"A": "x\ny"}}"#)
            .unwrap()
            .unwrap_err();
        assert!(reason.contains("control character"), "{reason}");
    }

    #[test]
    fn bad_lines_are_quoted_safely() {
        let (excerpt, reason) = line(b"http://u:hush@h:99999/\x1b[2J").unwrap().unwrap_err();
        assert_eq!(excerpt, "http://…@h:99999/\\u{1b}[2J");
        assert!(reason.contains("U+001B"), "{reason}");
        let (excerpt, reason) = line(b"http://h/\xff").unwrap().unwrap_err();
        assert_eq!(excerpt, "http://h/\u{fffd}");
        assert!(reason.contains("0xff at column 10"), "{reason}");
    }

    #[test]
    fn nothing_of_a_json_line_that_cannot_be_read_is_shown() {
        let secrets: [&[u8]; 20] = [
            b"{\"headers\":{\"Authorization\":\"hush\"},\"url\":\"http://h/\xff\"}",
            b"  {\"url\":\"h\",\"headers\":{\"A\":\"hush\xff\"}}",
            b"\xef\xbb\xbf{\"headers\":{\"A\":\"hush\"},\"url\":\"\xff\"}",
            b"\xff{\"headers\":{\"A\":\"hush\"}}",
            b"\xe2\x80\x8b{\"headers\":{\"A\":\"hush\"}}",
            b"[{\"url\":\"h\",\"headers\":{\"A\":\"hush\"}}]",
            b"  \"Authorization\": \"hush\",",
            b"'Authorization' : 'hush'",
            b"\"Bearer hush\"",
            b", {\"url\":\"h\",\"headers\":{\"A\":\"hush\"}}",
            b"data: {\"headers\":{\"A\":\"hush\"}}",
            b"http://h:x/ {\"headers\" : {\"A\":\"hush\"}}",
            b"}{\"headers\":{\"A\":\"hush\xff\"}}",
            b"{'headers': {'A': 'hush'}}",
            b"{headers: {Authorization: hush}}",
            b"{\"url\":\"h\",\"Authorization: hush\":1}",
            b"{\"url\":\"h\",\"headers\":{\"Authorization: hush\":\"\"}}",
            b"{\"url\":\"h\",\"headers\":{\"A\":\"hush\n\"}}",
            b"{\"url\":\"h\",\"headers\":\"hush, expected `x` at line 5\"}",
            b"{\"url\":\"h\",\"action\":\"get hush`, expected `x\"}",
        ];
        for text in secrets {
            let (excerpt, reason) = line(text).unwrap().unwrap_err();
            let shown = String::from_utf8_lossy(text);
            assert_eq!(excerpt, "{…}", "{shown}");
            assert!(!reason.contains("hush"), "{shown}: {reason}");
        }
        for text in ["\"h:x\"", "'h:x'", "h\"x:y", "http://it's:here/"] {
            let (excerpt, _) = line(text.as_bytes()).unwrap().unwrap_err();
            assert_eq!(excerpt, text);
        }
    }

    #[test]
    fn secret_headers_in_the_lists_of_other_programs_are_not_shown() {
        for text in [
            " header=Authorization: Bearer hush",
            "header = \"Cookie: id=hush\"",
            "Authorization: hush",
            "  -H 'cookie: hush' http://h/",
            "proxy-authorization: Basic hush",
        ] {
            let (excerpt, reason) = line(text.as_bytes()).unwrap().unwrap_err();
            assert!(!excerpt.contains("hush"), "{text}: {excerpt}");
            assert!(!reason.contains("hush"), "{text}: {reason}");
        }
    }

    #[test]
    fn of_a_line_too_long_to_be_read_no_secret_is_shown() {
        let long = "p".repeat(MAX_LINE_BYTES);
        let shown = |beginning: &str| {
            let text = format!("{beginning}{long}");
            let bad = too_long(&text.as_bytes()[..MAX_LINE_BYTES], text.len() as u64);
            assert!(!bad.excerpt.contains("hush"), "{beginning}: {bad:?}");
            bad.excerpt.to_string()
        };
        assert_eq!(shown("{\"headers\":{\"A\":\"hush\"},\"url\":\"h/"), "{…}");
        // Its "@" may come behind what was kept: "http://u:hushppp…@host/".
        for beginning in [
            "http://u:hush",
            "u:hush",
            "https://hush",
            "u:hush/",
            "http://u:x@hush",
        ] {
            assert_eq!(shown(beginning), "…");
        }
        let many = "hush".repeat(1000);
        assert_eq!(shown(&format!("http://u:{many}@h/"))[..14], *"http://…@h/p");
        for beginning in ["http://h:8080/", "http://[::1]:80/", "h/", "h:80?"] {
            let excerpt = shown(beginning);
            assert!(excerpt.starts_with(beginning), "{excerpt}");
        }
    }
}
