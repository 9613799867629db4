//! Redirects: the decision to follow one, its destination, and the origins that are left on the way.

use std::borrow::Cow;
use std::fmt::Write;

use http::StatusCode;

use crate::model::outcome::{Failure, FailureKind, Hop};
use crate::model::target::{Location, UrlError, without_userinfo};
use crate::model::text::excerpt;

use super::FetchConfig;
use super::cookies::CookieJar;

/// A redirect that cannot or may not be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RedirectError {
    /// `Location` says nothing.
    #[error("cannot follow: its Location is empty")]
    Empty,
    /// `Location` has a byte that would be dropped or change the meaning of a URL.
    #[error("cannot follow: its Location has a control character (0x{0:02x}) in it")]
    Control(u8),
    /// Two `Location` headers lead to different places: each client would choose another.
    #[error("cannot follow: it has two different Locations, \"{0}\" and \"{1}\"")]
    Different(String, String),
    /// `Location` is no URL that can be fetched.
    #[error("cannot follow to \"{0}\": {1}")]
    Url(String, UrlError),
    /// The redirect is one more than are followed.
    #[error("more than {} (--max-redirects)", redirects(*.0))]
    TooMany(u32),
    /// The redirects lead in a circle, and answers set cookies, which did not help.
    #[error(
        "{more}, again to {1}: it may want cookies, and those that were set on the way did not help \
         (-H 'Cookie: NAME=VALUE')",
        more = RedirectError::TooMany(*.0)
    )]
    WantsCookies(u32, String),
    /// The redirect leaves TLS.
    #[error("leads from https to http, to {0} (--allow-downgrade to follow)")]
    Downgrade(String),
    /// The status asks for the proxy in `Location`: that is for the user to choose (RFC 9110, 15.4.6).
    #[error("cannot follow: status {0} asks for a proxy, \"{1}\" (--proxy to use one)")]
    UseProxy(u16, String),
}

/// A number of redirects in words.
fn redirects(count: u32) -> String {
    match count {
        1 => "1 redirect".to_owned(),
        count => format!("{count} redirects"),
    }
}

impl From<RedirectError> for Failure {
    fn from(error: RedirectError) -> Self {
        Failure {
            kind: FailureKind::Redirect,
            phase: None,
            message: error.to_string(),
            is_transient: false,
            is_alone: false,
        }
    }
}

/// The way that redirects have taken from a target: the origins that were left, and the cookies that
/// were set.
#[derive(Default)]
pub(super) struct RedirectTrail {
    has_begun: bool,
    has_crossed: bool,
    has_left_tls: bool,
    is_at_http: bool,
    cookies: CookieJar,
}

impl RedirectTrail {
    /// Follows the redirect of a response, whose `Set-Cookie` headers have these values.
    pub(super) fn follow<'a>(
        &mut self,
        from: &Location,
        to: &Location,
        set_cookies: impl Iterator<Item = &'a [u8]>,
    ) {
        self.has_begun = true;
        self.has_crossed |= !from.same_origin(to);
        self.has_left_tls |= from.is_https() && !to.is_https();
        self.is_at_http = !to.is_https();
        self.cookies.store(from, set_cookies);
    }

    /// True until a redirect has been followed.
    pub(super) fn is_at_start(&self) -> bool {
        !self.has_begun
    }

    /// True once a redirect has led to another origin (scheme, host and port). It stays so on the way
    /// back: the other origin decides what is asked for there.
    pub(super) fn has_crossed(&self) -> bool {
        self.has_crossed
    }

    /// True once a redirect has led from https to http.
    pub(super) fn has_left_tls(&self) -> bool {
        self.has_left_tls
    }

    /// True if the last redirect has led to an http URL.
    pub(super) fn is_at_http(&self) -> bool {
        self.is_at_http
    }

    /// The cookies that were set on the way.
    pub(super) fn cookies(&self) -> &CookieJar {
        &self.cookies
    }
}

/// True for the statuses that redirect if they come with a `Location`. The one of a 300 is the server's
/// preferred choice, and an unknown 3xx is equivalent to a 300 (RFC 9110, 15 and 15.4.1); curl follows all
/// of them.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    status.is_redirection() && status != StatusCode::NOT_MODIFIED
}

/// True for the statuses whose `Location` is a proxy: 305 (Use Proxy), which is deprecated because it lets
/// a server reroute its clients, and the draft's 306 (Switch Proxy).
fn asks_for_proxy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 305 | 306)
}

/// The URL that a response redirects to; `None` if it does not, or if redirects are not followed.
/// `locations` are the values of its `Location` headers; `hops` and `trail` the way to it.
///
/// # Errors
///
/// If the redirect is one too many, not a URL, leads from https to http, or asks for a proxy.
pub(super) fn destination<'a>(
    from: &Location,
    status: StatusCode,
    locations: impl Iterator<Item = &'a [u8]>,
    (hops, trail): (&[Hop], &RedirectTrail),
    config: &FetchConfig,
) -> Result<Option<Location>, RedirectError> {
    if !is_redirect(status) || config.max_redirects == 0 {
        return Ok(None);
    }
    let Some(reference) = reference(locations)? else {
        return Ok(None);
    };
    if asks_for_proxy(status) {
        return Err(RedirectError::UseProxy(status.as_u16(), shown(&reference)));
    }
    let to = from
        .join(&as_one_host(&reference))
        .map_err(|error| RedirectError::Url(shown(&reference), error))?;
    let most = config.max_redirects;
    if hops.len() >= most as usize {
        let is_again = to.text() == from.text() || hops.iter().any(|hop| hop.url == *to.text());
        return Err(if is_again && trail.cookies.has_seen() {
            RedirectError::WantsCookies(most, to.text().to_string())
        } else {
            RedirectError::TooMany(most)
        });
    }
    if from.is_https() && !to.is_https() && !config.allow_downgrade {
        return Err(RedirectError::Downgrade(to.text().to_string()));
    }
    Ok(Some(to))
}

/// The reference in the `Location` headers, in ASCII; `None` without such a header.
///
/// Bytes that are not ASCII are percent-encoded one by one, as they came: they may be of any encoding,
/// and the server knows its own URLs by their bytes (RFC 3986, 2.5; browsers do the same).
fn reference<'a>(
    mut locations: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<String>, RedirectError> {
    let Some(first) = locations.next().map(trim) else {
        return Ok(None);
    };
    if let Some(other) = locations.map(trim).find(|other| *other != first) {
        return Err(RedirectError::Different(
            shown(&in_ascii(first)),
            shown(&in_ascii(other)),
        ));
    }
    // A tab is no control character in a header (RFC 9110, 5.5); the URL standard drops it.
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    if let Some(control) = first.iter().copied().find(|byte| is_control(byte)) {
        return Err(RedirectError::Control(control));
    }
    if first.is_empty() {
        return Err(RedirectError::Empty);
    }
    Ok(Some(in_ascii(first)))
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn in_ascii(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    for &byte in value {
        if byte.is_ascii() {
            text.push(byte.into());
        } else {
            // Writing to a `String` does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The reference with two leading slashes where it has more: all of them stand before a host ("special
/// authority ignore slashes state" of the URL standard). The parser behind takes `///host` for no host.
fn as_one_host(reference: &str) -> Cow<'_, str> {
    let rest = reference.trim_start_matches(['/', '\\']);
    match reference.len() - rest.len() {
        0..=2 => Cow::Borrowed(reference),
        _ => Cow::Owned(format!("//{rest}")),
    }
}

fn shown(reference: &str) -> String {
    excerpt(&without_userinfo(reference), 100)
}

#[cfg(test)]
mod tests;
