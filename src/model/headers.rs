//! Request headers as users write them, checked once, when they are read.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::model::text::{escape, excerpt};

/// Headers that describe the framing of a message or the protocol of a connection. Set by a user, they
/// would make the request invalid, or the server wait for a body that does not come.
const RESERVED: [&str; 6] = [
    "content-length",
    "transfer-encoding",
    "expect",
    "upgrade",
    "te",
    "trailer",
];

/// Headers whose value ureq reads as text.
const ASCII: [HeaderName; 2] = [header::HOST, header::AUTHORIZATION];

/// A header that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A text without a colon.
    #[error("a header is written 'Name: value'; there is no colon")]
    NoColon,
    /// An empty name, or one with a character that no name may have.
    #[error("\"{0}\" is not a header name")]
    Name(String),
    /// A header in quotes, which a shell or a file has left there.
    #[error("the header begins with a quote; take the quotes out")]
    Quoted,
    /// A value with CR, LF, NUL or another control character. The value itself is not shown: it may be a
    /// secret.
    #[error("the value of {0} has a control character in it")]
    Value(String),
    /// A value with a character that is not ASCII, of a header that ureq reads as text.
    #[error("the value of {0} has a character that is not ASCII")]
    NotAscii(String),
    /// A second header of a name that a request may have once.
    #[error("{0} is given twice; a request has one")]
    Twice(String),
    /// A header that no request may lack.
    #[error("{0} cannot be removed: every request has it")]
    Required(String),
    /// A header that pfetch sets itself.
    #[error("{0} cannot be set: pfetch sends requests without a body over HTTP/1.1 only")]
    Reserved(String),
}

/// A header as an option gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenHeader {
    /// Sent with this value. It takes the place of the one that pfetch would send.
    Sent(HeaderName, HeaderValue),
    /// Not sent, although pfetch would send one by itself.
    Removed {
        /// Its name.
        name: HeaderName,
        /// True if there is a blank behind the colon, and so perhaps was to be a value.
        has_blank: bool,
    },
}

impl GivenHeader {
    /// The header's name, in lower case.
    pub fn name(&self) -> &str {
        match self {
            GivenHeader::Sent(name, _) | GivenHeader::Removed { name, .. } => name.as_str(),
        }
    }
}

/// Parses `Name: value`, or as curl does `Name:`, which removes a header, and `Name;`, which sends an empty
/// one. The value need not be UTF-8: its bytes are sent as they are.
///
/// # Errors
///
/// [`HeaderError`] says what is wrong with it.
pub fn parse(text: &[u8]) -> Result<GivenHeader, HeaderError> {
    // An apostrophe may begin a name (RFC 9110, 5.6.2), and begins none that is in use.
    if matches!(trim_blanks(text), [b'\'' | b'"', ..]) {
        return Err(HeaderError::Quoted);
    }
    let Some(colon) = text.iter().position(|byte| *byte == b':') else {
        let name = trim_blanks(text).strip_suffix(b";");
        let (name, value) = new(name.ok_or(HeaderError::NoColon)?, b"")?;
        return Ok(GivenHeader::Sent(name, value));
    };
    let (name, value) = (&text[..colon], &text[colon + 1..]);
    if !trim_blanks(value).is_empty() {
        return new(name, value).map(|(name, value)| GivenHeader::Sent(name, value));
    }
    let name = parse_name(name)?;
    if name == header::HOST {
        return Err(HeaderError::Required(name.to_string()));
    }
    Ok(GivenHeader::Removed {
        name,
        has_blank: !value.is_empty(),
    })
}

/// Makes a header from its name and value.
///
/// # Errors
///
/// [`HeaderError`] says what is wrong with it.
pub fn new(name: &[u8], value: &[u8]) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let name = parse_name(name)?;
    if RESERVED.contains(&name.as_str()) {
        return Err(HeaderError::Reserved(escape(name.as_str())));
    }
    let mut value = HeaderValue::from_bytes(trim_blanks(value))
        .map_err(|_| HeaderError::Value(name.to_string()))?;
    if ASCII.contains(&name) && value.to_str().is_err() {
        return Err(HeaderError::NotAscii(name.to_string()));
    }
    // Any of a user's headers may be a key, so none is ever shown.
    value.set_sensitive(true);
    Ok((name, value))
}

fn parse_name(name: &[u8]) -> Result<HeaderName, HeaderError> {
    let name = name.trim_ascii();
    HeaderName::from_bytes(name)
        .map_err(|_| HeaderError::Name(excerpt(&String::from_utf8_lossy(name), 60)))
}

/// The value without the blanks around it. Line ends are none: they are refused.
fn trim_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Adds a header to those of one request. A cookie joins those that are there: a request has one such header at most
/// (RFC 6265, 5.4), and some servers read no more than the first.
///
/// # Errors
///
/// [`HeaderError::Twice`] if a request with both could not be sent.
pub fn add(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), HeaderError> {
    if name == header::COOKIE
        && let Some(given) = headers.get_mut(&name)
    {
        *given = joined_cookies(given, &value)?;
        return Ok(());
    }
    if headers.append(&name, value) && name == header::HOST {
        return Err(HeaderError::Twice(name.to_string()));
    }
    Ok(())
}

/// Joins two `Cookie` values, of which either may be empty. A separator that the user wrote at the end of the first is
/// not doubled.
fn joined_cookies(one: &HeaderValue, other: &HeaderValue) -> Result<HeaderValue, HeaderError> {
    let mut joined = one.as_bytes().to_vec();
    while joined
        .last()
        .is_some_and(|last| matches!(last, b';' | b' '))
    {
        joined.pop();
    }
    if !joined.is_empty() && !other.is_empty() {
        joined.extend_from_slice(b"; ");
    }
    joined.extend_from_slice(other.as_bytes());
    let mut value = HeaderValue::from_bytes(&joined)
        .map_err(|_| HeaderError::Value(header::COOKIE.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_split_and_trimmed() {
        let Ok(GivenHeader::Sent(name, value)) = parse(b"X-Key: \t a: b ") else {
            panic!("a header with a value is sent");
        };
        assert_eq!((name.as_str(), value.as_bytes()), ("x-key", &b"a: b"[..]));
        assert_eq!(format!("{value:?}"), "Sensitive");
        let Ok(GivenHeader::Sent(_, value)) = parse(b"X-Key: caf\xe9 \x80") else {
            panic!("a value need not be UTF-8");
        };
        assert_eq!(value.as_bytes(), b"caf\xe9 \x80");
    }

    #[test]
    fn a_colon_without_a_value_removes_and_a_semicolon_sends_an_empty_one() {
        for (text, name, has_blank) in [
            ("Accept:", "accept", false),
            ("user-agent: \t", "user-agent", true),
            ("Expect:", "expect", false),
            ("X-None: ", "x-none", true),
        ] {
            let name = HeaderName::from_static(name);
            let removed = GivenHeader::Removed { name, has_blank };
            assert_eq!(parse(text.as_bytes()), Ok(removed), "{text}");
        }
        for text in ["X-Empty;", "X-Empty ; "] {
            let Ok(GivenHeader::Sent(name, value)) = parse(text.as_bytes()) else {
                panic!("{text}: {:?}", parse(text.as_bytes()));
            };
            assert_eq!((name.as_str(), value.as_bytes()), ("x-empty", &b""[..]));
        }
        for (text, error) in [
            ("Host:", HeaderError::Required("host".to_owned())),
            ("Expect;", HeaderError::Reserved("expect".to_owned())),
            (";", HeaderError::Name(String::new())),
            ("A;b", HeaderError::NoColon),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(error), "{text}");
        }
    }

    #[test]
    fn cookies_are_joined_to_one_header_and_other_headers_are_not() {
        let joined = |given: &[&str]| {
            let mut headers = HeaderMap::new();
            for text in given {
                let Ok(GivenHeader::Sent(name, value)) = parse(text.as_bytes()) else {
                    panic!("{text} is sent");
                };
                add(&mut headers, name, value).expect("any number of these");
            }
            let shown = headers.iter().map(|(name, value)| {
                assert!(value.is_sensitive(), "{name} of {given:?}");
                format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
            });
            shown.collect::<Vec<_>>().join("\n")
        };
        for (given, expected) in [
            (&["Cookie: a=1"][..], "cookie: a=1"),
            (
                &["Cookie: a=1", "cookie: b=2", "COOKIE: c=3"],
                "cookie: a=1; b=2; c=3",
            ),
            (&["Cookie: a=1;", "Cookie: b=2; "], "cookie: a=1; b=2;"),
            (&["Cookie;", "Cookie: b=2"], "cookie: b=2"),
            (&["Cookie: a=1", "Cookie;"], "cookie: a=1"),
            (
                &["Cookie: a=caf\u{e9}", "Cookie: b=2"],
                "cookie: a=caf\u{e9}; b=2",
            ),
            (&["X-A: 1", "X-A: 2"], "x-a: 1\nx-a: 2"),
        ] {
            assert_eq!(joined(given), expected, "{given:?}");
        }
    }

    #[test]
    fn header_injection_is_refused_and_secrets_are_not_repeated() {
        let message = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
        assert!(message("no colon").contains("no colon"));
        assert!(message(": x").contains("\"\" is not a header name"));
        assert!(message("a b: x").contains("\"a b\" is not"));
        for quoted in ["'X-Key: hush'", "\"X-Key: hush\"", " 'X-Key:'"] {
            assert_eq!(
                message(quoted),
                "the header begins with a quote; take the quotes out"
            );
        }
        assert!(parse(b"X-Key: 'a'").is_ok());
        for bad in ["X-Key: hush\r\nEvil: 1", "X-Key: hush\n", "X-Key: hu\0sh"] {
            let message = message(bad);
            assert!(message.contains("x-key has a control"), "{message}");
            assert!(!message.contains("hu"), "{message}");
        }
        assert!(message("Content-Length: 5").contains("content-length cannot be set"));
        assert!(message("Host: é").contains("host has a character that is not ASCII"));
    }
}
