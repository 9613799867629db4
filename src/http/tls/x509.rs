//! The permitted uses of an X.509 certificate: basicConstraints, keyUsage and extendedKeyUsage
//! (RFC 5280, 4.2.1), and its dates. webpki parses all but keyUsage, and does not expose them.
//!
//! An unparsable certificate is an error, never a permitted use.

use std::ops::RangeInclusive;

use thiserror::Error;

use super::der::{BIT_STRING, Der, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

/// The context-specific tags of a TBSCertificate.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// Object identifiers of extensions, below id-ce (2.5.29), and of id-kp-serverAuth.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
pub(super) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];

/// Bit 5 of keyUsage, counted from the most significant one.
const KEY_CERT_SIGN: u8 = 0x80 >> 5;

/// The uses of a certificate's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Signs certificates: CA:TRUE, and keyCertSign if there is a keyUsage.
    pub(super) signs: bool,
    /// Authenticates TLS servers: serverAuth, if there is an extendedKeyUsage.
    pub(super) serves: bool,
}

/// A certificate that cannot be used. Reads well after "the certificate".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum X509Error {
    /// Versions 1 and 2 have no names and no uses in them.
    #[error(
        "is of X.509 version {0}, of which neither names nor uses can be checked; have it issued \
         anew as version 3"
    )]
    Version(u8),
    /// Not DER, not a certificate, or an extension given twice.
    #[error("is damaged, or has a critical extension that is not known here; have it issued anew")]
    Unreadable,
}

/// Reads the uses of a DER-encoded certificate.
pub(super) fn usage(certificate: &[u8]) -> Result<Usage, X509Error> {
    let (version, extensions) = extensions(certificate).ok_or(X509Error::Unreadable)?;
    if version != 3 {
        return Err(X509Error::Version(version));
    }
    read_extensions(extensions).ok_or(X509Error::Unreadable)
}

/// The times between which a certificate is valid, both included, in seconds of the Unix clock.
pub(super) fn validity(certificate: &[u8]) -> Option<RangeInclusive<i64>> {
    let (_, mut validity, _) = parts(certificate)?;
    let (from, to) = (validity.time()?, validity.time()?);
    validity.end()?;
    Some(from..=to)
}

/// The version, and the fields behind the subject's public key.
fn extensions(certificate: &[u8]) -> Option<(u8, Der<'_>)> {
    let (version, _, fields) = parts(certificate)?;
    Some((version, fields))
}

/// The version, the validity, and the fields behind the subject's public key.
fn parts(certificate: &[u8]) -> Option<(u8, Der<'_>, Der<'_>)> {
    let mut certificate = Der(certificate).only(SEQUENCE)?;
    let mut fields = certificate.take(SEQUENCE)?;
    certificate.take(SEQUENCE)?;
    certificate.take(BIT_STRING)?;
    certificate.end()?;
    let version = match fields.optional(VERSION) {
        None => 1,
        Some(version) => match version?.only(INTEGER)?.0 {
            [coded @ 0..=2] => coded + 1,
            _ => return None,
        },
    };
    fields.take(INTEGER)?;
    // Signature algorithm, issuer; subject, public key.
    fields.take(SEQUENCE)?;
    fields.take(SEQUENCE)?;
    let validity = fields.take(SEQUENCE)?;
    fields.take(SEQUENCE)?;
    fields.take(SEQUENCE)?;
    Some((version, validity, fields))
}

fn read_extensions(mut fields: Der<'_>) -> Option<Usage> {
    let (mut is_ca, mut signs, mut serves) = (None, None, None);
    if !fields.is_empty() {
        let mut list = fields.only(EXTENSIONS)?.only(SEQUENCE)?;
        while !list.is_empty() {
            let mut extension = list.take(SEQUENCE)?;
            let name = extension.take(OBJECT_IDENTIFIER)?;
            // The critical flag: webpki decides on extensions that are unknown here.
            extension.boolean()?;
            let value = extension.take(OCTET_STRING)?;
            extension.end()?;
            match name.0 {
                BASIC_CONSTRAINTS => once(&mut is_ca, basic_constraints(value)?)?,
                KEY_USAGE => once(&mut signs, key_usage(value)?)?,
                EXTENDED_KEY_USAGE => once(&mut serves, extended_key_usage(value)?)?,
                _ => {}
            }
        }
        fields = list;
    }
    fields.end()?;
    Some(Usage {
        signs: is_ca.unwrap_or(false) && signs.unwrap_or(true),
        serves: serves.unwrap_or(true),
    })
}

/// Keeps a value that may be given once. Two parsers could each take another one of two.
fn once(kept: &mut Option<bool>, value: bool) -> Option<()> {
    kept.replace(value).is_none().then_some(())
}

/// The flag cA. webpki checks the path length.
fn basic_constraints(value: Der<'_>) -> Option<bool> {
    let mut fields = value.only(SEQUENCE)?;
    let is_ca = fields.boolean()?;
    if let Some(length) = fields.optional(INTEGER) {
        length?;
    }
    fields.end()?;
    Some(is_ca)
}

/// The bit keyCertSign.
fn key_usage(value: Der<'_>) -> Option<bool> {
    match value.only(BIT_STRING)?.0 {
        [0..=7, bits @ ..] => Some(bits.first().is_some_and(|bits| bits & KEY_CERT_SIGN != 0)),
        _ => None,
    }
}

/// The presence of serverAuth; anyExtendedKeyUsage is not enough for webpki either.
fn extended_key_usage(value: Der<'_>) -> Option<bool> {
    let mut purposes = value.only(SEQUENCE)?;
    let mut serves = false;
    while !purposes.is_empty() {
        serves |= purposes.take(OBJECT_IDENTIFIER)?.0 == SERVER_AUTH;
    }
    Some(serves)
}

#[cfg(test)]
mod tests;
