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
pub fn without_userinfo(text: &str) -> String {
    let Some((before, after)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
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

#[cfg(test)]
mod tests {
    use super::*;

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
