//! PEM files with certificates and keys, as people have them: with a byte order mark, and with the labels
//! that OpenSSL writes beside the standard ones (RFC 7468).

use std::fs;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::trust_settings::trusted_certificate;

/// UTF-8's byte order mark, which editors put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The standard label of a certificate, which all others are read as.
const CERTIFICATE: &[u8] = b"CERTIFICATE";
/// The label before it had a standard.
const OLD_CERTIFICATE: &[u8] = b"X509 CERTIFICATE";
/// The label of a certificate with OpenSSL's own settings of trust behind it.
const TRUSTED_CERTIFICATE: &[u8] = b"TRUSTED CERTIFICATE";

/// A certificate in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileCertificate {
    pub(super) der: CertificateDer<'static>,
    /// False if the settings behind it leave servers out.
    pub(super) is_for_servers: bool,
}

/// Reads the certificates in a file. There may be none.
///
/// # Errors
///
/// A message, without the path.
pub(super) fn certificates(path: &Path) -> Result<Vec<FileCertificate>, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    certificates_in(&text).map_err(|error| pem_in_words(&error))
}

fn certificates_in(text: &[u8]) -> Result<Vec<FileCertificate>, pem::Error> {
    let (text, has_trust) = standard_form(text);
    CertificateDer::pem_slice_iter(&text)
        .zip(has_trust.into_iter().chain(std::iter::repeat(false)))
        .map(|(certificate, has_trust)| {
            let der = certificate?;
            let parts = has_trust.then(|| trusted_certificate(&der)).flatten();
            Ok(match parts {
                Some((own, is_for_servers)) => FileCertificate {
                    der: CertificateDer::from(own.to_vec()),
                    is_for_servers,
                },
                // One that cannot be read stays as it is, and is found to be damaged.
                None => FileCertificate {
                    der,
                    is_for_servers: true,
                },
            })
        })
        .collect()
}

/// Reads the private key in a file.
///
/// # Errors
///
/// A message, without the path.
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let (text, _) = standard_form(&text);
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(_) if is_encrypted(&text) => Err(
            "the private key in it is encrypted with a passphrase, which pfetch never asks for; \
                 decrypt it first (openssl pkey -in FILE -out NEW)"
                .to_owned(),
        ),
        Err(pem::Error::NoItemsFound) => Err("there is no private key in it".to_owned()),
        Err(error) => Err(pem_in_words(&error)),
    }
}

/// True for a key with a passphrase, in PKCS #8 or in the traditional form (RFC 1421, 4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    pem.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        line == b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
            || (line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"))
    })
}

/// The text without byte order marks and with the standard label for every certificate; and of each of
/// them, if it had the label with settings of trust.
fn standard_form(text: &[u8]) -> (Vec<u8>, Vec<bool>) {
    let mut standard = Vec::with_capacity(text.len());
    let mut has_trust = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        // Files that were put together have the marks of each.
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        let encapsulated = [&b"-----BEGIN "[..], b"-----END "]
            .into_iter()
            .find_map(|side| {
                let label = line.trim_ascii_end().strip_prefix(side)?;
                Some((side, label.strip_suffix(b"-----")?))
            });
        match encapsulated {
            Some((side, label))
                if [CERTIFICATE, OLD_CERTIFICATE, TRUSTED_CERTIFICATE].contains(&label) =>
            {
                if side.ends_with(b"BEGIN ") {
                    has_trust.push(label == TRUSTED_CERTIFICATE);
                }
                standard.extend([side, CERTIFICATE, b"-----\n"].concat());
            }
            _ => standard.extend_from_slice(line),
        }
    }
    (standard, has_trust)
}

/// The message for an error in a PEM file. rustls's own prints the bytes of a line as numbers.
fn pem_in_words(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::MissingSectionEnd { .. } => "a section of it has no END line".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line of it is damaged".to_owned(),
        pem::Error::Base64Decode(_) => "a section of it is not in base64".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    }

    fn read(text: &str) -> Vec<(Vec<u8>, bool)> {
        certificates_in(text.as_bytes())
            .expect("it is PEM")
            .into_iter()
            .map(|each| (each.der.to_vec(), each.is_for_servers))
            .collect()
    }

    #[test]
    fn certificates_are_found_under_every_label_and_behind_byte_order_marks() {
        // An outline of a certificate is enough: an empty sequence.
        let der = [0x30, 0];
        let plain = pem("CERTIFICATE", &der);
        let expected = vec![(der.to_vec(), true)];
        for text in [
            plain.clone(),
            format!("\u{feff}{plain}"),
            format!("Bag Attributes\n  name\n{plain}trailing"),
            plain.replace('\n', "\r\n"),
            pem("X509 CERTIFICATE", &der),
            format!("\u{feff}{}", pem("TRUSTED CERTIFICATE", &der)),
            pem("PRIVATE KEY", &[1]) + &plain,
        ] {
            assert_eq!(read(&text), expected, "{text:?}");
        }
        let two = format!("\u{feff}{plain}\u{feff}{plain}");
        assert_eq!(read(&two).len(), 2);
        assert_eq!(read(""), []);
    }

    #[test]
    fn only_the_label_of_trusted_certificates_permits_settings_of_trust() {
        let own = [0x30, 0];
        // Rejected for serverAuth.
        let oid = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
        let settings = [&[0x30, 12, 0xa0, 10][..], &oid].concat();
        let both = [&own[..], &settings].concat();
        let text = pem("CERTIFICATE", &own) + &pem("TRUSTED CERTIFICATE", &both);
        let expected = [(own.to_vec(), true), (own.to_vec(), false)];
        assert_eq!(read(&text), expected);
        // Under the plain label it is a damaged certificate, which it stays.
        assert_eq!(read(&pem("CERTIFICATE", &both)), [(both.clone(), true)]);
    }
}
