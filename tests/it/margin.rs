//! `--margin`: what is shown, and what matters.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use pfetch::model::event::{Event, Listener};
use pfetch::model::margin::Margin;
use pfetch::model::measurement::{Against, AgainstPoint, Arm, Reference};
use pfetch::report::export::Export;
use pfetch::report::{Human, HumanStyle};
use pfetch::stats::{Change, Sample};
use serde_json::{Value, json};

use crate::export::events::exported;
use crate::pfetch::{Dir, pfetch, tells};
use crate::server::Server;
use crate::story::{Story, comparison, sweep};

fn human(events: &[Event]) -> String {
    let mut text = Vec::new();
    let mut report = Human::new(&mut text, HumanStyle::default());
    for event in events {
        report.event(event).unwrap();
    }
    drop(report);
    String::from_utf8(text).unwrap()
}

fn margin(text: &str) -> Margin {
    text.parse().unwrap()
}

/// A result of real differences, of 1.3 times each.
fn compared(share: &str) -> Vec<Event> {
    let mut compared = comparison(4, 20, vec![1.3, 1.301, 1.299], vec![1.0; 3], &[]);
    compared.margin = margin(share);
    vec![Story::new(4).started(), Event::Compared(compared)]
}

#[test]
fn the_margin_draws_the_line_between_faster_and_hardly_faster_in_every_report() {
    for (share, verdict) in [
        ("10%", "faster"),
        ("29%", "faster"),
        ("31%", "hardly faster"),
    ] {
        let events = compared(share);
        let json: Value = serde_json::from_str(&exported(Export::Json, &events)).unwrap();
        assert_eq!(json["comparison"]["verdict"], verdict, "{share}");
        let words = format!("arallel is {verdict}");
        let texts = [
            human(&events),
            exported(Export::Markdown, &events),
            exported(Export::Html, &events),
        ];
        for text in texts {
            assert!(text.contains(&words), "{share}: {words} in\n{text}");
        }
    }
}

#[test]
fn the_margin_draws_it_for_the_gain_of_a_sweep_and_for_a_baseline_too() {
    for (share, is_hardly) in [("10%", false), ("50%", true)] {
        let mut swept = sweep(20, &[(1, &[1.3, 1.31, 1.29]), (4, &[1.0, 1.01, 0.99])]);
        swept.margin = margin(share);
        let text = human(&[Event::Swept(swept)]);
        let hardly = text.contains("4 workers are hardly faster than 1: 1.30 times");
        assert_eq!(hardly, is_hardly, "{share}\n{text}");
        let (now, then) = ([1.3, 1.301, 1.299], [1.0, 1.001, 0.999]);
        let against = Against {
            file: "saved.json".to_owned(),
            started_at: std::time::SystemTime::UNIX_EPOCH,
            version: "0.0.9".to_owned(),
            points: vec![AgainstPoint {
                arm: Arm::Parallel,
                workers: 4,
                workers_then: 4,
                seconds: 1.3,
                now: Sample::of(&now).unwrap(),
                then: Sample::of(&then).unwrap(),
                reference: Reference {
                    runs: 1,
                    from: std::time::SystemTime::UNIX_EPOCH,
                    to: std::time::SystemTime::UNIX_EPOCH,
                    deviation: None,
                },
                change: Change::of(&now, &then).unwrap(),
                dated: None,
                unlike: None,
            }],
            why: None,
            notices: Vec::new(),
            margin: margin(share),
            is_renewed: false,
        };
        let mut events = compared("10%");
        events.insert(1, Event::Against(against));
        let text = human(&events);
        assert_eq!(
            tells(&text, " · hardly slower; "),
            is_hardly,
            "{share}\n{text}"
        );
        let json: Value = serde_json::from_str(&exported(Export::Json, &events)).unwrap();
        let verdict = if is_hardly { "hardly slower" } else { "slower" };
        assert_eq!(json["against"]["points"][0]["verdict"], verdict, "{json:#}");
    }
}

#[test]
fn a_replay_keeps_the_margin_of_the_run_or_takes_the_one_that_is_given() {
    let dir = Dir::new();
    let lines = exported(Export::JsonLines, &compared("40%"));
    let file = dir.file("run.jsonl", lines);
    for (given, words) in [
        (None, "  verdict    parallel is hardly faster, 1.30 times\n"),
        (
            Some("--margin=20%"),
            "  verdict    parallel is faster, 1.30 times\n",
        ),
    ] {
        let args: Vec<&str> = ["--replay", file.as_str()]
            .into_iter()
            .chain(given)
            .collect();
        pfetch(&args).run().exits(0).prints(words);
    }
}

#[test]
fn the_margin_of_a_run_stands_in_its_report() {
    let server = Server::start();
    let urls = ["/bytes/5?1", "/bytes/5?2"].map(|path| server.url(path));
    for measure in ["--compare", "--sweep=1,2"] {
        let args = [
            measure,
            "--runs=1",
            "--warmup=0",
            "--margin=2.5%",
            "--format=jsonl",
            urls[0].as_str(),
            urls[1].as_str(),
        ];
        let lines = pfetch(&args).run().exits(0).json();
        assert_eq!(lines.last().unwrap()["margin"], json!(0.025), "{measure}");
    }
}

#[test]
fn a_margin_that_is_none_or_is_of_no_use_is_refused() {
    for (args, words) in [
        (["--compare", "--margin=10"], "a margin is a share, as 10%"),
        (["--compare", "--margin=-1%"], "a margin is from 0% to 100%"),
        (
            ["--compare", "--margin=101%"],
            "a margin is from 0% to 100%",
        ),
        (
            ["-q", "--margin=10%"],
            "--margin is of no use without --compare, --sweep or --against",
        ),
    ] {
        let run = pfetch(&[args[0], args[1], "http://127.0.0.1:1/"]).run();
        run.exits(2).complains_in_a_line().says(words);
    }
}
