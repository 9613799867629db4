//! Files of headers (`-H @FILE`): a header a line, as curl has them.

use std::fs::File;
use std::io::{self, Read};

use crate::cli::args::TypedHeader;
use crate::cli::plan::ListName;
use crate::model::headers::{self, GivenHeader, HeaderError};
use crate::model::text::escape;

/// The most bytes of a file: many times what a request takes, and room for comments.
const MAX_FILE: u64 = 256 * 1024;

/// Takes all headers in the order in which they were given. `lists` are read too, so standard input may be none of
/// them and a file of headers.
pub(super) fn all(typed: &[TypedHeader], lists: &[ListName]) -> Result<Vec<GivenHeader>, String> {
    let is_stdin = |header: &&TypedHeader| matches!(header, TypedHeader::File(ListName::Stdin));
    match typed.iter().filter(is_stdin).count() {
        0 => {}
        1 if lists.contains(&ListName::Stdin) => {
            return Err(
                "-H @-: standard input is the list of URLs; read the headers from a file (-H @FILE), or the \
                 list (-i FILE)"
                    .to_owned(),
            );
        }
        1 => {}
        _ => return Err("-H @-: standard input can be read only once; give it once".to_owned()),
    }
    let mut all = Vec::with_capacity(typed.len());
    for header in typed {
        match header {
            TypedHeader::Given(given) => all.push(given.clone()),
            TypedHeader::File(name) => all.extend(read(name)?),
        }
    }
    Ok(all)
}

/// Reads the headers of one file.
fn read(name: &ListName) -> Result<Vec<GivenHeader>, String> {
    let (shown, bytes) = match name {
        ListName::Stdin => ("-".to_owned(), contents(io::stdin())),
        ListName::File(path) => (
            escape(&path.display().to_string()),
            File::open(path).and_then(contents),
        ),
    };
    let bytes = bytes.map_err(|error| format!("-H @{shown}: cannot read it: {error}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!(
            "-H @{shown}: it has more than {MAX_FILE} bytes; a file of headers has one a line"
        ));
    }
    parse(&bytes).map_err(|(line, mistake)| format!("-H @{shown}, line {line}: {mistake}"))
}

/// The bytes of a file, and one more if it is too long.
fn contents(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Parses the lines of a file. Blank ones and comments are skipped.
fn parse(bytes: &[u8]) -> Result<Vec<GivenHeader>, (usize, String)> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut all = Vec::new();
    for (place, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() || line.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        let given = headers::parse(line).map_err(|error| (place + 1, mistake(&error)))?;
        all.push(given);
    }
    Ok(all)
}

/// Words a mistake without the text of the line, which may be a secret as a whole.
fn mistake(error: &HeaderError) -> String {
    match error {
        HeaderError::Name(_) => "what stands before the colon is not a header name".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, (usize, String)> {
        let all = parse(text.as_bytes())?;
        Ok(all.iter().map(|given| given.name().to_owned()).collect())
    }

    #[test]
    fn blank_lines_comments_and_ends_of_other_systems_are_tolerated() {
        let text = "\u{feff}X-A: 1\r\n\r\n  \t\n# X-B: 2\n  # more\nX-C: 3\nUser-Agent:\nX-D;";
        let expected = ["x-a", "x-c", "user-agent", "x-d"].map(str::to_owned);
        assert_eq!(names(text), Ok(expected.to_vec()));
        let all = parse(b"X-A: 1\r\n").expect("a header");
        let GivenHeader::Sent(_, value) = &all[0] else {
            panic!("{all:?}");
        };
        assert_eq!(value.as_bytes(), b"1");
        assert_eq!(names(""), Ok(Vec::new()));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_not_shown() {
        for (text, number, why) in [
            ("X-A: 1\nhush\n", 2, "no colon"),
            ("\n\nBearer hush: 1", 3, "not a header name"),
            ("'X-A: hush'", 1, "begins with a quote"),
            ("X-A: hush\rhush", 1, "control character"),
            ("Content-Length: 5", 1, "cannot be set"),
        ] {
            let (line, mistake) = names(text).expect_err(text);
            assert_eq!(line, number, "{text}: {mistake}");
            assert!(
                mistake.contains(why) && !mistake.contains("hush"),
                "{mistake}"
            );
        }
    }

    #[test]
    fn standard_input_is_read_once() {
        let stdin = || TypedHeader::File(ListName::Stdin);
        let error = all(&[stdin()], &[ListName::Stdin]).expect_err("a list is there");
        assert!(error.contains("the list of URLs"), "{error}");
        let error = all(&[stdin(), stdin()], &[]).expect_err("it is given twice");
        assert!(error.contains("only once"), "{error}");
    }
}
