//! The note on a URL that was perhaps meant otherwise, whatever the server made of it. curl expands braces and brackets in URLs, and lists of
//! other programs have columns; pfetch fetches URLs as they stand.

use std::fmt;

use crate::model::outcome::{Outcome, Verdict};

/// A note on a URL of which curl would have made several, or that has a column behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UrlNote<'a> {
    url: &'a str,
    pattern: Pattern,
}

impl<'a> UrlNote<'a> {
    /// The note on an outcome, if there is one to make.
    pub(super) fn on(outcome: &'a Outcome) -> Option<Self> {
        if matches!(outcome.verdict, Verdict::Skipped | Verdict::Done) {
            return None;
        }
        Some(UrlNote {
            url: &outcome.url,
            pattern: match Pattern::find(&outcome.url) {
                None if outcome.is_written_with_blank() => Pattern::Blank,
                pattern => pattern?,
            },
        })
    }
}

impl fmt::Display for UrlNote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, of_the_shell) = match self.pattern {
            Pattern::List => ("their braces", "{a,b}"),
            Pattern::Range => ("their brackets", "{1..100}"),
            Pattern::Blank => {
                return write!(
                    f,
                    "{}: a blank is a part of the URL (%20); the name for a file is given as \
                     {{\"url\": \"…\", \"output\": \"name\"}}, with -d DIR",
                    self.url
                );
            }
        };
        write!(
            f,
            "{}: URLs are fetched as they stand, with {found}; the shell expands {of_the_shell}, unquoted",
            self.url
        )
    }
}

/// A pattern that curl expands, or a mark of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    /// `{a,b}`.
    List,
    /// `[1-100]`, `[a-z]`.
    Range,
    /// A blank, as it was written.
    Blank,
}

impl Pattern {
    /// Finds the pattern in a URL, whose braces may be percent-encoded.
    fn find(url: &str) -> Option<Self> {
        // Most URLs have none of what begins one.
        memchr::memchr3(b'{', b'[', b'%', url.as_bytes())?;
        let url = url.replace("%7B", "{").replace("%7D", "}");
        let between = |open, close| {
            let (_, rest) = url.split_once(open)?;
            Some(rest.split_once(close)?.0)
        };
        if between('{', '}').is_some_and(|list| list.contains(',') || list.contains("..")) {
            return Some(Pattern::List);
        }
        // Behind the host: an IPv6 address has brackets too.
        let (_, path) = url.split_once("://")?.1.split_once('/')?;
        let (_, range) = path.split_once('[')?;
        let (first, last) = range.split_once(']')?.0.split_once('-')?;
        let last = last.split(':').next().unwrap_or(last);
        let is_bound = |text: &str| {
            let is_letter = text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_letter || is_number
        };
        (is_bound(first) && is_bound(last)).then_some(Pattern::Range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_curl_expands_is_recognised() {
        for (url, expected) in [
            ("http://h/%7Ba,b%7D", Some(Pattern::List)),
            ("http://h/{a,b}.txt", Some(Pattern::List)),
            ("http://h/%7B1..9%7D", Some(Pattern::List)),
            ("http://h/[1-100].png", Some(Pattern::Range)),
            ("http://h/?page=1", None),
            ("http://[::1]/[001-100:10]", Some(Pattern::Range)),
            ("http://h/x[a-z]", Some(Pattern::Range)),
            ("http://h/%7Bid%7D", None),
            ("http://h/[1]", None),
            ("http://h/a[]=1-2", None),
            ("http://h/[ab-c]", None),
            ("http://[1-2]/", None),
            ("no url", None),
        ] {
            assert_eq!(Pattern::find(url), expected, "{url}");
        }
    }
}
