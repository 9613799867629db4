//! The reasons in every report, from a run and from its replay.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;

use serde_json::Value;

use super::servers::{Bottleneck, Scenario};
use crate::busy::certainly;
use crate::pfetch::{Dir, Run, pfetch};

/// Compares with a server that answers one request at a time until that is what is found, and returns the result, the
/// server and the folder of the reports.
fn compared() -> (Value, String, Dir) {
    let scenario = Scenario::new(Bottleneck::AtOnce(1), 8, 24, 20);
    let (_, found) = certainly(|| {
        let dir = Dir::new();
        let (result, url) = scenario.compare(3, Some(&dir));
        let is_found = result["why"]["reasons"][0]["reason"] == "at-once";
        (is_found, (result, url, dir))
    });
    found
}

#[test]
fn every_report_has_the_reason_and_the_phases_and_a_replay_has_the_same() {
    let (result, url, dir) = compared();
    let host = url.strip_prefix("http://").unwrap();
    let sentence = format!("{host} answers about 1 request at a time (");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let [md, html, json] = ["report.md", "report.html", "report.json"].map(read);
    assert!(
        md.contains("- why: ") && md.contains(" answers about 1 request at a time ("),
        "{md}"
    );
    assert!(
        md.contains("| mean per URL | URLs | connections | "),
        "{md}"
    );
    assert!(html.contains(&sentence), "{html}");
    assert!(html.contains("Phases of both arms"), "{html}");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["comparison"]["why"], result["why"]);
    let jsonl = dir.path().join("report.jsonl").display().to_string();
    pfetch(&["--replay", &jsonl])
        .run()
        .exits(0)
        .prints(&format!("  why        {sentence}"));
    let run = pfetch(&["--replay", &jsonl, "--format=jsonl"])
        .run()
        .exits(0);
    let lines = run.json();
    let again = &lines.last().unwrap()["why"];
    run.check("the same again", *again == result["why"]);
}

/// Replays a log whose last line, the result, is changed.
fn replayed(dir: &Dir, change: impl Fn(&mut Value)) -> Run {
    let text = fs::read_to_string(dir.path().join("report.jsonl")).unwrap();
    let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
    let mut last: Value = serde_json::from_str(last).unwrap();
    change(&mut last);
    let log = dir.file("changed.jsonl", format!("{before}\n{last}\n"));
    pfetch(&["--replay", log.as_str()]).run()
}

#[test]
fn a_log_without_reasons_or_with_ones_that_cannot_be_is_read_as_such() {
    let (_, _, dir) = compared();
    let run = replayed(&dir, |last| {
        last.as_object_mut().unwrap().remove("why");
    });
    let run = run.exits(0).prints("  verdict    ");
    run.check("no reason", !run.stdout.contains("  why  "));
    for change in [
        |last: &mut Value| last["why"]["reasons"][0]["share"] = 1.5.into(),
        |last: &mut Value| last["why"]["reasons"][0]["requests"] = (-1.0).into(),
        |last: &mut Value| last["why"]["lost"] = (-0.5).into(),
        |last: &mut Value| last["why"]["phases"][0]["serial"]["wait"] = (-0.5).into(),
    ] {
        replayed(&dir, change).exits(2).complains_in_a_line();
    }
    let run = replayed(&dir, |last| {
        last["why"]["reasons"][0]["origin"] = "http://h\u{1b}[31m".into();
    });
    run.exits(0).shows_plain_text();
}
