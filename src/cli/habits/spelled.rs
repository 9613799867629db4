//! Spellings of options as they were typed, for messages: who typed `-O` knows of no `--dir`.

use std::ffi::OsStr;

use super::meaning::split_joined;

/// Spellings that ask for a broken download to be continued.
const CONTINUING: [&str; 4] = ["-c", "-C", "--continue", "--continue-at"];

/// Spellings of the options on the command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Spellings {
    /// Each with the long name that it stands for; empty for one that asks for nothing.
    typed: Vec<(String, String)>,
    /// True if `-S` was an argument by itself.
    has_lone_s: bool,
}

impl Spellings {
    /// Adds a spelling that stands for this argument, a long name with or without its value.
    pub(super) fn add(&mut self, spelling: &str, own: &OsStr) {
        let (name, _) = split_joined(own);
        let name = name.to_string_lossy().into_owned();
        self.typed.push((spelling.to_owned(), name));
    }

    /// Adds a spelling that asks for what is done anyway.
    pub(super) fn add_idle(&mut self, spelling: &str) {
        self.typed.push((spelling.to_owned(), String::new()));
    }

    /// The option of this long name as it was typed, the last time.
    pub(crate) fn of<'a>(&'a self, long: &'a str) -> &'a str {
        let mut typed = self.typed.iter().rev();
        let found = typed.find(|(_, own)| own == long);
        found.map_or(long, |(spelling, _)| spelling)
    }

    /// Tells whether the option of this long name was given, in any spelling.
    pub(crate) fn has(&self, long: &str) -> bool {
        self.typed.iter().any(|(_, own)| own == long)
    }

    /// Adds an argument as it stands.
    pub(super) fn add_argument(&mut self, argument: &OsStr) {
        self.has_lone_s |= argument == "-S";
    }

    /// Tells whether `-S` was an argument by itself: so wget's users type it, who expect the headers of responses, and
    /// not curl's, who have it behind other letters or beside -s.
    pub(crate) fn has_lone_s(&self) -> bool {
        self.has_lone_s
    }

    /// Tells whether a broken download is to be continued, in the words of curl or wget.
    pub(crate) fn ask_for_continuation(&self) -> bool {
        let mut typed = self.typed.iter();
        typed.any(|(spelling, _)| CONTINUING.contains(&&**spelling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_named_as_it_was_typed_last() {
        let mut spellings = Spellings::default();
        assert_eq!(spellings.of("--dir"), "--dir");
        spellings.add("-d", OsStr::new("--dir"));
        spellings.add("-O", OsStr::new("--dir=."));
        spellings.add_idle("-L");
        assert_eq!(spellings.of("--dir"), "-O");
        assert_eq!(spellings.of("--head"), "--head");
        assert!(spellings.has("--dir") && !spellings.has("--head"));
        for argument in ["-sS", "-S=", "-s", "--S"] {
            spellings.add_argument(OsStr::new(argument));
            assert!(!spellings.has_lone_s(), "{argument}");
        }
        spellings.add_argument(OsStr::new("-S"));
        assert!(spellings.has_lone_s());
        assert!(!spellings.ask_for_continuation());
        spellings.add_idle("-C");
        assert!(spellings.ask_for_continuation());
    }
}
