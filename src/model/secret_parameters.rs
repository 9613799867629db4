//! Secrets in the query of a URL: signatures of cloud storage, tokens, keys.
//!
//! They are a part of the URL, so that what identifies it (run logs, files, JSON Lines) needs it as it is. Reports that
//! people read and show to others do not.

use percent_encoding::percent_decode_str;

/// The names of parameters whose values are secrets, in lower case and without `-` and `_`: those of presigned URLs
/// (AWS Signature Version 4 and 2, Google Cloud Storage, Azure SAS, CloudFront), of OAuth (RFC 6749, RFC 6750), and
/// what others call a key or a password.
const NAMES: [&str; 38] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "apitoken",
    "auth",
    "authkey",
    "authorization",
    "authtoken",
    "awsaccesskeyid",
    "bearer",
    "clientsecret",
    "credential",
    "idtoken",
    "jwt",
    "key",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "privatetoken",
    "pwd",
    "refreshtoken",
    "secret",
    "secretkey",
    "session",
    "sessionid",
    "sessiontoken",
    "sig",
    "signature",
    "subscriptionkey",
    "token",
    "xamzcredential",
    "xamzsecuritytoken",
    "xamzsignature",
    "xgoogcredential",
    "xgoogsignature",
    "xplextoken",
    "xmssignature",
];

/// What stands in place of a value.
const MASK: &str = "…";

/// The text with `…` in place of the values of secret parameters in the URLs that it has; `None` if it has none.
pub(crate) fn without_secret_values(text: &str) -> Option<String> {
    // Most texts have no parameter, and one is searched for each URL of a run.
    if !text.contains('=') {
        return None;
    }
    let mut masked = String::new();
    // The end of what is in `masked`.
    let mut taken = 0;
    let is_mark = |byte: u8| matches!(byte, b'?' | b'&' | b'#' | b';');
    let bytes = text.as_bytes();
    for (place, _) in bytes.iter().enumerate().filter(|(_, byte)| is_mark(**byte)) {
        // Within a value that is masked.
        if place < taken {
            continue;
        }
        let behind = &text[place + 1..];
        let Some((name, value)) = behind.split_once('=') else {
            break;
        };
        if !is_secret(name) {
            continue;
        }
        let end =
            value.find(|c: char| matches!(c, '&' | '#' | '"' | '<' | '>') || c.is_whitespace());
        let length = end.unwrap_or(value.len());
        if length == 0 {
            continue;
        }
        let start = place + 1 + name.len() + 1;
        masked.push_str(&text[taken..start]);
        masked.push_str(MASK);
        taken = start + length;
    }
    (taken > 0).then(|| {
        masked.push_str(&text[taken..]);
        masked
    })
}

/// Recognises the name of a secret parameter, however its words are joined and whatever is percent-encoded in it.
fn is_secret(name: &str) -> bool {
    /// More than any of the names with its joints, all of it encoded.
    const LONGEST: usize = 120;
    if name.len() > LONGEST {
        return false;
    }
    let name: String = percent_decode_str(name)
        .decode_utf8_lossy()
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | '.'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_parameters_are_masked_and_all_else_stays() {
        for (text, expected) in [
            ("http://h/a?token=hush", "http://h/a?token=…"),
            (
                "http://h/a?x=1&access_token=hush&y=2",
                "http://h/a?x=1&access_token=…&y=2",
            ),
            (
                "https://b.s3/k?X-Amz-Algorithm=A&X-Amz-Credential=hush%2F2026&X-Amz-Date=D&X-Amz-Signature=hush",
                "https://b.s3/k?X-Amz-Algorithm=A&X-Amz-Credential=…&X-Amz-Date=D&X-Amz-Signature=…",
            ),
            (
                "https://h/?X-Goog-Signature=hush#top",
                "https://h/?X-Goog-Signature=…#top",
            ),
            (
                "https://h/?sv=2024&sig=hush%3D&se=1",
                "https://h/?sv=2024&sig=…&se=1",
            ),
            ("h/#access_token=hush&state=1", "h/#access_token=…&state=1"),
            ("h/?API-KEY=hush;KEY=hush", "h/?API-KEY=…"),
            ("h/?%74oken=hush", "h/?%74oken=…"),
            ("h/?token=hush=?key=hush", "h/?token=…"),
            (
                "redirected to http://h/?password=hush (302), http://h/?a=b",
                "redirected to http://h/?password=… (302), http://h/?a=b",
            ),
        ] {
            assert_eq!(
                without_secret_values(text).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in [
            "",
            "http://h/",
            "http://h/token=1",
            "http://h/?tokens=1&monkey=2&x=token=1",
            "http://h/?token=&key",
            "http://h/?token",
            "?",
            "&=1",
            "é?ü=1",
        ] {
            assert_eq!(without_secret_values(text), None, "{text}");
        }
    }
}
