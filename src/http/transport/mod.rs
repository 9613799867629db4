//! The transport below ureq: connections that keep the meter and heed its limits.
//!
//! ureq gets one connector of pfetch's own, [`Dial`]: it races the addresses for a TCP connection,
//! passes through a proxy where there is one, adds TLS where the URL asks for it, and marks when each
//! of these was done.

mod buffers;
mod connect;
mod connection;
mod happy_eyeballs;
mod http_connect;
mod socks;
mod stream;

use std::sync::Arc;

use ureq::Agent;

use super::dns::{Dns, WorkerResolver};
use super::request_clock::Meter;
use super::tls::Tls;
use connect::Dial;

/// A worker's agent over this transport, keeping up to `idle_connections` idle connections.
pub(super) fn agent(
    idle_connections: usize,
    block_private: bool,
    tls: &Arc<Tls>,
    dns: &Arc<Dns>,
    meter: &Arc<Meter>,
) -> Agent {
    let config = Agent::config_builder()
        // Redirects, status codes, time-outs and proxies are decided above and below, not in ureq.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        // A worker has one request under way at a time, so one connection a host is enough.
        .max_idle_connections(idle_connections)
        .max_idle_connections_per_host(1)
        .build();
    let connector = Dial {
        meter: Arc::clone(meter),
        tls: Arc::clone(tls),
        dns: Arc::clone(dns),
        block_private,
    };
    let resolver = WorkerResolver::new(Arc::clone(dns), Arc::clone(meter));
    Agent::with_parts(config, connector, resolver)
}
