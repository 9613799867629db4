//! Text on its way into HTML, SVG and XML: one way to escape it for all of them.

use std::fmt::{self, Write as _};

use crate::model::text::escape;

/// Text from anywhere as character data or in a quoted attribute. Controls, which XML 1.0 has no way to
/// say, and changes of direction are made visible; so are the two that are not characters.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_between_tags_and_in_attributes() {
        let hostile = "</title><script>\"'& \u{0}\x1b\u{2028}\u{202e}\u{fffe}é";
        assert_eq!(
            Text(hostile).to_string(),
            "&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp; \\u{0}\\u{1b}\\u{2028}\\u{202e}\\u{fffe}é"
        );
    }
}
