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
/// which every reader of Markdown takes for the character itself.
pub(super) fn markdown_cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    let escaped = escape(text);
    let mut rest = escaped.chars();
    while let Some(c) = rest.next() {
        let plain = match c {
            // Neither a scheme nor an emoji goes on after a space.
            ':' => matches!(rest.clone().next(), None | Some(' ')),
            // "www." makes a link as a scheme does.
            '.' => !before.eq_ignore_ascii_case(&'w'),
            '/' | ',' | ';' | '?' | '=' | '%' | '(' | ')' | '+' => true,
            '-' => before != '-',
            c => !c.is_ascii_punctuation(),
        };
        if plain {
            safe.push(c);
        } else {
            let _ = write!(safe, "&#{};", u32::from(c));
        }
        before = c;
    }
    safe
}

/// Formats text that is to be read as it stands, a URL or an assertion, as a code span: in it nothing has a meaning
/// but the sign that ends it, so the source can be read too. Text with such a sign, with one that a table cuts at,
/// or with a tag in it is [escaped](markdown_cell) instead, because not all readers agree on it.
pub(super) fn markdown_code(text: &str) -> String {
    let has_tag = |text: &str| {
        let mut opened = text.split('<').skip(1);
        opened.any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)))
    };
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

/// Escapes text for an item of a list, where digits, signs and spaces have a meaning at the start.
pub(super) fn markdown_item(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if !first.is_alphabetic() => {
            format!("&#{};{}", u32::from(first), markdown_cell(rest.as_str()))
        }
        _ => markdown_cell(text),
    }
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
}
