//! ureq's resolver for one worker's agent, on the look-ups that all workers share.

use std::sync::Arc;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::Dns;
use crate::http::request_clock::RequestClock;

/// ureq's room for addresses.
const MOST_ADDRESSES: usize = 16;

/// One worker's view of the shared look-ups.
#[derive(Debug)]
pub(in crate::http) struct WorkerResolver {
    dns: Arc<Dns>,
    clock: Arc<RequestClock>,
}

impl WorkerResolver {
    pub(in crate::http) fn new(dns: Arc<Dns>, clock: Arc<RequestClock>) -> Self {
        WorkerResolver { dns, clock }
    }
}

impl Resolver for WorkerResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        // Through a proxy, the proxy is what is connected to.
        let proxy = self.clock.proxy();
        let (host, port) = match &proxy {
            Some(proxy) => (proxy.host.as_str(), proxy.port),
            None => authority(uri)?,
        };
        let mut resolved = self.empty();
        let found = self.dns.resolve(host, port, &self.clock)?;
        for address in found.into_iter().take(MOST_ADDRESSES) {
            resolved.push(address);
        }
        Ok(resolved)
    }
}

/// The host and port that a request's URI names, the host with the brackets of an IPv6 address.
pub(in crate::http) fn authority(uri: &Uri) -> Result<(&str, u16), ureq::Error> {
    let host = uri
        .host()
        .ok_or_else(|| ureq::Error::BadUri("the URL has no host".to_owned()))?;
    let default = if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    Ok((host, uri.port_u16().unwrap_or(default)))
}
