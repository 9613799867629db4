//! Runs with limits on starts and bytes: which limit held back, and why a rate was missed, in each report.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch, unbroken};
use crate::server::Server;

/// A server that answers after this time.
fn server_after(time: Duration) -> Server {
    Server::with(move |_, reply| {
        reply.wait(time);
        reply.send(200, "", b"ok")
    })
}

/// A run over so many URLs of the server.
fn run(server: &Server, urls: usize, options: &[&str]) -> Run {
    let urls: Vec<String> = (0..urls).map(|k| server.url(&format!("/{k}"))).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    pfetch(&[options, &urls].concat()).run().exits(0)
}

/// The seconds for which a limit held something back; 0 if it was not set.
fn held_back(run: &Run, limit: &str) -> f64 {
    let summary = run.summary();
    let held = &summary["pacing"]["held_back"][limit];
    held.as_f64().unwrap_or_default()
}

fn missed_by(run: &Run) -> Value {
    run.summary()["pacing"]["rate"]["missed_by"].clone()
}

#[test]
fn each_limit_has_the_time_for_which_it_held_starts_back() {
    let server = Server::with(|_, reply| reply.send(200, "", b"ok"));
    for (limit, option) in [("rate", "--rate=50/s"), ("host_delay", "--host-delay=20ms")] {
        let run = run(&server, 11, &["-j8", "--format=jsonl", option]);
        let held = held_back(&run, limit);
        run.check(&format!("{limit}: {held} s"), held > 0.0);
        for other in ["rate", "host_delay", "per_host", "limit_rate"] {
            let is_null = run.summary()["pacing"]["held_back"][other].is_null();
            run.check(other, is_null == (other != limit));
        }
    }
    let server = server_after(Duration::from_millis(20));
    let run = run(&server, 11, &["-j8", "--format=jsonl", "--per-host=1"]);
    let held = held_back(&run, "per_host");
    run.check(&format!("per_host: {held} s"), held > 0.0);
}

#[test]
fn a_report_names_the_limits_that_held_back_and_no_others() {
    let server = server_after(Duration::from_millis(20));
    let options = ["-j2", "--rate=10/s", "--per-host=2", "--limit-rate=1G"];
    let shown = run(&server, 5, &options);
    let shown = shown.prints("starts were held back by --rate");
    for other in ["--host-delay", "--per-host", "--limit-rate", "as asked"] {
        shown.check(other, !shown.stdout.contains(other));
    }
}

#[test]
fn a_rate_that_was_missed_is_told_with_its_reason_in_all_reports_and_survives_a_replay() {
    let server = server_after(Duration::from_millis(40));
    let dir = Dir::new();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let files = ["run.md", "run.html", "run.json", "run.xml", "run.jsonl"].map(path);
    let [md, html, json, junit, log] = &files;
    let junit_export = format!("junit={junit}");
    let exports = [md, html, json, &junit_export, log];
    let exports = exports.map(|file| ["--export", file.as_str()]).concat();
    let shown = run(
        &server,
        12,
        &[&["-j1", "--rate=100/s"], &exports[..]].concat(),
    );
    let line = |run: &Run| -> String {
        let text = unbroken(&run.stdout);
        let mut lines = text.lines();
        let line = lines.find(|line| line.contains(" asked for, "));
        line.unwrap_or_else(|| panic!("no line in {}", run.stdout))
            .to_owned()
    };
    let told = line(&shown);
    shown.check(&told, told.starts_with("  rate       100/s asked for, "));
    shown.check(
        &told,
        told.contains("/s reached: 1 worker was too few, about "),
    );
    shown.check(&told, told.ends_with(" would do (-j)"));
    let sentence = &told["  rate       ".len()..];
    let read = |file: &str| fs::read_to_string(file).expect("it was exported");
    for file in [md, html, junit] {
        let page = read(file);
        assert!(page.contains(sentence), "{file} lacks {sentence}: {page}");
    }
    let property = format!("<property name=\"asked-rate\" value=\"{sentence}\"/>");
    assert!(read(junit).contains(&property), "{property}");
    let json: Value = serde_json::from_str(&read(json)).expect("it is JSON");
    let pacing = &json["summary"]["pacing"];
    assert_eq!(pacing["rate"]["asked"], 100.0, "{pacing}");
    assert_eq!(pacing["rate"]["missed_by"], "workers", "{pacing}");
    let again = pfetch(&["--replay", log]).run().exits(0);
    assert_eq!(line(&again), told);
    let again = pfetch(&["--replay", log, "--format=jsonl"]).run().exits(0);
    assert_eq!(again.summary()["pacing"], *pacing);
}

#[test]
fn a_rate_is_missed_by_the_limit_that_let_no_more_start() {
    let server = server_after(Duration::from_millis(40));
    for (option, expected) in [
        ("--per-host=1", "per-host"),
        ("--host-delay=100ms", "host-delay"),
    ] {
        let run = run(
            &server,
            12,
            &["-j8", "--rate=100/s", "--format=jsonl", option],
        );
        run.check(option, missed_by(&run) == expected);
    }
}

#[test]
fn a_rate_is_missed_by_a_list_that_comes_slowly() {
    let server = Server::with(|_, reply| reply.send(200, "", b"ok"));
    let args = ["-j8", "--rate=1000000/s", "--format=jsonl", "-"];
    let mut running = pfetch(&args).start();
    // Each comes once the one before it is done, which takes longer than a millionth of a second.
    for k in 0..12 {
        running.feed(&server.url(&format!("/{k}")));
        while !running.line().contains(&format!("/{k}\"")) {}
    }
    let run = running.finish().exits(0);
    run.check("the list", missed_by(&run) == "list");
}
