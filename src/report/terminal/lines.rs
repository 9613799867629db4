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
mod tests {
    use super::*;

    fn with(
        columns: Option<usize>,
        write: impl FnOnce(&mut TextWriter<Vec<u8>>) -> io::Result<()>,
    ) -> String {
        let mut out = TextWriter::new(Vec::new(), columns);
        write(&mut out).expect("memory takes everything");
        String::from_utf8(out.out).expect("it is text")
    }

    fn written(parts: &[&str]) -> String {
        let parts = parts.iter().map(|part| (*part).to_owned());
        with(Some(120), |out| {
            out.write_parts("  label  ", parts, " · ", 4)
        })
    }

    fn text(label: &str, text: &str) -> String {
        with(Some(120), |out| out.write_text(label, text))
    }

    #[test]
    fn without_a_terminal_a_summary_is_broken_as_on_one_of_80_columns() {
        let words = "word ".repeat(50) + "and more";
        let parts = || (0..50).map(|part| format!("part {part}"));
        for columns in [None, Some(80), Some(200)] {
            let sentence = with(columns, |out| out.write_text("  gate       ", &words));
            let list = with(columns, |out| out.write_parts("  a  ", parts(), " · ", 4));
            for text in [sentence, list] {
                let widest = text.lines().map(measure_text_width).max();
                assert!(
                    widest.is_some_and(|widest| (60..=80).contains(&widest)),
                    "{text}"
                );
                // What a line is searched for begins it, and the others are below that.
                let mut further = text.lines().skip(1).peekable();
                assert!(further.peek().is_some(), "{text}");
                assert!(further.all(|line| line.starts_with("    ")), "{text}");
            }
        }
    }

    #[test]
    fn without_a_terminal_a_url_and_a_message_are_a_line_each() {
        let words = "word ".repeat(50) + "· and more";
        let rows: Vec<String> = (0..50).map(|part| format!("part {part}")).collect();
        let row = with(None, |out| out.write_row("line ", &rows, &words));
        assert_eq!(row, format!("line {}{words}\n", rows.concat()));
        let message = wrapped_message(&words, None);
        assert_eq!(message, format!("pfetch: {words}"));
    }

    #[test]
    fn what_has_lines_of_its_own_keeps_them() {
        let examples = format!("no URL\n\nExamples:\n  pfetch {}", "http://h/ ".repeat(20));
        let message = wrapped_message(&examples, Some(80));
        assert_eq!(message, format!("pfetch: {examples}"));
    }

    #[test]
    fn no_line_ends_with_a_separator_or_within_a_word() {
        let sentences = [
            "the run now took 1.01 times as long · the run then had 4 workers and more of everything else",
            "a – b – c – d – e – f – g – h – i – j – k – l – m – n – o – p – q – r – s – t",
            "a · b · c · d · e · f · g · h · i · j · k · l · m · n · o · p · q · r · s · t",
        ];
        for sentence in sentences {
            for columns in 40..=80 {
                let lines = with(Some(columns), |out| {
                    out.write_text("  label      ", sentence)
                });
                for line in lines.lines() {
                    let ends_well = !line.ends_with(['·', '–']);
                    assert!(ends_well && measure_text_width(line) <= columns, "{lines}");
                    assert!(!line.trim_start().starts_with('·'), "{lines}");
                }
                let words = |text: &str| -> Vec<String> {
                    let words = text.split_whitespace().filter(|word| *word != "·");
                    words.map(str::to_owned).collect()
                };
                let label = format!("label {sentence}");
                assert_eq!(words(&lines), words(&label), "{columns}");
            }
        }
    }

    #[test]
    fn a_row_too_wide_for_the_terminal_goes_on_below_between_its_words() {
        let parts = ["  => some/folder/file-of-a-long-name".to_owned()];
        let reason = "  given-up: http://h: it answered 429 however slowly it was asked";
        let line = "  fail  http://h/a-path-of-the-url";
        let row = |columns| with(Some(columns), |out| out.write_row(line, &parts, reason));
        assert_eq!(row(200), format!("{line}{}{reason}\n", parts[0]));
        assert_eq!(
            row(60),
            "  fail  http://h/a-path-of-the-url\n             \
             => some/folder/file-of-a-long-name\n             \
             given-up: http://h: it answered 429 however\n             \
             slowly it was asked\n"
        );
    }

    #[test]
    fn a_text_is_broken_at_a_separator_or_else_between_words() {
        let label = "  verdict    ";
        // A summary is no wider than 80 columns on any terminal.
        let most = "x".repeat(80 - LABEL);
        assert_eq!(text(label, &most), format!("{label}{most}\n"));
        assert_eq!(
            text(
                label,
                "undecided between 8 and 16 workers – more runs of this would tell (--runs 10)"
            ),
            "  verdict    undecided between 8 and 16 workers\n             \
             – more runs of this would tell (--runs 10)\n"
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

    /// Messages as users of curl get them, and words of all lengths.
    fn sentences() -> Vec<String> {
        let mut sentences: Vec<String> = [
            "-X: pfetch only asks (GET, or HEAD with -I): it sends no data, no POST, PUT or DELETE; curl does",
            "--data: pfetch only asks (GET, or HEAD with -I): it sends no data, no POST, PUT or DELETE; curl does",
            "-t: the number at once is -j 3, of each host --per-host 3; and -T: pfetch sends no data; a limit on \
             time is --timeout 5; and -w: a template is --format, and warm-ups are --warmup 1",
            "a.example: pfetch: pfetch uses 1.0 of 2 processors: printf is no command: pfetch is one",
        ]
        .map(str::to_owned)
        .into();
        // Words of a linear congruential generator (Lehmer, 1951): the same in each run.
        let mut state: u64 = 42;
        let mut next = |below: u64| {
            state = state * 48_271 % 2_147_483_647;
            state % below
        };
        for _ in 0..300 {
            let words = (0..=next(30)).map(|_| {
                let length = 1 + next(24) as usize;
                let end = ["", "", "", ",", ";", ":", " –"][next(7) as usize];
                format!("{}{end}", ["w", "é", "日"][next(3) as usize].repeat(length))
            });
            let words: Vec<String> = words.chain(["end".to_owned()]).collect();
            sentences.push(words.join(" "));
        }
        sentences
    }

    #[test]
    fn a_message_is_never_cut_in_a_word_nor_wider_than_the_terminal_and_keeps_all_its_characters() {
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        for sentence in sentences() {
            for columns in [20, 23, 40, 79, 80, 81, 120] {
                let lines = wrapped_message(&sentence, Some(columns));
                let expected = words(&format!("pfetch: {sentence}"));
                assert_eq!(words(&lines), expected, "{columns} columns:\n{lines}");
                for line in lines.lines() {
                    // A word longer than any line is left to the terminal to cut.
                    let longest = words(line)
                        .iter()
                        .map(|word| measure_text_width(word))
                        .max();
                    let is_long_word = longest.is_some_and(|longest| longest + 2 > columns);
                    let fits = measure_text_width(line) <= columns;
                    assert!(
                        fits || is_long_word,
                        "{columns} columns: {line:?} in\n{lines}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_last_line_of_a_message_is_no_remnant_of_its_clause() {
        let message = &sentences()[0];
        assert_eq!(
            wrapped_message(message, Some(80)),
            "pfetch: -X: pfetch only asks (GET, or HEAD with -I): it sends no data, no POST,\n  \
             PUT or DELETE; curl does"
        );
    }

    #[test]
    fn a_command_to_paste_stands_unbroken_on_a_line_of_its_own() {
        let load = "pfetch -j 10 --repeat 30s --summary-only http://127.0.0.1:8080/a-long-page";
        let program = "-z: that is a load test that ends by the clock (hey, oha, bombardier). Here";
        for (command, after) in [
            (load, ""),
            (
                load,
                "; and -c: how many at once there, a configuration file here",
            ),
            ("pfetch --compare --runs 5 --warmup 3 http://h/", " – or so"),
        ] {
            let message = format!("{program}: {command}{after}");
            for columns in [20, 40, 80, 100, 1000] {
                let lines = wrapped_message(&message, Some(columns));
                let is_whole = lines.lines().any(|line| line.contains(command));
                assert!(is_whole, "{columns}:\n{lines}");
                let alone = lines.lines().any(|line| line.trim() == command);
                assert!(alone || columns == 1000, "{columns}:\n{lines}");
                let others = lines.lines().filter(|line| !line.contains(command));
                for line in others {
                    assert!(measure_text_width(line) <= columns, "{lines}");
                }
            }
            assert_eq!(
                wrapped_message(&message, None),
                format!("pfetch: {message}")
            );
        }
        let label = "  verdict    ";
        let remedy = "nothing to compare: one URL is fetched one by one either way – repeat it: pfetch \
                      --compare -j 8 --repeat 20 URL";
        let lines = text(label, remedy);
        let last = lines.lines().last();
        let command = "             pfetch --compare -j 8 --repeat 20 URL";
        assert_eq!(last, Some(command), "{lines}");
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
