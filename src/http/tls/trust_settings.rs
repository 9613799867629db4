//! OpenSSL's trusted certificates (`X509_AUX`, `TRUSTED CERTIFICATE` in PEM files): a certificate, and
//! settings of trust behind it.

use super::der::{Der, OBJECT_IDENTIFIER, SEQUENCE};
use super::x509::SERVER_AUTH;

/// The object identifier of anyExtendedKeyUsage, which the settings may have for all uses.
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];

/// The tag of the rejected uses in the settings.
const REJECTED: u8 = 0xa0;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::tls::der::{BOOLEAN, element};

    #[test]
    fn settings_of_trust_decide_if_a_certificate_is_for_servers() {
        // What is in the certificate does not matter here.
        let own = element(SEQUENCE, &[&element(BOOLEAN, &[&[0xff]])]);
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
            let _ = trusted_certificate(&bytes);
        }
    }
}
