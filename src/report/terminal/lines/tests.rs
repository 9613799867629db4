//! The tests of `lines`.

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
