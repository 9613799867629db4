//! What servers take: too many at once, too many a second, restarts, silence, and answers that only say
//! "later".

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::pfetch::{Run, pfetch, unbroken};
use crate::raw::{Raw, Wire};
use crate::server::{Reply, Server};

/// Answers with this status if more than `most` requests are being answered, and otherwise with 200 after
/// `latency`.
fn at_once(most: usize, status: u16, header: &'static str, latency: Duration) -> Server {
    let busy = AtomicUsize::new(0);
    Server::with(move |_, reply| {
        let before = busy.fetch_add(1, Ordering::SeqCst);
        if before >= most {
            busy.fetch_sub(1, Ordering::SeqCst);
            return reply.send(status, header, b"later");
        }
        reply.wait(latency);
        busy.fetch_sub(1, Ordering::SeqCst);
        reply.send(200, "", b"now")
    })
}

/// A token bucket: so many a second, of which it saves up `saved`; 429 for the others.
fn a_second(rate: f64, saved: f64, header: &'static str) -> Server {
    let bucket = Mutex::new((saved, Instant::now()));
    Server::with(move |_, reply| {
        let is_taken = {
            let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let filled = (now - bucket.1).as_secs_f64() * rate;
            *bucket = ((bucket.0 + filled).min(saved), now);
            let is_taken = bucket.0 >= 1.0;
            bucket.0 -= f64::from(u8::from(is_taken));
            is_taken
        };
        match is_taken {
            true => reply.send(200, "", b"now"),
            false => reply.send(429, header, b"later"),
        }
    })
}

fn urls(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|n| server.url(&format!("/{n}"))).collect()
}

fn run(args: &[&str], list: &[String]) -> Run {
    let args = [args, &["--format=jsonl", "-"]].concat();
    pfetch(&args).stdin(list.join("\n")).run()
}

/// Checks that each URL of the list has one result.
#[track_caller]
fn assert_each_once(run: &Run, count: usize) {
    let results = run.results();
    let mut indices: Vec<_> = results.iter().filter_map(|r| r["index"].as_u64()).collect();
    indices.sort_unstable();
    let all: Vec<u64> = (0..count as u64).collect();
    run.check("each URL once", indices == all);
}

#[test]
fn all_urls_of_a_server_that_takes_four_at_once_succeed_and_that_is_told() {
    for (status, header) in [(503, ""), (429, ""), (503, "Retry-After: 1\r\n")] {
        let server = at_once(4, status, header, Duration::from_millis(20));
        let run = run(&["-j16"], &urls(&server, 400)).exits(0);
        let what = format!("{status} {header}");
        assert_each_once(&run, 400);
        run.check(&what, run.summary()["ok"] == 400);
        let origins = run.summary()["origins"].clone();
        run.check(&what, origins.as_array().is_some_and(|all| all.len() == 1));
        let found = &origins[0];
        run.check(&what, found["origin"] == server.url(""));
        run.check(&what, found["push_backs"].as_u64() > Some(0));
        run.check(&what, found["given_up"].is_null());
        run.check(&what, run.summary()["more_origins"] == 0);
    }
}

#[test]
fn the_report_says_what_a_server_takes() {
    let server = at_once(4, 503, "", Duration::from_millis(20));
    let list = urls(&server, 300).join("\n");
    let run = pfetch(&["-j16", "-"]).stdin(list).run().exits(0);
    let host = server.addr().to_string();
    run.prints(&format!("  server     {host}: slowed down to "))
        .prints(" × 503)\n");
}

#[test]
fn a_sweep_says_which_numbers_of_workers_a_server_pushed_back() {
    let server = at_once(4, 503, "", Duration::from_millis(20));
    let list = urls(&server, 60).join("\n");
    let args = ["--sweep=1,16", "--runs=1", "--warmup=0", "-"];
    let run = pfetch(&args).stdin(list).run().exits(0);
    let text = unbroken(&run.stdout);
    let host = server.addr().to_string();
    let told = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("  warning    {host}: slowed down to ")));
    let is_whole = told.is_some_and(|told| told.ends_with(" × 503), from 16 workers on"));
    run.check("the server is told of", is_whole);
}

#[test]
fn push_backs_use_up_no_try_and_with_no_adapt_they_do() {
    let server = at_once(2, 503, "", Duration::from_millis(20));
    let list = urls(&server, 100);
    run(&["-j8", "--retry=1"], &list).exits(0);
    let run = run(&["-j8", "--retry=0", "--no-adapt"], &list).exits(1);
    assert_each_once(&run, 100);
    let summary = run.summary();
    run.check("some fail", summary["failed"].as_u64() > Some(0));
    run.check("none again", summary["retries"] == 0);
    run.check(
        "nothing is learnt",
        summary["origins"].as_array().is_some_and(Vec::is_empty),
    );
}

/// A smoke test that asks once is not to turn green over a 503, however many URLs stand beside it.
#[test]
fn without_retries_each_url_gets_one_answer_also_where_its_server_is_busy() {
    for (status, header) in [(503, ""), (429, ""), (503, "Retry-After: 1\r\n")] {
        let server = Server::with(move |_, reply| reply.send(status, header, b"later"));
        let list = urls(&server, 12);
        let run = run(&["-j4", "--retry=0"], &list).exits(1);
        assert_each_once(&run, 12);
        run.check(header, server.requests() <= 12);
        let once = |result: &serde_json::Value| result["attempts"].as_u64() <= Some(1);
        run.check("asked once", run.results().iter().all(once));
    }
}

#[test]
fn all_urls_of_a_server_that_takes_so_many_a_second_succeed() {
    for header in ["", "Retry-After: 1\r\n"] {
        let server = a_second(40.0, 5.0, header);
        let run = run(&["-j8"], &urls(&server, 100)).exits(0);
        assert_each_once(&run, 100);
        run.check(header, run.summary()["ok"] == 100);
    }
}

#[test]
fn connections_beyond_those_that_a_server_takes_cost_no_url() {
    for is_reset in [false, true] {
        let open = Arc::new(AtomicUsize::new(0));
        let server = Raw::start(move |mut wire: Wire<'_>| {
            if open.fetch_add(1, Ordering::SeqCst) >= 3 {
                open.fetch_sub(1, Ordering::SeqCst);
                wire.peek_once()?;
                return if is_reset { wire.reset() } else { Ok(()) };
            }
            let answered = wire.request().map_or(Ok(()), |_| {
                wire.wait(Duration::from_millis(10));
                wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            });
            open.fetch_sub(1, Ordering::SeqCst);
            answered
        });
        let list: Vec<_> = (0..150).map(|n| server.url(&format!("/{n}"))).collect();
        let run = run(&["-j12"], &list).exits(0);
        assert_each_once(&run, 150);
    }
}

#[test]
fn a_restart_costs_at_most_the_urls_in_flight() {
    let came = AtomicUsize::new(0);
    let is_away = AtomicBool::new(false);
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refused);
    let server = Raw::start(move |mut wire: Wire<'_>| {
        while wire.request().is_some() {
            if came.fetch_add(1, Ordering::SeqCst) == 500 {
                is_away.store(true, Ordering::SeqCst);
            }
            if is_away.load(Ordering::SeqCst) {
                // It is back after those in flight and some probes.
                if counted.fetch_add(1, Ordering::SeqCst) >= 12 {
                    is_away.store(false, Ordering::SeqCst);
                }
                return wire.reset();
            }
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
        Ok(())
    });
    let list: Vec<_> = (0..2000).map(|n| server.url(&format!("/{n}"))).collect();
    // Probes are some time apart, at random.
    let run = run(&["-j8", "--retry=0", "--give-up=5m"], &list);
    assert_each_once(&run, 2000);
    let failed = run.summary()["failed"].as_u64();
    run.check("at most those in flight fail", failed <= Some(8));
    run.check("it was away", refused.load(Ordering::SeqCst) > 12);
}

#[test]
fn a_server_that_says_nothing_ahead_of_good_ones_holds_nobody_up() {
    let silent = Raw::start(|mut wire: Wire<'_>| {
        wire.request();
        wire.hang()
    });
    let good = Server::start();
    let dead: Vec<_> = (0..1500).map(|n| silent.url(&format!("/{n}"))).collect();
    let list = [dead, urls(&good, 200)].concat();
    let args = [
        "-j8",
        "--stall-timeout=500ms",
        "--give-up=2s",
        "--retry=1",
        "--accept=404",
    ];
    let run = run(&args, &list).exits(1);
    assert_each_once(&run, 1700);
    let results = run.results();
    let place = |ok: &str| results.iter().rposition(|r| r["outcome"] == ok);
    let given_up = results
        .iter()
        .position(|r| r["error"]["kind"] == "given-up");
    run.check("all good ones", run.summary()["ok"] == 200);
    run.check("before the others are given up", place("ok") < given_up);
    let message = results[given_up.unwrap_or(0)]["error"]["message"].as_str();
    let message = message.unwrap_or_default();
    run.check("why", message.contains("--give-up"));
    run.check("short", !message.contains("--log"));
    run.check(
        "told",
        run.summary()["origins"][0]["given_up"] == "no-answer",
    );
    run.check("hardly asked", silent.connections() < 40);
    run.check("no estimate", run.summary()["serial"].is_null());
}

#[test]
fn urls_of_a_server_that_is_given_up_show_how_long_they_waited() {
    let silent = Raw::start(|mut wire: Wire<'_>| {
        wire.request();
        // Closed without a byte.
        Ok(())
    });
    let list: Vec<_> = (0..10).map(|n| silent.url(&format!("/{n}"))).collect();
    let run = run(&["-j8", "--give-up=1s"], &list).exits(1);
    let results = run.results();
    let mut waited = 0;
    for result in results.iter().filter(|r| r["error"]["kind"] == "given-up") {
        let earlier = result["earlier"].as_array().cloned().unwrap_or_default();
        let Some(first) = earlier.first() else {
            continue;
        };
        let elapsed = result["elapsed"].as_f64();
        run.check("longer than its attempt", elapsed > first["total"].as_f64());
        let own = earlier
            .last()
            .and_then(|last| last["error"]["message"].as_str());
        let own = format!("; its own last attempt: {}", own.unwrap_or_default());
        let message = result["error"]["message"].as_str().unwrap_or_default();
        run.check("how it failed itself", message.ends_with(&own));
        // By far: a server is given up after a second at least.
        waited += u32::from(elapsed > Some(0.5));
    }
    run.check("some waited", waited > 0);
    run.check("no estimate", run.summary()["serial"].is_null());
}

#[test]
fn deferred_urls_beyond_the_look_ahead_keep_no_other_origin_from_starting() {
    let later = Server::with(|_, reply| reply.send(429, "Retry-After: 1\r\n", b"later"));
    let good = [Server::start(), Server::start()];
    let mut list = urls(&later, 3000);
    for n in 0..200 {
        list.push(good[n % 2].url(&format!("/bytes/{n}")));
    }
    let run = run(&["-j4"], &list).exits(1);
    assert_each_once(&run, list.len());
    let results = run.results();
    let first_failed = results.iter().position(|r| r["outcome"] == "failed");
    let last_ok = results.iter().rposition(|r| r["outcome"] == "ok");
    run.check("all good ones", run.summary()["ok"] == 200);
    run.check("before any other has failed", last_ok < first_failed);
    run.check("hardly asked", later.requests() <= 4 + 3);
    // Those that lay on disk come in their order.
    let failed = results.iter().filter(|r| r["outcome"] == "failed");
    let failed: Vec<_> = failed
        .filter_map(|r| r["index"].as_u64())
        .skip(20)
        .collect();
    run.check("in order", failed.is_sorted());
}

#[test]
fn urls_on_disk_are_skipped_by_a_stop_and_keep_what_their_lines_say() {
    // One origin takes one at a time, so the rest of its URLs waits.
    let seen = Arc::new(Mutex::new(HashMap::new()));
    let kept = Arc::clone(&seen);
    let server = Server::with(move |request, reply| {
        let mut seen = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let own = request.header("x-own").unwrap_or_default().to_owned();
        seen.insert(request.target.clone(), own);
        reply.send(200, "", b"ok")
    });
    let lines: Vec<String> = (0..3000)
        .map(|n| {
            let url = server.url(&format!("/{n}"));
            format!(r#"{{"url":"{url}","headers":{{"X-Own":"{n}"}}}}"#)
        })
        .collect();
    let run = run(&["-j4", "--per-host=1"], &lines).exits(0);
    assert_each_once(&run, 3000);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    for n in 0..3000 {
        let own = seen.get(&format!("/{n}"));
        assert_eq!(own, Some(&n.to_string()), "line {n}");
    }
    let run = self::run(&["-j4", "--per-host=1", "--deadline=50ms"], &lines);
    // Whatever was read has its result.
    let results = run.results().len();
    run.check("each one once", run.summary()["targets"] == results);
}

#[test]
fn an_answer_of_429_with_a_wait_for_ever_ends_after_so_many_holds() {
    for (retries, holds) in [(0, 3), (2, 3), (4, 5)] {
        let server = Server::with(|_, reply| reply.send(429, "Retry-After: 1\r\n", b"later"));
        let option = format!("--retry={retries}");
        let run = run(&["-j8", &option], &urls(&server, 40)).exits(1);
        assert_each_once(&run, 40);
        let most = 8 + holds;
        run.check(&option, (holds..=most).contains(&server.requests()));
        let last = &run.results()[39];
        run.check(&option, last["error"]["kind"] == "given-up");
        let message = last["error"]["message"].as_str().unwrap_or_default();
        run.check(&option, message.contains("Retry-After"));
    }
}

#[test]
fn broken_pages_in_a_row_cost_nobody_else() {
    for status in [500, 503] {
        let number = |target: &str| target[1..].parse().unwrap_or(0);
        let server = Server::with(move |request, reply| match number(&request.target) {
            40..70 => reply.send(status, "", b"broken"),
            _ => reply.send(200, "", b"ok"),
        });
        for workers in ["-j1", "-j8", "-j40"] {
            let run = run(&[workers, "--retry-delay=1ms"], &urls(&server, 300)).exits(1);
            let what = format!("{status} {workers}");
            assert_each_once(&run, 300);
            run.check(
                &what,
                run.summary()["ok"] == 270 && run.summary()["failed"] == 30,
            );
            for result in run.results() {
                let index = result["index"].as_u64().unwrap_or_default();
                let is_broken = (40..70).contains(&index);
                run.check(&what, (result["outcome"] == "failed") == is_broken);
                run.check(&what, result["error"]["kind"] != "given-up");
            }
        }
    }
}

#[test]
fn urls_that_redirect_to_a_server_that_takes_few_succeed_and_hold_up_nobody() {
    let few = at_once(2, 503, "", Duration::from_millis(10));
    let to = few.url("");
    let leading = Server::with(move |request, reply: &mut Reply<'_>| -> io::Result<()> {
        let number: usize = request.target[1..].parse().unwrap_or(0);
        match number % 2 {
            0 => reply.send(302, &format!("Location: {to}{}\r\n", request.target), b""),
            _ => reply.send(200, "", b"here"),
        }
    });
    let run = run(&["-j8"], &urls(&leading, 200)).exits(0);
    assert_each_once(&run, 200);
}

#[test]
fn in_a_comparison_what_a_server_takes_is_told_of_the_parallel_runs() {
    let server = at_once(2, 503, "", Duration::from_millis(5));
    let list = urls(&server, 30).join("\n");
    let args = ["--compare", "--runs=2", "--warmup=0", "-j8", "-"];
    let run = pfetch(&args).stdin(list).run().exits(0);
    let host = server.addr().to_string();
    let told = |line: &str| {
        line.contains(&format!("{host} refuses parallel requests"))
            && line.contains("slowed down to 2 at once")
    };
    let text = unbroken(&run.stdout);
    run.check(
        "told once",
        text.lines().filter(|line| told(line)).count() == 1,
    );
}

/// Closes connections to `/bad…` without a byte, and answers everything else.
fn closing() -> Raw {
    Raw::start(|mut wire| {
        while let Some(path) = wire.request() {
            if path.starts_with("/bad") {
                return Ok(());
            }
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
        Ok(())
    })
}

#[test]
fn pages_that_break_off_first_in_the_list_keep_no_other_page_from_being_fetched() {
    for options in [&["-j8"][..], &["-j8", "--no-adapt"]] {
        let server = closing();
        let bad = (0..20).map(|number| server.url(&format!("/bad{number}\n")));
        let good = (0..30).map(|number| server.url(&format!("/good{number}\n")));
        let list: String = bad.chain(good).collect();
        let args = [
            options,
            &["--retry=0", "--give-up=1s", "--format=jsonl", "-"],
        ]
        .concat();
        let run = pfetch(&args).stdin(&list).run().exits(1);
        let results = run.results();
        let ok = results.iter().filter(|result| result["outcome"] == "ok");
        run.check("all good ones", ok.count() == 30);
    }
}

#[test]
fn pages_that_break_off_here_and_there_are_no_reason_to_give_their_server_up() {
    let server = closing();
    let list: String = (0..60)
        .map(|number| match number % 5 {
            4 => server.url(&format!("/bad{number}\n")),
            _ => server.url(&format!("/good{number}\n")),
        })
        .collect();
    let args = [
        "-j8",
        "--no-adapt",
        "--retry=1",
        "--retry-delay=1ms",
        "--format=jsonl",
        "-",
    ];
    let run = pfetch(&args).stdin(&list).run().exits(1);
    for result in run.results() {
        let is_bad = result["url"]
            .as_str()
            .is_some_and(|url| url.contains("/bad"));
        let kind = &result["error"]["kind"];
        run.check(
            "each by itself",
            *kind
                == if is_bad {
                    "closed".into()
                } else {
                    serde_json::Value::Null
                },
        );
    }
}
