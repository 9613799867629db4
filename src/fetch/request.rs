//! What is sent: the request's line and headers.

use http::{HeaderValue, Method, Request, header};

use super::FetchConfig;
use super::decode::ACCEPTED;
use crate::outcome::{Failure, FailureKind};
use crate::target::{Location, Target};

/// The request for `location`, to which redirects may have led from `target`. Only the origin that
/// the user named gets the user's headers and credentials.
pub(super) fn build(
    config: &FetchConfig,
    target: &Target,
    location: &Location,
    method: &Method,
) -> Result<Request<()>, Failure> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = location.text().parse().map_err(|_| Failure {
        kind: FailureKind::Protocol,
        phase: None,
        message: "the URL cannot be written in an HTTP request; percent-encode it".to_owned(),
    })?;
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, config.user_agent.clone());
    if config.compressed {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    }
    let mut authorization = location.authorization();
    if location.same_origin(&target.location) {
        let own = target.headers.as_deref();
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
            .or(config.authorization.as_ref());
    }
    if let Some(secret) = authorization {
        headers.insert(header::AUTHORIZATION, secret.reveal().clone());
    }
    Ok(request)
}
