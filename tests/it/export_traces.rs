//! The exports with times: HAR, trace events, and the SVG timeline.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Instant;

use pfetch::model::event::{AssertionResult, AssertionVerdict, Event, Listener};
use pfetch::model::measurement::{Arm, ArmRun};
use pfetch::model::summary::Summary;
use pfetch::report::export::{Har, Svg, Trace};
use serde_json::Value;

use crate::exhaustive::is_exhaustive;
use crate::moments::{comparison, empty, hostile, many, small};
use crate::story::{MS, Story};

/// Passes these events to a listener that writes to `out`.
fn written<'a, L: Listener>(
    make: impl FnOnce(&'a mut Vec<u8>) -> L,
    out: &'a mut Vec<u8>,
    events: impl IntoIterator<Item = Event>,
) {
    let mut listener = make(out);
    for event in events {
        listener.event(&event).expect("memory can be written");
    }
    listener.close().expect("memory can be written");
}

fn har(events: impl IntoIterator<Item = Event>) -> String {
    let mut out = Vec::new();
    written(Har::new, &mut out, events);
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn trace(events: impl IntoIterator<Item = Event>) -> String {
    let mut out = Vec::new();
    written(Trace::new, &mut out, events);
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn svg(events: impl IntoIterator<Item = Event>) -> String {
    let mut out = Vec::new();
    written(Svg::new, &mut out, events);
    String::from_utf8(out).expect("XML is UTF-8")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

/// Asserts that a text equals a file of `tests/data/traces`, but for the version.
fn assert_is(text: &str, file: &str) {
    let path = format!("{}/tests/data/traces/{file}", env!("CARGO_MANIFEST_DIR"));
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let creator = format!("pfetch {}", env!("CARGO_PKG_VERSION"));
    let text = text
        .replace(&version, "\"version\":\"0\"")
        .replace(&creator, "pfetch 0");
    let expected = std::fs::read_to_string(&path).expect("the expected output can be read");
    assert!(
        text == expected,
        "{path} has\n{expected}\nbut this was written:\n{text}"
    );
}

#[test]
fn a_small_run_is_written_to_the_byte() {
    assert_is(&har(small()), "small.har");
    assert_is(&trace(small()), "small.trace.json");
    assert_is(&svg(small()), "small.svg");
}

#[test]
fn a_run_of_nothing_is_a_whole_file_all_the_same() {
    assert_is(&har(empty()), "empty.har");
    assert_is(&trace(empty()), "empty.trace.json");
    assert_is(&svg(empty()), "empty.svg");
}

#[test]
fn a_comparison_has_both_arms() {
    assert_is(&har(comparison()), "comparison.har");
    assert_is(&trace(comparison()), "comparison.trace.json");
    assert_is(&svg(comparison()), "comparison.svg");
}

/// CVE-2004-1488, GHSA-364c-vvqx-446c.
#[test]
fn text_from_outside_is_only_text() {
    for text in [har(hostile()), trace(hostile())] {
        parsed(&text);
        assert!(text.is_ascii(), "{text}");
        assert!(text.bytes().all(|b| b == b'\n' || b >= b' '), "{text}");
    }
    let text = svg(hostile());
    let picture = roxmltree::Document::parse(&text).expect("XML");
    let names: BTreeSet<_> = picture
        .descendants()
        .filter(roxmltree::Node::is_element)
        .map(|node| node.tag_name().name())
        .collect();
    let own = ["desc", "g", "path", "rect", "style", "svg", "text", "title"];
    assert_eq!(names, own.into());
    assert!(!text.contains(['\x1b', '\u{202e}']), "{text}");
    let titles = picture.descendants().filter(|n| n.has_tag_name("title"));
    let said = titles
        .filter_map(|n| n.text())
        .any(|t| t.contains("<script>"));
    assert!(said, "{text}");
}

#[test]
fn the_archive_keeps_to_the_format() {
    for events in [small(), empty(), comparison(), hostile()] {
        let archive = parsed(&har(events));
        let log = &archive["log"];
        let pages: Vec<_> = log["pages"].as_array().expect("pages").iter().collect();
        for entry in log["entries"].as_array().expect("entries") {
            let timings = entry["timings"].as_object().expect("timings");
            let time = |name: &str| timings[name].as_f64().expect("a number");
            for name in ["send", "wait", "receive"] {
                assert!(time(name) >= 0.0, "{name} may not be absent: {entry}");
            }
            if time("ssl") >= 0.0 {
                assert!(
                    time("connect") >= time("ssl"),
                    "ssl is part of connect: {entry}"
                );
            }
            let parts = ["blocked", "dns", "connect", "send", "wait", "receive"];
            let sum: f64 = parts
                .iter()
                .map(|name| time(name))
                .filter(|t| *t >= 0.0)
                .sum();
            let total = entry["time"].as_f64().expect("a number");
            assert!((sum - total).abs() < 1e-6, "{sum} is not {total}: {entry}");
            if let Some(page) = entry.get("pageref") {
                assert!(pages.iter().any(|p| p["id"] == *page), "no page {page}");
            }
        }
    }
}

/// Asserts that slices nest on each thread, as viewers need it, and returns their number.
fn assert_nests(trace: &Value) -> usize {
    let mut lanes: BTreeMap<(u64, u64), Vec<(i64, i64)>> = BTreeMap::new();
    let mut named = BTreeSet::new();
    let mut slices = 0;
    for event in trace["traceEvents"].as_array().expect("events") {
        let number = |name: &str| event[name].as_i64().expect("a number");
        let lane = (number("pid") as u64, number("tid") as u64);
        if event["ph"] == "M" {
            assert!(
                named.insert((event["name"].to_string(), lane)),
                "named twice: {event}"
            );
            continue;
        }
        slices += 1;
        assert!(number("dur") >= 0, "{event}");
        lanes
            .entry(lane)
            .or_default()
            .push((number("ts"), -number("dur")));
    }
    for slices in lanes.values_mut() {
        // By start, and the longer first; the sort is stable.
        slices.sort();
        let mut open: Vec<i64> = Vec::new();
        for (start, length) in slices {
            let end = *start - *length;
            while open.last().is_some_and(|outer| outer <= start) {
                open.pop();
            }
            assert!(
                open.last().is_none_or(|outer| end <= *outer),
                "{start} to {end}"
            );
            open.push(end);
        }
    }
    slices
}

#[test]
fn slices_nest() {
    for (events, slices) in [(small(), 24), (empty(), 0), (comparison(), 112)] {
        assert_eq!(assert_nests(&parsed(&trace(events))), slices);
    }
}

/// A writer that counts bytes.
#[derive(Default)]
struct Counting {
    bytes: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A hundred thousand URLs in CI, ten thousand elsewhere (see [`is_exhaustive`]).
#[test]
fn many_urls_are_written_as_they_come_and_drawn_small() {
    let (count, shown) = if is_exhaustive() {
        (100_000, "100,000 attempts: a column of ")
    } else {
        (10_000, "10,000 attempts: a column of ")
    };
    let base = Instant::now();
    for text in [har(many(base, count, 32)), trace(many(base, count, 32))] {
        let whole = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        assert!(whole.is_ok(), "{whole:?}");
        assert!(text.lines().count() > count);
    }
    assert!(assert_nests(&parsed(&trace(many(base, 5000, 32)))) > 5000);
    for workers in [32, 500] {
        let text = svg(many(base, count, workers));
        assert!(
            text.len() < 700_000,
            "{} bytes for {workers} workers",
            text.len()
        );
        roxmltree::Document::parse(&text).expect("XML");
        assert!(text.contains(shown), "{}", &text[..4000]);
    }
    // Nothing is kept back: all but the end is out before the end.
    let mut out = Counting::default();
    let mut listener = Trace::new(&mut out);
    let mut events: Vec<_> = many(base, 1000, 4).collect();
    events.pop();
    for event in &events {
        listener.event(event).expect("memory can be written");
    }
    assert!(out.bytes > 100_000, "{} bytes", out.bytes);
}

#[test]
fn up_to_two_thousand_attempts_have_a_bar_each() {
    let base = Instant::now();
    for (count, bars) in [(2000, 2000), (2001, 0)] {
        let text = svg(many(base, count, 40));
        let picture = roxmltree::Document::parse(&text).expect("XML");
        let titles = picture.descendants().filter(|n| n.has_tag_name("title"));
        assert_eq!(titles.count(), bars + 1, "of {count}");
        assert!(text.len() < 1_300_000, "{} bytes", text.len());
    }
}

/// The texts of a picture.
fn texts(picture: &roxmltree::Document<'_>) -> Vec<String> {
    let texts = picture.descendants().filter(|n| n.has_tag_name("text"));
    let text = |node: roxmltree::Node<'_, '_>| {
        let parts = node.descendants().filter(|part| part.is_text());
        parts.filter_map(|part| part.text()).collect()
    };
    texts.map(text).collect()
}

#[test]
fn the_picture_of_a_sweep_is_its_curve() {
    let text = svg(Story::new(8).swept(&[
        (1, &[8.0, 8.2]),
        (2, &[4.1, 4.0]),
        (4, &[2.1, 2.2]),
        (8, &[2.1, 2.1]),
    ]));
    let picture = roxmltree::Document::parse(&text).expect("XML");
    let count = |name| {
        let elements = picture.descendants();
        elements.filter(|n| n.has_tag_name(name)).count()
    };
    // One of the points is the legend's.
    assert_eq!((count("circle"), count("polyline")), (5, 1), "{text}");
    let is_bar = |n: &roxmltree::Node<'_, '_>| n.attribute("class") == Some("bar");
    assert!(!picture.descendants().any(|n| is_bar(&n)), "{text}");
    let texts = texts(&picture);
    for expected in [
        "pfetch: time by number of workers",
        "4 workers are enough: 3.77 times as fast as 1.",
        "2.10 s with 8 workers was the shortest time. 4 workers come within 5 % of it, fewer do not.",
        "median of the runs",
        "95 % interval",
        "fitted to the points (Universal Scalability Law)",
        "knee: 4",
        "1",
        "2",
        "4",
        "8",
        "workers",
        "2 s",
    ] {
        let found = texts.iter().any(|text| text == expected);
        assert!(found, "{expected:?} is not in {texts:#?}");
    }
}

/// Gates that held, failed and had no figure.
fn gates() -> Vec<Event> {
    let judged = |assertion: &str, value, verdict, why: &str| {
        Event::Assertion(AssertionResult {
            assertion: assertion.to_owned(),
            value,
            interval: None,
            unit: "s",
            verdict,
            why: why.to_owned(),
            of: None,
        })
    };
    vec![
        judged("p95<500ms", Some(0.25), AssertionVerdict::Held, ""),
        judged("total<1s", Some(2.0), AssertionVerdict::Failed, ""),
        judged(
            "ttfb_p95<1s",
            None,
            AssertionVerdict::Unknown,
            "<b> \u{202e}no URL",
        ),
    ]
}

#[test]
fn a_picture_of_a_comparison_is_titled_with_the_means_and_the_speedup() {
    let mut events = Story::new(4).compared(3, 12, &[]);
    events.pop();
    let compared = crate::story::comparison(4, 12, vec![4.0, 4.2, 4.1], vec![1.0, 1.0, 1.1], &[]);
    events.push(Event::Compared(compared));
    let text = svg(events);
    let title = "pfetch: 12 URLs, 4.10 s serial, 1.03 s parallel (geometric means): speed-up 3.97×";
    assert!(text.contains(&format!(">{title}</title>")), "{text}");
}

#[test]
fn a_sweep_of_one_number_of_workers_is_drawn_as_its_run() {
    let text = svg(Story::new(8).swept(&[(8, &[2.0, 2.1])]));
    assert!(!text.contains("time by number of workers"), "{text}");
    assert!(text.contains("worker 0"), "{text}");
}

#[test]
fn pictures_of_runs_and_of_sweeps_show_the_gates_below_the_title() {
    let swept = || Story::new(8).swept(&[(1, &[8.0, 8.2]), (2, &[4.1, 4.0])]);
    for (plain, text) in [
        (svg(small()), svg(small().into_iter().chain(gates()))),
        (svg(swept()), svg(swept().into_iter().chain(gates()))),
    ] {
        let picture = roxmltree::Document::parse(&text).expect("XML");
        let gates: Vec<_> = picture
            .descendants()
            .filter(|n| {
                n.has_tag_name("text") && n.text().is_some_and(|text| text.starts_with("gate "))
            })
            .map(|n| (n.attribute("class"), n.text(), n.attribute("y")))
            .collect();
        assert_eq!(
            gates,
            [
                (
                    Some("good"),
                    Some("gate p95<500ms held: 250.0 ms"),
                    Some("52")
                ),
                (
                    Some("bad"),
                    Some("gate total<1s failed: 2.00 s"),
                    Some("70")
                ),
                (
                    Some("bad"),
                    Some("gate ttfb_p95<1s unknown: <b> \\u{202e}no URL"),
                    Some("88")
                ),
            ],
            "{text}"
        );
        let height = |text: &str| {
            let picture = roxmltree::Document::parse(text).expect("XML");
            let height = picture
                .root_element()
                .attribute("height")
                .expect("a height");
            height.parse::<f64>().expect("a number")
        };
        assert_eq!(height(&text) - height(&plain), 3.0 * 18.0);
        let description = picture.descendants().find(|n| n.has_tag_name("desc"));
        let description = description.and_then(|n| n.text()).unwrap_or_default();
        assert!(
            description.contains("Gate total<1s failed: 2.00 s."),
            "{description}"
        );
    }
}

#[test]
fn a_trace_has_the_gates_among_its_other_data() {
    let trace = parsed(&trace(small().into_iter().chain(gates())));
    let gates = &trace["otherData"]["gates"];
    assert_eq!(
        gates[1],
        serde_json::json!({"gate": "total<1s", "verdict": "failed", "figure": "2.00 s"}),
        "{gates}"
    );
    assert_eq!(gates[2]["figure"], "<b> \\u{202e}no URL", "{gates}");
}

#[test]
fn nothing_is_drawn_of_a_run_that_did_not_end() {
    let mut events = small();
    events.pop();
    assert_eq!(svg(events), "");
}

#[test]
fn a_fitted_line_far_from_the_points_does_not_make_them_small() {
    // No law has both of these times.
    let text = svg(Story::new(8).swept(&[
        (1, &[1.0, 1.0]),
        (2, &[0.9, 0.9]),
        (4, &[0.1, 0.1]),
        (8, &[0.1, 0.1]),
    ]));
    let picture = roxmltree::Document::parse(&text).expect("XML");
    let line = picture.descendants().find(|n| n.has_tag_name("polyline"));
    let line = line
        .and_then(|n| n.attribute("points"))
        .expect("a fitted line");
    let heights: Vec<f64> = line
        .split_whitespace()
        .filter_map(|point| point.split_once(',')?.1.parse().ok())
        .collect();
    assert!(heights.len() > 10, "{line}");
    // Not along the upper edge, where a time beyond the scale would be put.
    let at_edge = heights.iter().filter(|y| **y <= 56.0).count();
    assert!(at_edge <= 1, "{line}");
}

#[test]
fn the_picture_of_a_stopped_sweep_says_which_run_it_shows() {
    let mut events = vec![Story::new(4).started()];
    for workers in [1, 4] {
        let story = Story::new(workers);
        events.push(Event::ArmStarted(ArmRun {
            arm: Arm::Parallel,
            pair: 1,
            workers,
            done: 0,
            of: 6,
            most: 0,
        }));
        let outcomes = story.many(4, |_| MS * 50).into_iter();
        events.extend(outcomes.map(Event::Finished));
        events.push(Event::ArmEnded(Summary::default()));
    }
    events.push(Event::Ended(Summary::default()));
    let text = svg(events);
    let picture = roxmltree::Document::parse(&text).expect("XML");
    assert_eq!(
        texts(&picture)[0],
        "pfetch: 4 URLs in 50.0 ms (the last run with 4 workers)"
    );
}

#[test]
fn a_second_end_writes_nothing_more() {
    let ends = || small().into_iter().chain(empty().into_iter().skip(1));
    assert_eq!(har(ends()), har(small()));
    assert_eq!(trace(ends()), trace(small()));
    assert_eq!(svg(ends()), svg(small()));
}
