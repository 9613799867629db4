//! A limit on address space (`ulimit -v`): the threads that have room in it are started, and the rest of the
//! run is as ever.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::process::{Command, Stdio};

use crate::pfetch::{Run, pfetch};
use crate::server::Server;

const URLS: usize = 200;

/// Fetches from a server by its name, so that look-ups take threads as well.
fn fetch_under(mib: usize, options: &[&str]) -> (Server, Run) {
    let server = Server::start();
    let url = format!("http://localhost:{}/delay/10", server.addr().port());
    let limited = format!("ulimit -v {}; exec \"$0\" \"$@\"", mib * 1024);
    let run = pfetch(options)
        .stdin(format!("{url}\n").repeat(URLS))
        .under(&["sh", "-c", &limited])
        .run();
    (server, run)
}

/// The number of worker threads that the run says were started.
fn started(run: &Run) -> Option<usize> {
    let line = run
        .stderr
        .lines()
        .find(|line| line.contains(" could be started"))?;
    let count = line.split_once("only ")?.1.split_once(' ')?.0;
    Some(
        count
            .parse()
            .unwrap_or_else(|_| panic!("no number in {line}")),
    )
}

#[test]
fn the_threads_that_have_room_fetch_everything() {
    let mut before = 0;
    for mib in [50, 75, 100, 125, 150, 175, 200] {
        let (server, run) = fetch_under(mib, &["-j64"]);
        let run = run
            .exits(0)
            .prints(&format!("{URLS} URLs: {URLS} ok"))
            .says("of 64 worker threads could be started (the limit on address space, ulimit -v,");
        let started = started(&run).expect("it says so");
        let workers = if started == 1 { "worker" } else { "workers" };
        let run = run.prints(&format!(" · {started} {workers}\n"));
        run.check("more room has more threads", started > before);
        run.check(
            "no more requests at once than threads",
            server.max_concurrent() <= started,
        );
        assert_eq!(server.requests(), URLS, "{mib} MiB");
        before = started;
    }
}

#[test]
fn a_limit_with_room_for_all_says_nothing() {
    for mib in [400, 1000, 3000] {
        let (_, run) = fetch_under(mib, &["-j64"]);
        run.exits(0).says_nothing();
    }
}

#[test]
fn runs_that_are_measured_fit_as_well() {
    let options = ["--compare", "--runs=2", "--warmup=1", "-j64"];
    let (server, run) = fetch_under(100, &options);
    let run = run.exits(0);
    let counts: Vec<usize> = run
        .stderr
        .lines()
        .filter_map(|line| {
            let count = line
                .split_once("only ")?
                .1
                .split_once(" of 64 worker threads")?
                .0;
            count.parse().ok()
        })
        .collect();
    run.check(
        "all runs have the same number of threads",
        !counts.is_empty() && counts.iter().all(|&n| n == counts[0]),
    );
    run.check("that many at once", server.max_concurrent() <= counts[0]);
}

#[test]
fn decoders_count_for_the_room() {
    let (_, plain) = fetch_under(200, &["-j64"]);
    let (_, decoding) = fetch_under(200, &["-j64", "--compressed"]);
    let (plain, decoding) = (plain.exits(0), decoding.exits(0));
    let (more, fewer) = (started(&plain), started(&decoding));
    decoding.check(
        &format!("{fewer:?} threads, {more:?} without decoding: a quarter at most"),
        fewer.is_some_and(|fewer| more.is_some_and(|more| 4 * fewer <= more)),
    );
}

/// The least room, in MiB, in which the system can load the program: in less it is killed before it begins, which
/// depends on its size.
fn least_to_load() -> usize {
    let loads = |mib: &usize| {
        let limit = format!("ulimit -v {}; exec \"$0\" --version", mib << 10);
        let status = Command::new("sh")
            .args(["-c", &limit, env!("CARGO_BIN_EXE_pfetch")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    let least = (16..60).step_by(2).find(loads);
    least.expect("it is loaded in less than 60 MiB")
}

#[test]
fn a_limit_with_little_room_or_none_ends_no_run_by_a_signal() {
    let mut codes = Vec::new();
    for mib in (least_to_load()..=60).step_by(2) {
        let (_, run) = fetch_under(mib, &["-j8"]);
        run.check("an exit code of its own", run.status.code().is_some());
        codes.extend(run.status.code());
    }
    assert_eq!(codes.last(), Some(&0), "{codes:?}");
}
