//! The origin of requests: the parts that they share, and the key of their connections.

use std::sync::Arc;

use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};
use http::{HeaderValue, Method, Request, header};

use super::proxy::Proxy;
use crate::model::outcome::{Failure, FailureKind};
use crate::model::target::Location;

/// The parts that all requests to one origin share, made once for consecutive requests.
#[derive(Debug)]
pub(super) struct RequestOrigin {
    origin: Arc<str>,
    scheme: Scheme,
    authority: Authority,
    /// The value of `Host`.
    pub(super) host: HeaderValue,
    /// A GET of `/`, with no header but Host.
    bare: Request<()>,
    /// The most bytes of its head.
    pub(super) bare_length: usize,
}

impl RequestOrigin {
    /// The origin of `location`.
    ///
    /// # Errors
    ///
    /// If it cannot be written in a request.
    pub(super) fn of(location: &Location) -> Result<Self, Failure> {
        let origin = location.origin();
        let uri: Uri = origin.parse().map_err(|_| unwritable())?;
        let Parts {
            scheme: Some(scheme),
            authority: Some(authority),
            ..
        } = uri.clone().into_parts()
        else {
            return Err(unwritable());
        };
        let host = HeaderValue::from_str(location.authority()).map_err(|_| unwritable())?;
        let mut bare = Request::new(());
        *bare.uri_mut() = uri;
        bare.headers_mut().insert(header::HOST, host.clone());
        let bare_length = head_length(&bare);
        Ok(RequestOrigin {
            origin: origin.into(),
            scheme,
            authority,
            host,
            bare,
            bare_length,
        })
    }

    /// A request for `/` of this origin, with no header but Host. To copy it costs less than to make one.
    pub(super) fn bare(&self, method: &Method) -> Request<()> {
        let mut request = self.bare.clone();
        if method != Method::GET {
            *request.method_mut() = method.clone();
        }
        request
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

    /// The URI of `location`, which is of this origin.
    pub(super) fn uri(&self, location: &Location) -> Result<Uri, Failure> {
        let path = PathAndQuery::try_from(&location.text()[self.origin.len()..]);
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.map_err(|_| unwritable())?);
        Uri::from_parts(parts).map_err(|_| unwritable())
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

fn unwritable() -> Failure {
    Failure {
        kind: FailureKind::Protocol,
        phase: None,
        message: "the URL cannot be written in an HTTP request; percent-encode it".to_owned(),
        is_transient: false,
        is_alone: false,
    }
}
