//! One URL: parsed, without its credentials, and safe to show.
//!
//! The one place that decides the meaning of URL text. Zones of IPv6 addresses (RFC 6874), which the URL
//! standard does not have, are kept apart from the URL: they are part of its text and of its origin, since
//! they say which machine is meant, and of nothing that a server is told.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use percent_encoding::percent_decode_str;
use url::{Position, Url};

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
///
/// Held as its text, because a [`Url`] beside it would make each target 88 bytes larger and is needed for
/// few of them.
#[derive(Clone)]
pub struct Location {
    text: Arc<str>,
    authorization: Option<Box<Secret>>,
    /// `text` without the zone, parsed once it has been asked for.
    url: OnceLock<Box<Url>>,
    /// The length of scheme, host and port, with which `text` begins.
    origin_length: u16,
    /// The bytes of the zone in the text, with its mark.
    zone: u8,
    is_https: bool,
}

/// The length of an origin, with a zone, is a `u16`.
const _: () = assert!(MAX_URL_BYTES + u8::MAX as usize <= u16::MAX as usize);

/// The beginning of a zone, which ends with the address's bracket (RFC 6874, 2).
const ZONE_MARK: &str = "%25";

/// The longest zone: more than the name of an interface may have on any system.
const MAX_ZONE_BYTES: usize = 64;

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
    /// An IPv6 address with something else than a zone behind its percent sign.
    #[error(
        "behind the % of an IPv6 address stands the name or the number of a network interface, as in \
         [fe80::1%25eth0]"
    )]
    Zone,
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
        let text = match split_scheme(text) {
            Some(scheme) if !is_http(scheme) => return Err(UrlError::Scheme(scheme.to_owned())),
            Some(_) => Cow::Borrowed(text),
            None => {
                let rest = text.strip_prefix("//").unwrap_or(text);
                Cow::Owned(format!("{}://{rest}", default_scheme.as_str()))
            }
        };
        match split_zone(&text) {
            None => Self::from_url(Url::parse(&text).map_err(reason)?, ""),
            Some((text, zone)) => {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if zone.is_empty() || zone.len() > MAX_ZONE_BYTES || !zone.bytes().all(is_plain) {
                    return Err(UrlError::Zone);
                }
                Self::from_url(Url::parse(&text).map_err(reason)?, zone)
            }
        }
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
        let Some((near, path)) = near.and_then(|near| Some((near, near.path_in(text)?))) else {
            return Self::parse(text, default_scheme);
        };
        if is_serialised(path) && text.len() <= MAX_URL_BYTES {
            return Ok(Location {
                text: Arc::from(text),
                authorization: None,
                url: OnceLock::new(),
                ..*near
            });
        }
        match near.url().join(path) {
            Ok(url) => Self::from_url(url, near.zone()),
            Err(_) => Self::parse(text, default_scheme),
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

    /// Resolves a redirect's `Location` against this URL. Within its origin, it keeps this URL's credentials
    /// if it has none of its own: a relative reference is resolved to a URL with them.
    ///
    /// # Errors
    ///
    /// [`UrlError`], as for [`parse`](Location::parse).
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = reference.trim_matches([' ', '\t']);
        let mut url = self.url().join(reference).map_err(reason)?;
        if !is_http(url.scheme()) {
            return Err(UrlError::Scheme(url.scheme().to_owned()));
        }
        // A fragment is kept across a redirect that names none (RFC 9110, 10.2.2).
        if url.fragment().is_none() {
            url.set_fragment(self.url().fragment());
        }
        // A server does not know its address's zone here, and may name none.
        let zone = match url.host() == self.url().host() {
            true => self.zone(),
            false => "",
        };
        let mut location = Self::from_url(url, zone)?;
        if location.authorization.is_none() && location.same_origin(self) {
            location.authorization.clone_from(&self.authorization);
        }
        Ok(location)
    }

    /// A location of its [text](Location::text) and its credentials.
    ///
    /// # Errors
    ///
    /// [`UrlError`], as for [`parse`](Location::parse).
    pub fn restore(text: &str, authorization: Option<Secret>) -> Result<Self, UrlError> {
        let location = Self::parse(text, DefaultScheme::Http)?;
        Ok(Location {
            authorization: authorization.map(Box::new),
            ..location
        })
    }

    fn from_url(mut url: Url, zone: &str) -> Result<Self, UrlError> {
        let authorization = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(Box::new(Secret::basic(
                &percent_decode_str(user).collect::<Vec<u8>>(),
                &percent_decode_str(password.unwrap_or("")).collect::<Vec<u8>>(),
            ))),
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
        let text: Arc<str> = match zone {
            "" => Arc::from(url.as_str()),
            zone => {
                let bracket = url[..Position::AfterHost].len() - 1;
                let (before, after) = url.as_str().split_at(bracket);
                Arc::from(format!("{before}{ZONE_MARK}{zone}{after}"))
            }
        };
        let zone = text.len() - length;
        let origin = url[..Position::BeforePath].len() + zone;
        Ok(Location {
            origin_length: u16::try_from(origin)
                .expect("no longer than the URL and a zone, whose maximum fits"),
            zone: u8::try_from(zone).expect("a zone and its mark have fewer than 256 bytes"),
            is_https: url.scheme() == "https",
            text,
            authorization,
            url: OnceLock::new(),
        })
    }

    /// The zone of an IPv6 address; empty if there is none.
    fn zone(&self) -> &str {
        let marked = &self.text[self.marked_zone()];
        marked.strip_prefix(ZONE_MARK).unwrap_or_default()
    }

    /// The place of the zone and its mark in the text. It is empty if there is none.
    fn marked_zone(&self) -> std::ops::Range<usize> {
        let bracket = match self.zone {
            0 => 0,
            _ => self.origin().rfind(']').unwrap_or_default(),
        };
        bracket.saturating_sub(self.zone.into())..bracket
    }

    /// The URL in its ASCII form, without credentials: the one that is sent, and safe to show.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The URL, without credentials and zone. The first call parses it again.
    pub fn url(&self) -> &Url {
        self.url.get_or_init(|| {
            let zone = self.marked_zone();
            let url = if zone.is_empty() {
                Url::parse(&self.text)
            } else {
                let (before, after) = (&self.text[..zone.start], &self.text[zone.end..]);
                Url::parse(&format!("{before}{after}"))
            };
            Box::new(url.expect("a URL's serialisation parses to that URL (WHATWG URL, 4.5)"))
        })
    }

    /// The `Authorization` header that the URL's credentials ask for.
    pub fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_deref()
    }

    /// True if both have the same scheme, host and port.
    pub fn same_origin(&self, other: &Location) -> bool {
        self.origin() == other.origin()
    }

    /// The origin, scheme, host and port: the beginning of [`text`](Location::text).
    pub fn origin(&self) -> &str {
        &self.text[..usize::from(self.origin_length)]
    }

    /// Host and port as a server is told them (`Host`; RFC 9110, 7.2): without the port that is the
    /// scheme's own, and without a zone, which means something on this machine only (RFC 6874, 4).
    pub fn authority(&self) -> &str {
        if self.zone > 0 {
            return &self.url()[Position::BeforeHost..Position::AfterPort];
        }
        let scheme = if self.is_https { "https://" } else { "http://" };
        &self.origin()[scheme.len()..]
    }

    /// The host in its ASCII form, an IPv6 address in brackets and without a zone.
    pub fn host(&self) -> &str {
        self.host_and_port().0
    }

    /// The port, if it is not the default of the scheme.
    pub fn port(&self) -> Option<u16> {
        self.host_and_port().1
    }

    /// The path, percent-encoded, without query and fragment. It begins with a slash.
    pub fn path(&self) -> &str {
        let rest = &self.text[usize::from(self.origin_length)..];
        rest.split(['?', '#']).next().unwrap_or(rest)
    }

    /// True for an https URL.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    fn host_and_port(&self) -> (&str, Option<u16>) {
        let authority = self.authority();
        // The colons of an IPv6 address stand before its bracket, so what follows the last is no port.
        let split = authority.rsplit_once(':');
        match split.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Location")
            .field("text", &self.text)
            .field("authorization", &self.authorization)
            .finish_non_exhaustive()
    }
}

/// True for a path with its query that the URL parser would leave as it is: no character that it encodes, no
/// fragment, and no segment that may be a dot.
fn is_serialised(path: &str) -> bool {
    /// By byte: each line of a list is asked.
    const PLAIN: [bool; 256] = {
        let mut plain = [false; 256];
        let mut byte = 0;
        while byte < 128_u8 {
            plain[byte as usize] = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'/' | b'?' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'
                )
                || matches!(
                    byte,
                    b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@'
                );
            byte += 1;
        }
        plain
    };
    let mut last = b' ';
    path.bytes().all(|byte| {
        let is_dot_segment = byte == b'.' && last == b'/';
        last = byte;
        PLAIN[usize::from(byte)] && !is_dot_segment
    })
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

/// Takes the zone of an IPv6 address out of the text of a URL. Its mark is `%25` (RFC 6874), or the `%` of
/// everywhere else.
fn split_zone(text: &str) -> Option<(String, &str)> {
    let (_, rest) = text.split_once(':')?;
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (address, _) = host.strip_prefix('[')?.split_once(']')?;
    let (address, marked) = address.split_once('%')?;
    let zone = marked.strip_prefix("25").filter(|zone| !zone.is_empty());
    // The position of the host in the text: what stands before it, and the address's bracket.
    let start = text.len() - rest.len() + authority.len() - host.len() + 1 + address.len();
    let end = start + 1 + marked.len();
    let without = format!("{}{}", &text[..start], &text[end..]);
    Some((without, zone.unwrap_or(marked)))
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
        "http://[fe80::1%25eth0]:1",
        "http://[fe80::1%eth1]:1",
        "http://[fe80::1]:1",
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
    fn redirects_keep_credentials_within_an_origin_only() {
        let base = parse("http://u:p@h/a").unwrap();
        let credentials = |reference: &str| base.join(reference).unwrap().authorization;
        for same in ["/b", "?q", "//h/b", "http://h:80/b"] {
            assert_eq!(credentials(same), base.authorization, "{same}");
        }
        for other in ["//x/b", "https://h/b", "http://h:81/b"] {
            assert_eq!(credentials(other), None, "{other}");
        }
        let own = parse("http://v:w@h/").unwrap().authorization;
        assert_eq!(credentials("http://v:w@h/b"), own);
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

    #[test]
    fn a_zone_is_of_the_text_and_the_origin_and_not_of_what_servers_are_told() {
        for (text, shown, origin) in [
            (
                "http://[fe80::1%25eth0]/x",
                "http://[fe80::1%25eth0]/x",
                "http://[fe80::1%25eth0]",
            ),
            (
                "http://[FE80::0:1%eth0]",
                "http://[fe80::1%25eth0]/",
                "http://[fe80::1%25eth0]",
            ),
            (
                "[fe80::1%en0.1]:8080/a%25b?q#[%25]",
                "http://[fe80::1%25en0.1]:8080/a%25b?q#[%25]",
                "http://[fe80::1%25en0.1]:8080",
            ),
            (
                "https:\\\\u:p@[fe80::1%2]:443",
                "https://[fe80::1%252]/",
                "https://[fe80::1%252]",
            ),
            // As curl reads it: there is nothing behind "25".
            (
                "http://[fe80::1%25]/",
                "http://[fe80::1%2525]/",
                "http://[fe80::1%2525]",
            ),
        ] {
            let location = parse(text).unwrap();
            assert_eq!(&**location.text(), shown, "{text}");
            assert_eq!(location.origin(), origin, "{text}");
            assert!(!location.authority().contains('%'), "{text}");
            assert!(
                !location.url().origin().ascii_serialization().contains('%'),
                "{text}"
            );
        }
        assert_eq!(
            parse("http://[fe80::1%25eth0]:81/").unwrap().authority(),
            "[fe80::1]:81"
        );
        let (one, other) = ("http://[fe80::1%25eth0]/", "http://[fe80::1%25eth1]/");
        assert!(!parse(one).unwrap().same_origin(&parse(other).unwrap()));
        for bad in [
            "http://[fe80::1%]/",
            "http://[fe80::1%25eth0/x]/",
            "http://[fe80::1%eth 0]/",
            "http://[fe80::1%25a%20b]/",
            "http://[fe80::1%25é]/",
            "http://[fe80::1%25a@b]/",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let long = format!("http://[fe80::1%25{}]/", "a".repeat(MAX_ZONE_BYTES + 1));
        assert_eq!(parse(&long).unwrap_err(), UrlError::Zone);
        let error = parse("http://[fe80::x%25eth0]/").unwrap_err().to_string();
        assert!(error.contains("IPv6"), "{error}");
    }

    #[test]
    fn a_zone_is_kept_across_redirects_to_its_address_and_taken_from_none() {
        let base = parse("http://[fe80::1%25eth0]:81/a?q#part").unwrap();
        let to = |reference: &str| base.join(reference).map(|l| l.text().to_string());
        assert_eq!(to("/b").unwrap(), "http://[fe80::1%25eth0]:81/b#part");
        // The server does not know that it has one.
        let own = to("https://[fe80::1]:444/b").unwrap();
        assert_eq!(own, "https://[fe80::1%25eth0]:444/b#part");
        assert_eq!(to("http://[fe80::2]/").unwrap(), "http://[fe80::2]/#part");
        assert_eq!(to("http://h/").unwrap(), "http://h/#part");
        assert!(to("http://[fe80::1%25eth1]/").is_err());
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
