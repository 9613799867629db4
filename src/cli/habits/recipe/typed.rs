//! The options of load generators, hyperfine, xargs and curl on a command line, and what else is there.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::pasted::Pasted;
use crate::cli::habits::meaning::{is_number, split_value};
use crate::cli::habits::own::OwnOptions;
use crate::cli::habits::table;
use crate::cli::habits::values::{is_byte_range, is_duration};
use crate::cli::habits::walk::own_words;

/// An option of another program, by its letter there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// `-n`: requests; of xargs, arguments.
    Requests,
    /// `-c`: connections.
    AtOnce,
    /// `-P` of xargs: processes.
    Processes,
    /// `-z`, or wrk's `-d`: the time of the test.
    Time,
    /// `-t`: wrk's threads.
    Threads,
    /// `-q`, or wrk2's `-R`: requests in a second.
    Rate,
    /// `-r`: rounds of siege, runs of hyperfine.
    Runs,
    /// `--runs`: of hyperfine and here, and of no load generator.
    NamedRuns,
    /// `-w`: warm-up runs.
    WarmUp,
    /// `-m`: the fewest runs.
    FewestRuns,
    /// `-M`: the most runs.
    MostRuns,
    /// `-r` of curl: a part of the body.
    Range,
    /// `-C` of curl: the place from which on the body is asked for.
    Offset,
}

impl Sign {
    /// Finds the option by its spelling, if it has this value.
    fn of(spelling: &str, value: &OsStr) -> Option<Self> {
        let text = value.to_string_lossy();
        let sign = match spelling {
            "-n" | "--requests" | "--iterations" => Sign::Requests,
            "-c" | "--concurrency" | "--connections" | "--concurrent" | "--clients" | "--vus" => {
                Sign::AtOnce
            }
            "-P" => Sign::Processes,
            "-z" | "-d" | "--duration" if is_duration(&text) => return Some(Sign::Time),
            "-z" | "-d" | "--duration" => Sign::Time,
            "-t" | "--threads" => Sign::Threads,
            "-q" | "-R" | "--qps" | "--rps" | "--rate" => Sign::Rate,
            "-r" | "--range" if is_byte_range(&text) => return Some(Sign::Range),
            "-r" => Sign::Runs,
            "--runs" => Sign::NamedRuns,
            "-w" | "--warmup" => Sign::WarmUp,
            "-m" | "--min-runs" => Sign::FewestRuns,
            "-M" | "--max-runs" => Sign::MostRuns,
            "-C" | "--continue-at" => Sign::Offset,
            _ => return None,
        };
        let is_whole = || value.as_bytes().iter().all(u8::is_ascii_digit);
        (is_number(value) && (sign == Sign::Time || is_whole())).then_some(sign)
    }
}

/// An option with its value, a flag, or a URL.
#[derive(Debug)]
struct TypedWord {
    arguments: Vec<OsString>,
    /// What it is to another program, with its value, and as it was typed.
    sign: Option<(Sign, String, String)>,
}

/// A command line.
#[derive(Debug)]
pub(super) struct Typed<'a> {
    own: &'a OwnOptions,
    entries: Vec<TypedWord>,
}

impl<'a> Typed<'a> {
    pub(super) fn read(arguments: &[OsString], own: &'a OwnOptions) -> Self {
        let mut entries = Vec::new();
        let mut arguments = arguments.iter().map(OsString::as_os_str).peekable();
        while let Some(argument) = arguments.next() {
            let mut entry = TypedWord {
                arguments: vec![argument.to_owned()],
                sign: None,
            };
            let bytes = argument.as_bytes();
            if argument == "--" {
                entry
                    .arguments
                    .extend(arguments.by_ref().map(OsStr::to_owned));
            } else if bytes.len() > 1 && bytes[0] == b'-' {
                let (spelling, joined) = split_value(argument);
                let next = arguments.peek().copied().filter(|_| joined.is_none());
                let value = joined.or(next);
                let sign = value.and_then(|value| Some((Sign::of(&spelling, value)?, value)));
                let has_value = sign.is_some() || takes_value(own, &spelling);
                entry.sign = sign.map(|(sign, value)| {
                    let value = value.to_string_lossy();
                    let shown = match joined {
                        Some(_) => argument.to_string_lossy().into_owned(),
                        None => format!("{spelling} {value}"),
                    };
                    (sign, value.into_owned(), shown)
                });
                if has_value && let Some(value) = next {
                    entry.arguments.push(value.to_owned());
                    arguments.next();
                }
            }
            entries.push(entry);
        }
        Typed { own, entries }
    }

    fn signs(&self) -> impl DoubleEndedIterator<Item = &(Sign, String, String)> {
        self.entries.iter().filter_map(|entry| entry.sign.as_ref())
    }

    /// The value of the option, the last time that it was typed.
    pub(super) fn value(&self, sign: Sign) -> Option<&str> {
        let (_, value, _) = self.signs().rev().find(|(known, ..)| *known == sign)?;
        Some(value)
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
    pub(super) fn shown_of(&self, signs: &[Sign]) -> String {
        let typed = self.signs().filter(|(sign, ..)| signs.contains(sign));
        let shown: Vec<&str> = typed.map(|(_, _, shown)| shown.as_str()).collect();
        shown.join(" ")
    }

    /// Everything but these options, as it is pasted; `None` if something in it has no like here.
    pub(super) fn rest(&self, signs: &[Sign]) -> Option<Pasted> {
        let is_rest = |entry: &&TypedWord| {
            let sign = entry.sign.as_ref();
            !sign.is_some_and(|(sign, ..)| signs.contains(sign))
        };
        let rest = self.entries.iter().filter(is_rest);
        let rest: Vec<OsString> = rest.flat_map(|entry| entry.arguments.clone()).collect();
        let (words, mistakes) = own_words(&rest, self.own);
        let words = mistakes.is_empty().then(|| words.into_arguments().0);
        Pasted::of(words?, self.own)
    }
}

/// Tells whether the option of this spelling, an own one or a foreign one, has a value.
fn takes_value(own: &OwnOptions, spelling: &str) -> bool {
    match own.spelled(spelling) {
        Some(option) => option.takes_value,
        None => table::find(spelling).is_some_and(|meaning| meaning.takes_value()),
    }
}
