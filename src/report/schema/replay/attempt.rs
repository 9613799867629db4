//! Attempts and exchanges as they are read.

use std::net::SocketAddr;

use serde::Deserialize;

use super::line::{Anchor, Error, Moment, Seconds, Times, safe, version};
use super::number;
use crate::model::outcome::{Attempt, Exchange, HttpVersion};
use crate::model::text::escape;

/// An attempt that was followed by another.
#[derive(Debug, Deserialize)]
pub(super) struct Earlier {
    started_at: Option<Moment>,
    pub(super) worker: Option<u32>,
    total: Seconds,
    timing: Times,
    status: Option<u16>,
    requests: u32,
    #[serde(deserialize_with = "number::count")]
    wire_bytes: u64,
    exchanges: Vec<Exchanged>,
    error: Option<Error>,
}

impl Earlier {
    pub(super) fn into_attempt(self, anchor: Anchor) -> Attempt {
        let started_at = self.started_at.map(|moment| moment.0);
        let mut timing = self.timing.timing();
        timing.set_total(Some(self.total.0));
        Attempt {
            started_at,
            span: started_at.and_then(|start| anchor.span(start, self.total.0)),
            worker: self.worker,
            timing,
            status: self.status,
            error: self.error.map(|error| Box::new(error.into_failure())),
            requests: self.requests,
            wire_bytes: Some(self.wire_bytes),
            exchanges: exchanges(self.exchanges),
            ..Attempt::default()
        }
    }
}

/// A request and its response.
#[derive(Debug, Deserialize)]
pub(super) struct Exchanged {
    method: String,
    url: String,
    remote: Option<SocketAddr>,
    proxy: Option<String>,
    reused: Option<bool>,
    request: Vec<(String, String)>,
    http_version: Option<String>,
    status: Option<u16>,
    response: Vec<(String, String)>,
}

/// What wrote the file need not have been pfetch: all text is made safe again.
#[expect(clippy::box_collection, reason = "what an attempt holds is one word")]
pub(super) fn exchanges(read: Vec<Exchanged>) -> Option<Box<Vec<Exchange>>> {
    let exchanges: Vec<Exchange> = read.into_iter().map(Exchanged::into_exchange).collect();
    (!exchanges.is_empty()).then(|| Box::new(exchanges))
}

impl Exchanged {
    fn into_exchange(self) -> Exchange {
        let version = self.http_version.as_deref().map(version);
        Exchange {
            method: escape(&self.method),
            url: safe(&self.url),
            request: headers(&self.request),
            remote: self.remote,
            proxy: self.proxy.map(|proxy| escape(&proxy)),
            reused: self.reused,
            status: version.map(HttpVersion::as_str).zip(self.status),
            response: headers(&self.response),
        }
    }
}

fn headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    let safe = |(name, value): &(String, String)| (escape(name), escape(value));
    headers.iter().map(safe).collect()
}
