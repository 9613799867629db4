//! The user's headers across origins: what goes along with a redirect that leaves the origin that the
//! user named, and what stays behind.
//!
//! What says which answer is wanted (a format, a language, a range) goes along, or the redirect would
//! bring another one. Everything else may be a secret, whatever its name, and is for the origin that it
//! was given for (security: CVE-2018-1000007, CVE-2022-27774, CVE-2022-27776).

use http::header::{AUTHORIZATION, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::FetchConfig;
use super::given_headers::given_authorization;
use super::redirect::RedirectTrail;
use crate::model::outcome::Failure;
use crate::model::target::{DefaultScheme, Location, Target};
use crate::model::text::excerpt;

/// Names of headers that go along, ...
const SAFE_NAMES: [&str; 7] = [
    "accept",
    "user-agent",
    "range",
    "cache-control",
    "pragma",
    "dnt",
    "sec-gpc",
];

/// ... and beginnings of such names.
const SAFE_BEGINNINGS: [&str; 4] = ["accept-", "if-", "sec-fetch-", "sec-ch-"];

/// True if this header of the user's goes along to any origin.
pub(crate) fn crosses_origins(name: &HeaderName) -> bool {
    let name = name.as_str();
    SAFE_NAMES.contains(&name) || SAFE_BEGINNINGS.iter().any(|start| name.starts_with(start))
}

/// The value of a user's header in a request behind these redirects; `None` if it stays behind.
pub(super) fn value(
    name: &HeaderName,
    value: &HeaderValue,
    trail: &RedirectTrail,
) -> Option<HeaderValue> {
    if !trail.has_crossed() || crosses_origins(name) {
        return Some(value.clone());
    }
    if *name == REFERER {
        return referer(value, trail);
    }
    None
}

/// A `Referer` cut to its origin; `None` if it would leave TLS (Referrer Policy,
/// `strict-origin-when-cross-origin`, the default of browsers).
fn referer(value: &HeaderValue, trail: &RedirectTrail) -> Option<HeaderValue> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?;
    // Without a scheme it is no page: the text may be anything, and would be taken for a host name.
    let (scheme, _) = text.split_once("://")?;
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return None;
    }
    let page = Location::parse(text, DefaultScheme::Http).ok()?;
    if trail.has_left_tls() || (page.is_https() && trail.is_at_http()) {
        return None;
    }
    let mut cut = HeaderValue::try_from(format!("{}/", page.origin())).ok()?;
    cut.set_sensitive(value.is_sensitive());
    Some(cut)
}

/// Adds to the failure of a 401 or 403 that credentials were left behind, if they were.
pub(super) fn name_left_credentials(
    mut failure: Failure,
    status: u16,
    (location, trail): (&Location, &RedirectTrail),
    config: &FetchConfig,
    target: &Target,
) -> Failure {
    let left = left_behind(config, target);
    if matches!(status, 401 | 403) && trail.has_crossed() && !left.is_empty() {
        failure.message += &format!(
            "; the redirect to another origin left credentials behind ({}): give them for {} itself",
            excerpt(&left.join(", "), 100),
            location.text()
        );
    }
    failure
}

/// The names of the headers that are not sent to another origin.
fn left_behind<'a>(config: &'a FetchConfig, target: &'a Target) -> Vec<&'a str> {
    let given = std::iter::once(&config.headers).chain(target.headers.as_deref());
    let mut names: Vec<&str> = given
        .flat_map(HeaderMap::keys)
        .filter(|name| !crosses_origins(name) && *name != REFERER)
        .map(HeaderName::as_str)
        .collect();
    if given_authorization(config, target).is_some() {
        names.push(AUTHORIZATION.as_str());
    }
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str) -> Location {
        Location::parse(url, DefaultScheme::Http).unwrap()
    }

    fn trail(urls: &[&str]) -> RedirectTrail {
        let mut trail = RedirectTrail::default();
        for pair in urls.windows(2) {
            trail.follow(&location(pair[0]), &location(pair[1]), std::iter::empty());
        }
        trail
    }

    #[test]
    fn only_safe_headers_go_along_to_another_origin() {
        for (name, goes) in [
            ("accept", true),
            ("accept-language", true),
            ("accept-encoding", true),
            ("accept-x", true),
            ("user-agent", true),
            ("range", true),
            ("if-range", true),
            ("if-none-match", true),
            ("cache-control", true),
            ("pragma", true),
            ("dnt", true),
            ("sec-fetch-mode", true),
            ("sec-ch-ua", true),
            ("sec-gpc", true),
            ("acceptance", false),
            ("accepted", false),
            ("authorization", false),
            ("cookie", false),
            ("proxy-authorization", false),
            ("x-api-key", false),
            ("x-accept", false),
            ("sec-token", false),
            ("iff", false),
            ("host", false),
            ("origin", false),
            ("from", false),
            ("forwarded", false),
            ("x-forwarded-for", false),
        ] {
            let name = HeaderName::from_static(name);
            let given = HeaderValue::from_static("v");
            let crossed = value(&name, &given, &trail(&["http://a/", "http://b/"]));
            assert_eq!(crossed.is_some(), goes, "{name}");
            let stayed = value(&name, &given, &trail(&["http://a/", "http://a/x"]));
            assert_eq!(stayed, Some(given), "{name}");
        }
    }

    #[test]
    fn scheme_host_and_port_make_an_origin_and_no_way_leads_back() {
        for (urls, crossed) in [
            (&["http://h/"][..], false),
            (&["http://h/", "http://h/x", "http://H:80/y"], false),
            (&["http://h/", "http://h:81/"], true),
            (&["http://h/", "https://h/"], true),
            (&["http://h/", "https://h:80/"], true),
            (&["http://h/", "http://x.h/"], true),
            (&["http://h/", "http://other/", "http://h/"], true),
            (&["http://h/", "http://other/", "http://other/x"], true),
            (
                &["http://h/", "http://other/", "http://h/", "http://h/x"],
                true,
            ),
        ] {
            assert_eq!(trail(urls).has_crossed(), crossed, "{urls:?}");
        }
    }

    #[test]
    fn a_referer_is_cut_to_its_origin_and_does_not_leave_tls() {
        for (referer, urls, expected) in [
            (
                "http://r/p?q",
                &["http://a/", "http://a/x"][..],
                Some("http://r/p?q"),
            ),
            (
                "http://r/p?q",
                &["http://a/", "http://b/"],
                Some("http://r/"),
            ),
            (
                "http://u:p@r:8/p",
                &["http://a/", "http://b/"],
                Some("http://r:8/"),
            ),
            (
                "https://r/p",
                &["https://a/", "https://b/"],
                Some("https://r/"),
            ),
            (
                "https://r/p",
                &["http://a/", "https://a/"],
                Some("https://r/"),
            ),
            ("https://r/p", &["http://a/", "http://b/"], None),
            ("https://r/p", &["https://a/", "http://a/"], None),
            ("http://r/p", &["https://a/", "http://a/"], None),
            (
                "https://r/p",
                &["https://a/", "http://a/", "https://a/"],
                None,
            ),
            ("hush", &["http://a/", "http://b/"], None),
            ("hush:x@y", &["http://a/", "http://b/"], None),
            ("ftp://r/p", &["http://a/", "http://b/"], None),
            ("not a page", &["http://a/", "http://b/"], None),
        ] {
            let given = HeaderValue::from_str(referer).unwrap();
            let sent = value(&REFERER, &given, &trail(urls));
            let sent = sent.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(sent, expected, "{referer} over {urls:?}");
        }
    }
}
