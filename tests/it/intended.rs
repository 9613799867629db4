//! Latency from the intended start: what a stall of the server costs the URLs that it keeps from being asked for.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::busy::certainly;
use crate::pfetch::{Dir, Run, pfetch, unbroken};
use crate::server::Server;

/// URLs of a run, and the distance between their starts.
const URLS: usize = 60;
const SLOT: Duration = Duration::from_millis(10);

/// The request with which the server stalls, and for how long: as long as all of the run would take.
const STALLED: usize = 5;
const STALL: Duration = Duration::from_millis(700);

/// A server that answers at once, but for one request.
fn stalling() -> Server {
    let requests = AtomicUsize::new(0);
    Server::with(move |_, reply| {
        if requests.fetch_add(1, Ordering::SeqCst) == STALLED {
            reply.wait(STALL);
        }
        reply.send(200, "", b"ok")
    })
}

/// A server that answers at once.
fn quick() -> Server {
    Server::with(|_, reply| reply.send(200, "", b"ok"))
}

/// A run at the rate with one request at once.
fn run(server: &Server, options: &[&str]) -> Run {
    let urls: Vec<String> = (0..URLS).map(|k| server.url(&format!("/{k}"))).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    pfetch(&[options, &urls].concat()).run().exits(0)
}

fn seconds(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

/// The delays of the starts, in the order of the list.
fn delays(run: &Run) -> Vec<f64> {
    let mut results = run.results();
    results.sort_by_key(|result| result["index"].as_u64());
    results
        .iter()
        .map(|result| seconds(&result["start_delay"]))
        .collect()
}

#[test]
fn a_stall_is_in_the_latency_from_the_intended_start_and_in_few_plain_times() {
    // Either way one request is under way at a time.
    for one_at_once in [&["-j1"][..], &["-j8", "--per-host=1"]] {
        let server = stalling();
        let options = [one_at_once, &["--rate=100/s", "--format=jsonl"]].concat();
        let run = run(&server, &options);
        let delays = delays(&run);
        // Those after the stalled one were due a slot apart while it lasted. A busy machine makes them later still.
        for (k, delay) in delays.iter().enumerate().skip(STALLED + 1) {
            let slots = SLOT * (k - STALLED) as u32;
            let least = STALL.saturating_sub(slots).as_secs_f64();
            run.check(
                &format!("{k} is {least} s late or more: {delays:?}"),
                *delay >= least - 0.001,
            );
        }
        let summary = run.summary();
        let [plain, intended] =
            ["latency", "intended_latency"].map(|name| seconds(&summary[name]["p50"]));
        run.check(
            "half of them wait for nearly half the stall",
            intended >= 0.4,
        );
        run.check("plain times look good", plain < intended / 2.0);
        // Each is the sum of the two that the result has.
        let latest = run
            .results()
            .into_iter()
            .map(|result| seconds(&result["timing"]["total"]) + seconds(&result["start_delay"]));
        let latest = latest.fold(0.0, f64::max);
        let max = seconds(&summary["intended_latency"]["max"]);
        run.check(
            &format!("{max} is the longest, {latest}"),
            (max - latest).abs() < 1e-6,
        );
    }
}

#[test]
fn all_reports_name_it_apart_and_a_replay_keeps_it() {
    let server = stalling();
    let dir = Dir::new();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let files = ["run.md", "run.html", "run.json", "run.csv", "run.jsonl"].map(path);
    let exports: Vec<&str> = files.iter().flat_map(|file| ["--export", file]).collect();
    let run = run(&server, &[&["-j1", "--rate=100/s"], &exports[..]].concat());
    let shown = |run: &Run| -> String {
        let text = unbroken(&run.stdout);
        let line = text
            .lines()
            .find(|line| line.starts_with("  intended   p50 "));
        line.unwrap_or_else(|| panic!("no line in {}", run.stdout))
            .to_owned()
    };
    let line = shown(&run);
    run.check(&line, line.ends_with(" from the intended start"));
    let read = |file: &str| fs::read_to_string(file).unwrap();
    let [md, html, json, csv, jsonl] = files.each_ref().map(|file| read(file));
    assert!(md.contains("\n| from the intended start | "), "{md}");
    assert!(html.contains(">from the intended start</th>"), "{html}");
    let json: Value = serde_json::from_str(&json).unwrap();
    let intended = &json["summary"]["intended_latency"];
    assert!(seconds(&intended["max"]) >= 0.6, "{intended}");
    let mut table = csv::Reader::from_reader(csv.as_bytes());
    let headers = table.headers().unwrap().clone();
    let column = headers
        .iter()
        .position(|name| name == "start_delay")
        .unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let late = rows
        .iter()
        .filter(|row| row[column].parse::<f64>().unwrap() > 0.1);
    assert!(late.count() >= 40, "{csv}");
    let again = pfetch(&["--replay", &files[4]]).run().exits(0);
    assert_eq!(shown(&again), line, "{jsonl}");
    let again = pfetch(&["--replay", &files[4], "--format=jsonl"])
        .run()
        .exits(0);
    assert_eq!(again.summary()["intended_latency"], *intended);
}

#[test]
fn delays_grow_as_long_as_workers_cannot_keep_up() {
    const NEEDED: Duration = Duration::from_millis(25);
    // No worker is ever free in time, so nothing of the list is read ahead.
    let server = Server::with(|_, reply| {
        reply.wait(NEEDED);
        reply.send(200, "", b"ok")
    });
    let run = run(&server, &["-j1", "--rate=100/s", "--format=jsonl"]);
    let delays = delays(&run);
    for (k, delay) in delays.iter().enumerate() {
        let least = ((NEEDED - SLOT) * k as u32).as_secs_f64();
        run.check(
            &format!("{k} is {least} s late or more: {delays:?}"),
            *delay >= least - 0.001,
        );
    }
}

/// pfetch is stopped while it waits for the moment of a start, with workers that are free.
#[test]
fn a_stop_of_pfetch_itself_is_in_the_latency_from_the_intended_start() {
    let (to_server, stopper) = channel::<Pid>();
    let stopper = Mutex::new(stopper);
    let requests = AtomicUsize::new(0);
    let server = Server::with(move |_, reply| {
        if requests.fetch_add(1, Ordering::SeqCst) == 2 * STALLED {
            let stopper = stopper.lock().expect("nobody panics with it");
            let pid = stopper.recv().expect("the test sends it before the list");
            kill_process(pid, Signal::STOP).expect("it runs");
            // The stop itself.
            thread::sleep(STALL);
            kill_process(pid, Signal::CONT).expect("it is stopped");
        }
        reply.send(200, "", b"ok")
    });
    // Workers enough for all URLs that the stop delays, so that none is waited for.
    let args = ["-j60", "--rate=100/s", "--format=jsonl", "-"];
    let mut running = pfetch(&args).start();
    to_server.send(running.pid).expect("the server runs");
    // At once: the list is there long before the stop.
    let urls: Vec<String> = (0..URLS).map(|k| server.url(&format!("/{k}"))).collect();
    running.feed(&urls.join("\n"));
    let run = running.finish().exits(0);
    let delays = delays(&run);
    // The first start after the stop is the latest of all. Others of the list may have been started before it, as long as
    // the server took to stop pfetch.
    let latest = (0..URLS).max_by(|one, other| delays[*one].total_cmp(&delays[*other]));
    let latest = latest.expect("there are some");
    for (after, delay) in delays[latest..].iter().enumerate() {
        let slots = SLOT * (after as u32 + 1);
        let least = STALL.saturating_sub(slots).as_secs_f64();
        run.check(
            &format!("{after} after the stop is {least} s late or more: {delays:?}"),
            *delay >= least - 0.001,
        );
    }
    let summary = run.summary();
    let pacing = &summary["pacing"]["rate"];
    run.check("why", pacing["missed_by"] == "pfetch");
    let max = seconds(&summary["intended_latency"]["max"]);
    run.check("the latency has it", max >= 0.6);
}

#[test]
fn without_a_rate_there_is_none() {
    let server = quick();
    let run = run(&server, &["-j4", "--format=jsonl"]);
    for result in run.results() {
        assert_eq!(result.get("start_delay"), None, "{result}");
    }
    assert_eq!(run.summary()["intended_latency"], Value::Null);
    let run = self::run(&server, &["-j4"]);
    run.check("no line", !run.stdout.contains("  intended "));
}

#[test]
fn workers_that_keep_up_start_nothing_late() {
    let server = quick();
    // A start that a busy machine delays delays no other, but it may delay most of them.
    let (_, (run, median)) = certainly(|| {
        let run = run(&server, &["-j8", "--rate=200/s", "--format=jsonl"]);
        let mut delays = delays(&run);
        delays.sort_by(f64::total_cmp);
        let median = delays[delays.len() / 2];
        (median < 0.1, (run, median))
    });
    run.check(&format!("the median is {median} s"), median < 0.1);
}

#[test]
fn the_table_has_the_time_that_percentiles_are_of() {
    let requests = AtomicUsize::new(0);
    let server = Server::with(
        move |_, reply| match requests.fetch_add(1, Ordering::SeqCst) {
            0 => reply.send(500, "", b"not yet"),
            _ => reply.send(200, "", b"ok"),
        },
    );
    let dir = Dir::new();
    let table = dir.path().join("run.csv").display().to_string();
    let url = server.url("/");
    let options = [
        "--format=jsonl",
        "--retry-delay=1ms",
        "--export",
        &table,
        &url,
    ];
    let run = pfetch(&options).run().exits(0);
    let result = &run.results()[0];
    let earlier = seconds(&result["earlier"][0]["total"]);
    let busy = earlier + seconds(&result["timing"]["total"]);
    let mut table = csv::Reader::from_path(table).unwrap();
    let column = table
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "busy");
    let row = table.records().next().unwrap().unwrap();
    let found: f64 = row[column.unwrap()].parse().unwrap();
    run.check(&format!("{found} is {busy}"), (found - busy).abs() < 1e-9);
    let max = seconds(&run.summary()["latency"]["max"]);
    run.check(&format!("{found} is {max}"), (found - max).abs() < 2e-6);
}
