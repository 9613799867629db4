//! `--deadline`: when it passes the run ends, and targets that were not done are told apart from failures.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::Server;

/// Asserts that every index from 0 was emitted once.
#[track_caller]
fn assert_each_once(run: &Run) -> usize {
    let results = run.results();
    let mut indices: Vec<u64> = results
        .iter()
        .map(|result| result["index"].as_u64().expect("a number"))
        .collect();
    indices.sort_unstable();
    let all: Vec<u64> = (0..results.len() as u64).collect();
    run.check("each once", indices == all);
    results.len()
}

#[test]
fn what_is_not_done_at_the_deadline_is_skipped_and_has_not_failed() {
    let server = Server::start();
    let mut args = vec!["-j2".to_owned(), "--deadline=1s".to_owned()];
    args.extend(["--format=jsonl", "--order=input"].map(str::to_owned));
    args.extend((0..6).map(|_| server.url("/hang")));
    let run = pfetch(&args).run().exits(1);
    run.check("all told", assert_each_once(&run) == 6);
    for result in run.results() {
        run.check("skipped", result["outcome"] == "skipped");
        run.check("kind", result["error"]["kind"] == "deadline");
        let message = "not done at the run's deadline of 1s";
        run.check("message", result["error"]["message"] == message);
    }
    run.check("two were tried", server.requests() <= 2);
    run.check("all skipped", run.summary()["skipped"] == 6);
    run.check("none failed", run.summary()["failed"] == 0);
    run.check("not done", run.summary()["not_done"] == 6);
}

#[test]
fn what_is_not_done_at_the_deadline_does_not_count_as_done_in_any_report() {
    let server = Server::start();
    let dir = Dir::new();
    let names = ["run.json", "run.md", "run.html", "run.jsonl", "run.xml"];
    let [json, md, html, lines, junit] = names.map(|name| {
        let path = dir.path().join(name);
        path.display().to_string()
    });
    let mut args = vec!["-j2".to_owned(), "--deadline=1s".to_owned()];
    for export in [&json, &md, &html, &lines, &junit] {
        args.extend(["--export".to_owned(), export.clone()]);
    }
    args.extend(["/bytes/1", "/status/404"].map(|path| server.url(path)));
    args.extend((0..4).map(|_| server.url("/hang")));
    let run = pfetch(&args).run().exits(1);
    let counts = "2 of 6 URLs done: 1 ok, 1 failed, 4 not done at the deadline";
    let run = run
        .prints(counts)
        .prints("with --log FILE, a later run with --resume could go on");
    let read = |path: &str| fs::read_to_string(path).expect("it was written");
    let document: Value = serde_json::from_str(&read(&json)).expect("it is JSON");
    let summary = &document["summary"];
    let figures = ["ok", "failed", "not_done", "skipped"].map(|key| summary[key].as_u64());
    run.check(
        &format!("the figures {figures:?}"),
        figures == [1, 1, 4, 4].map(Some),
    );
    for (path, text) in [
        (&md, "1 ok, 1 failed, 4 not done at the deadline**"),
        (&md, "2 of 6 URLs done"),
        (&html, "2 of 6 URLs done"),
        (&html, "4 not done at the deadline"),
        (&html, "What failed"),
        (&html, "What was not done"),
        (&md, "### Failures (1)"),
        (&md, "### Not done at the deadline (4)"),
        // A case each that was not done, and one for the suite, which is not to look like a good one.
        (
            &junit,
            "tests=\"7\" failures=\"1\" errors=\"1\" skipped=\"4\"",
        ),
        (
            &junit,
            "<skipped type=\"deadline\" message=\"not done at the run&#39;s deadline of 1s\"/>",
        ),
        (
            &junit,
            "<error type=\"deadline\" message=\"the run&#39;s deadline passed (--deadline): 2 of 6 URLs done\"/>",
        ),
    ] {
        let page = read(path);
        run.check(&format!("{text:?} in {path}:\n{page}"), page.contains(text));
    }
    // What had not begun has no line: it may be most of a list.
    let begun = read(&lines)
        .lines()
        .filter(|line| line.contains("\"kind\":\"deadline\"") && !line.contains("\"worker\":null"))
        .count();
    let told = lines_of_the_undone(&run, "1s");
    run.check(
        &format!("{told} of {begun} are told"),
        told == begun && told <= 2,
    );
    run.check("no failures", !run.stdout.contains(" fail "));
    // A replay counts alike.
    let again = pfetch(&["--replay", &lines]).run();
    again.prints(counts);
}

/// The number of lines of targets that were not done at this deadline.
fn lines_of_the_undone(run: &Run, deadline: &str) -> usize {
    let end = format!("not done at the run's deadline of {deadline}");
    run.stdout
        .lines()
        .filter(|line| line.starts_with("    - ") && line.ends_with(&end))
        .count()
}

#[test]
fn quiet_runs_count_what_was_not_done_and_list_none_of_it() {
    let server = Server::start();
    let hanging = server.url("/hang");
    let urls = vec![hanging.as_str(); 40];
    for (quiet, has_summary) in [
        (&["-q"][..], true),
        (&["-qq"], false),
        (&["--summary-only"], true),
    ] {
        let args = [quiet, &["-j2", "--deadline=500ms"], &urls].concat();
        let run = pfetch(&args).run().exits(1);
        run.check("no line", lines_of_the_undone(&run, "500ms") == 0);
        let counts = "0 of 40 URLs done: 0 ok, 0 failed, 40 not done at the deadline";
        run.check("a summary", run.stdout.contains(counts) == has_summary);
        run.check("nothing else", has_summary || run.stdout.is_empty());
        run.says("the run's deadline passed (--deadline): 40 of 40 URLs were not done\n");
    }
}

#[test]
fn what_failed_before_the_deadline_is_still_told_quietly() {
    let server = Server::start();
    let [bad, hanging] = ["/status/404", "/hang"].map(|path| server.url(path));
    let args = ["-qq", "-j1", "--deadline=2s", &bad, &hanging, &hanging];
    let run = pfetch(&args).run().exits(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    run.check(
        "one line",
        matches!(lines[..], [line] if line.contains(&bad)),
    );
}

#[test]
fn no_attempt_is_waited_for_that_could_only_begin_after_it() {
    let patient = Server::with(|_, reply| reply.send(503, "Retry-After: 3600\r\n", b""));
    let url = patient.url("/");
    let args = [
        "--deadline=30s",
        "--retry-after-max=2h",
        "--format=jsonl",
        &url,
    ];
    let run = pfetch(&args).run().exits(1);
    let result = run.result();
    // The failure is its own, at once, and not the deadline's.
    run.check("its status", result["error"]["kind"] == "status");
    run.check(
        "one attempt",
        result["attempts"] == 1 && patient.requests() == 1,
    );
    run.check("not cut short", run.summary()["stopped"] == false);
}

#[test]
fn retries_without_end_end_at_the_deadline() {
    let broken = Server::start();
    let args = [
        "--retry=1000000",
        "--retry-delay=1ms",
        "--deadline=3s",
        "--format=jsonl",
        &broken.url("/status/500"),
    ];
    let run = pfetch(&args).run().exits(1);
    let result = run.result();
    let attempts = result["attempts"].as_u64().expect("a number");
    run.check("several", attempts > 1);
    let earlier = result["earlier"].as_array().expect("a list").len() as u64;
    // Its last attempt failed by itself, or none was under way at the deadline.
    let same = attempts == earlier + 1 || attempts == earlier;
    run.check("each attempt is listed", same);
}

#[test]
fn an_attempt_that_could_only_begin_after_the_deadline_is_said_to_be_missing() {
    let broken = Server::with(|_, reply| reply.send(503, "Retry-After: 60\r\n", b""));
    let url = broken.url("/");
    let run = pfetch(&["--deadline=30s", &url]).run().exits(1);
    run.prints("; not retried: the run's deadline of 30s comes first\n");
}

/// The moment at which this began, and that many seconds later.
#[track_caller]
fn span(run: &Run, began: &Value, seconds: &Value) -> (SystemTime, SystemTime) {
    run.check(
        "a moment and seconds",
        began.is_string() && seconds.is_f64(),
    );
    let began = began.as_str().map(humantime::parse_rfc3339);
    let began = began.and_then(Result::ok).expect("a moment");
    let seconds = Duration::from_secs_f64(seconds.as_f64().expect("seconds"));
    (began, began + seconds)
}

#[test]
fn waiting_for_another_attempt_is_time_of_the_url_and_of_the_run() {
    // Another URL of its origin keeps it from being judged at once.
    let busy = Server::with(|request, reply| match request.target.as_str() {
        "/busy" => reply.send(503, "Retry-After: 30\r\n", b""),
        _ => reply.send(200, "", b"ok"),
    });
    let before = SystemTime::now();
    let urls = [busy.url("/busy"), busy.url("/busy"), busy.url("/")];
    let dir = Dir::new();
    let trace = dir.path().join("trace.json");
    let args = [
        format!("--export=trace={}", trace.display()),
        "--deadline=2s".to_owned(),
        "--format=jsonl".to_owned(),
        "-j1".to_owned(),
    ];
    let run = pfetch(&[&args[..], &urls[..]].concat()).run().exits(1);
    // Wall clocks of reports are cut to microseconds.
    let deadline = before + Duration::from_millis(1_999);
    let results = run.results();
    let waited: Vec<_> = results
        .iter()
        .filter(|result| !result["earlier"].as_array().is_none_or(Vec::is_empty))
        .collect();
    run.check("one waited", !waited.is_empty());
    let mut first = None;
    for result in waited {
        let attempt = &result["earlier"][0];
        let (began, ended) = span(&run, &attempt["started_at"], &result["elapsed"]);
        run.check("it waited until the deadline", ended >= deadline);
        first = first.min(Some(began)).or(Some(began));
    }
    let parallel = run.summary()["parallel"].as_f64().expect("a number");
    let whole = first.expect("one waited") + Duration::from_secs_f64(parallel);
    run.check("the run lasted until then", whole >= deadline);

    // The wait is on no worker, so it is nothing that a timeline shows.
    let trace = fs::read_to_string(trace).expect("it was written");
    let shown = trace.matches("\"cat\":\"url,").count() as u64;
    run.check(&trace, shown == busy.requests() as u64);
    // It is the same when the run is told again.
    let lines = dir.path().join("run.jsonl");
    fs::write(&lines, &run.stdout).expect("a folder of its own");
    let lines = lines.display().to_string();
    let again = pfetch(&["--replay", &lines, "--format=jsonl"]).run();
    again.check(&run.stdout, again.stdout == run.stdout);
}

#[test]
fn waiting_for_a_first_attempt_is_time_of_the_run() {
    let server = Server::start();
    let before = SystemTime::now();
    let url = server.url("/bytes/3");
    let args = ["--deadline=2s", "--rate=1/h", "--format=jsonl", &url, &url];
    let run = pfetch(&args).run().exits(1);
    let results = run.results();
    let done = results.iter().find(|result| result["outcome"] == "ok");
    run.check("one was done", done.is_some());
    let done = done.expect("it was checked");
    let parallel = &run.summary()["parallel"];
    let (_, ended) = span(&run, &done["started_at"], parallel);
    let deadline = before + Duration::from_millis(1_999);
    run.check("until the deadline", ended >= deadline);
}

#[test]
fn an_endless_list_ends_at_the_deadline() {
    let server = Server::start();
    // One request is under way at the deadline for certain.
    let first = format!("{}\n", server.url("/hang/1"));
    let line = format!("{}\n", server.url("/bytes/3"));
    let mut running = pfetch(&["-j2", "--deadline=3s", "--format=jsonl", "-"]).start();
    let mut stdin = running.stdin.take().expect("it was just started");
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(first.as_bytes());
        while stdin.write_all(line.as_bytes()).is_ok() {}
    });
    let run = running.end().exits(1);
    writer.join().expect("it ends when nobody reads");
    assert_each_once(&run);
    let summary = run.summary();
    run.check("some were done", summary["ok"].as_u64() > Some(0));
    run.check("some were not", summary["not_done"].as_u64() > Some(0));
    run.check("none has failed", summary["failed"] == 0);
    // What was read ahead is no figure of the run: of those that were under way there is one a worker.
    run.check(
        "those under way",
        summary["not_done"].as_u64() <= Some(2) && summary["listed"].is_null(),
    );
}

#[test]
fn of_an_endless_list_a_report_lists_what_was_under_way_and_advises_no_log() {
    let server = Server::start();
    let line = format!("{}\n", server.url("/hang"));
    let dir = Dir::new();
    let page = dir.path().join("run.md");
    let export = format!("--export={}", page.display());
    let args = ["-j3", "--deadline=1s", "--summary-only", &export, "-"];
    let mut running = pfetch(&args).start();
    let mut stdin = running.stdin.take().expect("it was just started");
    let writer = thread::spawn(move || while stdin.write_all(line.as_bytes()).is_ok() {});
    let run = running.end().exits(1);
    writer.join().expect("it ends when nobody reads");
    let run = run
        .prints("0 URLs done: 0 ok, 0 failed, 3 not done at the deadline")
        .prints("the rest of the list was not read")
        .says("3 URLs were not done, and the rest of the list was not read")
        .never_shows("--resume");
    let page = fs::read_to_string(page).expect("it was written");
    let heading = "### Not done at the deadline (3)\n";
    run.check(&page, page.contains(heading));
}

#[test]
fn an_endless_list_of_which_nothing_is_under_way_is_cut_off_all_the_same() {
    let server = Server::start();
    let line = format!("{}\n", server.url("/bytes/3"));
    let args = ["--rate=1/h", "--deadline=1s", "--format=jsonl", "-"];
    let mut running = pfetch(&args).start();
    let mut stdin = running.stdin.take().expect("it was just started");
    let writer = thread::spawn(move || while stdin.write_all(line.as_bytes()).is_ok() {});
    let run = running.end().exits(1);
    writer.join().expect("it ends when nobody reads");
    run.check(
        "the next one stands for all",
        run.summary()["not_done"] == 1,
    );
    run.check("each once", assert_each_once(&run) <= 2);
}

#[test]
fn a_list_that_says_nothing_more_ends_at_the_deadline() {
    let server = Server::start();
    let mut running = pfetch(&["--deadline=1s", "--format=jsonl", "-"]).start();
    running.feed(&server.url("/bytes/3"));
    // Its standard input stays open.
    let run = running.end().exits(1);
    run.check("the one was told", assert_each_once(&run) <= 1);
}

#[test]
fn a_run_that_is_done_before_its_deadline_is_good() {
    let server = Server::start();
    let url = server.url("/bytes/3");
    pfetch(&["--deadline=1h", &url]).run().exits(0);
    pfetch(&["--deadline=500000000000y", &url]).run().exits(0);
}
