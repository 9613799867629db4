//! The test results.

use pfetch::model::text::escape;
use pfetch::report::export::Export;
use roxmltree::{Document, Node};

use crate::export::events::{
    HOSTILE, MS, comparison, exported, faster, hostile, outcomes, run, swept, with_assertions,
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
                    &["skipped", "error", "failure"],
                    &["name", "time", "classname", "group"],
                    &["name"],
                ),
                "skipped" | "error" | "failure" => (&[], &["type", "message"], &[]),
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
    <testcase classname="a.example" name="http://a.example:8080/missing" time="0.030000">
      <failure type="status" message="404 not found"/>
    </testcase>
    <testcase classname="::1" name="http://[::1]/" time="11.200000">
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

#[test]
fn an_empty_run_is_an_empty_suite() {
    let text = exported(Export::Junit, &run(Vec::new(), None));
    is_valid(&text);
    assert!(text.contains(r#"<testsuite name="pfetch" tests="0" failures="0" errors="0" skipped="0" time="0.000000" "#), "{text}");
}

#[test]
fn every_run_of_a_comparison_that_counts_is_a_suite() {
    let text = exported(Export::Junit, &comparison(faster()));
    is_valid(&text);
    let document = Document::parse(&text).unwrap();
    let names: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("testsuite"))
        .map(|suite| {
            (
                suite.attribute("name").unwrap(),
                suite.attribute("tests").unwrap(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("pfetch serial 1", "1"),
            ("pfetch parallel 1", "1"),
            ("pfetch parallel 2", "1"),
            ("pfetch serial 2", "1"),
        ]
    );
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
    <testcase classname="gates" name="failed&lt;=1%"/>
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
