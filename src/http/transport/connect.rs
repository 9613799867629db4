//! The connector: from addresses to a [`Wire`] that is ready for requests, through a proxy and under
//! TLS where the URL asks for them.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use ureq::http::Uri;
use ureq::unversioned::transport::{ConnectionDetails, Connector};

use super::connection::{Forward, Wire};
use super::happy_eyeballs::race;
use super::stream::{Ahead, Connected, Line, Socket};
use super::{http_connect, socks};
use crate::http::dns::{Dns, authority};
use crate::http::proxy::{Proxy, ProxyKind};
use crate::http::public_addr::is_public;
use crate::http::request_clock::{Fault, Meter};
use crate::http::tls::Tls;

/// Makes connections for one worker, under its meter's limits.
pub(super) struct Dial {
    pub(super) meter: Arc<Meter>,
    pub(super) tls: Arc<Tls>,
    pub(super) dns: Arc<Dns>,
    pub(super) block_private: bool,
}

impl Connector<()> for Dial {
    type Out = Wire;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Wire>, ureq::Error> {
        let (host, port) = authority(details.uri)?;
        let addresses = self.permitted(&details.addrs, host)?;
        let needs_tls = details.needs_tls();
        self.meter.connect_started();
        let mut connected = self.open(&addresses)?;
        let proxy = self.meter.proxy();
        let mut forward = None;
        if let Some(proxy) = &proxy {
            connected = self.pass(proxy, connected, details.uri, host, port)?;
            if proxy.forwards(needs_tls) {
                forward = Some(Forward {
                    origin: format!("http://{}", http_connect::host_and_port(host, port)),
                });
            }
        }
        self.meter.connected(connected.1, needs_tls);
        if needs_tls {
            connected.0 = self.secure(connected.0, host)?;
        }
        self.meter.ready();
        let meter = Arc::clone(&self.meter);
        Ok(Some(Wire::new(connected, meter, needs_tls, forward)))
    }
}

impl Dial {
    /// The addresses that may be connected to: the ones that will be, so that what a name says
    /// later changes nothing.
    fn permitted(&self, found: &[SocketAddr], host: &str) -> Result<Vec<SocketAddr>, ureq::Error> {
        if !self.block_private {
            return Ok(found.to_vec());
        }
        match found.iter().find(|address| !is_public(address.ip())) {
            Some(address) => Err(self.meter.fail(Fault::Private(format!(
                "{host} is at {}, which is not a public address (--block-private)",
                address.ip()
            )))),
            None => Ok(found.to_vec()),
        }
    }

    fn open(&self, addresses: &[SocketAddr]) -> Result<Connected, ureq::Error> {
        let (stream, remote) = race(addresses, &self.meter)?;
        let socket =
            Socket::new(stream, Arc::clone(&self.meter)).map_err(|error| self.fault(&error))?;
        Ok((Box::new(socket), remote))
    }

    /// From a line to the proxy to one through it.
    fn pass(
        &self,
        proxy: &Proxy,
        (mut line, remote): Connected,
        uri: &Uri,
        host: &str,
        port: u16,
    ) -> Result<Connected, ureq::Error> {
        if proxy.kind == ProxyKind::Https {
            line = self
                .handshake(line, &proxy.host)
                .map_err(|error| self.blame(proxy, &error))?;
        }
        let passed = match proxy.kind {
            ProxyKind::Http | ProxyKind::Https if uri.scheme_str() == Some("https") => {
                http_connect::open(&mut line, host, port, proxy.authorization.as_ref())
            }
            ProxyKind::Http | ProxyKind::Https => Ok(()),
            ProxyKind::Socks5h => {
                socks::open(&mut line, &socks::Destination::of_host(host), port, proxy)
            }
            ProxyKind::Socks5 => {
                let address = self.local_address(host, port)?;
                socks::open(
                    &mut line,
                    &socks::Destination::Address(address),
                    port,
                    proxy,
                )
            }
        };
        passed.map_err(|error| self.blame(proxy, &error))?;
        Ok((line, remote))
    }

    /// What went wrong between here and the proxy, on the proxy's account.
    fn blame(&self, proxy: &Proxy, error: &io::Error) -> ureq::Error {
        let reason = crate::http::tls::reason(error).unwrap_or_else(|| match error.kind() {
            io::ErrorKind::UnexpectedEof => "closed the connection in the handshake".to_owned(),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => "reset the connection".to_owned(),
            _ => error.to_string(),
        });
        self.meter.explain(Fault::Proxy(format!(
            "the proxy {}: {reason}",
            proxy.name()
        )))
    }

    /// An address of the target, looked up here for a proxy that wants none of names.
    fn local_address(&self, host: &str, port: u16) -> Result<IpAddr, ureq::Error> {
        if let Some([address, ..]) = self.dns.pinned(host, port) {
            return Ok(*address);
        }
        let found = self.dns.addresses(host, &self.meter)?;
        found.first().copied().ok_or_else(|| {
            let reason = "the name has no addresses".to_owned();
            self.meter.fail(Fault::NameNotFound(reason))
        })
    }

    /// A TLS line to the server over this one.
    fn secure(&self, line: Box<dyn Line>, host: &str) -> Result<Box<dyn Line>, ureq::Error> {
        self.handshake(line, host).map_err(|error| {
            // A limit or the socket's own error is the cause, if the meter knows of one.
            match crate::http::tls::reason(&error) {
                Some(reason) => self.meter.fail(Fault::Tls(reason)),
                None if error.kind() == io::ErrorKind::Other => {
                    self.meter.fail(Fault::Tls(error.to_string()))
                }
                None => ureq::Error::Io(error),
            }
        })
    }

    /// A TLS line over this one, its handshake done.
    fn handshake(&self, line: Box<dyn Line>, host: &str) -> io::Result<Box<dyn Line>> {
        let config = self.tls.config().map_err(io::Error::other)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            io::Error::other(format!(
                "\"{bare}\" is not a name that a certificate can have"
            ))
        })?;
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut line = Ahead::new(line);
        while connection.is_handshaking() {
            connection.complete_io(&mut line)?;
        }
        Ok(Box::new(StreamOwned::new(connection, line)))
    }

    fn fault(&self, error: &io::Error) -> ureq::Error {
        self.meter
            .fail(Fault::Socket(error.kind(), error.to_string()))
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").finish_non_exhaustive()
    }
}
