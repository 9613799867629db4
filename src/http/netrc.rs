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
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use proptest::prelude::*;

    use super::*;
    use crate::model::target::DefaultScheme;

    /// The login and password for a URL, with a colon between them.
    fn found(text: &[u8], url: &str) -> Option<String> {
        let netrc = Netrc::parse(text).expect("it can be read");
        let location = Location::parse(url, DefaultScheme::Http).expect("a URL");
        let secret = netrc.authorization(&location)?;
        let value = secret.reveal().to_str().expect("ASCII");
        let pair = value.strip_prefix("Basic ").expect("Basic");
        let pair = BASE64.decode(pair).expect("it is base64");
        Some(String::from_utf8_lossy(&pair).into_owned())
    }

    #[test]
    fn files_are_read_as_curl_reads_them() {
        for (text, expected) in [
            ("machine h login a password b", Some("a:b")),
            ("machine h\n\tlogin a\n\tpassword b\n", Some("a:b")),
            ("machine h\r\nlogin a\r\npassword b\r\n", Some("a:b")),
            ("MACHINE H LOGIN a PASSWORD b", Some("a:b")),
            ("machine h password b login a", Some("a:b")),
            ("machine h login a account c password b", Some("a:b")),
            ("machine h account login login a password b", Some("a:b")),
            ("machine h login a", Some("a:")),
            ("machine h password b", Some(":b")),
            ("machine h", None),
            ("machine h login", None),
            ("machine", None),
            ("", None),
            ("login a password b", None),
            ("machine other login a password b", None),
            ("machine hh login a password b", None),
            ("machine x.h login a password b", None),
            // The first entry counts, and `default` is for the rest.
            (
                "machine h login a password b machine h login c password d",
                Some("a:b"),
            ),
            ("machine h machine h login c password d", Some("c:d")),
            (
                "machine x login a password b default login c password d",
                Some("c:d"),
            ),
            (
                "default login c password d machine h login a password b",
                Some("c:d"),
            ),
            ("default machine h login a password b", None),
            // Quotes and escapes.
            (
                r#"machine h login "a b" password "c \"d\" \\ \x""#,
                Some(r#"a b:c "d" \ x"#),
            ),
            (
                r#"machine h login "a\tb" password "\r\n""#,
                Some("a\tb:\r\n"),
            ),
            (r#"machine h login "" password "b""#, Some(":b")),
            (r#"machine "h" login "a"password "b""#, Some("a:b")),
            (r#"machine h login a"b password c\nd"#, Some(r#"a"b:c\nd"#)),
            // Comments, and what looks like one.
            (
                "# machine h login x\nmachine h login a password b",
                Some("a:b"),
            ),
            (
                "machine h # password x\nlogin a password b # password x",
                Some("a:b"),
            ),
            ("machine h login a password #b", Some("a:#b")),
            ("machine h login\n# x\na password b", Some("a:b")),
            // Macros end with an empty line.
            (
                "macdef m\nmachine h login x\n\nmachine h login a password b",
                Some("a:b"),
            ),
            (
                "machine h login a password b\nmacdef init\nput \"x\nbye\n\n",
                Some("a:b"),
            ),
            ("macdef m\nmachine h login x password y", None),
            ("macdef", None),
            ("\u{feff}machine h login a password b", Some("a:b")),
            ("machine h unknown login a password b", Some("a:b")),
        ] {
            let found = found(text.as_bytes(), "http://h/");
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_host_is_found_whatever_its_case_its_port_and_its_scheme_and_by_nothing_less() {
        let text = b"machine Ex.org login a password b machine ::1 login c password d \
            machine [::2] login e password f machine xn--bcher-kva.de login g password h";
        for (url, expected) in [
            ("http://ex.ORG/", Some("a:b")),
            ("https://ex.org:8443/x?y", Some("a:b")),
            ("http://www.ex.org/", None),
            ("http://ex.org.evil/", None),
            ("http://org/", None),
            ("http://[::1]:81/", Some("c:d")),
            ("http://[0:0::2]/", Some("e:f")),
            ("http://b\u{fc}cher.de/", Some("g:h")),
        ] {
            assert_eq!(found(text, url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_sent_as_they_are() {
        let netrc = Netrc::parse(b"machine h login a password \xff\xfe").expect("it can be read");
        let location = Location::parse("http://h/", DefaultScheme::Http).expect("a URL");
        let secret = netrc.authorization(&location);
        assert_eq!(secret, Some(&Secret::basic(b"a", b"\xff\xfe")));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error_that_names_the_line_and_nothing_else() {
        for text in [
            "\nmachine h login \"hush",
            "\nmachine h login \"hush\nx\"",
            "\nmachine h password \"hush\\",
            "\nmachine h password \"hush\\\n\"",
            "macdef x\nmachine h login \"hush",
        ] {
            match Netrc::parse(text.as_bytes()) {
                Ok(netrc) => assert!(text.starts_with("macdef"), "{text:?}: {netrc:?}"),
                Err(error) => {
                    assert_eq!(error.to_string(), "line 2: a double quote is not closed");
                }
            }
        }
    }

    #[test]
    fn a_file_that_is_shown_shows_no_login_and_no_password() {
        let text = b"machine h login hush password hush default login hush password hush";
        let netrc = Netrc::parse(text).expect("it can be read");
        let shown = format!("{netrc:?}");
        assert!(
            shown.contains("\"h\"") && !shown.contains("hush"),
            "{shown}"
        );
    }

    /// A word as it may stand in a file.
    fn quoted(word: &[u8]) -> Vec<u8> {
        let mut quoted = b"\"".to_vec();
        for byte in word {
            match byte {
                b'\n' => quoted.extend_from_slice(b"\\n"),
                b'"' | b'\\' => quoted.extend_from_slice(&[b'\\', *byte]),
                other => quoted.push(*other),
            }
        }
        quoted.push(b'"');
        quoted
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Netrc::parse(&text);
        }

        #[test]
        fn any_sequence_of_tokens_is_read_or_refused(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "machine", "default", "login", "password", "account", "macdef", "h", "\"", "\"x\"",
                    "\\", "#", "\n", "\n\n", " ", "\t", "\r\n",
                ]),
                0..60,
            ),
            has_blanks in any::<bool>(),
        ) {
            let text = words.join(if has_blanks { " " } else { "" });
            let _ = Netrc::parse(text.as_bytes());
        }

        #[test]
        fn whatever_is_quoted_is_read_back(
            login in prop::collection::vec(any::<u8>(), 0..40),
            password in prop::collection::vec(any::<u8>(), 0..40),
            before in "[a-z ]{0,20}",
        ) {
            let text = [
                b"machine other login x password y\n#" as &[u8],
                before.as_bytes(),
                b"\nmachine h login ",
                &quoted(&login),
                b" password ",
                &quoted(&password),
            ]
            .concat();
            let netrc = Netrc::parse(&text).expect("it can be read");
            let location = Location::parse("http://h/", DefaultScheme::Http).expect("a URL");
            let credentials = Secret::basic(&login, &password);
            prop_assert_eq!(netrc.authorization(&location), Some(&credentials));
        }
    }
}
