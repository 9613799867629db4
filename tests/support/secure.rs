//! TLS for the bare server of `raw.rs`, and what its scripts need above it.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::authority::Identity;
use super::raw::Wire;

/// A server's set-up with this certificate; with a PEM of trusted issuers it insists on a client's.
pub(crate) fn server_config(identity: &Identity, clients: Option<&str>) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(root.unwrap()).unwrap();
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    Arc::new(
        builder
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap(),
    )
}

/// The same with a certificate that is shown as it is, though its key be another and its form an old one.
pub(crate) fn unchecked_config(
    certificate: CertificateDer<'static>,
    key: &str,
) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = CertifiedKey::new(vec![certificate], key);
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    Arc::new(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(shown))))
}

/// A connection under TLS. Dropped, it ends without `close_notify`.
pub(crate) struct Secure<'a>(pub(crate) StreamOwned<ServerConnection, Wire<'a>>);

/// The server's part of the handshake. When that fails the client's last words are read, so that
/// the alert is not lost to a reset.
pub(crate) fn secure<'a>(config: &Arc<ServerConfig>, mut wire: Wire<'a>) -> io::Result<Secure<'a>> {
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut wire) {
            // After a fatal alert either side ends the connection.
            rustix::net::shutdown(&wire, rustix::net::Shutdown::Write)?;
            while wire.read(&mut [0; 1024])? > 0 {}
            return Err(error);
        }
    }
    Ok(Secure(StreamOwned::new(connection, wire)))
}

impl Secure<'_> {
    /// Whether the client came back with a ticket of an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        self.0.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Ends the connection as TLS wants it ended.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.0.conn.send_close_notify();
        self.0.flush()
    }
}

impl Read for Secure<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Secure<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl AsFd for Secure<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.sock.as_fd()
    }
}

/// Reads the head of a request; `None` at the end of the connection.
pub(crate) fn head(line: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match line.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

/// Sends it at once.
pub(crate) fn say(line: &mut impl Write, text: &str) -> io::Result<()> {
    line.write_all(text.as_bytes())?;
    line.flush()
}

/// Each crate that includes this file uses its own part of it; see `pfetch.rs`.
const _: () = {
    let _ = (Secure::is_resumed, Secure::close, unchecked_config);
};
