//! The exports with times: HAR, trace events, and the SVG timeline.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Instant;

use pfetch::model::event::{Event, Listener};
use pfetch::model::measurement::{Arm, ArmRun};
use pfetch::model::summary::Summary;
use pfetch::report::export::{Har, Svg, Trace};
use serde_json::Value;

use crate::exhaustive::is_exhaustive;
use crate::export::events::with_assertions;
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

#[test]
fn assertions_are_instants_at_the_end_of_the_trace() {
    let slices = parsed(&trace(with_assertions(small())));
    let events = slices["traceEvents"].as_array().expect("events");
    let ends = events.iter().filter(|event| event["ph"] == "X");
    let last = ends.map(|slice| {
        let part = |name: &str| slice[name].as_i64().expect("microseconds");
        part("ts") + part("dur")
    });
    let last = last.max();
    let gates: Vec<&Value> = events
        .iter()
        .filter(|event| event["cat"] == "gate")
        .collect();
    let told: Vec<[&str; 2]> = gates
        .iter()
        .map(|gate| {
            assert_eq!(
                (&gate["ph"], &gate["s"]),
                (&"i".into(), &"g".into()),
                "{gate}"
            );
            assert_eq!(gate["ts"].as_i64(), last, "{gate}");
            [&gate["name"], &gate["args"]["figure"]].map(|text| text.as_str().expect("text"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ["gate failed<=1%: held", "0.50 %"],
            ["gate speedup>=2: failed", "1.25x"],
            [
                "gate total<2s: inconclusive",
                "2.00 s (95 % interval 1.50 s … 2.50 s)"
            ],
            ["gate p95<1s: unknown", "no URL <succeeded>"],
        ]
    );
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
    assert_eq!((count("circle"), count("polyline")), (4, 1), "{text}");
    let is_bar = |n: &roxmltree::Node<'_, '_>| n.attribute("class") == Some("bar");
    assert!(!picture.descendants().any(|n| is_bar(&n)), "{text}");
    let texts = texts(&picture);
    for expected in [
        "pfetch: time by number of workers",
        "4 workers are enough: 3.77 times as fast as 1.",
        "2.10 s with 8 workers was the shortest time. The knee is 4 workers: the fewest that come within 5 % of the best.",
        "The bars are 95 % intervals, the line is a law fitted to the points.",
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
