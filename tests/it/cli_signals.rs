//! The program as a process: what SIGINT, SIGTERM and SIGHUP do to it.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use rustix::process::Signal;

use crate::pfetch::{Dir, LIMIT, pfetch};
use crate::raw::Raw;
use crate::server::{Request, Server, routes};

const ALL: [(Signal, i32); 3] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];

/// A server that never answers `/hang…`, and tells when it has been asked.
pub(crate) fn holding() -> (Server, Receiver<()>) {
    holding_where(|request| request.target.starts_with("/hang"))
}

/// A server that never answers such a request, and tells when one has come.
pub(crate) fn holding_where(
    is_held: impl Fn(&Request) -> bool + Send + Sync + 'static,
) -> (Server, Receiver<()>) {
    let (arrived, arrivals) = unbounded();
    let server = Server::with(move |request, reply| {
        if is_held(request) {
            let _ = arrived.send(());
            reply.wait(Duration::MAX);
            return Ok(());
        }
        routes(request, reply)
    });
    (server, arrivals)
}

#[test]
fn a_signal_ends_the_run_and_what_was_done_is_reported() {
    for (signal, code) in ALL {
        let (server, arrivals) = holding();
        let urls = [0, 1, 2, 3].map(|n| server.url(&format!("/hang/{n}")));
        let (good, bad) = (server.url("/bytes/7"), server.url("/status/404"));
        let args = [&["-j2".to_owned(), good, bad], &urls[..]].concat();
        let running = pfetch(&args).start();
        for _ in 0..2 {
            arrivals.recv_timeout(LIMIT).unwrap();
        }
        running.signal(signal);
        let run = running.end().exits(code).says_nothing().shows_plain_text();
        run.prints("/bytes/7\n")
            .prints("/status/404  not found\n")
            .prints("\n  2 of 6 URLs done: 1 ok, 1 failed · ")
            .prints("\n  parallel ")
            .prints("\n  with --log FILE, a later run with --resume could go on\n");
    }
}

#[test]
fn a_server_is_not_to_blame_for_what_did_not_come_while_the_program_was_stopped() {
    let (arrived, arrivals) = unbounded();
    let (go_on, told) = unbounded();
    let server = Raw::start(move |mut wire| {
        wire.request();
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")?;
        let _ = arrived.send(());
        let _ = told.recv_timeout(LIMIT);
        wire.send(b"def")
    });
    let stall = Duration::from_secs(2);
    let running = pfetch(&["--stall-timeout=2s", "--retry=1", &server.url("/")]).start();
    arrivals.recv_timeout(LIMIT).unwrap();
    running.signal(Signal::STOP);
    // Time that has to pass, not something to wait for.
    thread::sleep(stall + Duration::from_secs(1));
    running.signal(Signal::CONT);
    // A stall would be seen at once, and the target asked for again.
    let again = arrivals.recv_timeout(stall / 2);
    go_on.send(()).unwrap();
    let run = running.end().exits(0);
    run.check("one request", again.is_err() && server.connections() == 1);
}

#[test]
fn what_urls_failed_for_that_were_to_be_tried_again_is_said_after_a_stop() {
    let (arrived, arrivals) = unbounded();
    let server = Server::with(move |_, reply| {
        let _ = arrived.send(());
        reply.send(503, "", b"")
    });
    let options = ["--retry=1000", "--retry-delay=1ms", "--no-adapt"];
    let running = pfetch(&[&options[..], &[&server.url("/busy")]].concat()).start();
    // Of the second attempt on there is one before it.
    for _ in 0..2 {
        arrivals.recv_timeout(LIMIT).unwrap();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    // The answer to the last attempt may have come.
    run.prints("503 ").prints("service unavailable");
}

#[test]
fn a_stopped_run_counts_the_rest_of_a_list_in_a_file() {
    let (server, arrivals) = holding();
    let dir = Dir::new();
    let line = |n| format!("{}\n# comment\n", server.url(&format!("/hang/{n}")));
    let list = dir.file("list", (0..5_000).map(line).collect::<String>());
    let log = dir.path().join("run.log").display().to_string();
    let svg = dir.path().join("run.svg").display().to_string();
    let url = server.url("/bytes/1");
    let args = ["-i", &list, "--log", &log, "--export", &svg, "-j2", &url];
    let running = pfetch(&args).start();
    for _ in 0..2 {
        arrivals.recv_timeout(LIMIT).unwrap();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130).says("wrote ");
    let picture = std::fs::read_to_string(&svg).unwrap();
    run.check(
        &picture,
        picture.contains("pfetch: 1 of 5,001 URLs done in ")
            && picture.contains(" · stopped early"),
    );
    run.prints("\n  1 of 5,001 URLs done: 1 ok, 0 failed · ")
        .prints("\n  again with --resume fetches the rest\n");
}

#[test]
fn a_run_that_a_signal_stopped_is_no_pass_in_junit_also_if_all_of_its_list_was_read() {
    let (server, arrivals) = holding();
    let dir = Dir::new();
    let junit = dir.path().join("run.xml");
    let export = format!("--export={}", junit.display());
    let running = pfetch(&[export.as_str(), "-j1", &server.url("/hang/1")]).start();
    arrivals.recv_timeout(LIMIT).unwrap();
    running.signal(Signal::TERM);
    let run = running.end().exits(143);
    let report = std::fs::read_to_string(&junit).unwrap();
    let is_red = report.contains("<error ") && report.contains("errors=\"1\"");
    run.check(&report, is_red);
}

#[test]
fn json_lines_end_with_their_summary_after_a_signal_too() {
    let (server, arrivals) = holding();
    let urls = [0, 1, 2].map(|n| server.url(&format!("/hang/{n}")));
    let args = ["--format=jsonl", "-j1", &urls[0], &urls[1], &urls[2]];
    let running = pfetch(&args).start();
    arrivals.recv_timeout(LIMIT).unwrap();
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    let summary = run.summary();
    let figures = ["ok", "failed", "skipped"].map(|key| summary[key].as_u64().unwrap());
    assert_eq!(figures, [0, 0, 3]);
    assert_eq!(summary["stopped"], true);
    for result in run.results() {
        assert_eq!(result["outcome"], "skipped");
        assert_eq!(result["error"]["kind"], "stopped");
        assert_eq!(result["worker"].is_null(), result["index"] != 0);
    }
}

#[test]
fn a_signal_ends_the_wait_for_input() {
    for (signal, code) in ALL {
        let server = Server::start();
        let mut running = pfetch(&["-"]).start();
        running.feed(&server.url("/bytes/1"));
        assert!(running.line().contains("/bytes/1"));
        // Standard input stays open, and nothing comes.
        running.signal(signal);
        running
            .end()
            .exits(code)
            .prints("1 URL done: 1 ok, 0 failed");
    }
}

#[test]
fn a_signal_ends_an_endless_list() {
    let server = Server::start();
    let mut running = pfetch(&["-j2"]).start();
    let mut stdin = running.stdin.take().unwrap();
    let line = format!("{}\n", server.url("/bytes/1"));
    let endless = thread::spawn(move || while stdin.write_all(line.as_bytes()).is_ok() {});
    for _ in 0..50 {
        assert!(running.line().contains("/bytes/1"));
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130).says_nothing();
    run.prints(" URLs done: ").prints(" ok, 0 failed");
    endless.join().unwrap();
}

#[test]
fn a_signal_outweighs_failures_and_unreadable_input() {
    let (server, arrivals) = holding();
    let args = ["ftp://h/", &server.url("/hang"), "-i", "/dev/zero"];
    let mut running = pfetch(&args).start();
    let warning = running.error_line();
    assert!(
        warning.contains("/dev/zero: this is a binary file"),
        "{warning}"
    );
    arrivals.recv_timeout(LIMIT).unwrap();
    running.signal(Signal::TERM);
    running
        .end()
        .exits(143)
        .prints("1 of 2 URLs done: 0 ok, 1 failed");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (second, code) in ALL {
        let (server, arrivals) = holding();
        let (reader, writer) = std::io::pipe().unwrap();
        // What it has to report does not fit the pipe, and nobody reads it: it cannot wind up.
        let mut urls = vec![server.url(&format!("/{}", "x".repeat(10_000))); 60];
        urls[0] = server.url("/hang");
        let dir = Dir::new();
        let [report, baseline] = ["report.csv", "saved.json"].map(|name| {
            let path = dir.path().join(name);
            path.to_str().unwrap().to_owned()
        });
        let options = ["--format=jsonl", "-j1", "--export", &report];
        let options = [&options[..], &["--save-baseline", &baseline]].concat();
        let options: Vec<String> = options.into_iter().map(str::to_owned).collect();
        let running = pfetch(&[&options[..], &urls].concat());
        let running = running.stdout(writer.into()).start();
        arrivals.recv_timeout(LIMIT).unwrap();
        running.signal(Signal::INT);
        // The skipped ones are being written when their first line is there.
        let mut reader = std::io::BufReader::new(reader);
        for expected in ["\"run\"", "\"skipped\""] {
            let mut line = String::new();
            std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
            assert!(line.contains(expected), "{line}");
        }
        let left = || fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left(), 2, "the temporary files of the report and the run");
        let run = running.end_by(second).exits(code).complains_in_a_line();
        let run = run.says("pfetch: a second signal: reports not written");
        run.check("no temporary file is left", left() == 0);
        drop(reader);
    }
}

/// Rule: timeout(1) signals its child, and then the group that the child is in.
#[test]
fn signals_that_come_together_are_one_and_the_reports_are_written() {
    let (server, arrivals) = holding();
    let dir = Dir::new();
    let report = dir.path().join("report.json").display().to_string();
    let urls = [0, 1, 2].map(|n| server.url(&format!("/hang/{n}")));
    let options = ["-j1", "--export", &report].map(str::to_owned);
    let running = pfetch(&[&options[..], &urls[..]].concat()).start();
    arrivals.recv_timeout(LIMIT).unwrap();
    // Both are there at once when it goes on.
    for signal in [Signal::STOP, Signal::TERM, Signal::INT, Signal::CONT] {
        running.signal(signal);
    }
    let run = running.end().says_nothing();
    // Which is the first is the system's to say.
    let code = run.status.code();
    run.check("a signal's code", matches!(code, Some(130 | 143)));
    let run = run.prints("  0 of 3 URLs done: 0 ok, 0 failed · ");
    let report = fs::read_to_string(&report);
    run.check("the report is there", report.is_ok());
}

/// Rule: who starts it under nohup wants it to outlive the terminal.
#[test]
fn a_hangup_that_was_ignored_from_the_start_does_nothing() {
    let server = Server::start();
    let mut running = pfetch(&["-"]).under(&["nohup"]).start();
    for _ in 0..2 {
        running.feed(&server.url("/bytes/1"));
        assert!(running.line().contains("/bytes/1"));
        running.signal(Signal::HUP);
    }
    running.finish().exits(0).prints("2 URLs: 2 ok, 0 failed");
}

/// Starts a program with this signal blocked and pending, so that it is there from the first instruction on.
#[cfg(target_os = "linux")]
fn pending(signal: Signal) -> [String; 5] {
    let number = signal.as_raw();
    let kill = format!("kill -{number} $$; exec \"$@\"");
    let block = format!("--block-signal={number}");
    [
        "env".to_owned(),
        block,
        "sh".to_owned(),
        "-c".to_owned(),
        kill,
    ]
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_before_the_first_instruction_ends_in_a_report_like_any_other() {
    for (signal, code) in ALL {
        let server = Server::start();
        let before = pending(signal);
        let before: Vec<&str> = before.iter().map(String::as_str).chain(["sh"]).collect();
        let url = server.url("/bytes/1");
        let measured = ["--compare", "--runs=1", &url];
        for (args, printed) in [
            (&["-j2", &url, &url][..], "0 of 2 URLs done: 0 ok, 0 failed"),
            (&["-"], "0 URLs done: 0 ok, 0 failed"),
            (&["--cat", &url], ""),
            (&measured, "stopped"),
        ] {
            let run = pfetch(args).under(&before).run().exits(code);
            run.prints(printed);
        }
        let run = pfetch(&["--format=jsonl", &url]).under(&before).run();
        assert_eq!(run.exits(code).summary()["skipped"], 1);
        assert_eq!(server.requests(), 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_the_wait_for_a_named_pipe_and_for_input_that_is_kept() {
    let dir = Dir::new();
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let pipe = pipe.to_str().unwrap();
    for (signal, code) in ALL {
        let before = pending(signal);
        let before: Vec<&str> = before.iter().map(String::as_str).chain(["sh"]).collect();
        for args in [
            &["-i", pipe][..],
            &["--replay", pipe],
            &["--against", pipe, "http://127.0.0.1:1/"],
            &["-o", pipe, "http://127.0.0.1:1/"],
            // These two read standard input, which stays open.
            &["--compare", "-"],
            &["--replay", "-"],
        ] {
            pfetch(args).under(&before).start().end().exits(code);
        }
    }
}
