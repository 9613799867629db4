//! Lines of a report. Those of a summary are broken between words on a terminal and elsewhere alike; those of URLs are on
//! a terminal only, so that in a pipe each URL is a line.

use std::io::{self, Write};
use std::ops::Range;

use console::{Term, measure_text_width};

use crate::model::measurement::ArmTimes;
use crate::report::format::format_secs;

/// The columns of the narrowest usual terminal, and the most that a summary fills.
pub(super) const WIDTH: usize = 80;

/// The fewest columns for which the lines of a report are broken.
const NARROWEST: usize = 40;

/// The fewest columns for which messages are broken: they have no figures to stand beside one another.
const NARROWEST_OF_MESSAGES: usize = 20;

/// The columns before the text of a line, below which its further lines begin.
pub(super) const LABEL: usize = 13;

/// A separator of a sentence at which it is broken before anywhere else.
struct Break {
    text: &'static str,
    /// The bytes of it that stay at the end of the line. The others are left out, or begin the next line.
    stays: usize,
    /// The bytes before the text of the next line.
    skipped: usize,
}

/// The places where a text is broken before any other, where they leave no line short. No line ends with a
/// separator that joins it to nothing.
const BREAKS: [Break; 4] = [
    Break {
        text: " · ",
        stays: 0,
        skipped: " · ".len(),
    },
    Break {
        text: " – ",
        stays: 0,
        skipped: 1,
    },
    Break {
        text: "; ",
        stays: 1,
        skipped: 2,
    },
    Break {
        text: ", ",
        stays: 1,
        skipped: 2,
    },
];

/// The programs that the command lines of messages begin with.
const PROGRAMS: [&str; 2] = ["pfetch", "printf"];

/// The separators at which such a command line ends, where the message goes on.
const COMMAND_ENDS: [&str; 4] = ["; ", ", and ", " – ", " · "];

/// The fewest columns of text before such a break. A line is broken between two words rather than be shorter.
const FILLED: usize = 24;

/// A writer of lines, to a terminal of so many columns or to anything else.
#[derive(Debug)]
pub(super) struct TextWriter<W> {
    out: W,
    /// The columns of the terminal, between whose edges the lines of URLs are broken.
    columns: Option<usize>,
}

impl<W: Write> TextWriter<W> {
    /// A writer that breaks the lines of URLs too, if there is a number of columns.
    pub(super) fn new(out: W, columns: Option<usize>) -> Self {
        TextWriter {
            out,
            columns: columns.map(|columns| columns.max(NARROWEST)),
        }
    }

    /// The columns of a summary.
    fn summary_columns(&self) -> usize {
        self.columns.map_or(WIDTH, |columns| columns.min(WIDTH))
    }

    /// Tells that a line is wider than a summary.
    pub(super) fn is_too_wide(&self, line: &str) -> bool {
        measure_text_width(line) > self.summary_columns()
    }

    /// Writes `label` and the parts, with `gap` between them. A part that does not fit its line begins another one,
    /// `indent` columns from the left; colour has no width.
    pub(super) fn write_parts(
        &mut self,
        label: &str,
        parts: impl IntoIterator<Item = String>,
        gap: &str,
        indent: usize,
    ) -> io::Result<()> {
        let most = self.summary_columns();
        self.out.write_all(label.as_bytes())?;
        let mut column = measure_text_width(label);
        for (place, part) in parts.into_iter().enumerate() {
            let gap = if place == 0 { "" } else { gap };
            let width = measure_text_width(&part);
            column += measure_text_width(gap) + width;
            if place > 0 && column > most {
                column = indent + width;
                // One that is too wide for a line of its own is broken between words.
                let label = " ".repeat(indent);
                let part = wrapped(&label, &part, indent, Some(most));
                write!(self.out, "\n{part}")?;
            } else {
                write!(self.out, "{gap}{part}")?;
            }
        }
        self.out.write_all(b"\n")
    }

    /// Writes that a measurement was stopped early, if it was.
    pub(super) fn write_stopped(&mut self, stopped: Option<String>) -> io::Result<()> {
        stopped.map_or(Ok(()), |stopped| {
            let text = format!("{stopped}: the figures are of those");
            self.write_text("  note       ", &text)
        })
    }

    /// Writes `label` and a sentence, in as many lines as it needs.
    pub(super) fn write_text(&mut self, label: &str, text: &str) -> io::Result<()> {
        let columns = self.summary_columns();
        let lines = wrapped(label, text, LABEL, Some(columns));
        writeln!(self.out, "{lines}")
    }

    /// Writes a line of parts, each with the gap before it, the last of which is a sentence. On a terminal that it is
    /// too wide for, parts begin further lines, and the sentence is broken between words.
    pub(super) fn write_row(&mut self, line: &str, parts: &[String], last: &str) -> io::Result<()> {
        self.out.write_all(line.as_bytes())?;
        let Some(columns) = self.columns else {
            parts
                .iter()
                .map(String::as_str)
                .chain([last])
                .try_for_each(|part| self.out.write_all(part.as_bytes()))?;
            return self.out.write_all(b"\n");
        };
        let mut column = measure_text_width(line);
        for part in parts {
            let width = measure_text_width(part);
            if column + width <= columns {
                column += width;
                self.out.write_all(part.as_bytes())?;
            } else {
                let part = part.trim_start();
                column = LABEL + measure_text_width(part);
                write!(self.out, "\n{:LABEL$}{part}", "")?;
            }
        }
        if column + measure_text_width(last) > columns {
            let indent = " ".repeat(LABEL);
            let lines = wrapped(&indent, last.trim_start(), LABEL, Some(columns));
            return writeln!(self.out, "\n{lines}");
        }
        writeln!(self.out, "{last}")
    }
}

impl<W: Write> Write for TextWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The columns of the terminal of standard output, if it is one.
pub fn stdout_columns() -> Option<usize> {
    columns(&Term::stdout())
}

/// The columns of the terminal of standard error, if it is one.
pub fn stderr_columns() -> Option<usize> {
    columns(&Term::stderr())
}

fn columns(terminal: &Term) -> Option<usize> {
    let (_, columns) = terminal.size_checked()?;
    (columns > 0).then_some(columns.into())
}

/// A warning or a mistake in lines for a terminal of so many columns, if it is one.
pub fn wrapped_message(message: &str, columns: Option<usize>) -> String {
    let columns = columns.map(|columns| columns.max(NARROWEST_OF_MESSAGES));
    // What has lines of its own, as examples have, keeps them.
    match message.split_once('\n') {
        Some((first, rest)) => wrapped("pfetch: ", first, 2, columns) + "\n" + rest,
        None => wrapped("pfetch: ", message, 2, columns),
    }
}

/// `label` and a sentence, in lines of at most so many columns, of which the further ones begin `indent` columns from
/// the left.
fn wrapped(label: &str, text: &str, indent: usize, columns: Option<usize>) -> String {
    let mut lines = label.to_owned();
    let Some(columns) = columns else {
        return lines + text;
    };
    if measure_text_width(label) + measure_text_width(text) > columns
        && let Some(command) = command_in(text)
    {
        return around_command(label, text, command, indent, columns);
    }
    let mut room = columns.saturating_sub(measure_text_width(label));
    let mut rest = text;
    let first = text.split(' ').next().unwrap_or_default();
    let is_first_too_wide = measure_text_width(first) > room;
    if is_first_too_wide && measure_text_width(first) + indent <= columns {
        lines.truncate(lines.trim_end().len());
        lines += "\n";
        lines.extend(std::iter::repeat_n(' ', indent));
        room = columns - indent;
    }
    while measure_text_width(rest) > room {
        let Some((end, next)) = break_of(rest, room) else {
            break;
        };
        lines += rest[..end].trim_end();
        lines += "\n";
        lines.extend(std::iter::repeat_n(' ', indent));
        rest = rest[next..].trim_start();
        room = columns.saturating_sub(indent);
    }
    lines + rest
}

/// A text with a command line, which has a line of its own: broken in two and pasted, its first half would be run.
fn around_command(
    label: &str,
    text: &str,
    command: Range<usize>,
    indent: usize,
    columns: usize,
) -> String {
    let pad = " ".repeat(indent);
    let before = text[..command.start].trim_end();
    let mut lines = wrapped(label, before, indent, Some(columns));
    lines += &format!("\n{pad}{}", &text[command.clone()]);
    let after = text[command.end..].trim_start_matches([';', ',', ' ']);
    if !after.is_empty() {
        lines += &format!("\n{}", wrapped(&pad, after, indent, Some(columns)));
    }
    lines
}

/// The command line that a text proposes: from the program behind a colon to the end of the clause.
fn command_in(text: &str) -> Option<Range<usize>> {
    let begins = |program: &&str| {
        let behind_colon = format!(": {program} ");
        let places = text.match_indices(&behind_colon);
        let arguments = |place: usize| &text[place + behind_colon.len()..];
        let mut starts = places.filter(|(place, _)| is_command(program, arguments(*place)));
        starts.next().map(|(place, _)| place + 2)
    };
    let start = PROGRAMS.iter().filter_map(begins).min()?;
    let rest = &text[start..];
    let ends = COMMAND_ENDS.iter().filter_map(|end| rest.find(end));
    Some(start..start + ends.min().unwrap_or(rest.len()))
}

/// Tells a command line from a sentence about the program, by what stands behind that: an option, a URL, a quote, a
/// placeholder or an ellipsis, or what is piped on, and no word of prose.
fn is_command(program: &str, arguments: &str) -> bool {
    let first = arguments.split(' ').next().unwrap_or_default();
    match program {
        "yes" => arguments.contains(" | "),
        _ => {
            first.starts_with(['-', '…', '\'', '"'])
                || first.contains("://")
                || first.starts_with(|c: char| c.is_ascii_uppercase())
        }
    }
}

/// The end of the line that a text begins with, and the beginning of the next, if it can be broken: at the last
/// separator that fits, or else after the last word that does. A word too long for any line stands whole.
fn break_of(text: &str, room: usize) -> Option<(usize, usize)> {
    let width = |end: usize| measure_text_width(text[..end].trim_end());
    let separators = || {
        BREAKS.iter().flat_map(|separator| {
            let places = text.match_indices(separator.text);
            places.map(move |(place, _)| (place + separator.stays, place + separator.skipped))
        })
    };
    let separator = separators()
        .filter(|(end, _)| (FILLED..=room).contains(&width(*end)))
        .max();
    let words = || {
        text.match_indices(' ')
            .map(|(place, _)| (place, place + 1))
            .filter(|(end, next)| !is_joint(&text[..*end]) && !is_before_dot(&text[*next..]))
    };
    separator
        .or_else(|| words().take_while(|(end, _)| width(*end) <= room).last())
        .or_else(|| separators().filter(|(end, _)| width(*end) <= room).max())
        .or_else(|| words().next())
}

/// Tells that a text ends with a separator that joins it to what follows.
fn is_joint(text: &str) -> bool {
    text.ends_with(" ·") || text.ends_with(" –")
}

/// The standard deviation of the times, or a dash if there was one run.
pub(super) fn deviation(times: &ArmTimes) -> String {
    times.sample.deviation.map_or("-".to_owned(), format_secs)
}

/// Tells that a text begins with a separator that a line does not begin with.
fn is_before_dot(text: &str) -> bool {
    text.starts_with("· ")
}

#[cfg(test)]
mod tests;
