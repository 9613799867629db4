//! What is sent: the request's line and headers.

use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use super::FetchConfig;
use super::decode::ACCEPTED;
use super::proxy::Proxy;
use crate::model::outcome::{Failure, FailureKind};
use crate::model::target::{Location, Target};
use crate::save::Conditions;

/// Headers that ask for something else than the whole body, whatever it is now. A user who gives one
/// knows what is wanted; pfetch then adds none.
const CONDITIONS: [HeaderName; 6] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// How many headers a request has room for before it needs more memory: the usual ones, and a few.
const USUAL_HEADERS: usize = 6;

/// What all requests to one origin have in common: made once for as long as they follow one another.
#[derive(Debug)]
pub(super) struct Addressee {
    origin: Box<str>,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
}

impl Addressee {
    /// The one that `location` names.
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
        // The port is there if it is not the scheme's own (RFC 9110, 7.2).
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| unwritable())?;
        Ok(Addressee {
            origin: origin.into(),
            scheme,
            authority,
            host,
        })
    }

    /// Whether `location` names the same.
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
    }
}

/// The request for `location`, which names this addressee, and to which redirects may have led from
/// `target`. Only the origin that the user named gets the user's headers and credentials.
pub(super) fn build(
    config: &FetchConfig,
    target: &Target,
    (location, addressee): (&Location, &Addressee),
    method: &Method,
    ask: &Conditions<'_>,
    proxy: Option<&Proxy>,
) -> Result<Request<()>, Failure> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = addressee.uri(location)?;
    // All that ureq would add if it were not there, each value made anew.
    let headers = request.headers_mut();
    headers.reserve(USUAL_HEADERS);
    headers.insert(header::HOST, addressee.host.clone());
    headers.insert(header::USER_AGENT, config.user_agent.clone());
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    let coding = if config.compressed {
        ACCEPTED
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
            // The first of a name replaces what is there, further ones add to it.
            for name in given.keys() {
                headers.remove(name);
                for value in given.get_all(name) {
                    headers.append(name, value.clone());
                }
            }
        }
        authorization = authorization
            .or(target.location.authorization())
            // What a line says of its own URL comes before what is said of all.
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
        // The bytes that are there are plain ones.
        insert(headers, header::ACCEPT_ENCODING, Some("identity"));
    }
    Ok(request)
}

/// The most bytes that its head takes when it is sent.
pub(super) fn head_length(request: &Request<()>) -> usize {
    /// Between and after names and values.
    const MARKS: usize = 4;
    /// The protocol's version, the marks of the first line, the empty line; and some to spare.
    const OWN: usize = 64;
    let uri = request.uri();
    let path = uri.path_and_query().map_or(1, |path| path.as_str().len());
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + MARKS);
    request.method().as_str().len() + path + headers.sum::<usize>() + OWN
}

/// Whether the user asks for something else than the whole body, whatever it is now.
pub(super) fn has_conditions(config: &FetchConfig, target: &Target) -> bool {
    CONDITIONS.iter().any(|name| is_given(config, target, name))
}

/// Whether the user asks for a part of the body.
pub(super) fn has_range(config: &FetchConfig, target: &Target) -> bool {
    is_given(config, target, &header::RANGE)
}

/// Whether the user gives this header, for all targets or for this one.
fn is_given(config: &FetchConfig, target: &Target, name: &HeaderName) -> bool {
    let own = target.headers.as_deref();
    config.headers.contains_key(name) || own.is_some_and(|own| own.contains_key(name))
}

/// A value that came from a server as a header can be sent as one.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}
