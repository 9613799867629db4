//! One URL: parsed, without its credentials, and safe to show.
//!
//! The one place that decides the meaning of URL text.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use url::Url;

use super::secret::Secret;

/// The longest accepted URL, in bytes of its ASCII form: twice the usual limit of servers, and no more
/// than fits the connection's output buffer together with the headers.
pub const MAX_URL_BYTES: usize = 16_384;

/// The scheme of URL text that states none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DefaultScheme {
    /// `http`, as curl does.
    #[default]
    Http,
    /// `https`.
    Https,
}

impl DefaultScheme {
    fn as_str(self) -> &'static str {
        match self {
            DefaultScheme::Http => "http",
            DefaultScheme::Https => "https",
        }
    }
}

/// A parsed URL whose credentials are kept apart from it.
#[derive(Debug, Clone)]
pub struct Location {
    url: Url,
    text: Arc<str>,
    authorization: Option<Secret>,
}

/// A text that is not a URL that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The text is empty.
    #[error("the URL is empty")]
    Empty,
    /// CR, LF, NUL, tab or another control character inside the URL.
    #[error("control character U+{code:04X} at column {column}; percent-encode it or take it out")]
    Control {
        /// The character's code point.
        code: u32,
        /// Its column, from 1, in characters.
        column: usize,
    },
    /// A scheme other than http and https.
    #[error("scheme \"{0}\" is not supported; use http or https")]
    Scheme(String),
    /// Not a valid URL, for this reason.
    #[error("not a valid URL: {0}")]
    Invalid(&'static str),
    /// A scheme whose colon was forgotten, as in `http//host`.
    #[error("a colon is missing after \"{0}\"")]
    NoColon(&'static str),
    /// Longer than [`MAX_URL_BYTES`].
    #[error("the URL is {0} bytes long; at most {MAX_URL_BYTES} can be sent")]
    TooLong(usize),
}

impl Location {
    /// Parses URL text as a browser does (WHATWG): international names, spaces and non-ASCII
    /// characters are encoded, credentials are taken out and percent-decoded.
    ///
    /// # Errors
    ///
    /// [`UrlError`] says what is wrong with the text.
    pub fn parse(text: &str, default_scheme: DefaultScheme) -> Result<Self, UrlError> {
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        // The URL standard drops tabs and line ends silently. The URL fetched would then differ from the
        // one written.
        if let Some((position, c)) = text.chars().enumerate().find(|(_, c)| c.is_control()) {
            return Err(UrlError::Control {
                code: c.into(),
                column: position + 1,
            });
        }
        if let Some(scheme) = ["http", "https"].iter().find(|s| lacks_colon(text, s)) {
            return Err(UrlError::NoColon(scheme));
        }
        let url = match split_scheme(text) {
            Some(scheme) => {
                if !is_http(scheme) {
                    return Err(UrlError::Scheme(scheme.to_owned()));
                }
                Url::parse(text)
            }
            None => {
                let rest = text.strip_prefix("//").unwrap_or(text);
                Url::parse(&format!("{}://{rest}", default_scheme.as_str()))
            }
        };
        Self::from_url(url.map_err(reason)?)
    }

    /// Parses URL text with the same result as [`parse`](Location::parse), at a third of the cost if the
    /// origin is that of `near`. Consecutive lines of a list often share their origin.
    ///
    /// # Errors
    ///
    /// [`UrlError`] says what is wrong with the text.
    pub fn parse_near(
        text: &str,
        default_scheme: DefaultScheme,
        near: Option<&Location>,
    ) -> Result<Self, UrlError> {
        match near.and_then(|near| near.url.join(near.path_in(text)?).ok()) {
            Some(url) => Self::from_url(url),
            None => Self::parse(text, default_scheme),
        }
    }

    /// The path, query and fragment of the text, if it is a plain URL with the origin of this one.
    fn path_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let path = text.strip_prefix(self.origin())?;
        // No character that is trimmed, dropped or encoded, and no second slash: it would begin a host.
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        let second = path.strip_prefix('/')?.bytes().next();
        (is_plain && !matches!(second, Some(b'/' | b'\\'))).then_some(path)
    }

    /// Resolves a redirect's `Location` against this URL.
    ///
    /// # Errors
    ///
    /// [`UrlError`], as for [`parse`](Location::parse).
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = reference.trim_matches([' ', '\t']);
        let mut url = self.url.join(reference).map_err(reason)?;
        if !is_http(url.scheme()) {
            return Err(UrlError::Scheme(url.scheme().to_owned()));
        }
        // A fragment is kept across a redirect that names none (RFC 9110, 10.2.2).
        if url.fragment().is_none() {
            url.set_fragment(self.url.fragment());
        }
        Self::from_url(url)
    }

    /// A location of its [text](Location::text) and its credentials.
    ///
    /// # Errors
    ///
    /// [`UrlError`], as for [`parse`](Location::parse).
    pub fn restore(text: &str, authorization: Option<Secret>) -> Result<Self, UrlError> {
        let location = Self::parse(text, DefaultScheme::Http)?;
        Ok(Location {
            authorization,
            ..location
        })
    }

    fn from_url(mut url: Url) -> Result<Self, UrlError> {
        let authorization = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(Secret::basic(
                &percent_decode_str(user).collect::<Vec<u8>>(),
                &percent_decode_str(password.unwrap_or("")).collect::<Vec<u8>>(),
            )),
        };
        if authorization.is_some() {
            let removed = url.set_username("").and_then(|()| url.set_password(None));
            debug_assert!(
                removed.is_ok(),
                "an http URL has a host, so it can lose these"
            );
        }
        let length = url.as_str().len();
        if length > MAX_URL_BYTES {
            return Err(UrlError::TooLong(length));
        }
        Ok(Location {
            text: Arc::from(url.as_str()),
            url,
            authorization,
        })
    }

    /// The URL in its ASCII form, without credentials: the one that is sent, and safe to show.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The URL, without credentials.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The `Authorization` header that the URL's credentials ask for.
    pub fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }

    /// True if both have the same scheme, host and port.
    pub fn same_origin(&self, other: &Location) -> bool {
        self.origin() == other.origin()
    }

    /// The origin, scheme, host and port: the beginning of [`text`](Location::text).
    pub fn origin(&self) -> &str {
        &self.text[..self.url[..url::Position::BeforePath].len()]
    }

    /// True for an https URL.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// True for text like `http//…`. Its rest may hold a password, so it is not taken for a path.
fn lacks_colon(text: &str, scheme: &str) -> bool {
    let has = text
        .get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    has && text[scheme.len()..].starts_with("//")
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The scheme that the text states: none in `localhost:8080/x`, `ftp` in `ftp://x`.
fn split_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let mut characters = scheme.chars();
    let is_scheme = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    // "http:/host" is a URL to a browser, and a common slip; "host:80" is not of scheme "host".
    // Browsers take a backslash for a slash in both, and so does the parser behind this.
    let slashes = rest.chars().take_while(|c| matches!(c, '/' | '\\')).count();
    let stated = slashes >= 2 || (is_http(scheme) && slashes == 1);
    (is_scheme && stated).then_some(scheme)
}

fn reason(error: url::ParseError) -> UrlError {
    use url::ParseError as E;
    UrlError::Invalid(match error {
        E::EmptyHost => "there is no host name",
        E::IdnaError => "the host name is not a valid international domain name",
        E::InvalidPort => "the port is not a number from 0 to 65535",
        E::InvalidIpv4Address => "the host is not a valid IPv4 address",
        E::InvalidIpv6Address => "the host is not a valid IPv6 address",
        E::InvalidDomainCharacter => "the host name contains a character that none may contain",
        E::Overflow => "it is too long",
        _ => "it cannot be parsed",
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn parse(text: &str) -> Result<Location, UrlError> {
        Location::parse(text, DefaultScheme::Http)
    }

    /// URLs of which some have the same origin, and some only seem to.
    const NEAR: &[&str] = &[
        "http://h",
        "http://h:8080",
        "http://h:80",
        "http://h:808/a?b",
        "https://h",
        "https://h:443",
        "http://u:p@h",
        "http://H",
        "http://hh",
        "http://[::1]:1",
        "http://1.2.3.4",
        "http://é.example",
        "h:8080",
    ];

    fn shown(text: &str) -> String {
        parse(text).unwrap().text().to_string()
    }

    #[test]
    fn schemeless_text_gets_the_default_scheme() {
        assert_eq!(shown("example.com"), "http://example.com/");
        assert_eq!(shown("localhost:8080/x"), "http://localhost:8080/x");
        assert_eq!(shown("//example.com/x"), "http://example.com/x");
        assert_eq!(
            shown("example.com/?next=https://b/"),
            "http://example.com/?next=https://b/"
        );
        let https = Location::parse("example.com", DefaultScheme::Https).unwrap();
        assert_eq!(&**https.text(), "https://example.com/");
        assert_eq!(shown("HTTP:/example.com"), "http://example.com/");
        assert_eq!(shown("http:\\\\u:p@example.com\\x"), "http://example.com/x");
    }

    #[test]
    fn international_names_spaces_and_unicode_are_encoded() {
        assert_eq!(
            shown("http://bücher.example/"),
            "http://xn--bcher-kva.example/"
        );
        assert_eq!(shown("http://h/a b?c d"), "http://h/a%20b?c%20d");
        assert_eq!(shown("http://h/é"), "http://h/%C3%A9");
        assert_eq!(shown("  http://h/x\t"), "http://h/x");
    }

    #[test]
    fn bad_text_is_refused_with_its_reason() {
        let message = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(message(" "), "the URL is empty");
        assert!(
            message("http://h:99999/").contains("port"),
            "{}",
            message("http://h:99999/")
        );
        assert!(message("http://h:x/").contains("port"));
        assert!(message("http://").contains("no host"));
        assert_eq!(
            message("HTTPS//u:p@h/"),
            "a colon is missing after \"https\""
        );
        assert!(message("http://[::1").contains("IPv6"));
        assert!(message("http://999.1.1.1/").contains("IPv4"));
        assert!(message("ftp://h/").contains("scheme \"ftp\" is not supported"));
        assert!(message("file:///etc/passwd").contains("\"file\""));
        assert!(message("http://h/a\u{0}b").contains("U+0000 at column 11"));
        assert!(message("http://h/a\rb").contains("U+000D"));
        assert!(message("http://h/a\nb").contains("U+000A"));
        assert!(message("http://h/\u{85}").contains("U+0085"));
        assert!(message(&format!("http://h/{}", "a".repeat(70_000))).contains("70009 bytes"));
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let location = parse("http://us%40er:p%3Ass@h/x").unwrap();
        assert_eq!(&**location.text(), "http://h/x");
        assert_eq!(
            location.authorization().unwrap().reveal(),
            &format!("Basic {}", BASE64.encode("us@er:p:ss"))
        );
        let debug = format!("{location:?}");
        for secret in ["us@er", "us%40er", "p:ss", "p%3Ass", "Basic"] {
            assert!(!debug.contains(secret), "{secret} in {debug}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |text: &str| parse(text).unwrap().origin().to_owned();
        assert_eq!(origin("http://u:p@H:80/x?y#z"), "http://h");
        assert_eq!(origin("https://h:8443"), "https://h:8443");
        assert_eq!(origin("http://[::1]:8080/x"), "http://[::1]:8080");
    }

    #[test]
    fn redirects_resolve_relative_to_the_url_and_keep_its_fragment() {
        let base = parse("http://h/a/b?q#part").unwrap();
        let to = |reference: &str| base.join(reference).map(|l| l.text().to_string());
        assert_eq!(to("c").unwrap(), "http://h/a/c#part");
        assert_eq!(to("?x").unwrap(), "http://h/a/b?x#part");
        assert_eq!(to("//other/y").unwrap(), "http://other/y#part");
        assert_eq!(to("/z#own").unwrap(), "http://h/z#own");
        assert_eq!(to("/a b/é").unwrap(), "http://h/a%20b/%C3%A9#part");
        assert_eq!(
            to("file:///etc/passwd"),
            Err(UrlError::Scheme("file".into()))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn parse_near_agrees_with_parse(
            near in select(NEAR),
            origin in select(NEAR),
            rest in "(/|//|\\\\|[?]|#|@|:80|[.]|)[a-z/\\\\.?#@:%&é \t\n\u{7f}]{0,12}",
        ) {
            let near = parse(near).unwrap();
            let text = format!("{origin}{rest}");
            let alone = parse(&text).map(|l| (l.text, l.url, l.authorization));
            let beside = Location::parse_near(&text, DefaultScheme::Http, Some(&near));
            prop_assert_eq!(beside.map(|l| (l.text, l.url, l.authorization)), alone, "{}", text);
        }
    }
}
