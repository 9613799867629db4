//! The file name in a Content-Disposition header (RFC 6266).

/// The file name in a Content-Disposition header, as the server wrote it: `filename*` (RFC 8187)
/// before `filename`, without the path it may have before it. It is not safe to use as it is; see
/// [`SavePath::with_file_name`](crate::model::save_path::SavePath::with_file_name).
///
/// `None` for a malformed header, and for one that gives a parameter twice: two programs would read it
/// differently, which attacks build on. An unquoted name may contain spaces and brackets, which the
/// grammar does not allow and servers send.
///
/// ```
/// use pfetch::save::filename;
///
/// let header = b"attachment; filename=\"e.txt\"; filename*=UTF-8''%C3%A9.txt";
/// assert_eq!(filename(header).as_deref(), Some("\u{e9}.txt"));
/// ```
pub fn filename(header: &[u8]) -> Option<String> {
    let mut plain = None;
    let mut extended = None;
    for (name, value) in parameters(header)? {
        let place = if name.eq_ignore_ascii_case(b"filename") {
            &mut plain
        } else if name.eq_ignore_ascii_case(b"filename*") {
            &mut extended
        } else {
            continue;
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    // RFC 6266, 4.3: a `filename*` that cannot be decoded is ignored.
    extended
        .and_then(|value| match value {
            ParameterValue::Token(text) => decoded(text),
            ParameterValue::Quoted(_) => None,
        })
        .and_then(last_component)
        .or_else(|| plain.and_then(|value| last_component(text(value.into_bytes()))))
}

/// The value of a parameter, unquoted or quoted.
enum ParameterValue<'a> {
    Token(&'a [u8]),
    /// With quotes and escapes removed.
    Quoted(Vec<u8>),
}

impl ParameterValue<'_> {
    fn into_bytes(self) -> Vec<u8> {
        match self {
            ParameterValue::Token(text) => text.to_vec(),
            ParameterValue::Quoted(text) => text,
        }
    }
}

/// Parses the parameters after the type; `None` if the header is malformed.
fn parameters(header: &[u8]) -> Option<Vec<(&[u8], ParameterValue<'_>)>> {
    let (kind, mut rest) = split_at(header, b';');
    if !is_token(kind.trim_ascii()) {
        return None;
    }
    let mut parameters = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        match rest {
            [] => return Some(parameters),
            [b';', after @ ..] => {
                rest = after;
                continue;
            }
            _ => {}
        }
        let equals = rest.iter().position(|b| *b == b'=')?;
        let name = rest[..equals].trim_ascii();
        if !is_token(name) {
            return None;
        }
        rest = rest[equals + 1..].trim_ascii_start();
        let value = if let [b'"', quoted @ ..] = rest {
            let (text, after) = unquoted(quoted)?;
            let (between, after) = split_at(after, b';');
            if !between.trim_ascii().is_empty() {
                return None;
            }
            rest = after;
            ParameterValue::Quoted(text)
        } else {
            let (text, after) = split_at(rest, b';');
            let text = text.trim_ascii();
            if text.is_empty() || text.contains(&b'"') {
                return None;
            }
            rest = after;
            ParameterValue::Token(text)
        };
        parameters.push((name, value));
    }
}

/// Splits the text at the first `separator`.
fn split_at(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|b| *b == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

/// Parses a quoted string up to the closing quote. Returns it without escapes, and the text after it.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut plain = Vec::new();
    let mut bytes = text.iter();
    loop {
        match bytes.next()? {
            b'"' => return Some((plain, bytes.as_slice())),
            b'\\' => plain.push(*bytes.next()?),
            byte => plain.push(*byte),
        }
    }
}

/// Returns true for a token (RFC 9110, 5.6.2).
fn is_token(text: &[u8]) -> bool {
    let is_token_byte = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !text.is_empty() && text.iter().all(is_token_byte)
}

/// Decodes an extended value, `charset'language'text` (RFC 8187).
fn decoded(value: &[u8]) -> Option<String> {
    let (charset, rest) = split_at(value, b'\'');
    let language = rest.iter().position(|b| *b == b'\'')?;
    let mut bytes = Vec::new();
    let mut rest = rest[language + 1..].iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            // More than the grammar allows: many servers do not encode quotes and brackets.
            graphic if graphic.is_ascii_graphic() => *graphic,
            _ => return None,
        });
    }
    if charset.eq_ignore_ascii_case(b"utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        Some(latin1(&bytes))
    } else {
        None
    }
}

fn hex(digit: u8) -> Option<u8> {
    // A hexadecimal digit is less than 16.
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Decodes a plain value: as UTF-8, which servers send, if it is valid, and otherwise as ISO-8859-1, which
/// HTTP once prescribed.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| latin1(error.as_bytes()))
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The text after the last separator of any system (RFC 6266, 4.3), if that names a file.
fn last_component(name: String) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    (!matches!(last, "" | "." | "..")).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Compares the file name of each header; an empty name stands for none.
    fn check(pairs: &[(&str, &str)]) {
        for (header, name) in pairs {
            let found = filename(header.as_bytes());
            assert_eq!(found.as_deref().unwrap_or(""), *name, "of {header}");
        }
    }

    #[test]
    fn tokens_and_quoted_strings_are_read() {
        check(&[
            ("attachment; filename=a.txt", "a.txt"),
            ("ATTACHMENT;FILENAME = \"a; b.txt\" ; size=3", "a; b.txt"),
            ("inline; x=\"; filename=no\"; filename=yes", "yes"),
            (r#"attachment; filename="a \"b\" c""#, "a \"b\" c"),
            ("attachment; filename=a (1) b.txt ; x=y", "a (1) b.txt"),
            ("attachment;; filename=a;", "a"),
            ("attachment; filename=\"é\"", "é"),
        ]);
        assert_eq!(
            filename(b"attachment; filename=\"\xe9\"").as_deref(),
            Some("é")
        );
    }

    #[test]
    fn an_extended_name_comes_before_a_plain_one() {
        check(&[
            (
                "attachment; filename=a; filename*=UTF-8''%e2%82%ac%20b",
                "€ b",
            ),
            ("attachment; FileName*=utf-8'en'b; filename=a", "b"),
            ("attachment; filename*=iso-8859-1''%A3(1)'s", "£(1)'s"),
        ]);
    }

    #[test]
    fn an_extended_name_that_cannot_be_decoded_is_ignored() {
        check(&[
            ("attachment; filename=a; filename*=UTF-8''%ff", "a"),
            ("attachment; filename=a; filename*=UTF-8''%4", "a"),
            ("attachment; filename=a; filename*=UTF-8''%+4", "a"),
            ("attachment; filename=a; filename*=koi8-r''b", "a"),
            ("attachment; filename=a; filename*=\"UTF-8''b\"", "a"),
            ("attachment; filename=a; filename*=b", "a"),
            ("attachment; filename=a; filename*=UTF-8''b%2F", "a"),
            ("attachment; filename*=UTF-8''%ff", ""),
        ]);
    }

    #[test]
    fn a_malformed_header_has_no_name() {
        check(&[
            ("", ""),
            ("attachment", ""),
            ("filename=a", ""),
            ("attachment; filename", ""),
            ("attachment; filename=", ""),
            ("attachment; filename=\"\"", ""),
            ("attachment; filename=\"a", ""),
            ("attachment; filename=\"a\\", ""),
            ("attachment; filename=\"a\"b", ""),
            ("attachment; filename=a\"b\"", ""),
            ("attachment; filename=a; filename=b", ""),
            ("att achment; filename=a", ""),
            ("attachment; f n=x; filename=a", ""),
        ]);
    }

    // CVE-2010-2251 to 2253 and CVE-2020-8177: a server chose which file was written, and where.
    // CVE-2016-0754: a colon in it named another drive, which is for the sanitising to replace.
    #[test]
    fn a_path_before_the_name_is_dropped() {
        check(&[
            ("attachment; filename=\"a/b\"", "b"),
            (r#"attachment; filename="..\\x""#, "x"),
            ("attachment; filename=/etc/passwd", "passwd"),
            ("attachment; filename*=UTF-8''..%2F..%5C.bashrc", ".bashrc"),
            ("attachment; filename=\"a/..\"", ""),
            ("attachment; filename=\"..\"", ""),
            ("attachment; filename=\"a/\"", ""),
            ("attachment; filename=c:x", "c:x"),
        ]);
    }

    proptest! {
        // A failing case is printed in full; no file of them is kept beside the sources.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        /// No header causes a panic, and no name is a path.
        #[test]
        fn any_header_is_survived(
            before in prop::sample::select(vec!["", "attachment; filename=", "a; filename=\"", "a; filename*=UTF-8''"]),
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            after in prop::sample::select(vec!["", "\"", ";filename=x", "%"]),
        ) {
            let header = [before.as_bytes(), &bytes, after.as_bytes()].concat();
            if let Some(name) = filename(&header) {
                prop_assert!(!name.is_empty() && !name.contains(['/', '\\']));
            }
        }

        /// A quoted name is read back as it was.
        #[test]
        fn a_quoted_name_comes_back(name in "[^/\\\\]{3,40}") {
            let quoted = name.replace('"', "\\\"");
            let header = format!("attachment; filename=\"{quoted}\"");
            prop_assert_eq!(filename(header.as_bytes()), Some(name));
        }
    }
}
