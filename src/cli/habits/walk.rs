//! The walk along the arguments: which of them are options, and which are values and URLs. Own options pass as
//! they are, with their values; foreign ones are looked up in the table.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::meaning::{Hint, Meaning, Translation, is_number, joined, split_joined, unless_zero};
use super::mistakes::Mistakes;
use super::own::{OwnOption, OwnOptions};
use super::spelled::Spellings;
use super::{flags, table, values};
use crate::model::text::excerpt;

/// Own options of which curl has the same: none is their default there.
const ZERO_IS_DEFAULT: [&str; 2] = ["--connect-timeout", "--retry-delay"];

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
    /// Spellings of the options, where they differ from the long names.
    pub(crate) spellings: Spellings,
}

impl Translated {
    /// All arguments, without the program's name, and the spellings of the options among them.
    pub(crate) fn into_arguments(self) -> (impl Iterator<Item = OsString>, Spellings) {
        (self.first.into_iter().chain(self.rest), self.spellings)
    }
}

/// Puts the arguments into pfetch's own words, without the program's name. What is neither an own option nor in
/// the table is left to the parser. Options that have no like here are mistakes.
pub(super) fn own_words(arguments: &[OsString], own: &OwnOptions) -> (Translated, Mistakes) {
    let mut walk = Walk {
        own,
        arguments,
        place: 0,
        translated: Translated::default(),
        mistakes: Mistakes::default(),
        proxy: None,
    };
    while let Some(argument) = walk.next() {
        if argument == "--" {
            walk.translated.rest.push(argument.to_owned());
            walk.translated
                .rest
                .extend(arguments[walk.place..].iter().cloned());
            break;
        }
        walk.argument(argument);
        if walk.translated.wants_short_help {
            break;
        }
    }
    walk.refuse_proxy();
    (walk.translated, walk.mistakes)
}

struct Walk<'a> {
    own: &'a OwnOptions,
    arguments: &'a [OsString],
    /// The place of the next argument.
    place: usize,
    translated: Translated,
    mistakes: Mistakes,
    /// The last proxy that was given, with its option.
    proxy: Option<(String, &'a OsStr)>,
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

    /// Refuses an own option whose value is another option. The parser would take neither for what it is, and tell
    /// the second as the mistake.
    fn refuse_missing(&mut self, spelling: &str) -> bool {
        let Some(next) = self.peek().filter(|next| self.is_option(next)) else {
            return false;
        };
        let (name, _) = split_joined(next);
        let shown = excerpt(&name.to_string_lossy(), flags::MAX_SHOWN);
        self.refuse(
            spelling,
            format!("it needs a value, and {shown} is another option"),
        );
        true
    }

    /// Tells whether an argument is an own option or a foreign one that is known, with or without a value.
    fn is_option(&self, argument: &OsStr) -> bool {
        let (name, _) = split_joined(argument);
        match (argument.as_bytes(), name.to_str()) {
            ([b'-', b'-', _, ..], Some(name)) => {
                self.own.long(name).is_some() || table::find(name).is_some()
            }
            ([b'-', letter, ..], Some(name)) if *letter != b'-' => {
                let short = format!("-{}", char::from(*letter));
                self.own.short(*letter).is_some()
                    || table::find(name).is_some()
                    || table::find(&short).is_some()
            }
            _ => false,
        }
    }

    fn pass(&mut self, argument: impl Into<OsString>) {
        self.translated.rest.push(argument.into());
    }

    fn refuse(&mut self, spelling: &str, hint: impl Into<Hint>) {
        self.mistakes.add(spelling, hint.into());
    }

    fn argument(&mut self, argument: &'a OsStr) {
        let bytes = argument.as_bytes();
        self.translated.spellings.add_argument(argument);
        if bytes.starts_with(b"--") {
            return self.long(argument);
        }
        if bytes.len() < 2 || bytes[0] != b'-' {
            self.pass(argument);
            return;
        }
        // Words behind one dash (`-nc`), which are no cluster of letters.
        if let Some(text) = argument.to_str().filter(|text| text.len() > 2) {
            if let Some(meaning) = table::find(text) {
                return self.foreign(text, meaning, None);
            }
            if self.refuse_dashes(text) {
                return;
            }
        }
        self.cluster(argument);
    }

    /// An own option, or a foreign one, behind two dashes.
    fn long(&mut self, argument: &'a OsStr) {
        let (name, value) = split_joined(argument);
        let Some(name) = name.to_str() else {
            self.pass(argument);
            return;
        };
        if let Some(option) = self.own.long(name) {
            self.translated.spellings.add(name, OsStr::new(name));
            if ZERO_IS_DEFAULT.contains(&name)
                && let Some(value) = value.or_else(|| self.next())
            {
                self.translated.rest.extend(unless_zero(name, value));
                return;
            }
            if let (Some(value), false) = (value, option.takes_value) {
                return self.switch(name, value);
            }
            let lacks_value = option.takes_value && value.is_none();
            if lacks_value && (self.pass_negative(option) || self.refuse_missing(name)) {
                return;
            }
            self.pass(argument);
            let mut value = value;
            if lacks_value {
                value = self.next();
                self.translated.rest.extend(value.map(OsStr::to_owned));
            }
            if !option.takes_value && value.is_none() {
                self.refuse_value(name, None);
            }
            self.note_proxy(name, name, value);
            return;
        }
        match table::find(name) {
            Some(meaning) => self.foreign(name, meaning, value),
            None => self.pass(argument),
        }
    }

    /// Joins a negative number to the option before it, whose parser says which numbers it takes. Apart they would
    /// be an option without its value and an option that there is none of.
    fn pass_negative(&mut self, option: &OwnOption) -> bool {
        let is_negative = |next: &&OsStr| {
            let digits = next.as_bytes().strip_prefix(b"-");
            digits
                .is_some_and(|digits| matches!(digits, [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..]))
        };
        let value = self.peek().filter(is_negative);
        let Some(value) = value.filter(|_| option.takes_number) else {
            return false;
        };
        self.place += 1;
        self.pass(joined(&option.long, value));
        true
    }

    fn note_proxy(&mut self, spelling: &str, own: &str, value: Option<&'a OsStr>) {
        if own == "--proxy" {
            self.proxy = value.map(|value| (spelling.to_owned(), value));
        }
    }

    /// Adds the mistake of a proxy that is aria2c's number of connections to others of its options: to be told of
    /// one after the other takes more tries. Alone it is checked when all options are known.
    fn refuse_proxy(&mut self) {
        let proxy = self.proxy.take();
        if let Some((spelling, value)) = proxy.filter(|_| !self.mistakes.is_empty())
            && let Some(Err(text)) = value.to_str().map(values::check_proxy)
        {
            self.mistakes.insert_first(spelling, text.into());
        }
    }

    /// Letters behind one dash, of which one that takes a value ends the cluster.
    fn cluster(&mut self, argument: &'a OsStr) {
        let bytes = argument.as_bytes();
        for (place, letter) in bytes.iter().enumerate().skip(1) {
            let rest = Some(&bytes[place + 1..])
                .filter(|rest| !rest.is_empty())
                .map(OsStr::from_bytes);
            let spelling = format!("-{}", char::from(*letter));
            match self.own.short(*letter) {
                Some(OwnOption { is_help: true, .. }) => {
                    self.translated.wants_short_help = true;
                    return;
                }
                Some(option) if option.takes_value => {
                    self.spell(&spelling, option);
                    let lacks_value = rest.is_none();
                    if lacks_value && (self.pass_negative(option) || self.refuse_missing(&spelling))
                    {
                        return;
                    }
                    let mut passed = OsString::from(&spelling);
                    passed.push(rest.unwrap_or_default());
                    self.pass(passed);
                    let mut value = rest;
                    if lacks_value {
                        value = self.next();
                        self.translated.rest.extend(value.map(OsStr::to_owned));
                    }
                    self.note_proxy(&spelling, &option.long, value);
                    return;
                }
                Some(option) => {
                    if self.refuse_value(&spelling, rest) {
                        return;
                    }
                    self.spell(&spelling, option);
                    self.pass(spelling);
                }
                None => match table::find(&spelling) {
                    Some(meaning) => {
                        if self.letter(&spelling, meaning, rest) {
                            return;
                        }
                    }
                    // The parser names the letter.
                    None => {
                        let unknown = [b"-", &bytes[place..]].concat();
                        self.pass(OsString::from_vec(unknown));
                        return;
                    }
                },
            }
        }
    }

    /// An own option without a value, with one joined to it as aria2c and wget2 have it.
    fn switch(&mut self, name: &str, value: &OsStr) {
        match is_on(value) {
            true => self.pass(name),
            false => {
                let shown = excerpt(&value.to_string_lossy(), flags::MAX_SHOWN);
                self.refuse(
                    name,
                    format!("it has no value; leave ={shown} out, or the whole option"),
                );
            }
        }
    }

    /// Refuses what only a value can be, behind an own option that has none. `rest` is what is joined to it.
    fn refuse_value(&mut self, spelling: &str, rest: Option<&OsStr>) -> bool {
        // `-k4` is two options, and `-k40` one with a number.
        if let Some([letter, behind @ ..]) = rest.map(OsStr::as_bytes)
            && self.own.short(*letter).is_some()
            && !behind.first().is_some_and(u8::is_ascii_digit)
        {
            return false;
        }
        let value = rest.or_else(|| self.peek());
        let hint = value.and_then(|value| flags::value_of(spelling, value, rest.is_some()));
        let is_refused = hint.is_some();
        if let Some(hint) = hint {
            self.refuse(spelling, hint);
        }
        is_refused
    }

    /// Remembers that an own option was typed as a letter.
    fn spell(&mut self, spelling: &str, option: &OwnOption) {
        let spellings = &mut self.translated.spellings;
        spellings.add(spelling, OsStr::new(&option.long));
    }

    /// A foreign option of one letter, with what stands behind it in the cluster. Returns whether that was its value.
    fn letter(&mut self, spelling: &str, meaning: Meaning, rest: Option<&'a OsStr>) -> bool {
        if let (Meaning::ByNext(_) | Meaning::Fallback(..), Some(rest)) = (meaning, rest) {
            // More letters are more options; a number or a dash is a value, if it means something.
            let is_value = !rest.as_bytes()[0].is_ascii_alphabetic();
            let own = self.by_next(spelling, meaning, is_value.then_some(rest));
            let is_over = is_value && own.is_err();
            self.add(spelling, own);
            return is_over;
        }
        let takes_value = meaning.takes_value();
        self.foreign(spelling, meaning, rest.filter(|_| takes_value));
        takes_value
    }

    /// A foreign option. `value` is what is joined to it.
    fn foreign(&mut self, spelling: &str, meaning: Meaning, value: Option<&'a OsStr>) {
        let has_value = meaning.takes_value();
        if value.is_none()
            && let Some(hint) = table::parameter(spelling, &self.arguments[self.place..])
        {
            return self.refuse(spelling, hint);
        }
        let is_switch = !has_value && !matches!(meaning, Meaning::Hint(_));
        if is_switch && value.is_some_and(|value| !is_on(value)) {
            return self.refuse(spelling, "it has no value here; leave the value out");
        }
        let value = match (value, has_value) {
            (None, true) => match self.next() {
                None => return self.refuse(spelling, "it needs a value"),
                next => next,
            },
            (value, _) => value,
        };
        let value = value.unwrap_or_default();
        if spelling == "-m" && is_number(value) && self.is_measured() {
            return self.refuse(spelling, FEWEST_RUNS);
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
            Meaning::ByNext(_) | Meaning::Fallback(..) => {
                self.by_next(spelling, meaning, self.peek())
            }
            Meaning::Hint(hint) => Err(hint.into()),
        };
        self.add(spelling, own);
    }

    /// Tells whether the arguments ask for a measurement, in which a bare number is one of runs to some.
    fn is_measured(&self) -> bool {
        self.arguments.iter().any(|argument| {
            let argument = argument.as_bytes();
            argument == b"--compare" || argument.starts_with(b"--sweep")
        })
    }

    /// The own options for a meaning that the next argument decides on.
    fn by_next(&mut self, spelling: &str, meaning: Meaning, next: Option<&OsStr>) -> Translation {
        match meaning {
            Meaning::ByNext(by_next) => by_next(next),
            Meaning::Fallback(own, hint) => match hint(next) {
                Some(hint) => Err(hint.into()),
                None => {
                    self.translated.first.push(OsString::from(own));
                    self.translated.spellings.add(spelling, OsStr::new(own));
                    Ok(Vec::new())
                }
            },
            _ => Ok(Vec::new()),
        }
    }

    fn add(&mut self, spelling: &str, own: Translation) {
        let own = match own {
            Ok(own) => own,
            Err(mut hint) => {
                // Beside a measurement, another kind of run is not what is asked for.
                if self.is_measured() {
                    hint.otherwise = "".into();
                }
                return self.refuse(spelling, hint);
            }
        };
        let spellings = &mut self.translated.spellings;
        match own.first() {
            None => spellings.add_idle(spelling),
            Some(first) => spellings.add(spelling, first),
        }
        self.translated.rest.extend(own);
    }

    /// Refuses a whole name behind one dash (`-output`), which would be the value of its first letter. Returns
    /// whether it is one.
    fn refuse_dashes(&mut self, text: &str) -> bool {
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        let long = format!("-{name}");
        let is_long = self.own.long(&long).is_some_and(|option| !option.is_help)
            || table::find(&long).is_some();
        if is_long {
            let advice = format!("a name has two dashes before it; write {long}");
            self.refuse(name, advice);
        }
        is_long
    }
}

/// Tests for a value that turns an option on, as in `--continue=true` of aria2c.
fn is_on(value: &OsStr) -> bool {
    ["true", "yes", "on", "1"].iter().any(|yes| value == *yes)
}
