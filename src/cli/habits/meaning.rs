//! Meanings of foreign spellings.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Own options in place of a foreign one, or the hint that it gets.
pub(super) type Translation = Result<Vec<OsString>, Hint>;

/// The words for an option that has no like here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hint {
    /// The words, whatever else was typed.
    pub(super) text: Cow<'static, str>,
    /// Words behind them for the other meanings of the spelling. Beside other hints they would be one too many.
    pub(super) otherwise: Cow<'static, str>,
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Hint {
            text: Cow::Owned(text),
            otherwise: Cow::Borrowed(""),
        }
    }
}

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Hint {
            text: Cow::Borrowed(text),
            otherwise: Cow::Borrowed(""),
        }
    }
}

/// A foreign option: its spellings, and what they stand for here.
pub(super) type Habit = (&'static [&'static str], Meaning);

/// What a foreign option stands for here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// Nothing to do: it is the default here, or there is nothing that it would change.
    Nothing,
    /// These own options; it has no value.
    Own(&'static [&'static str]),
    /// This own option, which the same anywhere on the command line overrides; it has no value. The hint is
    /// given if the next argument shows that another program's option is meant.
    Fallback(&'static str, fn(Option<&OsStr>) -> Option<&'static str>),
    /// This own option with its value.
    Value(&'static str),
    /// This own option, with something before the value.
    Prefixed(&'static str, &'static str),
    /// An option with a value, on which its meaning depends.
    ByValue(fn(&OsStr) -> Translation),
    /// An option without a value, unless another program's is meant, which the next argument shows.
    ByNext(fn(Option<&OsStr>) -> Translation),
    /// Nothing like it, or more than one thing: the hint says what to write.
    Hint(&'static str),
}

impl Meaning {
    /// True if the option has a value, in the next argument if it is not joined to it.
    pub(super) fn takes_value(&self) -> bool {
        matches!(
            self,
            Meaning::Value(_) | Meaning::Prefixed(..) | Meaning::ByValue(_)
        )
    }
}

/// Joins an own option and its value into one argument, so that a value may begin with a dash.
pub(super) fn joined(own: &str, value: impl AsRef<OsStr>) -> OsString {
    let mut argument = OsString::from(own);
    argument.push("=");
    argument.push(value);
    argument
}

/// Splits an argument from the value that is [joined] to it, if one is.
pub(super) fn split_joined(argument: &OsStr) -> (&OsStr, Option<&OsStr>) {
    let bytes = argument.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(end) => {
            let (name, value) = (&bytes[..end], &bytes[end + 1..]);
            (OsStr::from_bytes(name), Some(OsStr::from_bytes(value)))
        }
        None => (argument, None),
    }
}

/// Splits an option, a letter or a name, from the value that is joined to it.
pub(super) fn split_value(argument: &OsStr) -> (String, Option<&OsStr>) {
    let bytes = argument.as_bytes();
    let (spelling, value) = match bytes.starts_with(b"--") {
        true => split_joined(argument),
        false => {
            let (letter, value) = bytes.split_at(2);
            let value = (!value.is_empty()).then(|| OsStr::from_bytes(value));
            (OsStr::from_bytes(letter), value)
        }
    };
    (spelling.to_string_lossy().into_owned(), value)
}

/// Tests for a number, as it stands behind options that have none here.
pub(super) fn is_number(text: &OsStr) -> bool {
    let text = text.as_encoded_bytes();
    text.first().is_some_and(u8::is_ascii_digit)
        && text
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// An own option of a time, unless it has a number of none: that means no limit to curl, wget and aria2c, or their
/// default.
pub(super) fn unless_zero(own: &str, value: &OsStr) -> Vec<OsString> {
    let is_none = |byte: &u8| matches!(byte, b'0' | b'.');
    match is_number(value) && value.as_encoded_bytes().iter().all(is_none) {
        true => Vec::new(),
        false => vec![joined(own, value)],
    }
}

/// A number of bytes, whose `K`, `M` and `G` are powers of 1024 to curl, wget and aria2c.
pub(super) fn binary_size(own: &str, value: &OsStr) -> Vec<OsString> {
    let text = value.to_string_lossy();
    let number = text.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
    if is_number(OsStr::new(number)) && text.len() == number.len() + 1 {
        let unit = text[number.len()..].to_ascii_uppercase();
        return vec![joined(own, format!("{number}{unit}i"))];
    }
    vec![joined(own, value)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_the_default() {
        for (value, expected) in [
            ("5", &["--timeout=5"][..]),
            ("0.5", &["--timeout=0.5"]),
            ("5m", &["--timeout=5m"]),
            ("-1", &["--timeout=-1"]),
            ("0s", &["--timeout=0s"]),
            ("0", &[]),
            ("0.0", &[]),
        ] {
            let own = unless_zero("--timeout", OsStr::new(value));
            assert_eq!(own, expected, "{value}");
        }
    }

    #[test]
    fn units_of_sizes_are_powers_of_1024() {
        for (value, expected) in [
            ("10M", "--max-bytes=10Mi"),
            ("1k", "--max-bytes=1Ki"),
            ("100", "--max-bytes=100"),
            ("1Mi", "--max-bytes=1Mi"),
            ("M", "--max-bytes=M"),
            ("x", "--max-bytes=x"),
        ] {
            assert_eq!(
                binary_size("--max-bytes", OsStr::new(value)),
                [expected],
                "{value}"
            );
        }
    }
}
