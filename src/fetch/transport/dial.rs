//! The connector: from addresses to a connected [`Wire`].

use std::sync::Arc;

use ureq::unversioned::transport::{ConnectionDetails, Connector};

use super::race::race;
use super::wire::Wire;
use crate::fetch::meter::{Fault, Meter};

/// Makes the TCP connection, under the meter's limits.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) meter: Arc<Meter>,
}

impl Connector<()> for Dial {
    type Out = Wire;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Wire>, ureq::Error> {
        self.meter.connect_started();
        let (stream, remote) = race(&details.addrs, &self.meter)?;
        let wire = Wire::new(stream, remote, Arc::clone(&self.meter)).map_err(|error| {
            self.meter
                .fail(Fault::Socket(error.kind(), error.to_string()))
        })?;
        self.meter.connected(remote, details.needs_tls());
        Ok(Some(wire))
    }
}
