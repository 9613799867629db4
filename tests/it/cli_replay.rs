//! The program as a process: comparisons, sweeps, headers and assertions of runs that are told again.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;

use serde_json::Value;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// The formats that are told again to the byte.
const SAME: [&str; 6] = ["csv", "har", "json", "jsonl", "junit", "md"];

/// An `--export` of each of these formats into this folder.
fn exports(dir: &Dir, formats: &[&str]) -> Vec<String> {
    let dir = dir.path().display();
    let export = |format| format!("--export={format}={dir}/report.{format}");
    formats.iter().map(export).collect()
}

fn read(dir: &Dir, format: &str) -> String {
    fs::read_to_string(dir.path().join(format!("report.{format}"))).unwrap()
}

fn list(server: &Server, count: usize) -> String {
    (0..count)
        .map(|n| format!("{}?{n}\n", server.url("/delay/10/10")))
        .collect()
}

/// What stands between these two, which a report has once each.
#[track_caller]
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).expect(text);
    rest.split_once(to).expect(text).0
}

/// Makes a run with these options, and tells it again; returns what both left, and the lines.
#[track_caller]
fn twice(options: &[&str], code: i32) -> (Dir, Dir) {
    let (server, live, again) = (Server::start(), Dir::new(), Dir::new());
    let formats = [&SAME[..], &["html"]].concat();
    let args: Vec<String> = exports(&live, &formats);
    let args: Vec<&str> = args.iter().map(String::as_str).chain(["-"]).collect();
    let run = pfetch(&[&args, options].concat())
        .stdin(list(&server, 6))
        .run();
    let live_report = run.exits(code).stdout.clone();
    let lines = live.path().join("report.jsonl").display().to_string();
    let mut args = exports(&again, &formats);
    args.extend(["--replay".to_owned(), lines]);
    let run = pfetch(&args).run().exits(0).says_nothing();
    for format in SAME {
        assert_eq!(read(&again, format), read(&live, format), "{format}");
    }
    // What people are told of the whole is the same too.
    let (_, result) = live_report.split_once("\n\n").expect(&live_report);
    assert!(
        run.stdout.ends_with(result),
        "{}\nand not\n{result}",
        run.stdout
    );
    (live, again)
}

#[test]
fn every_export_of_a_sweep_can_be_made_again() {
    let options = [
        "--sweep=1,2,4,8",
        "--runs=2",
        "--warmup=1",
        "--assert=failed==0",
        "--assert=speedup>=1000",
        "--strict-assert",
    ];
    let (live, again) = twice(&options, 3);
    let [live, again] = [live, again].map(|dir| read(&dir, "html"));
    for (from, to) in [
        ("<h1", "<section"),
        ("aria-labelledby=\"h-gates\"", "</section>"),
        ("aria-labelledby=\"h-sweep\"", "</section>"),
    ] {
        assert_eq!(between(&again, from, to), between(&live, from, to));
    }
    assert_eq!(again.matches("r=\"4\"><title>").count(), 4, "{again}");
}

#[test]
fn every_export_of_a_comparison_can_be_made_again_with_its_headers_and_gates() {
    let options = [
        "--compare",
        "--runs=2",
        "--warmup=0",
        "-v",
        "-H",
        "X-Key: hush",
        "--assert=failed>0",
    ];
    let (live, again) = twice(&options, 3);
    let har: Value = serde_json::from_str(&read(&again, "har")).unwrap();
    let headers = &har["log"]["entries"][0]["request"]["headers"];
    let has = |name: &str| {
        headers
            .as_array()
            .unwrap()
            .iter()
            .any(|h| h["name"] == name)
    };
    assert!(has("user-agent") && has("x-key"), "{headers}");
    for format in SAME {
        assert!(!read(&live, format).contains("hush"), "{format}");
    }
}

/// A run's lines.
fn lines(options: &[&str]) -> String {
    let server = Server::start();
    let run = pfetch(&[&["--format=jsonl", "-"], options].concat());
    run.stdin(list(&server, 4)).run().stdout
}

#[test]
fn assertions_are_held_against_the_figures_of_runs_told_again() {
    let dir = Dir::new();
    dir.file("run", lines(&["--assert=failed==1"]));
    dir.file("other", lines(&[]));
    dir.file(
        "compared",
        lines(&["--compare", "--runs=5", "--assert=p50>1h"]),
    );
    dir.file("swept", lines(&["--sweep=1,2", "--runs=1"]));
    let whole = lines(&[]);
    let torn: Vec<&str> = whole.lines().take(2).collect();
    dir.file("torn", torn.join("\n"));
    for (gate, files, code, told) in [
        ("failed==0", &["run"][..], 0, "held"),
        ("failed>0", &["run"], 3, "FAILED"),
        ("p95<1us", &["run"], 3, "FAILED"),
        ("speedup>0", &["run"], 3, "unknown       not measured"),
        (
            "speedup<1000000000",
            &["run"],
            3,
            "unknown       not measured",
        ),
        ("total<1h", &["run", "other"], 0, "held"),
        ("total<1h", &["compared"], 0, "held"),
        ("speedup>=0.0001", &["compared"], 0, "held"),
        ("speedup>1000000000", &["compared"], 3, "FAILED"),
        ("p95<1h", &["compared"], 0, "held"),
        ("speedup>1000000000", &["swept"], 3, "FAILED"),
        ("total<1h", &["swept"], 0, "held"),
        ("failed<=0%", &["swept"], 0, "held"),
        (
            "p95<1h",
            &["swept"],
            3,
            "unknown       a sweep of several numbers of workers has no p95",
        ),
        (
            "failed==0",
            &["torn"],
            3,
            "unknown       the run was stopped before its end",
        ),
    ] {
        let args = [&["--assert", gate, "--replay"], files].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(code);
        let run = run.prints(&format!("  gate       {gate:<24} {told}"));
        let gates = run.stdout.matches("  gate  ").count();
        run.check("what was told of others is left out", gates == 1);
    }
    // Without any, what became of those of the run is told, and does not decide how this ends.
    for (files, gates) in [
        (&["run"][..], 1),
        (&["compared"], 1),
        (&["run", "other"], 0),
    ] {
        let run = pfetch(&[&["--replay"], files].concat());
        let run = run.current_dir(dir.path()).run().exits(0);
        run.check("gates", run.stdout.matches("  gate  ").count() == gates);
    }
    let run = pfetch(&["--replay=run", "--compare"]).current_dir(dir.path());
    run.run().exits(2).says("cannot be used with");
}

#[test]
fn what_a_sweep_has_no_figure_of_is_refused_before_anything_is_fetched() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    for metric in [
        "p95<1s",
        "throughput>1B/s",
        "urls_per_second>1",
        "mean<1s",
        "ttfb_p50<1s",
    ] {
        let run = pfetch(&["--sweep=1,2", "--assert", metric, &url]).run();
        run.exits(2)
            .complains_in_a_line()
            .says("it has speedup and total (of its knee), and failed");
    }
    assert!(server.targets().is_empty());
}

#[test]
fn very_quiet_prints_failures_and_nothing_of_what_was_measured() {
    let server = Server::start();
    for measure in ["--compare", "--sweep=1,2"] {
        let args = [
            "-qq",
            measure,
            "--runs=1",
            "--warmup=0",
            "--assert=failed==0",
        ];
        let run = pfetch(&[&args[..], &[&server.url("/bytes/1")]].concat()).run();
        let run = run.exits(0).says_nothing();
        assert_eq!(run.stdout, "");
        let bad = server.url("/status/404");
        let run = pfetch(&[&args[..], &[&bad]].concat()).run().exits(3);
        let lines: Vec<&str> = run.stdout.lines().collect();
        run.check(
            "the URL and the gate",
            matches!(lines[..], [url, gate] if url.contains(&bad) && gate.contains("FAILED")),
        );
    }
}

#[test]
fn a_log_told_again_says_which_files_were_asked_about() {
    let server = Server::start();
    let dir = Dir::new();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (saved, log, url) = (path("saved"), path("run.log"), server.url("/bytes/3"));
    let again = |exists: &str| {
        let args = ["-d", &saved, "--log", &log, "--exists", exists, &url];
        pfetch(&args).run().exits(0)
    };
    again("update").prints("1 ok, ");
    again("update").prints("1 ok (unchanged)");
    let told = pfetch(&["--replay", &log]).run().exits(0);
    told.never_shows("not asked")
        .never_shows("not checked")
        .prints("(unchanged)");
}
