//! Headers that can be shown: without secrets, without control characters.

use http::{HeaderMap, HeaderName, header};

use crate::target::without_userinfo;
use crate::text::escape;

/// What stands where a secret is left out.
const LEFT_OUT: &str = "…";

/// The headers as pairs for a report.
pub(super) fn showable(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            // Every header that a user gave is marked sensitive: any of them may be a key.
            let text = if value.is_sensitive() || is_secret(name) {
                LEFT_OUT.to_owned()
            } else if name == header::LOCATION {
                escape(&without_userinfo(&String::from_utf8_lossy(
                    value.as_bytes(),
                )))
            } else {
                escape(&String::from_utf8_lossy(value.as_bytes()))
            };
            (name.to_string(), text)
        })
        .collect()
}

fn is_secret(name: &HeaderName) -> bool {
    [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
        header::SET_COOKIE,
    ]
    .contains(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

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
