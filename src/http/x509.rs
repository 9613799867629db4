//! The permitted uses of an X.509 certificate: basicConstraints, keyUsage and extendedKeyUsage
//! (RFC 5280, 4.2.1). webpki parses all but keyUsage, and does not expose them.
//!
//! A strict DER parser of one page in place of a crate: x509-parser brings some fifteen others, and
//! nothing else of a certificate is needed here. An unparsable certificate is an error, never a permitted
//! use.

use thiserror::Error;

/// Universal tags, and the context-specific ones of a TBSCertificate.
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// Object identifiers of extensions, below id-ce (2.5.29), and of id-kp-serverAuth.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];

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

/// The version, and the fields behind the subject's public key.
fn extensions(certificate: &[u8]) -> Option<(u8, Der<'_>)> {
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
    // Signature algorithm, issuer, validity, subject, public key.
    for _ in 0..5 {
        fields.take(SEQUENCE)?;
    }
    Some((version, fields))
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

/// A sequence of DER elements.
#[derive(Debug, Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    fn end(self) -> Option<()> {
        self.is_empty().then_some(())
    }

    /// The contents of the next element, which has this tag.
    fn take(&mut self, tag: u8) -> Option<Der<'a>> {
        let (found, rest) = self.0.split_first()?;
        if *found != tag {
            return None;
        }
        // A length has one form in DER. webpki refuses certificates of 64 KiB too.
        let (length, rest) = match rest {
            [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
            [0x81, length @ 0x80..=0xff, rest @ ..] => (usize::from(*length), rest),
            [0x82, high @ 1..=0xff, low, rest @ ..] => {
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Der(contents))
    }

    /// The same, if the next element has this tag; `Some(None)` if it has and cannot be read.
    fn optional(&mut self, tag: u8) -> Option<Option<Der<'a>>> {
        (self.0.first() == Some(&tag)).then(|| self.take(tag))
    }

    /// The contents of the only element.
    fn only(mut self, tag: u8) -> Option<Der<'a>> {
        let contents = self.take(tag)?;
        self.end()?;
        Some(contents)
    }

    /// A BOOLEAN DEFAULT FALSE.
    fn boolean(&mut self) -> Option<bool> {
        match self.optional(BOOLEAN) {
            None => Some(false),
            Some(value) => match value?.0 {
                [0] => Some(false),
                [0xff] => Some(true),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair,
        KeyUsagePurpose,
    };

    use super::*;

    fn certificate(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let key = KeyPair::generate().expect("there is randomness");
        let mut params = CertificateParams::default();
        change(&mut params);
        let signed = params.self_signed(&key).expect("the parameters fit");
        signed.der().to_vec()
    }

    fn authority(key_usages: &[KeyUsagePurpose]) -> Vec<u8> {
        certificate(|params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
            params.key_usages = key_usages.to_vec();
        })
    }

    fn purposes(purposes: &[ExtendedKeyUsagePurpose]) -> Vec<u8> {
        certificate(|params| params.extended_key_usages = purposes.to_vec())
    }

    #[test]
    fn only_an_authority_whose_key_may_sign_certificates_signs() {
        use KeyUsagePurpose::{CrlSign, DecipherOnly, DigitalSignature, KeyCertSign};
        for (certificate, signs) in [
            (authority(&[]), true),
            (authority(&[KeyCertSign]), true),
            (authority(&[CrlSign, KeyCertSign, DecipherOnly]), true),
            (authority(&[CrlSign]), false),
            (authority(&[DigitalSignature, DecipherOnly]), false),
            (certificate(|_| {}), false),
            (
                certificate(|params| params.is_ca = IsCa::ExplicitNoCa),
                false,
            ),
            (
                certificate(|params| params.key_usages = vec![KeyCertSign]),
                false,
            ),
        ] {
            let serves = true;
            let found = usage(&certificate);
            assert_eq!(found, Ok(Usage { signs, serves }), "{certificate:02x?}");
        }
    }

    #[test]
    fn only_a_certificate_with_server_auth_or_without_purposes_serves() {
        use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
        for (certificate, serves) in [
            (purposes(&[]), true),
            (purposes(&[ServerAuth]), true),
            (purposes(&[ClientAuth, ServerAuth]), true),
            (purposes(&[ClientAuth]), false),
            (purposes(&[Any]), false),
        ] {
            let signs = false;
            let found = usage(&certificate);
            assert_eq!(found, Ok(Usage { signs, serves }), "{certificate:02x?}");
        }
    }

    /// An element with this tag and short contents.
    fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
        let contents = contents.concat();
        let length = u8::try_from(contents.len()).expect("the contents are short");
        assert!(length < 0x80, "the contents are short");
        [&[tag, length], &contents[..]].concat()
    }

    /// A certificate with this version and these extensions, whose other fields are empty.
    fn outline(version: &[u8], extensions: &[&[u8]]) -> Vec<u8> {
        let empty = element(SEQUENCE, &[]);
        let list = element(EXTENSIONS, &[&element(SEQUENCE, extensions)]);
        let fields = [
            version,
            &element(INTEGER, &[&[1]]),
            &empty.repeat(5),
            if extensions.is_empty() { &[] } else { &list },
        ];
        let fields = element(SEQUENCE, &fields);
        element(SEQUENCE, &[&fields, &empty, &element(BIT_STRING, &[&[0]])])
    }

    fn version(coded: u8) -> Vec<u8> {
        element(VERSION, &[&element(INTEGER, &[&[coded]])])
    }

    fn extension(name: &[u8], value: &[u8]) -> Vec<u8> {
        let name = element(OBJECT_IDENTIFIER, &[name]);
        element(SEQUENCE, &[&name, &element(OCTET_STRING, &[value])])
    }

    #[test]
    fn versions_before_3_are_told_apart() {
        for (coded, found) in [
            (vec![], Err(X509Error::Version(1))),
            (version(0), Err(X509Error::Version(1))),
            (version(1), Err(X509Error::Version(2))),
            (
                version(2),
                Ok(Usage {
                    signs: false,
                    serves: true,
                }),
            ),
            (version(3), Err(X509Error::Unreadable)),
        ] {
            assert_eq!(usage(&outline(&coded, &[])), found, "{coded:02x?}");
        }
    }

    #[test]
    fn ambiguous_certificates_are_unreadable() {
        let flag = |value: u8| element(SEQUENCE, &[&[BOOLEAN, 1, value]]);
        let is_ca = extension(BASIC_CONSTRAINTS, &flag(0xff));
        let good = outline(&version(2), &[&is_ca]);
        assert!(usage(&good).is_ok_and(|usage| usage.signs), "{good:02x?}");

        let long_form = [&[SEQUENCE, 0x81], &good[1..]].concat();
        let longer_form = [&[SEQUENCE, 0x82, 0], &good[1..]].concat();
        let without_end = [&[SEQUENCE, 0x80], &good[2..], &[0, 0]].concat();
        let behind = extension(BASIC_CONSTRAINTS, &[&flag(0xff)[..], &[0]].concat());
        for bad in [
            [&good[..], &[0]].concat(),
            long_form,
            longer_form,
            without_end,
            outline(&version(2), &[&is_ca, &is_ca]),
            outline(&version(2), &[&behind]),
            outline(&version(2), &[&extension(BASIC_CONSTRAINTS, &flag(1))]),
            outline(&version(2), &[&extension(KEY_USAGE, &[BIT_STRING, 0])]),
            outline(
                &version(2),
                &[&extension(KEY_USAGE, &[BIT_STRING, 2, 8, 4])],
            ),
        ] {
            assert_eq!(usage(&bad), Err(X509Error::Unreadable), "{bad:02x?}");
        }
        for cut in 0..good.len() {
            assert_eq!(usage(&good[..cut]), Err(X509Error::Unreadable), "{cut}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = usage(&bytes);
        }

        #[test]
        fn reading_a_damaged_certificate_never_panics(
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let is_ca = extension(BASIC_CONSTRAINTS, &[SEQUENCE, 3, BOOLEAN, 1, 0xff]);
            let bits = extension(KEY_USAGE, &[BIT_STRING, 2, 1, 6]);
            let mut bytes = outline(&version(2), &[&is_ca, &bits]);
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            let _ = usage(&bytes);
        }
    }
}
