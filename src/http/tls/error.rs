//! The wording of TLS's errors: what the server did, and what to do. rustls names its own types in its
//! messages, which mean nothing to those who read ours.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{
    AlertDescription, CertificateError, Error, InvalidMessage, OtherError, PeerIncompatible,
};

/// An issuer that is trusted, but whose own certificate has expired or is not valid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the certificate's issuer is trusted here, but the issuer's own certificate has expired or is not \
     valid yet (--cacert FILE trusts another, -k trusts all)"
)]
pub(super) struct OutdatedIssuer;

/// Versions and ciphers, for servers that have none of them.
const OFFERED: &str = "pfetch has TLS 1.2 and 1.3 with ECDHE and AES-GCM or ChaCha20, no TLS 1.1 or older, no RSA key \
     exchange and no CBC";

/// The message for an error of rustls; `None` if the error is another.
pub(in crate::http) fn reason(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(in_words(error))
}

fn in_words(error: &Error) -> String {
    let words = match error {
        Error::InvalidCertificate(certificate) => return certificate_in_words(certificate),
        Error::AlertReceived(alert) => return alert_in_words(*alert),
        Error::PeerIncompatible(what) => return incompatible_in_words(what),
        // A first byte that begins no record, a version of none, a length of none.
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        ) => "the server does not speak TLS on this port; for plain HTTP write http://",
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord => {
            "the server breaks the rules of TLS, or another program answers in its place"
        }
        Error::DecryptError => {
            "what came cannot be decrypted: the server is faulty, or it was changed on the way"
        }
        Error::NoCertificatesPresented => "the server has no certificate",
        Error::NoApplicationProtocol => "the server speaks no HTTP/1.1 on this port (ALPN)",
        Error::UnsupportedNameType => "this host is no name that a certificate can have",
        Error::FailedToGetRandomBytes => "this machine gives no random numbers",
        Error::FailedToGetCurrentTime => "this machine gives no time of day",
        _ => "TLS failed on this side",
    };
    words.to_owned()
}

/// The words for a fatal alert (RFC 8446, 6.2, and RFC 5246, 7.2.2).
fn alert_in_words(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let why = match alert {
        // Sent by TLS 1.3 alone, where the client's part of the handshake ends before the server has
        // looked at it.
        A::CertificateRequired => {
            return "the server wants a certificate of the client, which it says only after the \
                    handshake (--cert FILE, --key FILE)"
                .to_owned();
        }
        A::HandshakeFailure => {
            return format!(
                "the server refused the handshake: it found nothing in common, or wants a certificate \
                 of the client (--cert FILE, --key FILE); {OFFERED}"
            );
        }
        A::ProtocolVersion => {
            return format!(
                "the server refused the handshake: it offers neither TLS 1.2 nor 1.3; {OFFERED}"
            );
        }
        A::InsufficientSecurity => "it wants stronger ciphers than there are here",
        A::NoCertificate
        | A::BadCertificate
        | A::CertificateUnknown
        | A::UnsupportedCertificate => {
            "it does not accept the client's certificate, or wants one (--cert FILE, --key FILE)"
        }
        A::CertificateRevoked => "the client's certificate is revoked (--cert)",
        A::CertificateExpired => "the client's certificate has expired (--cert)",
        A::UnknownCA => "it does not trust the issuer of the client's certificate (--cert)",
        A::AccessDenied => "it does not let this client in",
        A::UnrecognisedName => "it has no site of this name",
        A::NoApplicationProtocol => "it speaks no HTTP/1.1 on this port",
        A::InternalError => "something failed on its side",
        A::DecryptError => {
            "a signature or a key does not fit, on its side or in the client's certificate"
        }
        A::UnexpectedMessage | A::IllegalParameter | A::DecodeError | A::MissingExtension => {
            "it does not understand the client"
        }
        A::UnsupportedExtension => "it does not understand the client",
        A::UserCanceled => "it was called off there",
        _ => "it does not say why",
    };
    let code = u8::from(alert);
    format!("the server refused the handshake: {why} (TLS alert {code})")
}

fn incompatible_in_words(what: &PeerIncompatible) -> String {
    use PeerIncompatible as P;
    let lack = match what {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled
        | P::SupportedVersionsExtensionRequired => "the server offers neither TLS 1.2 nor 1.3",
        P::NoCipherSuitesInCommon
        | P::NoKxGroupsInCommon
        | P::NoSignatureSchemesInCommon
        | P::NoCertificateRequestSignatureSchemesInCommon
        | P::NoEcPointFormatsInCommon => "the server and pfetch have no cipher in common",
        _ => "the server lacks a part of TLS that is needed here",
    };
    format!("{lack}; {OFFERED}")
}

/// The words for a certificate that is not accepted.
pub(super) fn certificate_in_words(error: &CertificateError) -> String {
    use CertificateError as C;
    let words = match error {
        C::UnknownIssuer => {
            "the certificate is not from an issuer that is trusted here (--cacert FILE trusts \
             another, -k trusts all)"
        }
        C::ExpiredContext { not_after, .. } => {
            return format!("the certificate has expired, on {}", date(*not_after));
        }
        C::NotValidYetContext { not_before, .. } => {
            let from = date(*not_before);
            return format!("the certificate is not valid yet, only from {from}");
        }
        C::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            let names = match &names[..] {
                [] => "no name at all".to_owned(),
                names => names.join(", "),
            };
            let expected = expected.to_str();
            return format!("the certificate is for another name: for {names}, not for {expected}");
        }
        C::Expired => "the certificate has expired",
        C::NotValidYet => "the certificate is not valid yet",
        C::NotValidForName => "the certificate is for another name",
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
            "the certificate is not for servers (its extended key usage is without serverAuth)"
        }
        C::Revoked => "the certificate is revoked",
        C::BadEncoding => "the certificate is damaged (-k takes all)",
        C::BadSignature => {
            "the signature of the certificate, or of the handshake, is of another key than it states"
        }
        C::UnhandledCriticalExtension => {
            "the certificate has a critical extension that is not known here (-k takes all)"
        }
        C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate has a key or a signature that is too weak or not known here, as RSA of \
             fewer than 2048 bits and SHA-1 (-k takes all)"
        }
        C::Other(other) => return other_in_words(other),
        _ => "the certificate cannot be checked (-k takes all)",
    };
    words.to_owned()
}

/// The words for webpki's verdicts that rustls hands on as they are, and for our own.
fn other_in_words(other: &OtherError) -> String {
    use webpki::Error as W;
    if let Some(outdated) = other.0.downcast_ref::<OutdatedIssuer>() {
        return outdated.to_string();
    }
    let Some(error) = other.0.downcast_ref::<W>() else {
        return "the certificate cannot be checked (-k takes all)".to_owned();
    };
    let words = match error {
        // The default of `openssl req -x509`.
        W::CaUsedAsEndEntity => {
            "is an authority's own certificate, which is not for servers (--cacert FILE with it in \
             FILE takes it, -k takes all)"
        }
        W::EndEntityUsedAsCa => "is signed with one that is not an authority's (-k takes all)",
        W::UnsupportedCertVersion => {
            "is not of X.509 version 3: neither names nor uses of another can be checked (-k takes all)"
        }
        W::NameConstraintViolation => {
            "is for a name that its issuer may not issue certificates for (-k takes all)"
        }
        W::PathLenConstraintViolated => {
            "has more issuers above it than one of them permits (-k takes all)"
        }
        W::MaximumPathDepthExceeded
        | W::MaximumPathBuildCallsExceeded
        | W::MaximumSignatureChecksExceeded
        | W::MaximumNameConstraintComparisonsExceeded => {
            "comes with too many others to be checked (-k takes all)"
        }
        _ => "is damaged, or has a part that is not known here (-k takes all)",
    };
    format!("the certificate {words}")
}

/// A name in a certificate, without the type that webpki writes around it: `DnsName("a.example")`.
fn bare_name(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::PeerMisbehaved;

    use super::*;

    /// Fails for text in which a type of rustls's or webpki's is named: a capital behind a small letter.
    #[track_caller]
    fn assert_plain(text: &str) {
        let is_camel = |word: &str| {
            let letters: Vec<char> = word.chars().collect();
            let mut pairs = letters.windows(2);
            pairs.any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
        };
        let allowed = |word: &str| word.contains("serverAuth") || word.contains("ChaCha20");
        let words = text.split_whitespace();
        let named: Vec<&str> = words
            .filter(|word| is_camel(word) && !allowed(word))
            .collect();
        assert!(named.is_empty(), "{named:?} in {text:?}");
        assert!(!text.contains("Error"), "{text:?}");
    }

    #[test]
    fn every_alert_is_told_in_words() {
        for code in 0..=u8::MAX {
            let text = alert_in_words(AlertDescription::from(code));
            assert_plain(&text);
            assert!(text.starts_with("the server "), "{text}");
        }
        for (code, words) in [
            (
                40,
                "found nothing in common, or wants a certificate of the client",
            ),
            (40, "no RSA key exchange and no CBC"),
            (70, "offers neither TLS 1.2 nor 1.3"),
            (70, "no TLS 1.1 or older"),
            (42, "--cert"),
            (48, "does not trust the issuer of the client's certificate"),
            (112, "no site of this name"),
            (116, "only after the handshake (--cert FILE, --key FILE)"),
        ] {
            let text = alert_in_words(AlertDescription::from(code));
            assert!(text.contains(words), "{code}: {text}");
        }
    }

    #[test]
    fn no_error_names_a_type_of_the_library() {
        let other = |error: webpki::Error| CertificateError::Other(OtherError(Arc::new(error)));
        let certificates = [
            CertificateError::BadEncoding,
            CertificateError::BadSignature,
            CertificateError::UnhandledCriticalExtension,
            CertificateError::ApplicationVerificationFailure,
            CertificateError::InvalidOcspResponse,
            CertificateError::UnknownRevocationStatus,
            CertificateError::Other(OtherError(Arc::new(io::Error::other("x")))),
            CertificateError::Other(OtherError(Arc::new(OutdatedIssuer))),
            other(webpki::Error::NameConstraintViolation),
            other(webpki::Error::PathLenConstraintViolated),
            other(webpki::Error::MaximumPathDepthExceeded),
            other(webpki::Error::UnsupportedCertVersion),
            other(webpki::Error::MalformedExtensions),
            other(webpki::Error::CaUsedAsEndEntity),
        ];
        let others = [
            Error::InvalidMessage(InvalidMessage::MissingKeyExchange),
            Error::InvalidMessage(InvalidMessage::InvalidContentType),
            Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite),
            Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
            Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
            Error::PeerIncompatible(PeerIncompatible::NullCompressionRequired),
            Error::General("SomeName".to_owned()),
            Error::Other(OtherError(Arc::new(io::Error::other("SomeName")))),
            Error::DecryptError,
            Error::HandshakeNotComplete,
        ];
        let certificates = certificates.into_iter().map(Error::InvalidCertificate);
        for error in certificates.chain(others) {
            assert_plain(&in_words(&error));
        }
    }

    #[test]
    fn the_names_of_a_certificate_are_told_as_they_are() {
        for (written, name) in [
            ("DnsName(\"a.example\")", "a.example"),
            ("IpAddress(127.0.0.2)", "127.0.0.2"),
            ("plain", "plain"),
        ] {
            assert_eq!(bare_name(written), name);
        }
    }
}
