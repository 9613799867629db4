//! The program as a process: `--runs auto`, which makes pairs of runs until a comparison decides, and rounds until a
//! sweep does.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Server, routes};

/// A list of so many of this path, each with a query of its own.
fn list(server: &Server, path: &str, count: usize) -> String {
    (0..count)
        .map(|n| format!("{}?{n}\n", server.url(path)))
        .collect()
}

/// Compares so many URLs of this path in JSON Lines without results.
fn compare(list: &str, options: &[&str]) -> Run {
    let args = ["--compare", "-j8", "--format=jsonl", "--summary-only", "-"];
    pfetch(&[&args, options].concat()).stdin(list).run()
}

/// The line of the comparison.
fn comparison(run: &Run) -> Value {
    let lines = run.json();
    let found = lines.into_iter().find(|line| line["type"] == "comparison");
    run.check("there is a comparison", found.is_some());
    found.unwrap()
}

#[test]
fn a_comparison_ends_once_its_verdict_and_its_gates_are_decided() {
    let server = Server::start();
    // 400 ms serially and 60 with eight workers: four pairs, the warm-up among them, take 1.8 s, and five 2.3 s.
    let urls = list(&server, "/delay/20/10", 20);
    let run = compare(&urls, &["--assert=speedup>=2"]).exits(0);
    let compared = comparison(&run);
    run.check("decided", compared["auto"]["ended_by"] == "decided");
    run.check("faster", compared["verdict"] == "faster");
    let gate = run.json().pop().unwrap();
    run.check("held", gate["verdict"] == "held");
    let pairs = compared["serial"]["seconds"].as_array().unwrap().len();
    let spent: f64 = [&compared["serial"], &compared["parallel"]]
        .iter()
        .flat_map(|arm| arm["seconds"].as_array().unwrap())
        .filter_map(Value::as_f64)
        .sum();
    println!("20 URLs of 20 ms: {pairs} pairs after a warm-up, {spent:.2} s without it");
    run.check("at a look", [3, 4, 6, 8, 11, 15, 20, 30].contains(&pairs));
    let made = server.targets().len();
    run.check("as many runs as are told", made == 20 * 2 * (pairs + 1));
    let [level, deciding] =
        ["level", "deciding_level"].map(|name| compared["auto"][name].as_f64().unwrap());
    run.check("levels", (0.9499..=deciding).contains(&level));
}

#[test]
fn the_most_pairs_and_the_time_end_what_is_not_decided() {
    let server = Server::start();
    let list = list(&server, "/delay/10/10", 4);
    // No three pairs are so alike.
    for (limit, expected) in [
        ("--max-runs=3", "most_pairs"),
        ("--measurement-time=1ms", "most_time"),
    ] {
        let run = compare(&list, &["--precision=0.1%", "--warmup=0", limit]).exits(0);
        let compared = comparison(&run);
        run.check(limit, compared["auto"]["ended_by"] == expected);
        run.check("three pairs", compared["speedup"]["pairs"] == 3);
    }
}

#[test]
fn reports_and_replays_tell_how_it_ended() {
    let (server, dir) = (Server::start(), Dir::new());
    let [log, md, html] =
        ["run.jsonl", "run.md", "run.html"].map(|name| dir.path().join(name).display().to_string());
    let log_option = format!("--export=jsonl={log}");
    let args = ["--compare", "-j4", "--max-runs=3", "--precision=0.1%", "-"];
    let exports = [&log_option, "--export", &md, "--export", &html];
    let told = " · the most there may be (--max-runs)";
    let run = pfetch(&[&args[..], &exports].concat())
        .stdin(list(&server, "/delay/10/10", 4))
        .run()
        .exits(0);
    let live = run.prints("3 pairs of runs in alternating order, after 1 warm-up ·");
    let live = live.prints("the most there may be (--max-runs)\n");
    let read = |name: &str| std::fs::read_to_string(name).unwrap();
    for (name, level) in [(&md, "Pairs were added"), (&html, "pairs were added")] {
        let text = read(name);
        assert!(
            text.contains("the most there may be (--max-runs)"),
            "{text}"
        );
        assert!(text.contains(level), "{text}");
    }
    assert!(read(&md).contains(told), "{}", read(&md));
    let replayed = pfetch(&["--replay", &log]).run().exits(0);
    let measured = |run: &Run| {
        let start = run.stdout.find("  4 URLs · 4 workers").unwrap_or_default();
        run.stdout[start..].to_owned()
    };
    assert_eq!(
        measured(&live),
        measured(&replayed),
        "{live:?} {replayed:?}"
    );
}

#[test]
fn a_later_comparison_of_another_number_of_pairs_is_judged_by_the_saved_one() {
    let (server, dir) = (Server::start(), Dir::new());
    let list = list(&server, "/delay/10/10", 4);
    let file = dir.path().join("saved.json").display().to_string();
    compare(&list, &["--runs=4", "--save-baseline", &file]).exits(0);
    let gates = ["--assert=total_vs_baseline<=50", "--assert=total<1h"];
    let run = compare(&list, &[&["--against", &file][..], &gates].concat()).exits(0);
    let compared = comparison(&run);
    run.check("decided", compared["auto"]["ended_by"] == "decided");
    let held = run
        .json()
        .into_iter()
        .filter(|line| line["verdict"] == "held");
    run.check("both gates", held.count() == 2);
    // A gate that the same work can hardly decide takes all the pairs there may be.
    let gate = "--assert=total_vs_baseline==1";
    let run = compare(&list, &["--against", &file, gate, "--max-runs=5"]);
    let compared = comparison(&run);
    let is_open = run.json().pop().unwrap()["verdict"] == "inconclusive";
    let is_at_most = compared["auto"]["ended_by"] == "most_pairs";
    run.check("undecided to the end", is_open == is_at_most);
}

#[test]
fn one_that_is_stopped_says_of_how_many_at_most() {
    let count = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| {
        // A warm-up and a pair of two URLs and two arms, then nothing any more.
        if count.fetch_add(1, Ordering::SeqCst) >= 8 {
            reply.wait(Duration::from_secs(60));
        }
        routes(request, reply)
    });
    let [one, other] = ["/bytes/5?1", "/bytes/5?2"].map(|path| server.url(path));
    let running = pfetch(&["--compare", "-j2", &one, &other]).start();
    while server.targets().len() <= 8 {
        thread::yield_now();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    run.prints("stopped early, after 1 of at most 30 pairs");
}

#[test]
fn a_server_that_caches_is_told_from_parallel_fetching() {
    let seen = Mutex::new(HashSet::new());
    let server = Server::with(move |request, reply| {
        let is_new = seen.lock().unwrap().insert(request.target.clone());
        if is_new {
            reply.wait(Duration::from_millis(200));
        }
        routes(request, reply)
    });
    for (path, warmup, told) in [
        (
            "/delay/10/10",
            "--warmup=1",
            "in the first warm-up as in the next serial run",
        ),
        ("/delay/10/11", "--warmup=0", "(--warmup 1 leaves it out)"),
    ] {
        let run = compare(&list(&server, path, 5), &["--runs=2", warmup]).exits(0);
        let notices = comparison(&run)["notices"].to_string();
        run.check(told, notices.contains(told));
        let host = server.addr().to_string();
        run.check("its host", notices.contains(&host));
    }
    // It is warm now.
    let run = compare(&list(&server, "/delay/10/10", 5), &["--runs=2"]).exits(0);
    let notices = comparison(&run)["notices"].to_string();
    run.check("warm", !notices.contains("as caches do"));
}

#[test]
fn options_that_go_with_no_automatic_number_are_refused() {
    for (args, told) in [
        (&["--compare", "--runs=3", "--precision=2%"][..], "--runs 3"),
        (&["--compare", "--runs=3", "--max-runs=9"], "--runs 3"),
        (
            &["--sweep=auto", "--runs=auto"],
            "with --sweep auto, which chooses its runs",
        ),
        (&["--sweep=auto", "--max-runs=9"], "--sweep auto"),
        (&["--sweep=1,2", "--runs=3", "--precision=2%"], "--runs 3"),
        (
            &["--sweep=2", "--precision=2%"],
            "give --sweep several numbers",
        ),
        (&["--measurement-time=9s"], "without --compare or --sweep"),
        (&["--compare", "--precision=2"], "as 2.5%"),
        (&["--compare", "--precision=0%"], "as 2.5%"),
        (&["--compare", "--max-runs=2"], "from 3 to"),
        (&["--compare", "--runs=some"], "or auto"),
    ] {
        let run = pfetch(&[args, &["http://127.0.0.1:1/"]].concat()).run();
        run.exits(2).complains_in_a_line().says(told);
    }
}

/// Sweeps so many URLs of this path, in JSON Lines without results.
fn sweep(list: &str, counts: &str, options: &[&str]) -> Run {
    let counts = format!("--sweep={counts}");
    let args = [counts.as_str(), "--format=jsonl", "--summary-only", "-"];
    pfetch(&[&args, options].concat()).stdin(list).run()
}

/// The line of the sweep, and the number of runs at each number of workers.
fn swept(run: &Run) -> (Value, Vec<usize>) {
    let lines = run.json();
    let found = lines.into_iter().find(|line| line["type"] == "sweep");
    run.check("there is a sweep", found.is_some());
    let found = found.unwrap();
    let points = found["points"].as_array().unwrap().iter();
    let runs = points.map(|point| point["seconds"].as_array().unwrap().len());
    let runs = runs.collect();
    (found, runs)
}

#[test]
fn a_sweep_over_given_numbers_ends_once_its_knee_and_its_gates_are_decided() {
    let server = Server::start();
    // Four at once take a quarter of the time of one.
    let list = list(&server, "/delay/40/10", 4);
    for options in [
        &["--assert=speedup>=2"][..],
        &["--assert=speedup>=2", "--runs=auto"],
    ] {
        let before = server.targets().len();
        let run = sweep(&list, "1,4", options).exits(0);
        let (swept, runs) = swept(&run);
        run.check("decided", swept["auto"]["ended_by"] == "decided");
        run.check("the knee", swept["knee"]["workers"] == 4);
        let gate = run.json().pop().unwrap();
        run.check("held", gate["verdict"] == "held");
        run.check("as many at each", runs[0] == runs[1]);
        run.check("at a look", [3, 4, 6, 8, 11, 15, 20, 30].contains(&runs[0]));
        let made = server.targets().len() - before;
        run.check("as many runs as are told", made == 4 * 2 * (runs[0] + 1));
    }
}

#[test]
fn the_most_rounds_and_the_time_end_a_sweep_and_its_reports_and_replays_say_so() {
    let (server, dir) = (Server::start(), Dir::new());
    let list = list(&server, "/delay/10/10", 4);
    // No three rounds are so alike.
    for (limit, expected, told) in [
        (
            "--max-runs=3",
            "most_pairs",
            "the most there may be (--max-runs)",
        ),
        (
            "--measurement-time=1ms",
            "most_time",
            "no time for more (--measurement-time)",
        ),
    ] {
        let [log, md, html] = ["jsonl", "md", "html"].map(|kind| {
            dir.path()
                .join(format!("{expected}.{kind}"))
                .display()
                .to_string()
        });
        let exports = ["--export", &log, "--export", &md, "--export", &html];
        let args = ["--sweep=1,2", "--warmup=0", "--precision=0.1%", limit, "-"];
        let run = pfetch(&[&args[..], &exports].concat())
            .stdin(list.as_str())
            .run();
        let run = run
            .exits(0)
            .prints(&format!("3 runs at each number of workers · {told}\n"));
        let read = |name: &str| std::fs::read_to_string(name).unwrap();
        let log_lines = read(&log);
        let is_told = log_lines.contains(&format!("\"ended_by\":\"{expected}\""));
        assert!(is_told, "{log_lines}");
        for page in [&md, &html] {
            assert!(read(page).contains(told), "{}", read(page));
            assert!(read(page).contains("Rounds were added"), "{}", read(page));
        }
        let replayed = pfetch(&["--replay", &log]).run().exits(0);
        let measured = |run: &Run| {
            let start = run.stdout.find("  4 URLs · 3 runs").unwrap_or_default();
            run.stdout[start..].to_owned()
        };
        assert_eq!(measured(&run), measured(&replayed), "{run:?} {replayed:?}");
    }
    let run = sweep(&list, "1,2", &["--runs=2"]).exits(0);
    let (swept, runs) = swept(&run);
    run.check("given", swept["auto"].is_null() && runs == [2, 2]);
}

#[test]
fn a_sweep_of_one_number_goes_on_until_its_gate_on_the_saved_run_is_decided() {
    let (server, dir) = (Server::start(), Dir::new());
    let list = list(&server, "/delay/10/10", 4);
    let file = dir.path().join("saved.json").display().to_string();
    sweep(&list, "2", &["--save-baseline", &file]).exits(0);
    let saved = ["--against", file.as_str()];
    let run = sweep(
        &list,
        "2",
        &[&saved[..], &["--assert=total_vs_baseline<=50"]].concat(),
    );
    let run = run.exits(0);
    let (swept_once, _) = swept(&run);
    run.check("decided", swept_once["auto"]["ended_by"] == "decided");
    // A gate that the same work can hardly decide takes all the rounds there may be.
    let gates = ["--assert=total_vs_baseline==1", "--max-runs=5"];
    let run = sweep(&list, "2", &[&saved[..], &gates].concat());
    let (swept_again, _) = swept(&run);
    let is_open = run.json().pop().unwrap()["verdict"] == "inconclusive";
    let is_at_most = swept_again["auto"]["ended_by"] == "most_pairs";
    run.check("undecided to the end", is_open == is_at_most);
}

#[test]
fn a_sweep_that_is_stopped_says_of_how_many_at_most() {
    let count = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| {
        // A round of two URLs and two numbers of workers, then nothing any more.
        if count.fetch_add(1, Ordering::SeqCst) >= 4 {
            reply.wait(Duration::from_secs(60));
        }
        routes(request, reply)
    });
    let [one, other] = ["/bytes/5?1", "/bytes/5?2"].map(|path| server.url(path));
    let running = pfetch(&["--sweep=1,2", "--warmup=0", &one, &other]).start();
    while server.targets().len() <= 4 {
        thread::yield_now();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    run.prints("stopped early, after 2 of at most 60 runs");
}

/// Three at once, so that each meets a busy machine.
#[test]
fn a_gate_on_the_speed_up_is_steady_on_a_busy_machine() {
    let gate = || {
        let server = Server::start();
        for _ in 0..2 {
            let run = compare(&list(&server, "/delay/60/10", 8), &["--assert=speedup>=2"]);
            let run = run.exits(0);
            let gate = run.json().pop().unwrap();
            run.check("held", gate["verdict"] == "held");
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(gate);
        }
    });
}
