//! JSON for the page's data element.

use serde::Serialize;

/// Serialises a value as JSON for a `<script type="application/json">`. Nothing in it ends the element or
/// begins a comment, and it is valid JavaScript too.
pub(super) fn json(value: &impl Serialize) -> serde_json::Result<String> {
    // Outside strings JSON has none of these, and in a string each may be written so.
    let plain = serde_json::to_string(value)?;
    let mut safe = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    Ok(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "</script><script>alert(\"1\")</script><!-- & ' \u{2028}\u{2029}\u{202e}";

    #[test]
    fn json_has_nothing_that_html_or_javascript_would_read_otherwise() {
        let text = json(&[HOSTILE]).expect("a string is JSON");
        assert!(
            !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']),
            "{text}"
        );
        let back: Vec<String> = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(back, [HOSTILE]);
    }
}
