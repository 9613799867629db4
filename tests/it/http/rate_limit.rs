//! `--limit-rate`: the rate of bytes received, over all workers. A lower bound of a time holds on a busy machine
//! too; no upper one is asked for.

use std::io::Read;
use std::num::NonZeroU64;
use std::thread;
use std::time::{Duration, Instant};

use pfetch::http::{FetchConfig, Fetcher};
use pfetch::model::outcome::{FailureKind, Outcome, Verdict};
use pfetch::model::target::Verb;
use pfetch::model::timing::Phase;
use pfetch::pool::StopToken;

use crate::http::support::{Underway, client, get, get_with, target};
use crate::pfetch::{Dir, pfetch};
use crate::server::{Server, bytes};

/// The bytes that may come at once.
const BURST: Duration = Duration::from_millis(100);

fn limited(rate: u64) -> FetchConfig {
    FetchConfig {
        limit_rate: NonZeroU64::new(rate),
        ..FetchConfig::default()
    }
}

/// The least time for so many bytes at this rate.
fn least(bytes: u64, rate: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / rate as f64) - BURST
}

#[track_caller]
fn took_long_enough(outcome: &Outcome, bytes: u64, rate: u64) {
    assert_eq!(outcome.verdict, Verdict::Ok, "{outcome:#?}");
    let timing = &outcome.last.timing;
    let receive = timing.phase(Phase::Receive).unwrap_or_default();
    let least = least(bytes, rate);
    assert!(
        receive >= least,
        "{receive:?}, at least {least:?}: {outcome:#?}"
    );
}

#[test]
fn a_body_takes_the_time_that_its_bytes_take_at_the_rate() {
    let server = Server::start();
    for path in ["/bytes/60000", "/chunked/60000", "/close/60000"] {
        let outcome = get(&server.url(path), limited(200_000));
        took_long_enough(&outcome, 60_000, 200_000);
        assert_eq!(outcome.bytes, 60_000, "{path}");
    }
}

#[test]
fn what_is_held_back_counts_as_receiving_and_not_as_waiting_for_the_first_byte() {
    let server = Server::start();
    // All of it comes in one piece with the head.
    let outcome = get(&server.url("/bytes/1000"), limited(2_000));
    took_long_enough(&outcome, 1_000, 2_000);
}

#[test]
fn what_is_held_back_is_no_stall() {
    let server = Server::start();
    let config = FetchConfig {
        stall_timeout: Some(Duration::from_millis(100)),
        ..limited(1_000)
    };
    // A piece of 64 bytes takes 64 ms, the head alone longer than the time-out, and 1 KiB ten times as long.
    let outcome = get(&server.url("/bytes/500"), config);
    took_long_enough(&outcome, 500, 1_000);
}

#[test]
fn what_is_held_back_is_part_of_the_attempt() {
    let server = Server::start();
    let config = FetchConfig {
        timeout: Some(Duration::from_millis(200)),
        ..limited(1_000)
    };
    let outcome = get(&server.url("/bytes/100000"), config);
    let error = outcome.error();
    let kind = error.map(|error| (error.kind, error.phase));
    let expected = (FailureKind::Timeout, Some(Phase::Receive));
    assert_eq!(kind, Some(expected), "{outcome:#?}");
}

#[test]
fn a_stop_ends_what_is_held_back() {
    let server = Server::start();
    // More than four hours at this rate.
    let fetching = Underway::get(&server.url("/bytes/1000000"), limited(64));
    fetching.wait_for_bytes(1);
    let outcome = fetching.stop();
    assert_eq!(outcome.verdict, Verdict::Skipped, "{outcome:#?}");
}

#[test]
fn all_clients_of_a_run_share_the_rate() {
    let server = Server::start();
    let rate = 100_000;
    let fetcher = Fetcher::new(limited(rate), StopToken::new(), None);
    let url = server.url("/bytes/10000");
    let started = Instant::now();
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let fetch = |worker| {
            let mut client = fetcher.client(worker);
            let url = &url;
            scope.spawn(move || client.fetch(&target(url), Verb::Get))
        };
        let fetching: Vec<_> = (0..4).map(fetch).collect();
        let fetched = fetching.into_iter().map(|fetching| fetching.join());
        fetched.map(|outcome| outcome.expect("no panic")).collect()
    });
    let (took, least) = (started.elapsed(), least(4 * 10_000, rate));
    assert!(took >= least, "{took:?}, at least {least:?}: {outcomes:#?}");
    assert!(outcomes.iter().all(|outcome| outcome.bytes == 10_000));
}

#[test]
fn many_short_responses_are_held_back_too() {
    let server = Server::start();
    let mut client = client(limited(20_000));
    let started = Instant::now();
    let mut sum = 0;
    for path in ["/bytes/500", "/status/404", "/status/204", "/redirect/2"].repeat(5) {
        let outcome = get_with(&mut client, &server.url(path));
        sum += outcome.last.wire_bytes.unwrap_or_default();
    }
    let (took, least) = (started.elapsed(), least(sum, 20_000));
    assert!(took >= least, "{sum} bytes: {took:?}, at least {least:?}");
    assert!(sum > 4_000, "{sum}");
}

#[test]
fn bodies_that_are_saved_or_passed_on_are_whole() {
    let server = Server::start();
    let dir = Dir::new();
    let url = server.url("/bytes/30000");
    let folder = dir.path().to_str().expect("ASCII");
    for args in [&["-d", folder][..], &["--cat"]] {
        let args = [args, &["--limit-rate=100K", &url]].concat();
        let (mut reader, writer) = std::io::pipe().expect("there are descriptors");
        let started = Instant::now();
        let running = pfetch(&args).stdout(writer.into()).start();
        let reading = thread::spawn(move || {
            let mut output = Vec::new();
            reader.read_to_end(&mut output).map(|_| output)
        });
        let run = running.end().exits(0);
        let took = started.elapsed();
        let output = reading.join().expect("no panic").expect("it can be read");
        run.check(&format!("{took:?}"), took >= least(30_000, 100_000));
        let body = match args[0] {
            "--cat" => output,
            _ => std::fs::read(dir.path().join("30000")).expect("it is saved"),
        };
        run.check(&format!("{} bytes", body.len()), body == bytes(30_000));
    }
}

#[test]
fn the_report_says_that_bytes_were_held_back_and_claims_no_best_possible_speed_up() {
    let server = Server::start();
    let urls = [server.url("/bytes/30000"), server.url("/bytes/20000")];
    let run = pfetch(&["--limit-rate=100K/s", &urls[0], &urls[1]]).run();
    let run = run.exits(0);
    run.check(
        "told",
        run.stdout.contains("bytes were held back by --limit-rate"),
    );
    run.check("no bound", !run.stdout.contains("by these times"));
    let args = ["--format=jsonl", "--limit-rate=100K/s", &urls[0]];
    let summary = pfetch(&args).run().exits(0).summary();
    let held = summary["pacing"]["held_back"]["limit_rate"].as_f64();
    // Ten of the thirty come at once.
    assert!(held > Some(0.0), "{summary:#}");
}

#[test]
fn a_limit_that_held_no_bytes_back_is_no_reason() {
    let server = Server::start();
    let urls = [server.url("/bytes/10"), server.url("/bytes/20")];
    // As curl and wget take it.
    let run = pfetch(&["--limit-rate=1m", "--format=jsonl", &urls[0], &urls[1]]);
    let summary = run.run().exits(0).summary();
    assert_eq!(summary["paced"], true, "{summary:#}");
    let held_back = &summary["pacing"]["held_back"];
    let none = serde_json::json!({
        "rate": null, "host_delay": null, "per_host": null, "limit_rate": 0.0
    });
    assert_eq!(*held_back, none, "{summary:#}");
    let run = pfetch(&["--limit-rate=1m", &urls[0], &urls[1]])
        .run()
        .exits(0);
    run.check("nothing was", !run.stdout.contains("held back"));
}

#[test]
fn rates_that_are_none_and_measurements_are_refused() {
    for (args, why) in [
        (&["--limit-rate=0"][..], "leave the option out"),
        (&["--limit-rate=fast"], "give a number of bytes"),
        (&["--limit-rate=1M", "--compare"], "cannot be used with"),
        (&["--limit-rate=1M", "--sweep=1,2"], "cannot be used with"),
    ] {
        let run = pfetch(&[args, &["http://127.0.0.1:1/"]].concat()).run();
        run.exits(2).complains_in_a_line().says(why);
    }
}
