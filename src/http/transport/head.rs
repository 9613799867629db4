//! Response heads (RFC 9112, 2 to 5): found in the bytes as they come, and read with the leniency that
//! browsers and curl agree on.
//!
//! The web has folded lines, names that are no tokens, lines without a colon and control characters in
//! values. What cannot change where the body ends is tolerated or dropped; what could is refused, because
//! two readers that disagree about a body's end take one answer for another (request smuggling).

mod lines;

use std::fmt;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use memchr::memchr;

use self::lines::{LineScan, MAX_LINES, is_control, leading_blanks};
use crate::http::http_date;
use crate::model::outcome::HttpVersion;
use crate::model::text::excerpt;

/// The most bytes of a head, and of all interim heads before it.
pub(in crate::http) const MAX_HEAD: usize = 256 * 1024;

/// The beginning of every status line, in any case; nearly all servers write it so.
const PROTOCOL: &[u8] = b"HTTP/";

/// The bytes of `text` that a message shows.
const SHOWN: usize = 60;

/// The header fields that decide where a body ends. A line that may be one of them is never dropped.
const FRAMING_NAMES: [&[u8]; 2] = [b"transfer-encoding", b"content-length"];

/// A failure to read a response head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum HeadError {
    /// The first bytes are another protocol's; a guess at it, and what came.
    NotHttp(Option<&'static str>, String),
    /// The status line has no status of three digits.
    NoStatus(String),
    /// A version of HTTP that is not 1.x.
    Version(String),
    /// A NUL byte.
    Nul,
    /// A line that cannot be read and may be a header of the framing.
    Framing(String),
    /// A control character in a value that decides something.
    Control(&'static str),
    /// The head is longer than [`MAX_HEAD`].
    TooLong,
    /// The head has more than [`MAX_LINES`] lines.
    TooManyLines,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadError::NotHttp(Some(guess), _) => {
                write!(f, "it does not begin with HTTP/1; {guess} is on this port")
            }
            HeadError::NotHttp(None, came) => write!(
                f,
                "it does not begin with HTTP/1 but with \"{came}\"; another service may be on this port"
            ),
            HeadError::NoStatus(line) => {
                write!(
                    f,
                    "its status line is \"{line}\", without a status of three digits"
                )
            }
            HeadError::Version(version) => {
                write!(
                    f,
                    "it is in {version}, and pfetch reads HTTP/1.0 and HTTP/1.1"
                )
            }
            HeadError::Nul => f.write_str("its header has a NUL byte in it"),
            HeadError::Framing(line) => write!(
                f,
                "the line \"{line}\" of its header may say where the body ends, and cannot be read"
            ),
            HeadError::Control(name) => {
                write!(f, "the value of {name} has a control character in it")
            }
            HeadError::TooLong => write!(f, "its header is longer than {} KiB", MAX_HEAD / 1024),
            HeadError::TooManyLines => write!(f, "its header has more than {MAX_LINES} lines"),
        }
    }
}

/// A range of [`ResponseHead::bytes`].
#[derive(Debug, Clone, Copy, Default)]
struct ByteRange {
    start: usize,
    end: usize,
}

impl ByteRange {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..self.end]
    }

    /// The range without blanks at its ends.
    fn trimmed(self, bytes: &[u8]) -> Self {
        let trimmed = trim_start(self.of(bytes));
        let start = self.end - trimmed.len();
        let end = start + trim_end(trimmed).len();
        ByteRange { start, end }
    }
}

/// A header field: its name, and its value without blanks around it.
#[derive(Debug, Clone, Copy)]
struct Field {
    name: ByteRange,
    value: ByteRange,
}

impl Field {
    /// The field in a line, which begins at `start`; `None` if there is none that can be read.
    fn of(line: &[u8], start: usize) -> Option<Self> {
        let is_of_name = |byte: &&u8| is_token_byte(**byte);
        let name = line.iter().take_while(is_of_name).count();
        let [b':', value @ ..] = trim_start(&line[name..]) else {
            return None;
        };
        let value = trim_start(value);
        let end = start + line.len();
        (name > 0).then(|| Field {
            name: ByteRange {
                start,
                end: start + name,
            },
            value: ByteRange {
                start: end - value.len(),
                end: end - value.len() + trim_end(value).len(),
            },
        })
    }
}

/// A response's head: version, status, and its fields as they came, in their order.
#[derive(Debug, Clone)]
pub(in crate::http) struct ResponseHead {
    version: HttpVersion,
    status: StatusCode,
    /// The head with its folds undone and control characters replaced.
    bytes: Vec<u8>,
    fields: Vec<Field>,
    /// The [marks](name_bit) of the names of the fields.
    names: u64,
}

impl Default for ResponseHead {
    fn default() -> Self {
        ResponseHead {
            version: HttpVersion::Http11,
            status: StatusCode::OK,
            bytes: Vec::new(),
            fields: Vec::new(),
            names: 0,
        }
    }
}

impl ResponseHead {
    pub(in crate::http) fn version(&self) -> HttpVersion {
        self.version
    }

    pub(in crate::http) fn status(&self) -> StatusCode {
        self.status
    }

    /// The fields as they came, in their order.
    pub(in crate::http) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let bytes = &self.bytes;
        let field = |field: &Field| (field.name.of(bytes), field.value.of(bytes));
        self.fields.iter().map(field)
    }

    /// The values of the fields with this name, in their order. The name is in lower case.
    pub(in crate::http) fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let bytes = &self.bytes;
        let is_named = move |field: &&Field| is_name(field.name.of(bytes), name.as_bytes());
        // Most names that are asked for are not there.
        let fields = match self.names & name_bit(name.as_bytes()) {
            0 => &[],
            _ => &self.fields[..],
        };
        let fields = fields.iter().filter(is_named);
        fields.map(|field| field.value.of(bytes))
    }

    /// The value of the first field with this name.
    pub(in crate::http) fn get(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// The value of the first field with this name, if it is text.
    pub(in crate::http) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// The date in the first field with this name (RFC 9110, 5.6.7).
    pub(in crate::http) fn date(&self, name: &str) -> Option<SystemTime> {
        http_date::parse(self.get(name)?)
    }

    /// True if a list of tokens, over all lines with this name, has this one.
    pub(in crate::http) fn has_token(&self, name: &str, token: &str) -> bool {
        let token = token.as_bytes();
        self.get_all(name).any(|value| match memchr(b',', value) {
            // Nearly always.
            None => value.eq_ignore_ascii_case(token),
            Some(_) => value
                .split(|&byte| byte == b',')
                .any(|item| item.trim_ascii().eq_ignore_ascii_case(token)),
        })
    }

    /// The time for which the server keeps an idle connection open (`Keep-Alive: timeout=5`).
    pub(in crate::http) fn keep_alive_timeout(&self) -> Option<Duration> {
        let value = self.text("keep-alive")?;
        let seconds = value.split([',', ';']).find_map(|part| {
            let (name, seconds) = part.trim().split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("timeout")
                .then_some(seconds)
        })?;
        Some(Duration::from_secs(seconds.trim().parse().ok()?))
    }

    /// A head for tests.
    #[cfg(test)]
    pub(in crate::http) fn of(status: u16, fields: &[(&str, &str)]) -> Self {
        let mut text = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut head = ResponseHead::default();
        head.parse(text.as_bytes())
            .expect("a head that can be read");
        head
    }

    /// Reads a head, which ends with its empty line, in place of this one.
    #[cfg(test)]
    pub(in crate::http) fn parse(&mut self, head: &[u8]) -> Result<(), HeadError> {
        let mut scan = HeadScan::default();
        scan.lines.find_end(head);
        self.read(head, &scan)
    }

    /// Reads a head, whose [end](HeadScan::find_end) this scan has found, in place of this one.
    ///
    /// # Errors
    ///
    /// [`HeadError`], if it cannot be read for certain.
    pub(super) fn read(&mut self, head: &[u8], scan: &HeadScan) -> Result<(), HeadError> {
        self.bytes.clear();
        self.bytes.extend_from_slice(head);
        self.fields.clear();
        self.names = 0;
        let mut lines = scan.lines.lines(head);
        let (_, first) = lines
            .next()
            .ok_or_else(|| HeadError::NoStatus(shown(head)))?;
        (self.version, self.status) = status_line(first)?;
        // False where the line before was dropped: its continuation goes with it.
        let mut is_open = false;
        for (number, (start, line)) in lines.enumerate() {
            if number == MAX_LINES {
                return Err(HeadError::TooManyLines);
            }
            is_open = match Field::of(line, start) {
                Some(field) => {
                    self.names |= name_bit(field.name.of(head));
                    self.fields.push(field);
                    true
                }
                None => self.read_odd_line(line, start, is_open)?,
            };
        }
        if scan.lines.has_odd_control(head) {
            if memchr(0, head).is_some() {
                return Err(HeadError::Nul);
            }
            self.replace_controls()?;
        }
        Ok(())
    }

    /// Reads a line that is no field, which begins at `start`: a continuation, or one that is dropped. Returns true if
    /// another continuation belongs to a field.
    fn read_odd_line(
        &mut self,
        line: &[u8],
        start: usize,
        is_open: bool,
    ) -> Result<bool, HeadError> {
        if line.first().copied().is_some_and(is_blank) {
            match self.fields.last_mut().filter(|_| is_open) {
                Some(field) => {
                    unfold(&mut self.bytes, field, start, start + line.len());
                }
                None if is_suspicious(line) => return Err(suspicious(line)),
                None => {}
            }
            return Ok(is_open);
        }
        let colon = memchr(b':', line).unwrap_or(line.len());
        if is_suspicious(&line[..colon]) {
            return Err(suspicious(line));
        }
        Ok(false)
    }

    /// Replaces the control characters in values by blanks.
    fn replace_controls(&mut self) -> Result<(), HeadError> {
        for field in &mut self.fields {
            if field.value.of(&self.bytes).iter().copied().any(is_control) {
                if let Some(name) = decisive_name(field.name.of(&self.bytes)) {
                    return Err(HeadError::Control(name));
                }
                let ByteRange { start, end } = field.value;
                let odd = self.bytes[start..end].iter_mut();
                odd.filter(|byte| is_control(**byte))
                    .for_each(|byte| *byte = b' ');
                field.value = field.value.trimmed(&self.bytes);
            }
        }
        Ok(())
    }
}

/// Progress in finding the end of a head, over several reads.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadScan {
    lines: LineScan,
}

impl HeadScan {
    /// Begins with another head.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }

    /// Finds the end of the head in `input`, which begins with it and grows from call to call. Returns its
    /// length.
    ///
    /// # Errors
    ///
    /// As soon as it is certain that these bytes are no head: the server may wait for something else.
    pub(super) fn find_end(&mut self, input: &[u8]) -> Result<Option<usize>, HeadError> {
        if input.is_empty() {
            return Ok(None);
        }
        check_beginning(input)?;
        let end = self.lines.find_end(input);
        if end.is_none() && input.len() >= MAX_HEAD {
            return Err(HeadError::TooLong);
        }
        Ok(end)
    }
}

/// True if `input` may be the beginning of a response. Empty lines before it are tolerated (RFC 9112, 2.2
/// has them before requests; browsers skip them here too).
pub(super) fn may_begin_response(input: &[u8]) -> bool {
    let start = &input[leading_blanks(input)..];
    let length = start.len().min(PROTOCOL.len());
    start.starts_with(PROTOCOL) || start[..length].eq_ignore_ascii_case(&PROTOCOL[..length])
}

fn check_beginning(input: &[u8]) -> Result<(), HeadError> {
    if may_begin_response(input) {
        return Ok(());
    }
    let start = &input[leading_blanks(input)..];
    let guess = match start {
        [0x15 | 0x16, 3, ..] => Some("https"),
        _ if start.starts_with(b"SSH-") => Some("an SSH server"),
        _ if start.starts_with(b"220") => Some("a mail or FTP server"),
        _ if start.starts_with(b"ICY ") => Some("a SHOUTcast server"),
        // The settings frame of HTTP/2 (RFC 9113, 6.5).
        [0, 0, _, 4, ..] => Some("a server that speaks HTTP/2 only"),
        _ => None,
    };
    Err(HeadError::NotHttp(guess, shown(first_line(start))))
}

/// The version and the status of a status line (RFC 9112, 4). The reason phrase may be missing, or be any
/// bytes.
fn status_line(line: &[u8]) -> Result<(HttpVersion, StatusCode), HeadError> {
    let Some((protocol, rest)) = line.split_at_checked(PROTOCOL.len()) else {
        return Err(HeadError::NotHttp(None, shown(line)));
    };
    if protocol != PROTOCOL && !protocol.eq_ignore_ascii_case(PROTOCOL) {
        return Err(HeadError::NotHttp(None, shown(line)));
    }
    let end = rest.iter().position(|&byte| is_blank(byte));
    let (version, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let version = match version {
        b"1.0" => HttpVersion::Http10,
        [b'1', b'.', b'1'..=b'9'] => HttpVersion::Http11,
        other => return Err(HeadError::Version(format!("HTTP/{}", shown(other)))),
    };
    let digits = trim_start(rest);
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let status = Some(&digits[..count])
        .filter(|digits| digits.len() == 3)
        .and_then(|digits| StatusCode::from_bytes(digits).ok());
    let status = status.ok_or_else(|| HeadError::NoStatus(shown(line)))?;
    Ok((version, status))
}

/// Replaces the line end before a continuation by blanks, and adds the line to the field (obs-fold: RFC
/// 9112, 5.2).
fn unfold(bytes: &mut [u8], field: &mut Field, start: usize, end: usize) {
    // The value ends before its line end.
    bytes[field.value.end..start].fill(b' ');
    field.value.end = end;
    field.value = field.value.trimmed(bytes);
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    &bytes[..bytes.iter().position(is_end).unwrap_or(bytes.len())]
}

/// True if the text of a line that cannot be read holds the name of a framing field, whatever stands
/// between its letters: `Transfer-Encoding\x01: chunked` is one to some readers.
fn is_suspicious(text: &[u8]) -> bool {
    let letters = |byte: &u8| byte.is_ascii_graphic().then_some(byte.to_ascii_lowercase());
    let left: Vec<u8> = text.iter().filter_map(letters).collect();
    let holds = |name: &&[u8]| left.windows(name.len()).any(|window| window == *name);
    FRAMING_NAMES.iter().any(holds)
}

fn suspicious(text: &[u8]) -> HeadError {
    HeadError::Framing(shown(text))
}

/// The name of a field whose value decides about the body's end or the next request.
fn decisive_name(name: &[u8]) -> Option<&'static str> {
    ["Transfer-Encoding", "Content-Length", "Location"]
        .into_iter()
        .find(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// True for the characters of a token (RFC 9110, 5.6.2), which the name of a field is.
fn is_token_byte(byte: u8) -> bool {
    /// By byte: heads are read for each request.
    const TOKEN: [bool; 256] = {
        let mut token = [false; 256];
        let mut byte = 0;
        while byte < 128_u8 {
            token[byte as usize] = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'!' | b'#'
                        | b'$'
                        | b'%'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'+'
                        | b'-'
                        | b'.'
                        | b'^'
                        | b'_'
                        | b'`'
                        | b'|'
                        | b'~'
                );
            byte += 1;
        }
        token
    };
    TOKEN[usize::from(byte)]
}

/// True if the name of a field is this one, which is in lower case.
fn is_name(found: &[u8], name: &[u8]) -> bool {
    // The bit by which small letters differ from capitals is set in digits and hyphens. Of the other characters of a
    // token it makes none that a name has which is asked for: "^" becomes "~".
    debug_assert!(
        name.iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    );
    let is_same = |(found, name): (&u8, &u8)| found | 0x20 == *name;
    found.len() == name.len() && found.iter().zip(name).all(is_same)
}

/// The mark of a name in a set of them, one bit of 64: by its length and its first letter, in either case.
/// Names that are not in a head are nearly always missing in the set of its names.
fn name_bit(name: &[u8]) -> u64 {
    let first = name.first().map_or(0, u8::to_ascii_lowercase);
    1 << ((name.len() + 7 * usize::from(first)) % 64)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    text
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

fn shown(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(bytes), SHOWN)
}

#[cfg(test)]
mod tests;
