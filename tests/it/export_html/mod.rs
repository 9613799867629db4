//! The page as text: what stands in it, what cannot get out of its place, and how large it grows.

mod compare;

use std::sync::Arc;
use std::time::Duration;

use crate::markup::{Element, parse};
use crate::story::{HOSTILE, MS, Story, failed, skipped};
use pfetch::model::event::{Event, Listener};
use pfetch::model::outcome::{FailureKind, Hop, Saved};
use pfetch::model::summary::Summary;
use pfetch::report::Baseline;
use pfetch::report::export::Html;
use serde_json::Value;

/// What the report says of these events.
fn told(mut report: Html<Vec<u8>>, events: &[Event]) -> String {
    for event in events {
        report.event(event).expect("a vector takes everything");
    }
    report.close().expect("a vector takes everything");
    String::from_utf8(report.into_inner()).expect("the page is UTF-8")
}

fn page(events: &[Event]) -> String {
    told(Html::new(Vec::new()), events)
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

/// The rows that the script works on.
fn data(elements: &[Element]) -> Vec<Value> {
    let holds_data = |element: &&Element| element.attribute("id") == Some("data");
    let element = elements.iter().find(holds_data).expect("there is data");
    serde_json::from_str(&element.text).expect("it is JSON")
}

/// Four on two workers, one of them failed.
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
    story.run(outcomes)
}

#[test]
fn a_run_opens_with_its_verdict_and_totals() {
    let page = parse(&page(&small()));
    let heading = "1 of 4 URLs failed, an estimated 1.75× as fast as one after the other";
    assert_eq!(text(&page, "h1"), heading);
    assert_eq!(text(&page, "dt"), "Parallel\nSerial\nSpeed-up");
    assert_eq!(
        text(&page, "dd"),
        "400.0 ms\nmeasured: first start to last finish\n\
         700.0 ms\nestimated: the sum of the per-URL times\n\
         1.75×\nestimated\nat best 2.00× here: 2 workers"
    );
    let lead = "3 ok · 1 failed · 4.2 kB · 2 workers · 10.6 kB/s · 10.0 URLs/s · ";
    assert!(text(&page, "p").contains(lead), "{}", text(&page, "p"));
    assert_eq!(text(&page, "time"), "2023-11-14T22:13:20Z");
}

#[test]
fn a_request_is_a_bar_in_its_workers_lane() {
    let page = parse(&page(&small()));
    let bars: Vec<_> = page
        .iter()
        .filter(|element| element.has_class("bar"))
        .collect();
    let place = |bar: &Element| {
        ["x", "y", "width"].map(|name| bar.attribute(name).unwrap_or_default().to_owned())
    };
    // Two lanes; the whole 400 ms are 888 wide from 58 on.
    assert_eq!(
        bars.iter().map(|bar| place(bar)).collect::<Vec<_>>(),
        [
            ["58.0", "24.0", "222.0"],
            ["58.0", "44.0", "333.0"],
            ["280.0", "24.0", "444.0"],
            ["391.0", "44.0", "555.0"],
        ]
    );
    let failures: Vec<bool> = bars.iter().map(|bar| bar.has_class("failure")).collect();
    assert_eq!(failures, [false, true, false, false]);
    // The last bar's phases follow one another: 12.5 for 5 % blocked, then the look-up.
    let phase = |name| page.iter().find(|e| e.name == "path" && e.has_class(name));
    let path = phase("blocked")
        .and_then(|path| path.attribute("d"))
        .expect("it is drawn");
    assert!(path.ends_with("M391.0 44.0h27.8v16.0h-27.8z"), "{path}");
    let path = phase("dns")
        .and_then(|path| path.attribute("d"))
        .expect("it is drawn");
    assert!(path.ends_with("M418.8 44.0h27.8v16.0h-27.8z"), "{path}");
    assert!(phase("ssl").is_none(), "there was none");
}

#[test]
fn every_plot_has_a_text_beside_it() {
    let page = parse(&page(&small()));
    let plots: Vec<_> = page
        .iter()
        .filter(|e| e.attribute("role") == Some("img"))
        .collect();
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
    let timeline = "The parallel run: 4 requests on 2 workers in 400.0 ms, busy 87 % of the time.";
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
        r#"[3,200,"ok",0.2,0.16,1074,0,1,"http://host2.example/path/to/page-2.html",null,null,[0.1,[0.01,0.01,0.03,null,0.002,0.108,0.04],"http://a.example/new",[[301,"http://a.example/old"]]]]"#
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
    assert_eq!(named(&one, "svg").len(), 2);
}

#[test]
fn a_stopped_run_says_so_and_estimates_nothing() {
    let story = Story::new(2);
    let mut outcomes = story.many(3, |_| 100 * MS);
    outcomes.extend([skipped(3), skipped(4)]);
    let page = parse(&page(&story.run(outcomes)));
    assert_eq!(text(&page, "h1"), "Stopped early: 3 of 5 URLs done");
    assert!(text(&page, "dd").contains("no estimate: the run was stopped"));
    assert!(text(&page, "td").contains("stopped before it was started"));
}

#[test]
fn the_baseline_may_be_left_out() {
    let report = Html::new(Vec::new()).baseline(Baseline::None);
    let page = parse(&told(report, &small()));
    assert_eq!(text(&page, "h1"), "1 of 4 URLs failed");
    assert!(text(&page, "dd").contains("no estimate was made"));
}

#[test]
fn a_hundred_thousand_urls_make_a_page_of_bounded_size() {
    let story = Story::new(300);
    let took = |index: u64| Duration::from_micros(500 + index * index % 1_000_003);
    let mut outcomes = story.many(100_000, took);
    for outcome in outcomes.iter_mut().step_by(20) {
        *outcome = failed(outcome.clone(), FailureKind::Protocol, &HOSTILE.repeat(20));
        outcome.url = Arc::from(format!("http://a.example/{}", "<&>".repeat(1000)));
    }
    let text_of = page(&story.run(outcomes));
    assert!(text_of.len() < 3_000_000, "{} bytes", text_of.len());
    let page = parse(&text_of);
    let notes = text(&page, "p");
    assert!(
        notes.contains(
            "100000 URLs in all. Of more than 5000 URLs the table holds every 4th failure, \
             the 1000 slowest, and every 64th of all"
        ),
        "{notes}"
    );
    let captions = text(&page, "figcaption");
    assert!(captions.contains("there are no single bars"), "{captions}");
    assert!(
        captions.contains("A lane is the mean of 8 workers."),
        "{captions}"
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
