//! Text that fits: URLs cut in their middle, columns padded. Widths are columns of a terminal.

use console::measure_text_width;

/// The mark of what was left out.
const ELLIPSIS: &str = "…";

/// The columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// Cuts `text` to so many columns at its end.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    match columns {
        0 => String::new(),
        _ => format!("{}{ELLIPSIS}", head(text, columns - 1)),
    }
}

/// Cuts `text` to so many columns in its middle. The end gets more room than the beginning, because the URLs of
/// a list differ at their ends.
pub(super) fn cut_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let beginning = head(text, room / 3);
    let end = tail(text, room - width(beginning));
    format!("{beginning}{ELLIPSIS}{end}")
}

/// Pads `text` to so many columns, with spaces before it.
pub(super) fn right(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{}{text}", " ".repeat(missing))
}

/// The longest beginning of `text` that fits into so many columns.
fn head(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, character) in text.char_indices() {
        taken += char_width(character);
        if taken > columns {
            return &text[..at];
        }
    }
    text
}

/// The longest end of `text` that fits into so many columns.
fn tail(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, character) in text.char_indices().rev() {
        taken += char_width(character);
        if taken > columns {
            return &text[at + character.len_utf8()..];
        }
    }
    text
}

fn char_width(character: char) -> usize {
    width(character.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_too_long_loses_its_middle_and_keeps_its_end() {
        let url = "http://127.0.0.1:8401/delay/800/68584?n=10";
        assert_eq!(cut_middle(url, 25), "http://1…y/800/68584?n=10");
        assert_eq!(cut_middle(url, 100), url);
        for columns in 0..60 {
            let cut = cut_middle(url, columns);
            assert!(width(&cut) <= columns, "{columns}: {cut}");
        }
    }

    #[test]
    fn wide_characters_are_two_columns_and_are_not_halved() {
        let text = "http://例え.テスト/ページ/長い名前";
        for columns in 0..40 {
            for cut in [cut_middle(text, columns), cut(text, columns)] {
                assert!(width(&cut) <= columns, "{columns}: {cut}");
            }
        }
        assert_eq!(cut("例え", 3), "例…");
        assert_eq!(cut_middle("例例例例", 4), "…例");
    }

    #[test]
    fn padding_counts_columns_and_leaves_longer_text_alone() {
        assert_eq!(right("7%", 4), "  7%");
        assert_eq!(right("例", 4), "  例");
        assert_eq!(right("12345", 4), "12345");
    }
}
