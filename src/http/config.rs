//! What all fetches of a run have in common.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::{DnsConfig, ProxyConfig, StatusSet, TlsConfig};
use crate::model::target::Secret;

/// Settings of a [`Fetcher`](super::Fetcher). `Default` gives those of the command line.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// Headers sent with every request, redirects to another origin excepted.
    pub headers: HeaderMap,
    /// The `Authorization` header for targets whose URL has no credentials of its own.
    pub authorization: Option<Secret>,
    /// The `User-Agent` header.
    pub user_agent: HeaderValue,
    /// The status codes that count as success.
    pub accept: StatusSet,
    /// The most time for look-up, connection and TLS handshake together.
    pub connect_timeout: Duration,
    /// The most time for a whole attempt, redirects included. `None`: no limit.
    pub timeout: Option<Duration>,
    /// An attempt ends when less than 1 KiB has come in this time. `None`: no limit.
    pub stall_timeout: Option<Duration>,
    /// How many redirects are followed; with 0 the redirect itself is the result.
    pub max_redirects: u32,
    /// Whether a redirect may lead from https to http.
    pub allow_downgrade: bool,
    /// Whether to keep every request and response in the outcome
    /// ([`Outcome::exchanges`](crate::model::outcome::Outcome::exchanges)).
    pub keep_exchanges: bool,
    /// Whether to ask for encoded bodies and decode them.
    pub compressed: bool,
    /// Whether redirects and URLs must be https.
    pub https_only: bool,
    /// The most bytes that a body may have, both as it is sent and decoded. `None`: no limit.
    pub max_bytes: Option<u64>,
    /// Whether only public addresses may be connected to.
    pub block_private: bool,
    /// The proxies.
    pub proxies: ProxyConfig,
    /// How names are turned into addresses.
    pub dns: DnsConfig,
    /// What the user says about TLS.
    pub tls: TlsConfig,
    /// Whether a request that finds its kept connection closed is sent again at once, on a new one.
    pub resend: bool,
    /// How many idle connections a worker keeps, to as many hosts.
    pub idle_connections: usize,
}

impl Default for FetchConfig {
    fn default() -> Self {
        FetchConfig {
            headers: HeaderMap::new(),
            authorization: None,
            user_agent: HeaderValue::from_static(concat!("pfetch/", env!("CARGO_PKG_VERSION"))),
            accept: StatusSet::default(),
            connect_timeout: Duration::from_secs(10),
            timeout: None,
            stall_timeout: Some(Duration::from_secs(30)),
            max_redirects: 10,
            allow_downgrade: false,
            keep_exchanges: false,
            compressed: false,
            https_only: false,
            max_bytes: None,
            block_private: false,
            proxies: ProxyConfig::default(),
            dns: DnsConfig::default(),
            tls: TlsConfig::default(),
            resend: true,
            // Each pass of ureq's pool walks over them twice: with many more of them that costs more than
            // connections do.
            idle_connections: 32,
        }
    }
}
