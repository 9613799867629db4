//! Speed-ups that a plain run cannot know: what limits the server makes the per-URL times longer than one by one.

use std::io::Write;
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

/// Runs until these words are told: a busy machine may change the order in which the first requests reach the server,
/// and with that what is seen of it.
fn until_told(list: &str, options: &[&str], words: &str) -> Run {
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
    let options = ["-q", "--export", &md, "--export", &html];
    let slowed = "  speed-up   not estimated: the server slowed down as more was asked: ";
    let run = until_told(&list, &options, slowed).exits(0);
    run.check("no serial time", !run.stdout.contains("  serial "));
    for file in [&md, &html] {
        let text = std::fs::read_to_string(file).expect("it was written");
        run.check(file, text.contains("the server slowed down"));
        run.check(
            file,
            !text.contains("as fast as") && !text.contains("best possible"),
        );
    }
    let run = until_told(&list, &["--format=jsonl"], "\"slowdown\":{").exits(0);
    let summary = run.summary();
    run.check("no estimate", summary["serial"].is_null());
    let slowdown = &summary["slowdown"];
    run.check(
        "the reason",
        slowdown["few"].as_f64() < slowdown["many"].as_f64(),
    );
}

#[test]
fn bodies_that_fill_the_time_leave_the_speed_up_open() {
    // The end of each body comes later than its beginning: of a full line it would look the same.
    let server = Server::with(|_: &Request, reply: &mut Reply<'_>| {
        let mut raw = reply.raw();
        raw.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")?;
        reply.wait(Duration::from_millis(50));
        reply.raw().write_all(b"cd")
    });
    let list = list(&server, "/");
    let dir = Dir::new();
    let md = dir.path().join("run.md").display().to_string();
    let html = dir.path().join("run.html").display().to_string();
    let why = "estimated: a full line would not be seen";
    let options = ["-q", "--export", &md, "--export", &html];
    let run = until_told(&list, &options, "  speed-up  1.00x to ").exits(0);
    run.check(why, run.stdout.contains(why));
    for file in [&md, &html] {
        let text = std::fs::read_to_string(file).expect("it was written");
        run.check(file, text.contains(why));
        run.check(
            file,
            !text.contains("as fast as") && !text.contains("up to"),
        );
    }
    let limit = "\"unseen_limit\":\"line\"";
    until_told(&list, &["--format=jsonl"], limit).exits(0);
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
    let run = fetch(&list, &["--format=jsonl", "--export", &html]).run();
    let run = run.exits(0);
    let lines = run.json();
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
fn percentiles_of_a_run_with_retries_say_that_all_attempts_are_in_them_and_no_wait() {
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
    let words = "all attempts of a URL, without the waits between them";
    run.check(words, run.stdout.contains(words));
    for file in [&md, &html] {
        let text = std::fs::read_to_string(file).expect("it was written");
        run.check(file, text.contains(words));
    }
    let run = fetch(&list, &[]).run().exits(0);
    run.check("nothing to say", !run.stdout.contains(words));
}
