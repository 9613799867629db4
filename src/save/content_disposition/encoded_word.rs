//! Encoded words of mail headers (RFC 2047), which some servers send as file names and browsers read.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::in_charset;

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes one word, `=?charset?B?text?=` or `=?charset?Q?text?=`. `None` if it is malformed or of a
/// charset that is not known.
pub(super) fn decode(word: &[u8]) -> Option<String> {
    let inner = word.strip_prefix(b"=?")?.strip_suffix(b"?=")?;
    let mut parts = inner.split(|byte| *byte == b'?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let bytes = match encoding {
        b"B" | b"b" => BASE64.decode(text).ok()?,
        b"Q" | b"q" => quoted_printable(text)?,
        _ => return None,
    };
    in_charset(charset, bytes)
}

/// Decodes the Q encoding (RFC 2047, 4.2).
fn quoted_printable(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            graphic if graphic.is_ascii_graphic() => *graphic,
            _ => return None,
        });
    }
    Some(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    // A hexadecimal digit is less than 16.
    char::from(digit).to_digit(16).map(|value| value as u8)
}
