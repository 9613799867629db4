//! What the input says about a target for those who read its result.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The maximum length of a [`Meta`] in bytes.
pub const MAX_META_BYTES: usize = 64 * 1024;

/// JSON of the user's, carried from a line of the input to the result of its target as it was written. It may
/// hold a number of any length, which parsing would change.
#[derive(Debug, Clone)]
pub struct Meta(Arc<RawValue>);

/// The error for JSON that is no [`Meta`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetaError {
    /// It is longer than [`MAX_META_BYTES`].
    #[error("it has {0} bytes; at most {MAX_META_BYTES} are carried along")]
    TooLong(usize),
    /// An escape in it is one half of a character, which readers of the result would stop at.
    #[error("it has a lone surrogate in it (\\ud800 to \\udfff), which is no character")]
    LoneSurrogate,
}

impl Meta {
    /// Takes JSON as it is, but for line ends between its values, which would end the line of a result.
    ///
    /// # Errors
    ///
    /// [`MetaError`].
    pub fn new(json: &RawValue) -> Result<Self, MetaError> {
        let text = json.get();
        if text.len() > MAX_META_BYTES {
            return Err(MetaError::TooLong(text.len()));
        }
        if has_lone_surrogate(text) {
            return Err(MetaError::LoneSurrogate);
        }
        // Within a string a line end is written as an escape, so these are blanks between tokens.
        let line = match text.contains(['\n', '\r']) {
            true => Cow::Owned(text.replace(['\n', '\r'], " ")),
            false => Cow::Borrowed(text),
        };
        let line = RawValue::from_string(line.into_owned());
        let line = line.expect("blanks in the place of blanks leave it JSON");
        Ok(Meta(Arc::from(line)))
    }

    /// Parses JSON. `None` if it is none, or too long.
    pub fn parse(json: &str) -> Option<Self> {
        Meta::new(serde_json::from_str(json).ok()?).ok()
    }

    /// The JSON.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Meta {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Meta {}

impl Serialize for Meta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Finds an escape of a surrogate that is not one of a pair, in JSON.
fn has_lone_surrogate(json: &str) -> bool {
    let unit = |digits: Option<&str>| u16::from_str_radix(digits.unwrap_or_default(), 16).ok();
    let mut rest = json;
    let mut is_half = false;
    while let Some(escape) = rest.find('\\') {
        // The second half follows the first one at once.
        if is_half && escape > 0 {
            return true;
        }
        let code = rest[escape..].strip_prefix("\\u");
        let unit = code.and_then(|code| unit(code.get(..4)));
        is_half = match (unit, is_half) {
            (Some(0xd800..=0xdbff), false) => true,
            (Some(0xdc00..=0xdfff), true) => false,
            (Some(0xd800..=0xdfff), _) | (_, true) => return true,
            _ => false,
        };
        let length = if unit.is_some() { 6 } else { 2 };
        rest = rest.get(escape + length..).unwrap_or_default();
    }
    is_half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_no_json_that_can_be_read_again() {
        for (text, is_refused) in [
            (r#""\ud83d\ude00""#, false),
            (r#""\uD83D\uDE00 \u00e9 \\ud800""#, false),
            (r#"{"\u0041": ["\\\ud83d\ude00"]}"#, false),
            (r#""\ud800""#, true),
            (r#""\udc00""#, true),
            (r#""\ud800 \udc00""#, true),
            (r#""\ud800\ud800""#, true),
            (r#""\ud800\n""#, true),
            (r#"["\ud800", "\udc00"]"#, true),
            (r#"{"\udfff": 1}"#, true),
        ] {
            let json: &RawValue =
                serde_json::from_str(text).expect("it is JSON to a lenient reader");
            let refused = Meta::new(json).err();
            assert_eq!(refused.is_some(), is_refused, "{text}: {refused:?}");
        }
    }

    #[test]
    fn json_is_kept_as_it_was_written() {
        for text in [
            "null",
            "1.0",
            "-0",
            "123456789012345678901234567890.10e+5",
            r#"{ "b":1,  "a" : [ ], "b":"\u00e9\n\/" }"#,
            "\"caption, é\"",
        ] {
            let meta = Meta::parse(text).map(|meta| serde_json::to_string(&meta));
            assert_eq!(meta.and_then(Result::ok).as_deref(), Some(text));
        }
    }

    #[test]
    fn line_ends_between_values_become_blanks() {
        let meta = Meta::parse("{\r\n\"a\":\n[1,\n2]}");
        assert_eq!(meta.as_ref().map(Meta::as_str), Some("{  \"a\": [1, 2]}"));
    }

    #[test]
    fn its_length_is_bounded() {
        let of = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert!(Meta::parse(&of(MAX_META_BYTES)).is_some());
        assert_eq!(Meta::parse(&of(MAX_META_BYTES + 1)), None);
    }
}
