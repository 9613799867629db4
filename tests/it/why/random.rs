//! Random servers with a known bottleneck: the first reason has to be right, and none may be invented.
//!
//! `PFETCH_TEST_SERVERS=200 cargo test --test it random_servers -- --nocapture` makes that many of them, and prints a
//! table; without the variable there are twenty.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fastrand::Rng;
use serde_json::Value;

use super::servers::{Bottleneck, Scenario};
use crate::busy::certainly;

/// The variable with the number of servers.
const VARIABLE: &str = "PFETCH_TEST_SERVERS";

const SERVERS: usize = 20;

/// The comparisons that are made at one time. They mostly wait.
const AT_ONCE: usize = 4;

/// The pairs of each.
const PAIRS: usize = 4;

/// A server, and what is asked of it.
fn scenario(number: usize, random: &mut Rng) -> Scenario {
    let workers = [4, 6, 8][random.usize(..3)];
    let urls = workers * random.usize(3..=4);
    let delay = random.u64(12..=25);
    let bottleneck = match number % 7 {
        0 => Bottleneck::None,
        1 => Bottleneck::AtOnce(random.usize(1..=workers / 3)),
        2 => Bottleneck::Line(random.u64(3_000_000..=6_000_000)),
        3 => Bottleneck::Handshake(random.u64(30..=60)),
        4 => Bottleneck::PushBack(random.usize(1..=workers / 3)),
        5 => Bottleneck::Rate {
            per_second: random.u64(50..=90),
            burst: random.usize(1..=workers - 2),
            waits: random.bool(),
        },
        _ => Bottleneck::SlowUrl(delay * random.u64(14..=20)),
    };
    let mut scenario = Scenario::new(bottleneck, workers, urls, delay);
    match bottleneck {
        Bottleneck::None => {
            let spread = random.u64(0..=delay / 2);
            for delay in &mut scenario.delays {
                *delay += random.u64(0..=spread);
            }
            scenario.length = random.usize(1..20_000);
            scenario.has_other = random.bool();
        }
        Bottleneck::AtOnce(_) => scenario.has_other = random.bool(),
        Bottleneck::Line(_) => {
            scenario.delays.fill(random.u64(0..=4));
            scenario.length = random.usize(50_000..100_000);
        }
        Bottleneck::Handshake(_) => scenario.delays.fill(random.u64(1..=6)),
        // Bursts are to be few of them.
        Bottleneck::Rate { .. } => scenario.delays = vec![random.u64(0..=4); 48],
        Bottleneck::PushBack(_) | Bottleneck::SlowUrl(_) => {}
    }
    scenario
}

/// A comparison whose first reason is not the bottleneck.
#[derive(Debug)]
struct Miss {
    #[expect(dead_code, reason = "printed when too many are wrong")]
    scenario: Scenario,
    #[expect(dead_code, reason = "printed when too many are wrong")]
    why: Value,
}

#[test]
fn the_first_reason_of_random_servers_is_right_and_none_is_invented() {
    let servers = std::env::var(VARIABLE).ok();
    let servers = servers.map_or(SERVERS, |text| text.parse().expect("a number of servers"));
    let mut random = Rng::with_seed(1961);
    let scenarios = (0..servers).map(|number| scenario(number, &mut random));
    let scenarios: Mutex<Vec<Scenario>> = Mutex::new(scenarios.collect());
    let misses = Mutex::new(Vec::new());
    let repeated = AtomicUsize::new(0);
    let table = Mutex::new(BTreeMap::<(&str, String), usize>::new());
    let next = || scenarios.lock().ok()?.pop();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scenario) = next() {
                    let expected = scenario.bottleneck.reason();
                    let (tries, (found, why)) = certainly(|| {
                        let (mut result, _) = scenario.compare(PAIRS, None);
                        let why = result["why"].take();
                        let found = why["reasons"][0]["reason"].as_str().map(str::to_owned);
                        (found.as_deref() == expected, (found, why))
                    });
                    repeated.fetch_add(tries - 1, Ordering::Relaxed);
                    let row = (
                        expected.unwrap_or("none"),
                        found.clone().unwrap_or("none".to_owned()),
                    );
                    let mut table = table.lock().expect("no comparison panicked");
                    *table.entry(row).or_default() += 1;
                    if found.as_deref() != expected {
                        let mut misses = misses.lock().expect("no comparison panicked");
                        misses.push(Miss { scenario, why });
                    }
                }
            });
        }
    });
    let table = table.into_inner().expect("no comparison panicked");
    for ((expected, found), count) in &table {
        println!("{expected:<12} {found:<12} {count:>4}");
    }
    println!("comparisons made again on a busy machine: {repeated:?}");
    let misses = misses.into_inner().expect("no comparison panicked");
    let is_without = |(expected, _): &&(&str, String)| *expected == "none";
    let without = table
        .keys()
        .filter(is_without)
        .map(|row| table[row])
        .sum::<usize>();
    let right = (servers - misses.len()) as f64 / servers as f64;
    assert!(right >= 0.95, "{right} are right: {misses:#?}");
    let invented = table
        .iter()
        .filter(|((expected, found), _)| *expected == "none" && found != "none");
    let invented: usize = invented.map(|(_, count)| count).sum();
    assert!(invented as f64 <= 0.02 * without as f64, "{misses:#?}");
}
