//! The program as a process: the exit code, and that it depends on nothing but what happened.

use std::io::{BufRead, BufReader, Write};

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

#[test]
fn the_code_does_not_depend_on_the_order_of_the_urls() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/500"));
    let broken = "ftp://h/".to_owned();
    let list = [&good, &bad, &broken];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        for workers in ["-j1", "-j3"] {
            let urls = order.map(|n| list[n].as_str());
            let run = pfetch(&[&[workers], &urls[..]].concat()).run();
            run.exits(1).prints("3 URLs: 1 ok, 2 failed");
        }
    }
    pfetch(&[&good, &good, &good]).run().exits(0);
}

#[test]
fn failures_may_be_allowed_by_number_and_by_share() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/500"));
    // One in four fails.
    for (most, code) in [
        ("0", 1),
        ("1", 0),
        ("2", 0),
        ("24.9%", 1),
        ("25%", 0),
        ("100%", 0),
        ("0%", 1),
    ] {
        for list in [[&bad, &good, &good, &good], [&good, &good, &good, &bad]] {
            let run = pfetch(&["--max-failures", most, "-"]);
            let run = run.stdin(list.map(String::as_str).join("\n")).run();
            run.exits(code).prints("1 failed");
        }
    }
    let run = pfetch(&["--max-failures=100%", &bad, "ftp://h/"]).run();
    run.exits(0).prints("2 URLs: 0 ok, 2 failed");
}

#[test]
fn strict_stops_at_the_first_bad_line_and_reports_what_was_done() {
    let server = Server::start();
    let good = server.url("/bytes/1");
    let mut running = pfetch(&["--strict", "--format=jsonl", "-j1"]).start();
    running.line();
    running.feed(&good);
    let first = running.line();
    assert!(first.contains(&good), "{first}");
    running.feed("http://127.0.0.1:99999/");
    running.feed(&server.url("/bytes/2"));
    let run = running
        .end()
        .exits(2)
        .complains_in_a_line()
        .shows_plain_text();
    let run = run
        .says("<stdin>:2: not a valid URL: the port is not a number from 0 to 65535")
        .says("--strict");
    let summary = run.summary();
    assert_eq!((&summary["ok"], &summary["failed"]), (&1.into(), &1.into()));
    assert_eq!(server.targets(), ["/bytes/1"]);
}

#[test]
fn strict_fetches_nothing_behind_a_bad_line() {
    let server = Server::start();
    let dir = Dir::new();
    let list = format!("nonsense://x\n{}\n", server.url("/bytes/1"));
    for format in ["human", "jsonl"] {
        let list = dir.file("list", &list);
        let run = pfetch(&["--strict", "--format", format, "-i", &list]).run();
        run.exits(2)
            .complains_in_a_line()
            .says("list:1: scheme \"nonsense\"");
    }
    // An argument is input as well; failures to fetch are not.
    pfetch(&["--strict", "ftp://h/"])
        .run()
        .exits(2)
        .says("argument 1: scheme \"ftp\"");
    pfetch(&["--strict", &server.url("/status/404")])
        .run()
        .exits(1);
    assert_eq!(server.targets(), ["/status/404"]);
}

#[test]
fn unreadable_input_weighs_more_than_a_failed_url() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/500"));
    let dir = Dir::new();
    let binary = dir.file("binary", b"\x7fELF\0\0\0");
    for url in [&good, &bad] {
        let run = pfetch(&["-i", &binary, url]).run();
        run.exits(2).complains_in_a_line().prints(url);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure_on_this_side() {
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/500"));
    for (args, input) in [
        (vec![good.as_str()], ""),
        (vec![bad.as_str()], ""),
        (vec![bad.as_str(), "ftp://h/"], ""),
        (vec!["--format=jsonl", &good], ""),
        (vec!["-"], good.as_str()),
    ] {
        let run = pfetch(&args).stdin(input).stdout(full().into()).run();
        run.exits(4)
            .complains_in_a_line()
            .says("cannot write the report: No space left on device");
    }
}

#[test]
fn a_limit_on_open_files_makes_requests_wait_and_costs_no_url() {
    let server = Server::start();
    // Each of them keeps its connection open until long after the limit is reached, some for other hosts.
    let mut args: Vec<String> = ["-j40", "--retry=0"].map(str::to_owned).to_vec();
    for number in 0..120 {
        let port = server.addr().port();
        args.push(format!("--resolve=host{}:{port}:127.0.0.1", number % 7));
        args.push(format!("http://host{}:{port}/delay/100", number % 7));
    }
    let limit = "ulimit -n 24; exec \"$0\" \"$@\"";
    let run = pfetch(&args).under(&["sh", "-c", limit]).run();
    run.exits(0).prints("120 URLs: 120 ok");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let server = Server::start();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut running = pfetch(&["-j2"]).stdout(writer.into()).start();
    let mut stdin = running.stdin.take().unwrap();
    let line = format!("{}\n", server.url("/bytes/1"));
    // As `yes URL | pfetch | head -1`: the writer writes until nobody listens.
    let endless = std::thread::spawn(move || while stdin.write_all(line.as_bytes()).is_ok() {});
    let mut first = String::new();
    let mut reader = BufReader::new(reader);
    reader.read_line(&mut first).unwrap();
    assert!(first.contains("/bytes/1"), "{first}");
    drop(reader);
    running.end().exits(141).says_nothing();
    endless.join().unwrap();
}

#[test]
fn a_reader_that_was_never_there_is_no_mishap() {
    let server = Server::start();
    for args in [vec![server.url("/bytes/1")], vec!["--help".to_owned()]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = pfetch(&args).stdout(writer.into()).run();
        run.exits(141).says_nothing();
    }
}
