//! The trusted certificates, and the verifier of servers that uses them.

use std::collections::HashMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::error::OutdatedIssuer;
use super::pem_file;
use super::x509::{self, X509Error};

/// The environment variables with the file and the folders of trusted certificates, as for OpenSSL.
const FILE_VARIABLE: &str = "SSL_CERT_FILE";
const FOLDERS_VARIABLE: &str = "SSL_CERT_DIR";

/// The certificates that are trusted.
///
/// Each is pinned: trusted as itself, if a server presents exactly it. Only those of certification
/// authorities are trust anchors as well: webpki takes any certificate for one, and the key of a mere
/// server could then vouch for any name.
#[derive(Debug, Clone)]
pub(super) struct Trusted {
    anchors: RootCertStore,
    /// Those whose own certificate has expired or is not valid yet. webpki does not look at that; OpenSSL
    /// does.
    outdated: RootCertStore,
    pins: Vec<CertificateDer<'static>>,
}

impl Trusted {
    pub(super) fn none() -> Self {
        Trusted {
            anchors: RootCertStore::empty(),
            outdated: RootCertStore::empty(),
            pins: Vec::new(),
        }
    }

    /// Trusts one more certificate.
    pub(super) fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), X509Error> {
        let usage = x509::usage(&certificate)?;
        let validity = x509::validity(&certificate).ok_or(X509Error::Unreadable)?;
        if usage.signs && usage.serves {
            let anchors = match validity.contains(&now()) {
                true => &mut self.anchors,
                false => &mut self.outdated,
            };
            let added = anchors.add(CertificateDer::from(&certificate[..]));
            added.map_err(|_| X509Error::Unreadable)?;
        } else {
            ParsedCertificate::try_from(&certificate).map_err(|_| X509Error::Unreadable)?;
        }
        self.pins.push(certificate);
        Ok(())
    }

    /// The certificates of `SSL_CERT_FILE` and `SSL_CERT_DIR`, if one of them is set; otherwise the
    /// system's, or Mozilla's as bundled if the system has none.
    pub(super) fn from_environment() -> Result<Self, String> {
        let file = env::var_os(FILE_VARIABLE);
        let folders = env::var_os(FOLDERS_VARIABLE).unwrap_or_default();
        let folders: Vec<PathBuf> = env::split_paths(&folders)
            .filter(|folder| !folder.as_os_str().is_empty())
            .collect();
        if file.is_none() && folders.is_empty() {
            return Ok(Trusted::from_system());
        }
        named(file.as_deref(), &folders).map(Trusted::usable)
    }

    fn from_system() -> Self {
        let found = rustls_native_certs::load_native_certs().certs;
        if found.is_empty() {
            let mut trusted = Trusted::none();
            let bundled = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
            trusted.anchors.extend(bundled);
            return trusted;
        }
        Trusted::usable(found)
    }

    /// The usable ones of these certificates: large collections contain some that are obsolete.
    fn usable(found: Vec<CertificateDer<'static>>) -> Self {
        let mut trusted = Trusted::none();
        for certificate in found {
            let _ = trusted.add(certificate);
        }
        trusted
    }
}

/// The time in seconds of the Unix clock.
fn now() -> i64 {
    let now = UnixTime::now().as_secs();
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// The certificates that the two variables name. A name without a certificate is an error: to trust
/// other roots in its place would be unsolicited.
fn named(
    file: Option<&OsStr>,
    folders: &[PathBuf],
) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut files = PemFiles::default();
    if let Some(file) = file.map(Path::new) {
        if file.as_os_str().is_empty() {
            return Err(format!(
                "{FILE_VARIABLE} is set, but names no file; name one, or unset it"
            ));
        }
        let found = files.read(file);
        found
            .and_then(|found| expect(found, file))
            .map_err(|what| {
                format!("{FILE_VARIABLE} leads to {what}; mend the variable, or unset it")
            })?;
    }
    // A list may name folders of other systems, and a folder may hold other files: one certificate in
    // one of them is enough.
    let mut found = folders.is_empty();
    let mut nothing = None;
    for folder in folders {
        match files
            .read_folder(folder)
            .and_then(|found| expect(found, folder))
        {
            Ok(()) => found = true,
            Err(what) => {
                nothing.get_or_insert(what);
            }
        }
    }
    if let (false, Some(what)) = (found, nothing) {
        return Err(format!(
            "{FOLDERS_VARIABLE} leads to {what}; mend the variable, or unset it"
        ));
    }
    // Folders hold copies of the certificates in a bundle.
    let mut all = files.certificates;
    all.sort_unstable_by(|one, other| one.cmp(other));
    all.dedup();
    Ok(all)
}

fn expect(found: bool, path: &Path) -> Result<(), String> {
    if found {
        return Ok(());
    }
    let path = path.display();
    Err(format!(
        "{path}: there is no certificate of X.509 version 3 in it"
    ))
}

/// The PEM files read so far, each once: folders are full of links to the same files. Errors begin with
/// the path.
///
/// rustls-native-certs does not say which files were empty, nor which was damaged.
#[derive(Debug, Default)]
struct PemFiles {
    certificates: Vec<CertificateDer<'static>>,
    /// The files read, by device and inode number; true for one with a usable certificate.
    read: HashMap<(u64, u64), bool>,
}

impl PemFiles {
    /// Reads a file. True if it has a usable certificate.
    fn read(&mut self, path: &Path) -> Result<bool, String> {
        let fail = |what: String| format!("{}: {what}", path.display());
        let metadata = fs::metadata(path).map_err(|error| fail(error.to_string()))?;
        let identity = (metadata.dev(), metadata.ino());
        if let Some(found) = self.read.get(&identity) {
            return Ok(*found);
        }
        let certificates: Vec<CertificateDer<'static>> = pem_file::certificates(path)
            .map_err(fail)?
            .into_iter()
            .filter(|each| each.is_for_servers)
            .map(|each| each.der)
            .collect();
        let found = certificates.iter().any(|each| x509::usage(each).is_ok());
        self.certificates.extend(certificates);
        self.read.insert(identity, found);
        Ok(found)
    }

    /// Reads the files of a folder, without its subfolders, and skips unreadable ones. True if one of them
    /// has a usable certificate.
    fn read_folder(&mut self, folder: &Path) -> Result<bool, String> {
        let fail = |error: io::Error| format!("{}: {error}", folder.display());
        let mut found = false;
        let mut nothing = None;
        for entry in fs::read_dir(folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.is_file() {
                match self.read(&path) {
                    Ok(is_found) => found |= is_found,
                    Err(what) => nothing = Some(what),
                }
            }
        }
        if let (false, Some(what)) = (found, nothing) {
            return Err(what);
        }
        Ok(found)
    }
}

/// Schemes of signatures that are too weak or not known here, and that old devices have.
const UNCHECKED_SCHEMES: [SignatureScheme; 4] = [
    SignatureScheme::RSA_PKCS1_SHA1,
    SignatureScheme::ECDSA_SHA1_Legacy,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
];

/// The verifier of servers: by the certificates that are trusted, or, with `--insecure`, by nothing. The
/// signature of the handshake is not checked then either: whoever accepts any certificate is not helped
/// by the proof that its key is there, and webpki reads neither keys of 1024 bits nor X.509 version 1.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None` with `--insecure`.
    trusted: Option<Arc<Trusted>>,
    /// No anchors, to check a pinned certificate, which needs no issuer.
    no_anchors: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(trusted: Option<Arc<Trusted>>, provider: &CryptoProvider) -> Self {
        Verifier {
            trusted,
            no_anchors: RootCertStore::empty(),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    /// Checks a certificate except for its name. Without anchors, the issuer is not checked either.
    fn check(
        &self,
        certificate: &ParsedCertificate<'_>,
        anchors: &RootCertStore,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            certificate,
            anchors,
            intermediates,
            now,
            algorithms,
        )
    }
}

impl Verifier {
    /// Checks a certificate that is not pinned, except for its name.
    fn check_chain(
        &self,
        certificate: &ParsedCertificate<'_>,
        trusted: &Trusted,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let checked = self.check(certificate, &trusted.anchors, intermediates, now);
        let is_unknown = checked.as_ref().is_err_and(|error| *error == unknown);
        let is_outdated = is_unknown
            && !trusted.outdated.is_empty()
            && self
                .check(certificate, &trusted.outdated, intermediates, now)
                .is_ok();
        match is_outdated {
            true => Err(CertificateError::Other(OtherError(Arc::new(OutdatedIssuer))).into()),
            false => checked,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trusted) = &self.trusted else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if trusted.pins.contains(end_entity) {
            match self.check(&certificate, &self.no_anchors, &[], now) {
                Ok(()) => {}
                // webpki checks the issuer last: the dates and the usage are good.
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
                // webpki checks this after the dates, and nothing after it.
                Err(Error::InvalidCertificate(CertificateError::Other(other)))
                    if is_ca_as_end_entity(&other) =>
                {
                    if !x509::usage(end_entity).is_ok_and(|usage| usage.serves) {
                        return Err(CertificateError::InvalidPurpose.into());
                    }
                }
                Err(error) => return Err(error),
            }
        } else {
            self.check_chain(&certificate, trusted, intermediates, now)?;
        }
        verify_server_name(&certificate, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.trusted.is_none() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.trusted.is_none() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        if self.trusted.is_none() {
            // Signatures that are not checked may as well be of these.
            schemes.extend(UNCHECKED_SCHEMES);
        }
        schemes
    }
}

/// True for webpki's refusal of an authority's certificate as a server's.
fn is_ca_as_end_entity(error: &OtherError) -> bool {
    matches!(
        error.0.downcast_ref(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}
