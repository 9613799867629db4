//! Excerpts of lines that are no targets: what of their text is safe to show.

use std::sync::Arc;

use super::invisible::is_invisible;
use super::markup::is_markdown_link;
use crate::model::target::without_userinfo;
use crate::model::text::excerpt;

/// The maximum length of the excerpt of a bad line, in characters.
const EXCERPT: usize = 80;

/// The excerpt of a bad JSON line, whose headers may hold secrets.
pub(super) const JSON_EXCERPT: &str = "{…}";

/// Makes an excerpt of a bad line that is safe to show: without credentials and JSON.
pub(super) fn safe_excerpt(text: &str) -> Arc<str> {
    if is_json(text) {
        return Arc::from(JSON_EXCERPT);
    }
    if names_secret_header(text) {
        return Arc::from("…");
    }
    let start = excerpt(&without_userinfo(text), EXCERPT);
    Arc::from(start)
}

/// Recognises JSON and pieces of it: an object, an array, or, where one was written over several lines or
/// stands behind something else, a key or a text with blanks in it. (A URL in quotes has neither a colon behind
/// them nor blanks.)
fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let is_key_end = |quote: char| {
        let mut behind = text.split(quote).skip(1);
        behind.any(|rest| rest.trim_start().starts_with(':'))
    };
    match text.chars().next() {
        Some('{') => true,
        Some('[') => !is_markdown_link(text) && is_array(text),
        Some(quote @ ('"' | '\'')) if text[1..].split(quote).next().is_some_and(has_blank) => true,
        _ => is_key_end('"') || is_key_end('\''),
    }
}

/// Recognises an array by its first value, or by a quote or a brace anywhere in it. `[a]` is none, and neither is an
/// IPv6 address.
fn is_array(text: &str) -> bool {
    let inner = text[1..].trim_start();
    inner.is_empty() || inner.starts_with(['[', ']', '-']) || inner.contains(['"', '\'', '{'])
}

fn has_blank(text: &str) -> bool {
    text.trim().contains(char::is_whitespace)
}

/// Recognises the headers that hold secrets, in the lists of other programs (`header=Authorization: …`).
fn names_secret_header(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("authorization") || text.contains("cookie")
}

/// Recognises the beginning of a URL that may be userinfo whose `@` was cut off: its authority either has
/// no end, or has something other than a port behind a colon.
pub(super) fn may_hold_userinfo(beginning: &str) -> bool {
    if is_json(beginning) {
        return false;
    }
    // Another "@" may follow the last one in this beginning.
    let start = beginning.rsplit_once('@').or(beginning.split_once("//"));
    let authority = start.map_or(beginning, |(_, rest)| rest.trim_start_matches('/'));
    let Some((authority, _)) = authority.split_once(['/', '?', '#', '\\']) else {
        return true;
    };
    let port = authority
        .rsplit_once(']')
        .map_or(authority, |(_, port)| port);
    port.split_once(':')
        .is_some_and(|(_, port)| !port.bytes().all(|byte| byte.is_ascii_digit()))
}
