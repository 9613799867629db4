//! Descriptors that the program is given: another process may have made them non-blocking (O_NONBLOCK belongs to
//! the open file, not to the descriptor), and they may give or take nothing for a while.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;

use crossbeam_channel::{Receiver, unbounded};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::pfetch::{LIMIT, pfetch};
use crate::server::Server;

/// Longer than pipes and sockets hold.
const LONG: usize = 2 << 20;

/// The ends of a pipe and of a pair of sockets: to read from, and to write to.
fn channels() -> [(&'static str, OwnedFd, OwnedFd); 2] {
    let (reader, writer) = std::io::pipe().unwrap();
    let (near, far) = UnixStream::pair().unwrap();
    [
        ("pipe", reader.into(), writer.into()),
        ("socket", near.into(), far.into()),
    ]
}

fn non_blocking(end: OwnedFd) -> File {
    let flags = fcntl_getfl(&end).unwrap();
    fcntl_setfl(&end, flags | OFlags::NONBLOCK).unwrap();
    File::from(end)
}

fn long_body() -> Vec<u8> {
    (0..LONG).map(|at| b'a' + (at % 23) as u8).collect()
}

/// A server that gives notice of each request and answers with a long text.
fn long() -> (Server, Receiver<()>) {
    let (asked, requests) = unbounded();
    let server = Server::with(move |_, reply| {
        let _ = asked.send(());
        reply.send(200, "", &long_body())
    });
    (server, requests)
}

#[test]
fn a_list_from_a_non_blocking_descriptor_is_read_to_its_end() {
    for (kind, reader, writer) in channels() {
        let (asked, requests) = unbounded();
        let server = Server::with(move |_, reply| {
            let _ = asked.send(());
            reply.send(200, "", b"x")
        });
        let mut writer = File::from(writer);
        let running = pfetch(&["--format=jsonl", "--retry=0"]).stdin_from(non_blocking(reader));
        for number in 0..3 {
            // Only when all so far are done is there nothing to read but the next one.
            writeln!(writer, "{}", server.url(&format!("/{number}"))).unwrap();
            requests.recv_timeout(LIMIT).unwrap();
        }
        drop(writer);
        let run = running.end().exits(0).says_nothing();
        run.check(kind, run.results().len() == 3);
    }
}

#[test]
fn lists_that_are_copied_and_results_that_are_replayed_may_be_non_blocking_too() {
    let server = Server::start();
    let url = server.url("/bytes/3");
    let before = pfetch(&["--format=jsonl", &url]).run().exits(0);
    let results = before.stdout.clone();
    for (args, input, printed) in [
        (
            &["--compare", "--runs=1", "--warmup=0"][..],
            format!("{url}\n"),
            "1 URL",
        ),
        (&["--replay", "-"], results, "1 URL: 1 ok"),
    ] {
        for (kind, reader, writer) in channels() {
            let running = pfetch(args).stdin_from(non_blocking(reader));
            let mut writer = File::from(writer);
            for piece in input.as_bytes().chunks(7) {
                writer.write_all(piece).unwrap();
            }
            drop(writer);
            let run = running.end().exits(0).prints(printed);
            run.check(kind, !run.stderr.contains("cannot"));
        }
    }
}

#[test]
fn bodies_go_whole_into_a_descriptor_that_is_non_blocking_and_full() {
    for (args, redirect) in [
        (&["--cat"][..], "exec \"$@\""),
        (&["-o", "-"], "exec \"$@\""),
        (&["-o", "/dev/stderr"], "exec \"$@\" 2>&1 >/dev/null"),
    ] {
        for (kind, reader, writer) in channels() {
            let (server, requests) = long();
            let url = server.url("/");
            let args = [args, &["--retry=0", &url]].concat();
            let running = pfetch(&args)
                .under(&["sh", "-c", redirect, "sh"])
                .stdout(non_blocking(writer).into())
                .start();
            requests.recv_timeout(LIMIT).unwrap();
            let mut came = Vec::new();
            File::from(reader).read_to_end(&mut came).unwrap();
            let run = running.end().exits(0);
            let what = format!("{kind} {args:?}: {} of {LONG} bytes", came.len());
            run.check(&what, came == long_body());
        }
    }
}

#[test]
fn reports_go_whole_into_a_descriptor_that_is_non_blocking_and_full() {
    let long_path = "x".repeat(6_000);
    for (kind, reader, writer) in channels() {
        let server = Server::start();
        let urls: Vec<String> = (0..100)
            .map(|number| server.url(&format!("/{number}{long_path}")))
            .collect();
        let running = pfetch(&[&["--format=jsonl".to_owned()][..], &urls].concat())
            .stdout(non_blocking(writer).into())
            .start();
        let mut came = String::new();
        File::from(reader).read_to_string(&mut came).unwrap();
        let run = running.end().exits(1).says_nothing();
        let lines = came.lines().count();
        run.check(&format!("{kind}: {lines} lines"), lines == urls.len() + 2);
    }
}

#[test]
fn help_goes_whole_into_a_descriptor_that_is_non_blocking_and_full() {
    for (kind, reader, writer) in channels() {
        let whole = pfetch(&["--help"]).run().exits(0).stdout;
        let mut writer = non_blocking(writer);
        let mut before = 0;
        while let Ok(count) = writer.write(&[b'-'; 4096]) {
            before += count;
        }
        let running = pfetch(&["--help"]).stdout(writer.into()).start();
        let mut came = Vec::new();
        File::from(reader).read_to_end(&mut came).unwrap();
        let run = running.end().exits(0).says_nothing();
        run.check(kind, came[before..] == *whole.as_bytes());
    }
}

#[test]
fn what_is_written_to_a_non_blocking_descriptor_does_not_hold_up_a_signal() {
    for (kind, reader, writer) in channels() {
        for args in [&["--cat"][..], &["--format=jsonl", "-v"]] {
            let (server, requests) = long();
            let url = server.url("/");
            let running = pfetch(&[args, &[&url]].concat())
                .stdout(non_blocking(writer.try_clone().unwrap()).into())
                .start();
            requests.recv_timeout(LIMIT).unwrap();
            running.signal(rustix::process::Signal::INT);
            // Nobody reads: the process has to end without.
            let run = running.end();
            let code = run.status.code();
            run.check(&format!("{kind} {args:?}"), matches!(code, Some(0 | 130)));
        }
        drop((reader, writer));
    }
}

/// The wait for input of a list is no end of it: what was read before is fetched meanwhile.
#[test]
fn a_slow_list_is_fetched_while_it_is_written() {
    let server = Server::start();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut running = pfetch(&["-"]).stdin_from(non_blocking(reader.into()));
    let mut writer = File::from(OwnedFd::from(writer));
    for number in 1..4 {
        writeln!(writer, "{}", server.url(&format!("/bytes/{number}"))).unwrap();
        let line = running.line();
        assert!(line.ends_with(&format!("/bytes/{number}")), "{line}");
    }
    let closing = thread::spawn(move || drop(writer));
    running.end().exits(0).prints("3 URLs: 3 ok");
    closing.join().unwrap();
}
