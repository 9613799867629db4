//! Slips: text that a URL parser takes, and that was meant as something else. It would be fetched from a host
//! that nobody named, or as one URL where there are two.
//!
//! Text of which curl and wget make the same URL is none, whatever it looks like: a query or a path may hold
//! another URL (`http://h/?u=http://x`), with commas before it too.

use memchr::memchr_iter;

use super::markup::Markup;
use crate::model::target::{DefaultScheme, split_scheme};

/// The schemes of URLs that are fetched, as they begin one.
const SCHEMES: [&str; 2] = ["http://", "https://"];

/// Pairs of quotes, and the characters that word processors make of them.
const QUOTES: [char; 9] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '«'];

/// A text that is more, or other, than a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Slip {
    /// A number alone, which the URL parser takes for an IPv4 address, or a number with a unit of size or time,
    /// which is the value of an option that takes none here.
    #[error(
        "a number is no URL; if an option was to have it, write it behind that option, and if it is a host, \
         {0} before it"
    )]
    Number(&'static str),
    /// The URL stands in quotes.
    #[error("the URL begins with a quote; take the quotes out")]
    Quoted,
    /// Something stands before the scheme: a column, a key, a mark of a list.
    #[error("something stands before {0}; take it out, so that the URL comes first")]
    TextBefore(&'static str),
    /// A second URL behind a blank.
    #[error("two URLs on a line; write one a line (a blank that belongs to a URL is written %20)")]
    SecondUrl,
    /// A column behind the URL, after a TAB or, in a list, a blank.
    #[error(
        "{0} stands in it; the name for a file is given as {{\"url\": \"…\", \"output\": \"name\"}} in one line, \
         with -d DIR ({0} that belongs to a URL is written {1})"
    )]
    Column(&'static str, &'static str),
    /// Markdown or HTML, which may have a URL in it.
    #[error("{}", .0.advice())]
    Markup(Markup),
    /// An option of a URL, as aria2c has them below it.
    #[error(
        "this is an option of another program (aria2c), not a URL; {}", .0.advice()
    )]
    Option(ListOption),
}

/// An option that a list of aria2c gives to the URL above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListOption {
    /// `out=`.
    Out,
    /// `checksum=`.
    Checksum,
    /// `header=`, `referer=`, `user-agent=`.
    Header,
    /// `dir=`.
    Dir,
    /// Any other.
    Other,
}

impl ListOption {
    fn named(name: &str) -> Self {
        match name {
            "out" => ListOption::Out,
            "checksum" => ListOption::Checksum,
            "header" | "referer" | "user-agent" => ListOption::Header,
            "dir" => ListOption::Dir,
            _ => ListOption::Other,
        }
    }

    /// The same in a list of pfetch's.
    fn advice(self) -> &'static str {
        match self {
            ListOption::Out => {
                "write {\"url\": \"…\", \"output\": \"name\"} in one line, with -d DIR"
            }
            ListOption::Checksum => "write {\"url\": \"…\", \"sha256\": \"…\"} in one line",
            ListOption::Header => {
                "write {\"url\": \"…\", \"headers\": {\"Name\": \"value\"}} in one line"
            }
            ListOption::Dir => {
                "-d DIR is for all URLs; write {\"url\": \"…\", \"output\": \"folder/name\"} for one"
            }
            ListOption::Other => {
                "write {\"url\": \"…\", \"output\": \"…\", \"sha256\": \"…\", \"headers\": {}} in one \
                 line, and take this one out"
            }
        }
    }
}

impl Slip {
    /// Finds the slip in a text that was meant as a URL.
    pub(super) fn find(text: &str, scheme: DefaultScheme) -> Option<Self> {
        // As the parser does.
        let text = text.trim_matches([' ', '\t']);
        if begins_as_url(text) {
            return Self::find_behind(text);
        }
        if let Some(markup) = Markup::find(text) {
            return Some(Slip::Markup(markup));
        }
        if is_number(text) {
            return Some(Slip::Number(match scheme {
                DefaultScheme::Http => SCHEMES[0],
                DefaultScheme::Https => SCHEMES[1],
            }));
        }
        if text.starts_with(QUOTES) {
            return Some(Slip::Quoted);
        }
        if let Some((before, scheme)) = split_at_scheme(text)
            // Behind these it is a part of the URL that the text begins with.
            && !before.contains(['/', '?', '#'])
            // The scheme of no web address (`blob:http://h/`) is refused as that.
            && split_scheme(text).is_none()
        {
            return Some(Slip::TextBefore(scheme));
        }
        Self::find_behind(text)
    }

    /// Finds what is too much behind a URL.
    fn find_behind(text: &str) -> Option<Self> {
        if has_second_url(text) {
            return Some(Slip::SecondUrl);
        }
        text.contains('\t').then_some(Slip::Column("a TAB", "%09"))
    }

    /// Finds a blank within a line of a list that is a URL otherwise: what stands behind it is a name for the file more
    /// often than a part of the URL. curl refuses both, and so does pfetch, before it asks for a page that is not meant.
    pub(super) fn find_blank(text: &str) -> Option<Self> {
        text.contains(' ').then_some(Slip::Column("a blank", "%20"))
    }

    /// Finds an option in a line that begins with a blank, which is how aria2c tells it from a URL. `text` is
    /// the line without the blank.
    pub(super) fn find_option(text: &str) -> Option<Self> {
        let (name, _) = text.split_once('=')?;
        let mut characters = name.trim_end().chars();
        let is_name = characters.next().is_some_and(|c| c.is_ascii_lowercase())
            && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        is_name.then(|| Slip::Option(ListOption::named(name.trim_end())))
    }
}

/// Recognises a text that begins with a scheme.
pub(super) fn begins_as_url(text: &str) -> bool {
    // Most do so in lower case.
    text.starts_with(SCHEMES[0]) || SCHEMES.iter().any(|scheme| begins_with(text, scheme))
}

/// Takes a comment off the end: a blank, `#` and the rest. A fragment has no blank before it.
pub(super) fn without_comment(text: &str) -> &str {
    let mut places = memchr_iter(b'#', text.as_bytes());
    let comment = places.find(|place| text[..*place].ends_with(char::is_whitespace));
    comment.map_or(text, |place| text[..place].trim_end())
}

/// Units of sizes and times, in lower case, as stand behind a number.
const UNITS: [&str; 19] = [
    "b", "k", "m", "g", "t", "ki", "mi", "gi", "ti", "kb", "mb", "gb", "tb", "kib", "mib", "gib",
    "ms", "s", "h",
];

/// Recognises whole numbers and decimal ones, with a sign or without, and with a unit or without.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !unit.is_empty() && !UNITS.iter().any(|known| known.eq_ignore_ascii_case(unit)) {
        return false;
    }
    let digits = &digits[..digits.len() - unit.len()];
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !whole.is_empty() && is_all_digits(whole) && is_all_digits(decimals)
}

/// Recognises a second URL: a word, not the first, that begins with a scheme or has http:// in it.
fn has_second_url(text: &str) -> bool {
    let has_blank = text.bytes().any(|byte| byte.is_ascii_whitespace()) || !text.is_ascii();
    has_blank
        && text.split_whitespace().skip(1).any(|word| {
            let has_scheme = word.split_once("://").is_some_and(|(scheme, _)| {
                !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            has_scheme || split_at_scheme(word).is_some()
        })
}

/// Splits text before the first `http://` or `https://` in it.
fn split_at_scheme(text: &str) -> Option<(&str, &'static str)> {
    text.match_indices("://").find_map(|(place, _)| {
        // A longer name that ends alike (`xhttp`) is another scheme's, and is refused as that.
        let name = text[..place].rfind(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
        let start = name.map_or(0, |before| {
            before + text[before..].chars().next().map_or(0, char::len_utf8)
        });
        let scheme = SCHEMES
            .iter()
            .find(|scheme| begins_with(&text[start..], scheme))?;
        Some((&text[..start], *scheme))
    })
}

fn begins_with(text: &str, scheme: &str) -> bool {
    let start = text.get(..scheme.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests;
