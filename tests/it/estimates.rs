//! Speed-ups that a plain run cannot know: what limits the server makes the per-URL times longer than one by one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use pfetch::model::outcome::{Attempt, Outcome};
use pfetch::model::summary::Tally;
use pfetch::model::target::Verb;
use pfetch::model::timing::Timing;

use crate::pfetch::{Dir, Pfetch, Run, pfetch};
use crate::server::{Reply, Request, Server, routes};

/// The number of URLs of a list.
const URLS: usize = 40;

/// A server that answers one request at a time, in the order in which they come, each after 20 ms.
fn one_at_a_time() -> Server {
    let turns = Arc::new((Mutex::new((0_u64, 0_u64)), Condvar::new()));
    Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        let (state, changed) = &*turns;
        let lock = || {
            state
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        let mine = {
            let mut turn = lock();
            turn.0 += 1;
            turn.0 - 1
        };
        let mut turn = lock();
        while turn.1 != mine {
            turn = changed
                .wait(turn)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        drop(turn);
        let answered = routes(request, reply);
        lock().1 += 1;
        changed.notify_all();
        answered
    })
}

fn list(server: &Server, path: &str) -> String {
    let url = |n| server.url(&format!("{path}?{n}")) + "\n";
    (0..URLS).map(url).collect()
}

fn fetch(list: &str, options: &[&str]) -> Pfetch {
    pfetch(&[&["-j8", "-i", "-"], options].concat()).stdin(list)
}

/// Runs until the server is seen to slow down: a busy machine may change the order in which the first requests reach
/// it.
fn until_slowed(list: &str, options: &[&str], words: &str) -> Run {
    let mut runs = (0..10).map(|_| fetch(list, options).run());
    let seen = runs.find(|run| run.stdout.contains(words));
    seen.unwrap_or_else(|| panic!("in ten runs no {words:?}"))
}

#[test]
fn a_server_that_is_the_limit_is_no_speed_up_of_pfetchs() {
    let server = one_at_a_time();
    let list = list(&server, "/delay/20/10");
    let dir = Dir::new();
    let md = dir.path().join("run.md").display().to_string();
    let html = dir.path().join("run.html").display().to_string();
    let gate = "--assert=speedup>=2";
    let options = ["-q", "--export", &md, "--export", &html, gate];
    let slowed = "  speed-up   not estimated: the server slowed down as more was asked: ";
    let run = until_slowed(&list, &options, slowed).exits(0);
    let why = "inconclusive  not estimated, as the server slowed down (--compare measures it)";
    run.check(why, run.stdout.contains(why));
    run.check("no serial time", !run.stdout.contains("  serial "));
    for file in [&md, &html] {
        let text = std::fs::read_to_string(file).expect("it was written");
        run.check(file, text.contains("the server slowed down"));
        run.check(
            file,
            !text.contains("as fast as") && !text.contains("best possible"),
        );
    }
    let run = until_slowed(&list, &["--format=jsonl"], "\"slowdown\":{").exits(0);
    let summary = run.summary();
    run.check("no estimate", summary["serial"].is_null());
    let slowdown = &summary["slowdown"];
    run.check(
        "the reason",
        slowdown["few"].as_f64() < slowdown["many"].as_f64(),
    );
    // It is seen where little is printed, and fails where nothing may be left open.
    until_slowed(&list, &["-qq", gate], why).exits(0);
    let why = "unknown       not estimated, as the server slowed down";
    until_slowed(&list, &["-qq", gate, "--strict-assert"], why).exits(3);
}

#[test]
fn an_estimate_holds_no_gate_that_asks_for_a_speed_up_and_says_so() {
    let server = Server::start();
    let list = list(&server, "/bytes/10");
    let gate = "--assert=speedup>=0.001";
    let run = pfetch(&["-j2", "-qq", "-i", "-", gate]).stdin(&list).run();
    run.exits(0)
        .prints("inconclusive")
        .prints("x, estimated, at most: --compare measures it");
    let args = ["-j2", "-qq", "-i", "-", gate, "--strict-assert"];
    pfetch(&args).stdin(&list).run().exits(3);
    // More than any number of workers could give is shown not to be there.
    let args = ["-j2", "-qq", "-i", "-", "--assert=speedup>=1000"];
    pfetch(&args).stdin(&list).run().exits(3);
}

#[test]
fn a_server_that_pushes_back_leaves_nothing_to_estimate_from() {
    let asked = AtomicUsize::new(0);
    let server = Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        match asked.fetch_add(1, Ordering::Relaxed) {
            ..4 => reply.send(429, "", b""),
            _ => routes(request, reply),
        }
    });
    let list = list(&server, "/delay/5/10");
    let dir = Dir::new();
    let html = dir.path().join("run.html").display().to_string();
    let gate = "--assert=speedup>=0.001";
    let run = fetch(&list, &["--format=jsonl", "--export", &html, gate]).run();
    let run = run.exits(3);
    let lines = run.json();
    let gate = lines.last().expect("there is a gate");
    run.check("no figure", gate["verdict"] == "unknown");
    let summary = lines.iter().find(|line| line["type"] == "summary");
    let summary = summary.expect("there is a summary");
    run.check("no estimate", summary["serial"].is_null());
    let page = std::fs::read_to_string(&html).expect("it was written");
    run.check("no claim", !page.contains("as fast as"));
    run.check(
        "the reason",
        page.contains("not estimated: a server pushed back"),
    );
}

#[test]
fn latencies_leave_out_what_pfetch_waited_between_attempts() {
    let zero = Instant::now();
    let attempt = |start: u64, took: u64| {
        let at = zero + Duration::from_millis(start);
        let took = Duration::from_millis(took);
        let mut timing = Timing::default();
        timing.close(took);
        Attempt {
            span: Some((at, at + took)),
            timing,
            ..Attempt::default()
        }
    };
    let mut outcome = Outcome::new(0, Arc::from("http://h/"), Verb::Get);
    outcome.last = attempt(1000, 30);
    outcome.follow(vec![attempt(0, 20)]);
    assert_eq!(outcome.elapsed(), Some(Duration::from_millis(1030)));
    let mut tally = Tally::new(1);
    tally.add(&outcome);
    let summary = tally.summary();
    let times = [
        summary.latency.p(95.0),
        summary.latency.max(),
        summary.latency.mean(),
    ];
    assert_eq!(times, [Some(Duration::from_millis(50)); 3]);
    assert_eq!(summary.makespan, Some(Duration::from_millis(1030)));
}

#[test]
fn percentiles_of_a_run_with_retries_say_that_its_waits_are_not_in_them() {
    let asked = AtomicUsize::new(0);
    let server = Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => reply.send(500, "", b""),
            _ => routes(request, reply),
        }
    });
    let list = list(&server, "/bytes/10");
    let dir = Dir::new();
    let md = dir.path().join("run.md").display().to_string();
    let html = dir.path().join("run.html").display().to_string();
    let options = ["--retry-delay=1ms", "--export", &md, "--export", &html];
    let run = fetch(&list, &options).run().exits(0);
    let words = "without waits for retries";
    run.check(words, run.stdout.contains(words));
    for file in [&md, &html] {
        let text = std::fs::read_to_string(file).expect("it was written");
        run.check(file, text.contains(words));
    }
    let run = fetch(&list, &[]).run().exits(0);
    run.check("nothing to say", !run.stdout.contains(words));
}
