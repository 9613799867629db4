//! Media ranges: the media types that a body may have (`--expect-type`).

use std::fmt;
use std::str::FromStr;

use crate::model::text::excerpt;

/// The most characters of a given text that a message quotes.
const QUOTE: usize = 60;

/// A list of media ranges as in `Accept` (RFC 9110, 12.5.1), without parameters: `image/*,application/zip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRanges {
    ranges: Vec<MediaRange>,
}

/// A text that is no list of [`MediaRanges`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaRangeError {
    /// A part of the list is no media range.
    #[error(
        "\"{0}\" is not a media type; write TYPE/SUBTYPE, TYPE/* or */*, with commas between them"
    )]
    NotARange(String),
    /// A part of the list has parameters, which are never compared.
    #[error("\"{0}\" has parameters, which are not compared; leave out what follows the ';'")]
    HasParameters(String),
}

/// A media type, or all with one type, or all. In lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
enum MediaRange {
    All,
    OfType(String),
    Exact(String, String),
}

impl MediaRanges {
    /// Returns true if a body of this `Content-Type` is in one of the ranges. Upper and lower case are the
    /// same, and parameters do not count. What is no media type, or states none (`None`), is in `*/*` alone.
    pub fn contains(&self, content_type: Option<&[u8]>) -> bool {
        let stated = content_type.and_then(|value| std::str::from_utf8(value).ok());
        let stated = stated.and_then(|value| parse(value.split(';').next().unwrap_or_default()));
        self.ranges.iter().any(|range| match (range, stated) {
            (MediaRange::All, _) => true,
            (_, None) => false,
            (MediaRange::OfType(name), Some((found, _))) => found.eq_ignore_ascii_case(name),
            (MediaRange::Exact(name, subtype), Some((found, detail))) => {
                found.eq_ignore_ascii_case(name) && detail.eq_ignore_ascii_case(subtype)
            }
        })
    }
}

impl FromStr for MediaRanges {
    type Err = MediaRangeError;

    fn from_str(text: &str) -> Result<Self, MediaRangeError> {
        let ranges = text.split(',').map(|part| {
            let quoted = || excerpt(part.trim(), QUOTE);
            if part.contains(';') {
                return Err(MediaRangeError::HasParameters(quoted()));
            }
            match parse(part) {
                Some(("*", "*")) => Ok(MediaRange::All),
                Some((name, "*")) if name != "*" => {
                    Ok(MediaRange::OfType(name.to_ascii_lowercase()))
                }
                Some((name, subtype)) if !name.contains('*') && !subtype.contains('*') => Ok(
                    MediaRange::Exact(name.to_ascii_lowercase(), subtype.to_ascii_lowercase()),
                ),
                _ => Err(MediaRangeError::NotARange(quoted())),
            }
        });
        Ok(MediaRanges {
            ranges: ranges.collect::<Result<_, _>>()?,
        })
    }
}

impl fmt::Display for MediaRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, range) in self.ranges.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            match range {
                MediaRange::All => f.write_str("*/*")?,
                MediaRange::OfType(name) => write!(f, "{name}/*")?,
                MediaRange::Exact(name, subtype) => write!(f, "{name}/{subtype}")?,
            }
        }
        Ok(())
    }
}

/// The type and the subtype of a text without parameters, each a token (RFC 9110, 8.3.1).
fn parse(text: &str) -> Option<(&str, &str)> {
    let (name, subtype) = text.trim_ascii().split_once('/')?;
    let is_token = |part: &str| !part.is_empty() && part.bytes().all(is_token_byte);
    (is_token(name) && is_token(subtype)).then_some((name, subtype))
}

/// Recognises the bytes of a token (RFC 9110, 5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(text: &str) -> MediaRanges {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_type_is_in_a_range_whatever_its_case_and_parameters() {
        let expected = ranges("image/*, Application/ZIP ,text/csv");
        assert_eq!(expected.to_string(), "image/*,application/zip,text/csv");
        for (stated, is_in) in [
            ("image/png", true),
            ("IMAGE/svg+xml; charset=utf-8", true),
            ("application/zip", true),
            (" application/Zip ;x=\"text/html\"", true),
            ("text/csv;header=present", true),
            ("text/html", false),
            ("text/html; a=image/png", false),
            ("application/zipper", false),
            ("application/x-zip", false),
            ("images/png", false),
            ("image", false),
            ("image/", false),
            ("/png", false),
            ("", false),
            // What joined fields come to, and a page among them must not pass.
            ("image/png, text/html", false),
            ("image/png image/png", false),
        ] {
            assert_eq!(
                expected.contains(Some(stated.as_bytes())),
                is_in,
                "{stated}"
            );
        }
        assert!(!expected.contains(Some(b"image/\xff")));
        assert!(!expected.contains(None));
    }

    #[test]
    fn all_types_are_in_the_range_of_all_and_so_is_none() {
        let all = ranges("text/html,*/*");
        for stated in [
            Some(&b"image/png"[..]),
            Some(b"nonsense"),
            Some(b"\xff"),
            None,
        ] {
            assert!(all.contains(stated), "{stated:?}");
        }
        assert!(!ranges("text/*").contains(None));
    }

    #[test]
    fn what_is_no_range_is_named() {
        for (text, part) in [
            ("", ""),
            ("zip", "zip"),
            ("image/*,", ""),
            ("image/*,,text/css", ""),
            ("image/", "image/"),
            ("/png", "/png"),
            ("*/png", "*/png"),
            ("*", "*"),
            ("image/p*", "image/p*"),
            ("ima ge/png", "ima ge/png"),
            ("image/png/x", "image/png/x"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("bild/größe", "bild/größe"),
        ] {
            let error = text.parse::<MediaRanges>().unwrap_err();
            assert_eq!(error, MediaRangeError::NotARange(part.to_owned()), "{text}");
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
        }
        let error = "text/html;q=1".parse::<MediaRanges>().unwrap_err();
        let expected = MediaRangeError::HasParameters("text/html;q=1".to_owned());
        assert_eq!(error, expected);
    }
}
