//! SURT: the sort-friendly form of a URL by which indexes of WARC files are searched.
//!
//! The form is that of the Python package `surt`, by which pywb and the Wayback Machine look URLs up: a key that
//! differs in a byte is never found. Its rules are those of Heritrix (`GoogleURLCanonicalizer`, then
//! `IAURLCanonicalizer`), odd ones included, such as the octets of an address from the last to the first.

use url::Url;

/// The bytes beside letters and digits that stand for themselves.
const PLAIN: &[u8] = b"!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The query's arguments that name a session, and the lengths of their letters and digits.
const SESSIONS: [(&str, usize); 3] = [("jsessionid=", 32), ("phpsessid=", 32), ("sid=", 32)];

/// The length of a session that is a folder of the path, as ASP.NET has it.
const PATH_SESSION: usize = 24;

/// The key of a URL.
pub(super) fn surt(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return url.to_ascii_lowercase().replace(' ', "%20");
    };
    let mut key = host_key(url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        key += &format!(":{port}");
    }
    key.push(')');
    key += &path_key(url.path());
    let query = query_key(url.query().unwrap_or_default());
    if !query.is_empty() {
        key.push('?');
        key += &query;
    }
    key
}

/// The labels from the last to the first, without the `www` before them.
fn host_key(host: &str) -> String {
    // An IPv6 address is one label.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = escaped(&unescaped(host)).to_ascii_lowercase();
    let host = host.replace("..", ".");
    let host = host.trim_matches('.');
    let after_www = host.strip_prefix("www").and_then(|rest| {
        let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        rest.strip_prefix('.')
    });
    let labels: Vec<&str> = after_www.unwrap_or(host).rsplit('.').collect();
    labels.join(",")
}

fn path_key(path: &str) -> String {
    let path = normalised(&unescaped(path));
    let path = without_path_session(escaped(&path).to_ascii_lowercase());
    match path.strip_suffix('/') {
        Some(folder) if !folder.is_empty() => folder.to_owned(),
        _ => path,
    }
}

/// The path without empty, `.` and `..` segments. What is left of one in front of it stays.
fn normalised(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/').skip(1) {
        match (segment, kept.is_empty()) {
            (b".", _) => {}
            (b"..", false) => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let mut normalised = vec![b'/'];
    if let Some((last, folders)) = kept.split_last() {
        for folder in folders.iter().filter(|folder| !folder.is_empty()) {
            normalised.extend_from_slice(folder);
            normalised.push(b'/');
        }
        normalised.extend_from_slice(last);
    }
    normalised
}

/// The arguments, sorted, without those that name a session.
fn query_key(query: &str) -> String {
    let query = without_query_sessions(escaped(&unescaped(query)).to_ascii_lowercase());
    let mut arguments: Vec<Vec<&str>> = query
        .split('&')
        .map(|argument| argument.splitn(2, '=').collect())
        .collect();
    arguments.sort_unstable();
    let arguments: Vec<String> = arguments.iter().map(|parts| parts.join("=")).collect();
    arguments.join("&")
}

/// A path without a folder that is a session: `/(24 letters and digits)/`, or `/(X(…)Y(…))/`, before a name that
/// goes on with `.aspx`.
fn without_path_session(mut path: String) -> String {
    for session in [letter_sessions, plain_session] {
        let found = path.rmatch_indices('/').find_map(|(slash, _)| {
            let after = session(path[slash + 1..].strip_prefix('(')?)?;
            let name = after.strip_prefix(")/")?;
            let dot = name.match_indices(".aspx").map(|(at, _)| at);
            let is_page = dot
                .into_iter()
                .any(|at| at > 0 && !name[..at].contains('?'));
            is_page.then(|| (slash + 1, path.len() - name.len()))
        });
        if let Some((start, end)) = found {
            path.replace_range(start..end, "");
        }
    }
    path
}

/// What comes after one or more of `X(24 letters and digits)`.
fn letter_sessions(text: &str) -> Option<&str> {
    let one = |text: &str| {
        let rest = text.strip_prefix(|letter: char| letter.is_ascii_lowercase())?;
        let rest = plain_session(rest.strip_prefix('(')?)?;
        rest.strip_prefix(')').map(str::len)
    };
    let mut rest = text;
    while let Some(left) = one(rest) {
        rest = &rest[rest.len() - left..];
    }
    (rest.len() < text.len()).then_some(rest)
}

/// What comes after 24 letters and digits.
fn plain_session(text: &str) -> Option<&str> {
    after_letters(text, PATH_SESSION, |byte| byte.is_ascii_alphanumeric())
}

/// What comes after so many bytes of this kind.
fn after_letters(text: &str, count: usize, is_one: impl Fn(&u8) -> bool) -> Option<&str> {
    let letters = text.as_bytes().get(..count)?;
    // They are ASCII, as the whole text is.
    letters.iter().all(is_one).then(|| &text[count..])
}

/// A query, in lower case, without the arguments that name a session.
fn without_query_sessions(mut query: String) -> String {
    for (name, length) in SESSIONS {
        query = without(query, name, |rest| {
            after_letters(rest, length, |byte| byte.is_ascii_alphanumeric())
        });
    }
    query = without(query, "aspsessionid", |rest| {
        let is_letter = |byte: &u8| byte.is_ascii_lowercase();
        let rest = after_letters(rest, 8, is_letter)?.strip_prefix('=')?;
        after_letters(rest, 24, is_letter)
    });
    without(query, "cfid=", |rest| {
        let rest = after_argument(rest)?.strip_prefix("&cftoken=")?;
        after_argument(rest)
    })
}

/// What comes after the value of an argument, if that is not empty.
fn after_argument(text: &str) -> Option<&str> {
    let length = text.find('&').unwrap_or(text.len());
    (length > 0).then(|| &text[length..])
}

/// A query without the last text that begins with `name` and ends, as `after` says, with an argument.
fn without(query: String, name: &str, after: impl Fn(&str) -> Option<&str>) -> String {
    let found = query.rmatch_indices(name).find_map(|(start, _)| {
        let rest = after(&query[start + name.len()..])?;
        match rest.strip_prefix('&') {
            Some(rest) => Some((start, rest)),
            None => rest.is_empty().then_some((start, rest)),
        }
    });
    match found {
        Some((start, rest)) => format!("{}{rest}", &query[..start]),
        None => query,
    }
}

/// The bytes that a text stands for, unescaped until nothing is escaped.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    loop {
        let once: Vec<u8> = percent_encoding::percent_decode(&bytes).collect();
        if once.len() == bytes.len() {
            return bytes;
        }
        bytes = once;
    }
}

/// The bytes as text, those escaped that do not stand for themselves.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte.is_ascii_alphanumeric() || PLAIN.contains(byte) {
            true => text.push(char::from(*byte)),
            false => text += &format!("%{byte:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_readers_look_up() {
        let session = "0123456789abcdefghijklmn";
        let long = "0123456789abcdef0123456789ABCDEF";
        for (url, expected) in [
            ("http://example.com/", "com,example)/"),
            ("http://example.com", "com,example)/"),
            ("https://www.Example.com:443/A/b/", "com,example)/a/b"),
            ("http://www2.example.com/", "com,example)/"),
            ("http://www.com/", "com)/"),
            ("http://wwwx.example.com/", "com,example,wwwx)/"),
            ("http://example.com./", "com,example)/"),
            (
                "http://h.example:8080/a?c=1&b=2",
                "example,h:8080)/a?b=2&c=1",
            ),
            ("http://127.0.0.1:80/?", "1,0,0,127)/"),
            ("http://[::1]:81/a", "::1:81)/a"),
            ("http://h//a//b", "h)/a/b"),
            ("http://h/%2e%2e/a/%2E/b", "h)/a/b"),
            ("http://h/%252541%7e%20%23", "h)/a~%20%23"),
            ("http://h/%c3%A9%ff", "h)/%c3%a9%ff"),
            ("http://h/%zz", "h)/%25zz"),
            ("http://h/a?b=%26&A", "h)/a?&a&b="),
            ("http://h/a?b&b=", "h)/a?b&b="),
            (&format!("http://h/({session})/p.aspx"), "h)/p.aspx"),
            (
                &format!("http://h/a/(S({session})a({session}))/p.ASPX/"),
                "h)/a/p.aspx",
            ),
            (
                &format!("http://h/({session})/p.asp"),
                &format!("h)/({session})/p.asp"),
            ),
            (&format!("http://h/?a=1&jsessionid={long}"), "h)/?&a=1"),
            (&format!("http://h/?PHPSESSID={long}&a=1"), "h)/?a=1"),
            (&format!("http://h/?sid={long}"), "h)/"),
            (
                &format!("http://h/?sid={long}0"),
                &format!("h)/?sid={}0", long.to_lowercase()),
            ),
            ("http://h/?cfid=1&cftoken=2&z=3", "h)/?z=3"),
            ("http://h/?cfid=1&cftoken=", "h)/?cfid=1&cftoken="),
        ] {
            assert_eq!(surt(url), expected, "{url}");
        }
    }
}
