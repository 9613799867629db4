//! Escaping for HTML, SVG and XML, and for Markdown.

use std::fmt::{self, Write as _};

use maud::Render;

use crate::model::text::escape;

/// Text from outside as character data or in a quoted attribute.
///
/// The templates escape what HTML reads as markup by themselves. This makes visible, beyond that, what
/// has no place in a document: controls, which XML 1.0 cannot express, changes of the writing direction,
/// and the two code points that are no characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct MarkupText<'a>(pub(super) &'a str);

impl Render for MarkupText<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(buffer, "{self}");
    }
}

impl fmt::Display for MarkupText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in escape(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // HTML 4 does not know "&apos;".
                '\'' => f.write_str("&#39;")?,
                '\u{fffe}' | '\u{ffff}' => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Escapes text for a cell of a table. Characters with a meaning in Markdown, in HTML, or to GitHub
/// (`@name`, `#1`, `:smile:`, `$math$`, addresses that become links) are written as character references,
/// which every reader of Markdown takes for the character itself. The others stay, so that the source can be read.
pub(super) fn markdown_cell(text: &str) -> String {
    let escaped = escape(text);
    let mut safe = String::with_capacity(escaped.len());
    for (place, c) in escaped.char_indices() {
        let (before, after) = (&escaped[..place], &escaped[place + c.len_utf8()..]);
        if is_plain(before, c, after) {
            safe.push(c);
        } else {
            let _ = write!(safe, "&#{};", u32::from(c));
        }
    }
    safe
}

/// Tells whether a character between these texts, within a line, is no more than itself.
fn is_plain(before: &str, c: char, after: &str) -> bool {
    match c {
        ':' => !after.starts_with("//") && !begins_emoji(after),
        // "www." makes a link as a scheme does.
        '.' => !ends_with_www(before),
        '&' => !begins_reference(after),
        // Within a word it emphasizes nothing.
        '_' => before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric),
        '<' => !begins_tag(after),
        // It quotes at the beginning of a line alone.
        '>' => !before.is_empty(),
        '/' | ',' | ';' | '?' | '=' | '%' | '(' | ')' | '+' | '-' | '\'' | '"' | '{' | '}'
        | '^' | '!' => true,
        c => !c.is_ascii_punctuation(),
    }
}

/// Tells whether what follows a colon makes it an emoji: a name, and another colon.
fn begins_emoji(after: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    let rest = after.trim_start_matches(is_of_name);
    rest.len() < after.len() && rest.starts_with(':')
}

/// Tells whether what follows an ampersand makes it a character reference.
fn begins_reference(after: &str) -> bool {
    let name = after.split_once(';').map(|(name, _)| name);
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '#';
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_of_name))
}

/// Tells whether what follows a less-than sign makes it a tag or a link.
fn begins_tag(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
}

fn ends_with_www(before: &str) -> bool {
    let last = before.char_indices().rev().nth(2);
    last.is_some_and(|(place, _)| {
        before[place..].eq_ignore_ascii_case("www")
            && !before[..place].ends_with(char::is_alphanumeric)
    })
}

/// Formats text that is to be read as it stands, a URL or an assertion, as a code span: in it nothing has a meaning
/// but the sign that ends it, so the source can be read too. Text with such a sign, with one that a table cuts at,
/// or with a tag in it is [escaped](markdown_cell) instead, because not all readers agree on it.
pub(super) fn markdown_code(text: &str) -> String {
    let has_tag = |text: &str| text.split('<').skip(1).any(begins_tag);
    let text = escape(text);
    let is_simple = !text.is_empty()
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains(['`', '|', '\\'])
        && !has_tag(&text);
    match is_simple {
        true => format!("`{text}`"),
        false => markdown_cell(&text),
    }
}

/// Escapes a sentence for an item of a list, with the URLs in it as [code](markdown_code).
pub(super) fn markdown_sentence(text: &str) -> String {
    let is_url = |word: &str| word.starts_with("http://") || word.starts_with("https://");
    if !text.split(' ').any(is_url) {
        return markdown_item(text);
    }
    let words = text.split(' ').enumerate().map(|(place, word)| {
        let url = word.trim_end_matches([',', ';', ':', '.']);
        match (is_url(word), place) {
            (true, _) => markdown_code(url) + &markdown_cell(&word[url.len()..]),
            (false, 0) => markdown_item(word),
            (false, _) => markdown_cell(word),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Escapes text for an item of a list, where signs, spaces and a number with a dot have a meaning at the start.
pub(super) fn markdown_item(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if !first.is_alphanumeric() || begins_number(text) => {
            format!("&#{};{}", u32::from(first), markdown_cell(rest.as_str()))
        }
        _ => markdown_cell(text),
    }
}

/// Tells whether a text begins as the item of a numbered list does: `1. `, `2)`.
fn begins_number(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let marked = rest.strip_prefix(['.', ')']);
    rest.len() < text.len() && marked.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_between_tags_and_in_attributes() {
        let hostile = "</title><script>\"'& \u{0}\x1b\u{2028}\u{202e}\u{fffe}é";
        assert_eq!(
            MarkupText(hostile).to_string(),
            "&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp; \\u{0}\\u{1b}\\u{2028}\\u{202e}\\u{fffe}é"
        );
    }

    #[test]
    fn markdown_escapes_what_has_a_meaning_there_and_nothing_else() {
        for (text, expected) in [
            ("127.0.0.1:8080 answers", "127.0.0.1:8080 answers"),
            ("[::1]:8080", "&#91;::1&#93;:8080"),
            (
                "more runs would tell (--runs 10)",
                "more runs would tell (--runs 10)",
            ),
            (
                "the pairs' \"mean\": 1 -> 2!",
                "the pairs' \"mean\": 1 -> 2!",
            ),
            ("?a=1&b=2 & c", "?a=1&b=2 & c"),
            ("view.example new_name", "view.example new_name"),
            ("p95 < 1s <= 2", "p95 < 1s <= 2"),
            // Links, emojis, references, tags, emphasis, tables, mentions, issues, formulas.
            ("http://h https://h", "http&#58;//h https&#58;//h"),
            ("www.h (WWW.h)", "www&#46;h (WWW&#46;h)"),
            (":smile: a:+1:b :100:", "&#58;smile: a&#58;+1:b &#58;100:"),
            ("&lt; &#60; &", "&#38;lt; &#38;&#35;60; &"),
            ("<b> </b> <!-- <?x", "&#60;b> &#60;/b> &#60;!-- &#60;?x"),
            (
                "_a_ *b* ~c~ `d`",
                "&#95;a&#95; &#42;b&#42; &#126;c&#126; &#96;d&#96;",
            ),
            (
                "a|b \\ @me #1 $x$ [l](u)",
                "a&#124;b &#92; &#64;me &#35;1 &#36;x&#36; &#91;l&#93;(u)",
            ),
            ("> quoted", "&#62; quoted"),
        ] {
            assert_eq!(markdown_cell(text), expected, "{text}");
        }
        for (text, expected) in [
            ("1 run is an outlier", "1 run is an outlier"),
            ("127.0.0.1: slowed down", "127.0.0.1: slowed down"),
            ("1. first", "&#49;. first"),
            ("12) second", "&#49;2) second"),
            ("- *x*", "&#45; &#42;x&#42;"),
            ("+ x", "&#43; x"),
            ("    code", "&#32;   code"),
            ("---", "&#45;--"),
        ] {
            assert_eq!(markdown_item(text), expected, "{text}");
        }
    }
}
