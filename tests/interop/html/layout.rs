//! The layout of the page on wide and narrow screens, in light, dark and print.

use std::sync::Arc;
use std::time::Duration;

use super::{Opened, open, told};
use crate::story::{MS, Story, comparison, failed, skipped};
use pfetch::model::event::{AssertionResult, AssertionVerdict, Event};
use pfetch::model::outcome::{FailureKind, Hop, Outcome, Saved};
use pfetch::model::reason::{OriginPhases, PhaseMeans, Why};
use serde_json::{Value, json};

/// The widths of screens, in pixels.
const WIDTHS: [u32; 5] = [1280, 900, 800, 420, 320];

/// The widths at which charts are looked at: those on either side of a change of the layout among them.
const CHART_WIDTHS: [u32; 9] = [1920, 1280, 900, 761, 760, 481, 480, 360, 320];

/// A word that no line is long enough for.
fn endless(letter: &str) -> String {
    letter.repeat(390)
}

fn gate() -> Event {
    Event::Assertion(AssertionResult {
        assertion: "throughput_of_all_of_it>=2".to_owned(),
        value: None,
        interval: None,
        unit: "x",
        verdict: AssertionVerdict::Unknown,
        why: format!("a reason that is as long as it takes: {}", endless("y")),
        of: None,
    })
}

fn saved_as(mut outcome: Outcome, name: &str) -> Outcome {
    outcome.details_mut().saved = Some(Saved {
        path: name.into(),
        bytes: 1,
        sha256: None,
        resumed_from: None,
    });
    outcome
}

/// Outcomes with endless URLs, names, messages and redirects, from left to right and from right to left.
fn long_texts(story: &Story) -> Vec<Outcome> {
    let mut outcomes = story.many(12, |index| MS * (10 + index as u32));
    for (index, outcome) in outcomes.iter_mut().enumerate() {
        let letter = ["a", "-", "ש", "م", "%d7%a9", "語"][index % 6];
        outcome.url = Arc::from(format!("http://a.example/{}", endless(letter)));
        *outcome = saved_as(outcome.clone(), &endless(letter));
        let details = outcome.details_mut();
        details.redirects = vec![Hop {
            url: Arc::from(endless(letter)),
            status: 301,
        }];
        if index >= 6 {
            *outcome = failed(outcome.clone(), FailureKind::Tls, &endless(letter));
        }
    }
    outcomes
}

/// Two failed attempts before each success.
fn retried(story: &Story) -> Vec<Outcome> {
    let mut outcomes = story.many(8, |_| MS * 20);
    for outcome in &mut outcomes {
        let attempt = failed(outcome.clone(), FailureKind::Status, "service unavailable").last;
        outcome.follow(vec![attempt.clone(), attempt]);
    }
    outcomes
}

/// A comparison of many pairs whose speed-ups differ widely, with the phases at two origins.
fn with_phases(story: &Story) -> Vec<Event> {
    let means = |wait| PhaseMeans {
        requests: 40,
        connected: 8,
        blocked: Some(0.001),
        dns: Some(0.002),
        connect: Some(0.01),
        ssl: Some(0.02),
        send: Some(0.000_1),
        wait: Some(wait),
        receive: Some(0.03),
    };
    let origin = |name: &str| OriginPhases {
        origin: format!("http://{name}:8080"),
        serial: means(0.2),
        parallel: means(0.9),
    };
    let parallel = (1..=60).map(|pair| f64::from(pair) / 10.0);
    let mut compared = comparison(8, 40, vec![6.0; 60], parallel.collect(), &[]);
    compared.why = Why {
        phases: vec![origin("a.example"), origin(&endless("b"))],
        ..Why::default()
    };
    vec![story.started(), Event::Compared(compared)]
}

/// Events of every kind of report.
fn kinds() -> Vec<(&'static str, Vec<Event>)> {
    let story = Story::new(8);
    let fail = |outcome| failed(outcome, FailureKind::Connect, "refused");
    let mut some_failed = story.many(40, |_| MS * 10);
    for outcome in some_failed.iter_mut().step_by(7) {
        *outcome = fail(outcome.clone());
    }
    let all_failed = story.many(40, |_| MS * 10).into_iter().map(fail);
    let mut stopped = story.many(10, |_| MS * 10);
    stopped.extend((10..30).map(skipped));
    let saved = story.many(10, |_| MS * 10).into_iter();
    let saved = saved.map(|outcome| saved_as(outcome, "downloads/a-file.html"));
    let mut compared = story.compared(5, 30, &["a notice"]);
    compared.push(gate());
    let points: [(usize, &[f64]); 4] = [
        (1, &[1.9, 2.1]),
        (2, &[1.0, 1.1]),
        (16, &[0.5, 0.6]),
        (128, &[0.2, 0.6]),
    ];
    let mut swept = story.swept(&points);
    swept.push(gate());
    let mut long = story.run(long_texts(&story));
    long.insert(1, Event::Warning(endless("w")));
    vec![
        (
            "plain",
            story.run(story.many(40, |index| MS * (10 + index as u32))),
        ),
        ("some failed", story.run(some_failed)),
        ("all failed", story.run(all_failed.collect())),
        ("compared", compared),
        ("swept", swept),
        ("many pairs, phases", with_phases(&story)),
        ("stopped", story.run(stopped)),
        ("retried", story.run(retried(&story))),
        ("saved", story.run(saved.collect())),
        ("long texts", long),
        (
            "20,000 URLs",
            story.run(story.many(20_000, |index| MS * (1 + (index % 97) as u32))),
        ),
        ("one URL", story.run(story.many(1, |_| MS))),
        ("nothing", story.run(Vec::new())),
        (
            "an hour",
            story.run(story.many(4, |_| Duration::from_secs(3600))),
        ),
    ]
}

impl Opened {
    fn resize(&mut self, width: u32) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.browser
            .call("Emulation.setDeviceMetricsOverride", metrics);
    }

    fn prefer(&mut self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.browser
            .call("Emulation.setEmulatedMedia", json!({"features": features}));
    }
}

#[test]
fn no_kind_of_report_is_wider_than_its_screen() {
    for (kind, events) in kinds() {
        let mut opened = open(told(&events));
        // With the details of a row, which have the whole texts.
        opened
            .browser
            .value("document.querySelector('.open')?.click()");
        for width in WIDTHS {
            opened.resize(width);
            // What scrolls in a box of its own is not part of it.
            let sticks_out = opened.browser.value(
                "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth",
            );
            let wide = opened.browser.value(
                "[...document.querySelectorAll('body *')]
                    .filter(e => !e.parentElement.closest('.scroll'))
                    .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth)
                    .map(e => e.outerHTML.slice(0, 300))",
            );
            assert_eq!(sticks_out, json!(0), "{kind} at {width}: {wide}");
            // Nor is anything cut off that cannot be scrolled to.
            let outside = opened.browser.value(
                "[...document.querySelectorAll('h1, h2, h3, p, dd, li, figcaption, .scroll')]
                    .filter(e => !e.parentElement.closest('.scroll'))
                    .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth)
                    .map(e => e.outerHTML.slice(0, 200))",
            );
            assert_eq!(outside, json!([]), "{kind} at {width}");
        }
        opened.assert_quiet();
    }
}

/// Faults of the charts on this screen: one that scrolls or is cut off, text that is scaled down, labels that overlap, or
/// an area that has hardly any width.
const CHART_FAULTS: &str = "(() => {
    const faults = [];
    const width = document.documentElement.clientWidth;
    const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).display !== 'none';
    for (const chart of document.querySelectorAll('.chart:not(.key)')) {
        const name = chart.getAttribute('class') + ' ' + chart.getAttribute('aria-labelledby');
        if (chart.closest('.scroll')) faults.push(name + ' scrolls');
        const texts = [...chart.querySelectorAll('text')].filter(shown);
        for (const text of texts) {
            const box = text.getBoundingClientRect();
            if (box.left < 0 || box.right > width) faults.push(name + ': cut off: ' + text.textContent);
            const scale = text.getScreenCTM();
            if (Math.abs(scale.a - 1) > 0.01 || Math.abs(scale.d - 1) > 0.01)
                faults.push(name + ': scaled: ' + text.textContent);
        }
        for (const [place, text] of texts.entries()) {
            const one = text.getBoundingClientRect();
            for (const later of texts.slice(place + 1)) {
                const other = later.getBoundingClientRect();
                const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
                const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
                if (across > 0.5 && down > 4) faults.push(
                    name + ': ' + text.textContent + ' overlaps ' + later.textContent);
            }
        }
        for (const area of chart.querySelectorAll('.area[viewBox]')) {
            const box = area.getBoundingClientRect();
            if (box.width < 120 || box.right > width) faults.push(name + ': area of ' + box.width);
        }
    }
    return faults;
})()";

#[test]
fn charts_fit_every_screen_and_their_text_stays_as_large_as_it_is() {
    for (kind, events) in kinds() {
        let mut opened = open(told(&events));
        for width in CHART_WIDTHS {
            opened.resize(width);
            let faults = opened.browser.value(CHART_FAULTS);
            assert_eq!(faults, json!([]), "{kind} at {width}");
        }
        opened.assert_quiet();
    }
}

#[test]
fn long_texts_take_two_lines_and_the_details_have_them_whole() {
    let story = Story::new(4);
    let mut opened = open(told(&story.run(long_texts(&story))));
    for width in WIDTHS {
        opened.resize(width);
        let tall = opened.browser.value(
            "[...document.querySelectorAll('.clip, .url, .why')]
                .filter(e => e.clientHeight > 2.2 * parseFloat(getComputedStyle(e).lineHeight))
                .map(e => [e.className, e.clientHeight, getComputedStyle(e).lineHeight])",
        );
        assert_eq!(tall, json!([]), "at {width}");
    }
    opened
        .browser
        .value("document.querySelector('.open').click()");
    let details = opened
        .browser
        .value("document.querySelector('.more').textContent");
    let details = details.as_str().unwrap_or_default();
    assert!(details.matches(&endless("a")).count() >= 2, "{details}");
    // Letters from right to left stay behind the host that they belong to.
    let host_is_first = opened.browser.value(
        "[...document.querySelectorAll('.url bdi')].every(e => getComputedStyle(e).direction === 'ltr')",
    );
    assert_eq!(host_is_first, json!(true));
}

#[test]
fn light_dark_and_paper_have_colours_of_their_own() {
    let mut opened = open(told(&Story::new(8).compared(3, 60, &["a notice"])));
    let mut colours: Vec<Value> = Vec::new();
    for scheme in ["light", "dark"] {
        opened.prefer(scheme);
        for colour in [
            "getComputedStyle(document.body).backgroundColor",
            "getComputedStyle(document.querySelector('.wait')).fill",
        ] {
            colours.push(opened.browser.value(colour));
        }
    }
    assert_eq!(colours[0], json!("rgb(246, 247, 249)"));
    assert_eq!(colours[2], json!("rgb(18, 22, 28)"));
    assert_ne!(colours[1], colours[3]);
    // Paper is white, whatever the screen is.
    opened
        .browser
        .call("Emulation.setEmulatedMedia", json!({"media": "print"}));
    let paper = opened
        .browser
        .value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(paper, json!("rgb(255, 255, 255)"));
    opened.assert_quiet();
}
