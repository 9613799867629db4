//! The page in a real browser: Chromium. Run with `cargo test --features interop`.

mod layout;

use std::path::PathBuf;
use std::time::Duration;

use crate::chromium::Browser;
use crate::server::{Reply, Request, Server};
use crate::story::{HOSTILE, MS, Story, failed};
use pfetch::engine::input::{InputConfig, Source};
use pfetch::engine::{RunConfig, run};
use pfetch::http::{FetchConfig, Fetcher};
use pfetch::model::event::{Event, Listener};
use pfetch::model::outcome::FailureKind;
use pfetch::pool::{Pool, StopToken};
use pfetch::report::export::Html;
use serde_json::json;

/// A page in a folder of its own, and a browser that has it open.
struct Opened {
    browser: Browser,
    page: PathBuf,
    _folder: tempfile::TempDir,
}

fn open(report: Html<Vec<u8>>) -> Opened {
    crate::peer::require("chromium", "chromium");
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let page = folder.path().join("report.html");
    std::fs::write(&page, report.into_inner()).expect("the page can be written");
    let mut browser = Browser::start(&folder.path().join("profile"));
    browser.open(&page);
    Opened {
        browser,
        page,
        _folder: folder,
    }
}

fn told(events: &[Event]) -> Html<Vec<u8>> {
    let mut report = Html::new(Vec::new());
    for event in events {
        report.event(event).expect("a vector takes everything");
    }
    report.close().expect("a vector takes everything");
    report
}

impl Opened {
    /// The cells of a column (from 1) as they stand.
    fn column(&mut self, number: u32) -> Vec<String> {
        let cells = format!(
            "[...document.querySelectorAll('#urls tbody td:nth-child({number})')].map(td => td.textContent)"
        );
        serde_json::from_value(self.browser.value(&cells)).expect("it is a list of texts")
    }

    /// Presses the button in the head of a column.
    fn sort(&mut self, number: u32) {
        let focus =
            format!("document.querySelector('#urls th:nth-child({number}) button').focus()");
        self.browser.value(&focus);
        self.browser.press("Enter", 13);
    }

    fn filter(&mut self, text: &str, rows: usize) {
        self.browser
            .value("document.querySelector('label[for=filter]').control.select()");
        self.browser
            .value("document.getElementById('filter').focus()");
        if text.is_empty() {
            self.browser.press("Delete", 46);
        } else {
            self.browser.call("Input.insertText", json!({"text": text}));
        }
        self.browser.until(&format!(
            "document.querySelectorAll('#urls tbody tr').length === {rows}"
        ));
    }

    /// Fails if the page did anything that it must not, or that did not work.
    fn assert_quiet(&mut self) {
        // What was said before this answer has been heard.
        assert_ne!(self.browser.value("document.title"), json!("owned"));
        let url = format!("file://{}", self.page.display());
        for (method, params) in &self.browser.events {
            match method.as_str() {
                "Runtime.consoleAPICalled"
                | "Runtime.exceptionThrown"
                | "Log.entryAdded"
                | "Page.javascriptDialogOpening" => panic!("{method}: {params}"),
                "Network.requestWillBeSent" => {
                    assert_eq!(params["request"]["url"], json!(url), "it asked for more");
                }
                _ => {}
            }
        }
    }
}

/// Texts as the numbers that they begin with, of one unit.
fn numbers(texts: &[String]) -> Vec<f64> {
    let number = |text: &String| text.split(' ').next()?.parse().ok();
    texts.iter().filter_map(number).collect()
}

#[test]
fn a_real_run_can_be_sorted_and_filtered_by_keyboard() {
    let server = Server::with(|request: &Request, reply: &mut Reply<'_>| {
        let number: u64 = request.target[1..].parse().unwrap_or(0);
        reply.wait(Duration::from_millis(number % 10 * 20));
        let status = if number.is_multiple_of(4) { 404 } else { 200 };
        reply.send(status, "", &b"x".repeat(number as usize * 10))
    });
    let urls: Vec<String> = (1..=12).map(|n| server.url(&format!("/{n}"))).collect();
    let stop = StopToken::new();
    let fetcher = Fetcher::new(FetchConfig::default(), stop.clone(), None);
    let pool = Pool::builder()
        .workers(3)
        .stop_token(stop)
        .state(move |worker| fetcher.client(worker))
        .build();
    let source = Source::new(&urls, Vec::new(), InputConfig::default()).expect("a thread starts");
    let mut report = Html::new(Vec::new());
    run(RunConfig::default(), source, &pool, &mut report);
    report.close().expect("a vector takes everything");

    let mut opened = open(report);
    let heading = opened
        .browser
        .value("document.querySelector('h1').textContent");
    let heading = heading.as_str().unwrap_or_default();
    // So few URLs show no speed-up that a page could begin with.
    assert_eq!(heading, "3 of 12 URLs failed");
    assert_eq!(
        opened
            .browser
            .value("document.querySelectorAll('.bar').length"),
        json!(12)
    );

    let in_order: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    assert_eq!(opened.column(1), in_order);
    // The largest first, then the smallest.
    opened.sort(6);
    let sorted = numbers(&opened.column(6));
    assert_eq!(
        sorted,
        [
            120.0, 110.0, 100.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0
        ]
    );
    opened.sort(6);
    let sorted = numbers(&opened.column(6));
    assert!(sorted.is_sorted() && sorted.len() == 12, "{sorted:?}");
    let states = "[...document.querySelectorAll('#urls th')].map(th => th.ariaSort).join(' ')";
    let states = opened.browser.value(states);
    assert_eq!(
        states,
        json!("none none none none none ascending none none none none none")
    );

    opened.filter("404 FAILED", 3);
    assert_eq!(opened.column(1), ["4", "8", "12"]);
    let shown = opened
        .browser
        .value("document.getElementById('shown').textContent");
    assert_eq!(shown, json!("3 rows that match, of 12"));
    opened.filter("nothing is like this", 0);
    opened.filter("", 12);

    // A row opens, by keyboard too, and closes again.
    opened
        .browser
        .value("document.querySelector('.open').focus()");
    opened.browser.press("Enter", 13);
    let phases = opened
        .browser
        .value("document.querySelector('.more').textContent");
    let phases = phases.as_str().unwrap_or_default();
    assert!(
        phases.contains("wait") && phases.contains("receive"),
        "{phases}"
    );
    opened.browser.press("Enter", 13);
    assert_eq!(
        opened
            .browser
            .value("document.querySelectorAll('.more').length"),
        json!(0)
    );
    opened.assert_quiet();
}

/// Of many durations and sizes, around every change of unit.
fn at_every_scale() -> Vec<Event> {
    let story = Story::new(2);
    let micros = [
        0,
        1,
        47,
        999,
        1000,
        47_123,
        999_900,
        999_940,
        999_960,
        1_000_000,
        10_020_000,
        59_990_000,
        59_996_000,
        187_000_000,
        7_500_000_000,
    ];
    let sizes = [
        0,
        1,
        999,
        1000,
        1256,
        999_949,
        999_950,
        19_500_000,
        2_000_000_000,
        1 << 50,
    ];
    let outcome = |(index, micros): (usize, &u64)| {
        let took = Duration::from_micros(*micros);
        let mut outcome = story.ok(index as u64, index % 2, MS * index as u32, took);
        outcome.bytes = sizes[index % sizes.len()];
        outcome
    };
    story.run(micros.iter().enumerate().map(outcome).collect())
}

#[test]
fn the_script_writes_what_the_page_has_without_it() {
    let report = told(&at_every_scale());
    let mut opened = open(report);
    let cells = "[...document.querySelectorAll('#urls tbody td')].map(td => td.textContent)";
    let with = opened.browser.value(cells);
    opened.browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    let page = opened.page.clone();
    opened.browser.open(&page);
    // The protocol still reads what the page's own script may not.
    let without = opened.browser.value(cells);
    assert_eq!(with, without);
    assert!(
        with.as_array().is_some_and(|cells| cells.len() == 15 * 11),
        "{with}"
    );
    assert_eq!(
        opened
            .browser
            .value("document.getElementById('controls').hidden"),
        json!(true)
    );
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let story = Story::new(1);
    let mut outcome = failed(
        story.ok(0, 0, Duration::ZERO, MS),
        FailureKind::Protocol,
        HOSTILE,
    );
    outcome.url = HOSTILE.into();
    let details = outcome.details_mut();
    details.final_url = Some(HOSTILE.into());
    details.saved = Some(pfetch::model::outcome::Saved {
        path: HOSTILE.into(),
        bytes: 1,
        sha256: None,
        resumed_from: None,
    });
    let mut events = story.run(vec![outcome]);
    events.insert(1, Event::Warning(HOSTILE.to_owned()));
    let mut opened = open(told(&events));
    opened
        .browser
        .value("document.querySelector('.open').click()");
    opened.filter("onerror=alert(1)", 1);
    let texts = opened.column(9);
    assert!(
        texts[0].contains("</script><script>document.title='owned'"),
        "{texts:?}"
    );
    assert_eq!(opened.browser.value("document.images.length"), json!(0));
    assert_eq!(opened.browser.value("document.scripts.length"), json!(2));
    opened.assert_quiet();
    // The policy would stop what got through all the same.
    opened.browser.value(
        "document.body.append(Object.assign(document.createElement('script'), \
         {textContent: \"document.title = 'owned'\"}))",
    );
    assert_ne!(opened.browser.value("document.title"), json!("owned"));
}

#[test]
fn many_rows_come_in_steps_and_the_sample_can_be_searched() {
    let story = Story::new(8);
    let mut outcomes = story.many(20_000, |index| MS * (1 + (index % 997) as u32));
    outcomes[12_345] = failed(outcomes[12_345].clone(), FailureKind::Dns, "no such host");
    let mut opened = open(told(&story.run(outcomes)));
    assert_eq!(opened.column(1).len(), 200);
    opened
        .browser
        .value("document.getElementById('more').click()");
    assert_eq!(opened.column(1).len(), 400);
    let focus = opened.browser.value("document.activeElement.className");
    assert_eq!(focus, json!("open"), "the keyboard goes on at the new rows");
    opened.sort(4);
    assert_eq!(
        opened.column(4)[0],
        "997.0 ms",
        "the slowest is in the sample"
    );
    opened.filter("no such host", 1);
    assert_eq!(opened.column(1), ["12346"]);
    opened.assert_quiet();
}
