//! `Retry-After`: which origin backs off, for how long, and which does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use crate::pfetch::{Run, pfetch};
use crate::server::Server;

/// Answers the first request with this, and all further ones with 200.
fn first(status: u16, header: String) -> Server {
    let came = AtomicUsize::new(0);
    Server::with(move |_, reply| match came.fetch_add(1, Ordering::SeqCst) {
        0 => reply.send(status, &header, b"later"),
        _ => reply.send(200, "", b"now"),
    })
}

fn retry_after(value: &str) -> String {
    format!("Retry-After: {value}\r\n")
}

fn run(args: &[&str], url: &str) -> Run {
    pfetch(&[args, &["--format=jsonl", "--retry-delay=1ms", url]].concat()).run()
}

#[test]
fn a_zero_or_invalid_retry_after_does_not_prevent_a_retry() {
    for status in [429, 503] {
        for value in [
            "0",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "soon",
            "-5",
            "1.5",
            "",
            "0x10",
            "Thu, 99 Foo 9999 00:00:00 GMT",
        ] {
            let server = first(status, retry_after(value));
            let run = run(&[], &server.url("/")).exits(0);
            let what = format!("{status} {value:?}");
            let result = run.result();
            run.check(&what, result["attempts"] == 2 && result["status"] == 200);
            run.check(&what, result["earlier"][0]["status"] == status);
            run.check(&what, server.requests() == 2);
        }
    }
}

#[test]
fn the_seconds_of_a_retry_after_are_waited() {
    for status in [429, 503] {
        let times = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&times);
        let server = Server::with(move |_, reply| {
            let mut times = kept.lock().expect("nobody panics with it");
            times.push(Instant::now());
            match times.len() {
                // Noted before the client can know of it: the time between is all waiting.
                1 => reply.send(status, &retry_after("1"), b"later"),
                _ => reply.send(200, "", b"now"),
            }
        });
        let run = run(&[], &server.url("/")).exits(0);
        let times = times.lock().expect("nobody panics with it");
        let waited = times[1] - times[0];
        run.check(
            &format!("{status}: waited {waited:?}"),
            waited >= Duration::from_secs(1) && times.len() == 2,
        );
    }
}

#[test]
fn a_retry_after_beyond_the_limit_is_not_retried_and_the_message_says_so() {
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    for value in [
        "86400".to_owned(),
        "99999999999999999999999999".to_owned(),
        httpdate::fmt_http_date(tomorrow),
    ] {
        for status in [429, 503] {
            let server = first(status, retry_after(&value));
            let run = run(&[], &server.url("/")).exits(1);
            let result = run.result();
            run.check(&value, result["attempts"] == 1);
            run.check(&value, result["error"]["kind"] == "status");
            let message = result["error"]["message"].as_str().unwrap_or_default();
            run.check(&value, message.contains("--retry-after-max"));
            run.check(&value, server.requests() == 1);
        }
    }
    let server = first(503, retry_after("86400"));
    let told = "/  service unavailable; not retried: the server asks for a wait of 1day, more than \
                1m (--retry-after-max)\n";
    pfetch(&[server.url("/")]).run().exits(1).prints(told);
    // The message does not mention it where it made no difference.
    let server = Server::with(|_, reply| reply.send(503, &retry_after("86400"), b""));
    let told = "/  service unavailable\n";
    let run = pfetch(&["--retry=0", &server.url("/")]).run();
    run.exits(1).prints(told);
}

#[test]
fn the_longest_retry_after_has_a_message() {
    let server = first(503, retry_after("1"));
    let run = run(&["--retry-after-max=500ms"], &server.url("/")).exits(1);
    run.check("not retried", run.result()["attempts"] == 1);
    // The longest times there are do not overflow any clock.
    let server = first(503, retry_after("15000000000000000000"));
    let args = ["--retry-after-max=500000000000y", "--deadline=30s"];
    let run = self::run(&args, &server.url("/")).exits(1);
    run.check("not retried", run.result()["attempts"] == 1);
    run.check("its status", run.result()["status"] == 503);
}

#[test]
fn only_the_origin_that_asks_backs_off_and_no_worker_waits() {
    for workers in ["-j1", "-j4"] {
        let patient = Server::with(|_, reply| reply.send(429, &retry_after("3600"), b"later"));
        let other = Server::start();
        // Without a queue, no further job of the origin that backs off is on its way to a worker.
        let options = ["--queue=0", "--per-host=1", "--retry-after-max=2h"];
        let args = [&options[..], &[workers, "--format=jsonl", "-"]].concat();
        let mut running = pfetch(&args).start();
        for path in ["/0", "/1", "/2"] {
            running.feed(&patient.url(path));
        }
        let mut told = vec![running.line()];
        // One by one: with one worker, the first origin's response has been taken in before the first of them.
        for n in 0..10 {
            running.feed(&other.url(&format!("/bytes/{n}")));
            told.push(running.line());
        }
        // All jobs that may run have run; the rest would wait for an hour.
        running.signal(Signal::INT);
        let run = running.end().exits(130);
        run.check("one request to the patient", patient.requests() == 1);
        run.check("all others", other.requests() == 10);
        let ok = told[1..]
            .iter()
            .all(|line| line.contains(r#""outcome":"ok""#));
        run.check("the others came first", ok);
        // The others have not begun, and the list may go on.
        let [left] = &run.results()[10..] else {
            run.check("the one that was asked for is left", false);
            continue;
        };
        run.check("the first", left["index"] == 0 && left["attempts"] == 1);
        // With several workers, the stop may come while it is under way.
        let may_be_under_way = workers != "-j1";
        let is_skipped = left["outcome"] == "skipped";
        run.check("skipped", is_skipped || may_be_under_way);
    }
}

#[test]
fn after_a_redirect_the_origin_that_responded_backs_off() {
    // The first server only redirects to the second, which asks for back-off.
    let patient = Server::with(|_, reply| reply.send(503, &retry_after("3600"), b"later"));
    let to = patient.url("/x");
    let leading = Server::with(move |request, reply| match request.target.as_str() {
        "/away" => reply.send(302, &format!("Location: {to}\r\n"), b""),
        _ => reply.send(200, "", b"here"),
    });
    let list = [
        leading.url("/away"),
        patient.url("/1"),
        leading.url("/1"),
        leading.url("/2"),
    ];
    let options = [
        "-j1",
        "--queue=0",
        "--retry-after-max=2h",
        "--format=jsonl",
        "-",
    ];
    let mut running = pfetch(&options).start();
    for url in &list {
        running.feed(url);
    }
    let told = [running.line(), running.line(), running.line()];
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    run.check("the patient", patient.targets() == ["/x"]);
    run.check("the leading", leading.targets() == ["/away", "/1", "/2"]);
    for line in &told[1..] {
        run.check(line, line.contains(r#""outcome":"ok""#));
    }
}

#[test]
fn a_retry_after_of_another_response_is_ignored() {
    // A redirect's Retry-After says nothing of a connection that breaks afterwards.
    let came = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| match request.target.as_str() {
        "/" => reply.send(
            302,
            &format!("{}Location: /to\r\n", retry_after("86400")),
            b"",
        ),
        _ => match came.fetch_add(1, Ordering::SeqCst) {
            0 => Err(std::io::ErrorKind::ConnectionAborted.into()),
            1 => {
                use std::io::Write;
                let head = "HTTP/1.1 200 OK\r\nRetry-After: 86400\r\nContent-Length: 9\r\n\r\n";
                reply.raw().write_all(head.as_bytes())
            }
            _ => reply.send(200, "", b"arrived"),
        },
    });
    let run = run(&["--retry=5"], &server.url("/")).exits(0);
    run.check("arrived", run.result()["bytes"] == 7);
}

#[test]
fn queued_jobs_of_an_origin_that_backs_off_are_deferred() {
    // One worker, and a queue that the first answers let fill with URLs of the same origin.
    const REFUSED: usize = 8;
    let times = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&times);
    let server = Server::with(move |_, reply| {
        let mut times = kept.lock().expect("nobody panics with it");
        times.push(Instant::now());
        match times.len() {
            REFUSED => reply.send(429, &retry_after("1"), b"later"),
            _ => reply.send(200, "", b"now"),
        }
    });
    let urls: Vec<String> = (0..20).map(|n| server.url(&format!("/{n}"))).collect();
    // The URL that was refused uses up no try.
    for retry in ["--retry=2", "--retry=1"] {
        times.lock().expect("nobody panics with it").clear();
        let run = pfetch(&["-j1", "--queue=10", "--format=jsonl", retry, "-"])
            .stdin(urls.join("\n"))
            .run()
            .exits(0);
        let times = times.lock().expect("nobody panics with it");
        run.check(retry, times.len() == 21);
        let silence = times[REFUSED] - times[REFUSED - 1];
        run.check(
            &format!("{retry}: a second of silence, not {silence:?}"),
            silence >= Duration::from_secs(1),
        );
    }
}

/// A page that asks for a wait for ever, among others that are answered once the first wait is over.
#[test]
fn a_page_that_always_asks_for_a_wait_holds_its_host_once() {
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/dead" => reply.send(429, &retry_after("1"), b"later"),
        _ => reply.send(200, "", b"now"),
    });
    let others = (0..60).map(|n| format!("/{n}"));
    let mut paths: Vec<String> = others.collect();
    paths.insert(8, "/dead".to_owned());
    let list: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    let args = ["-j4", "--format=jsonl", "-"];
    let run = pfetch(&args).stdin(list.join("\n")).run().exits(1);
    let asked = server.targets();
    let dead = asked
        .iter()
        .enumerate()
        .filter(|(_, path)| *path == "/dead");
    let third = dead.map(|(place, _)| place).nth(2);
    // The second shows that the wait is the page's own, so that nobody else waits for the third.
    let before = asked[..third.expect("it is tried again")].iter();
    let others = before.filter(|path| *path != "/dead").count();
    run.check(
        &format!("{others} others before the third: {asked:?}"),
        others == 60,
    );
    run.check("the others are there", run.summary()["ok"] == 60);
    let idle = run.summary()["retry_idle"].as_f64();
    run.check(&format!("idle {idle:?}"), idle > Some(0.5));
}

/// Two URLs of a server that is busy for fifty seconds, one after the other; the second may start at once.
fn both_fail_at_once(options: &[&str]) {
    let server = Server::with(|_, reply| reply.send(429, &retry_after("50"), b"later"));
    let urls = [server.url("/a"), server.url("/b")];
    let args = [options, &["-j1", "-q", &urls[0], &urls[1]]].concat();
    let run = pfetch(&args).within(Duration::from_secs(30)).run().exits(1);
    run.check("each was asked for once", server.requests() == 2);
}

#[test]
fn a_retry_after_pauses_nothing_where_nothing_is_asked_for_again() {
    both_fail_at_once(&["--no-adapt", "--retry=0"]);
}

#[test]
fn a_retry_after_is_not_heeded_at_all_with_a_limit_of_nothing() {
    both_fail_at_once(&["--retry-after-max=0s"]);
}
