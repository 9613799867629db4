//! The JSON Schema that pfetch prints of its reports.

use serde_json::Value;

use crate::pfetch::{Run, pfetch};
use crate::server::Server;

/// The schema as it lies in the repository, where its changes are seen.
const KEPT: &str = include_str!("../data/report.schema.json");

/// The members that the schema of a line of this type requires, and all that it allows.
fn members(schema: &Value, name: &str) -> (Vec<String>, Vec<String>) {
    let lines = schema["$defs"]["line"]["oneOf"].as_array();
    let lines = lines.expect("a line is one of several");
    let line = lines
        .iter()
        .find(|line| line["properties"]["type"]["const"] == name);
    let line = line.unwrap_or_else(|| panic!("no line of type {name:?} in {lines:#?}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let required = line["required"].as_array().expect("a list");
    let allowed = line["properties"].as_object().expect("an object");
    (
        required.iter().map(text).collect(),
        allowed.keys().cloned().collect(),
    )
}

fn has_members_of_schema(run: &Run, schema: &Value) {
    for line in run.json() {
        let name = line["type"].as_str().unwrap_or_default();
        let (required, allowed) = members(schema, name);
        let written = line.as_object().expect("a line is an object");
        for member in &required {
            assert!(written.contains_key(member), "no {member} in {line:#}");
        }
        for member in written.keys() {
            assert!(
                allowed.contains(member),
                "{member} is not in the schema: {line:#}"
            );
        }
    }
}

#[test]
fn the_schema_is_printed_as_it_lies_in_the_repository() {
    let run = pfetch(&["--schema"]).run().exits(0).says_nothing();
    assert!(
        run.stdout == KEPT,
        "it is another one: cargo run -- --schema > tests/data/report.schema.json, and look at the difference"
    );
}

#[test]
fn lines_have_the_members_that_the_printed_schema_lists() {
    let schema: Value = serde_json::from_str(KEPT).expect("it is JSON");
    let server = Server::start();
    let [good, bad] = [server.url("/bytes/10"), server.url("/status/404")];
    let plain = pfetch(&[
        good.as_str(),
        &bad,
        "--format=jsonl",
        "--assert=failed<=9",
        "-v",
    ]);
    has_members_of_schema(&plain.run().exits(1), &schema);
    let compared = pfetch(&[
        good.as_str(),
        &good,
        "--format=jsonl",
        "--compare",
        "--runs=2",
    ]);
    has_members_of_schema(&compared.run().exits(0), &schema);
    let swept = pfetch(&[
        good.as_str(),
        &good,
        "--format=jsonl",
        "--sweep=1,2",
        "--runs=2",
    ]);
    has_members_of_schema(&swept.run().exits(0), &schema);
}

#[test]
fn the_schema_stands_alone_on_the_command_line() {
    let run = pfetch(&["--schema", "http://127.0.0.1:9/"]).run();
    run.exits(2).says("cannot be used with");
}
