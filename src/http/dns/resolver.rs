//! ureq's resolver for one worker's agent, on the look-ups that all workers share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
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
    /// The last answer and its question. Answers are valid for the whole run.
    last: Mutex<Option<Answer>>,
}

#[derive(Debug)]
struct Answer {
    is_https: bool,
    authority: Authority,
    addresses: ResolvedSocketAddrs,
}

impl WorkerResolver {
    pub(in crate::http) fn new(dns: Arc<Dns>, clock: Arc<RequestClock>) -> Self {
        WorkerResolver {
            dns,
            clock,
            last: Mutex::new(None),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Answer>> {
        // Whole values only are put there.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
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
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        if let (None, Some(last)) = (&proxy, &*self.last())
            && last.is_https == is_https
            && uri.authority() == Some(&last.authority)
        {
            return Ok(last.addresses.clone());
        }
        let mut resolved = self.empty();
        let (host, port) = match &proxy {
            Some(proxy) => (proxy.host.as_str(), proxy.port),
            None => authority(uri)?,
        };
        let addresses = match self.dns.pinned(host, port) {
            None => self.dns.addresses(host, &self.clock)?,
            Some(given) => {
                let given = Arc::from(given);
                self.dns.of_family(given, host, &self.clock)?
            }
        };
        for address in addresses.iter().take(MOST_ADDRESSES) {
            resolved.push(SocketAddr::new(*address, port));
        }
        if let (None, Some(authority)) = (&proxy, uri.authority()) {
            *self.last() = Some(Answer {
                is_https,
                authority: authority.clone(),
                addresses: resolved.clone(),
            });
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
