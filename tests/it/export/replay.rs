//! Runs told again: what is exported from JSON Lines is what was exported from the run.

use std::io;
use std::time::UNIX_EPOCH;

use pfetch::model::event::{Event, Listener};
use pfetch::model::outcome::Verdict;
use pfetch::report::export::Export;
use pfetch::report::replay::{ReplayError, ReplayFile, replay};

use crate::export::events::{
    MS, comparison, exported, faster, hostile, ok, outcomes, run, sweep, swept, with_assertions,
};

/// Everything that is told.
#[derive(Default)]
struct Heard(Vec<Event>);

impl Listener for Heard {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.0.push(match event {
            Event::Started(info) => Event::Started(info.clone()),
            Event::Finished(outcome) => Event::Finished(outcome.clone()),
            Event::Warning(message) => Event::Warning(message.clone()),
            Event::ArmStarted(run) => Event::ArmStarted(*run),
            Event::ArmEnded(summary) => Event::ArmEnded(summary.clone()),
            Event::Compared(comparison) => Event::Compared(comparison.clone()),
            Event::Swept(sweep) => Event::Swept(sweep.clone()),
            Event::Assertion(judged) => Event::Assertion(judged.clone()),
            Event::Ended(summary) => Event::Ended(summary.clone()),
            other => panic!("{other:?} is not told again"),
        });
        Ok(())
    }
}

impl Heard {
    fn warnings(&self) -> Vec<&str> {
        let mut warnings = Vec::new();
        for event in &self.0 {
            if let Event::Warning(message) = event {
                warnings.push(message.as_str());
            }
        }
        warnings
    }

    fn summary(&self) -> &pfetch::model::summary::Summary {
        match self.0.last() {
            Some(Event::Ended(summary)) => summary,
            last => panic!("{last:?} is no end"),
        }
    }
}

/// A file of these lines.
fn file(number: usize, text: &str) -> ReplayFile {
    ReplayFile::of_bytes(format!("{number}.jsonl"), text.as_bytes())
}

fn told(files: &[&str]) -> Result<Heard, ReplayError> {
    let files: Vec<ReplayFile> = (1..)
        .zip(files)
        .map(|(number, text)| file(number, text))
        .collect();
    let mut heard = Heard::default();
    replay(&files, &mut heard, || false)?;
    Ok(heard)
}

/// The lines as those of another run, which began so many milliseconds later.
fn as_run(number: u32, later: u32, text: &str) -> String {
    let at = |ms: u32| humantime::format_rfc3339_micros(UNIX_EPOCH + ms * MS).to_string();
    let text = text.replace("\"run\":\"0000000000000000\"", &run_id(number));
    // Its own start, and that of its targets.
    [1250, 1500]
        .iter()
        .fold(text, |text, ms| text.replace(&at(*ms), &at(ms + later)))
}

fn run_id(number: u32) -> String {
    format!("\"run\":\"{number:016x}\"")
}

#[track_caller]
fn refused(files: &[&str]) -> String {
    match told(files) {
        Ok(_) => panic!("it is told"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_export_is_the_same_from_the_lines() {
    for events in [
        run(outcomes(), Some(80 * MS)),
        run(vec![ok(0, "http://a.example/", 50 * MS)], Some(81 * MS)),
        run(Vec::new(), None),
        comparison(faster()),
        swept(),
        with_assertions(run(outcomes(), Some(80 * MS))),
        with_assertions(comparison(faster())),
        with_assertions(swept()),
    ] {
        let heard = told(&[&exported(Export::JsonLines, &events)]).unwrap();
        // The drawings are made of spans, which these events have not.
        for format in ["json", "jsonl", "csv", "md", "junit", "har"] {
            let export = Export::by_name(format).unwrap();
            let (again, first) = (exported(export, &heard.0), exported(export, &events));
            assert_eq!(again, first, "{format}");
        }
    }
}

/// What pfetch writes has no control characters in it; what another program wrote may.
#[test]
fn hostile_text_is_made_safe_again() {
    let heard = told(&[&exported(Export::JsonLines, &hostile())]).unwrap();
    for format in ["csv", "md", "junit"] {
        let export = Export::by_name(format).unwrap();
        assert_eq!(exported(export, &heard.0), exported(export, &hostile()));
    }
    // A path is data: it is made safe where it is shown.
    for event in &heard.0 {
        if let Event::Finished(outcome) = event {
            let message = &outcome.error().unwrap().message;
            let is_bad = |c: char| c.is_control() || c == '\u{202e}';
            assert!(
                !outcome.url.contains(is_bad) && !message.contains(is_bad),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn several_runs_become_one() {
    let one = exported(Export::JsonLines, &run(outcomes(), Some(80 * MS)));
    let two = exported(
        Export::JsonLines,
        &run(vec![ok(0, "http://b/", 9 * MS)], Some(20 * MS)),
    );
    let heard = told(&[&one, &as_run(2, 0, &two), &as_run(3, 0, &one)]).unwrap();
    assert_eq!(heard.warnings(), [""; 0]);
    let indices: Vec<u64> = heard
        .0
        .iter()
        .filter_map(|event| match event {
            Event::Finished(outcome) => Some(outcome.index),
            _ => None,
        })
        .collect();
    assert_eq!(indices, (0..15).collect::<Vec<u64>>());
    let summary = heard.summary();
    assert_eq!((summary.ok, summary.failed, summary.local), (5, 6, 2));
    assert_eq!(summary.statuses, [(200, 5), (304, 2), (404, 2)].into());
    assert_eq!(summary.latency.count(), 7);
}

#[test]
fn time_is_that_in_which_any_of_the_runs_was_at_work() {
    let timed = |number, later, ms: u32| {
        let run = run(vec![ok(0, "http://b/", 9 * MS)], Some(ms * MS));
        as_run(number, later, &exported(Export::JsonLines, &run))
    };
    // The second begins while the first is at work, the third after a pause.
    let files = [timed(3, 1000, 80), timed(1, 0, 80), timed(2, 70, 20)];
    let heard = told(&[&files[0], &files[1], &files[2]]).unwrap();
    let summary = heard.summary();
    assert_eq!(summary.makespan, Some(170 * MS));
    assert_eq!((summary.workers, summary.merged), (8, Some(3)));
    let page = exported(Export::Html, &heard.0) + &exported(Export::Markdown, &heard.0);
    let meaning = "while any of 3 runs was at work, by their clocks";
    assert_eq!(page.matches(meaning).count(), 2, "{page}");
}

#[test]
fn a_run_that_was_killed_is_told_as_far_as_it_goes() {
    let whole = exported(Export::JsonLines, &run(outcomes(), Some(80 * MS)));
    let lines: Vec<&str> = whole.lines().collect();
    for torn in ["", "{\"type\":\"resu", &lines[3][..lines[3].len() - 1]] {
        let text = format!("{}\n{}\n{torn}", lines[0], lines[1]);
        let heard = told(&[&text]).unwrap();
        assert_eq!(
            heard.warnings(),
            ["1.jsonl has no end: the run was killed, or goes on; it counts as stopped"]
        );
        let summary = heard.summary();
        assert_eq!(
            (summary.ok, summary.targets(), summary.stopped),
            (1, 1, true)
        );
    }
}

#[test]
fn a_comparison_that_was_killed_ends_as_one_that_was_stopped() {
    let whole = exported(Export::JsonLines, &comparison(faster()));
    let lines: Vec<&str> = whole.lines().take(6).collect();
    let heard = told(&[&lines.join("\n")]).unwrap();
    let summary = heard.summary();
    // A warm-up, and a run that has lost its end.
    let runs = summary.runs.map(|runs| (runs.done, runs.of));
    assert_eq!((summary.ok, summary.stopped, runs), (2, true, Some((1, 5))));
    assert_eq!((summary.makespan, summary.latency.max()), (None, None));
    // And every export has an end.
    let text = exported(Export::Junit, &heard.0);
    assert!(text.ends_with("</testsuites>\n"), "{text}");
    assert_eq!(text.matches("<testsuite ").count(), 1, "{text}");
    let document = exported(Export::Json, &heard.0);
    assert!(
        serde_json::from_str::<serde_json::Value>(&document).is_ok(),
        "{document}"
    );
}

#[test]
fn results_that_are_missing_are_said_to_be() {
    let whole = exported(Export::JsonLines, &run(outcomes(), Some(80 * MS)));
    let lines: Vec<&str> = whole.lines().collect();
    let text = [&lines[..3], &lines[4..]].concat().join("\n");
    let heard = told(&[&text]).unwrap();
    assert_eq!(
        heard.warnings(),
        ["1.jsonl has 6 results where its summary counts 7"]
    );
}

#[test]
fn what_cannot_be_read_is_named_with_file_and_line() {
    let whole = exported(Export::JsonLines, &run(outcomes(), Some(80 * MS)));
    let compared = exported(Export::JsonLines, &comparison(faster()));
    let not_a_run = "1.jsonl:1: it is not the beginning of a run; --replay reads what --format jsonl or --export jsonl=FILE wrote, and run logs";
    let first = whole.lines().next().unwrap();
    let last = whole.lines().last().unwrap();
    let edit = |from: &str, to: &str| whole.replacen(from, to, 1);
    for (files, expected) in [
        (
            vec![String::new()],
            "1.jsonl:1: it is empty, or its first line breaks off".to_owned(),
        ),
        (vec!["index,url\n".to_owned()], not_a_run.to_owned()),
        (vec![whole.lines().skip(1).collect()], not_a_run.to_owned()),
        (
            vec![edit("\"schema\":1", "\"schema\":2")],
            "1.jsonl:1: its schema is 2; this pfetch reads 1 only".to_owned(),
        ),
        (
            vec![whole.clone(), as_run(2, 0, &(whole.clone() + last))],
            "2.jsonl:10: there is something after the end of the run".to_owned(),
        ),
        (
            vec![whole.clone() + last],
            "1.jsonl:10: there is something after the end of the run".to_owned(),
        ),
        (
            vec![whole.clone(), as_run(2, 0, &whole) + &whole],
            "2.jsonl:10: this run is in 1.jsonl:1 already; leave one of the two out".to_owned(),
        ),
        (
            vec![whole.clone() + &as_run(2, 0, last)],
            "1.jsonl:10: its run does not begin in a line before it; ".to_owned(),
        ),
        (
            vec![edit(
                &format!(",{}}}\n{{\"type\":\"summary\"", run_id(0)),
                "}\n{\"type\":\"summary\"",
            )],
            "1.jsonl:8: it names no run".to_owned(),
        ),
        (
            vec![exported(Export::JsonLines, &swept()).replace("\"workers\":2", "\"workers\":1")],
            "1.jsonl:41: the points of a sweep are of rising numbers of workers, from 1 on"
                .to_owned(),
        ),
        (
            vec![whole.clone() + "null\n"],
            "1.jsonl:10: invalid type: null, expected an object".to_owned(),
        ),
        (
            vec![format!("{first}\n{{\"type\":\"dream\"}}\n")],
            "1.jsonl:2: unknown variant `dream`, expected one of `run`, ".to_owned(),
        ),
        (
            vec![edit("\"outcome\":\"ok\"", "\"outcome\":\"\u{1b}\"")],
            "1.jsonl:2: ".to_owned(),
        ),
        (
            vec![edit("\"elapsed\":0.05", "\"elapsed\":-1")],
            "1.jsonl:2: a time is a number of seconds, from 0 to a hundred years".to_owned(),
        ),
        (
            vec![edit("\"elapsed\":0.05", "\"elapsed\":1e300")],
            "1.jsonl:2: a time is a number of seconds, from 0 to a hundred years".to_owned(),
        ),
        (
            vec![edit("\"worker\":3", "\"worker\":99999999")],
            "1.jsonl:2: its worker is none of the run's, which are counted from 0".to_owned(),
        ),
        (
            vec![edit("\"workers\":4", "\"workers\":4294967296")],
            "1.jsonl:1: a run has 1 worker at least, and 10000 at most".to_owned(),
        ),
        (
            vec![edit("\"bytes\":1256", "\"bytes\":9223372036854775808")],
            "1.jsonl:2: a count is 2^53 at most".to_owned(),
        ),
        (
            vec![edit("1970-01-01T00:00:01.5", "yesterday")],
            "1.jsonl:2: no RFC 3339 time: ".to_owned(),
        ),
        (vec![format!("{first}\n{{]\n")], "1.jsonl:2: ".to_owned()),
        (
            vec![whole.clone(), as_run(2, 0, &compared)],
            "2.jsonl:2: a comparison or a sweep cannot be merged; replay it alone".to_owned(),
        ),
    ] {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let said = refused(&files);
        assert!(said.starts_with(&expected), "{said}\nand not\n{expected}");
        assert!(!said.contains(char::is_control), "{said:?}");
    }
}

#[test]
fn hostile_figures_are_no_trouble() {
    let whole = exported(Export::JsonLines, &run(outcomes(), Some(80 * MS)));
    let text = whole
        .replace("\"bytes\":1256", &format!("\"bytes\":{}", 1_u64 << 53))
        .replace("\"started_at\":\"1970", "\"started_at\":\"9999");
    let heard = told(&[&text]).unwrap();
    assert!(heard.summary().bytes >= 1 << 53);
    for format in Export::names() {
        assert!(!exported(Export::by_name(format).unwrap(), &heard.0).is_empty());
    }
}

#[test]
fn hostile_figures_of_a_sweep_are_no_trouble() {
    let whole = exported(Export::JsonLines, &with_assertions(swept()));
    for (from, to) in [
        ("\"mean\":8.1,", "\"mean\":1e-300,"),
        ("\"knee\":{\"workers\":4", "\"knee\":{\"workers\":5"),
        ("\"lambda\":0.12", "\"lambda\":0"),
        ("\"unit\":\"%\"", "\"unit\":\"\u{202e}\""),
    ] {
        assert!(whole.contains(from), "{from} in\n{whole}");
        let heard = told(&[&whole.replace(from, to)]).unwrap();
        for format in Export::names() {
            let report = exported(Export::by_name(format).unwrap(), &heard.0);
            assert!(report.len() < 100_000, "{format} of {to}");
        }
    }
    for (from, to) in [
        ("\"mean\":8.1,", "\"mean\":-1e300,"),
        ("\"seconds\":[8.0,", "\"seconds\":[-8.0,"),
        (
            "\"workers\":8,\"seconds\"",
            "\"workers\":18446744073709551615,\"seconds\"",
        ),
    ] {
        assert!(whole.contains(from), "{from} in\n{whole}");
        let said = refused(&[&whole.replace(from, to)]);
        assert!(said.starts_with("1.jsonl:"), "{said}");
    }
    let one = told(&[&exported(Export::JsonLines, &sweep(&[(4, &[2.0])], None))]).unwrap();
    let md = exported(Export::Markdown, &one.0);
    assert!(
        md.contains("4 workers, and no other number was tried"),
        "{md}"
    );
}

#[test]
fn what_was_asserted_of_one_run_is_not_told_of_several() {
    let lines = exported(
        Export::JsonLines,
        &with_assertions(run(outcomes(), Some(80 * MS))),
    );
    let gates = |heard: Heard| {
        let is_gate = |event: &&Event| matches!(event, Event::Assertion(_));
        heard.0.iter().filter(is_gate).count()
    };
    assert_eq!(gates(told(&[&lines]).unwrap()), 4);
    assert_eq!(gates(told(&[&lines, &as_run(2, 0, &lines)]).unwrap()), 0);
}

#[test]
fn it_stops_when_it_is_asked_to() {
    let whole = exported(Export::JsonLines, &run(outcomes(), Some(80 * MS)));
    let mut heard = Heard::default();
    replay(&[file(1, &whole)], &mut heard, || true).unwrap();
    assert_eq!(heard.0.len(), 1, "there is a beginning and no end");
}

#[test]
fn verdicts_survive() {
    let heard = told(&[&exported(Export::JsonLines, &run(outcomes(), None))]).unwrap();
    let verdicts: Vec<Verdict> = heard
        .0
        .iter()
        .filter_map(|event| match event {
            Event::Finished(outcome) => Some(outcome.verdict),
            _ => None,
        })
        .collect();
    use Verdict::{Failed, Ok, Skipped, Unchanged};
    assert_eq!(
        verdicts,
        [Ok, Ok, Unchanged, Failed, Failed, Failed, Skipped]
    );
}
