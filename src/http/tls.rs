//! TLS: one configuration and one session cache for all workers of a run, built for the first https
//! URL.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{AlertDescription, CertificateError, CipherSuite, ClientConfig, SupportedCipherSuite};
use thiserror::Error;

use super::trust::{Trusted, Verifier, pem_in_words};

/// The settings of TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsConfig {
    insecure: bool,
    /// Trusted in place of the system's certificates.
    trusted: Option<Arc<Trusted>>,
    identity: Option<ClientIdentity>,
}

/// The client certificates and their key.
#[derive(Clone)]
struct ClientIdentity(Arc<CertifiedKey>);

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(…)")
    }
}

/// A client certificate or key that cannot be used. The message begins with the path of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// The file with the certificates.
    #[error("{0}")]
    Certificate(String),
    /// The file with the key.
    #[error("{0}")]
    Key(String),
}

impl TlsConfig {
    /// Accepts any certificate.
    #[must_use]
    pub fn insecure(mut self, insecure: bool) -> Self {
        self.insecure = insecure;
        self
    }

    /// Trusts the certificates in this PEM file, and no others: authorities with all that they sign, and
    /// each certificate as a server's own.
    ///
    /// # Errors
    ///
    /// If the file has no certificate, or one of them cannot be read or used.
    pub fn roots_from(mut self, path: &Path) -> Result<Self, String> {
        let mut trusted = Trusted::none();
        for (place, certificate) in certificates(path)?.into_iter().enumerate() {
            trusted.add(certificate).map_err(|error| {
                let (path, number) = (path.display(), place + 1);
                format!("{path}: certificate {number} in it {error}")
            })?;
        }
        self.trusted = Some(Arc::new(trusted));
        Ok(self)
    }

    /// Presents these certificates to servers that request one. Both are PEM files; without a second one
    /// the key is in the first.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or lacks its part, or if key and certificate do not match.
    pub fn identity_from(
        mut self,
        chain: &Path,
        key: Option<&Path>,
    ) -> Result<Self, IdentityError> {
        let key_path = key.unwrap_or(chain);
        let certificates = certificates(chain).map_err(IdentityError::Certificate)?;
        let key = private_key(key_path).map_err(IdentityError::Key)?;
        let identity = CertifiedKey::from_der(certificates, key, &ring::default_provider());
        let identity = identity.map_err(|error| {
            let (chain, key) = (chain.display(), key_path.display());
            match error {
                rustls::Error::InconsistentKeys(_) => IdentityError::Key(format!(
                    "{key}: the private key in it is not that of the first certificate in {chain}"
                )),
                rustls::Error::InvalidCertificate(error) => IdentityError::Certificate(format!(
                    "{chain}: the first certificate in it cannot be used: {}",
                    in_words(&error)
                )),
                error => IdentityError::Key(format!(
                    "{key}: the private key in it cannot be used: {error}"
                )),
            }
        })?;
        self.identity = Some(ClientIdentity(Arc::new(identity)));
        Ok(self)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("{}: {}", path.display(), pem_in_words(&error)))?;
    if found.is_empty() {
        return Err(format!("{}: there is no certificate in it", path.display()));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let what = match fs::read(path) {
        Err(error) => error.to_string(),
        Ok(text) => match PrivateKeyDer::from_pem_slice(&text) {
            Ok(key) => return Ok(key),
            Err(_) if is_encrypted(&text) => {
                "the private key in it is encrypted with a passphrase, which pfetch never asks \
                 for; decrypt it first (openssl pkey -in FILE -out NEW)"
                    .to_owned()
            }
            Err(pem::Error::NoItemsFound) => "there is no private key in it".to_owned(),
            Err(error) => pem_in_words(&error),
        },
    };
    Err(format!("{}: {what}", path.display()))
}

/// True for a key with a passphrase, in PKCS #8 or in the traditional form (RFC 1421, 4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    pem.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        line == b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
            || (line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"))
    })
}

/// The TLS configuration of a run, built on demand: loading the roots takes time.
pub(super) struct Tls {
    wanted: TlsConfig,
    built: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    pub(super) fn new(wanted: TlsConfig) -> Self {
        Tls {
            wanted,
            built: OnceLock::new(),
        }
    }

    /// The configuration, built at the first call.
    ///
    /// # Errors
    ///
    /// A message, if the trusted certificates cannot be loaded.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        self.built.get_or_init(|| build(&self.wanted)).clone()
    }
}

/// The suites that are preferred, as browsers do: AES-256 takes 14 rounds in place of 10, on both sides.
fn is_aes_128(suite: &SupportedCipherSuite) -> bool {
    matches!(
        suite.suite(),
        CipherSuite::TLS13_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    )
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn build(wanted: &TlsConfig) -> Result<Arc<ClientConfig>, String> {
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .sort_by_key(|suite| !is_aes_128(suite));
    let provider = Arc::new(provider);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let trusted = match &wanted.trusted {
        _ if wanted.insecure => None,
        Some(trusted) => Some(Arc::clone(trusted)),
        None => Some(Arc::new(Trusted::from_environment()?)),
    };
    let verifier = Arc::new(Verifier::new(trusted, &provider));
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &wanted.identity {
        Some(ClientIdentity(identity)) => {
            let identity = SingleCertAndKey::from(Arc::clone(identity));
            builder.with_client_cert_resolver(Arc::new(identity))
        }
        None => builder.with_no_client_auth(),
    };
    // ALPN, so that a server that speaks more than one protocol selects this one.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The message for an error of rustls; `None` if the error is another.
pub(super) fn reason(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(certificate) => in_words(certificate),
        rustls::Error::InvalidMessage(_) => {
            "the server does not speak TLS on this port; for plain HTTP write http://".to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server wants a certificate of the client (--cert FILE, --key FILE)".to_owned()
        }
        rustls::Error::AlertReceived(alert) => {
            format!("the server refused the handshake: {alert:?}")
        }
        rustls::Error::PeerIncompatible(what) => {
            format!("the server and pfetch have no TLS version or cipher in common: {what:?}")
        }
        other => other.to_string(),
    })
}

fn in_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "the certificate is not from an issuer that is trusted here (--cacert FILE trusts \
             another, -k trusts all)"
                .to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate has expired, on {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the certificate is not valid yet, only from {}",
            date(*not_before)
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is for another name ({error})")
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for servers (its extended key usage is without serverAuth)"
                .to_owned()
        }
        CertificateError::Other(other) => match other.0.downcast_ref() {
            // The default of `openssl req -x509`.
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "the certificate is an authority's own certificate, which is not for servers \
                 (--cacert FILE with it in FILE takes it, -k takes all)"
                    .to_owned()
            }
            Some(webpki::Error::EndEntityUsedAsCa) => {
                "the certificate is signed with one that is not an authority's (-k takes all)"
                    .to_owned()
            }
            Some(webpki::Error::UnsupportedCertVersion) => {
                "the certificate is not of X.509 version 3: neither names nor uses of another can \
                 be checked"
                    .to_owned()
            }
            Some(other) => format!("the certificate is no good: {other}"),
            None => format!("the certificate is no good: {other}"),
        },
        other => format!("the certificate is no good: {other}"),
    }
}

fn date(time: UnixTime) -> String {
    let seconds = time.as_secs();
    // Years of four digits: no certificate can state more, and humantime formats no more.
    if seconds < 253_402_300_800 {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        humantime::format_rfc3339_seconds(time).to_string()
    } else {
        format!("second {seconds} of the Unix clock")
    }
}
