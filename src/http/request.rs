//! Requests: the request line and the headers.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use super::FetchConfig;
use super::cross_origin;
use super::decode::ACCEPT_ENCODING;
use super::given_headers::{given_authorization, is_removed};
use super::proxy::Proxy;
use super::redirect::RedirectTrail;
use super::request_origin::RequestOrigin;
use crate::model::outcome::Failure;
use crate::model::target::{Location, Secret, Target};
use crate::save::Conditions;

/// The headers for which a request has space from the start: the usual ones, and a few more.
const USUAL_HEADERS: usize = 6;

/// The most bytes of a request head: those of the connection's output buffer.
pub(super) const MAX_HEAD: usize = 24 * 1024;

/// The most bytes of the cookies that redirects have set, in one request: servers take lines of 8 KiB.
const MAX_COOKIES: usize = 8_000;

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
pub(super) fn bare(
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
pub(super) fn add_defaults(headers: &mut HeaderMap, config: &FetchConfig) {
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
    let here = location.authorization();
    here.or_else(|| given_authorization(config, target).filter(|_| !trail.has_crossed()))
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

/// Inserts a value that came from a server, which can be sent as it came.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}
