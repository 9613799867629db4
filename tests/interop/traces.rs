//! The exports as others read them: python3 with its jsonschema. Run with
//! `cargo test --features interop`.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use pfetch::model::event::{Event, Listener};
use pfetch::report::export::{Har, Svg, Trace};

/// Runs a Python program on `input`, which has to be content with it.
fn ask(program: &str, args: &[&str], input: &[u8]) {
    let mut child = Command::new(crate::python::interpreter())
        .args(["-c", program])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut stdin = child.stdin.take().expect("it has a standard input");
    // Whatever is wrong with it, it says at its end.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("python3 ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

fn runs() -> Vec<Vec<Event>> {
    let many = crate::moments::many(Instant::now(), 3000, 8).collect();
    vec![
        crate::moments::small(),
        crate::moments::empty(),
        crate::moments::comparison(),
        crate::moments::hostile(),
        many,
    ]
}

fn tell(mut listener: impl Listener, events: &[Event]) {
    for event in events {
        listener.event(event).expect("memory can be written");
    }
    listener.close().expect("memory can be written");
}

#[test]
fn archives_are_valid_to_an_independent_validator() {
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/har-1.2.schema.json"
    );
    for (i, events) in runs().iter().enumerate() {
        // What no URL can be is not valid as one; the format holds all the same.
        let program = if i == 3 { HAR_OF_ANY_URL } else { HAR };
        let mut out = Vec::new();
        tell(Har::new(&mut out), events);
        ask(program, &[schema], &out);
    }
}

const HAR: &str = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
checker = jsonschema.FormatChecker()
jsonschema.Draft7Validator(schema, format_checker=checker).validate(json.load(sys.stdin))
";

const HAR_OF_ANY_URL: &str = "
import json, sys, jsonschema
jsonschema.Draft7Validator(json.load(open(sys.argv[1]))).validate(json.load(sys.stdin))
";

#[test]
fn traces_nest_for_another_reader() {
    for events in runs() {
        let mut out = Vec::new();
        tell(Trace::new(&mut out), &events);
        ask(NESTS, &[], &out);
    }
}

const NESTS: &str = "
import json, sys, collections
trace = json.load(sys.stdin)
assert trace['displayTimeUnit'] == 'ms'
lanes, named = collections.defaultdict(list), set()
for e in trace['traceEvents']:
    assert e['ph'] in 'MXi', e
    if e['ph'] == 'M':
        assert e['name'] in ('process_name', 'thread_name') and e['args']['name'], e
        named.add((e['pid'], e['tid'] if e['name'] == 'thread_name' else None))
    elif e['ph'] == 'i':
        assert e['s'] == 'g' and isinstance(e['ts'], int) and e['name'], e
    else:
        assert isinstance(e['ts'], int) and isinstance(e['dur'], int) and e['dur'] >= 0, e
        lanes[e['pid'], e['tid']].append(e)
for (pid, tid), slices in lanes.items():
    assert (pid, tid) in named and (pid, None) in named, (pid, tid)
    slices.sort(key=lambda e: (e['ts'], -e['dur']))
    ends = []
    for e in slices:
        while ends and ends[-1] <= e['ts']:
            ends.pop()
        assert not ends or e['ts'] + e['dur'] <= ends[-1], e
        ends.append(e['ts'] + e['dur'])
";

#[test]
fn pictures_are_xml_to_another_reader() {
    for events in runs() {
        let mut out = Vec::new();
        tell(Svg::new(&mut out), &events);
        ask(PICTURE, &[], &out);
    }
}

const PICTURE: &str = "
import sys, xml.dom.minidom
root = xml.dom.minidom.parse(sys.stdin.buffer).documentElement
assert root.tagName == 'svg' and root.getAttribute('role') == 'img'
for name in root.getAttribute('aria-labelledby').split():
    assert any(n.getAttribute('id') == name for n in root.childNodes if n.nodeType == 1), name
";
