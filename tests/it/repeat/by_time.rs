//! `--repeat TIME`: an end that is wished for.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::indexes;
use crate::pfetch::{Dir, pfetch};
use crate::server::{Server, routes};

#[test]
fn a_run_of_a_time_ends_well_and_says_what_was_done_in_it() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let began = Instant::now();
    let run = pfetch(&["--repeat", "500ms", "-j4", "--summary-only", &url]).run();
    let run = run.exits(0).says_nothing();
    run.check(
        "as long as asked",
        began.elapsed() >= Duration::from_millis(500),
    );
    let requests = server.requests();
    run.check("some", requests > 0);
    let run = run.prints(" ok, 0 failed · ");
    let run = run.never_shows("skipped").never_shows("deadline");
    if requests > 1 {
        run.prints("  as asked (--repeat 500ms), to the end of what had begun\n");
    }
}

#[test]
fn what_was_not_begun_is_no_part_of_the_run() {
    // The second is behind the first where the requests to each are limited.
    let servers = [Server::start(), Server::start()];
    let dir = Dir::new();
    let line = |n: usize| servers[n / 6].url(&format!("/bytes/{n}")) + "\n";
    let list = dir.file("list", (1..=7).map(line).collect::<String>());
    let requests = || servers[0].requests() + servers[1].requests();
    for options in [
        &[][..],
        &["--order=input"],
        &["--per-host=1", "-j8"],
        &["--per-host=1", "-j8", "--order=input"],
        &["--rate=50/s"],
        &["--host-delay=10ms"],
        &["--queue=0"],
        &["-j1"],
        &["--log=run.log"],
    ] {
        let before = requests();
        let args = ["--repeat=300ms", "--format=jsonl", "-i", &list];
        let run = pfetch(&[&args[..], options].concat()).current_dir(dir.path());
        let run = run.run().exits(0);
        let sent = requests() - before;
        let results = run.results();
        run.check(&format!("{sent} requests"), results.len() == sent);
        let is_ok = |result: &serde_json::Value| result["outcome"] == "ok";
        run.check("all succeeded", results.iter().all(is_ok));
        let summary = run.summary();
        for key in ["failed", "skipped", "not_done"] {
            run.check(key, summary[key] == 0);
        }
        run.check("not stopped", summary["stopped"] == false);
        run.check("the time", summary["repeat_time"] == 0.3);
        run.check("no total", summary["listed"].is_null());
        if options.contains(&"--order=input") {
            run.check("in order", indexes(&run).is_sorted());
        }
    }
}

#[test]
fn after_the_time_no_worker_begins_and_what_is_under_way_is_finished() {
    const TIME: Duration = Duration::from_millis(800);
    // A request has come after the run began, so this one is answered after the time is up.
    let server = Server::with(|_, reply| {
        reply.wait(TIME);
        reply.send(200, "", b"late")
    });
    for options in [&["-j2"][..], &["-j2", "--order=input"], &["-j2", "--cat"]] {
        let before = server.requests();
        let url = server.url("/");
        let args = [options, &["--repeat=800ms", &url]].concat();
        let run = pfetch(&args).run().exits(0);
        // More are in the queue of the workers by then.
        let sent = server.requests() - before;
        run.check(&format!("{sent} of two workers"), (1..=2).contains(&sent));
        if options.contains(&"--cat") {
            run.check("whole", run.stdout == "late".repeat(sent));
        }
    }
}

#[test]
fn a_url_that_has_been_tried_is_tried_again_after_the_time() {
    const TIME: Duration = Duration::from_millis(300);
    let has_failed = AtomicBool::new(false);
    let server = Server::with(move |_, reply| {
        if has_failed.swap(true, Ordering::Relaxed) {
            return reply.send(200, "", b"");
        }
        reply.wait(TIME);
        reply.send(500, "", b"")
    });
    let url = server.url("/");
    let args = [
        "-j1",
        "--repeat=300ms",
        "--retry-delay=1ms",
        "--format=jsonl",
        &url,
    ];
    let run = pfetch(&args).run().exits(0);
    let results = run.results();
    run.check("one", results.len() == 1);
    run.check("of two attempts", results[0]["attempts"] == 2);
    assert_eq!(server.requests(), 2);
}

#[test]
fn bodies_of_a_time_are_whole_and_in_the_order_of_the_input() {
    let server = Server::with(|request, reply| {
        let text = format!("{} ", request.target);
        reply.send(200, "", text.as_bytes())
    });
    let [a, b] = ["/a", "/b"].map(|path| server.url(path));
    let args = ["--cat", "--repeat=300ms", "-j8", &a, &b];
    let run = pfetch(&args).run().exits(0);
    let sent = server.requests();
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    run.check(&format!("{sent} bodies"), words.len() == sent);
    let dir = Dir::new();
    let args = ["-d", "out", "--repeat=200ms", &a];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
    let files = std::fs::read_dir(dir.path().join("out")).expect("it was made");
    let names = files.map(|file| file.expect("it can be read").file_name());
    let files = names
        .filter(|name| !name.as_encoded_bytes().starts_with(b"."))
        .count();
    let saved = server.requests() - sent;
    run.check(&format!("{files} files, {saved} requests"), files == saved);
}

#[test]
fn failures_decide_on_the_exit_code_as_in_any_run() {
    let server = Server::start();
    let (bad, good) = (server.url("/status/404"), server.url("/bytes/1"));
    pfetch(&["--repeat=200ms", "-j2", &bad, &good])
        .run()
        .exits(1);
    let args = ["--repeat=200ms", "--max-failures=100%", "-j2", &bad, &good];
    pfetch(&args).run().exits(0);
    let run = pfetch(&["--repeat=1h", "--fail-fast", &bad]).run().exits(1);
    run.says("stopped at the first failure (--fail-fast)");
}

#[test]
fn a_deadline_and_a_signal_end_it_as_they_end_any_run() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let run = pfetch(&["--repeat=1h", "--deadline=200ms", "--summary-only", &url]).run();
    run.exits(1).says("the run's deadline passed (--deadline)");
    let dir = Dir::new();
    let running = pfetch(&["--repeat=1h", "--log=run.log", &url]).current_dir(dir.path());
    let mut running = running.start();
    for _ in 0..10 {
        running.line();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    // There is no rest to go on with.
    run.never_shows("--resume")
        .never_shows("as asked (--repeat");
    // The other way round, the time ends it.
    pfetch(&["--repeat=200ms", "--deadline=1h", &url])
        .run()
        .exits(0);
}

#[test]
fn an_input_with_nothing_to_fetch_ends_at_once() {
    let dir = Dir::new();
    let empty = dir.file("empty", "# nothing\n\n");
    let bad = dir.file("bad", "ftp://bad\n");
    let run = pfetch(&["--repeat=1h", "-i", &empty]).run().exits(2);
    run.complains_in_a_line()
        .says("the input has no URLs in it");
    pfetch(&["--repeat=1h", "--allow-empty", "-i", &empty])
        .run()
        .exits(0);
    let run = pfetch(&["--repeat=1h", "-i", &bad, "--format=jsonl"])
        .run()
        .exits(1);
    run.check("told once", run.summary()["failed"] == 1);
    pfetch(&["--repeat=18446744073709551615", "-i", &empty])
        .run()
        .exits(2);
}

#[test]
fn what_needs_the_number_of_urls_is_refused_with_a_time() {
    let server = Server::start();
    let url = server.url("/");
    for args in [
        &["--compare"][..],
        &["--sweep=1,2"],
        &["--dry-run"],
        &["--log=l", "--resume"],
        &["--shard=0/2"],
        &["--save-baseline=b"],
        &["--against=b"],
    ] {
        let option = args[args.len() - 1].split('=').next().unwrap_or_default();
        let run = pfetch(&[&["--repeat=1m 30s", &*url], args].concat()).run();
        let run = run.exits(2).complains_in_a_line();
        run.says(&format!("--repeat 1m 30s cannot be used with {option}: "))
            .says("; give a number, as --repeat 100");
    }
    assert_eq!(server.requests(), 0);
    let run = pfetch(&["--repeat=3", "--replay", "f"]).run().exits(2);
    run.says("a replay fetches nothing");
}

#[test]
fn a_list_that_is_written_to_is_read_as_it_is_by_then_with_a_warning() {
    let dir = Dir::new();
    let list = dir.path().join("list");
    let written = list.clone();
    let has_begun = AtomicBool::new(false);
    let server = Server::with(move |request, reply| {
        if !has_begun.swap(true, Ordering::Relaxed) {
            let url = format!(
                "http://{}/new\n",
                request.header("host").unwrap_or_default()
            );
            // Added in one piece: half a line would be another URL.
            let mut list = std::fs::File::options().append(true).open(&written)?;
            list.write_all(url.as_bytes())?;
        }
        match request.target.as_str() {
            "/new" => reply.send(404, "", b""),
            _ => routes(request, reply),
        }
    });
    std::fs::write(&list, server.url("/bytes/1") + "\n").expect("there is room");
    let args = ["--repeat=1h", "--fail-fast", "-j1", "-i", "list"];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(1);
    let run =
        run.says("warning: list was written to while it was repeated: each round fetches what");
    run.check("once", run.stderr.matches("written to").count() == 1);
}

#[test]
fn the_same_is_said_of_a_run_that_is_replayed() {
    let server = Server::start();
    let dir = Dir::new();
    let url = server.url("/bytes/1");
    let args = [
        "--repeat=300ms",
        "--export=run.jsonl",
        "--order=input",
        &url,
    ];
    let said = "  as asked (--repeat 300ms), to the end of what had begun\n";
    pfetch(&args)
        .current_dir(dir.path())
        .run()
        .exits(0)
        .prints(said);
    let replayed = pfetch(&["--replay", "run.jsonl"]).current_dir(dir.path());
    replayed.run().exits(0).prints(said);
}

#[test]
fn the_display_counts_the_time_down() {
    let server = Server::start();
    let args = [
        "--repeat=1500ms",
        "--progress=always",
        "--summary-only",
        &server.url("/bytes/1"),
    ];
    let mut running = pfetch(&args).start();
    let line = running.error_line();
    // A busy machine may draw it late, and never more than there is.
    let says_left =
        [" done, 0 failed, ", "about 1 s left", "about 0 s left"].map(|part| line.contains(part));
    let run = running.end().exits(0);
    run.check(
        &line,
        says_left[0] && (says_left[1] || says_left[2] || !line.contains("left")),
    );
    run.check("no total is known", !line.contains(" of "));
}
