//! Requests: the request line and the headers.

use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use super::FetchConfig;
use super::decode::ACCEPT_ENCODING;
use super::proxy::Proxy;
use crate::model::outcome::{Failure, FailureKind};
use crate::model::target::{Location, Target};
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

/// The parts that all requests to one origin share, made once for consecutive requests.
#[derive(Debug)]
pub(super) struct RequestOrigin {
    origin: Box<str>,
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

/// Builds the request for `location`, whose origin this is, and to which redirects may have led from
/// `target`. Only the origin that the user named gets the user's headers and credentials.
pub(super) fn build(
    config: &FetchConfig,
    target: &Target,
    (location, origin): (&Location, &RequestOrigin),
    method: &Method,
    ask: &Conditions<'_>,
    proxy: Option<&Proxy>,
) -> Result<Request<()>, Failure> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = origin.uri(location)?;
    // The headers that ureq would add if they were missing, making each value anew.
    let headers = request.headers_mut();
    headers.reserve(USUAL_HEADERS);
    headers.insert(header::HOST, origin.host.clone());
    headers.insert(header::USER_AGENT, config.user_agent.clone());
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    let coding = if config.compressed {
        ACCEPT_ENCODING
    } else {
        "identity"
    };
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
    let proxy = proxy.filter(|proxy| proxy.forwards(location.is_https()));
    if let Some(secret) = proxy.and_then(|proxy| proxy.authorization.as_ref()) {
        headers.insert(header::PROXY_AUTHORIZATION, secret.reveal().clone());
    }
    let mut authorization = location.authorization();
    let own = target.headers.as_deref();
    let has_own = own.is_some_and(|own| own.contains_key(header::AUTHORIZATION));
    if location.same_origin(&target.location) {
        for given in std::iter::once(&config.headers).chain(own) {
            // The first of a name replaces the default, further ones add to it.
            for name in given.keys() {
                headers.remove(name);
                for value in given.get_all(name) {
                    headers.append(name, value.clone());
                }
            }
        }
        authorization = authorization
            .or(target.location.authorization())
            // A line's own header takes precedence over the option for all targets.
            .or(config.authorization.as_ref().filter(|_| !has_own));
    }
    if let Some(secret) = authorization {
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
        insert(headers, header::IF_RANGE, Some(validator));
        // The part on disk is not encoded.
        insert(headers, header::ACCEPT_ENCODING, Some("identity"));
    }
    Ok(request)
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

/// True if the user's headers make the request conditional or ask for a range.
pub(super) fn has_conditions(config: &FetchConfig, target: &Target) -> bool {
    CONDITIONAL_HEADERS
        .iter()
        .any(|name| is_given(config, target, name))
}

/// True if the user's headers ask for a range.
pub(super) fn has_range(config: &FetchConfig, target: &Target) -> bool {
    is_given(config, target, &header::RANGE)
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
