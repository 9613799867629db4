//! The reports in files as Python reads them: CSV, JSON and XML by its own libraries, and the reports
//! in JSON and JUnit XML held against their schemas by independent validators.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::process::Command;

use ::pfetch::measure::baseline::{BaselineRun, History, Machine, SavedRun, Targets};
use ::pfetch::model::event::Event;
use ::pfetch::model::measurement::Arm;
use ::pfetch::model::pacing::BindingLimits;
use ::pfetch::model::text::escape;
use ::pfetch::report::export::Export;
use serde_json::Value;

use crate::events::{
    HOSTILE, MS, against, comparison, exported, faster, hostile, incomparable, ok, outcomes, run,
    sweep, swept, with_assertions,
};
use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// What a Python program that gets these reports as files prints, as JSON.
#[track_caller]
fn ask(program: &str, reports: &[&str]) -> Value {
    let dir = Dir::new();
    let files = (0..)
        .zip(reports)
        .map(|(number, text)| dir.file(&format!("{number}"), text));
    let output = Command::new(crate::python::interpreter())
        .args(["-c", program])
        .args(files)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn all() -> Vec<Vec<Event>> {
    vec![
        run(outcomes(), Some(80 * MS)),
        run(vec![ok(0, "http://a.example/", 50 * MS)], Some(50 * MS)),
        hostile(),
        run(Vec::new(), None),
        comparison(faster()),
        with_assertions(swept()),
        sweep(&[(1, &[2.0])], None),
        with_assertions(run(outcomes(), Some(80 * MS))),
        against(),
        incomparable(),
    ]
}

#[test]
fn csv_is_a_table_to_python() {
    let program = "
import csv, json, sys
with open(sys.argv[1], newline='', encoding='utf-8') as file:
    print(json.dumps(list(csv.DictReader(file, strict=True))))
";
    let rows = ask(program, &[&exported(Export::Csv, &hostile())]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), HOSTILE.len());
    for (row, hostile) in rows.iter().zip(HOSTILE) {
        assert_eq!(row.as_object().unwrap().len(), 38, "{row}");
        for column in ["url", "final_url", "saved_path", "error_message"] {
            let cell = row[column].as_str().unwrap();
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell}"
            );
            assert_eq!(cell.trim_start_matches('\''), escape(hostile));
        }
        assert_eq!(row["outcome"], "failed");
    }
    let rows = ask(program, &[&exported(Export::Csv, &run(Vec::new(), None))]);
    assert_eq!(rows, Value::Array(Vec::new()));
}

#[test]
fn junit_is_xml_to_python() {
    let program = "
import json, sys
import xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(json.dumps([[suite.attrib, [[case.attrib, [[why.tag, why.attrib] for why in case]]
    for case in suite]] for suite in root]))
";
    let suites = ask(program, &[&exported(Export::Junit, &hostile())]);
    let cases = suites[0][1].as_array().unwrap();
    assert_eq!(suites[0][0]["failures"], HOSTILE.len().to_string());
    for (case, hostile) in cases.iter().zip(HOSTILE) {
        let expected = escape(hostile)
            .replace('\u{fffe}', "\\u{fffe}")
            .replace('\u{ffff}', "\\u{ffff}");
        assert_eq!(case[0]["name"], expected);
        assert_eq!(case[1][0][0], "failure");
        let message = case[1][0][1]["message"].as_str().unwrap();
        assert_eq!(message, format!("after status 200: {expected}"));
    }
    let suites = ask(program, &[&exported(Export::Junit, &comparison(faster()))]);
    let arms = suites.as_array().unwrap().len();
    assert_eq!(arms, 2, "each arm is one: {suites}");
}

#[test]
fn junit_is_what_a_parser_of_junit_takes_it_for() {
    let program = "
import json, sys
from junitparser import JUnitXml, Error, Failure, Skipped
told = []
for name in sys.argv[1:]:
    report = JUnitXml.fromfile(name)
    for suite in report:
        kinds = [type(why) for case in suite for why in case.result]
        counted = [len(list(suite))] + [kinds.count(kind) for kind in (Failure, Error, Skipped)]
        times = sum(case.time or 0 for case in suite)
        said = [suite.tests, suite.failures, suite.errors, suite.skipped]
        told.append([suite.name, said, counted, suite.time, times])
print(json.dumps(told))
";
    let documents: Vec<String> = all()
        .iter()
        .map(|events| exported(Export::Junit, events))
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let suites = ask(program, &documents);
    let suites = suites.as_array().unwrap();
    assert!(suites.len() >= documents.len(), "{suites:?}");
    for suite in suites {
        assert_eq!(suite[1], suite[2], "said and counted of {suite}");
        assert!(suite[3].is_number() && suite[4].is_number(), "{suite}");
    }
    let cases = |suite: &Value| suite[2][0].as_u64().unwrap();
    assert_eq!(cases(&suites[0]), outcomes().len() as u64, "{suites:?}");
}

/// What xmllint says of a document that it holds against the schema of JUnit XML, and whether it
/// lets it pass.
fn xmllint(document: &str) -> (bool, String) {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/junit.xsd");
    let dir = Dir::new();
    let output = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", schema])
        .arg(dir.file("report.xml", document))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // 3 and 4 are what it ends with for a document that is not valid; others are its own troubles.
    let is_judged = matches!(output.status.code(), Some(0 | 3 | 4));
    assert!(is_judged, "{}: {said}", output.status);
    (output.status.success(), said)
}

#[test]
fn junit_is_as_its_schema_says() {
    crate::peer::require("xmllint", "libxml2-utils");
    for events in all() {
        let document = exported(Export::Junit, &events);
        let (is_valid, said) = xmllint(&document);
        assert!(is_valid, "{said}{document}");
    }
    // The schema is not one that lets everything pass.
    let document = exported(Export::Junit, &run(outcomes(), Some(80 * MS)));
    for (right, wrong) in [
        (" tests=\"7\"", ""),
        ("time=\"0.080000\"", "time=\"80 ms\""),
        ("<testcase classname", "<case classname"),
        ("<testcase classname", "<testcase host=\"a\" classname"),
        ("<failure type", "<reason/><failure type"),
        ("</testsuites>", "<testcase name=\"x\"/></testsuites>"),
    ] {
        let broken = document.replacen(right, wrong, 1);
        assert_ne!(broken, document);
        let (is_valid, said) = xmllint(&broken);
        assert!(
            !is_valid && said.contains("Schemas validity error"),
            "{said}{broken}"
        );
    }
}

#[test]
fn json_is_as_its_schema_says() {
    let program = "
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1], encoding='utf-8'))
jsonschema.Draft202012Validator.check_schema(schema)
def is_a(name):
    return jsonschema.Draft202012Validator({'$ref': '#/$defs/' + name, '$defs': schema['$defs']})
line, document = is_a('line'), is_a('document')
count = 0
for name in sys.argv[2:]:
    with open(name, encoding='utf-8', newline='\\n') as file:
        text = file.read()
    if text.startswith('{\"type\"'):
        lines = text.split('\\n')
        assert lines.pop() == ''
        for one in lines:
            line.validate(json.loads(one))
            assert not line.is_valid({**json.loads(one), 'of_nobody': 1})
            count += 1
    else:
        document.validate(json.loads(text))
        assert not document.is_valid({**json.loads(text), 'of_nobody': 1})
        count += 1
# The schema is not one that lets everything pass.
assert not line.is_valid({'type': 'warning'}) and not document.is_valid({})
print(count)
";
    let schema = include_str!("../data/report.schema.json");
    let mut reports = vec![schema.to_owned()];
    for events in all() {
        reports.push(exported(Export::Json, &events));
        reports.push(exported(Export::JsonLines, &events));
    }
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    let lines: usize = reports[1..]
        .iter()
        .filter(|text| text.starts_with("{\"type\""))
        .map(|text| text.lines().count())
        .sum();
    assert_eq!(ask(program, &reports), lines + all().len());
}

/// Rule: what the program writes is valid by the schema that the program prints.
#[test]
fn whole_files_of_the_program_are_as_the_schema_that_it_prints_says() {
    let program = "
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1], encoding='utf-8'))
def is_a(name):
    return jsonschema.Draft202012Validator({'$ref': '#/$defs/' + name, '$defs': schema['$defs']})
faults, results = [], []
for name in sys.argv[2:]:
    read = json.load(open(name, encoding='utf-8'))
    check = is_a('document' if 'run' in read else 'baseline')
    assert jsonschema.Draft202012Validator(schema).is_valid(read), name
    faults += [name + ' ' + fault.json_path + ': ' + fault.message for fault in check.iter_errors(read)]
    results.append(len(read.get('results', [])))
print(json.dumps([faults[:9], results]))
";
    let schema = pfetch(&["--schema"]).run().exits(0).stdout;
    let (dir, server) = (Dir::new(), Server::start());
    let lines = (0..200).map(|n| match n % 10 {
        9 => server.url(&format!("/status/404?{n}")),
        _ => server.url(&format!("/bytes/{n}")),
    });
    let many = lines.collect::<Vec<_>>().join("\n");
    let [many, few] = [
        dir.file("many", many + "\nno URL\n"),
        dir.file("few", format!("{0}\n{0}\n", server.url("/bytes/5"))),
    ];
    let jsonl = format!("--export=jsonl={}/many.jsonl", dir.path().display());
    let gate = "--assert=failed<=1";
    let compare = "--compare";
    for (file, code, options) in [
        ("plain.json", 3, &["-i", &many, "-v", gate, &jsonl][..]),
        ("compare.json", 0, &["-i", &few, compare, "--runs=3", gate]),
        ("sweep.json", 0, &["-i", &few, "--sweep=1,2", "--runs=2"]),
        ("saved.json", 0, &["-i", &few, "--save-baseline=base"]),
        ("against.json", 0, &["-i", &few, "--against=base"]),
        ("replay.json", 0, &["--replay", "many.jsonl"]),
    ] {
        let export = format!("--export={file}");
        let args = [options, &[export.as_str()]].concat();
        let run = pfetch(&args).current_dir(dir.path()).run();
        run.exits(code);
    }
    let files = [
        "plain.json",
        "compare.json",
        "sweep.json",
        "saved.json",
        "against.json",
        "replay.json",
        "base",
    ];
    let texts = files.map(|file| std::fs::read_to_string(dir.path().join(file)).unwrap());
    let reports: Vec<&str> = std::iter::once(&schema)
        .chain(&texts)
        .map(String::as_str)
        .collect();
    let told = ask(program, &reports);
    assert_eq!(told[0], serde_json::json!([]), "{told:#}");
    assert_eq!([&told[1][0], &told[1][5]], [201, 201], "{told:#}");
    let runs = told[1][1].as_u64().unwrap() > 4 && told[1][2].as_u64().unwrap() > 4;
    assert!(runs, "{told:#}");
}

#[test]
fn a_saved_run_is_as_its_schema_says() {
    let program = "
import json, sys
import jsonschema
schema, saved = (json.load(open(name, encoding='utf-8')) for name in sys.argv[1:])
baseline = jsonschema.Draft202012Validator({'$ref': '#/$defs/baseline', '$defs': schema['$defs']})
baseline.validate(saved)
assert not baseline.is_valid({**saved, 'runs': []})
print(len(saved['history'][0]['runs']))
";
    let one = BaselineRun {
        arm: Arm::Parallel,
        workers: 8,
        seconds: 0.1,
        failed: 0,
        retries: 1,
        bytes: 2,
    };
    let saved = SavedRun {
        version: "0.1.0".to_owned(),
        started_at: std::time::SystemTime::UNIX_EPOCH,
        machine: Some(Machine {
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            cpus: 2,
        }),
        targets: Targets {
            count: 3,
            hash: "0f".repeat(32),
        },
        warm: false,
        paced: true,
        held_back_by: BindingLimits::default(),
        runs: vec![one; 2],
    };
    let saved = History::new(saved);
    let mut text = Vec::new();
    saved.write(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let schema = include_str!("../data/report.schema.json");
    assert_eq!(ask(program, &[schema, &text]), 2);
    // And it is read as it was written.
    assert_eq!(History::read(text.as_bytes()).unwrap(), saved);
}
