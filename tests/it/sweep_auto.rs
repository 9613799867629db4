//! The program as a process: automatic sweeps, what they cost, and what each further worker gained.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Server, routes};

/// Ten URLs of 20 ms, whose knee is the list's end.
const URLS: usize = 10;

/// A list of so many of this path, each with a query of its own.
fn list(server: &Server, path: &str, count: usize) -> String {
    (0..count)
        .map(|n| format!("{}?{n}\n", server.url(path)))
        .collect()
}

/// An automatic sweep, and its last line.
fn sweep_lines(server: &Server, options: &[&str]) -> (Run, Value) {
    let args = [&["--sweep=auto", "--format=jsonl", "-"], options].concat();
    let run = pfetch(&args)
        .stdin(list(server, "/delay/20/10", URLS))
        .run()
        .exits(0);
    let lines = run.json();
    let swept = lines.iter().find(|line| line["type"] == "sweep");
    let swept = swept.cloned().unwrap_or_default();
    (run, swept)
}

#[test]
fn an_automatic_sweep_counts_its_runs_and_those_of_the_grid() {
    let server = Server::start();
    let (run, swept) = sweep_lines(&server, &["--runs=3"]);
    let shown = format!("{swept:#}");
    let runs = swept["search"]["runs"].as_u64().unwrap_or_default();
    let of_points = swept["points"].as_array().unwrap();
    let counted: usize = of_points
        .iter()
        .map(|point| point["seconds"].as_array().unwrap().len())
        .sum();
    run.check(&shown, runs == counted as u64 + 1);
    run.check(&shown, server.targets().len() as u64 == runs * URLS as u64);
    let is_short = |point: &Value| point["seconds"].as_array().unwrap().len() <= 3;
    run.check(&shown, of_points.iter().all(is_short));
    let grid = swept["search"]["grid"].as_array().unwrap().len() as u64;
    run.check(&shown, swept["search"]["grid_runs"] == grid * 3);
    run.check(&shown, swept["search"]["warmups"] == 1);
}

#[test]
fn a_search_that_is_stopped_names_the_fastest_so_far_and_no_knee() {
    // A warm-up, and one run each with 1 and 2 workers; then nothing any more.
    const ANSWERED: usize = 3 * URLS;
    let count = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| {
        if count.fetch_add(1, Ordering::SeqCst) >= ANSWERED {
            reply.wait(Duration::from_secs(60));
        }
        routes(request, reply)
    });
    let dir = Dir::new();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let files = ["a.md", "a.html", "a.svg", "a.jsonl"].map(path);
    let exports = files.iter().flat_map(|file| ["--export", file.as_str()]);
    let exports: Vec<&str> = exports.collect();
    let list = dir.file("list.txt", list(&server, "/delay/20/10", URLS));
    let running = pfetch(&[&["--sweep=auto", "-i", &list], &exports[..]].concat()).start();
    while server.targets().len() <= ANSWERED {
        thread::yield_now();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    let verdict = "2 workers are the fastest so far – the rest of its runs would tell";
    let run = run
        .prints("stopped early, after 3 runs")
        .prints(&format!("  verdict    {verdict}\n"));
    run.check("no knee", !run.stdout.contains("knee"));
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let is_named = text.contains("the fastest so far") || file.ends_with("jsonl");
        run.check(&format!("{file}: {text}"), is_named);
        let names_none = !text.contains("nee") || text.contains("\"knee\":null");
        run.check(&format!("no knee in {file}: {text}"), names_none);
    }
    let again = pfetch(&["--replay", &files[3]]).run();
    again.prints(verdict);
}

#[test]
fn the_cost_and_the_gains_are_in_every_report_and_in_its_replay() {
    let (server, dir) = (Server::start(), Dir::new());
    let log = dir.path().join("sweep.jsonl");
    let (run, _) = sweep_lines(&server, &[]);
    std::fs::write(&log, &run.stdout).unwrap();
    let log = log.display().to_string();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let args = [
        "--export",
        &path("a.md"),
        "--export",
        &path("a.html"),
        "--export",
        &path("a.json"),
    ];
    let replay = pfetch(&[&["--replay", &log], &args[..]].concat())
        .run()
        .exits(0);
    let replay = replay
        .prints("  runs       ")
        .prints(" 1 of them a warm-up · the grid 1 2 4")
        .prints("  gain       from 1 to 2 workers each further one adds ")
        .prints("  efficiency ");
    for (name, words) in [
        ("a.md", "From 1 to 2 workers each further one adds "),
        ("a.md", "1 of them a warm-up; the grid 1 2 4"),
        ("a.html", "From 1 to 2 workers each further one adds "),
        ("a.html", "1 of them a warm-up; the grid 1 2 4"),
        ("a.html", "Efficiency"),
        ("a.json", "\"gains\":{\"by\":"),
        ("a.json", "\"grid_runs\":"),
    ] {
        let text = std::fs::read_to_string(path(name)).unwrap();
        replay.check(&format!("{name}: {words}\n{text}"), text.contains(words));
    }
}

#[test]
fn a_range_is_each_number_in_it_and_a_long_one_says_what_to_write() {
    let server = Server::start();
    let args = [
        "--sweep=1..3",
        "--runs=1",
        "--warmup=0",
        "--format=jsonl",
        "-",
    ];
    let run = pfetch(&args)
        .stdin(list(&server, "/bytes/5", 3))
        .run()
        .exits(0);
    let lines = run.json();
    let swept = lines.iter().find(|line| line["type"] == "sweep");
    let workers: Vec<u64> = swept
        .and_then(|line| line["points"].as_array())
        .into_iter()
        .flatten()
        .filter_map(|point| point["workers"].as_u64())
        .collect();
    run.check("each number", workers == [1, 2, 3]);
    for (counts, told) in [
        ("1..64", "write 1,2,4,8,16,32,64, or auto"),
        ("8..1", "write 1..8"),
        ("1-8", "a range is written 1..8"),
    ] {
        let run = pfetch(&["--sweep", counts, "http://h/"]).run().exits(2);
        run.complains_in_a_line().says(told);
    }
}
