//! Requests: the request line and the headers.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use super::FetchConfig;
use super::cross_origin;
use super::decode::ACCEPT_ENCODING;
use super::given_headers::{given_authorization, is_removed};
use super::proxy::Proxy;
use super::redirect::RedirectTrail;
use super::request_origin::{RequestOrigin, head_length};
use super::transport::HeadCompletion;
use crate::model::outcome::Failure;
use crate::model::target::{Location, Secret, Target};
use crate::save::Conditions;

/// The headers for which a request has space from the start: the usual ones, and a few more.
const USUAL_HEADERS: usize = 6;

/// The most bytes of a request head: those of the connection's output buffer.
pub(super) const MAX_HEAD: usize = 24 * 1024;

/// The most bytes of the cookies that redirects have set, in one request: servers take lines of 8 KiB.
const MAX_COOKIES: usize = 8_000;

/// A request as ureq gets it, and what the transport adds to its head.
#[derive(Debug)]
pub(super) struct BuiltRequest {
    pub(super) request: Request<()>,
    pub(super) completion: Option<HeadCompletion>,
    /// The most bytes of its whole head.
    pub(super) head_length: usize,
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
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = origin.uri(location)?;
    let headers = request.headers_mut();
    headers.reserve(USUAL_HEADERS);
    headers.insert(header::HOST, origin.host.clone());
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
        head_length: head_length(&request),
        request,
        completion: None,
    })
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

/// Inserts a value that came from a server, which can be sent as it came.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}
