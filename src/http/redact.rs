//! Redaction: headers for reports, without secrets and control characters.

use http::{HeaderMap, Request};

use super::transport::head::ResponseHead;
use crate::model::target::without_userinfo;
use crate::model::text::escape;

/// The text in place of a secret.
const REDACTED: &str = "…";

/// Headers whose values are secrets although their names, by [`hints_at_secret`], do not say so.
/// `authentication-info` carries the nonce of a next login.
const SECRET_HEADERS: [&str; 2] = ["authentication-info", "proxy-authentication-info"];

/// Parts of names whose values are secrets, wherever in the name they stand: a name is not always split
/// into words (`X-AuthToken`).
const SECRET_PARTS: [&str; 15] = [
    "token",
    "secret",
    "passw",
    "passphrase",
    "passcode",
    "credential",
    "cookie",
    "session",
    "authorization",
    "apikey",
    "accesskey",
    "signature",
    "jwt",
    "csrf",
    "xsrf",
];

/// Words of names whose values are secrets; as parts they stand in other words, too.
const SECRET_WORDS: [&str; 9] = [
    "auth",
    "key",
    "pass",
    "pwd",
    "sid",
    "otp",
    "nonce",
    "assertion",
    "saml",
];

/// Names that have such a part or word, and values that are no secrets.
const PUBLIC_HEADERS: [&str; 8] = [
    "cache-key",
    "x-cache-key",
    "surrogate-key",
    "xkey",
    "public-key-pins",
    "public-key-pins-report-only",
    "sec-websocket-key",
    "access-control-allow-credentials",
];

/// A request's headers as pairs for a report, redacted and escaped.
pub(super) fn showable(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            // Every header that a user gave is marked sensitive: any of them may be a key.
            let text = if value.is_sensitive() {
                REDACTED.to_owned()
            } else {
                showable_value(name.as_str(), value.as_bytes())
            };
            (name.to_string(), text)
        })
        .collect()
}

/// The head of a request for an archive: without the headers that are secret, and those that the user gave, of
/// which any may be.
pub(super) fn archived_request(request: &Request<()>) -> Vec<u8> {
    let target = request.uri().path_and_query();
    let target = target.map_or("/", |target| target.as_str());
    let mut head = format!("{} {target} HTTP/1.1\r\n", request.method()).into_bytes();
    for (name, value) in request.headers() {
        if !value.is_sensitive() && !is_secret_name(name.as_str()) {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// A response's headers as pairs for a report, as they came, redacted and escaped.
pub(super) fn showable_response(head: &ResponseHead) -> Vec<(String, String)> {
    let fields = head.fields().map(|(name, value)| {
        let name = String::from_utf8_lossy(name);
        (escape(&name), showable_value(&name, value))
    });
    fields.collect()
}

fn showable_value(name: &str, value: &[u8]) -> String {
    let name = name.to_ascii_lowercase();
    let text = String::from_utf8_lossy(value);
    if is_secret_name(&name) {
        REDACTED.to_owned()
    } else if name == "location" {
        escape(&without_userinfo(&text))
    } else {
        escape(&without_credentials(&text))
    }
}

/// True if the values of this header, in lower case, are secrets.
pub(crate) fn is_secret_name(name: &str) -> bool {
    SECRET_HEADERS.contains(&name) || (hints_at_secret(name) && !PUBLIC_HEADERS.contains(&name))
}

fn hints_at_secret(name: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || words.any(|word| SECRET_WORDS.contains(&word))
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
    fn a_location_is_a_url_and_other_values_may_hold_some() {
        for (name, value, shown) in [
            ("Location", "http://u:p@h/", "http://…@h/"),
            ("Location", "http:/u:p@h/", "http:/…@h/"),
            ("location", "u:p@h", "…@h"),
            ("Refresh", "5; url=http://u:p@h/", "5; url=http://…@h/"),
            ("From", "a@b.example", "a@b.example"),
            ("Cookie", "a=1", REDACTED),
        ] {
            let found = showable_value(name, value.as_bytes());
            assert_eq!(found, shown, "{name}: {value}");
        }
    }

    #[test]
    fn headers_that_look_like_secrets_are_hidden_and_others_are_not() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Authentication-Info",
            "Cookie",
            "Set-Cookie",
            "set-cookie2",
            "X-Auth-Token",
            "X-AuthToken",
            "X-Subject-Token",
            "X-Amz-Security-Token",
            "X-CSRF-Token",
            "X_XSRF",
            "X-Auth",
            "X-Auth-Key",
            "X-Api-Key",
            "Api_Key",
            "X-ApiKey",
            "X-Session-Id",
            "X-JWT-Assertion",
            "X-Client-Secret",
            "X-Password",
            "X-Amz-Signature",
            "Replay-Nonce",
        ] {
            assert!(is_secret_name(&name.to_ascii_lowercase()), "{name}");
        }
        for name in [
            "ETag",
            "Content-Type",
            "Cache-Control",
            "WWW-Authenticate",
            "Proxy-Authenticate",
            "Author",
            "X-Authority",
            "X-Keyboard",
            "Keep-Alive",
            "Surrogate-Key",
            "X-Cache-Key",
            "Access-Control-Allow-Credentials",
            "Access-Control-Expose-Headers",
            "Content-Security-Policy",
            "Public-Key-Pins",
            "X-Request-Id",
            "Server-Timing",
            "Location",
        ] {
            assert!(!is_secret_name(&name.to_ascii_lowercase()), "{name}");
        }
    }

    #[test]
    fn a_response_is_shown_without_what_looks_like_a_secret() {
        let head = ResponseHead::of(
            200,
            &[
                ("X-Auth-Token", "hush"),
                ("Location", "http://u:hush@h/"),
                ("Link", "<http://u:hush@h/>"),
                ("X-Plain", "a\u{9b}b"),
            ],
        );
        let shown = showable_response(&head);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            shown,
            [
                pair("X-Auth-Token", "…"),
                pair("Location", "http://…@h/"),
                pair("Link", "<http://…@h/>"),
                pair("X-Plain", "a\\u{9b}b"),
            ]
        );
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
