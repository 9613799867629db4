//! Fetching one target: the actions, the per-worker client, and the transport below it.
//!
//! * [`Get`] and [`Head`] are the pool's actions; they run on a worker whose state is a [`Client`].
//! * A [`Fetcher`] holds what all clients of a run share (settings, name look-ups, TLS set-up) and
//!   makes a [`Client`] for each worker: one ureq agent, its connections and its buffers.
//! * A client follows redirects itself, retries a stale kept-alive connection once, decides whether
//!   the status counts as success, and measures every phase.
//! * `transport` and `resolver` stand below ureq, and are the only users of its `unversioned` API.

mod accept;
mod action;
mod body;
mod brotli;
mod classify;
mod client;
mod config;
mod decode;
mod dns;
mod error;
mod fetcher;
mod framing;
mod gzip;
mod proxy;
mod public_addr;
mod redact;
mod redirect;
mod request;
mod request_clock;
mod save;
mod sink;
mod tls;
mod transport;
mod trust;
mod validators;
mod x509;
mod zstd;

pub use accept::{AcceptError, StatusSet};
pub use action::{Get, Head, PassOn, Save};
pub use client::Client;
pub use config::FetchConfig;
pub use dns::{DnsConfig, Family};
pub use fetcher::Fetcher;
pub use proxy::{NoProxy, Proxy, ProxyConfig, ProxyError};
pub use save::{AwaitingName, Naming};
pub use tls::{IdentityError, TlsConfig};
