//! The program as a process: `--compare` and `--assert`.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use crate::busy::certainly;
use crate::pfetch::{Dir, pfetch};
use crate::server::{Server, routes};

/// A list of so many of this path, each with a query of its own.
fn list(server: &Server, path: &str, count: usize) -> String {
    (0..count)
        .map(|n| format!("{}?{n}\n", server.url(path)))
        .collect()
}

/// The speed-up that the report has, and the ends of its interval.
fn speedup(stdout: &str) -> [f64; 3] {
    let line = stdout.lines().find(|line| line.starts_with("  speed-up"));
    let numbers: Vec<f64> = line
        .unwrap()
        .split_whitespace()
        .filter_map(|word| word.strip_suffix('x')?.parse().ok())
        .collect();
    numbers.try_into().unwrap()
}

#[test]
fn urls_that_wait_are_faster_in_parallel_by_about_the_number_of_workers() {
    let args = ["--compare", "--runs=3", "--warmup=0", "-j4", "-"];
    // 320 ms against 80; a busy machine makes both longer, and one of them more.
    let (_, (run, server, is_as_expected)) = certainly(|| {
        let server = Server::start();
        let run = pfetch(&args).stdin(list(&server, "/delay/40/10", 8));
        let run = run.run().exits(0);
        let [ratio, low, high] = speedup(&run.stdout);
        // Not more than there are workers, by much.
        let is_as_expected = 1.0 < low && low <= ratio && ratio <= high && ratio < 5.0;
        (is_as_expected, (run, server, is_as_expected))
    });
    run.check("it is faster", is_as_expected);
    let run = run.prints("  8 URLs · 4 workers · 3 pairs of runs in alternating order");
    let run = run
        .prints("verdict    parallel is faster, ")
        .prints("estimate ");
    run.check(
        "its own start-up",
        run.stdout.contains("(not part of the times)"),
    );
    // Standard input was read once, and everything fetched in each of six runs.
    assert_eq!(server.targets().len(), 48);
    // The lines of one run, not of all.
    assert_eq!(run.stdout.matches("  200  ").count(), 8, "{}", run.stdout);
}

#[test]
fn a_server_that_handles_one_request_at_a_time_shows_no_benefit() {
    let one = Mutex::new(());
    let server = Server::with(move |request, reply| {
        let _one = one.lock().unwrap();
        routes(request, reply)
    });
    let args = ["--compare", "--runs=4", "--warmup=0", "-j4", "-"];
    // On a busy machine pfetch itself waits for a processor, and that in parallel.
    let (_, (run, low)) = certainly(|| {
        let run = pfetch(&args).stdin(list(&server, "/delay/20/10", 6));
        let run = run.run().exits(0);
        let [_, low, _] = speedup(&run.stdout);
        (low < 1.2, (run, low))
    });
    run.check("no benefit to speak of", low < 1.2);
}

#[test]
fn arms_that_do_not_get_the_same_are_reported() {
    let count = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| match request.target.as_str() {
        "/changes" => {
            let length = count.fetch_add(1, Ordering::SeqCst);
            reply.send(200, "", &vec![b'x'; length])
        }
        _ => routes(request, reply),
    });
    let [changes, stays] = ["/changes", "/bytes/5"].map(|path| server.url(path));
    let args = ["--compare", "--runs=2", "--warmup=0", &changes, &stays];
    let run = pfetch(&args).run().exits(0);
    run.prints(&format!(
        "1 URL was not answered alike in all runs: {changes}\n"
    ));
}

#[test]
fn failures_and_retries_are_counted_in_both_arms() {
    let server = Server::start();
    let [bad, good] = ["/status/503", "/bytes/5"].map(|path| server.url(path));
    let args = [
        "--compare",
        "--runs=2",
        "--warmup=0",
        "--retry=1",
        "--retry-delay=1ms",
        "--no-adapt",
        &bad,
        &good,
    ];
    let run = pfetch(&args).run().exits(1);
    run.prints("failed     2 serial, 2 parallel, of 4 each · retries 2 serial, 2 parallel");
}

#[test]
fn one_pair_has_no_interval_and_says_so() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let run = pfetch(&["--compare", "--runs=1", &url, &url])
        .run()
        .exits(0);
    let run = run.prints("one pair of runs says nothing of how much they vary");
    run.check("no interval", !run.stdout.contains("95 % interval"));
}

#[test]
fn one_url_and_one_worker_are_not_compared_with_themselves() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    for args in [&["-j8", &url][..], &["-j1", &url, &url]] {
        let measured = ["--compare", "--runs=2", "--assert=speedup<=9"];
        let run = pfetch(&[&measured, args].concat()).run().exits(3);
        let run = run
            .prints("  verdict    nothing to compare: ")
            .prints("  gate       speedup<=9               unknown       one ");
        for claim in ["faster", "slower", "speed-up ", "efficiency"] {
            run.check(claim, !run.stdout.contains(claim));
        }
    }
}

#[test]
fn where_nothing_can_be_compared_nothing_is_said_to_be_decided() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    for args in [&["-j8", &url][..], &["-j1", &url, &url]] {
        let dir = Dir::new();
        let files = ["run.md", "run.html"].map(|name| dir.path().join(name).display().to_string());
        let exports: Vec<&str> = files.iter().flat_map(|file| ["--export", file]).collect();
        let measured = ["--compare", "--warmup=0"];
        let run = pfetch(&[&measured, &exports[..], args].concat())
            .run()
            .exits(0);
        let run = run
            .prints("  verdict    nothing to compare: ")
            .prints(" of runs in alternating order, no warm-up\n");
        let pages = files.map(|file| fs::read_to_string(file).expect("it was exported"));
        for page in pages.iter().chain([&run.stdout]) {
            run.check(page, page.contains("othing to compare"));
            run.check(page, !page.contains("enough") && !page.contains("decided"));
        }
    }
}

#[test]
fn a_sweep_says_where_the_list_is_its_limit() {
    let server = Server::start();
    let told = "  warning    the list is the limit: 5 URLs keep 5 workers busy at most\n";
    for (counts, tried, is_told) in [
        ("auto", None, true),
        ("1,64", Some(10), true),
        ("1,5", Some(10), false),
    ] {
        let args = [
            "--sweep",
            counts,
            "--runs=1",
            "--warmup=0",
            "--format=human",
            "-",
        ];
        let list = list(&server, "/delay/20/10", 5);
        // On a busy machine more workers may gain nothing, and the search ends before the list does.
        let (_, (run, made)) = certainly(|| {
            let before = server.targets().len();
            let run = pfetch(&args).stdin(list.clone()).run().exits(0);
            let is_expected = run.stdout.contains(told) == is_told;
            (is_expected, (run, server.targets().len() - before))
        });
        run.check(counts, run.stdout.contains(told) == is_told);
        run.check(counts, tried.is_none_or(|tried| tried == made));
        let row = |workers: usize| {
            let start = format!("  {workers:>7}  ");
            run.stdout.lines().any(|line| line.starts_with(&start))
        };
        run.check("no row beyond the list", counts != "auto" || !row(8));
    }
}

#[test]
fn an_interrupted_comparison_claims_nothing() {
    let server = Server::start();
    let mut running = pfetch(&["--compare", "-"]).start();
    running.feed(&server.url("/delay/60000/5"));
    running.stdin = None;
    while server.targets().is_empty() {
        std::thread::yield_now();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    run.check("nothing is claimed", !run.stdout.contains("speed-up"));
}

#[test]
fn gates_hold_or_fail_by_the_figures_of_the_run() {
    let server = Server::start();
    let url = server.url("/bytes/1000");
    for (gate, code, told) in [
        ("total<60s", 0, "held"),
        ("total>60s", 3, "FAILED"),
        ("failed==0", 0, "held"),
        ("failed<=1%", 0, "held"),
        ("p95<60s", 0, "held"),
        ("ttfb_p50>60s", 3, "FAILED"),
        ("throughput>=1B/s", 0, "held"),
    ] {
        let run = pfetch(&["--assert", gate, &url]).run().exits(code);
        run.prints(&format!("  gate       {gate:<24} {told}"));
    }
    // The gravest counts: a gate that fails is graver than a URL that does.
    let bad = server.url("/status/404");
    pfetch(&["--assert", "failed==0", &bad]).run().exits(3);
    pfetch(&["--assert", "failed==1", &bad]).run().exits(1);
    let run = pfetch(&[
        "-qq",
        "--assert",
        "total<60s",
        "--assert",
        "total>60s",
        &url,
    ])
    .run();
    let run = run.exits(3).prints("total>60s");
    run.check("only what failed", !run.stdout.contains("total<60s"));
}

#[test]
fn a_gate_on_a_speed_up_that_nothing_measures_is_a_mistake() {
    let (server, dir) = (Server::start(), Dir::new());
    let url = server.url("/bytes/1000");
    for gate in ["speedup>=1000", "speedup>=0", "speedup<=2"] {
        let run = pfetch(&["--assert", gate, &url]).run().exits(2);
        let run = run.complains_in_a_line();
        run.says("--assert speedup needs a measured one")
            .says("add --compare (or --sweep)");
    }
    assert_eq!(server.requests(), 0);
    // What a replay is of is known once it is read.
    let lines = pfetch(&["--format=jsonl", &url, &url])
        .run()
        .exits(0)
        .stdout;
    let lines = dir.file("run.jsonl", &lines);
    let run = pfetch(&["--assert=speedup>=0", "--replay", &lines]).run();
    run.exits(3)
        .prints("unknown")
        .prints("not measured, estimated up to ")
        .prints(": --compare measures it\n");
}

#[test]
fn a_run_that_was_stopped_has_no_figures_to_hold_gates_against() {
    let server = Server::start();
    let url = server.url("/delay/60000/5");
    let args = ["--assert=failed>=0", "--deadline=100ms", &url];
    let run = pfetch(&args).run().exits(3);
    run.prints(
        "  gate       failed>=0                unknown       no URL was done before the deadline",
    );
}

#[test]
fn a_gate_that_cannot_be_read_is_a_mistake_with_its_place() {
    let run = pfetch(&["--assert", "speedup>=fast", "http://h/"]).run();
    run.exits(2).complains_in_a_line().says("column 10");
    let run = pfetch(&["--assert", "sped>=2", "http://h/"]).run();
    run.exits(2).complains_in_a_line().says("known are speedup");
}

#[test]
fn what_a_comparison_cannot_go_with_is_refused() {
    for options in [
        &["-d", "x"][..],
        &["-o", "x"],
        &["--cat"],
        &["--log", "x"],
        &["--rate", "1/s"],
        &["--host-delay", "1s"],
        &["--deadline", "1s"],
    ] {
        let run = pfetch(&[&["--compare", "http://h/"], options].concat()).run();
        run.exits(2)
            .complains_in_a_line()
            .says("cannot be used with");
    }
    let run = pfetch(&["--runs=2", "http://h/"]).run().exits(2);
    run.complains_in_a_line().says("--compare or --sweep");
    let run = pfetch(&["--sweep=1,0", "http://h/"]).run().exits(2);
    run.complains_in_a_line()
        .says("several with commas between them, or auto");
}

#[test]
fn a_sweep_tries_every_number_of_workers_and_finds_the_knee() {
    let server = Server::start();
    let args = ["--sweep=1,2,4,8", "--runs=2", "--warmup=0", "-"];
    let run = pfetch(&args)
        .stdin(list(&server, "/delay/20/10", 8))
        .run()
        .exits(0);
    assert_eq!(server.targets().len(), 8 * 4 * 2);
    let run = run
        .prints("8 URLs · 2 runs at each number of workers")
        .prints("knee       ");
    let rows = run.stdout.lines().filter(|line| line.contains('█')).count();
    run.check("a row for each", rows == 4);
    run.check(
        "lines of one run",
        run.stdout.matches("  200  ").count() == 8,
    );
}
