//! The walk along the arguments: which of them are options, and which are values and URLs. Own options pass as
//! they are, with their values; foreign ones are looked up in the table.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::meaning::{Meaning, Translation, is_number, joined, seconds};
use super::own::{OwnOption, OwnOptions};
use super::table;

/// Own options of which curl has the same: a number without a unit is seconds there.
const IN_SECONDS: [&str; 2] = ["--connect-timeout", "--retry-delay"];

/// The number of runs to hyperfine, of seconds to curl.
const FEWEST_RUNS: &str =
    "the number of runs is --runs N, and a limit on the time of an attempt --timeout 10s";

/// Arguments in pfetch's own words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Translated {
    /// What overrides nothing: it comes before all else.
    first: Vec<OsString>,
    rest: Vec<OsString>,
    /// True if the short help was asked for, before any mistake.
    pub(crate) wants_short_help: bool,
}

impl Translated {
    /// All arguments, without the program's name.
    pub(crate) fn into_arguments(self) -> impl Iterator<Item = OsString> {
        self.first.into_iter().chain(self.rest)
    }
}

/// Puts the arguments into pfetch's own words, without the program's name. What is neither an own option nor in
/// the table is left to the parser.
///
/// # Errors
///
/// The hint, in one line, for an option that has no like here.
pub(crate) fn translate(
    arguments: impl IntoIterator<Item = OsString>,
    own: &OwnOptions,
) -> Result<Translated, String> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut walk = Walk {
        own,
        arguments: &arguments,
        place: 0,
        translated: Translated::default(),
    };
    while let Some(argument) = walk.next() {
        if argument == "--" {
            walk.translated.rest.push(argument.to_owned());
            walk.translated
                .rest
                .extend(arguments[walk.place..].iter().cloned());
            break;
        }
        walk.argument(argument)?;
        if walk.translated.wants_short_help {
            break;
        }
    }
    Ok(walk.translated)
}

struct Walk<'a> {
    own: &'a OwnOptions,
    arguments: &'a [OsString],
    /// The place of the next argument.
    place: usize,
    translated: Translated,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Option<&'a OsStr> {
        let argument = self.arguments.get(self.place)?;
        self.place += 1;
        Some(argument)
    }

    fn peek(&self) -> Option<&'a OsStr> {
        self.arguments.get(self.place).map(OsString::as_os_str)
    }

    fn pass(&mut self, argument: impl Into<OsString>) {
        self.translated.rest.push(argument.into());
    }

    fn argument(&mut self, argument: &'a OsStr) -> Result<(), String> {
        let bytes = argument.as_bytes();
        if bytes.starts_with(b"--") {
            return self.long(argument);
        }
        if bytes.len() < 2 || bytes[0] != b'-' {
            self.pass(argument);
            return Ok(());
        }
        // Words behind one dash (`-nc`), which are no cluster of letters.
        if let Some(text) = argument.to_str().filter(|text| text.len() > 2) {
            if let Some(meaning) = table::find(text) {
                return self.foreign(text, meaning, None);
            }
            self.check_dashes(text)?;
        }
        self.cluster(argument)
    }

    /// An own option, or a foreign one, behind two dashes.
    fn long(&mut self, argument: &'a OsStr) -> Result<(), String> {
        let bytes = argument.as_bytes();
        let end = bytes.iter().position(|byte| *byte == b'=');
        let name = OsStr::from_bytes(&bytes[..end.unwrap_or(bytes.len())]);
        let value = end.map(|end| OsStr::from_bytes(&bytes[end + 1..]));
        let Some(name) = name.to_str() else {
            self.pass(argument);
            return Ok(());
        };
        if let Some(option) = self.own.long(name) {
            if IN_SECONDS.contains(&name)
                && let Some(value) = value.or_else(|| self.next())
            {
                self.translated.rest.extend(seconds(name, value));
                return Ok(());
            }
            self.pass(argument);
            if option.takes_value && value.is_none() {
                let value = self.next();
                self.translated.rest.extend(value.map(OsStr::to_owned));
            }
            return Ok(());
        }
        match table::find(name) {
            Some(meaning) => self.foreign(name, meaning, value),
            None => {
                self.pass(argument);
                Ok(())
            }
        }
    }

    /// Letters behind one dash, of which one that takes a value ends the cluster.
    fn cluster(&mut self, argument: &'a OsStr) -> Result<(), String> {
        let bytes = argument.as_bytes();
        for (place, letter) in bytes.iter().enumerate().skip(1) {
            let rest = Some(&bytes[place + 1..])
                .filter(|rest| !rest.is_empty())
                .map(OsStr::from_bytes);
            let spelling = format!("-{}", char::from(*letter));
            match self.own.short(*letter) {
                Some(OwnOption { is_help: true, .. }) => {
                    self.translated.wants_short_help = true;
                    return Ok(());
                }
                Some(option) if option.takes_value => {
                    let mut passed = OsString::from(spelling);
                    passed.push(rest.unwrap_or_default());
                    self.pass(passed);
                    if rest.is_none() {
                        let value = self.next();
                        self.translated.rest.extend(value.map(OsStr::to_owned));
                    }
                    return Ok(());
                }
                Some(_) => self.pass(spelling),
                None => match table::find(&spelling) {
                    Some(meaning) => {
                        let is_over = meaning.takes_value();
                        self.letter(&spelling, meaning, rest)?;
                        if is_over {
                            return Ok(());
                        }
                    }
                    // The parser names the letter.
                    None => {
                        let unknown = [b"-", &bytes[place..]].concat();
                        self.pass(OsString::from_vec(unknown));
                        return Ok(());
                    }
                },
            }
        }
        Ok(())
    }

    /// A foreign option of one letter, with what stands behind it in the cluster.
    fn letter(
        &mut self,
        spelling: &str,
        meaning: Meaning,
        rest: Option<&'a OsStr>,
    ) -> Result<(), String> {
        if meaning.takes_value() {
            return self.foreign(spelling, meaning, rest);
        }
        match (meaning, rest) {
            // More letters are more options; a number or a dash is a value.
            (Meaning::ByNext(_) | Meaning::Fallback(..), Some(rest)) => {
                let is_value = !rest.as_bytes()[0].is_ascii_alphabetic();
                let own = self.by_next(meaning, is_value.then_some(rest));
                self.add(spelling, own)
            }
            (meaning, _) => self.foreign(spelling, meaning, None),
        }
    }

    /// A foreign option. `value` is what is joined to it.
    fn foreign(
        &mut self,
        spelling: &str,
        meaning: Meaning,
        value: Option<&'a OsStr>,
    ) -> Result<(), String> {
        let has_value = meaning.takes_value();
        if value.is_none()
            && let Some(hint) = table::parameter(spelling, &self.arguments[self.place..])
        {
            return Err(format!("{spelling}: {hint}"));
        }
        if let (Some(value), false, false) = (value, has_value, matches!(meaning, Meaning::Hint(_)))
        {
            // As in `--continue=true` of aria2c.
            if !["true", "yes", "on", "1"].iter().any(|yes| value == *yes) {
                return Err(format!(
                    "{spelling}: it has no value here; leave the value out"
                ));
            }
        }
        let value = match (value, has_value) {
            (None, true) => {
                let next = self.next();
                Some(next.ok_or_else(|| format!("{spelling}: it needs a value"))?)
            }
            (value, _) => value,
        };
        let value = value.unwrap_or_default();
        if spelling == "-m" && is_number(value) && self.is_measured() {
            return Err(format!("{spelling}: {FEWEST_RUNS}"));
        }
        let own = match meaning {
            Meaning::Nothing => Ok(Vec::new()),
            Meaning::Own(own) => Ok(own.iter().map(OsString::from).collect()),
            Meaning::Value(own) => Ok(vec![joined(own, value)]),
            Meaning::Prefixed(own, prefix) => {
                let mut prefixed = OsString::from(prefix);
                prefixed.push(value);
                Ok(vec![joined(own, prefixed)])
            }
            Meaning::ByValue(by_value) => by_value(value),
            Meaning::ByNext(_) | Meaning::Fallback(..) => self.by_next(meaning, self.peek()),
            Meaning::Hint(hint) => Err(hint),
        };
        self.add(spelling, own)
    }

    /// Tells whether the arguments ask for a measurement, in which a bare number is one of runs to some.
    fn is_measured(&self) -> bool {
        self.arguments.iter().any(|argument| {
            let argument = argument.as_bytes();
            argument == b"--compare" || argument.starts_with(b"--sweep")
        })
    }

    /// The own options for a meaning that the next argument decides on.
    fn by_next(&mut self, meaning: Meaning, next: Option<&OsStr>) -> Translation {
        match meaning {
            Meaning::ByNext(by_next) => by_next(next),
            Meaning::Fallback(own, hint) => match hint(next) {
                Some(hint) => Err(hint),
                None => {
                    self.translated.first.push(OsString::from(own));
                    Ok(Vec::new())
                }
            },
            _ => Ok(Vec::new()),
        }
    }

    fn add(&mut self, spelling: &str, own: Translation) -> Result<(), String> {
        let own = own.map_err(|hint| format!("{spelling}: {hint}"))?;
        self.translated.rest.extend(own);
        Ok(())
    }

    /// Refuses a whole name behind one dash (`-output`), which would be the value of its first letter.
    fn check_dashes(&self, text: &str) -> Result<(), String> {
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        let long = format!("-{name}");
        let is_long = self.own.long(&long).is_some_and(|option| !option.is_help)
            || table::find(&long).is_some();
        match is_long {
            true => Err(format!(
                "{name}: a name has two dashes before it; write {long}"
            )),
            false => Ok(()),
        }
    }
}

impl Meaning {
    /// True if the option has a value, in the next argument if it is not joined to it.
    fn takes_value(&self) -> bool {
        matches!(
            self,
            Meaning::Value(_) | Meaning::Prefixed(..) | Meaning::ByValue(_)
        )
    }
}
