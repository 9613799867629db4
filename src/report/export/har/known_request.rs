//! The requests of an attempt, as far as they are known.

use std::net::SocketAddr;

use super::super::attempt_view::AttemptView;
use crate::model::outcome::{Exchange, HttpVersion, Outcome};
use crate::model::target::Verb;

/// Name and value.
pub(super) type Header = (String, String);

/// The known data of a request, from its exchange or from the outcome.
pub(super) struct KnownRequest<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) request: &'a [Header],
    pub(super) version: Option<&'a str>,
    pub(super) status: Option<u16>,
    pub(super) response: &'a [Header],
    /// The URL that a redirect led to.
    pub(super) next: Option<&'a str>,
    pub(super) remote: Option<SocketAddr>,
    pub(super) proxy: Option<&'a str>,
    /// True if headers were kept, so that a missing one was not sent.
    pub(super) has_headers: bool,
}

/// The requests of an attempt in their order, at least one.
pub(super) fn known_requests<'a>(
    outcome: &'a Outcome,
    view: &AttemptView<'a>,
) -> Vec<KnownRequest<'a>> {
    match view.attempt.exchanges() {
        [] => from_outcome(outcome, view),
        exchanges => exchanges.iter().map(from_exchange).collect(),
    }
}

fn from_exchange(exchange: &Exchange) -> KnownRequest<'_> {
    KnownRequest {
        method: &exchange.method,
        url: &exchange.url,
        request: &exchange.request,
        version: exchange.status.map(|(version, _)| version),
        status: exchange.status.map(|(_, status)| status),
        response: &exchange.response,
        next: header(&exchange.response, "location"),
        remote: exchange.remote,
        proxy: exchange.proxy.as_deref(),
        has_headers: true,
    }
}

/// The requests of an attempt without exchanges: the redirects of the last attempt, and the request that they
/// led to.
fn from_outcome<'a>(outcome: &'a Outcome, view: &AttemptView<'a>) -> Vec<KnownRequest<'a>> {
    let blank = KnownRequest {
        method: match outcome.verb {
            Verb::Get => "GET",
            Verb::Head => "HEAD",
        },
        url: &outcome.url,
        request: &[],
        version: None,
        status: None,
        response: &[],
        next: None,
        remote: None,
        proxy: None,
        has_headers: false,
    };
    if !view.is_last {
        return vec![KnownRequest {
            status: view.attempt.status,
            ..blank
        }];
    }
    let end = outcome.final_url().unwrap_or(&outcome.url);
    let mut all = Vec::with_capacity(outcome.redirects().len() + 1);
    for (i, hop) in outcome.redirects().iter().enumerate() {
        let next = outcome.redirects().get(i + 1).map_or(end, |next| &next.url);
        all.push(KnownRequest {
            url: &hop.url,
            status: Some(hop.status),
            next: Some(next),
            ..blank
        });
    }
    all.push(KnownRequest {
        url: end,
        version: outcome.last.version.map(HttpVersion::as_str),
        status: view.attempt.status,
        remote: outcome.last.remote,
        ..blank
    });
    all
}

/// Value of the first header of this name, whatever its case.
pub(super) fn header<'a>(headers: &'a [Header], wanted: &str) -> Option<&'a str> {
    let mut found = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.next().map(|(_, value)| value.as_str())
}
