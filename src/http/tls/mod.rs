//! TLS: one configuration and one session cache for all workers of a run, built for the first https
//! URL.

mod der;
mod error;
mod pem_file;
mod trust;
mod trust_settings;
mod x509;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CipherSuite, ClientConfig, KeyLogFile, SupportedCipherSuite};
use thiserror::Error;

use error::certificate_in_words;
pub(super) use error::reason;
use pem_file::FileCertificate;
use trust::{Trusted, Verifier};

/// The settings of TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsConfig {
    insecure: bool,
    /// Trusted in place of the system's certificates.
    trusted: Option<Arc<Trusted>>,
    identity: Option<ClientIdentity>,
    key_log: bool,
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
    /// Accepts any certificate, and any signature of a handshake.
    #[must_use]
    pub fn insecure(mut self, insecure: bool) -> Self {
        self.insecure = insecure;
        self
    }

    /// Trusts the certificates in this PEM file, and no others: authorities with all that they sign, and
    /// each certificate as a server's own. Those that cannot be used are skipped, and the second result
    /// is a warning about them.
    ///
    /// # Errors
    ///
    /// If no certificate in the file can be used, or it is not PEM.
    pub fn roots_from(mut self, path: &Path) -> Result<(Self, Option<String>), String> {
        let mut trusted = Trusted::none();
        let mut used = 0;
        let mut skipped = Vec::new();
        for (place, certificate) in certificates(path)?.into_iter().enumerate() {
            let added = match certificate.is_for_servers {
                true => trusted
                    .add(certificate.der)
                    .map_err(|error| error.to_string()),
                false => Err("is marked as one that is not trusted for servers".to_owned()),
            };
            match added {
                Ok(()) => used += 1,
                Err(what) => skipped.push((place + 1, what)),
            }
        }
        let warning = skipped.first().map(|(number, what)| {
            let others = match skipped.len() - 1 {
                0 => String::new(),
                others => format!(" (and {others} more of them cannot be used)"),
            };
            format!(
                "{}: certificate {number} in it {what}{others}",
                path.display()
            )
        });
        match warning {
            Some(warning) if used == 0 => Err(warning),
            warning => {
                self.trusted = Some(Arc::new(trusted));
                Ok((
                    self,
                    warning.map(|warning| format!("{warning}; it is skipped")),
                ))
            }
        }
    }

    /// Writes the keys of connections to the file that the environment's `SSLKEYLOGFILE` names, for
    /// programs that look into traffic.
    #[must_use]
    pub fn key_log(mut self, key_log: bool) -> Self {
        self.key_log = key_log;
        self
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
        let certificates = certificates.into_iter().map(|each| each.der).collect();
        let key = pem_file::private_key(key_path);
        let key =
            key.map_err(|what| IdentityError::Key(format!("{}: {what}", key_path.display())))?;
        let identity = CertifiedKey::from_der(certificates, key, &ring::default_provider());
        let identity = identity.map_err(|error| {
            let (chain, key) = (chain.display(), key_path.display());
            match error {
                rustls::Error::InconsistentKeys(_) => IdentityError::Key(format!(
                    "{key}: the private key in it is not that of the first certificate in {chain}"
                )),
                rustls::Error::InvalidCertificate(error) => IdentityError::Certificate(format!(
                    "{chain}: the first certificate in it cannot be used: {}",
                    certificate_in_words(&error)
                )),
                _ => IdentityError::Key(format!(
                    "{key}: the private key in it cannot be used: it is damaged, or of a kind or \
                     length that is not known here"
                )),
            }
        })?;
        self.identity = Some(ClientIdentity(Arc::new(identity)));
        Ok(self)
    }
}

/// The certificates in a file that has one at least. Errors begin with the path.
fn certificates(path: &Path) -> Result<Vec<FileCertificate>, String> {
    let found = pem_file::certificates(path);
    let found = found.map_err(|what| format!("{}: {what}", path.display()))?;
    if found.is_empty() {
        return Err(format!("{}: there is no certificate in it", path.display()));
    }
    Ok(found)
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

/// The most sessions that are kept for resumption: those of 1,024 servers, of which each may send eight
/// tickets. rustls's default is 32 servers. A ticket keeps the server's chain: measured, 1,024 servers take
/// 8 MiB with two tickets and three certificates each, 4 MiB with one certificate.
const SESSIONS: usize = 8 * 1024;

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
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    if wanted.key_log {
        config.key_log = Arc::new(KeyLogFile::new());
    }
    Ok(Arc::new(config))
}
