//! `--fail-fast`: the run stops at the first failure.

use crossbeam_channel::{Receiver, unbounded};

use crate::pfetch::{Dir, LIMIT, pfetch};
use crate::server::{Server, routes};

/// A server that answers `/bad` with 404 once `/hang` has been asked for, and that not at all.
fn holding() -> (Server, Receiver<()>) {
    let (arrived, arrivals) = unbounded::<()>();
    let (tell, told) = (arrived, arrivals.clone());
    let server = Server::with(move |request, reply| match request.target.as_str() {
        "/hang" => {
            let _ = tell.send(());
            reply.wait(LIMIT);
            Ok(())
        }
        "/bad" => {
            let _ = told.recv_timeout(LIMIT);
            reply.send(404, "", b"")
        }
        _ => routes(request, reply),
    });
    (server, arrivals)
}

#[test]
fn the_first_failure_cancels_what_is_under_way_and_skips_the_rest() {
    let (server, _) = holding();
    let [hang, bad, good] = ["/hang", "/bad", "/bytes/1"].map(|path| server.url(path));
    let args = ["--fail-fast", "--format=jsonl", "-j2", &hang, &bad];
    let rest = vec![good.as_str(); 500];
    let run = pfetch(&[&args[..], &rest].concat()).run().exits(1);
    let run = run.says("warning: stopped at the first failure (--fail-fast): http://");
    let run = run.says("/bad\n");
    let summary = run.summary();
    let figures = ["failed", "stopped", "targets"].map(|key| summary[key].clone());
    run.check(
        &format!("{figures:?}"),
        figures[0] == 1 && figures[1] == true,
    );
    run.check("each is told", figures[2] == 502);
    let results = run.results();
    let cancelled = results.iter().find(|result| result["index"] == 0);
    let cancelled = cancelled.expect("each is told");
    run.check("it is skipped", cancelled["outcome"] == "skipped");
    run.check("and was tried", cancelled["worker"].is_number());
    let skipped = results
        .iter()
        .filter(|result| result["outcome"] == "skipped");
    for result in skipped {
        let why = result["error"]["message"].as_str().unwrap_or_default();
        run.check(why, why.ends_with("(--fail-fast)"));
    }
}

#[test]
fn a_bad_line_and_a_dead_server_are_failures_too() {
    let server = Server::start();
    let good = server.url("/bytes/1");
    let line_after_line = |first: &str| format!("{first}\n{}", format!("{good}\n").repeat(2_000));
    for (first, retry) in [("ftp://h/", "2"), ("http://127.0.0.1:1/", "0")] {
        let args = ["--fail-fast", "--format=jsonl", "-j1", "--retry", retry];
        let run = pfetch(&args).stdin(line_after_line(first)).run().exits(1);
        let run = run.says("stopped at the first failure (--fail-fast): ");
        let summary = run.summary();
        run.check("one failed", summary["failed"] == 1);
        run.check("it is stopped", summary["stopped"] == true);
        let ok = summary["ok"].as_u64().unwrap_or(u64::MAX);
        run.check(&format!("{ok} were fetched"), ok < 2_000);
    }
}

/// The answer of `/busy` comes after the failure that stops the run, and before it would be cancelled for that.
#[test]
fn what_would_be_tried_again_has_not_failed_when_the_run_is_stopped() {
    for (status, header) in [(500, ""), (503, ""), (429, "Retry-After: 9\r\n")] {
        let (arrived, arrivals) = unbounded::<()>();
        let (failed, failures) = unbounded::<()>();
        let server = Server::with(move |request, reply| match request.target.as_str() {
            "/busy" => {
                let _ = arrived.send(());
                let _ = failures.recv_timeout(LIMIT);
                reply.send(status, header, b"")
            }
            _ => {
                let _ = arrivals.recv_timeout(LIMIT);
                let sent = reply.send(404, "", b"");
                let _ = failed.send(());
                sent
            }
        });
        let [busy, bad] = ["/busy", "/bad"].map(|path| server.url(path));
        let args = ["--fail-fast", "--format=jsonl", "-j2", &busy, &bad];
        let run = pfetch(&args).run().exits(1);
        let results = run.results();
        let other = results.iter().find(|result| result["index"] == 0);
        let other = other.expect("each is told");
        // The other way round, the 404 came after the retry had been planned, or the answer was too late: as good.
        let what = format!("{status} {header}{other}");
        run.check(&what, other["outcome"] == "skipped");
        run.check("one has failed", run.summary()["failed"] == 1);
        run.check("it is left undone", run.summary()["skipped"] == 1);
    }
}

#[test]
fn a_failure_that_is_retried_is_none_yet() {
    let server = Server::with({
        let asked = std::sync::atomic::AtomicUsize::new(0);
        move |request, reply| match request.target.as_str() {
            "/once" if asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => {
                reply.send(500, "", b"")
            }
            _ => reply.send(200, "", b"x"),
        }
    });
    let urls = [server.url("/once"), server.url("/other")];
    let args = ["--fail-fast", "--retry-delay=1ms", &urls[0], &urls[1]];
    let run = pfetch(&args).run().exits(0);
    run.prints("2 URLs: 2 ok, 0 failed · 1 retry")
        .says_nothing();
}

#[test]
fn a_run_that_is_over_with_its_first_failure_was_not_stopped() {
    let server = Server::start();
    let [good, bad] = ["/bytes/1", "/status/404"].map(|path| server.url(path));
    for args in [&["-j1", &good, &bad][..], &["-j1", &bad]] {
        let args = [args, &["--fail-fast", "--format=jsonl"]].concat();
        let run = pfetch(&args).run().exits(1).says_nothing();
        run.check("it is over", run.summary()["stopped"] == false);
    }
}

#[test]
fn reports_in_files_say_that_it_was_stopped() {
    let server = Server::start();
    let urls = [server.url("/status/404"), server.url("/bytes/1")];
    let dir = Dir::new();
    let path = |name: &str| dir.path().join(name).to_str().expect("ASCII").to_owned();
    let [page, json, md, xml] = ["page.html", "run.json", "run.md", "run.xml"].map(path);
    let args = ["--fail-fast", "-j1", "--export", &page, "--export", &json];
    let args = [&args[..], &["--export", &md, "--export", &xml]].concat();
    let run = pfetch(&[&args[..], &[&urls[0], &urls[1]]].concat()).run();
    let run = run
        .exits(1)
        .prints("1 of 2 URLs done: 0 ok, 1 failed")
        .prints("stopped before its end");
    for file in [&page, &json] {
        let text = std::fs::read_to_string(file).expect("it is written");
        let says = text.contains("stopped at the first failure (--fail-fast)");
        run.check(file, says);
    }
    for (file, text) in [
        (&page, "1 of 2 URLs done"),
        (&md, "1 of 2 URLs done"),
        (&xml, "name=\"stopped\" value=\"1 of 2 URLs done\""),
        (&xml, "name=\"listed\" value=\"2\""),
    ] {
        let report = std::fs::read_to_string(file).expect("it is written");
        run.check(
            &format!("{text:?} in {file}:\n{report}"),
            report.contains(text),
        );
    }
    assert_eq!(server.requests(), 1, "nothing is asked for after it");
}

#[test]
fn ci_sees_how_much_of_the_list_was_not_tried() {
    let server = Server::start();
    let dir = Dir::new();
    let rest = format!("{}\n", server.url("/bytes/1")).repeat(5_000);
    let list = dir.file("list", format!("{}\n{rest}", server.url("/status/404")));
    let junit = dir.path().join("run.xml").display().to_string();
    let args = ["--fail-fast", "-j1", "-i", &list, "--export", &junit];
    let run = pfetch(&args).run().exits(1);
    let page = std::fs::read_to_string(&junit).expect("it is written");
    let page = roxmltree::Document::parse(&page).expect("it is XML");
    let cases = page
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    let names: Vec<&str> = cases.filter_map(|case| case.attribute("name")).collect();
    let last = names.last().copied().unwrap_or_default();
    let number = last.strip_suffix(" more URLs of the list");
    let number = number.and_then(|number| number.replace(',', "").parse::<usize>().ok());
    let number = number.unwrap_or_default();
    run.check(last, number > 0 && number + names.len() - 1 == 5_001);
    let mut different = names.clone();
    different.sort_unstable();
    different.dedup();
    run.check("each has its own name", different.len() == names.len());
}

#[test]
fn what_allows_failures_or_needs_whole_runs_excludes_it() {
    for other in ["--max-failures=1", "--compare", "--sweep=1,2"] {
        let run = pfetch(&["--fail-fast", other, "http://127.0.0.1:1/"]).run();
        run.exits(2)
            .complains_in_a_line()
            .says("cannot be used with");
    }
}
