//! A .netrc file: logins and passwords by host (`--netrc`, `--netrc-file`).
//!
//! Read as curl and ftp read it: tokens between blanks and line ends, or in double quotes with backslash
//! escapes. The first entry of a host counts, and none that stands behind `default`. A parser of our own,
//! because the crates there are know neither quotes nor bytes that are no UTF-8, or quote the file in errors.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use foldhash::fast::RandomState;

use crate::model::target::{Location, Secret};

/// The longest file in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The credentials of a .netrc file. Its `Debug` form shows hosts only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Netrc {
    machines: HashMap<String, Secret, RandomState>,
    /// The credentials of all other hosts.
    default: Option<Secret>,
}

/// The reason why a .netrc file cannot be used. It never quotes the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetrcError {
    /// The file cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// The file is longer than any of its kind.
    #[error("it has more than {MAX_FILE} bytes, so it is no .netrc file")]
    TooLong,
    /// A quoted text does not end in its line.
    #[error("line {0}: a double quote is not closed")]
    Unclosed(usize),
}

impl Netrc {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`NetrcError`].
    pub fn read(path: &Path) -> Result<Self, NetrcError> {
        let mut text = Vec::new();
        File::open(path)?
            .take(MAX_FILE + 1)
            .read_to_end(&mut text)?;
        if text.len() as u64 > MAX_FILE {
            return Err(NetrcError::TooLong);
        }
        Self::parse(&text)
    }

    /// Parses the text of a file. Words that it does not know are skipped.
    ///
    /// # Errors
    ///
    /// [`NetrcError::Unclosed`].
    pub fn parse(text: &[u8]) -> Result<Self, NetrcError> {
        let mut parser = Parser::default();
        let mut tokens = Tokens::new(text);
        while let Some(word) = tokens.keyword()? {
            match word.to_ascii_lowercase().as_slice() {
                b"machine" => {
                    let Some(host) = tokens.value()? else { break };
                    parser.begin(Some(&host));
                }
                b"default" => parser.begin(None),
                b"login" => parser.entry().login = tokens.value()?,
                b"password" => parser.entry().password = tokens.value()?,
                b"account" => drop(tokens.value()?),
                b"macdef" => tokens.skip_macro(),
                _ => {}
            }
        }
        Ok(parser.finish())
    }

    /// The credentials for the host of this URL.
    pub fn authorization(&self, location: &Location) -> Option<&Secret> {
        let host = self.machines.get(&normalised(location.host().as_bytes()));
        host.or(self.default.as_ref())
    }
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netrc")
            .field("machines", &self.machines.keys())
            .field("has_default", &self.default.is_some())
            .finish()
    }
}

/// The form of a host by which it is found: as in a URL, without the brackets of an IPv6 address.
fn normalised(host: &[u8]) -> String {
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    address.map_or_else(|| host.clone(), str::to_owned)
}

/// The words of one entry.
#[derive(Default)]
struct Entry {
    login: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
}

impl Entry {
    /// The credentials. A login alone has no password, and a password alone no login.
    fn secret(self) -> Option<Secret> {
        if self.login.is_none() && self.password.is_none() {
            return None;
        }
        let word = Option::unwrap_or_default;
        Some(Secret::basic(&word(self.login), &word(self.password)))
    }
}

/// The entries so far.
#[derive(Default)]
struct Parser {
    netrc: Netrc,
    /// The host of the entry that is read; `None` for `default`.
    host: Option<String>,
    /// `None` for words that stand in no entry that counts.
    open: Option<Entry>,
    /// The words of an entry that does not count.
    ignored: Entry,
    has_default: bool,
}

impl Parser {
    /// Begins an entry, of `default` without a host.
    fn begin(&mut self, host: Option<&[u8]>) {
        self.end();
        // `default` matches every host, so nothing behind it is ever asked for.
        self.open = (!self.has_default).then(Entry::default);
        self.has_default |= host.is_none();
        self.host = host.map(normalised);
    }

    fn end(&mut self) {
        let Some(secret) = self.open.take().and_then(Entry::secret) else {
            return;
        };
        match self.host.take() {
            Some(host) => drop(self.netrc.machines.entry(host).or_insert(secret)),
            None => self.netrc.default = Some(secret),
        }
    }

    fn entry(&mut self) -> &mut Entry {
        self.open.as_mut().unwrap_or(&mut self.ignored)
    }

    fn finish(mut self) -> Netrc {
        self.end();
        self.netrc
    }
}

/// The tokens of a file.
struct Tokens<'a> {
    rest: &'a [u8],
    line: usize,
    is_line_start: bool,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a [u8]) -> Self {
        Tokens {
            // Editors on Windows begin a file with this mark.
            rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
            line: 1,
            is_line_start: true,
        }
    }

    /// The next token where a word is expected that names one. A `#` begins a comment there.
    fn keyword(&mut self) -> Result<Option<Vec<u8>>, NetrcError> {
        self.next_unless_comment(|_| true)
    }

    /// The next token where a value is expected, which may begin with a `#`: only a whole line is a comment.
    fn value(&mut self) -> Result<Option<Vec<u8>>, NetrcError> {
        self.next_unless_comment(|tokens| tokens.is_line_start)
    }

    /// The next token, past comments. `None` at the end of the file.
    fn next_unless_comment(
        &mut self,
        may_be_comment: impl Fn(&Self) -> bool,
    ) -> Result<Option<Vec<u8>>, NetrcError> {
        loop {
            self.skip_blanks();
            match self.rest.first() {
                None => return Ok(None),
                Some(b'#') if may_be_comment(self) => {
                    self.take_line();
                }
                Some(_) => return self.token().map(Some),
            }
        }
    }

    fn skip_blanks(&mut self) {
        while let Some((byte, rest)) = self.rest.split_first()
            && *byte <= b' '
        {
            self.rest = rest;
            if *byte == b'\n' {
                self.line += 1;
                self.is_line_start = true;
            }
        }
    }

    /// Takes the rest of the line, and leaves its end.
    fn take_line(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        line
    }

    /// Skips a macro: its name, and the lines up to an empty one.
    fn skip_macro(&mut self) {
        self.take_line();
        while let Some((_, rest)) = self.rest.split_first() {
            self.rest = rest;
            self.line += 1;
            if self.take_line().trim_ascii().is_empty() {
                return;
            }
        }
    }

    /// The token that begins here.
    fn token(&mut self) -> Result<Vec<u8>, NetrcError> {
        self.is_line_start = false;
        if let Some(quoted) = self.rest.strip_prefix(b"\"") {
            return self.quoted(quoted);
        }
        let end = self.rest.iter().position(|byte| *byte <= b' ');
        let (token, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Ok(token.to_vec())
    }

    /// The token within quotes, of which the first has been read.
    fn quoted(&mut self, text: &'a [u8]) -> Result<Vec<u8>, NetrcError> {
        let mut token = Vec::new();
        let mut bytes = text.iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.rest = &text[at + 1..];
                    return Ok(token);
                }
                b'\\' => match bytes.next() {
                    Some((_, b'n')) => token.push(b'\n'),
                    Some((_, b'r')) => token.push(b'\r'),
                    Some((_, b't')) => token.push(b'\t'),
                    Some((_, b'\n')) | None => break,
                    Some((_, other)) => token.push(*other),
                },
                b'\n' => break,
                other => token.push(*other),
            }
        }
        Err(NetrcError::Unclosed(self.line))
    }
}

#[cfg(test)]
mod tests;
