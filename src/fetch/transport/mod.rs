//! The transport below ureq: sockets that keep the meter and heed its limits.
//!
//! ureq gets a chain of three connectors: [`Dial`] makes the TCP connection, ureq's own rustls
//! connector (one for all workers, so that they share its set-up and session cache) adds TLS where
//! the URL asks for it, and [`Ready`] marks the moment when the connection can be used.

mod dial;
mod race;
mod wire;

use std::fmt;
use std::sync::Arc;

use ureq::Agent;
use ureq::unversioned::transport::{ConnectionDetails, Connector, RustlsConnector, Transport};

use super::meter::Meter;
use super::resolver::WorkerResolver;
use dial::Dial;

/// ureq's buffers for each connection: room for the headers (64 KiB is ureq's limit for them), and
/// for the request's head. No more: ureq holds all that has come, body included, against that limit
/// when it passes over an interim response.
const INPUT_BUFFER: usize = 64 * 1024;
/// See [`INPUT_BUFFER`].
const OUTPUT_BUFFER: usize = 24 * 1024;

/// A worker's agent over this transport, keeping up to `idle_connections` idle connections.
pub(super) fn agent(
    idle_connections: usize,
    tls: &SharedTls,
    resolver: WorkerResolver,
    meter: &Arc<Meter>,
) -> Agent {
    let config = Agent::config_builder()
        // Redirects, status codes, time-outs and proxies are decided above and below, not in ureq.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .accept_encoding("identity")
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        // A worker has one request under way at a time, so one connection a host is enough.
        .max_idle_connections(idle_connections)
        .max_idle_connections_per_host(1)
        .build();
    let connector = Dial {
        meter: Arc::clone(meter),
    }
    .chain(tls.clone())
    .chain(Ready {
        meter: Arc::clone(meter),
    });
    Agent::with_parts(config, connector, resolver)
}

/// The TLS layer of all workers of a run. Its set-up is built when the first https URL asks for it.
#[derive(Clone, Default)]
pub(super) struct SharedTls(Arc<RustlsConnector>);

impl<In: Transport> Connector<In> for SharedTls {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        self.0.connect(details, chained)
    }
}

impl fmt::Debug for SharedTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedTls")
    }
}

/// The end of the chain: tells the meter that the connection stands, TLS included.
#[derive(Debug)]
struct Ready {
    meter: Arc<Meter>,
}

impl<In: Transport> Connector<In> for Ready {
    type Out = In;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<In>, ureq::Error> {
        self.meter.ready();
        Ok(chained)
    }
}
