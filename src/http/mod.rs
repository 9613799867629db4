//! Fetches one target: the actions, the per-worker client, and the transport below it.
//!
//! * A [`FetchAction`] is the pool's action; it runs on a worker whose state is a [`Client`].
//! * A [`Fetcher`] makes a [`Client`] for each worker: one ureq agent and its buffers. The clients of a run
//!   share settings, connections, name look-ups and the TLS set-up.
//! * A client follows redirects itself, with the headers that may go along and the cookies that were set
//!   on the way. It makes a request plainly that is refused for what pfetch had added to it, retries a
//!   stale keep-alive connection once, decides whether the status counts as success, and measures every
//!   phase.
//! * `rate_limit` is the token bucket by which the clients of a run share `--limit-rate`; `netrc` has
//!   credentials by host.
//! * `transport` stands below ureq: it keeps the connections, reads response heads, and decides where bodies
//!   end. It and `dns` are the only users of ureq's `unversioned` API.

mod accept;
mod action;
mod body;
mod body_reader;
mod brotli;
mod classify;
mod client;
mod config;
mod content_type;
mod cookies;
mod cross_origin;
mod decode;
mod decoding;
mod dns;
mod error;
mod fault;
mod fetch_state;
mod fetcher;
mod given_headers;
mod gzip;
mod http_date;
mod media_type;
mod memory_body;
mod netrc;
mod no_proxy;
mod plain_targets;
mod prefix;
mod proxy;
mod proxy_config;
mod proxy_fault;
mod public_addr;
mod rate_limit;
mod redact;
mod redirect;
mod request;
mod request_clock;
mod request_origin;
mod request_state;
mod response_body;
mod retry_after;
mod save;
mod shared;
mod shared_lines;
mod sink;
mod tls;
mod transport;
mod validators;
mod zstd;

pub use accept::{AcceptError, StatusSet};
pub use action::{FetchAction, Fetched, UnplacedBody};
pub use client::Client;
pub use config::FetchConfig;
pub(crate) use cross_origin::crosses_origins;
pub use dns::{DnsConfig, Family, PinnedAddresses, PinnedHost, TEMPORARY_FAILURE_LIFETIME};
pub use fetcher::Fetcher;
pub use media_type::{MediaRangeError, MediaRanges};
pub use netrc::{Netrc, NetrcError};
pub use no_proxy::NoProxy;
pub use proxy::{Proxy, ProxyError};
pub use proxy_config::{ProxyConfig, ProxyUnusable};
pub(crate) use redact::is_secret_name;
pub use save::{AwaitingName, Naming};
pub use tls::{IdentityError, TlsConfig};
