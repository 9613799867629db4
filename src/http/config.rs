//! The settings of a run's fetches.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{DnsConfig, MediaRanges, Netrc, ProxyConfig, StatusSet, TlsConfig};
use crate::model::target::Secret;

/// Settings of a [`Fetcher`](super::Fetcher). `Default` gives the defaults of the command line.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// Headers of every request; of redirects to another origin the safe ones only, such as `Accept` and
    /// `Range`.
    pub headers: HeaderMap,
    /// Headers that pfetch would add by itself, and that are not sent.
    pub removed_headers: Vec<HeaderName>,
    /// The `Authorization` header for targets whose URL has no credentials of its own.
    pub authorization: Option<Secret>,
    /// Credentials by host, for targets that have none by then. Redirects to another origin get none.
    pub netrc: Option<Arc<Netrc>>,
    /// The `User-Agent` header.
    pub user_agent: HeaderValue,
    /// The status codes that count as success.
    pub accept: StatusSet,
    /// The media types that an answer has to be one of to count as success. `None`: any, or none.
    pub expect_type: Option<MediaRanges>,
    /// The longest time for look-up, connect and TLS handshake together.
    pub connect_timeout: Duration,
    /// The longest time for a whole attempt, redirects included. `None`: no limit.
    pub timeout: Option<Duration>,
    /// The time in which at least 1 KiB has to come, or the attempt ends. `None`: no limit.
    pub stall_timeout: Option<Duration>,
    /// The most redirects that are followed; with 0 the redirect itself is the result.
    pub max_redirects: u32,
    /// Permits redirects from https to http.
    pub allow_downgrade: bool,
    /// Keeps every request and response in the outcome
    /// ([`Attempt::exchanges`](crate::model::outcome::Attempt::exchanges)).
    pub keep_exchanges: bool,
    /// Keeps each request and the head of its response as they are sent, for packs that have the whole exchange.
    pub keep_raw_heads: bool,
    /// Asks for encoded bodies, and decodes them.
    pub compressed: bool,
    /// Refuses URLs and redirects that are not https.
    pub https_only: bool,
    /// The most bytes of a body, both encoded and decoded. `None`: no limit.
    pub max_bytes: Option<u64>,
    /// The most bytes of responses that all clients together receive in a second. `None`: no limit.
    pub limit_rate: Option<NonZeroU64>,
    /// Refuses to connect to addresses that are not public.
    pub block_private: bool,
    /// The proxies.
    pub proxies: ProxyConfig,
    /// The settings of name look-ups.
    pub dns: DnsConfig,
    /// The settings of TLS.
    pub tls: TlsConfig,
    /// Sends a request again at once, on a new connection, if its keep-alive connection was closed.
    pub resend: bool,
    /// The most idle keep-alive connections of the run.
    pub idle_connections: usize,
}

impl Default for FetchConfig {
    fn default() -> Self {
        FetchConfig {
            headers: HeaderMap::new(),
            removed_headers: Vec::new(),
            authorization: None,
            netrc: None,
            user_agent: HeaderValue::from_static(concat!("pfetch/", env!("CARGO_PKG_VERSION"))),
            accept: StatusSet::default(),
            expect_type: None,
            connect_timeout: Duration::from_secs(10),
            timeout: None,
            stall_timeout: Some(Duration::from_secs(30)),
            max_redirects: 10,
            allow_downgrade: false,
            keep_exchanges: false,
            keep_raw_heads: false,
            compressed: false,
            https_only: false,
            max_bytes: None,
            limit_rate: None,
            block_private: false,
            proxies: ProxyConfig::default(),
            dns: DnsConfig::default(),
            tls: TlsConfig::default(),
            resend: true,
            idle_connections: 256,
        }
    }
}
