//! The lines of headers that the requests of a run share, written once.
//!
//! Two requests to one origin then differ in nothing but their target, so that neither ureq's request nor its
//! lines are made anew.

use std::sync::Arc;

use http::{HeaderMap, Method, header};

use super::FetchConfig;
use super::proxy::Proxy;
use super::redirect::RedirectTrail;
use super::request::{BuiltRequest, MAX_HEAD, add_defaults};
use super::request_origin::RequestOrigin;
use super::transport::HeadCompletion;
use crate::model::target::{Location, Target};
use crate::save::Conditions;

/// The lines of the headers that most requests of a run share: all but Host. The transport writes them
/// behind what ureq has written, so that no request makes, hashes and writes them anew.
#[derive(Debug)]
pub(super) struct SharedLines(Arc<[u8]>);

impl SharedLines {
    /// The lines for these settings; `None` if the user gives headers that not every request has.
    pub(super) fn of(config: &FetchConfig) -> Option<Self> {
        let has_credentials = config.authorization.is_some() || config.netrc.is_some();
        if config.headers.contains_key(header::HOST) || has_credentials {
            return None;
        }
        let mut headers = HeaderMap::new();
        add_defaults(&mut headers, config);
        for name in config.headers.keys() {
            headers.remove(name);
        }
        let mut lines = Vec::new();
        for (name, value) in headers.iter().chain(&config.headers) {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.extend_from_slice(b": ");
            lines.extend_from_slice(value.as_bytes());
            lines.extend_from_slice(b"\r\n");
        }
        (lines.len() < MAX_HEAD / 2).then(|| SharedLines(lines.into()))
    }

    /// The request for a target without anything of its own, and what completes it; `None` if it has
    /// to be [built](super::request::build).
    pub(super) fn request(
        &self,
        (target, trail): (&Target, &RedirectTrail),
        (location, origin): (&Location, &RequestOrigin),
        method: &Method,
        ask: &Conditions<'_>,
        proxy: Option<&Proxy>,
    ) -> Option<BuiltRequest> {
        let is_plain = target.headers.is_none()
            && trail.is_at_start()
            && location.authorization().is_none()
            && ask.unless.is_none()
            && ask.range.is_none()
            && proxy.is_none_or(|proxy| proxy.authorization.is_none())
            && location.text().len() < MAX_HEAD / 4;
        if !is_plain {
            return None;
        }
        let target = location.request_target();
        Some(BuiltRequest {
            request: origin.bare(method),
            head_length: origin.bare_length + target.len() + self.0.len(),
            completion: Some(HeadCompletion {
                url: Arc::clone(location.text()),
                target,
                lines: Arc::clone(&self.0),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::http::request::build;
    use crate::model::target::{DefaultScheme, Verb};

    fn target(url: &str) -> Target {
        let location = Location::parse(url, DefaultScheme::Http).expect("a URL");
        Target {
            index: 0,
            location,
            verb: Verb::Get,
            headers: None,
            output: None,
            sha256: None,
            meta: None,
        }
    }

    /// The headers of a request as lines in a fixed order.
    fn lines(headers: &HeaderMap) -> Vec<String> {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
        };
        let mut lines: Vec<String> = headers.iter().map(line).collect();
        lines.sort();
        lines
    }

    #[test]
    fn the_shared_lines_are_those_of_a_request_that_is_built() {
        let mut given = HeaderMap::new();
        given.append("x-a", HeaderValue::from_static("1"));
        given.append("x-a", HeaderValue::from_static("2"));
        given.append(header::ACCEPT, HeaderValue::from_static("text/html"));
        let plain = FetchConfig::default();
        for config in [
            plain.clone(),
            FetchConfig {
                compressed: true,
                ..plain.clone()
            },
            FetchConfig {
                headers: given.clone(),
                ..plain.clone()
            },
            FetchConfig {
                headers: given,
                removed_headers: vec![header::USER_AGENT, header::ACCEPT],
                ..plain.clone()
            },
        ] {
            let target = target("http://h:8080/path?query#fragment");
            let trail = RedirectTrail::default();
            let origin = RequestOrigin::of(&target.location).unwrap();
            let (who, to) = ((&target, &trail), (&target.location, &origin));
            let ask = Conditions::default();
            let built = build(&config, who, to, &Method::GET, &ask, None).unwrap();
            let shared = SharedLines::of(&config).expect("nothing of its own");
            for method in [Method::GET, Method::HEAD] {
                let request = shared.request(who, to, &method, &ask, None);
                let BuiltRequest {
                    request,
                    completion,
                    head_length,
                } = request.expect("nothing of its own");
                let rest = completion.expect("a target and lines");
                let text = String::from_utf8(rest.lines.to_vec()).unwrap();
                let mut found = lines(request.headers());
                found.extend(text.lines().map(str::to_owned));
                found.sort();
                assert_eq!(found, lines(built.request.headers()), "{config:#?}");
                assert!(text.ends_with("\r\n"), "{text:?}");
                let uri = request.uri().to_string();
                let (origin, slash) = uri.split_at(uri.len() - 1);
                assert_eq!(slash, "/", "{uri}");
                let whole = format!("{origin}{}", rest.target());
                assert_eq!(whole, built.request.uri().to_string());
                assert_eq!(request.method(), method);
                // That of the built one is for a GET.
                assert!(head_length >= built.head_length, "{head_length}");
            }
        }
    }

    #[test]
    fn a_request_with_something_of_its_own_is_built() {
        let config = FetchConfig::default();
        let shared = SharedLines::of(&config).expect("nothing of its own");
        let asks = |target: &Target, trail: &RedirectTrail, ask: &Conditions<'_>| {
            let origin = RequestOrigin::of(&target.location).unwrap();
            let to = (&target.location, &origin);
            let request = shared.request((target, trail), to, &Method::GET, ask, None);
            request.is_some()
        };
        let (plain, start) = (target("http://h/"), RedirectTrail::default());
        let mut led = RedirectTrail::default();
        led.follow(&plain.location, &plain.location, std::iter::empty());
        let mut own = plain.clone();
        own.headers = Some(Box::default());
        let range = Conditions {
            range: Some((5, Some("\"e\""))),
            ..Conditions::default()
        };
        let none = Conditions::default();
        assert!(asks(&plain, &start, &none));
        assert!(!asks(&plain, &led, &none));
        assert!(!asks(&own, &start, &none));
        assert!(!asks(&plain, &start, &range));
        assert!(!asks(&target("http://u:p@h/"), &start, &none));
        let long = format!("http://h/{}", "x".repeat(MAX_HEAD / 2));
        assert!(!asks(&target(&long), &start, &none));
        let mut long = FetchConfig::default();
        let value = "x".repeat(MAX_HEAD / 2);
        let value = HeaderValue::from_str(&value).expect("letters");
        long.headers.insert("x-long", value);
        assert!(SharedLines::of(&long).is_none());
        let mut host = FetchConfig::default();
        host.headers
            .insert(header::HOST, HeaderValue::from_static("other"));
        assert!(SharedLines::of(&host).is_none());
        let netrc = FetchConfig {
            netrc: Some(Arc::default()),
            ..FetchConfig::default()
        };
        assert!(SharedLines::of(&netrc).is_none());
    }
}
