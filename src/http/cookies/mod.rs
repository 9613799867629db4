//! Cookies within the redirects of one target: many a server sets one and sends the client back to the
//! same URL, which answers only with it.
//!
//! The part of RFC 6265 (and its revision, draft-ietf-httpbis-rfc6265bis) that this needs, by hand: the
//! crate for it, cookie_store, would bring nine more (time and its macros among them) for dates and
//! domains that are of no use here. Cookies are host-only: what a `Domain` attribute would widen is
//! never sent to another host, so no list of public suffixes is needed. They live as long as one
//! attempt, so a date of expiry matters only if it is past, which deletes the cookie.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::time::SystemTime;

use http::HeaderValue;
use url::Host;

use super::http_date;
use crate::model::target::Location;

/// The most bytes of a cookie's name and value together.
const MAX_COOKIE: usize = 4096;

/// The most bytes of an attribute's value; a longer one is ignored.
const MAX_ATTRIBUTE: usize = 1024;

/// The most cookies of one target. The oldest makes room for a new one.
const MAX_COOKIES: usize = 50;

/// The cookies that the redirects of one target have set. It has no `Debug` form: they are secrets.
#[derive(Default)]
pub(super) struct CookieJar {
    /// In the order in which they were first set.
    cookies: Vec<Cookie>,
    has_seen: bool,
}

struct Cookie {
    host: String,
    path: String,
    is_secure: bool,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl CookieJar {
    /// True if an answer tried to set a cookie, whatever became of it.
    pub(super) fn has_seen(&self) -> bool {
        self.has_seen
    }

    /// Keeps the cookies that the response of `location` sets: the values of its `Set-Cookie` headers.
    pub(super) fn store<'a>(
        &mut self,
        location: &Location,
        values: impl Iterator<Item = &'a [u8]>,
    ) {
        for value in values {
            self.has_seen = true;
            if let Some((cookie, is_expired)) = parse(value, location) {
                self.put(cookie, is_expired);
            }
        }
    }

    fn put(&mut self, cookie: Cookie, is_expired: bool) {
        let known = self.cookies.iter().position(|known| {
            known.name == cookie.name && known.host == cookie.host && known.path == cookie.path
        });
        match known {
            Some(known) if is_expired => {
                self.cookies.remove(known);
            }
            Some(known) => self.cookies[known] = cookie,
            None if is_expired => {}
            None => {
                if self.cookies.len() == MAX_COOKIES {
                    self.cookies.remove(0);
                }
                self.cookies.push(cookie);
            }
        }
    }

    /// The `Cookie` header of a request for `location`, followed by the cookies that the user gave, as
    /// curl has it; `None` if there is none to add to those. Of too many for `room` bytes the first ones,
    /// which have the longest paths, are sent.
    pub(super) fn header<'a>(
        &self,
        location: &Location,
        given: impl Iterator<Item = &'a HeaderValue>,
        room: usize,
    ) -> Option<HeaderValue> {
        if self.cookies.is_empty() {
            return None;
        }
        let (host, path) = (location.url().host_str()?, location.url().path());
        let mut sent: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| {
                cookie.host == host
                    && (!cookie.is_secure || location.is_https())
                    && is_below(path, &cookie.path)
            })
            .collect();
        // RFC 6265, 5.4: longer paths first, then the earlier ones.
        sent.sort_by_key(|cookie| Reverse(cookie.path.len()));
        let mut header = Vec::new();
        for cookie in sent {
            let pair = [&cookie.name[..], b"=", &cookie.value].concat();
            if header.len() + pair.len() + "; ".len() <= room {
                append(&mut header, &pair);
            }
        }
        if header.is_empty() {
            return None;
        }
        for given in given.filter(|given| !given.is_empty()) {
            append(&mut header, given.as_bytes());
        }
        let mut header = HeaderValue::from_bytes(&header).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

fn append(header: &mut Vec<u8>, pair: &[u8]) {
    if !header.is_empty() {
        header.extend_from_slice(b"; ");
    }
    header.extend_from_slice(pair);
}

/// Parses a `Set-Cookie` header of the response of `location` into a cookie, and true if it is to be
/// deleted; `None` if it is none that may be kept (RFC 6265, 5.2 and 5.3).
fn parse(value: &[u8], location: &Location) -> Option<(Cookie, bool)> {
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    if value.iter().any(is_control) {
        return None;
    }
    let mut parts = value.split(|byte| *byte == b';');
    let (name, value) = split(parts.next()?);
    let value = value?;
    if name.is_empty() || name.len() + value.len() > MAX_COOKIE {
        return None;
    }
    let host = location.url().host()?;
    let mut cookie = Cookie {
        host: location.url().host_str()?.to_owned(),
        path: default_path(location.url().path()).to_owned(),
        is_secure: false,
        name: name.to_vec(),
        value: value.to_vec(),
    };
    let (mut is_past, mut max_age) = (false, None);
    for (name, value) in parts.map(split) {
        let value = value.unwrap_or_default();
        if value.len() > MAX_ATTRIBUTE {
            continue;
        }
        let text = String::from_utf8_lossy(value);
        match &name.to_ascii_lowercase()[..] {
            b"path" if value.starts_with(b"/") => cookie.path = text.into_owned(),
            b"path" => cookie.path = default_path(location.url().path()).to_owned(),
            b"secure" => cookie.is_secure = true,
            b"domain" if !is_of(&host, text) => return None,
            // Any number that is not positive is in the past, whatever its digits.
            b"max-age" if is_number(value) => {
                max_age = Some(value.starts_with(b"-") || is_zero(value))
            }
            b"expires" => {
                let date = http_date::parse(value);
                is_past = date.is_some_and(|date| date <= SystemTime::now());
            }
            _ => {}
        }
    }
    if cookie.is_secure && !location.is_https() {
        return None;
    }
    // Max-Age has precedence (RFC 6265, 5.3).
    Some((cookie, max_age.unwrap_or(is_past)))
}

/// Splits `name=value`, and trims both.
fn split(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    match part.iter().position(|byte| *byte == b'=') {
        Some(at) => (part[..at].trim_ascii(), Some(part[at + 1..].trim_ascii())),
        None => (part.trim_ascii(), None),
    }
}

fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn is_zero(value: &[u8]) -> bool {
    value.iter().all(|digit| *digit == b'0')
}

/// True if `Domain` names this host or a domain above it.
fn is_of(host: &Host<&str>, domain: Cow<'_, str>) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    match host {
        _ if domain.is_empty() => true,
        Host::Domain(host) => {
            let below = host.strip_suffix(&*domain);
            below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
        }
        // An address has no domain above it.
        host => host.to_string() == domain,
    }
}

/// The folder of a URL's path (RFC 6265, 5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

/// True if a cookie of path `above` is for `path` (RFC 6265, 5.1.4).
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || above.ends_with('/'))
}

#[cfg(test)]
mod tests;
