//! Redaction: headers for reports, without secrets and control characters.

use http::HeaderMap;

use super::transport::head::ResponseHead;
use crate::model::target::without_userinfo;
use crate::model::text::escape;

/// The text in place of a secret.
const REDACTED: &str = "…";

/// A request's headers as pairs for a report, redacted and escaped.
pub(super) fn request_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let pairs = headers.iter().map(|(name, value)| {
        // Every header that a user gave is marked sensitive: any of them may be a key.
        let value = (!value.is_sensitive()).then(|| value.as_bytes());
        showable(name.as_str().as_bytes(), value)
    });
    pairs.collect()
}

/// A response's headers as pairs for a report, as they came, redacted and escaped.
pub(super) fn response_headers(head: &ResponseHead) -> Vec<(String, String)> {
    let fields = head.fields();
    fields
        .map(|(name, value)| showable(name, Some(value)))
        .collect()
}

/// One header for a report; `None` for a secret value.
fn showable(name: &[u8], value: Option<&[u8]>) -> (String, String) {
    let text = match value.filter(|_| !is_secret(name)) {
        None => REDACTED.to_owned(),
        Some(value) => {
            let text = String::from_utf8_lossy(value);
            escape(&if name.eq_ignore_ascii_case(b"location") {
                without_userinfo(&text)
            } else {
                without_credentials(&text).into()
            })
        }
    };
    (escape(&String::from_utf8_lossy(name)), text)
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

fn is_secret(name: &[u8]) -> bool {
    let is_named = |known: &&str| known.as_bytes().eq_ignore_ascii_case(name);
    SECRET_HEADERS.iter().any(|known| is_named(&known))
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
    use http::{HeaderValue, header};

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
        let shown = request_headers(&headers);
        assert!(!format!("{shown:?}").contains("hush"), "{shown:?}");
        assert!(shown.contains(&("location".to_owned(), "http://…@h/".to_owned())));
        assert!(shown.contains(&("x-plain".to_owned(), "a\\u{9b}b".to_owned())));
    }
}
