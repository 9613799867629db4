//! The options of load generators and of hyperfine on a command line, whatever else is there.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::cli::habits::meaning::{Meaning, is_number, split_joined};
use crate::cli::habits::own::OwnOptions;
use crate::cli::habits::table;
use crate::cli::habits::values::is_duration;
use crate::model::target::without_userinfo;

/// An option of a load generator or of hyperfine, by its letter there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// `-n`: requests.
    Requests,
    /// `-c`: connections.
    AtOnce,
    /// `-z`, or wrk's `-d`: the time of the test.
    Time,
    /// `-t`: wrk's threads.
    Threads,
    /// `-q`, or wrk2's `-R`: requests in a second.
    Rate,
    /// `-r`: runs.
    Runs,
    /// `-w`: warm-up runs.
    WarmUp,
    /// `-m`: the fewest runs.
    FewestRuns,
    /// `-M`: the most runs.
    MostRuns,
}

impl Sign {
    /// Finds the option by its spelling, if it has this value.
    fn of(spelling: &str, value: &OsStr) -> Option<Self> {
        let is_time = || is_duration(&value.to_string_lossy());
        let sign = match spelling {
            "-n" | "--requests" | "--iterations" => Sign::Requests,
            "-c" | "--concurrency" | "--connections" | "--concurrent" | "--clients" | "--vus" => {
                Sign::AtOnce
            }
            "-z" | "-d" | "--duration" if is_time() => return Some(Sign::Time),
            "-z" | "--duration" => Sign::Time,
            "-t" | "--threads" => Sign::Threads,
            "-q" | "-R" | "--qps" | "--rps" | "--rate" => Sign::Rate,
            "-r" | "--runs" => Sign::Runs,
            "-w" | "--warmup" => Sign::WarmUp,
            "-m" | "--min-runs" => Sign::FewestRuns,
            "-M" | "--max-runs" => Sign::MostRuns,
            _ => return None,
        };
        let is_whole = || value.as_bytes().iter().all(u8::is_ascii_digit);
        (is_number(value) && (sign == Sign::Time || is_whole())).then_some(sign)
    }
}

/// The options and URLs of a command line.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// Each with its value, and as it was typed.
    signs: Vec<(Sign, String, String)>,
    /// The spellings of these.
    spellings: Vec<String>,
    urls: Vec<String>,
    /// True if there are options beside them that do something.
    pub(super) has_others: bool,
}

impl Typed {
    pub(super) fn read(arguments: &[OsString], own: &OwnOptions) -> Self {
        let mut typed = Typed::default();
        let mut arguments = arguments.iter().map(OsString::as_os_str).peekable();
        while let Some(argument) = arguments.next() {
            let bytes = argument.as_bytes();
            if argument == "--" {
                typed
                    .urls
                    .extend(arguments.map(|url| url.to_string_lossy().into_owned()));
                break;
            }
            if bytes.len() < 2 || bytes[0] != b'-' {
                typed.urls.push(argument.to_string_lossy().into_owned());
                continue;
            }
            let (spelling, joined) = split(argument);
            let next = arguments.peek().copied();
            if let Some(value) = joined.or(next)
                && let Some(sign) = Sign::of(&spelling, value)
            {
                let value = value.to_string_lossy().into_owned();
                let shown = match joined {
                    Some(_) => argument.to_string_lossy().into_owned(),
                    None => format!("{spelling} {value}"),
                };
                if joined.is_none() {
                    arguments.next();
                }
                typed.signs.push((sign, value, shown));
                typed.spellings.push(spelling);
                continue;
            }
            let meaning = table::find(&spelling);
            let has_value = match (own_takes_value(own, &spelling), meaning) {
                (Some(takes_value), _) => takes_value,
                (None, Some(meaning)) => meaning.takes_value(),
                (None, None) => false,
            };
            if has_value && joined.is_none() {
                arguments.next();
            }
            // To ab, -k is what is done here anyway: connections are kept. And hyperfine's line compares.
            let is_idle = ["-k", "-S", "--compare"].contains(&spelling.as_str())
                || matches!(meaning, Some(Meaning::Nothing));
            typed.has_others |= !is_idle;
        }
        typed
    }

    /// The value of the option, the last time that it was typed.
    pub(super) fn value(&self, sign: Sign) -> Option<&str> {
        let mut signs = self.signs.iter().rev();
        let (_, value, _) = signs.find(|(known, ..)| *known == sign)?;
        Some(value)
    }

    /// Tells whether one of the options was typed in this spelling.
    pub(super) fn has_spelling(&self, spelling: &str) -> bool {
        self.spellings.iter().any(|known| known == spelling)
    }

    /// Tells whether the option was typed with a value that it may have.
    pub(super) fn has(&self, sign: Sign) -> bool {
        self.value(sign).is_some()
    }

    /// The number of the option, unless it is none or nothing can be done with it.
    pub(super) fn number(&self, sign: Sign) -> Option<u64> {
        self.value(sign)?.parse().ok().filter(|number| *number > 0)
    }

    /// The options as they were typed.
    pub(super) fn shown_of(&self, signs: &[Sign]) -> impl Iterator<Item = &str> {
        let signs = signs.to_vec();
        let typed = self
            .signs
            .iter()
            .filter(move |(sign, ..)| signs.contains(sign));
        typed.map(|(_, _, shown)| shown.as_str())
    }

    /// Tells whether one URL was typed. Several may be in a list as well.
    pub(super) fn has_one_url(&self) -> bool {
        self.urls.len() == 1
    }

    /// The only URL, in quotes for the shell where it needs them. The word for one stands for several, and for one
    /// that has credentials, which are not shown.
    pub(super) fn url(&self) -> String {
        let url = match &self.urls[..] {
            [url] if without_userinfo(url) == *url && !url.starts_with('-') => quoted(url),
            _ => None,
        };
        url.unwrap_or_else(|| "URL".to_owned())
    }
}

/// Splits an option from the value that is joined to it.
fn split(argument: &OsStr) -> (String, Option<&OsStr>) {
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

/// Tells whether an own option of this spelling has a value; `None` if there is none.
fn own_takes_value(own: &OwnOptions, spelling: &str) -> Option<bool> {
    let option = match spelling.as_bytes() {
        [b'-', letter] => own.short(*letter),
        _ => own.long(spelling),
    };
    option.map(|option| option.takes_value)
}

/// The text as one word of a shell, if it can be shown as it is.
fn quoted(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:%+,-".contains(c);
    if text.is_empty() || text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return None;
    }
    Some(match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    })
}
