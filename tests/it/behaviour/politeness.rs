//! `--per-host`, `--host-delay` and `--rate`, as servers see them.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use pfetch::engine::input::{InputConfig, Source};
use pfetch::engine::schedule::StartLimits;
use pfetch::engine::{RunConfig, run};
use pfetch::http::{FetchConfig, Fetcher};
use pfetch::model::event::{Event, Listener};
use pfetch::model::outcome::{Outcome, Verdict};
use pfetch::pool::{Pool, StopToken};

use rustix::process::Signal;

use crate::pfetch::{LIMIT, pfetch};
use crate::server::Server;

/// A counter that can be waited on, with a timeout.
#[derive(Debug, Default)]
struct Gate {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    fn add(&self) {
        *self.count.lock().expect("nobody panics with it") += 1;
        self.changed.notify_all();
    }

    /// Returns `true` if the count reached `wanted` in time.
    fn wait_for(&self, wanted: usize) -> bool {
        let count = self.count.lock().expect("nobody panics with it");
        let too_few = |count: &mut usize| *count < wanted;
        let waited = self.changed.wait_timeout_while(count, LIMIT / 2, too_few);
        !waited.expect("nobody panics with it").1.timed_out()
    }
}

#[test]
fn no_more_than_so_many_are_at_one_origin_at_once() {
    for limit in [1, 2, 5] {
        let gate = Arc::new(Gate::default());
        let inside = Arc::clone(&gate);
        let server = Server::with(move |_, reply| {
            inside.add();
            // The first requests are answered once as many are open as are allowed.
            match inside.wait_for(limit) {
                true => reply.send(200, "", b"abc"),
                false => reply.send(500, "", b"alone"),
            }
        });
        let option = format!("--per-host={limit}");
        let list: Vec<String> = (0..80).map(|n| server.url(&format!("/{n}"))).collect();
        let run = pfetch(&["-j12", "--retry=0", &option, "--format=jsonl", "-"])
            .stdin(list.join("\n"))
            .run()
            .exits(0);
        run.check(&option, server.max_concurrent() == limit);
        run.check(&option, run.summary()["ok"] == 80);
        run.check(&option, server.requests() == 80);
        run.check(&option, server.connections() <= 12);
    }
}

#[test]
fn a_slow_origin_at_the_head_of_the_list_leaves_the_other_workers_busy() {
    const EACH: usize = 50;
    let gate = Arc::new(Gate::default());
    let (add, wait) = (Arc::clone(&gate), gate);
    let quick = Server::with(move |_, reply| {
        let sent = reply.send(200, "", b"quick");
        add.add();
        sent
    });
    // The slow server answers nothing before the quick one has answered everything.
    let slow = Server::with(move |_, reply| match wait.wait_for(EACH) {
        true => reply.send(200, "", b"slow"),
        false => reply.send(500, "", b"the quick one was not asked"),
    });
    let urls = |server: &Server| -> Vec<String> {
        (0..EACH).map(|n| server.url(&format!("/{n}"))).collect()
    };
    let list = [urls(&slow), urls(&quick)].concat();
    let run = pfetch(&["-j4", "--per-host=2", "--retry=0", "--format=jsonl", "-"])
        .stdin(list.join("\n"))
        .run()
        .exits(0);
    run.check("all", run.summary()["ok"] == 2 * EACH);
    run.check("slow", slow.max_concurrent() <= 2);
    run.check("quick", quick.max_concurrent() <= 2);
}

/// The outcomes of a run, as a listener gets them.
#[derive(Default)]
struct Told(Vec<Outcome>);

impl Listener for Told {
    fn event(&mut self, event: &Event) -> std::io::Result<()> {
        if let Event::Finished(outcome) = event {
            self.0.push(outcome.clone());
        }
        Ok(())
    }
}

/// Runs these URLs through the library under these limits. Returns a moment before the first start.
fn run_with(limits: StartLimits, urls: &[String]) -> (Instant, Vec<Outcome>) {
    let fetcher = Fetcher::new(FetchConfig::default(), StopToken::new(), None);
    let pool = fetcher.pool(Pool::builder().workers(8));
    let source = Source::new(urls, Vec::new(), InputConfig::default()).expect("no thread to start");
    let config = RunConfig {
        limits,
        ..RunConfig::default()
    };
    let mut told = Told::default();
    let began = Instant::now();
    run(config, source, &pool, &mut told);
    for outcome in &told.0 {
        assert_eq!(outcome.verdict, Verdict::Ok, "{outcome:#?}");
    }
    assert_eq!(told.0.len(), urls.len());
    (began, told.0)
}

/// The n-th start comes no sooner than n times the distance after the beginning. (Measured from
/// start to start the distance may come out shorter: a worker may wake up late, and the next one
/// in time.)
#[track_caller]
fn assert_distance(what: &str, began: Instant, distance: Duration, starts: &mut [Instant]) {
    starts.sort_unstable();
    for (place, start) in starts.iter().enumerate() {
        let least = distance * u32::try_from(place).expect("a few");
        let after = *start - began;
        assert!(
            after >= least,
            "{what}: start {place} came {after:?} after the beginning, not {least:?}: {:?}",
            starts.iter().map(|s| *s - began).collect::<Vec<_>>()
        );
    }
}

fn starts<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Vec<Instant> {
    let start = |outcome: &Outcome| outcome.last.span.expect("it was tried").0;
    outcomes.into_iter().map(start).collect()
}

#[test]
fn starts_keep_to_the_rate_over_all_origins() {
    let servers = [Server::start(), Server::start()];
    let urls: Vec<String> = (0..20)
        .map(|n| servers[n % 2].url(&format!("/bytes/{n}")))
        .collect();
    let interval = Duration::from_millis(30);
    let limits = StartLimits {
        interval,
        ..StartLimits::default()
    };
    let (began, outcomes) = run_with(limits, &urls);
    assert_distance("rate", began, interval, &mut starts(&outcomes));
}

#[test]
fn starts_at_one_origin_keep_their_distance() {
    let servers = [Server::start(), Server::start(), Server::start()];
    // All of the first come first.
    let urls: Vec<String> = (0..30)
        .map(|n| servers[n / 10].url(&format!("/bytes/{n}")))
        .collect();
    let origin_delay = Duration::from_millis(50);
    let limits = StartLimits {
        origin_delay,
        ..StartLimits::default()
    };
    let (began, outcomes) = run_with(limits, &urls);
    for server in &servers {
        let here = outcomes
            .iter()
            .filter(|o| o.url.starts_with(&server.url("/")));
        let mut starts = starts(here);
        assert_eq!(starts.len(), 10);
        assert_distance("host delay", began, origin_delay, &mut starts);
    }
}

#[test]
fn other_origins_do_not_wait_for_one_that_is_spared() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let options = ["-j1", "--host-delay=1h", "--format=jsonl", "-"];
    let mut running = pfetch(&options).start();
    for n in 0..6 {
        running.feed(&servers[n / 2].url("/bytes/1"));
    }
    // The run's line and one result of each; the second results come in an hour.
    let told: Vec<String> = (0..4).map(|_| running.line()).collect();
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    for line in &told[1..] {
        run.check(line, line.contains(r#""outcome":"ok""#));
    }
    for server in &servers {
        run.check("one request each", server.requests() == 1);
    }
}

#[test]
fn the_command_line_keeps_the_distances_it_is_told() {
    for (options, count) in [(["--rate=40/s"], 12), (["--host-delay=25ms"], 12)] {
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&arrivals);
        let server = Server::with(move |_, reply| {
            let mut arrivals = kept.lock().expect("nobody panics with it");
            arrivals.push(Instant::now());
            drop(arrivals);
            reply.send(200, "", b"")
        });
        let urls: Vec<String> = (0..count).map(|n| server.url(&format!("/{n}"))).collect();
        let began = Instant::now();
        let run = pfetch(&[&options[..], &["-j8", "-"]].concat())
            .stdin(urls.join("\n"))
            .run();
        run.exits(0);
        let mut arrivals = arrivals.lock().expect("nobody panics with it").clone();
        assert_eq!(arrivals.len(), count);
        let distance = Duration::from_millis(25);
        assert_distance(options[0], began, distance, &mut arrivals);
    }
}

#[test]
fn the_longest_delays_overflow_no_clock() {
    let server = Server::start();
    for option in ["--host-delay=500000000000y", "--rate=0.001/h"] {
        pfetch(&[option, &server.url("/bytes/1")]).run().exits(0);
    }
}

#[test]
fn under_all_limits_at_once_nothing_is_lost_and_nothing_comes_twice() {
    const EACH: usize = 100;
    const LIMIT_PER_HOST: usize = 3;
    // Every tenth is asked for again.
    let servers: Vec<Server> = (0..5)
        .map(|_| {
            let seen = Mutex::new(HashMap::new());
            Server::with(move |request, reply| {
                let again = {
                    let mut seen = seen.lock().expect("nobody panics with it");
                    let count = seen.entry(request.target.clone()).or_insert(0);
                    *count += 1;
                    request.target.ends_with('7') && *count == 1
                };
                match again {
                    true if request.target.ends_with("77") => {
                        reply.send(429, "Retry-After: 0\r\n", b"")
                    }
                    true => reply.send(503, "", b""),
                    false => reply.send(200, "", request.target.as_bytes()),
                }
            })
        })
        .collect();
    let list: Vec<String> = (0..5 * EACH)
        .map(|n| servers[n % 5].url(&format!("/{}", n / 5)))
        .collect();
    for order in ["--order=completion", "--order=input"] {
        let came_before: Vec<usize> = servers.iter().map(Server::requests).collect();
        let run = pfetch(&[
            "-j16",
            "--per-host=3",
            "--host-delay=2ms",
            "--rate=2000/s",
            "--retry-delay=1ms",
            "--format=jsonl",
            order,
            "-",
        ])
        .stdin(list.join("\n"))
        .run()
        .exits(0);
        let results = run.results();
        let mut told: Vec<u64> = results.iter().filter_map(|r| r["index"].as_u64()).collect();
        let all: Vec<u64> = (0..list.len() as u64).collect();
        run.check("in order", order != "--order=input" || told == all);
        told.sort_unstable();
        run.check("each index once", told == all);
        for result in &results {
            let index = usize::try_from(result["index"].as_u64().unwrap_or(0)).unwrap_or(0);
            run.check("its URL", result["url"] == list[index].as_str());
            let bytes = format!("/{}", index / 5).len();
            run.check("its body", result["bytes"] == bytes);
        }
        for (server, before) in servers.iter().zip(came_before) {
            let came = server.requests() - before;
            // The second run finds everything good at once.
            let again = if before == 0 { EACH / 10 } else { 0 };
            run.check("requests", came == EACH + again);
            run.check("per host", server.max_concurrent() <= LIMIT_PER_HOST);
        }
    }
}

#[test]
fn a_list_that_goes_round_many_hosts_keeps_a_connection_to_each() {
    let servers: Vec<Server> = (0..30).map(|_| Server::start()).collect();
    let round: Vec<String> = servers
        .iter()
        .map(|server| server.url("/bytes/5"))
        .collect();
    let list = [&round[..], &round, &round].concat().join("\n");
    let run = pfetch(&["-j1", "-"]).stdin(list).run().exits(0);
    for server in &servers {
        let counts = (server.connections(), server.requests());
        run.check(&format!("one connection: {counts:?}"), counts == (1, 3));
    }
}
