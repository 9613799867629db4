//! The transport below ureq: it connects, sends requests, and reads responses up to the end of their bodies.
//!
//! ureq gets one [`Connector`] of pfetch's own, and no pool. The connector takes a kept connection of the
//! run ([`Connections`]), or makes one: Happy Eyeballs, a tunnel where there is a proxy, TLS where the URL
//! asks for it. The [`Connection`](connection::Connection) reads the response's head ([`head`]), decides
//! where the body ends ([`framing`]), and hands ureq a body that ends with its input; or none, and the client
//! the [`WholeBody`], if all of it came with the head. All of it marks its
//! times on the request clock and obeys its limits.

mod buffers;
mod connect;
mod connection;
mod connections;
pub(super) mod framing;
mod handover;
mod happy_eyeballs;
pub(super) mod head;
mod http_connect;
mod os;
mod socks;
mod stream;
mod tls_stream;
mod whole_body;

use std::sync::Arc;

use ureq::Agent;
use ureq::config::AutoHeaderValue;

use super::dns::Dns;
use super::request_clock::RequestClock;
use super::tls::Tls;
use connect::{Connector, NoResolver};
pub(super) use connections::Connections;
pub(super) use handover::{Handover, HeadCompletion, NextRequest, ResponseStart, Tunnel};
pub(super) use whole_body::WholeBody;

/// The parts of the transport that the workers of a run share.
#[derive(Debug, Clone)]
pub(super) struct SharedTransport {
    pub(super) connections: Arc<Connections>,
    pub(super) tls: Arc<Tls>,
    pub(super) dns: Arc<Dns>,
    pub(super) block_private: bool,
}

/// Makes a worker's ureq agent over this transport.
pub(super) fn agent(
    shared: SharedTransport,
    clock: &Arc<RequestClock>,
    handover: &Arc<Handover>,
) -> Agent {
    let config = Agent::config_builder()
        // Redirects, status codes, time-outs and proxies are decided above and below, not in ureq.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        // The run keeps its connections itself: ureq's pool is one agent's, and slow when there are many.
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        // The client writes every header itself.
        .user_agent(AutoHeaderValue::None)
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .build();
    let connector = Connector {
        clock: Arc::clone(clock),
        handover: Arc::clone(handover),
        connections: shared.connections,
        tls: shared.tls,
        dns: shared.dns,
        block_private: shared.block_private,
    };
    Agent::with_parts(config, connector, NoResolver)
}
