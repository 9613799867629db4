//! Requests: the request line and the headers.

use std::sync::Arc;

use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use super::FetchConfig;
use super::cross_origin;
use super::decode::ACCEPT_ENCODING;
use super::proxy::Proxy;
use super::redirect::RedirectTrail;
use crate::model::outcome::{Failure, FailureKind};
use crate::model::target::{Location, Secret, Target};
use crate::save::Conditions;

/// Headers that make a request conditional or ask for a range. If the user gives one, pfetch adds none
/// of its own.
const CONDITIONAL_HEADERS: [HeaderName; 6] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// The headers for which a request has space from the start: the usual ones, and a few more.
const USUAL_HEADERS: usize = 6;

/// The most bytes of a request head: those of the connection's output buffer.
const MAX_HEAD: usize = 24 * 1024;

/// The most bytes of the cookies that redirects have set, in one request: servers take lines of 8 KiB.
const MAX_COOKIES: usize = 8_000;

/// The parts that all requests to one origin share, made once for consecutive requests.
#[derive(Debug)]
pub(super) struct RequestOrigin {
    origin: Arc<str>,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
}

impl RequestOrigin {
    /// The origin of `location`.
    ///
    /// # Errors
    ///
    /// If it cannot be written in a request.
    pub(super) fn of(location: &Location) -> Result<Self, Failure> {
        let origin = location.origin();
        let parts = origin.parse::<Uri>().map(Uri::into_parts);
        let Ok(Parts {
            scheme: Some(scheme),
            authority: Some(authority),
            ..
        }) = parts
        else {
            return Err(unwritable());
        };
        let host = HeaderValue::from_str(location.authority()).map_err(|_| unwritable())?;
        Ok(RequestOrigin {
            origin: origin.into(),
            scheme,
            authority,
            host,
        })
    }

    /// True if this is the origin of `location`.
    pub(super) fn is_of(&self, location: &Location) -> bool {
        *self.origin == *location.origin()
    }

    /// The key under which connections for its requests are kept: one connection serves all origins that a
    /// proxy forwards to, and a tunnel only its own.
    pub(super) fn connection_key(&self, proxy: Option<&Proxy>) -> Arc<str> {
        match proxy {
            None => Arc::clone(&self.origin),
            Some(proxy) if proxy.forwards(self.scheme == Scheme::HTTPS) => proxy.key().into(),
            Some(proxy) => format!("{} {}", self.origin, proxy.key()).into(),
        }
    }

    fn uri(&self, location: &Location) -> Result<Uri, Failure> {
        let path = PathAndQuery::try_from(&location.text()[self.origin.len()..]);
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.map_err(|_| unwritable())?);
        Uri::from_parts(parts).map_err(|_| unwritable())
    }
}

fn unwritable() -> Failure {
    Failure {
        kind: FailureKind::Protocol,
        phase: None,
        message: "the URL cannot be written in an HTTP request; percent-encode it".to_owned(),
        is_transient: false,
    }
}

/// A request as ureq gets it, and the lines of headers that the transport adds.
#[derive(Debug)]
pub(super) struct BuiltRequest {
    pub(super) request: Request<()>,
    pub(super) more_lines: Option<Arc<[u8]>>,
}

/// Builds the request for `location`, whose origin this is, and to which the redirects of `trail` have led
/// from `target`. Behind a redirect to another origin it has the user's safe headers only.
pub(super) fn build(
    config: &FetchConfig,
    (target, trail): (&Target, &RedirectTrail),
    (location, origin): (&Location, &RequestOrigin),
    method: &Method,
    ask: &Conditions<'_>,
    proxy: Option<&Proxy>,
) -> Result<BuiltRequest, Failure> {
    let mut request = bare((location, origin), method)?;
    let headers = request.headers_mut();
    headers.reserve(USUAL_HEADERS);
    add_defaults(headers, config);
    let proxy = proxy.filter(|proxy| proxy.forwards(location.is_https()));
    if let Some(secret) = proxy.and_then(|proxy| proxy.authorization.as_ref()) {
        headers.insert(header::PROXY_AUTHORIZATION, secret.reveal().clone());
    }
    let given = std::iter::once(&config.headers).chain(target.headers.as_deref());
    for given in given {
        // The first of a name replaces the default, further ones add to it.
        for name in given.keys() {
            let sent = given.get_all(name).iter();
            let mut sent = sent.filter_map(|value| cross_origin::value(name, value, trail));
            if let Some(first) = sent.next() {
                headers.insert(name, first);
            }
            for further in sent {
                headers.append(name, further);
            }
        }
    }
    if let Some(secret) = authorization(config, target, location, trail) {
        headers.insert(header::AUTHORIZATION, secret.reveal().clone());
    }
    if let Some(known) = ask.unless {
        insert(headers, header::IF_NONE_MATCH, known.etag.as_deref());
        insert(
            headers,
            header::IF_MODIFIED_SINCE,
            known.modified.as_deref(),
        );
    }
    if let Some((from, validator)) = ask.range {
        insert(headers, header::RANGE, Some(&format!("bytes={from}-")));
        insert(headers, header::IF_RANGE, validator);
        // The part on disk is not encoded.
        insert(headers, header::ACCEPT_ENCODING, Some("identity"));
    }
    add_cookies(&mut request, config, location, trail);
    Ok(BuiltRequest {
        request,
        more_lines: None,
    })
}

/// A request with no header but Host.
fn bare(
    (location, origin): (&Location, &RequestOrigin),
    method: &Method,
) -> Result<Request<()>, Failure> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = origin.uri(location)?;
    request
        .headers_mut()
        .insert(header::HOST, origin.host.clone());
    Ok(request)
}

/// Adds the headers that requests have if the user neither gives nor removes them.
fn add_defaults(headers: &mut HeaderMap, config: &FetchConfig) {
    let coding = if config.compressed {
        ACCEPT_ENCODING
    } else {
        "identity"
    };
    for (name, value) in [
        (header::USER_AGENT, config.user_agent.clone()),
        (header::ACCEPT, HeaderValue::from_static("*/*")),
        (header::ACCEPT_ENCODING, HeaderValue::from_static(coding)),
    ] {
        if !is_removed(config, &name) {
            headers.insert(name, value);
        }
    }
}

/// The lines of the headers that most requests of a run share: all but Host. The transport writes them
/// behind what ureq has written, so that no request makes, hashes and writes them anew.
#[derive(Debug)]
pub(super) struct SharedLines(Arc<[u8]>);

impl SharedLines {
    /// The lines for these settings; `None` if the user gives headers that not every request has.
    pub(super) fn of(config: &FetchConfig) -> Option<Self> {
        if config.headers.contains_key(header::HOST) || config.authorization.is_some() {
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

    /// The request for a target without anything of its own, and the lines to add to it; `None` if it has
    /// to be [built](build).
    pub(super) fn request(
        &self,
        (target, trail): (&Target, &RedirectTrail),
        (location, origin): (&Location, &RequestOrigin),
        method: &Method,
        ask: &Conditions<'_>,
        proxy: Option<&Proxy>,
    ) -> Option<Result<BuiltRequest, Failure>> {
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
        let request = bare((location, origin), method);
        Some(request.map(|request| BuiltRequest {
            request,
            more_lines: Some(Arc::clone(&self.0)),
        }))
    }
}

/// The credentials for `location`: those in its own URL, or else the target's, which are for the origin
/// that the user named.
fn authorization<'a>(
    config: &'a FetchConfig,
    target: &'a Target,
    location: &'a Location,
    trail: &RedirectTrail,
) -> Option<&'a Secret> {
    if is_removed(config, &header::AUTHORIZATION) {
        return None;
    }
    let own = target.headers.as_deref();
    let has_own = own.is_some_and(|own| own.contains_key(header::AUTHORIZATION));
    let given = || {
        let of_target = target.location.authorization();
        // A line's own header takes precedence over the option for all targets.
        of_target.or(config.authorization.as_ref().filter(|_| !has_own))
    };
    let here = location.authorization();
    here.or_else(|| given().filter(|_| !trail.has_crossed()))
}

/// Adds the cookies that redirects have set for `location`.
fn add_cookies(
    request: &mut Request<()>,
    config: &FetchConfig,
    location: &Location,
    trail: &RedirectTrail,
) {
    if is_removed(config, &header::COOKIE) {
        return;
    }
    let room = MAX_COOKIES.min(MAX_HEAD.saturating_sub(head_length(request)));
    let headers = request.headers_mut();
    let given = headers.get_all(header::COOKIE).iter();
    if let Some(cookies) = trail.cookies().header(location, given, room) {
        headers.insert(header::COOKIE, cookies);
    }
}

/// The most bytes of the request's head.
pub(super) fn head_length(request: &Request<()>) -> usize {
    /// `": "` and the line end of a header.
    const MARKS: usize = 4;
    /// The rest of the request line, the empty line, and some to spare.
    const REST: usize = 64;
    let uri = request.uri();
    let path = uri.path_and_query().map_or(1, |path| path.as_str().len());
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + MARKS);
    request.method().as_str().len() + path + headers.sum::<usize>() + REST
}

/// True if the user's headers make the request conditional or ask for a range, or if the user removes such
/// headers.
pub(super) fn has_conditions(config: &FetchConfig, target: &Target) -> bool {
    CONDITIONAL_HEADERS
        .iter()
        .any(|name| is_given(config, target, name) || is_removed(config, name))
}

/// True if the user's headers ask for a range.
pub(super) fn has_range(config: &FetchConfig, target: &Target) -> bool {
    is_given(config, target, &header::RANGE)
}

/// True if the user removes this header from all requests.
fn is_removed(config: &FetchConfig, name: &HeaderName) -> bool {
    config.removed_headers.contains(name)
}

/// True if the user's headers say which content codings are accepted.
pub(super) fn accepts_codings(config: &FetchConfig, target: &Target) -> bool {
    is_given(config, target, &header::ACCEPT_ENCODING)
}

/// True if the user gives this header, for all targets or for this one.
fn is_given(config: &FetchConfig, target: &Target, name: &HeaderName) -> bool {
    let own = target.headers.as_deref();
    config.headers.contains_key(name) || own.is_some_and(|own| own.contains_key(name))
}

/// Inserts a value that came from a server, which can be sent as it came.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            let target = target("http://h:8080/path?query");
            let trail = RedirectTrail::default();
            let origin = RequestOrigin::of(&target.location).unwrap();
            let (who, to) = ((&target, &trail), (&target.location, &origin));
            let ask = Conditions::default();
            let built = build(&config, who, to, &Method::GET, &ask, None).unwrap();
            let shared = SharedLines::of(&config).expect("nothing of its own");
            let request = shared.request(who, to, &Method::GET, &ask, None);
            let BuiltRequest {
                request,
                more_lines,
            } = request.expect("nothing of its own").unwrap();
            let text = String::from_utf8(more_lines.unwrap().to_vec()).unwrap();
            let mut found = lines(request.headers());
            found.extend(text.lines().map(str::to_owned));
            found.sort();
            assert_eq!(found, lines(built.request.headers()), "{config:#?}");
            assert!(text.ends_with("\r\n"), "{text:?}");
            assert_eq!(request.uri(), built.request.uri());
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
        let mut host = FetchConfig::default();
        host.headers
            .insert(header::HOST, HeaderValue::from_static("other"));
        assert!(SharedLines::of(&host).is_none());
    }
}
