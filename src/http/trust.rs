//! The certificates that servers are trusted by, and the verifier that goes by them.

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
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::x509::{self, X509Error};

/// The file of trusted certificates, and the folders of them, as OpenSSL names them.
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
    pins: Vec<CertificateDer<'static>>,
}

impl Trusted {
    pub(super) fn none() -> Self {
        Trusted {
            anchors: RootCertStore::empty(),
            pins: Vec::new(),
        }
    }

    /// Trusts one more.
    pub(super) fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), X509Error> {
        if x509::usage(&certificate)?.signs {
            let added = self.anchors.add(CertificateDer::from(&certificate[..]));
            added.map_err(|_| X509Error::Unreadable)?;
        } else {
            ParsedCertificate::try_from(&certificate).map_err(|_| X509Error::Unreadable)?;
        }
        self.pins.push(certificate);
        Ok(())
    }

    /// Those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, if one of them is set; or else the system's, or
    /// Mozilla's as bundled on a system that has none.
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

    /// Those that can be used: large collections have some that nobody can read any more.
    fn usable(found: Vec<CertificateDer<'static>>) -> Self {
        let mut trusted = Trusted::none();
        for certificate in found {
            let _ = trusted.add(certificate);
        }
        trusted
    }
}

/// The certificates that the two variables name. A name that leads to none is an error: other roots
/// in their place would be trust that nobody asked for.
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
    // A list may have folders that only other systems have, and a folder files that are not for us: it is
    // enough if one of them leads somewhere.
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
    // Folders have copies of certificates that stand in a bundle too.
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

/// The PEM files read so far, each once: folders are full of links to the same ones. Errors begin
/// with the path.
///
/// Not by rustls-native-certs, which tells neither of a file whether there is something in it, nor of
/// a damaged one which it is.
#[derive(Debug, Default)]
struct PemFiles {
    certificates: Vec<CertificateDer<'static>>,
    /// Presence of a certificate that can be used in each file, by device and inode number.
    read: HashMap<(u64, u64), bool>,
}

impl PemFiles {
    /// Reads a file. True if there is a certificate in it that can be used.
    fn read(&mut self, path: &Path) -> Result<bool, String> {
        let fail = |what: String| format!("{}: {what}", path.display());
        let metadata = fs::metadata(path).map_err(|error| fail(error.to_string()))?;
        let identity = (metadata.dev(), metadata.ino());
        if let Some(found) = self.read.get(&identity) {
            return Ok(*found);
        }
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| fail(pem_in_words(&error)))?;
        let found = certificates.iter().any(|each| x509::usage(each).is_ok());
        self.certificates.extend(certificates);
        self.read.insert(identity, found);
        Ok(found)
    }

    /// Reads the files of a folder, but not of those in it, and leaves out those that cannot be read.
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

/// Words the fault of a PEM file. rustls prints the bytes of a line as numbers.
pub(super) fn pem_in_words(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::MissingSectionEnd { .. } => "a section of it has no END line".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line of it is damaged".to_owned(),
        pem::Error::Base64Decode(_) => "a section of it is not in base64".to_owned(),
        other => other.to_string(),
    }
}

/// The verifier of all servers, but for `--insecure`.
#[derive(Debug)]
pub(super) struct Verifier {
    trusted: Arc<Trusted>,
    /// For a pinned certificate, which needs no issuer.
    nobody: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(trusted: Arc<Trusted>, provider: &CryptoProvider) -> Self {
        Verifier {
            trusted,
            nobody: RootCertStore::empty(),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    /// Checks all of a certificate but its name; with no anchors, all but its issuer, too.
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

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if self.trusted.pins.contains(end_entity) {
            match self.check(&certificate, &self.nobody, &[], now) {
                Ok(()) => {}
                // webpki looks for an issuer last: its dates and its use are good.
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
                // It looks at this after the dates, and at nothing after this.
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
            self.check(&certificate, &self.trusted.anchors, intermediates, now)?;
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
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Tells webpki's refusal of an authority's certificate as a server's.
fn is_ca_as_end_entity(error: &OtherError) -> bool {
    matches!(
        error.0.downcast_ref(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}
