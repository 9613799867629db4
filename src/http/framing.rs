//! Message framing (RFC 9112, 6 and 7): responses without a body, and transfer codings that ureq does
//! not decode.

use http::{HeaderMap, Method, StatusCode, Version, header};

use crate::model::outcome::{Failure, FailureKind};
use crate::model::text::excerpt;
use crate::model::timing::Phase;

/// True for a response with a body. Some have none, whatever their headers say (RFC 9112, 6.3).
pub(super) fn has_body(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD && !matches!(status.as_u16(), 204 | 304)
}

/// The failure of a body with a transfer coding that ureq does not decode.
///
/// ureq searches the list for `chunked`, decodes that once, and ignores the rest; on HTTP/1.0 it ignores
/// the whole list. Bytes of the framing would pass for the body, and a length may delimit it wrongly.
pub(super) fn unreadable(version: Version, headers: &HeaderMap) -> Option<Failure> {
    let mut codings = headers
        .get_all(header::TRANSFER_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty())
        .peekable();
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    // No longer in HTTP since RFC 7230, but harmless: it stands for no coding.
    let is_identity = |coding: &[u8]| coding.eq_ignore_ascii_case(b"identity");
    codings.peek()?;
    let codings: Vec<&[u8]> = codings.collect();
    let reason = if codings.iter().all(|coding| is_identity(coding)) {
        return None;
    } else if !codings.iter().all(|coding| is_chunked(coding)) {
        "which nobody asked for"
    } else if version == Version::HTTP_10 {
        "which HTTP/1.0 does not have"
    } else {
        // Two lines of it come from servers behind proxies; the coding was applied once.
        return None;
    };
    let named = String::from_utf8_lossy(&codings.join(&b", "[..])).into_owned();
    Some(Failure {
        kind: FailureKind::Protocol,
        phase: Some(Phase::Receive),
        message: format!(
            "the server's answer cannot be read: its body is transfer-encoded as \"{}\", {reason}",
            excerpt(&named, 60)
        ),
        is_transient: false,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn refused(version: Version, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            headers.append(header::TRANSFER_ENCODING, value);
        }
        unreadable(version, &headers).map(|failure| failure.message)
    }

    #[test]
    fn only_chunked_is_decoded_and_only_over_http_1_1() {
        for lines in [
            &["chunked"][..],
            &["ChunKed"],
            &[" chunked\t"],
            &[",chunked,, "],
            &["chunked, chunked"],
            &["chunked", "chunked"],
        ] {
            assert_eq!(refused(Version::HTTP_11, lines), None, "{lines:?}");
            let message = refused(Version::HTTP_10, lines).unwrap_or_default();
            assert!(message.contains("HTTP/1.0"), "{lines:?}: {message}");
        }
        for lines in [
            &["gzip"][..],
            &["gzip, chunked"],
            &["gzip", "chunked"],
            &["chunked, gzip"],
            &["deflate", "", "chunked"],
            &["xchunked"],
            &["chunkedx"],
            &["chunked;q=1"],
            &["\"chunked\""],
            &["chunked chunked"],
            &["identity, chunked"],
            &["chünked"],
        ] {
            for version in [Version::HTTP_10, Version::HTTP_11] {
                let message = refused(version, lines).unwrap_or_default();
                let is_told = message.ends_with("which nobody asked for");
                assert!(is_told, "{version:?} {lines:?}: {message}");
            }
        }
    }

    #[test]
    fn no_coding_and_identity_are_none() {
        for lines in [
            &[][..],
            &[""],
            &[" , "],
            &["identity"],
            &["Identity, identity"],
        ] {
            for version in [Version::HTTP_10, Version::HTTP_11] {
                assert_eq!(refused(version, lines), None, "{version:?} {lines:?}");
            }
        }
    }

    #[test]
    fn the_name_of_a_coding_is_shortened_and_escaped() {
        let message = refused(Version::HTTP_11, &[&"x".repeat(5_000)]).unwrap();
        assert!(message.len() < 300, "{message}");
        let message = refused(Version::HTTP_11, &["a\tb\u{9b}"]).unwrap();
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}
