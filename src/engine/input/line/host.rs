//! The host of a line, by which shards are dealt out: found without parsing the whole line where that is plain.

use std::borrow::Cow;

use serde::Deserialize;

use super::{UnparsedItem, invisible, slip};
use crate::engine::input::InputConfig;
use crate::model::target::Location;

/// The one key of a JSON line that decides. The others are looked at by the shard that the line belongs to.
#[derive(Deserialize)]
struct JsonUrl<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

/// The host that a line or an argument names, in its ASCII form and without a dot at its end; `None` if there is
/// none to be found. For a line that is a target this is the host of that, however it is spelled. For one that
/// is not it may be any: it depends on nothing but the line.
pub(in crate::engine::input) fn host_of(
    entry: UnparsedItem<'_>,
    config: InputConfig,
) -> Option<Cow<'_, [u8]>> {
    let (UnparsedItem::Line(bytes) | UnparsedItem::Argument(bytes)) = entry;
    if let Some(host) = plain_host(bytes) {
        return Some(Cow::Borrowed(host));
    }
    let text = invisible::trim(std::str::from_utf8(bytes).ok()?);
    if matches!(entry, UnparsedItem::Line(_)) && text.starts_with('{') {
        let line: JsonUrl<'_> = serde_json::from_str(text).ok()?;
        match line.url {
            Cow::Borrowed(url) => host_of_url(url, config),
            Cow::Owned(url) => Some(Cow::Owned(host_of_url(&url, config)?.into_owned())),
        }
    } else {
        host_of_url(slip::without_comment(text), config)
    }
}

fn host_of_url(text: &str, config: InputConfig) -> Option<Cow<'_, [u8]>> {
    if let Some(host) = plain_host(text.as_bytes()) {
        return Some(Cow::Borrowed(host));
    }
    let location = Location::parse(text, config.default_scheme).ok()?;
    let host = without_dot(location.host().as_bytes());
    Some(Cow::Owned(host.to_vec()))
}

/// Removes the dot of a name that is absolute: the host is the same.
fn without_dot(host: &[u8]) -> &[u8] {
    host.strip_suffix(b".").unwrap_or(host)
}

/// The host of a line or a URL that the parser would take as it stands: a name in lower case behind a scheme, with
/// a port or none. No userinfo, no address, no punycode, which the parser checks. What follows the host is not
/// read: it changes nothing, and most lines are another shard's.
fn plain_host(text: &[u8]) -> Option<&[u8]> {
    let behind_http = text.strip_prefix(b"http")?;
    let rest = match behind_http {
        [b':', b'/', b'/', rest @ ..] | [b's', b':', b'/', b'/', rest @ ..] => rest,
        _ => return None,
    };
    let mut end = 0;
    while let Some(byte) = rest.get(end) {
        match byte {
            // Punycode has two hyphens.
            b'-' if rest[..end].ends_with(b"-") => return None,
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => end += 1,
            _ => break,
        }
    }
    let (host, behind) = rest.split_at(end);
    let behind = match behind {
        [b':', port @ ..] => &port[port.iter().take_while(|byte| byte.is_ascii_digit()).count()..],
        _ => behind,
    };
    let is_whole = matches!(behind.first(), None | Some(b'/' | b'?' | b'#'));
    let host = without_dot(host);
    // A last label that begins with a digit may be the end of an IPv4 address.
    let last = host.rsplit(|byte| *byte == b'.').next()?;
    let is_name = last.first().is_some_and(u8::is_ascii_lowercase);
    (is_whole && is_name).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// Texts of which hosts, and what stands around them, are made.
    const PIECES: [&str; 40] = [
        "a", "b", "Z", "0", "9", "0x", "07", "1.2.3.4", "-", "--", ".", "..", "xn--", "xn--a", "é",
        "ß", "%61", "%", "_", ":", ":80", ":443", ":0", ":99999", ":8a", "/", "//", "\\", "?", "#",
        " #", "@", "u:p@", "[::1]", " ", "\t", "\r", "\u{200b}", "\u{3002}", "http://",
    ];

    const BEGINNINGS: [&str; 8] = [
        "http://", "http://", "https://", "HTTP://", "http:/", "http:", "//", "",
    ];

    fn random_url(random: &mut fastrand::Rng) -> String {
        let mut url = BEGINNINGS[random.usize(..BEGINNINGS.len())].to_owned();
        for _ in 0..random.usize(1..8) {
            url += PIECES[random.usize(..PIECES.len())];
        }
        url
    }

    #[test]
    fn the_host_of_a_line_is_that_of_its_target() {
        let mut random = fastrand::Rng::with_seed(23);
        let (mut targets, mut plain) = (0, 0);
        for _ in 0..60_000 {
            let url = random_url(&mut random);
            let line = match random.u8(..4) {
                0 => serde_json::json!({ "url": url }).to_string(),
                1 => format!("\u{feff}{url} # comment\r"),
                _ => url,
            };
            let bytes = line.as_bytes();
            let config = InputConfig::default();
            let Ok(target) = parse(bytes, config, None) else {
                continue;
            };
            targets += 1;
            plain += u32::from(plain_host(bytes).is_some());
            let host = host_of(UnparsedItem::Line(bytes), config);
            let expected = target.location.host();
            let expected = expected.strip_suffix('.').unwrap_or(expected);
            assert_eq!(host.as_deref(), Some(expected.as_bytes()), "{line:?}");
        }
        assert!(
            targets > 10_000 && plain > 300,
            "{targets} targets, {plain} plain ones"
        );
    }

    #[test]
    fn what_follows_a_plain_host_is_not_read() {
        for (line, expected) in [
            (&b"http://a.example/\xff"[..], Some(&b"a.example"[..])),
            (b"https://a-b.c1:8080/x", Some(b"a-b.c1")),
            (b"http://a.example.", Some(b"a.example")),
            (b"http://a?b", Some(b"a")),
            (b"http://a.1/", None),
            (b"http://a..", None),
            (b"http://xn--a.example/", None),
            (b"http://A/", None),
            (b"http://u@a/", None),
            (b"http://a\t/", None),
            (b"http://a /", None),
            (b"httpss://a/", None),
        ] {
            assert_eq!(plain_host(line), expected, "{}", line.escape_ascii());
        }
    }
}
