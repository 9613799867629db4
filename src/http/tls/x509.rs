//! The permitted uses of an X.509 certificate: basicConstraints, keyUsage and extendedKeyUsage
//! (RFC 5280, 4.2.1), and its dates. webpki parses all but keyUsage, and does not expose them.
//!
//! A strict DER parser of one page in place of a crate: x509-parser brings some fifteen others, and
//! nothing else of a certificate is needed here. An unparsable certificate is an error, never a permitted
//! use.

use std::ops::RangeInclusive;

use thiserror::Error;

/// Universal tags, and the context-specific ones of a TBSCertificate.
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// Object identifiers of extensions, below id-ce (2.5.29), and of id-kp-serverAuth.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// And of anyExtendedKeyUsage, which OpenSSL's settings of trust may have for all uses.
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];

/// The tag of the rejected uses in OpenSSL's settings of trust.
const REJECTED: u8 = 0xa0;

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

/// Splits what OpenSSL calls a trusted certificate (`X509_AUX`): the certificate itself, and settings of
/// trust behind it. Returns the certificate, and true unless the settings leave TLS servers out.
pub(super) fn trusted_certificate(bytes: &[u8]) -> Option<(&[u8], bool)> {
    let mut rest = Der(bytes);
    rest.take(SEQUENCE)?;
    let certificate = &bytes[..bytes.len() - rest.0.len()];
    if rest.is_empty() {
        return Some((certificate, true));
    }
    let mut settings = rest.only(SEQUENCE)?;
    let names_servers = |uses: Der<'_>| {
        let mut uses = uses;
        let mut found = false;
        while !uses.is_empty() {
            found |= [SERVER_AUTH, ANY_USAGE].contains(&uses.take(OBJECT_IDENTIFIER)?.0);
        }
        Some(found)
    };
    let is_trusted = match settings.optional(SEQUENCE) {
        Some(trusted) => names_servers(trusted?)?,
        None => true,
    };
    let is_rejected = match settings.optional(REJECTED) {
        Some(rejected) => names_servers(rejected?)?,
        None => false,
    };
    // A name and a key identifier may follow.
    Some((certificate, is_trusted && !is_rejected))
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

    /// A time in seconds of the Unix clock (RFC 5280, 4.1.2.5): in UTC, to the second.
    fn time(&mut self) -> Option<i64> {
        let (year, rest) = if self.0.first() == Some(&UTC_TIME) {
            let (year, rest) = number(self.take(UTC_TIME)?.0, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        } else {
            number(self.take(GENERALIZED_TIME)?.0, 4)?
        };
        let (month, rest) = number(rest, 2)?;
        let (day, rest) = number(rest, 2)?;
        let (hour, rest) = number(rest, 2)?;
        let (minute, rest) = number(rest, 2)?;
        let (second, rest) = number(rest, 2)?;
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_time = hour < 24 && minute < 60 && second < 60;
        if !is_date || !is_time || rest != b"Z" {
            return None;
        }
        Some(((days_from_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
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

/// The number of so many digits, and what follows it.
fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let value = number.iter().try_fold(0, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        Some(value * 10 + digit)
    })?;
    Some((value, rest))
}

/// The days from the first one of 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that a leap day is their last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
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

    #[test]
    fn the_dates_are_read_in_both_forms_to_the_second() {
        let dates = |from: i32, to: i32| {
            certificate(|params| {
                params.not_before = rcgen::date_time_ymd(from, 2, 28);
                params.not_after = rcgen::date_time_ymd(to, 3, 1);
            })
        };
        // By `date -u -d 1970-02-28 +%s` and its like. 2050 is the first year of the longer form.
        for (from, to, expected) in [
            (1970, 2000, 5_011_200..=951_868_800),
            (1999, 2049, 920_160_000..=2_498_169_600),
            (2050, 2100, 2_529_619_200..=4_107_542_400),
        ] {
            assert_eq!(validity(&dates(from, to)), Some(expected), "{from} {to}");
        }
        let time = |tag: u8, text: &str| Der(&element(tag, &[text.as_bytes()])).time();
        let end = Some(253_402_300_799);
        assert_eq!(time(GENERALIZED_TIME, "99991231235959Z"), end);
        assert_eq!(time(UTC_TIME, "700101000001Z"), Some(1));
        assert_eq!(time(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(time(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        for bad in [
            "",
            "Z",
            "700101000001",
            "7001010000Z",
            "701301000000Z",
            "700100000000Z",
            "700132000000Z",
            "700101240000Z",
            "700101006000Z",
            "700101000060Z",
            "700101000001+0000",
            "7001010000-1Z",
        ] {
            assert_eq!(time(UTC_TIME, bad), None, "{bad}");
        }
    }

    #[test]
    fn settings_of_trust_decide_if_a_certificate_is_for_servers() {
        let own = outline(&version(2), &[]);
        let oid = |name: &[u8]| element(OBJECT_IDENTIFIER, &[name]);
        let (server, any) = (oid(SERVER_AUTH), oid(ANY_USAGE));
        let client = oid(&[0x2b, 6, 1, 5, 5, 7, 3, 2]);
        let trusted = |uses: &[&[u8]]| element(SEQUENCE, uses);
        let rejected = |uses: &[&[u8]]| element(REJECTED, uses);
        let alias = element(0x0c, &[b"a name"]);
        for (settings, expected) in [
            (vec![], true),
            (alias.clone(), true),
            (trusted(&[&server]), true),
            (trusted(&[&client, &any]), true),
            (trusted(&[&client]), false),
            (trusted(&[]), false),
            (rejected(&[&client]), true),
            (rejected(&[&server]), false),
            (
                [trusted(&[&server]), rejected(&[&any]), alias].concat(),
                false,
            ),
        ] {
            let bytes = [&own[..], &element(SEQUENCE, &[&settings])].concat();
            let found = trusted_certificate(&bytes);
            assert_eq!(found, Some((&own[..], expected)), "{settings:02x?}");
        }
        assert_eq!(trusted_certificate(&own), Some((&own[..], true)));
        for bad in [
            &[SEQUENCE][..],
            &[BOOLEAN, 1, 0],
            &[SEQUENCE, 2, SEQUENCE, 1],
        ] {
            let bytes = [&own[..], bad].concat();
            assert_eq!(trusted_certificate(&bytes), None, "{bad:02x?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = usage(&bytes);
            let _ = validity(&bytes);
            let _ = trusted_certificate(&bytes);
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
