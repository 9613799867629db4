//! The JSON document, and JSON Lines of a comparison.

use pfetch::model::run_id::RunId;
use pfetch::report::export::Export;
use pfetch::stats::Speedup;
use serde_json::{Value, json};

use crate::export::events::{
    HOSTILE, MS, against, comparison, exported, faster, hostile, incomparable, ok, outcomes, run,
    started, swept, with_assertions,
};
use pfetch::model::event::Event;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(parsed).collect()
}

#[test]
fn a_document_is_exactly_this() {
    let (version, id) = (env!("CARGO_PKG_VERSION"), RunId::default());
    let events = run(vec![ok(0, "http://a.example/", 50 * MS)], Some(50 * MS));
    let latency = |name, s: &str, rounded: &str| {
        format!(
            r#""{name}":{{"mean":{s},"p50":{rounded},"p90":{rounded},"p95":{rounded},"p99":{rounded},"max":{s}}}"#
        )
    };
    assert_eq!(
        exported(Export::Json, &events),
        format!(
            r#"{{"run":{{"schema":1,"version":"{version}","workers":4,"started_at":"1970-01-01T00:00:01.250000Z","startup":0.001,"run":"{id}","log":null,"shard":null}},
"results":[
{{"arm":null,"pair":null,"workers":null,"index":0,"url":"http://a.example/","final_url":null,"action":"get","outcome":"ok","status":200,"http_version":"HTTP/1.1","content_type":null,"meta":null,"attempts":1,"pushed_back":0,"bytes":1256,"wire_bytes":1500,"remote":"127.0.0.1:80","reused":false,"worker":3,"started_at":"1970-01-01T00:00:01.500000Z","elapsed":0.05,"timing":{{"blocked":0.001,"dns":null,"connect":0.003,"ssl":null,"send":0.0,"wait":null,"receive":0.046,"total":0.05,"ttfb":0.004}},"redirects":[],"saved":null,"exchanges":[],"earlier":[],"error":null,"notices":[]}}],
"arms":[],
"warnings":[],
"summary":{{"targets":1,"ok":1,"unchanged":0,"kept":0,"failed":0,"not_done":0,"skipped":0,"done_before":0,"retries":0,"bytes":1256,"served_bytes":1256,"wire_bytes":1500,"workers":4,"paced":false,"pacing":null,"stopped":false,"listed":null,"runs":null,"parallel":0.05,"input_wait":0.0,"input_idle":0.0,"retry_idle":0.0,"retry_idle_for":{{"retry_after":0.0,"no_answer":0.0,"delay":0.0}},"serial":{{"method":"estimate","seconds":0.05,"speedup":1.0,"best_speedup":1.0,"unseen_limit":null}},"throughput":25120.0,"urls_per_second":20.0,{},{},"intended_latency":null,"slowdown":null,"statuses":{{"200":1}},"failures":{{}},"origins":[],"more_origins":0,"merged":null}},
"comparison":null,
"sweep":null,
"against":null,
"gates":[]}}
"#,
            latency("latency", "0.05", "0.05"),
            latency("ttfb", "0.004", "0.004"),
        )
    );
}

/// A line without what a document does not repeat: its type and its run.
fn bare(line: &Value) -> Value {
    let mut line = line.clone();
    let fields = line.as_object_mut().unwrap();
    fields.remove("type");
    fields.remove("run");
    line
}

#[test]
fn the_document_and_the_lines_say_the_same() {
    for events in [
        run(outcomes(), Some(80 * MS)),
        hostile(),
        run(Vec::new(), None),
    ] {
        let document = parsed(&exported(Export::Json, &events));
        let lines = lines(&exported(Export::JsonLines, &events));
        let (first, last) = (lines.first().unwrap(), lines.last().unwrap());
        let mut begun = bare(first);
        begun["run"] = first["run"].clone();
        assert_eq!(document["run"], begun);
        assert_eq!(document["summary"], bare(last));
        let results: Vec<Value> = lines[1..lines.len() - 1]
            .iter()
            .map(|line| {
                let mut line = bare(line);
                line["arm"] = Value::Null;
                line["pair"] = Value::Null;
                line["workers"] = Value::Null;
                line
            })
            .collect();
        assert_eq!(document["results"], Value::from(results));
    }
}

#[test]
fn hostile_text_is_data() {
    let document = parsed(&exported(Export::Json, &hostile()));
    for (result, hostile) in document["results"].as_array().unwrap().iter().zip(HOSTILE) {
        assert_eq!(result["url"], hostile);
        assert_eq!(result["error"]["message"], hostile);
    }
}

#[test]
fn warnings_stand_in_the_document() {
    let mut events = run(Vec::new(), None);
    events.insert(1, Event::Warning("so \"what\"".to_owned()));
    let document = parsed(&exported(Export::Json, &events));
    assert_eq!(document["warnings"], json!(["so \"what\""]));
}

fn expected_comparison() -> Value {
    json!({
        "workers": 4,
        "targets": 2,
        "warmups": 1,
        "stopped": null,
        "auto": null,
        "serial": {
            "seconds": [2.0, 4.0],
            "sample": {"n": 2, "mean": 3.0, "median": 3.0, "deviation": 2.0_f64.sqrt(), "min": 2.0, "max": 4.0},
            "failed": 0, "retries": 1, "startup": 0.5, "latency": null, "left_out": [],
        },
        "parallel": {
            "seconds": [1.0, 1.0],
            "sample": {"n": 2, "mean": 1.0, "median": 1.0, "deviation": 0.0, "min": 1.0, "max": 1.0},
            "failed": 0, "retries": 1, "startup": 0.5, "latency": null, "left_out": [],
        },
        "speedup": {"pairs": 2, "ratio": 2.5, "interval": {"low": 2.0, "high": 3.125}},
        "work": {
            "unlike_pairs": [], "failed_in_parallel": 0, "failed_serially": 0, "other_status": 0, "other_size": 0,
            "failed_in_both": 0,
        },
        "verdict": "faster",
        "efficiency": 1.25,
        "estimated": 1.5,
        "differing": {"count": 3, "urls": ["http://a.example/|<b>"]},
        "margin": 0.1,
        "notices": ["1 run is an outlier", "- *x*"],
        "why": expected_why(),
    })
}

fn expected_why() -> Value {
    let origin = "http://a.example|<b>:8080";
    let phases = |wait: f64| {
        json!({
            "requests": 4, "connected": 2,
            "blocked": 0.001, "dns": null, "connect": 0.0005, "ssl": null, "send": 0.0, "wait": wait, "receive": 0.002,
        })
    };
    json!({
        "reasons": [
            {"reason": "at-once", "origin": origin, "requests": 1.04, "most": 2.1, "serial": 0.02, "parallel": 0.16, "share": 0.6},
            {"reason": "slowest-url", "url": "http://a.example/|<b>", "seconds": 1.2, "waits": 0.0, "of": 1.21, "share": 0.5},
            {"reason": "full-line", "serial": 94e6, "parallel": 93e6, "share": 0.4},
            {"reason": "machine", "used": 1.9, "processors": 2, "busy": 0.99, "running": 0.9, "share": 0.3},
            {"reason": "connections", "kept": 0.0003, "new": 0.041, "is_estimated": false, "serial": 0.9, "parallel": 0.8, "share": 0.2},
            {"reason": "push-back", "origin": origin, "too_many": 17, "unavailable": 1, "refused": 2, "at_once": 4, "per_second": null, "share": 0.1},
            {"reason": "rate-limit", "origin": origin, "per_second": 10.0, "too_many": 40, "unavailable": 0, "share": 0.1},
        ],
        "lost": 0.75,
        "phases": [{"origin": origin, "serial": phases(0.02), "parallel": phases(0.16)}],
        "unlisted": 3,
    })
}

#[test]
fn lines_tell_of_a_comparison() {
    let lines = lines(&exported(Export::JsonLines, &comparison(faster())));
    let types: Vec<&str> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    let arm = ["arm", "result", "arm_summary"];
    assert_eq!(
        types,
        [&["run"][..], &arm.repeat(5), &["comparison"]].concat()
    );
    assert_eq!(
        bare(&lines[4]),
        json!({"arm": "serial", "pair": 1, "workers": 4, "done": 1, "of": 5, "most": 0})
    );
    let ended = &lines[6];
    assert_eq!(
        (&ended["arm"], &ended["pair"]),
        (&json!("serial"), &json!(1))
    );
    assert_eq!(
        (&ended["ok"], &ended["parallel"]),
        (&json!(1), &json!(0.06))
    );
    assert_eq!(ended["serial"], Value::Null);
    let last = lines.last().unwrap();
    assert_eq!(last["type"], "comparison");
    assert_eq!(bare(last), expected_comparison());
}

#[test]
fn the_document_tells_of_a_comparison() {
    let document = parsed(&exported(Export::Json, &comparison(faster())));
    assert_eq!(document["comparison"], expected_comparison());
    assert_eq!(document["summary"], Value::Null);
    assert_eq!(document["arms"].as_array().unwrap().len(), 5);
    let results = document["results"].as_array().unwrap();
    let placed: Vec<Value> = results
        .iter()
        .map(|r| json!([r["arm"], r["pair"]]))
        .collect();
    assert_eq!(
        Value::from(placed),
        json!([
            ["serial", 0],
            ["serial", 1],
            ["parallel", 1],
            ["parallel", 2],
            ["serial", 2]
        ])
    );
    let single = Speedup {
        pairs: 1,
        ratio: 2.0,
        interval: None,
    };
    let document = parsed(&exported(Export::Json, &comparison(single)));
    let comparison = &document["comparison"];
    assert_eq!(comparison["verdict"], Value::Null);
    assert_eq!(comparison["speedup"]["interval"], Value::Null);
}

#[test]
fn what_is_written_so_far_is_a_line_each() {
    let text = exported(Export::JsonLines, &[started()]);
    assert!(
        text.starts_with("{\"type\":\"run\",\"schema\":1,") && text.ends_with("}\n"),
        "{text}"
    );
}

#[test]
fn sweeps_and_gates_are_those_of_the_lines() {
    let events = with_assertions(swept());
    let document = parsed(&exported(Export::Json, &events));
    let lines = lines(&exported(Export::JsonLines, &events));
    let of_type = |name: &str| -> Vec<Value> {
        let mut found: Vec<Value> = Vec::new();
        for line in &lines {
            if line["type"] == name {
                found.push(bare(line));
            }
        }
        found
    };
    assert_eq!(document["gates"], Value::Array(of_type("gate")));
    assert_eq!(document["gates"][1]["verdict"], "failed");
    assert_eq!(
        Value::Array(vec![document["sweep"].clone()]),
        Value::Array(of_type("sweep"))
    );
    assert_eq!(document["sweep"]["knee"]["workers"], 4);
    assert_eq!(document["sweep"]["speedup"]["pairs"], 3);
    assert!(document["summary"].is_null() && document["comparison"].is_null());
}

#[test]
fn a_run_against_a_saved_one_is_told_before_the_end() {
    let events = against();
    let lines = lines(&exported(Export::JsonLines, &events));
    let place = lines.iter().position(|line| line["type"] == "against");
    assert_eq!(place, Some(lines.len() - 2), "{lines:#?}");
    let mut line = bare(&lines[lines.len() - 2]);
    let sample = |n: usize, mean: f64, deviation: Option<f64>, min: f64, max: f64| json!({"n": n, "mean": mean, "median": mean, "deviation": deviation, "min": min, "max": max});
    let ratio = line["points"][0]["ratio"].as_f64().unwrap();
    assert!((ratio - 2.0_f64.sqrt()).abs() < 1e-9, "{line}");
    for figure in ["ratio", "seconds"] {
        line["points"][0][figure] = Value::Null;
    }
    assert_eq!(
        line,
        json!({
            "file": "a<b>.json",
            "version": "0.0.9",
            "started_at": "1970-01-01T00:00:00.000000Z",
            "points": [
                {
                    "arm": "serial", "workers": 4, "workers_then": 4, "seconds": null, "seconds_then": 2.0,
                    "now": sample(2, 3.0, Some(2.0_f64.sqrt()), 2.0, 4.0),
                    "then": sample(1, 2.0, None, 2.0, 2.0),
                    "reference": {
                        "runs": 1, "from": "1970-01-01T00:00:00.000000Z", "to": "1970-01-01T00:00:00.000000Z",
                        "deviation": null,
                    },
                    "ratio": null, "interval": null, "verdict": null, "why": null, "changed": null,
                },
                {
                    "arm": "parallel", "workers": 4, "workers_then": 4, "seconds": 2.0, "seconds_then": 1.0,
                    "now": sample(2, 2.0, Some(0.0), 2.0, 2.0),
                    "then": sample(2, 1.0, Some(0.0), 1.0, 1.0),
                    "reference": {
                        "runs": 3, "from": "1970-01-01T00:00:00.000000Z", "to": "1970-01-02T00:00:00.000000Z",
                        "deviation": 0.031,
                    },
                    "ratio": 2.0, "interval": {"low": 2.0, "high": 2.0}, "verdict": "slower", "why": null,
                    "changed": {
                        "run": 2, "of": 4, "started_at": "1970-01-01T00:00:00.000000Z", "ratio": 1.3,
                        "verdict": "slower",
                    },
                },
            ],
            "why": null,
            "margin": 0.1,
            "notices": ["pfetch 0.1.0 now, <b>*x*</b> then"],
        })
    );
    let mut document = parsed(&exported(Export::Json, &events));
    for figure in ["ratio", "seconds"] {
        document["against"]["points"][0][figure] = Value::Null;
    }
    assert_eq!(document["against"], line);
    let document = parsed(&exported(Export::Json, &incomparable()));
    assert_eq!(
        document["against"]["why"],
        "the baseline is of another list of URLs (1 URL more than in its 20 runs); give that list, or another FILE"
    );
    assert_eq!(document["against"]["points"], json!([]));
    let document = parsed(&exported(Export::Json, &comparison(faster())));
    assert_eq!(document["against"], Value::Null);
}
