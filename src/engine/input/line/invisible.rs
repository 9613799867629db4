//! Characters that nobody sees, which editors, spreadsheets and web pages leave around a URL.

/// Recognises byte order marks, zero-width characters, the replacement character and controls.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fffd}'
    ) || c.is_control()
}

/// Text without blanks, byte order marks and zero-width spaces around it. Zero-width joiners go at the
/// beginning only: behind other characters they are a part of words in some scripts.
pub(super) fn trim(text: &str) -> &str {
    let is_space = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}');
    text.trim_start_matches(|c| is_space(c) || matches!(c, '\u{200c}' | '\u{200d}'))
        .trim_end_matches(is_space)
}
