//! The origin of requests: the parts that they share, and the key of their connections.

use std::sync::Arc;

use http::HeaderValue;
use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};

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

fn unwritable() -> Failure {
    Failure {
        kind: FailureKind::Protocol,
        phase: None,
        message: "the URL cannot be written in an HTTP request; percent-encode it".to_owned(),
        is_transient: false,
    }
}
