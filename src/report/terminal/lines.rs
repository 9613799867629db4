//! Lines of a summary that fit a terminal of 80 columns.

use std::io::{self, Write};

use console::measure_text_width;

/// The columns of the narrowest usual terminal.
const WIDTH: usize = 80;

/// Writes `label` and the parts, with `gap` between them. A part that does not fit its line begins another one,
/// `indent` columns from the left; colour has no width.
pub(super) fn write_parts(
    out: &mut impl Write,
    label: &str,
    parts: impl IntoIterator<Item = String>,
    gap: &str,
    indent: usize,
) -> io::Result<()> {
    out.write_all(label.as_bytes())?;
    let mut column = measure_text_width(label);
    for (place, part) in parts.into_iter().enumerate() {
        let gap = if place == 0 { "" } else { gap };
        let width = measure_text_width(&part);
        column += measure_text_width(gap) + width;
        if place > 0 && column > WIDTH {
            column = indent + width;
            write!(out, "\n{:indent$}{part}", "")?;
        } else {
            write!(out, "{gap}{part}")?;
        }
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(parts: &[&str]) -> String {
        let mut out = Vec::new();
        let parts = parts.iter().map(|part| (*part).to_owned());
        write_parts(&mut out, "  label  ", parts, " · ", 4).expect("memory takes everything");
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn parts_fill_a_line_to_its_last_column_and_go_on_in_the_next() {
        let (most, beyond) = ("x".repeat(80 - 9 - 4), "x".repeat(80 - 9 - 3));
        assert_eq!(written(&["a", &most]), format!("  label  a · {most}\n"));
        assert_eq!(
            written(&["a", &beyond]),
            format!("  label  a\n    {beyond}\n")
        );
        assert_eq!(
            written(&["a", &beyond, "b"]),
            format!("  label  a\n    {beyond} · b\n")
        );
    }

    #[test]
    fn a_part_too_long_for_any_line_stands_whole() {
        let long = "é".repeat(100);
        assert_eq!(written(&[&long, "b"]), format!("  label  {long}\n    b\n"));
    }

    #[test]
    fn colour_takes_no_column() {
        let red = format!("\x1b[31m{}\x1b[0m", "x".repeat(80 - 9 - 4));
        assert_eq!(written(&["a", &red]), format!("  label  a · {red}\n"));
    }
}
