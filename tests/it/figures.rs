//! Figures of runs in which something failed: they are the same in every report, and failing improves none.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use pfetch::measure::Estimate;
use pfetch::measure::assert::RunFigures;
use pfetch::model::event::{AssertionResult, AssertionVerdict, Event, Listener};
use pfetch::model::measurement::{ArmTimes, Comparison, Sweep, unequal_failures};
use pfetch::model::outcome::{FailureKind, Outcome};
use pfetch::model::summary::{Summary, Tally};
use pfetch::report::export::Export;
use pfetch::report::replay::{ReplayFile, replay};
use pfetch::report::{Baseline, Human, HumanStyle, bytes, duration};
use pfetch::stats::Knee;
use serde_json::Value;

use crate::export::events::exported;
use crate::pfetch::{Dir, pfetch};
use crate::server::Server;
use crate::story::{MS, Story, comparison, failed, sweep};

/// Twelve targets, three of which failed: one at once, one late, one with a large body.
fn mixed() -> Vec<Outcome> {
    let story = Story::new(4);
    let mut outcomes = story.many(12, |index| MS * (100 + 37 * index as u32));
    for (place, status) in [(1, None), (5, None), (9, Some(500))] {
        let mut outcome = failed(outcomes[place].clone(), FailureKind::Status, "no");
        outcome.last.status = status;
        outcomes[place] = outcome;
    }
    outcomes[1].bytes = 0;
    outcomes[9].bytes = 50_000_000;
    outcomes
}

fn summary(outcomes: &[Outcome]) -> Summary {
    let mut tally = Tally::new(4);
    outcomes.iter().for_each(|outcome| tally.add(outcome));
    tally.summary()
}

fn human(events: &[Event]) -> String {
    let mut text = Vec::new();
    let mut report = Human::new(&mut text, HumanStyle::default());
    events.iter().for_each(|event| report.event(event).unwrap());
    report.close().unwrap();
    drop(report);
    String::from_utf8(text).unwrap()
}

/// The same events, from a log of them.
struct Replayed(Vec<String>);

impl Replayed {
    /// The reports of the log: for people, in Markdown and as a page.
    fn of(events: &[Event]) -> Self {
        let log = exported(Export::JsonLines, events);
        let file = tempfile::NamedTempFile::new().unwrap();
        let texts = [Export::Markdown, Export::Html].map(|export| {
            let out = Box::new(file.reopen().unwrap());
            let mut report = export.listener(out, Baseline::Estimate).unwrap();
            let lines = ReplayFile::of_bytes("log", log.as_bytes());
            replay(&[lines], &mut *report, || false).unwrap();
            report.close().unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            file.as_file().set_len(0).unwrap();
            text
        });
        Replayed(texts.to_vec())
    }
}

#[test]
fn the_figures_of_a_run_are_the_same_in_all_formats() {
    let outcomes = mixed();
    let events = Story::new(4).run(outcomes.clone());
    let json: Value = serde_json::from_str(&exported(Export::Json, &events)).unwrap();
    let lines = exported(Export::JsonLines, &events);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let figures = &json["summary"];
    for (name, figure) in figures.as_object().unwrap() {
        assert_eq!(last[name], *figure, "{name}");
    }
    let number = |figure: &Value| figure.as_f64().unwrap_or_else(|| panic!("{figures}"));
    let seconds = |figure: &Value| duration(std::time::Duration::from_secs_f64(number(figure)));
    let counts = [9, 3, 12].map(Value::from);
    assert_eq!(
        [&figures["ok"], &figures["failed"], &figures["targets"]],
        [&counts[0], &counts[1], &counts[2]],
        "{figures}"
    );
    let texts = [
        ("human", human(&events), "x"),
        ("md", exported(Export::Markdown, &events), "x"),
        ("html", exported(Export::Html, &events), "×"),
    ];
    let throughput = number(&figures["throughput"]) as u64;
    let expected = [
        "9 ok".to_owned(),
        "3 failed".to_owned(),
        seconds(&figures["parallel"]),
        seconds(&figures["serial"]["seconds"]),
        bytes(figures["bytes"].as_u64().unwrap()),
        format!("{}/s", bytes(throughput)),
        format!(
            "{:.1} successful URLs/s",
            number(&figures["urls_per_second"])
        ),
        seconds(&figures["latency"]["p50"]),
        seconds(&figures["latency"]["p95"]),
        seconds(&figures["latency"]["max"]),
    ];
    for (format, text, times) in &texts {
        for figure in &expected {
            assert!(text.contains(figure), "{figure} in {format}:\n{text}");
        }
        // Rounded up, so that all of the range is in what is shown.
        let most = (number(&figures["serial"]["speedup"]) * 100.0 - 1e-6).ceil() / 100.0;
        let ratio = format!("1.00{times} to {most:.2}{times}");
        assert!(text.contains(&ratio), "{ratio} in {format}:\n{text}");
    }
    // Those with a row or a case for each URL add up to the same.
    let csv = exported(Export::Csv, &events);
    let mut table = csv::Reader::from_reader(csv.as_bytes());
    let headers = table.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let served = rows.iter().filter(|row| &row[at("outcome")] == "ok");
    let served: u64 = served
        .map(|row| row[at("bytes")].parse::<u64>().unwrap())
        .sum();
    assert_eq!(figures["served_bytes"], served, "{csv}");
    let failed = rows
        .iter()
        .filter(|row| &row[at("outcome")] == "failed")
        .count();
    assert_eq!(figures["failed"], failed, "{csv}");
    let junit = exported(Export::Junit, &events);
    let totals = "tests=\"12\" failures=\"3\" errors=\"0\" skipped=\"0\"";
    assert!(junit.contains(totals), "{junit}");
    // And a log of the run is told as the run was.
    let [_, (_, markdown, _), (_, html, _)] = &texts;
    let Replayed(again) = Replayed::of(&events);
    assert_eq!(again[0], *markdown);
    let heading = |page: &str| {
        page.split("<h1>")
            .nth(1)
            .unwrap()
            .split("</h1>")
            .next()
            .map(str::to_owned)
    };
    assert_eq!(heading(&again[1]), heading(html));
}

#[test]
fn what_fails_improves_neither_rates_nor_percentiles() {
    let whole = summary(&mixed());
    let mut without = mixed();
    without.retain(|outcome| outcome.error().is_none());
    let without = Summary {
        makespan: whole.makespan,
        ..summary(&without)
    };
    for figure in [Summary::rate, Summary::throughput] {
        assert_eq!(figure(&whole), figure(&without), "{whole:#?}");
        assert!(figure(&whole).is_some(), "{whole:#?}");
    }
    assert_eq!(
        (&whole.latency, &whole.ttfb),
        (&without.latency, &without.ttfb)
    );
}

#[test]
fn where_nothing_succeeded_no_report_has_a_rate_or_a_speedup() {
    let mut outcomes = mixed();
    for outcome in &mut outcomes {
        *outcome = failed(outcome.clone(), FailureKind::Connect, "refused");
    }
    assert_eq!(Estimate::of(&summary(&outcomes)), None);
    let events = Story::new(4).run(outcomes);
    let json: Value = serde_json::from_str(&exported(Export::Json, &events)).unwrap();
    for figure in ["serial", "throughput", "urls_per_second", "latency"] {
        assert!(json["summary"][figure].is_null(), "{figure}: {json:#}");
    }
    let Replayed(again) = Replayed::of(&events);
    let texts = [
        human(&events),
        exported(Export::Markdown, &events),
        exported(Export::Html, &events),
    ];
    for text in texts.iter().chain(&again) {
        assert!(text.contains("12") && text.contains("failed"), "{text}");
        for claim in [
            "URLs/s",
            "B/s",
            "best possible",
            "as fast as",
            " 1.00x",
            "speed-up |",
        ] {
            assert!(!text.contains(claim), "{claim} in\n{text}");
        }
    }
}

/// A comparison of three pairs over four URLs, with so many failures in each arm.
fn compared(serial: u64, parallel: u64) -> Comparison {
    let mut compared = comparison(4, 4, vec![4.0, 4.1, 4.0], vec![1.0, 1.1, 1.0], &[]);
    compared.serial.failed = serial;
    compared.parallel.failed = parallel;
    compared.speedup = compared.speedup_of_alike();
    compared
}

fn judged(of: (Option<&Comparison>, Option<&Sweep>), gate: &str, strict: bool) -> AssertionResult {
    let summary = Summary {
        ok: 1,
        ..Summary::default()
    };
    let figures = RunFigures {
        summary: &summary,
        counted: &summary,
        estimated_speedup: None,
        comparison: of.0,
        sweep: of.1,
        against: None,
        is_first: false,
        allows_empty: false,
    };
    figures.check(&gate.parse().unwrap(), strict)
}

#[test]
fn a_comparison_in_which_an_arm_succeeded_at_nothing_has_no_speedup() {
    for (serial, parallel, words) in [
        (12, 12, "nothing succeeded: no speed-up"),
        (12, 0, "nothing succeeded serially: no speed-up"),
        (0, 12, "nothing succeeded in parallel: no speed-up"),
    ] {
        let compared = compared(serial, parallel);
        let events = [Story::new(4).started(), Event::Compared(compared.clone())];
        let json: Value = serde_json::from_str(&exported(Export::Json, &events)).unwrap();
        let result = &json["comparison"];
        for figure in ["speedup", "efficiency", "verdict"] {
            assert!(result[figure].is_null(), "{figure}: {result:#}");
        }
        for text in [human(&events), exported(Export::Markdown, &events)] {
            assert!(text.contains(words), "{words} in\n{text}");
            assert!(
                !text.contains("4.00x") && !text.contains("efficiency"),
                "{text}"
            );
        }
        let page = exported(Export::Html, &events);
        assert!(
            page.contains(&words[1..]) && !page.contains("4.00×"),
            "{page}"
        );
        let gate = judged((Some(&compared), None), "speedup>=1", false);
        assert_eq!(gate.verdict, AssertionVerdict::Unknown, "{gate:?}");
        assert!(gate.why.starts_with("no URL succeeded"), "{gate:?}");
    }
}

#[test]
fn a_comparison_whose_arms_failed_at_different_things_has_no_verdict() {
    let one_sided = compared(0, 3);
    let events = [Story::new(4).started(), Event::Compared(one_sided.clone())];
    let json: Value = serde_json::from_str(&exported(Export::Json, &events)).unwrap();
    assert!(json["comparison"]["verdict"].is_null(), "{json:#}");
    let words = "not comparable: 0 fetches failed serially, 3 in parallel";
    for text in [human(&events), exported(Export::Markdown, &events)] {
        assert!(text.contains(words), "{text}");
    }
    for gate in ["speedup>=2", "speedup<=9"] {
        let judged = judged((Some(&one_sided), None), gate, false);
        assert_eq!(judged.verdict, AssertionVerdict::Unknown, "{judged:?}");
        assert!(judged.verdict.is_failure(), "{judged:?}");
        assert_eq!(judged.why, words, "{judged:?}");
    }
    // The same failures on both sides are the same work.
    let alike = compared(3, 3);
    let judged = judged((Some(&alike), None), "speedup>=2", true);
    assert_eq!(judged.verdict, AssertionVerdict::Held, "{judged:?}");
}

/// A sweep over ten URLs in three runs each, with these numbers of workers, seconds and failures.
fn swept(points: &[(usize, f64, u64)]) -> Sweep {
    let seconds: Vec<[f64; 3]> = points.iter().map(|(_, seconds, _)| [*seconds; 3]).collect();
    let runs: Vec<(usize, &[f64])> = points
        .iter()
        .zip(&seconds)
        .map(|((workers, ..), seconds)| (*workers, &seconds[..]))
        .collect();
    let mut swept = sweep(10, &runs);
    for (point, (.., failed)) in swept.points.iter_mut().zip(points) {
        point.times.failed = *failed;
    }
    swept.passed_over = unequal_failures(&swept.points);
    swept.knee = Knee::of(&swept.sweep_points());
    swept
}

#[test]
fn the_knee_of_a_sweep_is_not_where_the_most_fails() {
    // With eight workers nine of ten URLs fail, and that quickly.
    let sweep = swept(&[(1, 8.0, 0), (4, 2.0, 0), (8, 0.5, 27)]);
    assert_eq!(sweep.knee.map(|knee| knee.workers), Some(4), "{sweep:#?}");
    let ratio = sweep.speedup().map(|speedup| speedup.ratio);
    assert!(
        ratio.is_some_and(|ratio| (ratio - 4.0).abs() < 1e-9),
        "{ratio:?}"
    );
    // The same failures everywhere change nothing.
    let alike = swept(&[(1, 8.0, 6), (4, 2.0, 6), (8, 1.99, 6)]);
    assert_eq!(alike.knee.map(|knee| knee.workers), Some(4), "{alike:#?}");
    let seconds: Vec<f64> = alike
        .sweep_points()
        .iter()
        .map(|point| point.seconds)
        .collect();
    assert_eq!(seconds, [8.0, 2.0, 1.99]);
}

#[test]
fn a_sweep_in_which_nothing_succeeded_names_no_number_of_workers() {
    let sweep = swept(&[(1, 8.0, 30), (4, 0.1, 30)]);
    assert_eq!((sweep.knee, sweep.speedup()), (None, None));
    let events = [Story::new(4).started(), Event::Swept(sweep.clone())];
    let words = "othing succeeded: no number of workers is the best";
    for text in [
        human(&events),
        exported(Export::Markdown, &events),
        exported(Export::Html, &events),
    ] {
        assert!(text.contains(words), "{text}");
    }
    for gate in ["speedup>=1", "total<100s"] {
        let gate = judged((None, Some(&sweep)), gate, false);
        assert_eq!(gate.verdict, AssertionVerdict::Unknown, "{gate:?}");
        assert_eq!(gate.why, "no URL succeeded", "{gate:?}");
    }
}

#[test]
fn one_number_of_workers_is_set_against_nothing() {
    let sweep = swept(&[(2, 1.0, 0)]);
    let text = human(&[Event::Swept(sweep.clone())]);
    assert!(!text.contains("speed-up"), "{text}");
    assert!(!text.contains("2 against 2"), "{text}");
    let gate = judged((None, Some(&sweep)), "speedup>=1", false);
    assert_eq!(gate.verdict, AssertionVerdict::Unknown, "{gate:?}");
    assert!(gate.why.contains("give --sweep several"), "{gate:?}");
    // Nor is the first of several against itself.
    let text = human(&[Event::Swept(swept(&[(1, 1.0, 0), (2, 1.0, 0)]))]);
    assert!(!text.contains("1 against 1"), "{text}");
}

#[test]
fn a_share_of_successes_is_a_share_whatever_a_log_states() {
    let times = |failed, runs: usize| {
        let mut of = comparison(4, 4, vec![1.0; runs], vec![1.0; runs], &[]).serial;
        of.failed = failed;
        of
    };
    let success = |times: &ArmTimes, targets| times.success(targets);
    assert_eq!(success(&times(0, 2), 4), 1.0);
    assert_eq!(success(&times(2, 2), 4), 0.75);
    for (failed, targets) in [(8, 4), (9, 4), (u64::MAX, 4), (0, 0), (1, 0)] {
        assert_eq!(
            success(&times(failed, 2), targets),
            0.0,
            "{failed} of {targets}"
        );
    }
}

#[test]
fn gates_on_speed_fail_where_nothing_succeeded() {
    let server = Server::start();
    let missing = ["/status/404", "/status/500?1"].map(|path| server.url(path));
    let gates = [
        "urls_per_second<=1000000",
        "urls_per_second>=0",
        "throughput>=0B/s",
        "total<100s",
        "speedup<=1000",
        "p95<100s",
        "mean<100s",
        "ttfb_p50<100s",
    ];
    for (mode, is_measured) in [
        (&["-j2"][..], false),
        (&["--compare", "--runs=2", "--warmup=0"], true),
    ] {
        for gate in gates {
            // Without a measurement it is a mistake.
            if gate.starts_with("speedup") && !is_measured {
                continue;
            }
            let assert = format!("--assert={gate}");
            let options = ["--max-failures=100%", "--retry=0", &assert];
            let urls = missing.each_ref().map(String::as_str);
            let run = pfetch(&[mode, &options, &urls].concat()).run();
            run.exits(3).prints("no URL succeeded");
        }
        // A count needs no success.
        let options = ["--max-failures=100%", "--retry=0", "--assert=failed<=100%"];
        let urls = missing.each_ref().map(String::as_str);
        pfetch(&[mode, &options, &urls].concat()).run().exits(0);
    }
}

#[test]
fn a_gate_on_failures_says_how_many_failed_of_how_many() {
    let server = Server::start();
    let [good, bad] = ["/bytes/1", "/status/404"].map(|path| server.url(path));
    let gates = [
        "failed<=0",
        "failed<1",
        "failed<=5%",
        "failed<=50%",
        "failed==1",
    ];
    let mut args = vec!["--format=jsonl"];
    args.extend(gates.iter().flat_map(|gate| ["--assert", gate]));
    args.extend([&good, &good, &good, &good, &good, &bad].map(String::as_str));
    let run = pfetch(&args).run().exits(3);
    let dir = Dir::new();
    let lines = dir.file("run.jsonl", &run.stdout);
    // The gates of the run, and those that are judged now.
    let again = ["--replay", &lines];
    for args in [
        again.to_vec(),
        [&again[..], &args[1..args.len() - 6]].concat(),
    ] {
        let mut run = pfetch(&args).run();
        for (gate, told) in gates.iter().zip([
            "FAILED        1 of 6 failed",
            "FAILED        1 of 6 failed",
            "FAILED        16.67 % (1 of 6 failed)",
            "held          16.67 % (1 of 6 failed)",
            "held          1 of 6 failed",
        ]) {
            run = run.prints(&format!("  gate       {gate:<24} {told}\n"));
        }
    }
    // All other figures count nothing.
    let run = pfetch(&[
        "--format=jsonl",
        "--assert=total<60s",
        "--assert=failed<=0",
        &good,
    ])
    .run();
    let of: Vec<Value> = run
        .exits(0)
        .json()
        .into_iter()
        .map(|line| line["of"].clone())
        .collect();
    assert_eq!(of[of.len() - 2..], [Value::Null, Value::from(1)]);
}

#[test]
fn an_unknown_name_in_a_gate_is_answered_with_the_known_ones() {
    let run = pfetch(&["--assert=requests>=1", "http://127.0.0.1:1/"]).run();
    let run = run.exits(2);
    for name in [
        "urls_per_second",
        "throughput",
        "total_vs_baseline",
        "p95",
        "failed",
    ] {
        run.check(name, run.stderr.contains(name));
    }
}
