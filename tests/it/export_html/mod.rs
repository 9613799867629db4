//! The HTML page as text: its content, its escaping, and its size.

mod compare;
mod histogram;
mod why;

use std::sync::Arc;
use std::time::Duration;

use crate::exhaustive::is_exhaustive;
use crate::markup::{Element, parse};
use crate::story::{HOSTILE, MS, Story, failed, skipped};
use pfetch::model::event::{Event, Listener};
use pfetch::model::origin::{OriginLimit, OriginLimits};
use pfetch::model::outcome::{FailureKind, Hop, Saved};
use pfetch::model::summary::Summary;
use pfetch::report::Baseline;
use pfetch::report::export::{Html, Markdown, Svg, Trace};
use serde_json::Value;

/// The page that a report writes of these events.
fn write(mut report: Html<Vec<u8>>, events: &[Event]) -> String {
    for event in events {
        report.event(event).expect("a vector takes everything");
    }
    report.close().expect("a vector takes everything");
    String::from_utf8(report.into_inner()).expect("the page is UTF-8")
}

fn page(events: &[Event]) -> String {
    write(Html::new(Vec::new()), events)
}

fn named<'a>(elements: &'a [Element], name: &str) -> Vec<&'a Element> {
    elements
        .iter()
        .filter(|element| element.name == name)
        .collect()
}

fn text(elements: &[Element], name: &str) -> String {
    let texts = named(elements, name)
        .into_iter()
        .map(|element| element.text.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// The rows of the data element.
fn data(elements: &[Element]) -> Vec<Value> {
    let holds_data = |element: &&Element| element.attribute("id") == Some("data");
    let element = elements.iter().find(holds_data).expect("there is data");
    serde_json::from_str(&element.text).expect("it is JSON")
}

/// A run of four URLs on two workers, one of which failed.
fn small() -> Vec<Event> {
    let story = Story::new(2);
    let mut outcomes = story.many(4, |index| MS * (100 + 50 * index as u32));
    outcomes[1] = failed(
        outcomes[1].clone(),
        FailureKind::Timeout,
        "timed out after 150ms",
    );
    let details = outcomes[2].details_mut();
    details.redirects = vec![Hop {
        url: Arc::from("http://a.example/old"),
        status: 301,
    }];
    details.final_url = Some(Arc::from("http://a.example/new"));
    outcomes[2].last.content_type = Some(Arc::new("image/png".to_owned()));
    story.run(outcomes)
}

#[test]
fn a_run_opens_with_its_verdict_and_totals() {
    let page = parse(&page(&small()));
    assert_eq!(text(&page, "h1"), "1 of 4 URLs failed");
    assert_eq!(text(&page, "dt"), "Parallel\nSerial\nSpeed-up");
    assert_eq!(
        text(&page, "dd"),
        "400.0 ms\nmeasured: first start to last finish\n\
         700.0 ms\nestimated: the sum of the requests' times\n\
         1.00× to 1.75×\nestimated: a server's limit would not be seen\n\
         best possible by these times 2.00× (2 workers)\n\
         --compare measures it"
    );
    let lead = "3 ok\n1 failed\n4.2 kB\n2 workers\n8.0 kB/s (3.2 kB of 3 ok)\n\
                7.5 successful URLs/s\n";
    let spans = text(&page, "span");
    assert!(spans.starts_with(lead), "{spans}");
    let time = named(&page, "time")[0];
    assert_eq!(time.text, "2023-11-14 22:13:20 UTC");
    assert_eq!(time.attribute("datetime"), Some("2023-11-14T22:13:20Z"));
}

#[test]
fn a_run_that_was_slowed_down_says_for_which_server() {
    let mut events = small();
    let limit = OriginLimit {
        origin: Arc::from("http://<h>:80"),
        at_once: Some(4),
        per_second: None,
        push_backs: 23,
        given_up: None,
        ..OriginLimit::default()
    };
    if let Some(Event::Ended(summary)) = events.last_mut() {
        summary.origins = OriginLimits::new(vec![limit], 7);
    }
    let items = text(&parse(&page(&events)), "li");
    let told = "<h>:80: slowed down to 4 at once (23 requests pushed back)\nand 7 more";
    assert!(items.contains(told), "{items}");
    let mut text = Vec::new();
    let mut markdown = Markdown::new(&mut text, Baseline::default());
    for event in &events {
        markdown.event(event).expect("a vector takes everything");
    }
    markdown.close().expect("a vector takes everything");
    drop(markdown);
    let text = String::from_utf8(text).expect("it is text");
    assert!(
        text.contains("| server | ") && text.contains("| and 7 more |"),
        "{text}"
    );
    assert!(
        text.contains("slowed down to 4 at once") && !text.contains("<h>"),
        "{text}"
    );
}

/// A run of 30 URLs: 3 not found, 6 timed out with a message of their own, one broken off, 20 fine.
fn of_several_reasons() -> Vec<Event> {
    let story = Story::new(4);
    let mut outcomes = story.many(30, |_| MS * 10);
    for (index, outcome) in outcomes.iter_mut().enumerate() {
        let (kind, status, message) = match index {
            3 | 5 | 7 => (FailureKind::Status, Some(404), "not found".to_owned()),
            10..16 => (FailureKind::Timeout, None, format!("timed out <{index}>")),
            20 => (FailureKind::Closed, Some(200), "broke off".to_owned()),
            _ => continue,
        };
        *outcome = failed(outcome.clone(), kind, &message);
        outcome.last.status = status;
    }
    outcomes[3].url = Arc::from("http://a.example/<b>bold</b>\u{202e}");
    story.run(outcomes)
}

#[test]
fn failures_stand_under_the_headline_grouped_by_reason() {
    let text_of = page(&of_several_reasons());
    let place = |part: &str| text_of.find(part).unwrap_or_else(|| panic!("no {part}"));
    let (headline, failures) = (place("</h1>"), place("id=\"h-failures\""));
    assert!(headline < failures && failures < place("<dl class=\"totals\""));
    let page = parse(&text_of);
    assert_eq!(
        text(&page, "h3"),
        "6 × a time limit passed\n3 × 404 not found\n1 × 200, then the connection closed early"
    );
    let urls = text(&page, "bdi");
    assert_eq!(urls.lines().count(), 5 + 3 + 1, "{urls}");
    assert!(
        urls.contains("http://a.example/<b>bold</b>\\u{202e}"),
        "{urls}"
    );
    assert!(named(&page, "b").is_empty(), "the URL is text");
    assert!(text(&page, "li").contains("and 1 more in the table below"));
    let spans = text(&page, "span");
    assert!(spans.contains("connect: timed out <10>"), "{spans}");
    let bad = page.iter().find(|e| e.name == "span" && e.has_class("bad"));
    assert_eq!(bad.map(|e| e.text.as_str()), Some("10 failed"));
    let heading = named(&page, "h1")[0];
    assert!(!heading.has_class("bad"), "{heading:?}");
}

#[test]
fn nothing_failed_and_nothing_is_said_of_failures() {
    let story = Story::new(2);
    let mut outcomes = story.many(3, |_| MS * 10);
    outcomes.push(skipped(3));
    let text = page(&story.run(outcomes));
    assert!(!text.contains("id=\"h-failures\""), "{text}");
}

#[test]
fn a_run_that_failed_as_a_whole_is_red_and_claims_no_speed_up() {
    let story = Story::new(4);
    let outcomes = story.many(2000, |_| MS * 10).into_iter();
    let outcomes = outcomes.map(|outcome| failed(outcome, FailureKind::Connect, "refused"));
    let text_of = page(&story.run(outcomes.collect()));
    let page = parse(&text_of);
    let heading = named(&page, "h1")[0];
    assert!(heading.has_class("bad"), "{heading:?}");
    assert!(!heading.text.contains("as fast"), "{heading:?}");
    assert!(
        !text(&page, "dt").contains("Speed-up"),
        "{}",
        text(&page, "dt")
    );
    assert!(text(&page, "dd").contains("no estimate: no URL succeeded"));
    assert_eq!(text(&page, "h3"), "2,000 × no connection could be made");
    // All of them say the same: once.
    assert_eq!(text(&page, "li").matches("refused").count(), 0);
    let why = page.iter().filter(|e| e.name == "p" && e.has_class("why"));
    let why: Vec<&str> = why.map(|e| e.text.as_str()).collect();
    assert_eq!(why, ["connect: refused"]);
}

#[test]
fn columns_that_no_row_has_are_left_out() {
    let story = Story::new(2);
    let hidden = |page: &[Element]| -> Vec<String> {
        let heads = named(page, "th").into_iter();
        let empty = heads.filter(|head| head.has_class("empty"));
        empty.map(|head| head.text.clone()).collect()
    };
    let none = parse(&page(&story.run(story.many(3, |_| MS))));
    assert_eq!(hidden(&none), ["Saved file", "Error"]);
    let cells = named(&none, "td")
        .into_iter()
        .filter(|td| td.has_class("empty"));
    assert_eq!(cells.count(), 2 * 3);
    assert_eq!(hidden(&parse(&page(&small()))), ["Saved file"]);
}

#[test]
fn thousands_stand_apart_everywhere() {
    let story = Story::new(8);
    let text_of = page(&story.run(story.many(20_000, |_| MS)));
    let page = parse(&text_of);
    assert!(text(&page, "h1").starts_with("All 20,000 URLs succeeded"));
    let spans = text(&page, "span");
    assert!(spans.starts_with("20,000 ok\n"), "{spans}");
    assert!(spans.contains("\n8,000 URLs/s"), "{spans}");
    let shown: Vec<&Element> = page
        .iter()
        .filter(|e| !["script", "style", "path", "svg", "rect"].contains(&e.name.as_str()))
        .collect();
    for element in shown {
        let texts = element.text.split_whitespace();
        let long = texts.filter(|word| word.len() > 4 && word.bytes().all(|b| b.is_ascii_digit()));
        // The number of a row is a name.
        let long: Vec<&str> = long.filter(|_| element.name != "td").collect();
        assert!(long.is_empty(), "{element:?}");
    }
}

/// A bar of the timeline, read back.
#[derive(Debug, Clone, PartialEq)]
struct DrawnBar {
    tooltip: String,
    /// The left end, the right end and the upper edge.
    place: [f64; 3],
    /// The classes of its parts: phases, and `failed`.
    parts: Vec<String>,
}

/// The bars of a page or a picture, in the order of the document.
fn bars(elements: &[Element]) -> Vec<DrawnBar> {
    let starts = elements
        .iter()
        .enumerate()
        .filter(|(_, element)| element.has_class("bar"));
    starts
        .map(|(start, _)| {
            let inner = elements[start + 1..].iter();
            let inner: Vec<_> = inner
                .take_while(|e| e.name == "title" || e.name == "path")
                .collect();
            let paths = &inner[1..];
            let outlines: Vec<[f64; 4]> = paths.iter().map(|path| outline(path)).collect();
            let left = |outline: &[f64; 4]| outline[0];
            let right = |outline: &[f64; 4]| outline[0] + outline[2];
            DrawnBar {
                tooltip: inner[0].text.clone(),
                place: [
                    outlines.iter().map(left).fold(f64::INFINITY, f64::min),
                    outlines.iter().map(right).fold(0.0, f64::max),
                    outlines[0][1],
                ],
                parts: paths
                    .iter()
                    .map(|path| path.attribute("class").unwrap_or_default().to_owned())
                    .collect(),
            }
        })
        .collect()
}

/// Left, top, width and height of a path `M58 24h222v14h-222z`.
fn outline(path: &Element) -> [f64; 4] {
    let data = path.attribute("d").expect("a path has data");
    let mut numbers = data
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|number| number.parse().ok());
    std::array::from_fn(|_| numbers.next().expect("a rectangle has four numbers"))
}

fn close(found: [f64; 3], expected: [f64; 3]) -> bool {
    let mut pairs = found.iter().zip(expected);
    pairs.all(|(found, expected)| (found - expected).abs() < 0.05)
}

#[test]
fn a_request_is_a_bar_in_its_workers_lane() {
    let bars = bars(&parse(&page(&small())));
    // Two lanes; the whole 400 ms are 850 wide from 120 on.
    let expected = [
        [120.0, 332.5, 60.0],
        [120.0, 438.75, 78.0],
        [332.5, 757.5, 60.0],
        [438.75, 970.0, 78.0],
    ];
    assert_eq!(bars.len(), expected.len());
    for (bar, expected) in bars.iter().zip(expected) {
        assert!(close(bar.place, expected), "{bar:?} is not at {expected:?}");
    }
    let phases = ["blocked", "dns", "connect", "send", "wait", "receive"];
    assert_eq!(bars[0].parts, phases, "there was no TLS");
    assert_eq!(bars[1].parts.last().map(String::as_str), Some("failed"));
    assert_eq!(
        bars[2].tooltip,
        "http://host2.example/path/to/page-2.html · 200 · 200.0 ms (blocked 10.0 ms, dns 10.0 ms, \
         connect 30.0 ms, send 2.0 ms, wait 108.0 ms, receive 40.0 ms)"
    );
}

#[test]
fn repeats_within_an_attempt_count_as_in_the_other_reports() {
    let story = Story::new(1);
    let mut repeated = story.ok(0, 0, Duration::ZERO, MS * 100);
    // Sent again at once, because an idle connection had been closed.
    repeated.last.requests = 2;
    let page = page(&story.run(vec![repeated, story.ok(1, 0, MS * 100, MS * 100)]));
    let page = parse(&page);
    assert_eq!(bars(&page).len(), 2);
    let captions = text(&page, "figcaption");
    assert!(
        captions.contains("run: 3 attempts on 1 worker in "),
        "{captions}"
    );
}

/// Two attempts that fail and one that does not, each on a worker, beside two URLs at the first attempt.
fn retried() -> Vec<Event> {
    let story = Story::new(2);
    let attempt = |worker, start, took| story.ok(0, worker, MS * start, MS * took);
    let fail = |outcome| failed(outcome, FailureKind::Status, "service unavailable").last;
    let mut last = attempt(0, 620, 80);
    last.follow(vec![fail(attempt(0, 0, 300)), fail(attempt(1, 310, 300))]);
    let others = [(1, 0), (2, 100)];
    let others = others.map(|(index, start)| story.ok(index, 1, MS * start, MS * 100));
    story.run(others.into_iter().chain([last]).collect())
}

#[test]
fn every_attempt_is_a_bar_and_makes_its_worker_busy() {
    let text_of = page(&retried());
    let page = parse(&text_of);
    let drawn = bars(&page);
    assert_eq!(drawn.len(), 5, "{drawn:#?}");
    let failures = drawn
        .iter()
        .filter(|bar| bar.parts.contains(&"failed".to_owned()));
    assert_eq!(failures.count(), 2);
    // 880 of 1400 ms.
    let captions = text(&page, "figcaption");
    let busy = "The parallel run: 5 attempts on 2 workers in 700.0 ms, busy 63 % of the time.";
    assert!(captions.contains(busy), "{captions}");
    let cells = text(&page, "td");
    assert!(
        cells.starts_with("2\n1\n380.0 ms\n54 %\n3\n1\n500.0 ms\n71 %\n"),
        "{cells}"
    );
}

#[test]
fn page_picture_and_trace_have_the_same_attempts() {
    let in_page = bars(&parse(&page(&retried())));
    let mut picture = Vec::new();
    let mut trace = Vec::new();
    let mut svg = Svg::new(&mut picture);
    let mut slices = Trace::new(&mut trace);
    for event in retried() {
        svg.event(&event).expect("memory can be written");
        slices.event(&event).expect("memory can be written");
    }
    svg.close().expect("memory can be written");
    slices.close().expect("memory can be written");
    let picture = String::from_utf8(picture).expect("XML is UTF-8");
    let in_picture = bars(&parse(&format!("<!DOCTYPE html>{picture}")));
    // The picture has no heading, but a title.
    let lower = in_picture[0].place[2] - in_page[0].place[2];
    for (bar, other) in in_page.iter().zip(&in_picture) {
        assert_eq!((&bar.tooltip, &bar.parts), (&other.tooltip, &other.parts));
        let [left, right, top] = bar.place;
        assert!(close([left, right, top + lower], other.place), "{bar:?}");
    }
    assert_eq!(in_page.len(), in_picture.len());
    let trace: Value = serde_json::from_slice(&trace).expect("it is JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let attempts = events.iter().filter(|event| {
        event["cat"]
            .as_str()
            .is_some_and(|cat| cat.starts_with("url"))
    });
    assert_eq!(attempts.count(), in_page.len());
    // And the same colours.
    let style = picture.split_once("<style>").expect("it has a style").1;
    let style = style.split_once("</style>").expect("it ends").0;
    assert!(page(&retried()).contains(style.trim()));
}

/// The pictures of a page.
fn plots(page: &[Element]) -> Vec<&Element> {
    let is_plot = |element: &&Element| element.attribute("role") == Some("img");
    page.iter().filter(is_plot).collect()
}

#[test]
fn every_plot_has_a_text_beside_it() {
    let page = parse(&page(&small()));
    let plots = plots(&page);
    assert_eq!(plots.len(), 2);
    let ids: Vec<&str> = page.iter().filter_map(|e| e.attribute("id")).collect();
    for plot in plots {
        let labels = plot.attribute("aria-labelledby").expect("it has a label");
        assert!(
            labels.split(' ').all(|label| ids.contains(&label)),
            "{labels}"
        );
    }
    let captions = text(&page, "figcaption");
    let timeline = "The parallel run: 4 attempts on 2 workers in 400.0 ms, busy 87 % of the time.";
    assert!(captions.contains(timeline), "{captions}");
    let times = "Half of 3 URLs took at most 200.1 ms, 95 of 100 at most 250.0 ms, \
                 the slowest 250.0 ms.";
    assert!(captions.contains(times), "{captions}");
    assert_eq!(
        text(&page, "summary"),
        "Workers as a table\nDistribution as a table"
    );
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice: {ids:?}");
}

#[test]
fn the_table_is_there_for_readers_and_for_the_script() {
    let page = parse(&page(&small()));
    let cells: Vec<&str> = named(&page, "td")
        .iter()
        .map(|cell| cell.text.as_str())
        .collect();
    let cells = &cells[cells.len() - 44..];
    assert_eq!(
        cells[11..22],
        [
            "2",
            "",
            "failed",
            "150.0 ms",
            "120.0 ms",
            "1.0 kB",
            "1",
            "1",
            "http://host1.example/path/to/page-1.html",
            "",
            "connect: timed out after 150ms"
        ]
    );
    let data = data(&page);
    assert_eq!(data.len(), 4);
    assert_eq!(
        data[2].to_string(),
        r#"[3,200,"ok",0.2,0.16,1074,0,1,"http://host2.example/path/to/page-2.html",null,null,[0.1,[0.01,0.01,0.03,null,0.002,0.108,0.04],"http://a.example/new",[[301,"http://a.example/old"]],"image/png"]]"#
    );
}

#[test]
fn hostile_text_stays_text_everywhere() {
    let story = Story::new(1);
    let hostile: Arc<str> = Arc::from(format!("http://a.example/{HOSTILE}"));
    let mut outcome = failed(
        story.ok(0, 0, Duration::ZERO, MS),
        FailureKind::Protocol,
        HOSTILE,
    );
    outcome.url = Arc::clone(&hostile);
    let details = outcome.details_mut();
    details.final_url = Some(Arc::clone(&hostile));
    details.redirects = vec![Hop {
        url: Arc::clone(&hostile),
        status: 302,
    }];
    details.saved = Some(Saved {
        path: HOSTILE.into(),
        bytes: 1,
        sha256: None,
        resumed_from: None,
    });
    let mut events = story.run(vec![outcome]);
    events.insert(1, Event::Warning(HOSTILE.to_owned()));
    let text = page(&events);
    assert_eq!(
        text.matches("<script").count(),
        2,
        "the data and the script"
    );
    for hostile in ["<img", "<!--", "\u{2028}", "\u{202e}", "onerror=alert(1)>"] {
        assert!(!text.contains(hostile), "{hostile:?} is there");
    }
    let page = parse(&text);
    let row = &data(&page)[0];
    assert!(
        row[8]
            .as_str()
            .is_some_and(|url| url.contains("</script><script>")),
        "{row}"
    );
    let cells = named(&page, "td")
        .iter()
        .filter(|td| td.text.contains("<img src=x"))
        .count();
    assert_eq!(cells, 3, "URL, file and error");
}

#[test]
fn the_policy_allows_this_style_and_this_script_and_nothing_else() {
    let page = parse(&page(&small()));
    let is_policy = |e: &&Element| e.attribute("http-equiv") == Some("Content-Security-Policy");
    let policy = page
        .iter()
        .find(is_policy)
        .and_then(|e| e.attribute("content"));
    let policy = policy.expect("there is a policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    // What inline styles and handlers there were would be blocked.
    for element in &page {
        for name in ["style", "onclick", "onload", "src", "href"] {
            assert_eq!(element.attribute(name), None, "{element:?}");
        }
    }
}

#[test]
fn nothing_and_next_to_nothing_make_a_page() {
    let story = Story::new(4);
    let empty = parse(&page(&story.run(Vec::new())));
    assert_eq!(text(&empty, "h1"), "There was nothing to fetch");
    assert!(text(&empty, "dd").contains("no estimate: nothing was fetched"));
    assert!(named(&empty, "svg").is_empty());
    assert!(data(&empty).is_empty());
    // Without so much as a beginning.
    parse(&page(&[Event::Ended(Summary::default())]));
    // One that took no time at all.
    let instant = story.ok(0, 0, Duration::ZERO, Duration::ZERO);
    let one = parse(&page(&story.run(vec![instant])));
    assert_eq!(text(&one, "h1"), "The URL succeeded");
    let one = story.ok(0, 0, Duration::ZERO, 20 * MS);
    let one = parse(&page(&story.run(vec![one])));
    assert_eq!(plots(&one).len(), 1, "one time has no distribution");
    // There is nothing to be parallel with, nor a rate.
    assert_eq!(text(&one, "dt"), "Time");
    assert_eq!(text(&one, "dd"), "20.0 ms\nmeasured");
    let spans = text(&one, "span");
    assert!(!spans.contains("URLs/s"), "{spans}");
}

#[test]
fn a_stopped_run_says_so_and_estimates_nothing() {
    let story = Story::new(2);
    let mut outcomes = story.many(3, |_| 100 * MS);
    outcomes.extend([skipped(3), skipped(4)]);
    // Stopped while its body came.
    outcomes[3].last.status = Some(200);
    let page = parse(&page(&story.run(outcomes)));
    assert_eq!(text(&page, "h1"), "Stopped early: 3 of 5 URLs done");
    assert!(text(&page, "dd").contains("no estimate: the run was stopped"));
    assert!(text(&page, "td").contains("stopped before it was started"));
    let statuses = text(&page, "p");
    assert!(statuses.contains("\n3 × 200\n"), "{statuses}");
}

#[test]
fn the_baseline_may_be_left_out() {
    let report = Html::new(Vec::new()).baseline(Baseline::None);
    let page = parse(&write(report, &small()));
    assert_eq!(text(&page, "h1"), "1 of 4 URLs failed");
    assert!(text(&page, "dd").contains("no estimate was made"));
}

/// A hundred thousand URLs in CI, fifty thousand elsewhere (see [`is_exhaustive`]).
#[test]
fn many_urls_make_a_page_of_bounded_size() {
    let (count, shown, failures, all) = if is_exhaustive() {
        (100_000, "100,000", "every 4th failure", "every 64th")
    } else {
        (50_000, "50,000", "every 2nd failure", "every 32nd")
    };
    let story = Story::new(300);
    let took = |index: u64| Duration::from_micros(500 + index * index % 1_000_003);
    let mut outcomes = story.many(count, took);
    for outcome in outcomes.iter_mut().step_by(20) {
        *outcome = failed(outcome.clone(), FailureKind::Protocol, &HOSTILE.repeat(20));
        outcome.url = Arc::from(format!("http://a.example/{}", "<&>".repeat(1000)));
    }
    let text_of = page(&story.run(outcomes));
    assert!(text_of.len() < 3_000_000, "{} bytes", text_of.len());
    let page = parse(&text_of);
    let notes = text(&page, "p");
    assert!(
        notes.contains(&format!(
            "{shown} URLs in all. Of more than 5,000 URLs the table holds {failures}, \
             the 1,000 slowest, and {all} of all"
        )),
        "{notes}"
    );
    let captions = text(&page, "figcaption");
    assert!(captions.contains("there are no single bars"), "{captions}");
    let lanes = text(&page, "text");
    assert!(lanes.contains("workers 0–15\n"), "{lanes}");
    assert!(
        notes.contains(&format!("{shown} attempts: a column of ")),
        "{notes}"
    );
    let indices: Vec<u64> = data(&page)
        .iter()
        .filter_map(|row| row[0].as_u64())
        .collect();
    assert!((1000..=5000).contains(&indices.len()), "{}", indices.len());
    assert!(indices.is_sorted());
    // The reader without a script has 200, and is told.
    assert_eq!(
        page.iter()
            .filter(|e| e.name == "tr" && e.attribute("class").is_some())
            .count(),
        200
    );
    assert!(
        notes.contains("Without JavaScript, these are 200 of"),
        "{notes}"
    );
}

#[test]
fn an_error_of_the_writer_is_passed_on() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut report = Html::new(Full);
    let end = Event::Ended(Summary::default());
    report.event(&end).expect("nothing is written yet");
    let error = report.close().expect_err("there is no room");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}
