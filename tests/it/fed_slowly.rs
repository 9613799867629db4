//! Lists that come more slowly than they are fetched: how long the run waited for them is said, and is no part of
//! the speed-up.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::pfetch::{Dir, Run, Running, pfetch};
use crate::server::{Server, routes};

/// The time for which the test gives nothing. What is measured of it may be less by as much as a busy machine takes
/// to notice, so far less is asked for.
const SILENCE: Duration = Duration::from_millis(600);
const NOTICED: f64 = 0.1;

fn seconds(summary: &Value, name: &str) -> f64 {
    summary[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} in {summary:#}"))
}

/// Reads on to the result of this URL.
#[track_caller]
fn await_result(running: &mut Running, url: &str) {
    while !running.line().contains(&format!("\"url\":\"{url}\"")) {}
}

/// A run over two URLs, the second of which comes long after the first is done.
fn run_with_a_pause(server: &Server, options: &[&str]) -> Run {
    let urls = [server.url("/bytes/1"), server.url("/bytes/2")];
    let args = [&["--format=jsonl", "-j2"], options, &["-"]].concat();
    let mut running = pfetch(&args).start();
    running.feed(&urls[0]);
    await_result(&mut running, &urls[0]);
    thread::sleep(SILENCE);
    running.feed(&urls[1]);
    running.finish()
}

#[test]
fn waiting_for_the_list_is_said_and_left_out_of_the_speedup() {
    let (server, dir) = (Server::start(), Dir::new());
    let run = run_with_a_pause(&server, &[]).exits(0);
    let summary = run.summary();
    let [parallel, wait, idle] =
        ["parallel", "input_wait", "input_idle"].map(|name| seconds(&summary, name));
    run.check("it waited", idle > NOTICED);
    run.check("in order", idle <= wait && wait <= parallel);
    let serial = &summary["serial"];
    let [sum, speedup] = ["seconds", "speedup"].map(|name| seconds(serial, name));
    // The pause alone is many times as long as the fetches, which would be a speed-up far below 1.
    run.check("the speed-up", speedup > sum / (parallel - idle) * 0.999);
    run.check("no bound is claimed", serial["best_speedup"].is_null());
    // In the reports for people, from a log of it too.
    let log = dir.file("run.jsonl", &run.stdout);
    let path = |name: &str| dir.path().join(name).display().to_string();
    let [md, html] = [path("a.md"), path("a.html")];
    let told = pfetch(&["--replay", &log, "--export", &md, "--export", &html]).run();
    let told = told
        .exits(0)
        .prints("waited ")
        .prints(" idle: not in the speed-up");
    let said = told
        .stdout
        .lines()
        .find_map(|line| line.split_once("  input      "));
    let (_, said) = said.unwrap_or_else(|| panic!("a line of its own in\n{}", told.stdout));
    for file in [md, html] {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(said), "{said} in {file}:\n{text}");
    }
}

#[test]
fn waiting_beside_a_target_under_way_is_said_and_left_in() {
    let (release, held) = channel::<()>();
    let held = Mutex::new(held);
    let server = Server::with(move |request, reply| {
        if request.target == "/held" {
            // Until the test lets it go.
            let _ = held.lock().unwrap().recv();
        }
        match request.target.as_str() {
            "/held" => reply.send(200, "", b"held"),
            _ => routes(request, reply),
        }
    });
    let [held, quick, later] = ["/held", "/bytes/1", "/bytes/2"].map(|path| server.url(path));
    let mut running = pfetch(&["--format=jsonl", "-j3", "-"]).start();
    running.feed(&held);
    running.feed(&quick);
    await_result(&mut running, &quick);
    thread::sleep(SILENCE);
    running.feed(&later);
    await_result(&mut running, &later);
    release.send(()).unwrap();
    let run = running.finish().exits(0);
    let summary = run.summary();
    run.check("it waited", seconds(&summary, "input_wait") > NOTICED);
    run.check("never idle", seconds(&summary, "input_idle") == 0.0);
    run.check("no bound", summary["serial"]["best_speedup"].is_null());
}

#[test]
fn waiting_for_the_end_of_a_list_is_no_waiting() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let mut running = pfetch(&["--format=jsonl", "-"]).start();
    running.feed(&url);
    await_result(&mut running, &url);
    thread::sleep(SILENCE);
    let run = running.finish().exits(0);
    let summary = run.summary();
    run.check("no wait", seconds(&summary, "input_wait") < NOTICED);
    run.check("a bound", summary["serial"]["best_speedup"].is_number());
}

#[test]
fn a_log_without_the_waiting_is_read_as_one_without_waiting() {
    let (server, dir) = (Server::start(), Dir::new());
    let run = pfetch(&["--format=jsonl", &server.url("/bytes/1")])
        .run()
        .exits(0);
    let mut lines = run.json();
    let summary = lines.last_mut().unwrap().as_object_mut().unwrap();
    for name in ["input_wait", "input_idle", "served_bytes"] {
        assert!(summary.remove(name).is_some(), "{name} in {}", run.stdout);
    }
    let old: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let log = dir.file("old.jsonl", old);
    let told = pfetch(&["--replay", &log, "--format=jsonl"]).run().exits(0);
    assert_eq!(seconds(&told.summary(), "input_wait"), 0.0);
}
