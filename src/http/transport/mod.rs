//! The transport below ureq: connections that mark their times on the request clock and obey its limits.
//!
//! ureq gets one [`Connector`] of pfetch's own. It connects to the addresses with Happy Eyeballs, opens
//! a tunnel where there is a proxy, adds TLS where the URL asks for it, and marks the time of each step.

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
use super::request_clock::RequestClock;
use super::tls::Tls;
use connect::Connector;

/// Makes a worker's ureq agent over this transport, with up to `idle_connections` idle connections.
pub(super) fn agent(
    idle_connections: usize,
    block_private: bool,
    tls: &Arc<Tls>,
    dns: &Arc<Dns>,
    clock: &Arc<RequestClock>,
) -> Agent {
    let config = Agent::config_builder()
        // Redirects, status codes, time-outs and proxies are decided above and below, not in ureq.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        // Requests have these, unless the user has taken them out.
        .user_agent("")
        .accept("")
        // A worker has one request under way at a time, so one connection per host is enough.
        .max_idle_connections(idle_connections)
        .max_idle_connections_per_host(1)
        .build();
    let connector = Connector {
        clock: Arc::clone(clock),
        tls: Arc::clone(tls),
        dns: Arc::clone(dns),
        block_private,
    };
    let resolver = WorkerResolver::new(Arc::clone(dns), Arc::clone(clock));
    Agent::with_parts(config, connector, resolver)
}
