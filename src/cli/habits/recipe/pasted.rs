//! The part of a command line that goes into the line to paste as it is: options that pfetch has, and URLs.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use http::header::HOST;

use crate::cli::habits::meaning::split_value;
use crate::cli::habits::own::OwnOptions;
use crate::http::crosses_origins;
use crate::model::headers::{self, GivenHeader};
use crate::model::target::without_userinfo;

/// Own options by which a line is one of pfetch's, and of no load generator.
const MEASURING: [&str; 16] = [
    "--against",
    "--assert",
    "--baseline",
    "--margin",
    "--max-runs",
    "--measurement-time",
    "--precision",
    "--rate",
    "--repeat",
    "--runs",
    "--save-baseline",
    "--strict-assert",
    "--summary-only",
    "--sweep",
    "--warmup",
    "--workers",
];

/// Options and URLs, as words of a shell.
#[derive(Debug, Default)]
pub(super) struct Pasted {
    options: Vec<String>,
    /// Options whose values may be secrets, or cannot be shown, by their names.
    withheld: Vec<String>,
    /// `None` if one of them cannot be shown.
    urls: Option<Vec<String>>,
    number: usize,
    /// True if there is a list (`-i`).
    pub(super) has_list: bool,
    /// True if there is `--compare`.
    pub(super) compares: bool,
    /// True if there is another option of measurements.
    pub(super) measures: bool,
    /// True if there is an option for bodies, which load generators have for data to send and for a format.
    pub(super) saves: bool,
}

impl Pasted {
    /// Sorts words that the parser would get; `None` if there is one that cannot be pasted.
    pub(super) fn of(words: impl Iterator<Item = OsString>, own: &OwnOptions) -> Option<Self> {
        let mut pasted = Pasted {
            urls: Some(Vec::new()),
            ..Pasted::default()
        };
        let mut words = words;
        while let Some(word) = words.next() {
            if word == "--" {
                words.by_ref().for_each(|url| pasted.url(&url));
            } else if word.len() > 1 && word.as_encoded_bytes()[0] == b'-' {
                let (spelling, joined) = split_value(&word);
                let option = own.spelled(&spelling)?;
                let next = match (option.takes_value, joined) {
                    (true, None) => Some(words.next()?),
                    _ => None,
                };
                pasted.option(
                    &option.long,
                    &word,
                    joined.or(next.as_deref()),
                    next.as_deref(),
                );
            } else {
                pasted.url(&word);
            }
        }
        Some(pasted)
    }

    /// Takes an option; `value` is its value, and `next` the same if it is a word of its own.
    fn option(&mut self, long: &str, word: &OsStr, value: Option<&OsStr>, next: Option<&OsStr>) {
        match long {
            "--compare" => self.compares = true,
            // What is pasted prints a summary, or a measurement.
            "--quiet" => {}
            _ => {
                self.saves |= ["--dir", "--output"].contains(&long);
                self.measures |= MEASURING.contains(&long);
                self.has_list |= long == "--input";
                let words = [Some(word), next];
                let words: Option<Vec<_>> = words.into_iter().flatten().map(quoted).collect();
                match (secret(long, value), words) {
                    (None, Some(words)) => self.options.push(words.join(" ")),
                    (secret, _) => self
                        .withheld
                        .push(secret.unwrap_or_else(|| long.to_owned())),
                }
            }
        }
    }

    /// Takes a URL. One with credentials is not shown, and a command of hyperfine's is none.
    fn url(&mut self, url: &OsStr) {
        self.number += 1;
        let text = url.to_string_lossy();
        let is_showable = without_userinfo(&text) == *text
            && !text.starts_with('-')
            && !text.contains(char::is_whitespace);
        let shown = quoted(url).filter(|_| is_showable);
        self.urls = self.urls.take().zip(shown).map(|(mut urls, shown)| {
            urls.push(shown);
            urls
        });
    }

    /// Tells whether one URL was typed, and nothing else to fetch.
    pub(super) fn has_one_url(&self) -> bool {
        self.number == 1 && !self.has_list
    }

    /// What is to be put in by hand, in words behind "Here".
    pub(super) fn advice(&self) -> String {
        match &self.withheld[..] {
            [] => String::new(),
            withheld => format!(" (add your {} at its end)", withheld.join(", ")),
        }
    }

    /// The end of the line to paste. The word for a URL stands for those that are not shown.
    pub(super) fn end(&self) -> String {
        let urls = match &self.urls {
            Some(urls) if !urls.is_empty() || self.has_list => urls.join(" "),
            _ => "URL".to_owned(),
        };
        let words = self.options.iter().map(String::as_str).chain([&*urls]);
        words
            .filter(|word| !word.is_empty())
            .map(|word| format!(" {word}"))
            .collect()
    }
}

/// The name of an option whose value may be a secret.
fn secret(long: &str, value: Option<&OsStr>) -> Option<String> {
    let text = value.map_or(Cow::Borrowed(""), OsStr::to_string_lossy);
    match long {
        "--user" => Some("-u".to_owned()),
        // curl's data, which is no folder.
        "--dir" if text.contains(['=', '{', '@']) => Some("-d".to_owned()),
        "--proxy" if without_userinfo(&text) != *text => Some("-x".to_owned()),
        // A file of headers is no secret, and neither is what every server may get.
        "--header" if !text.starts_with('@') => match headers::parse(text.as_bytes()) {
            Ok(GivenHeader::Sent(name, _)) if name != HOST && !crosses_origins(&name) => {
                Some(format!("-H {name}"))
            }
            Ok(_) => None,
            Err(_) => Some("-H".to_owned()),
        },
        _ => None,
    }
}

/// The text as one word of a shell, if it can be shown as it is.
fn quoted(text: &OsStr) -> Option<String> {
    let text = text.to_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:%+,-=@".contains(c);
    if text.is_empty() || text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return None;
    }
    Some(match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    })
}
