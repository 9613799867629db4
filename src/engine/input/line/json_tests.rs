//! Mistakes in JSON lines, and that no value is shown with them.

use super::json::parse_json;
use crate::engine::input::InputConfig;

fn mistake(text: &str) -> String {
    let parsed = parse_json(text, InputConfig::default(), None);
    parsed.expect_err(text).reason
}

#[test]
fn a_mistake_is_told_by_its_field_and_what_that_takes() {
    for (text, expected) in [
        (r#"{"url": 4711}"#, "\"url\" is a number, and takes text"),
        (r#"{"url": null}"#, "\"url\" is null, and takes text"),
        (r#"{"url": ["h"]}"#, "\"url\" is a list, and takes text"),
        (
            r#"{"url": "h", "output": {"a": 1}}"#,
            "\"output\" is an object, and takes text",
        ),
        (
            r#"{"sha256": true, "url": "h"}"#,
            "\"sha256\" is true or false, and takes text",
        ),
        (
            r#"{"url": "h", "action": 1}"#,
            "\"action\" is a number, and takes \"get\" or \"head\"",
        ),
        (
            r#"{"url": "h", "action": "post"}"#,
            "\"action\" is \"post\", and takes \"get\" or \"head\"",
        ),
        (
            r#"{"url": "h", "headers": "hush"}"#,
            "\"headers\" is text, and takes an object of texts, as {\"Name\": \"value\"}",
        ),
        (
            r#"{"url": "h", "headers": {"A": "b", "B": 4711}}"#,
            "\"headers\": the value of \"B\" is a number, and takes text",
        ),
        (
            r#"{"url": "h", "url": "hush"}"#,
            "\"url\" is given twice; take one out",
        ),
        (
            r#"{"url": "h", "outptu": "hush"}"#,
            "there is no field \"outptu\"; there are url, action, headers, output, sha256, meta",
        ),
        (
            r#"{"action": "get"}"#,
            "\"url\" is missing; a line is {\"url\": \"http://…\"}, and may have more fields",
        ),
        (
            r#"{"url": "hush"#,
            "the object has no end on its line: a brace or a quote is missing at column 13; an object is one line",
        ),
        (
            r#"{"url": "h",}"#,
            "this is no JSON at column 13: trailing comma",
        ),
        (
            r#"{'url': "h"}"#,
            "this is no JSON at column 2: key must be a string",
        ),
        (
            r#"{"url": "h"} x"#,
            "this is no JSON at column 14: trailing characters",
        ),
        (
            r#"{"url": "\ud800"}"#,
            "\"url\" is no text: unexpected end of hex escape",
        ),
    ] {
        assert_eq!(mistake(text), expected, "{text}");
    }
}

#[test]
fn no_value_of_a_line_is_shown_with_its_mistake() {
    for text in [
        r#"{"url": "h", "headers": "hush"}"#,
        r#"{"url": "h", "headers": {"Authorization: hush": 1}}"#,
        r#"{"url": "h", "Authorization: hush": 1}"#,
        r#"{"url": "h", "action": "get hush"}"#,
        r#"{"url": "h", "sha256": {"hush": 1}}"#,
        r#"{"url": "h", "headers": {"A": ["hush"]}}"#,
        r#"{"url": "h", "headers": {"A": "hush\ud800"}}"#,
    ] {
        let told = mistake(text);
        assert!(!told.contains("hush"), "{text}: {told}");
    }
}
