use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

use super::*;
use crate::http::tls::der::{BOOLEAN, element};

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
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = usage(&bytes);
        let _ = validity(&bytes);
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
