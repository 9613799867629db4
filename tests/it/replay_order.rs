//! The program as a process: replays in the order of the input.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// All formats of exports, each in a file of its name.
const FORMATS: [&str; 9] = [
    "csv", "har", "html", "json", "jsonl", "junit", "md", "svg", "trace",
];

/// The lines of a report, with the results of each run in it the other way round.
fn backwards(report: &str) -> String {
    let is_result = |line: &&str| line.starts_with("{\"type\":\"result\"");
    let lines: Vec<&str> = report.split_inclusive('\n').collect();
    let runs = lines.chunk_by(|one, other| is_result(one) && is_result(other));
    runs.flat_map(|run| run.iter().rev().copied()).collect()
}

/// The exports and the lines of a replay of files of these contents.
fn replayed(options: &[&str], files: &[&str]) -> Vec<(&'static str, String)> {
    let (dir, sources) = (Dir::new(), Dir::new());
    let export = |format| format!("--export={format}={format}");
    let mut args: Vec<String> = FORMATS.map(export).to_vec();
    args.extend(options.iter().copied().map(str::to_owned));
    args.push("--replay".to_owned());
    for (number, text) in files.iter().enumerate() {
        args.push(sources.file(&format!("{number}.jsonl"), text));
    }
    let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
    let read = |format| {
        let text = fs::read_to_string(dir.path().join(format));
        (format, text.unwrap())
    };
    let mut reports: Vec<_> = FORMATS.into_iter().map(read).collect();
    reports.push(("the report", run.stdout));
    reports
}

/// A run's JSON Lines in the order of the input, and its log. Some of its URLs fail.
fn run(server: &Server, options: &[&str], name: &str) -> (String, String) {
    let dir = Dir::new();
    let urls = (0..12).map(|number| match number % 4 {
        3 => server.url(&format!("/status/404?{name}{number}")),
        _ => server.url(&format!("/bytes/{number}?{name}")),
    });
    let urls: Vec<String> = urls.collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let args = [&["--format=jsonl", "--order=input"], options, &urls].concat();
    let run = pfetch(&args).current_dir(dir.path()).run().exits(1);
    let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
    (run.stdout, log)
}

#[track_caller]
fn assert_same(what: &str, found: &[(&'static str, String)], expected: &[(&'static str, String)]) {
    for ((format, found), (_, expected)) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{format} of {what}");
    }
}

/// The names of the cases in a JUnit report, in their order there.
fn cases(reports: &[(&'static str, String)]) -> Vec<String> {
    let (_, junit) = reports
        .iter()
        .find(|(format, _)| *format == "junit")
        .unwrap();
    let document = roxmltree::Document::parse(junit).unwrap();
    let cases = document.descendants();
    let cases = cases.filter(|node| node.has_tag_name("testcase"));
    cases
        .map(|case| case.attribute("name").unwrap().to_owned())
        .collect()
}

#[test]
fn every_report_of_a_run_is_in_input_order_if_asked_however_its_lines_lie() {
    let server = Server::start();
    let (plain, _) = run(&server, &[], "a");
    let (compared, _) = run(
        &server,
        &["--compare", "--runs=2", "--warmup=0", "-j3"],
        "a",
    );
    let (swept, _) = run(&server, &["--sweep=1,2", "--runs=1", "--warmup=0"], "a");
    for (what, lines) in [
        ("a run", plain),
        ("a comparison", compared),
        ("a sweep", swept),
    ] {
        let mixed = backwards(&lines);
        assert_ne!(mixed, lines, "{what} has results");
        let expected = replayed(&[], &[&lines]);
        let found = replayed(&["--order=input"], &[&mixed]);
        assert_same(what, &found, &expected);
        // Without being asked, they are as they lie there.
        let as_they_lie = replayed(&["--order=completion"], &[&mixed]);
        assert_ne!(cases(&as_they_lie), cases(&found), "{what}");
    }
}

#[test]
fn merged_runs_are_one_after_the_other_in_input_order_if_asked() {
    let server = Server::start();
    let [(one, log), (other, _)] = ["a", "b"].map(|name| run(&server, &["--log=log"], name));
    let [mixed_one, mixed_other] = [&one, &other].map(|lines| backwards(lines));
    let expected = replayed(&[], &[&one, &other]);
    let found = replayed(&["--order=input"], &[&mixed_one, &mixed_other]);
    assert_same("two runs", &found, &expected);
    // Also where the lines of both are mixed in one file, as far as a run begins before its results.
    let (first, rest) = mixed_other.split_once('\n').unwrap();
    let joined = format!("{first}\n{mixed_one}{rest}");
    let found = replayed(&["--order=input"], &[&joined]);
    let (begun_first, begun_last) = (cases(&found), cases(&expected));
    assert_eq!(
        begun_first[..12],
        begun_last[12..],
        "the other list is first"
    );
    assert_eq!(begun_first[12..], begun_last[..12]);

    // A run log, which has no order of its own.
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let (head, results) = lines.split_at(2);
    let results: String = results.iter().rev().copied().collect();
    let mixed_log = head.concat() + &results;
    let indices = |reports: &[(&'static str, String)]| -> Vec<u64> {
        let (_, lines) = reports
            .iter()
            .find(|(format, _)| *format == "jsonl")
            .unwrap();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter_map(|line: serde_json::Value| line["index"].as_u64())
            .collect()
    };
    let found = replayed(&["--order=input"], &[&mixed_log]);
    let order = indices(&found);
    assert!(
        order.len() > 1 && order.is_sorted(),
        "{order:?}\n{mixed_log}"
    );
}
