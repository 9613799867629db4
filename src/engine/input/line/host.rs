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
) -> Option<Cow<'_, str>> {
    let (UnparsedItem::Line(bytes) | UnparsedItem::Argument(bytes)) = entry;
    let text = invisible::trim(std::str::from_utf8(bytes).ok()?);
    let host = if matches!(entry, UnparsedItem::Line(_)) && text.starts_with('{') {
        let line: JsonUrl<'_> = serde_json::from_str(text).ok()?;
        match line.url {
            Cow::Borrowed(url) => host_of_url(url, config)?,
            Cow::Owned(url) => Cow::Owned(host_of_url(&url, config)?.into_owned()),
        }
    } else {
        host_of_url(slip::without_comment(text), config)?
    };
    Some(match host {
        Cow::Borrowed(host) => Cow::Borrowed(without_dot(host)),
        Cow::Owned(host) if host.ends_with('.') => Cow::Owned(without_dot(&host).to_owned()),
        owned @ Cow::Owned(_) => owned,
    })
}

/// Removes the dot of a name that is absolute: the host is the same.
fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn host_of_url(text: &str, config: InputConfig) -> Option<Cow<'_, str>> {
    if let Some(host) = plain_host(text) {
        return Some(Cow::Borrowed(host));
    }
    let location = Location::parse(text, config.default_scheme).ok()?;
    Some(Cow::Owned(location.host().to_owned()))
}

/// The host of a URL that the parser would take as it stands: a name in lower case behind a scheme, with a port
/// or none. No userinfo, no address, no punycode, which the parser checks.
fn plain_host(text: &str) -> Option<&str> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))?;
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let end = rest.bytes().position(|byte| !is_plain(byte));
    let (host, behind) = rest.split_at(end.unwrap_or(rest.len()));
    let behind = match behind.strip_prefix(':') {
        Some(port) => port.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => behind,
    };
    let is_whole = matches!(behind.bytes().next(), None | Some(b'/' | b'?' | b'#'));
    // A last label that begins with a digit may be the end of an IPv4 address.
    let last = without_dot(host).rsplit('.').next()?;
    let is_name = last.starts_with(|c: char| c.is_ascii_lowercase());
    (is_whole && is_name && !host.contains("xn--")).then_some(host)
}
