//! Lines of a summary that fit a terminal of 80 columns.

use std::io::{self, Write};

use console::measure_text_width;

use crate::model::measurement::ArmTimes;
use crate::report::format::format_secs;

/// The columns of the narrowest usual terminal.
pub(super) const WIDTH: usize = 80;

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

/// The columns before the text of a line, below which its further lines begin.
pub(super) const LABEL: usize = 13;

/// The places where a text is broken before any other, where they leave no line short.
const BREAKS: [&str; 4] = [" · ", " – ", "; ", ", "];

/// The fewest columns of text before such a break. A line is broken between two words rather than be shorter.
const FILLED: usize = 24;

/// Writes `label` and a sentence, in as many lines as it needs.
pub(super) fn write_text(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    out.write_all(label.as_bytes())?;
    let mut room = WIDTH.saturating_sub(measure_text_width(label));
    let mut rest = text;
    while measure_text_width(rest) > room {
        let Some(end) = break_of(rest, room) else {
            break;
        };
        writeln!(out, "{}", rest[..end].trim_end())?;
        write!(out, "{:LABEL$}", "")?;
        rest = rest[end..].trim_start();
        room = WIDTH - LABEL;
    }
    writeln!(out, "{rest}")
}

/// The end of the line that a text begins with, if it can be broken: after the last separator that fits, or else
/// after the last word that does. A word too long for any line stands whole.
fn break_of(text: &str, room: usize) -> Option<usize> {
    let fits = |end: &usize| measure_text_width(text[..*end].trim_end()) <= room;
    let is_filled = |end: &usize| measure_text_width(text[..*end].trim_end()) >= FILLED;
    let separators = BREAKS.iter().flat_map(|separator| {
        let places = text.match_indices(separator);
        places.map(move |(place, _)| place + separator.len())
    });
    let separator = separators.filter(|end| fits(end) && is_filled(end)).max();
    let words = || text.match_indices(' ').map(|(place, _)| place + 1);
    separator
        .or_else(|| words().take_while(fits).last())
        .or_else(|| words().next())
}

/// Writes that it was stopped early, if it was.
pub(super) fn write_stopped(out: &mut impl Write, stopped: Option<String>) -> io::Result<()> {
    stopped.map_or(Ok(()), |stopped| {
        write_text(
            out,
            "  note       ",
            &format!("{stopped}: the figures are of those"),
        )
    })
}

/// The standard deviation of the times, or a dash if there was one run.
pub(super) fn deviation(times: &ArmTimes) -> String {
    times.sample.deviation.map_or("-".to_owned(), format_secs)
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

    fn text(label: &str, text: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, label, text).expect("memory takes everything");
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn a_text_is_broken_at_a_separator_or_else_between_words() {
        let label = "  verdict    ";
        let most = "x".repeat(80 - LABEL);
        assert_eq!(text(label, &most), format!("{label}{most}\n"));
        assert_eq!(
            text(
                label,
                "undecided between 8 and 16 workers – more runs of this would tell (--runs 10)"
            ),
            "  verdict    undecided between 8 and 16 workers –\n             \
             more runs of this would tell (--runs 10)\n"
        );
        let words = "word ".repeat(30);
        let written = text(label, &words);
        assert_eq!(written.lines().count(), 3, "{written}");
        assert_eq!(written.matches("word").count(), 30, "{written}");
        for line in written.lines() {
            assert!(measure_text_width(line) <= 80, "{written}");
        }
        let early = format!("no: {}", "word ".repeat(15));
        assert!(text(label, &early).starts_with("  verdict    no: word "));
    }

    #[test]
    fn a_word_too_long_for_a_line_stands_whole() {
        let long = "é".repeat(100);
        assert_eq!(text("  a  ", &long), format!("  a  {long}\n"));
        let written = text("  a  ", &format!("{long} b c {long} d"));
        let pad = " ".repeat(LABEL);
        assert_eq!(
            written,
            format!("  a  {long}\n{pad}b c\n{pad}{long}\n{pad}d\n")
        );
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
