//! The program as a process: JUnit reports of runs that came to no good end, which no CI page may show as good ones.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use roxmltree::{Document, Node};
use rustix::net::sockopt::set_socket_linger;
use rustix::process::Signal;

use crate::cli_signals::holding_where;
use crate::pfetch::{Dir, LIMIT, Run, pfetch};
use crate::server::{Server, routes};

/// The cases in a report that are errors: the suite, the name, and the type and the message of the error. The counts of
/// each suite are checked.
fn errors(report: &str) -> Vec<[String; 4]> {
    let document = Document::parse(report).unwrap();
    let all = |name| {
        let nodes = document.descendants();
        nodes.filter(move |node: &Node<'_, '_>| node.has_tag_name(name))
    };
    for suite in all("testsuite") {
        let found = suite
            .descendants()
            .filter(|node| node.has_tag_name("error"));
        let stated = suite.attribute("errors").unwrap_or_default();
        assert_eq!(stated, found.count().to_string(), "{report}");
    }
    let of = |node: Option<Node<'_, '_>>, name| {
        let value = node.and_then(|node| node.attribute(name));
        value.unwrap_or_default().to_owned()
    };
    all("error")
        .map(|error| {
            let case = error.parent();
            let suite = case.and_then(|case| case.parent());
            [
                of(suite, "name"),
                of(case, "name"),
                of(Some(error), "type"),
                of(Some(error), "message"),
            ]
        })
        .collect()
}

/// The errors in the report `run.xml` of a run.
#[track_caller]
fn errors_of(run: &Run, dir: &Dir) -> Vec<[String; 4]> {
    let report = fs::read_to_string(dir.path().join("run.xml"));
    run.check(&format!("the report is there: {report:?}"), report.is_ok());
    errors(&report.unwrap())
}

/// A server that never answers the request with this number, from 1, and tells when it has come.
fn hanging_at(number: usize) -> (Server, Receiver<()>) {
    let requests = AtomicUsize::new(0);
    holding_where(move |_| requests.fetch_add(1, Ordering::SeqCst) + 1 == number)
}

#[test]
fn a_measurement_that_a_signal_stops_has_an_error_in_whichever_run_it_comes() {
    for measure in ["--sweep=1,2", "--compare"] {
        // Two warm-ups, and two runs of each number of workers or of each arm, of two URLs each.
        for number in [1, 4, 5, 8, 9, 12] {
            let (server, arrivals) = hanging_at(number);
            let dir = Dir::new();
            let (one, other) = (server.url("/bytes/1"), server.url("/bytes/2"));
            let args = [measure, "--runs=2", "--export=run.xml", &one, &other];
            let running = pfetch(&args).current_dir(dir.path()).start();
            arrivals.recv_timeout(LIMIT).unwrap();
            running.signal(Signal::INT);
            let run = running.end().exits(130);
            let found = errors_of(&run, &dir);
            let is_stop = |[_, _, kind, message]: &[String; 4]| {
                ["stopped", "unread"].contains(&kind.as_str()) && message.contains("stopped")
            };
            let has_stop = found.iter().any(is_stop);
            run.check(&format!("{measure}, request {number}: {found:?}"), has_stop);
        }
    }
}

/// The report on standard output cannot be written, which ends the measurement within a run.
#[cfg(target_os = "linux")]
#[test]
fn a_measurement_that_an_error_stops_has_an_error() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    for measure in ["--sweep=1,2", "--compare"] {
        for warmup in ["--warmup=0", "--warmup=1"] {
            let dir = Dir::new();
            let full = File::options().write(true).open("/dev/full").unwrap();
            let args = [measure, "--runs=1", warmup, "--export=run.xml", &url];
            let run = pfetch(&args).current_dir(dir.path()).stdout(full.into());
            let run = run.run().exits(4);
            let found = errors_of(&run, &dir);
            run.check(&format!("{measure} {warmup}: {found:?}"), !found.is_empty());
        }
    }
}

#[test]
fn a_list_that_cannot_be_read_is_an_error_of_each_suite_whatever_became_of_the_urls() {
    let server = Server::start();
    let dir = Dir::new();
    dir.file("urls", server.url("/bytes/1"));
    dir.file("binary", b"\x7fELF\0\0\0");
    for (options, suites) in [
        (&[][..], &["pfetch"][..]),
        (
            &["--compare", "--runs=1", "--warmup=0"],
            &["pfetch serial", "pfetch parallel"],
        ),
        (
            &["--sweep=1", "--runs=1", "--warmup=0"],
            &["pfetch 1 worker"],
        ),
    ] {
        let lists = ["-i", "urls", "-i", "binary"];
        let exports = ["--export=run.xml", "--export=run.md", "--export=run.jsonl"];
        let args = [options, &lists, &exports].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(2);
        let run = run.says("binary: this is a binary file");
        let found = errors_of(&run, &dir);
        let expected: Vec<_> = suites.iter().map(|suite| (*suite).to_owned()).collect();
        let names: Vec<_> = found.iter().map(|[suite, ..]| suite.clone()).collect();
        run.check(&format!("{names:?}"), names == expected);
        for [_, name, kind, message] in &found {
            run.check(name, name == "the rest of binary" && kind == "unreadable");
            run.check(message, message.contains("this is a binary file"));
        }
        // And the same of the lines, alone and merged with another run.
        let again = ["--replay=run.jsonl", "--export=again.xml"];
        pfetch(&again).current_dir(dir.path()).run().exits(0);
        let again = fs::read_to_string(dir.path().join("again.xml")).unwrap();
        assert_eq!(errors(&again), found, "{again}");
    }
    let run = pfetch(&["-i", "urls", "-i", "binary", "--export=run.jsonl"]);
    let run = run.current_dir(dir.path()).run().exits(2);
    let run = run.prints("· not all of binary was read\n");
    let url = server.url("/bytes/1");
    let other = pfetch(&[url.as_str(), "--export=other.jsonl"]).current_dir(dir.path());
    other.run().exits(0);
    let exports = ["--export=run.xml", "--export=run.md", "--export=run.html"];
    let args = [&["--replay", "other.jsonl", "run.jsonl"], &exports[..]].concat();
    pfetch(&args).current_dir(dir.path()).run().exits(0);
    let found = errors_of(&run, &dir);
    run.check(&format!("{found:?}"), found.len() == 1);
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let (page, markdown) = (read("run.html"), read("run.md"));
    let heading = "<h1>All 2 URLs succeeded, but not all of binary was read";
    assert!(page.contains(heading), "{page}");
    assert!(
        markdown.contains(" · not all of binary was read\n"),
        "{markdown}"
    );
}

/// What reads from it gets an error instead of an end: its other side is reset.
#[test]
fn a_list_that_breaks_off_midway_is_an_error_beside_the_cases_of_what_was_read() {
    let (asked, requests) = unbounded();
    let server = Server::with(move |request, reply| {
        let _ = asked.send(());
        routes(request, reply)
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (near, _) = listener.accept().unwrap();
    let dir = Dir::new();
    let running = pfetch(&["--export=run.xml", "-"]).current_dir(dir.path());
    let running = running.stdin_from(File::from(OwnedFd::from(near)));
    writeln!(far, "{}", server.url("/bytes/1")).unwrap();
    requests.recv_timeout(LIMIT).unwrap();
    set_socket_linger(&far, Some(Duration::ZERO)).unwrap();
    drop(far);
    let run = running.end().exits(2).prints("1 URL: 1 ok, 0 failed");
    let found = errors_of(&run, &dir);
    let is_it = match &found[..] {
        [[suite, name, kind, message]] => {
            suite == "pfetch"
                && name == "the rest of <stdin>"
                && kind == "unreadable"
                && message.contains("reset")
        }
        _ => false,
    };
    run.check(&format!("{found:?}"), is_it);
}
