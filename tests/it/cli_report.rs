//! The reports of the program as a process: human report, JSON Lines and progress.

use std::collections::BTreeSet;

use crossbeam_channel::bounded;
use serde_json::Value;

use crate::pfetch::pfetch;
use crate::server::{Server, routes};

/// Asserts that an object has exactly these keys: one more is a change of the schema.
#[track_caller]
fn has_keys(object: &Value, keys: &[&str]) {
    let found: BTreeSet<&str> = object
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(found, keys.iter().copied().collect(), "{object}");
}

const RESULT: [&str; 27] = [
    "type",
    "run",
    "index",
    "url",
    "final_url",
    "action",
    "outcome",
    "status",
    "http_version",
    "content_type",
    "meta",
    "attempts",
    "pushed_back",
    "earlier",
    "exchanges",
    "elapsed",
    "bytes",
    "wire_bytes",
    "remote",
    "reused",
    "worker",
    "started_at",
    "timing",
    "redirects",
    "saved",
    "error",
    "notices",
];
const PHASES: [&str; 7] = [
    "blocked", "dns", "connect", "ssl", "send", "wait", "receive",
];

#[test]
fn json_lines_have_exactly_the_documented_fields() {
    let server = Server::start();
    let list = [
        server.url("/bytes/10"),
        server.url("/redirect/1"),
        server.url("/status/404"),
        "http://127.0.0.1:1/".to_owned(),
        "ftp://h/".to_owned(),
    ];
    // Waits for a retry leave nothing to estimate from.
    let run = pfetch(&["--format=jsonl", "--retry=0", "-"])
        .stdin(list.join("\n"))
        .run();
    let run = run.exits(1).shows_plain_text().says_nothing();
    let lines = run.json();
    let types: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "run", "result", "result", "result", "result", "result", "summary"
        ]
    );
    has_keys(
        &lines[0],
        &[
            "type",
            "schema",
            "version",
            "workers",
            "started_at",
            "startup",
            "run",
            "log",
            "shard",
        ],
    );
    assert_eq!(lines[0]["schema"], 1);
    for result in run.results() {
        has_keys(&result, &RESULT);
        has_keys(
            &result["timing"],
            &[&PHASES[..], &["total", "ttfb"]].concat(),
        );
        for hop in result["redirects"].as_array().unwrap() {
            has_keys(hop, &["url", "status"]);
        }
        if result["outcome"] == "failed" {
            has_keys(&result["error"], &["kind", "phase", "message"]);
        } else {
            assert!(result["error"].is_null());
        }
    }
    let summary = run.summary();
    has_keys(
        &summary,
        &[
            "type",
            "run",
            "merged",
            "targets",
            "ok",
            "failed",
            "not_done",
            "skipped",
            "unchanged",
            "kept",
            "done_before",
            "retries",
            "bytes",
            "served_bytes",
            "wire_bytes",
            "workers",
            "paced",
            "pacing",
            "stopped",
            "listed",
            "runs",
            "parallel",
            "input_wait",
            "input_idle",
            "retry_idle",
            "retry_idle_for",
            "serial",
            "throughput",
            "urls_per_second",
            "latency",
            "ttfb",
            "intended_latency",
            "slowdown",
            "statuses",
            "failures",
            "origins",
            "more_origins",
        ],
    );
    has_keys(
        &summary["serial"],
        &[
            "method",
            "seconds",
            "speedup",
            "best_speedup",
            "unseen_limit",
        ],
    );
    let counts = ["targets", "ok", "failed", "skipped", "stopped"].map(|key| &summary[key]);
    assert_eq!(
        counts,
        [
            &5.into(),
            &2.into(),
            &3.into(),
            &0.into(),
            &Value::Bool(false)
        ]
    );
}

#[test]
fn every_kind_of_result_says_what_it_is() {
    let server = Server::start();
    let list = format!(
        "{}\nhttp://127.0.0.1:1/\nftp://h/\n",
        server.url("/status/404")
    );
    let run = pfetch(&["--format=jsonl", "--order=input", "-"])
        .stdin(list)
        .run();
    let results = run.exits(1).results();
    let said = |n: usize, key: &str| results[n]["error"][key].clone();
    assert_eq!(
        [0, 1, 2].map(|n| said(n, "kind")),
        ["status", "connect", "input"]
    );
    assert_eq!(said(0, "phase"), Value::Null);
    assert_eq!(said(1, "phase"), "connect");
    assert_eq!(said(0, "message"), "not found");
    assert_eq!(said(1, "message"), "connection refused");
    assert_eq!(
        said(2, "message"),
        "<stdin>:3: scheme \"ftp\" is not supported; use http or https"
    );
    assert_eq!(
        [0, 1, 2].map(|n| results[n]["index"].as_u64()),
        [0, 1, 2].map(Some)
    );
    assert_eq!(results[0]["status"], 404);
    assert_eq!(results[0]["http_version"], "HTTP/1.1");
    assert_eq!(results[0]["remote"], server.addr().to_string());
    // What never reached a worker has no figures made up for it.
    for key in [
        "status",
        "wire_bytes",
        "remote",
        "reused",
        "worker",
        "started_at",
    ] {
        assert!(results[2][key].is_null(), "{key}");
    }
    assert!(
        results[2]["timing"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_null)
    );
}

#[test]
fn phases_that_did_not_happen_are_null_and_the_others_add_up() {
    let server = Server::start();
    let url = server.url("/bytes/1000");
    let run = pfetch(&["--format=jsonl", "-j1", &url, &url])
        .run()
        .exits(0);
    let results = run.results();
    for (result, reused) in results.iter().zip([false, true]) {
        let timing = &result["timing"];
        assert_eq!(result["reused"], reused);
        assert!(
            timing["dns"].is_null() && timing["ssl"].is_null(),
            "{timing}"
        );
        assert_eq!(timing["connect"].is_null(), reused, "{timing}");
        for phase in ["blocked", "send", "wait", "receive", "total", "ttfb"] {
            assert!(timing[phase].is_f64(), "{phase}: {timing}");
        }
        let sum: f64 = PHASES
            .iter()
            .filter_map(|phase| timing[phase].as_f64())
            .sum();
        let total = timing["total"].as_f64().unwrap();
        assert!((sum - total).abs() < 1e-6, "{sum} is not {total}");
        assert!(timing["ttfb"].as_f64().unwrap() <= total);
        // More than the body: its head is counted too.
        assert_eq!(result["bytes"], 1000);
        assert!(result["wire_bytes"].as_u64().unwrap() > 1000);
        let started = result["started_at"].as_str().unwrap();
        assert!(humantime::parse_rfc3339(started).is_ok(), "{started}");
    }
    // The estimate is the sum of the totals.
    let serial = run.summary()["serial"]["seconds"].as_f64().unwrap();
    let totals: f64 = results
        .iter()
        .filter_map(|r| r["timing"]["total"].as_f64())
        .sum();
    assert!((serial - totals).abs() < 1e-6, "{serial} is not {totals}");
    assert_eq!(run.summary()["bytes"], 2000);
}

#[test]
fn the_baseline_can_be_left_out() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let run = pfetch(&["--baseline=none", &url]).run().exits(0);
    run.prints("1 URL: 1 ok, 0 failed")
        .never_shows("serial")
        .never_shows("estimated");
    let run = pfetch(&["--baseline=none", "--format=jsonl", &url])
        .run()
        .exits(0);
    assert!(run.summary()["serial"].is_null());
    assert!(run.summary()["parallel"].is_f64());
}

#[test]
fn quiet_prints_failures_and_the_summary_and_twice_so_failures_only() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/404"));
    for quiet in [&["-qq"][..], &["-q", "-q"], &["--quiet", "--quiet"]] {
        let args = [quiet, &[&good]].concat();
        let run = pfetch(&args).run().exits(0).says_nothing();
        assert_eq!(run.stdout, "");
        let args = [quiet, &[&good, &bad]].concat();
        let run = pfetch(&args).run().exits(1).says_nothing();
        run.check("one line", run.stdout.lines().count() == 1);
        run.prints("  404 ").prints(&bad);
    }
    let run = pfetch(&["-q", &good, &bad]).run().exits(1).says_nothing();
    run.check("no success", !run.stdout.contains(&good));
    run.prints(&bad).prints("\n  2 URLs: 1 ok, 1 failed");
    let run = pfetch(&["--summary-only", &good, &bad]).run().exits(1);
    run.check("no line", run.stdout.starts_with("  2 URLs: "));
    let run = pfetch(&["-q", "--summary-only", &good]).run().exits(2);
    run.complains_in_a_line().says("--summary-only");
}

#[test]
fn colour_is_used_when_asked_for_and_not_in_a_pipe() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/404"));
    for (option, environment, coloured) in [
        (None, vec![], false),
        (None, vec![("CLICOLOR_FORCE", "1")], true),
        (None, vec![("CLICOLOR_FORCE", "0")], false),
        (
            None,
            vec![("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
            false,
        ),
        (Some("--color=auto"), vec![("TERM", "xterm")], false),
        (
            Some("--color=always"),
            vec![("NO_COLOR", "1"), ("TERM", "dumb")],
            true,
        ),
        (Some("--color=never"), vec![("CLICOLOR_FORCE", "1")], false),
    ] {
        let args = [option, Some(&good), Some(&bad)].into_iter().flatten();
        let mut command = pfetch(&args.collect::<Vec<_>>());
        for (name, value) in environment {
            command = command.env(name, value);
        }
        let run = command.run().exits(1);
        run.check(
            "colour or none",
            run.stdout.contains("\x1b[32m  200\x1b[0m") == coloured,
        );
        run.check(
            "colour or none",
            run.stdout.contains("\x1b[31m  404\x1b[0m") == coloured,
        );
        if !coloured {
            run.shows_plain_text();
        }
    }
    // A program reads no colours.
    let run = pfetch(&["--color=always", "--format=jsonl", &bad]).run();
    run.exits(1).shows_plain_text();
}

#[test]
fn progress_that_is_no_terminal_is_lines_on_standard_error() {
    let (release, held) = bounded::<()>(0);
    let server = Server::with(move |request, reply| {
        let _ = held.recv();
        routes(request, reply)
    });
    let release = release;
    let list = [server.url("/bytes/5"), server.url("/status/404")];
    let mut running = pfetch(&["--progress=always", "--color=always", &list[0], &list[1]]).start();
    let line = running.error_line();
    assert!(line.starts_with("pfetch: "), "{line}");
    assert!(line.ends_with(": 0 of 2 done, 0 failed, 0 B"), "{line}");
    drop(release);
    let run = running.finish().exits(1);
    run.check("no control codes", !run.stderr.contains('\x1b'));
    run.check("not on stdout", !run.stdout.contains("done"));
    run.prints("2 URLs: ");
}

#[test]
fn progress_is_off_in_a_pipe() {
    let server = Server::start();
    // Longer than the display's delay, so that it would show.
    for options in [vec![], vec!["--progress=auto"], vec!["--progress=never"]] {
        let url = server.url("/delay/400");
        let run = pfetch(&[&options[..], &[&url]].concat())
            .env("TERM", "xterm")
            .run();
        run.exits(0).says_nothing().shows_plain_text();
    }
}

#[test]
fn results_come_out_while_the_run_goes_on() {
    for format in ["human", "jsonl"] {
        let (release, held) = bounded::<()>(0);
        let server = Server::with(move |request, reply| {
            if request.target == "/slow" {
                let _ = held.recv();
            }
            reply.send(200, "", b"")
        });
        let release = release;
        let (slow, fast) = (server.url("/slow"), server.url("/fast"));
        let mut running = pfetch(&["--format", format, "-j2", &slow, &fast]).start();
        while !running.line().contains("/fast") {}
        drop(release);
        running.finish().exits(0).prints("/slow");
    }
}
