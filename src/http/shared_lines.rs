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
mod tests;
