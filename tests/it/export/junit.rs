//! The test results.

use pfetch::model::event::Event;
use pfetch::model::outcome::Outcome;
use pfetch::model::run_shard::{RunShard, ShardKey};
use pfetch::model::summary::{RunsMade, Summary};
use pfetch::model::text::escape;
use pfetch::report::export::Export;
use roxmltree::{Document, Node};

use crate::export::events::{
    HOSTILE, MS, comparison, exported, faster, hostile, ok, outcomes, run, swept, with_assertions,
};

/// Holds the document against what the schema of Jenkins' xUnit plugin (`junit-10.xsd`) has for these
/// elements: which may stand where, which attributes they may have, and which they must.
#[track_caller]
fn is_valid(text: &str) {
    let document = Document::parse(text).unwrap();
    assert_eq!(document.root_element().tag_name().name(), "testsuites");
    for node in document.descendants().filter(Node::is_element) {
        let (may_have, attributes, required): (&[&str], &[&str], &[&str]) =
            match node.tag_name().name() {
                "testsuites" => (
                    &["testsuite"],
                    &["name", "time", "tests", "failures", "errors"],
                    &[],
                ),
                "testsuite" => (
                    &["testcase", "properties", "system-out", "system-err"],
                    &[
                        "name",
                        "tests",
                        "failures",
                        "errors",
                        "skipped",
                        "time",
                        "timestamp",
                    ],
                    &["name", "tests", "failures", "errors"],
                ),
                "testcase" => (
                    &["skipped", "error", "failure", "system-out"],
                    &["name", "time", "classname", "group"],
                    &["name"],
                ),
                "properties" => (&["property"], &[], &[]),
                "property" => (&[], &["name", "value"], &["name", "value"]),
                "skipped" | "error" | "failure" => (&[], &["type", "message"], &[]),
                "system-out" => (&[], &[], &[]),
                other => panic!("<{other}> in\n{text}"),
            };
        for child in node.children().filter(Node::is_element) {
            assert!(may_have.contains(&child.tag_name().name()), "{text}");
        }
        for attribute in node.attributes() {
            assert!(attributes.contains(&attribute.name()), "{attribute:?}");
            if attribute.name() == "time" {
                // Its SUREFIRE_TIME.
                let (whole, part) = attribute.value().split_once('.').unwrap();
                let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                assert!(whole.len() <= 3 && is_number(whole) && is_number(part));
            }
        }
        for name in required {
            assert!(node.has_attribute(*name), "{name} in\n{text}");
        }
    }
    for suite in document
        .descendants()
        .filter(|node| node.has_tag_name("testsuite"))
    {
        let count = |name| {
            suite
                .descendants()
                .filter(|node| node.has_tag_name(name))
                .count()
        };
        for (attribute, element) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            let said = suite.attribute(attribute).unwrap();
            assert_eq!(said, count(element).to_string(), "{attribute}");
        }
    }
}

#[test]
fn a_url_is_a_case() {
    let text = exported(Export::Junit, &run(outcomes(), Some(80 * MS)));
    is_valid(&text);
    assert_eq!(
        text,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="pfetch" tests="7" failures="2" errors="1" skipped="1" time="0.080000" timestamp="1970-01-01T00:00:01">
    <testcase classname="a.example" name="http://a.example/" time="0.050000"/>
    <testcase classname="a.example" name="http://a.example/b" time="0.070000"/>
    <testcase classname="a.example" name="http://a.example/c" time="0.020000"/>
    <testcase classname="a.example:8080" name="http://a.example:8080/missing" time="0.030000">
      <failure type="status" message="404 not found"/>
    </testcase>
    <testcase classname="[::1]" name="http://[::1]/" time="11.200000">
      <failure type="timeout" message="connect: timed out (2 attempts)"/>
    </testcase>
    <testcase classname="a.example" name="http://a.example/full" time="0.000000">
      <error type="disk-full" message="disk-full: no space left"/>
    </testcase>
    <testcase classname="d.example" name="http://d.example/" time="0.000000">
      <skipped type="stopped" message="stopped before it was started"/>
    </testcase>
  </testsuite>
</testsuites>
"#
    );
}

/// The names of the cases of the first suite.
fn names(text: &str) -> Vec<String> {
    let suites = suites(text);
    let (_, cases) = suites.first().expect("there is a suite");
    cases.iter().map(|(name, _)| name.clone()).collect()
}

#[test]
fn a_url_that_occurs_again_has_a_name_of_its_own_by_its_place_in_the_list() {
    let (a, b) = ("http://a.example/", "http://b.example/?x=1&y");
    let outcomes = [(3, a), (0, a), (1, b), (2, a), (4, b)]
        .map(|(index, url)| ok(index, url, 50 * MS))
        .to_vec();
    let text = exported(Export::Junit, &run(outcomes, Some(80 * MS)));
    is_valid(&text);
    let expected = [
        "http://a.example/ (3)",
        "http://a.example/",
        "http://b.example/?x=1&y",
        "http://a.example/ (2)",
        "http://b.example/?x=1&y (2)",
    ];
    assert_eq!(names(&text), expected, "{text}");
}

#[test]
fn what_a_stopped_run_did_not_read_is_an_error_with_its_number() {
    for (listed, expected) in [
        (Some(9), "2 more URLs of the list"),
        (Some(8), "1 more URL of the list"),
        (Some(7), "the end of the list"),
        // The list was cut meanwhile.
        (Some(3), "the end of the list"),
        (None, "the rest of the list"),
    ] {
        let mut events = run(outcomes(), Some(80 * MS));
        let Some(Event::Ended(summary)) = events.last_mut() else {
            panic!("{events:?}");
        };
        (summary.stopped, summary.listed) = (true, listed);
        let text = exported(Export::Junit, &events);
        is_valid(&text);
        let suites = suites(&text);
        let (name, element) = suites[0].1.last().expect("there are cases");
        assert_eq!(name, expected, "{listed:?}\n{text}");
        assert!(element.starts_with("error "), "{listed:?}\n{text}");
        assert!(element.contains("the run was stopped before"), "{text}");
        // Beside the one that is local.
        assert!(text.contains("errors=\"2\" skipped=\"1\""), "{text}");
    }
}

#[test]
fn a_gate_that_is_given_again_has_a_name_of_its_own() {
    let mut events = run(outcomes(), Some(80 * MS));
    for _ in 0..2 {
        let with = with_assertions(Vec::new());
        events.extend(
            with.into_iter()
                .filter(|event| matches!(event, Event::Assertion(_))),
        );
    }
    let text = exported(Export::Junit, &events);
    is_valid(&text);
    let suites = suites(&text);
    let (_, cases) = suites.last().expect("there are gates");
    let mut names: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 8, "{text}");
    assert!(
        names.contains(&"failed<=1%") && names.contains(&"failed<=1% (2)"),
        "{text}"
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 8, "{text}");
}

#[test]
fn the_suite_of_a_shard_is_named_after_it() {
    let mut events = run(outcomes(), Some(80 * MS));
    let Some(Event::Started(info)) = events.first_mut() else {
        panic!("a run begins: {events:#?}");
    };
    info.shard = RunShard::new(2, 4, ShardKey::Host);
    let text = exported(Export::Junit, &events);
    is_valid(&text);
    assert!(
        text.contains("<testsuite name=\"pfetch shard 2/4\" "),
        "{text}"
    );
}

#[test]
fn an_empty_run_is_an_empty_suite() {
    let text = exported(Export::Junit, &run(Vec::new(), None));
    is_valid(&text);
    assert!(text.contains(r#"<testsuite name="pfetch" tests="0" failures="0" errors="0" skipped="0" time="0.000000" "#), "{text}");
}

#[test]
fn a_measurement_that_was_stopped_between_two_runs_is_an_error() {
    let made = RunsMade {
        done: 2,
        of: 6,
        at_most: false,
    };
    let mut events = comparison(faster());
    let Some(Event::Compared(compared)) = events
        .iter_mut()
        .find(|event| matches!(event, Event::Compared(_)))
    else {
        panic!("{events:#?}");
    };
    compared.stopped = Some(made);
    let text = exported(Export::Junit, &events);
    is_valid(&text);
    let error = "<error type=\"stopped\" message=\"stopped after 2 of 6 runs\"/>";
    assert_eq!(text.matches(error).count(), 1, "{text}");
    assert_eq!(text.matches("errors=\"1\"").count(), 1, "{text}");
    assert!(!exported(Export::Junit, &comparison(faster())).contains("<error "));
}

/// The name of each suite, and the names of its cases with the elements in them.
fn suites(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let document = Document::parse(text).unwrap();
    let owned = |node: Node<'_, '_>, name| node.attribute(name).unwrap_or_default().to_owned();
    let case = |case: Node<'_, '_>| {
        let elements = case.children().filter(Node::is_element);
        let elements: String = elements
            .map(|element| element.tag_name().name().to_owned() + " " + &owned(element, "message"))
            .collect();
        (owned(case, "name"), elements)
    };
    let suites = document.descendants();
    let suites = suites.filter(|node| node.has_tag_name("testsuite"));
    suites
        .map(|suite| {
            let cases = suite.children().filter(Node::is_element);
            (owned(suite, "name"), cases.map(case).collect())
        })
        .collect()
}

#[test]
fn each_arm_of_a_comparison_and_each_number_of_workers_is_a_suite() {
    // The first run that counts need not be of the first arm.
    let mut backwards = comparison(faster());
    backwards.drain(4..7);
    for (events, expected) in [
        (backwards, &["pfetch serial", "pfetch parallel"][..]),
        (
            comparison(faster()),
            &["pfetch serial", "pfetch parallel"][..],
        ),
        (
            swept(),
            &[
                "pfetch 1 worker",
                "pfetch 2 workers",
                "pfetch 4 workers",
                "pfetch 8 workers",
            ],
        ),
    ] {
        let text = exported(Export::Junit, &events);
        is_valid(&text);
        let suites = suites(&text);
        let names: Vec<&str> = suites.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{text}");
        assert!(suites.iter().all(|(_, cases)| cases.len() == 1), "{text}");
        assert_eq!(
            text.matches("time=\"0.060000\"").count(),
            expected.len(),
            "{text}"
        );
    }
}

#[test]
fn a_url_that_fails_in_any_run_of_an_arm_is_a_failed_case_of_its_suite() {
    let mut events = comparison(faster());
    let mut runs = 0;
    // Of the second run of each arm, the first URL fails; a second URL fails in all of them.
    let mut with_failures = Vec::new();
    for event in events.drain(..) {
        match event {
            Event::ArmStarted(run) => {
                runs = run.pair;
                with_failures.push(Event::ArmStarted(run));
            }
            Event::Finished(mut outcome) => {
                let mut failing = outcomes()[3].clone();
                failing.index = 1;
                if runs == 2 {
                    failing.last.status = Some(410);
                    outcome = Outcome {
                        index: 0,
                        url: outcome.url,
                        ..failing.clone()
                    };
                }
                with_failures.extend([Event::Finished(outcome), Event::Finished(failing)]);
            }
            event => with_failures.push(event),
        }
    }
    let text = exported(Export::Junit, &with_failures);
    is_valid(&text);
    let expected = [
        (
            "http://a.example/".to_owned(),
            "failure 410 not found".to_owned(),
        ),
        (
            "http://a.example:8080/missing".to_owned(),
            "failure 404 not found".to_owned(),
        ),
    ];
    for (name, cases) in suites(&text) {
        assert_eq!(cases, expected, "{name}\n{text}");
    }
}

#[test]
fn a_comparison_that_was_stopped_has_the_suites_of_its_runs_so_far() {
    let mut events = comparison(faster());
    events.truncate(events.len() - 4);
    events.push(Event::Ended(Summary::default()));
    let text = exported(Export::Junit, &events);
    is_valid(&text);
    let suites = suites(&text);
    let names: Vec<&str> = suites.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["pfetch serial", "pfetch parallel"], "{text}");
}

/// Rule: text from the network is escaped before a CI log sees it, in XML too.
#[test]
fn text_cannot_leave_its_attribute() {
    let text = exported(Export::Junit, &hostile());
    is_valid(&text);
    let document = Document::parse(&text).unwrap();
    let names: Vec<&str> = document
        .descendants()
        .filter_map(|node| {
            node.attribute("name")
                .filter(|_| node.has_tag_name("testcase"))
        })
        .collect();
    let expected = HOSTILE.map(|hostile| {
        let escaped = escape(hostile);
        escaped
            .replace('\u{fffe}', "\\u{fffe}")
            .replace('\u{ffff}', "\\u{ffff}")
    });
    assert_eq!(names, expected);
}

#[test]
fn an_assertion_is_a_case_of_a_suite_of_its_own() {
    for events in [
        run(outcomes(), Some(80 * MS)),
        comparison(faster()),
        swept(),
    ] {
        let text = exported(Export::Junit, &with_assertions(events));
        is_valid(&text);
        let expected = r#"  <testsuite name="gates" tests="4" failures="2" errors="0" skipped="1">
    <testcase classname="gates" name="failed&lt;=1%">
      <system-out>0.50 %</system-out>
    </testcase>
    <testcase classname="gates" name="speedup&gt;=2">
      <failure type="failed" message="1.25x"/>
    </testcase>
    <testcase classname="gates" name="total&lt;2s">
      <skipped type="inconclusive" message="2.00 s (95 % interval 1.50 s … 2.50 s)"/>
    </testcase>
    <testcase classname="gates" name="p95&lt;1s">
      <failure type="unknown" message="no URL &lt;succeeded&gt;"/>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert!(text.ends_with(expected), "{text}");
    }
}
