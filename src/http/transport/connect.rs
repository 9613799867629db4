//! The connector: a kept connection for a request, or a new one, through a proxy and with TLS where the URL
//! asks for them.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{self, ConnectionDetails, NextTimeout};

use super::connection::{Connection, ConnectionParts};
use super::connections::Connections;
use super::handover::Handover;
use super::happy_eyeballs::{connect_any, interleave};
use super::socks::Destination;
use super::stream::{ByteStream, Connected, Forward, ServerStream, Socket};
use super::tls_stream::TlsStream;
use super::{http_connect, socks};
use crate::http::dns::{Dns, authority, without_zone};
use crate::http::fault::{Fault, SocketError};
use crate::http::proxy::{Proxy, ProxyKind};
use crate::http::proxy_fault::ProxyFault;
use crate::http::public_addr::is_public;
use crate::http::request_clock::RequestClock;
use crate::http::tls::Tls;

/// The most addresses of a name that a SOCKS proxy is asked for in one attempt.
const MAX_SOCKS_ADDRESSES: usize = 4;

/// The host to open a TCP connection to, the server's or the proxy's, and its addresses.
type Near<'a> = (&'a str, &'a [SocketAddr]);

/// Makes the connections of one worker, under the limits of its request clock.
pub(super) struct Connector {
    pub(super) clock: Arc<RequestClock>,
    pub(super) handover: Arc<Handover>,
    pub(super) connections: Arc<Connections>,
    pub(super) tls: Arc<Tls>,
    pub(super) dns: Arc<Dns>,
    pub(super) block_private: bool,
}

impl transport::Connector<()> for Connector {
    type Out = Connection;

    /// A kept connection, or a new one. Only a new one needs the name's addresses.
    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Connection>, ureq::Error> {
        let next = self.handover.take_next();
        let forward = self.forward(details)?;
        let (stream, is_reused, now) = loop {
            let now = Instant::now();
            let kept = (!next.wants_new).then(|| self.connections.take(&next.key, now));
            if let Some(mut kept) = kept.flatten() {
                kept.stream.stream.bind(&self.clock);
                break (kept.stream, true, now);
            }
            match self.open(details) {
                Ok(stream) => break (stream, false, now),
                Err(error) => self.await_resource(error)?,
            }
        };
        let parts = ConnectionParts {
            clock: Arc::clone(&self.clock),
            handover: Arc::clone(&self.handover),
            connections: Arc::clone(&self.connections),
            now,
        };
        Ok(Some(Connection::new(
            stream, forward, parts, next, is_reused,
        )))
    }
}

/// The resolver that ureq asks before each request. The connector resolves names itself, if it needs to.
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

impl Connector {
    /// The form of the request for a proxy that forwards it. Of the request, and not of the connection, which
    /// serves all origins.
    fn forward(&self, details: &ConnectionDetails<'_>) -> Result<Option<Forward>, ureq::Error> {
        match self.clock.proxy() {
            Some(proxy) if proxy.forwards(details.needs_tls()) => {
                let (host, port) = authority(details.uri)?;
                Ok(Some(Forward {
                    origin: http_connect::http_origin(host, port),
                }))
            }
            _ => Ok(None),
        }
    }

    /// Opens a connection to the server, or to the proxy that forwards to it.
    fn open(&self, details: &ConnectionDetails<'_>) -> Result<ServerStream, ureq::Error> {
        let (host, port) = authority(details.uri)?;
        let is_tls = details.needs_tls();
        let proxy = self.clock.proxy();
        let (near_host, near_port) = match &proxy {
            Some(proxy) => (proxy.host.as_str(), proxy.port),
            None => (host, port),
        };
        let addresses = self.dns.resolve(near_host, near_port, &self.clock)?;
        self.check_permitted(&addresses, host)?;
        let near = (near_host, &addresses[..]);
        let connected = match &proxy {
            Some(proxy) if proxy.kind.is_socks() => self.open_socks(proxy, near, host, port)?,
            Some(proxy) => self.open_through(proxy, near, details.uri, host, port)?,
            None => self.open_tcp(near)?,
        };
        let (mut stream, remote) = connected;
        self.clock.connected(remote, is_tls);
        if is_tls {
            stream = self.start_tls(stream, host)?;
        }
        self.clock.connection_ready();
        Ok(ServerStream {
            stream,
            remote,
            is_tls,
        })
    }

    /// Refuses addresses that may not be connected to. They are the very ones that will be, so a name that
    /// resolves to others later (DNS rebinding) changes nothing.
    fn check_permitted(&self, found: &[SocketAddr], host: &str) -> Result<(), ureq::Error> {
        let private = found.iter().find(|address| !is_public(address.ip()));
        match private.filter(|_| self.block_private) {
            Some(address) => Err(self.clock.fail(Fault::Private(format!(
                "{host} is at {}, which is not a public address (--block-private)",
                address.ip()
            )))),
            None => Ok(()),
        }
    }

    /// Opens a connection to one of the addresses of this host.
    fn open_tcp(&self, (host, addresses): Near<'_>) -> Result<Connected, ureq::Error> {
        self.clock.connect_started();
        let (stream, remote) = connect_any(addresses, &self.clock).inspect_err(|_| {
            // A shortage here says nothing about the addresses.
            if self.clock.shortage().is_none() {
                self.dns.forget(host);
            }
        })?;
        let socket = Socket::new(stream, Arc::clone(&self.clock))
            .map_err(|error| self.socket_fault(&error))?;
        self.connections.note_made();
        Ok((Box::new(socket), remote))
    }

    /// Waits for other connections to close or to become idle, if the connection failed for want of
    /// descriptors, ports or memory: no server is to blame, no try is used up, and the wait is in no latency.
    fn await_resource(&self, error: ureq::Error) -> Result<(), ureq::Error> {
        match self.clock.shortage() {
            Some(shortage) if self.connections.await_resource(shortage) => {
                self.clock.forgive_shortage()
            }
            _ => Err(error),
        }
    }

    /// Opens a connection through an HTTP proxy: TLS to an https proxy, then CONNECT for an https URL.
    fn open_through(
        &self,
        proxy: &Proxy,
        near: Near<'_>,
        uri: &Uri,
        host: &str,
        port: u16,
    ) -> Result<Connected, ureq::Error> {
        let (mut stream, remote) = self.open_tcp(near)?;
        if proxy.kind == ProxyKind::Https {
            stream = self
                .handshake(stream, &proxy.host)
                .map_err(|error| self.proxy_fault(proxy, error.into()))?;
        }
        if uri.scheme_str() == Some("https") {
            self.open_tunnel(&mut stream, (host, port), proxy)
                .map_err(|fault| self.proxy_fault(proxy, fault))?;
        }
        Ok((stream, remote))
    }

    /// Opens a connection through a SOCKS proxy, to the first of the target's addresses that the proxy
    /// reaches. Each takes a connection of its own: a refusal ends the one that it came on (RFC 1928, 6).
    fn open_socks(
        &self,
        proxy: &Proxy,
        near: Near<'_>,
        host: &str,
        port: u16,
    ) -> Result<Connected, ureq::Error> {
        let mut refusal: Option<ProxyFault> = None;
        for destination in self.socks_destinations(proxy, host, port)? {
            let (mut stream, remote) = self.open_tcp(near)?;
            match socks::open(&mut stream, &destination, port, proxy) {
                Ok(()) => return Ok((stream, remote)),
                // One that may pass makes the whole attempt worth another.
                Err(fault) if fault.is_of_address() => {
                    if !refusal.as_ref().is_some_and(ProxyFault::is_transient) {
                        refusal = Some(fault);
                    }
                }
                Err(fault) => return Err(self.proxy_fault(proxy, fault)),
            }
        }
        let refusal = refusal.expect("a look-up that succeeds gives an address, which was refused");
        Err(self.proxy_fault(proxy, refusal))
    }

    /// The names or addresses to ask a SOCKS proxy for, in turn: addresses if names are resolved here, and
    /// for those that the user gives for the name, which are not the proxy's to look up.
    fn socks_destinations<'a>(
        &self,
        proxy: &Proxy,
        host: &'a str,
        port: u16,
    ) -> Result<Vec<Destination<'a>>, ureq::Error> {
        if proxy.kind == ProxyKind::Socks5h && !self.dns.is_pinned(host, port) {
            return Ok(vec![Destination::of_host(host)]);
        }
        let found = self.dns.resolve(host, port, &self.clock)?;
        let in_turn = interleave(&found).into_iter().take(MAX_SOCKS_ADDRESSES);
        Ok(in_turn
            .map(|address| Destination::Address(address.ip()))
            .collect())
    }

    /// Opens a tunnel through an HTTP proxy, and leaves the proxy's answer for the report.
    fn open_tunnel(
        &self,
        stream: &mut Box<dyn ByteStream>,
        (host, port): (&str, u16),
        proxy: &Proxy,
    ) -> Result<(), ProxyFault> {
        let mut seen = None;
        let authorization = proxy.authorization.as_ref();
        let opened = http_connect::open(stream, (host, port), authorization, &mut seen);
        self.handover.leave_tunnel(seen);
        opened
    }

    /// Keeps the fault of a proxy on the clock. The socket's own error says less, so this replaces it.
    fn proxy_fault(&self, proxy: &Proxy, fault: ProxyFault) -> ureq::Error {
        self.clock
            .fail_over_socket_error(Fault::Proxy(proxy.name(), fault))
    }

    /// A TLS stream to the server over this one.
    fn start_tls(
        &self,
        stream: Box<dyn ByteStream>,
        host: &str,
    ) -> Result<Box<dyn ByteStream>, ureq::Error> {
        self.handshake(stream, host).map_err(|error| {
            // A limit, or the socket's own error, is the cause, if the clock has one.
            match crate::http::tls::reason(&error) {
                Some(reason) => self.clock.fail(Fault::Tls(reason)),
                None if error.kind() == io::ErrorKind::Other => {
                    self.clock.fail(Fault::Tls(error.to_string()))
                }
                None => ureq::Error::Io(error),
            }
        })
    }

    /// A TLS stream over this one, after its handshake.
    fn handshake(
        &self,
        stream: Box<dyn ByteStream>,
        host: &str,
    ) -> io::Result<Box<dyn ByteStream>> {
        let config = self.tls.config().map_err(io::Error::other)?;
        let host = without_zone(host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            io::Error::other(format!(
                "\"{bare}\" is not a name that a certificate can have"
            ))
        })?;
        Ok(Box::new(TlsStream::handshake(config, name, stream)?))
    }

    fn socket_fault(&self, error: &io::Error) -> ureq::Error {
        self.clock.fail(Fault::Socket(SocketError::from(error)))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
