//! `--compare` against a server that knows the truth: its delays are set, so what serial and parallel
//! fetching must take can be calculated, and it notes when each request came and was answered.
//!
//! Its notes hold every reported time between two others, on a busy machine too. An arm is at work at
//! least from its first request to its last answer, and at most from the last answer before it to the
//! first request after it.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::pfetch::{Dir, LIMIT, pfetch};
use crate::server::Server;

/// Pairs of runs in a comparison: with two, either arm goes first once.
const PAIRS: usize = 2;

const WORKERS: usize = 4;

/// How far a measured speed-up may be from the calculated one when the machine lets it be measured:
/// connections, threads and a debug build come to two or three hundredths.
const NEAR: f64 = 0.05;

/// Times are written with nine digits or more.
const ROUNDING: f64 = 1e-6;

/// When a request had come, and when its answer was about to be sent.
#[derive(Debug, Clone, Copy)]
struct Visit {
    came: Instant,
    answered: Instant,
}

/// A server that answers `/MS` after so many milliseconds and notes it, in the order of the arrivals.
fn server() -> (Server, Arc<Mutex<Vec<Visit>>>) {
    let visits = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&visits);
    let server = Server::with(move |request, reply| {
        let place = {
            let mut notes = notes.lock().unwrap();
            let came = Instant::now();
            let answered = came;
            notes.push(Visit { came, answered });
            notes.len() - 1
        };
        let millis = request.target.trim_start_matches('/').split('?').next();
        reply.wait(Duration::from_millis(millis.unwrap().parse().unwrap()));
        notes.lock().unwrap()[place].answered = Instant::now();
        reply.send(200, "", b"hello")
    });
    (server, visits)
}

/// How long jobs of these lengths take when each goes to the worker that is free first, in their order
/// (Graham, "Bounds on Multiprocessing Timing Anomalies", 1969). If jobs take longer, so does all.
fn makespan(jobs: &[u64], workers: usize) -> u64 {
    let mut busy_until = vec![0; workers];
    for job in jobs {
        *busy_until.iter_mut().min().unwrap() += job;
    }
    busy_until.into_iter().max().unwrap()
}

/// From where to where something must lie.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: f64,
    high: f64,
}

impl Bounds {
    #[track_caller]
    fn hold(self, value: f64, what: &str, report: &Value) {
        let holds = self.low - ROUNDING <= value && value <= self.high + ROUNDING;
        assert!(holds, "{what}: {value} is not in {self:?}\n{report:#}");
    }
}

/// What the server saw of each run, in their order: see the [module's documentation](self).
fn seen(began: Instant, visits: &[Visit], ended: Instant, targets: usize) -> Vec<Bounds> {
    let spans: Vec<(Instant, Instant)> = visits
        .chunks(targets)
        .map(|run| {
            let came = run.iter().map(|visit| visit.came).min();
            let answered = run.iter().map(|visit| visit.answered).max();
            (came.unwrap(), answered.unwrap())
        })
        .collect();
    let bounds = |(place, (came, answered)): (usize, &(Instant, Instant))| {
        let before = if place == 0 {
            began
        } else {
            spans[place - 1].1
        };
        let after = spans.get(place + 1).map_or(ended, |next| next.0);
        Bounds {
            low: (*answered - *came).as_secs_f64(),
            high: (after - before).as_secs_f64(),
        }
    };
    spans.iter().enumerate().map(bounds).collect()
}

/// Compares once over URLs with these delays in milliseconds, holds all that is reported against what
/// the server saw and what cannot be, and returns the speed-up.
fn compare(delays: &[u64]) -> f64 {
    let (server, visits) = server();
    let dir = Dir::new();
    let path = dir.path().join("report.json");
    let list: String = (0..)
        .zip(delays)
        .map(|(n, delay)| format!("{}?{n}\n", server.url(&format!("/{delay}"))))
        .collect();
    let export = format!("--export=json={}", path.display());
    let (workers, pairs) = (format!("-j{WORKERS}"), format!("--runs={PAIRS}"));
    let args = [
        "-qq",
        "--compare",
        "--warmup=0",
        &pairs,
        &workers,
        &export,
        "-",
    ];
    let began = Instant::now();
    let run = pfetch(&args).stdin(list).run().exits(0);
    let ended = Instant::now();
    run.check("it was written", path.exists());
    let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let visits = visits.lock().unwrap();
    assert_eq!(visits.len(), delays.len() * PAIRS * 2);
    let seen = seen(began, &visits, ended, delays.len());

    let comparison = &report["comparison"];
    let least = |arm: &str| {
        let millis = match arm {
            "serial" => delays.iter().sum(),
            _ => makespan(delays, WORKERS),
        };
        Duration::from_millis(millis).as_secs_f64()
    };
    // What the logarithm of the speed-up must lie between, by what the server saw of both runs of
    // each pair.
    let mut speedup = Bounds {
        low: 0.0,
        high: 0.0,
    };
    for (arm_run, seen) in report["arms"].as_array().unwrap().iter().zip(&seen) {
        let arm = arm_run["arm"].as_str().unwrap();
        let pair = usize::try_from(arm_run["pair"].as_u64().unwrap()).unwrap();
        let seconds = comparison[arm]["seconds"][pair - 1].as_f64().unwrap();
        let what = format!("seconds of {arm} run {pair}");
        seen.hold(seconds, &what, comparison);
        let possible = Bounds {
            low: least(arm),
            high: f64::INFINITY,
        };
        possible.hold(seconds, &what, comparison);
        let share = |ratio: f64| ratio.ln() / PAIRS as f64;
        match arm {
            "serial" => {
                speedup.low += share(seen.low);
                speedup.high += share(seen.high);
            }
            _ => {
                speedup.low -= share(seen.high);
                speedup.high -= share(seen.low);
            }
        }
    }
    let ratio = comparison["speedup"]["ratio"].as_f64().unwrap();
    speedup.hold(ratio.ln(), "the logarithm of the speed-up", comparison);
    let efficiency = comparison["efficiency"].as_f64().unwrap();
    assert!(
        (efficiency * WORKERS as f64 - ratio).abs() < ROUNDING,
        "{comparison:#}"
    );
    ratio
}

/// Compares until the speed-up is near the calculated one: what else goes on in the machine can keep
/// it from that for a while, but a program that measures wrongly never comes near.
#[track_caller]
fn matches_the_calculated(delays: &[u64]) {
    let serial: u64 = delays.iter().sum();
    let calculated = serial as f64 / makespan(delays, WORKERS) as f64;
    let started = Instant::now();
    let mut measured = Vec::new();
    while started.elapsed() < LIMIT {
        let ratio = compare(delays);
        if (ratio / calculated - 1.0).abs() < NEAR {
            return;
        }
        measured.push(ratio);
    }
    panic!("{calculated} was calculated, and measured was {measured:?}");
}

#[test]
fn equal_delays_give_the_speed_up_that_was_calculated() {
    let delays = [40; 3 * WORKERS];
    assert_eq!(makespan(&delays, WORKERS), 120);
    matches_the_calculated(&delays);
}

#[test]
fn random_delays_give_the_speed_up_that_was_calculated() {
    let mut random = fastrand::Rng::with_seed(1969);
    let delays: Vec<u64> = (0..3 * WORKERS).map(|_| random.u64(10..=80)).collect();
    matches_the_calculated(&delays);
}

#[test]
fn one_long_delay_bounds_the_speed_up() {
    // Begun last, it runs alone at the end: 7 × 20 on four workers, then 160.
    let delays = [20, 20, 20, 20, 20, 20, 20, 160];
    assert_eq!(makespan(&delays, WORKERS), 180);
    matches_the_calculated(&delays);
}
