//! Lines of text for a terminal, broken between words: it would break them anywhere, in an option's name too.

use console::{Term, measure_text_width};

/// Breaks the lines of a text for standard error, if that is a terminal. Others get the text as it is.
pub fn wrap_for_stderr(text: &str) -> String {
    let term = Term::stderr();
    match term.size_checked().filter(|_| term.is_term()) {
        Some((_, columns)) => wrapped(text, columns.into()),
        None => text.to_owned(),
    }
}

/// The text with its lines broken at blanks, so that none is wider than this. A word that is wider stands whole.
fn wrapped(text: &str, columns: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    for (place, line) in text.split('\n').enumerate() {
        if place > 0 {
            wrapped.push('\n');
        }
        wrap_line(&mut wrapped, line, columns);
    }
    wrapped
}

fn wrap_line(out: &mut String, line: &str, columns: usize) {
    if measure_text_width(line) <= columns {
        return out.push_str(line);
    }
    let mut column = 0;
    for (place, word) in line.split(' ').enumerate() {
        let width = measure_text_width(word);
        if place > 0 && column + 1 + width > columns {
            out.push('\n');
            column = 0;
        } else if place > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_nowhere_else() {
        let text = "pfetch: a value is required for '--timeout <TIME>' but none was supplied";
        for columns in 24..100 {
            let wrapped = wrapped(text, columns);
            assert_eq!(wrapped.replace('\n', " "), text, "{columns}");
            for line in wrapped.lines() {
                assert!(line.len() <= columns, "{columns}: {line}");
            }
        }
        assert_eq!(
            wrapped(text, 41),
            text.replacen(" '--timeout", "\n'--timeout", 1)
                .replacen(" none", "\nnone", 1)
        );
    }

    #[test]
    fn a_word_that_is_too_wide_and_lines_that_fit_stay_as_they_are() {
        assert_eq!(wrapped("ab https://h/a-b c", 4), "ab\nhttps://h/a-b\nc");
        assert_eq!(wrapped("one two\n  three\n", 7), "one two\n  three\n");
        assert_eq!(wrapped("éé éé", 5), "éé éé");
        assert_eq!(wrapped("", 0), "");
    }
}
