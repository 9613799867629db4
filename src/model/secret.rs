//! Secrets: credentials that are sent and never shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;

/// A secret header value: its `Debug` form hides it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(HeaderValue);

impl Secret {
    /// The value of an `Authorization` header for Basic authentication (RFC 7617).
    pub fn basic(user: &[u8], password: &[u8]) -> Self {
        let pair = [user, b":", password].concat();
        let text = format!("Basic {}", BASE64.encode(pair));
        let mut value = HeaderValue::try_from(text).expect("base64 is ASCII without controls");
        value.set_sensitive(true);
        Secret(value)
    }

    /// A secret that was [revealed](Secret::reveal) before.
    ///
    /// # Errors
    ///
    /// If no header can have this value.
    pub fn from_header(value: &[u8]) -> Result<Self, http::header::InvalidHeaderValue> {
        let mut value = HeaderValue::from_bytes(value)?;
        value.set_sensitive(true);
        Ok(Secret(value))
    }

    /// The value itself, for the request.
    pub fn reveal(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Removes everything between the scheme and the last `@`. Text that failed to parse as a URL may
/// still carry a password, so it passes through here before it is shown.
///
/// An address of mail or chat (`mailto:a@b.example`) has a name before its `@`, and stays as it is.
pub fn without_userinfo(text: &str) -> String {
    let Some((before, after)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    if is_address(text) {
        return text.to_owned();
    }
    // Only the text before the slashes (or backslashes) of a scheme is safe.
    let is_slash = |c: char| c == '/' || c == '\\';
    let kept = match before.split_once(':') {
        Some((_, rest)) if rest.starts_with(is_slash) => {
            &before[..before.len() - rest.trim_start_matches(is_slash).len()]
        }
        _ if before.starts_with("//") => "//",
        _ => "",
    };
    format!("{kept}…@{after}")
}

/// Schemes of which an `@` stands in an address: of mail (RFC 6068), chat (RFC 5122), calls (RFC 3261), accounts (RFC
/// 7565), and messages and their parts (RFC 2392).
const ADDRESS_SCHEMES: [&str; 9] = [
    "mailto", "xmpp", "sip", "sips", "im", "pres", "acct", "mid", "cid",
];

/// Recognises a single address of such a scheme that has no password. A call's may have one, behind a colon.
fn is_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    // A colon or a slash is a password's, a port's, a path's, or another URL's: then the name of the scheme may be
    // that of a user, `mailto:password@host:80`.
    let is_plain = !rest.contains([':', '/', '\\']) && !rest.contains(char::is_whitespace);
    let mut schemes = ADDRESS_SCHEMES.iter();
    is_plain && schemes.any(|known| known.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_mail_or_chat_has_no_credentials() {
        for text in [
            "mailto:a@b.example",
            "MailTo:a@b.example,c@d.example?subject=x&cc=e@f.example",
            "xmpp:a@b.example",
            "sip:a@b.example",
            "cid:1@b.example",
        ] {
            assert_eq!(without_userinfo(text), text);
        }
        for (text, expected) in [
            ("mailto:a:hush@b.example", "…@b.example"),
            ("mailto:a@b.example http://u:hush@h/", "…@h/"),
            ("mailto:a@b.example\thttp:u:hush@h", "…@h"),
            ("mailto:a@b.example?x=http://u:hush@h/", "…@h/"),
            ("mailto://u:hush@h/", "mailto://…@h/"),
            ("sip:a:hush@b.example", "…@b.example"),
            ("mailto:hush@h:80", "…@h:80"),
            ("mailto:hush@h/path", "…@h/path"),
            ("sip:hush/x@b.example", "…@b.example"),
            ("mailto:?x=http:u:hush@h", "…@h"),
            ("u:hush@b.example", "…@b.example"),
        ] {
            assert_eq!(without_userinfo(text), expected, "{text}");
        }
    }

    #[test]
    fn text_that_is_no_url_loses_its_credentials_before_it_is_shown() {
        assert_eq!(without_userinfo("http://u:p@h:99999/"), "http://…@h:99999/");
        assert_eq!(without_userinfo("u:p/q@h:x"), "…@h:x");
        assert_eq!(without_userinfo("http:\\\\u:p@h:x"), "http:\\\\…@h:x");
        assert_eq!(without_userinfo("http:/u:p@h:x"), "http:/…@h:x");
        assert_eq!(without_userinfo("//u:p@h:x"), "//…@h:x");
        assert_eq!(without_userinfo("u:p//q@h:x"), "…@h:x");
        assert_eq!(without_userinfo("https//u:p@h/x"), "…@h/x");
        assert_eq!(without_userinfo("http://h:x/"), "http://h:x/");
    }
}
