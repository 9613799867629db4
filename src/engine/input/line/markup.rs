//! Lines of Markdown and HTML, with which a list is mistaken for a page.

/// The language of a line that is no URL, and may have some in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    /// A link or an image of Markdown.
    Markdown,
    /// A tag, a comment or a declaration of HTML or XML.
    Html,
}

impl Markup {
    /// Finds the language of a text that does not begin as a URL, where it is beyond doubt.
    pub(super) fn find(text: &str) -> Option<Self> {
        if is_html(text) {
            return Some(Markup::Html);
        }
        is_markdown_link(text).then_some(Markup::Markdown)
    }

    /// The reason for which the line is no URL.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Markup::Markdown => {
                "this is Markdown, not a URL; write what stands between ( and ) alone, a URL a line"
            }
            Markup::Html => {
                "this is HTML or XML, not a URL; a list has a URL a line, and no page is searched for links"
            }
        }
    }
}

/// Recognises a link or an image, `[text](target)`, with a mark of a list or words before it. What stands before
/// is no part of a path or a query, which may have such brackets.
pub(super) fn is_markdown_link(text: &str) -> bool {
    let Some((before, label)) = text.split_once('[') else {
        return false;
    };
    let Some((label, _)) = label.split_once("](") else {
        return false;
    };
    // JSON would have quotes or braces there.
    !before.contains(['/', '?', '#', ':', '@', '"', '{']) && !label.contains(['"', '{', '\''])
}

/// Recognises a tag, which has a name of letters, and what begins as no other text does. `<http://h/>` is a URL in
/// brackets.
fn is_html(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('<') else {
        return false;
    };
    if inner.starts_with(['!', '/', '?']) {
        return true;
    }
    let behind = inner.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    let is_ended = behind.starts_with(|c: char| c == '>' || c.is_whitespace());
    let has_name = inner.starts_with(|c: char| c.is_ascii_alphabetic());
    has_name && (is_ended || behind.starts_with("/>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_markdown_and_tags_of_html_are_recognised() {
        for text in [
            "[x](http://h/)",
            "[x y](h/z)",
            "![x](http://h/x.png)",
            "- [x](http://h/)",
            "1. [x](http://h/) and more",
            "see [x](http://h/ \"title\")",
            "[![badge](http://h/i)](http://h/)",
            "| [x](http://h/) | y |",
            "[x](/relative)",
        ] {
            assert_eq!(Markup::find(text), Some(Markup::Markdown), "{text}");
        }
        for text in [
            "<a href=\"http://h/\">x</a>",
            "<A HREF='h'>",
            "<!DOCTYPE html>",
            "<!-- http://h/ -->",
            "<?xml version=\"1.0\"?>",
            "</ul>",
            "<br/>",
            "<li>http://h/",
            "<loc>http://h/</loc>",
        ] {
            assert_eq!(Markup::find(text), Some(Markup::Html), "{text}");
        }
    }

    #[test]
    fn what_may_be_a_url_or_json_is_no_markup() {
        for text in [
            "h/[x](y)",
            "h?a=[x](y)",
            "u:p@[::1](x)",
            "[::1]/x",
            "[::1]:80",
            "[a]",
            "[a]: http://h/",
            "<http://h/>",
            "<h.example>",
            "<h:80/>",
            "<>",
            "< a",
            "[\"a](b\"]",
            "['a](b']",
            "[{\"a\": \"](\"}]",
            "",
        ] {
            assert_eq!(Markup::find(text), None, "{text}");
        }
    }
}
