//! One URL: parsed, without its credentials, and safe to show.
//!
//! The one place, with `url_text`, that decides the meaning of URL text. Zones of IPv6 addresses
//! (RFC 6874), which the URL standard does not have, are kept apart from the URL: they are part of its text
//! and of its origin, since they say which machine is meant, and of nothing that a server is told.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::secret::Secret;
use super::url_error::{MAX_URL_BYTES, UrlError, reason, reason_in};
use super::url_text::{
    DefaultScheme, is_http, is_path, is_serialised, lacks_colon, split_scheme, split_zone,
};

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
    /// The length of the fragment with its mark, with which the text ends; 0 if there is none.
    fragment_length: u16,
    /// The bytes of the zone in the text, with its mark.
    zone: u8,
    is_https: bool,
    /// True if there was a blank within the text as it was written.
    is_written_with_blank: bool,
}

/// The length of an origin, with a zone, is a `u16`.
const _: () = assert!(MAX_URL_BYTES + u8::MAX as usize <= u16::MAX as usize);

/// The beginning of a zone, which ends with the address's bracket (RFC 6874, 2).
const ZONE_MARK: &str = "%25";

/// The longest zone: more than the name of an interface may have on any system.
const MAX_ZONE_BYTES: usize = 64;

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
            None if is_path(text) => return Err(UrlError::Path),
            None => {
                let rest = text.strip_prefix("//").unwrap_or(text);
                Cow::Owned(format!("{}://{rest}", default_scheme.as_str()))
            }
        };
        let is_written_with_blank = text.contains(char::is_whitespace);
        let location = match split_zone(&text) {
            None => Self::from_url(
                Url::parse(&text).map_err(|error| reason_in(error, &text))?,
                "",
            ),
            Some((text, zone)) => {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if zone.is_empty() || zone.len() > MAX_ZONE_BYTES || !zone.bytes().all(is_plain) {
                    return Err(UrlError::Zone);
                }
                Self::from_url(
                    Url::parse(&text).map_err(|error| reason_in(error, &text))?,
                    zone,
                )
            }
        }?;
        Ok(Location {
            is_written_with_blank,
            ..location
        })
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
                fragment_length: 0,
                is_written_with_blank: false,
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
        if let Some(c) = url.domain().and_then(foreign_character) {
            return Err(UrlError::HostCharacter(c));
        }
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
        let fragment = url.fragment().map_or(0, |fragment| fragment.len() + 1);
        Ok(Location {
            origin_length: u16::try_from(origin)
                .expect("no longer than the URL and a zone, whose maximum fits"),
            fragment_length: u16::try_from(fragment).expect("no longer than the URL"),
            zone: u8::try_from(zone).expect("a zone and its mark have fewer than 256 bytes"),
            is_https: url.scheme() == "https",
            is_written_with_blank: false,
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

    /// The target of a request for the URL (RFC 9112, 3.2.1): path and query, as a place in
    /// [`text`](Location::text).
    pub fn request_target(&self) -> std::ops::Range<usize> {
        // A fragment is never sent: it is the client's own (RFC 3986, 3.5).
        let end = self.text.len() - usize::from(self.fragment_length);
        self.origin_length.into()..end
    }

    /// True if there was a blank within the text as it was written, which is encoded now.
    pub fn is_written_with_blank(&self) -> bool {
        self.is_written_with_blank
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

/// Finds a character that no host name has. The domain is in its ASCII form, international names in Punycode;
/// the underscore is in no name of a host (RFC 952), but in many of the DNS.
fn foreign_character(domain: &str) -> Option<char> {
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    domain.chars().find(|c| !is_of_names(*c))
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Location")
            .field("text", &self.text)
            .field("authorization", &self.authorization)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
