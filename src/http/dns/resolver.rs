//! The addresses to connect to for a host and port: given by the user, or looked up.

use std::net::SocketAddr;
use std::sync::Arc;

use ureq::http::Uri;

use super::Dns;
use crate::http::request_clock::RequestClock;

impl Dns {
    /// The addresses of `host` with `port`, in the order in which they are to be tried.
    pub(in crate::http) fn socket_addresses(
        &self,
        host: &str,
        port: u16,
        clock: &RequestClock,
    ) -> Result<Vec<SocketAddr>, ureq::Error> {
        let addresses = match self.pinned(host, port) {
            None => self.addresses(host, clock)?,
            Some(given) => self.of_family(Arc::from(given), host, clock)?,
        };
        let with_port = |address| SocketAddr::new(address, port);
        Ok(addresses.iter().copied().map(with_port).collect())
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
