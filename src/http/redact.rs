//! Redaction: headers for reports, without secrets and control characters.

use http::{HeaderMap, HeaderName, header};

use crate::model::target::without_userinfo;
use crate::model::text::escape;

/// The text in place of a secret.
const REDACTED: &str = "…";

/// The headers as pairs for a report, redacted and escaped.
pub(super) fn showable(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            // Every header that a user gave is marked sensitive: any of them may be a key.
            let text = if value.is_sensitive() || is_secret(name) {
                REDACTED.to_owned()
            } else if name == header::LOCATION {
                escape(&without_userinfo(&String::from_utf8_lossy(
                    value.as_bytes(),
                )))
            } else {
                let text = String::from_utf8_lossy(value.as_bytes());
                escape(&without_credentials(&text))
            };
            (name.to_string(), text)
        })
        .collect()
}

/// Headers whose values are secrets. `set-cookie2` is an old form of a cookie, and the last two carry
/// the nonce of a next login.
const SECRET_HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "set-cookie2",
    "authentication-info",
    "proxy-authentication-info",
];

fn is_secret(name: &HeaderName) -> bool {
    SECRET_HEADERS.contains(&name.as_str())
}

/// `text` without the credentials of the URLs in it, such as `Link` and `Refresh` have.
fn without_credentials(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(slashes) = rest.find("//") {
        // Browsers take the text behind any number of slashes for the authority.
        let authority = rest[slashes..].trim_start_matches('/');
        safe.push_str(&rest[..rest.len() - authority.len()]);
        let end = authority.find(|c: char| c.is_whitespace() || "/?#<>\"".contains(c));
        let end = end.unwrap_or(authority.len());
        rest = authority;
        if let Some(at) = authority[..end].rfind('@') {
            safe.push_str(REDACTED);
            rest = &authority[at..];
        }
    }
    safe.push_str(rest);
    safe
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn urls_within_a_text_lose_their_credentials() {
        for (text, shown) in [
            ("plain a@b.example", "plain a@b.example"),
            ("5; url=http://u:p@h/x@y", "5; url=http://…@h/x@y"),
            ("<//u:p@q@h>; a, <https://h/>", "<//…@h>; a, <https://h/>"),
            ("//", "//"),
            ("///u@h", "///…@h"),
            ("http://u:p@h//v:w@x", "http://…@h//…@x"),
        ] {
            assert_eq!(without_credentials(text), shown, "{text}");
        }
    }

    #[test]
    fn secrets_and_controls_are_not_shown() {
        let mut headers = HeaderMap::new();
        let mut key = HeaderValue::from_static("hush");
        key.set_sensitive(true);
        headers.insert("x-api-key", key);
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("id=hush"));
        headers.insert(
            header::LOCATION,
            HeaderValue::from_static("http://u:hush@h/"),
        );
        headers.insert("x-plain", HeaderValue::from_bytes(b"a\xc2\x9bb").unwrap());
        let shown = showable(&headers);
        assert!(!format!("{shown:?}").contains("hush"), "{shown:?}");
        assert!(shown.contains(&("location".to_owned(), "http://…@h/".to_owned())));
        assert!(shown.contains(&("x-plain".to_owned(), "a\\u{9b}b".to_owned())));
    }
}
