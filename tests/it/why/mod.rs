//! `--compare` says why: servers that are made to be a limit are named as it, others are not.

mod random;
mod reports;
mod servers;
mod sweep;

use serde_json::Value;

use self::servers::{Bottleneck, Scenario};
use crate::busy::certainly;
use crate::pfetch::pfetch;
use crate::server::Server;

/// Compares until the first reason is this one, or the machine was not too busy for it, and returns the result with the
/// server's URL.
#[track_caller]
fn named(scenario: &Scenario) -> (Value, Value, String) {
    let expected = scenario.bottleneck.reason();
    let (_, (result, url)) = certainly(|| {
        let (result, url) = scenario.compare(4, None);
        let first = result["why"]["reasons"][0]["reason"].as_str();
        (first == expected, (result, url))
    });
    let first = result["why"]["reasons"][0].clone();
    assert_eq!(
        first["reason"].as_str(),
        expected,
        "{scenario:?}: {result:#}"
    );
    (first, result, url)
}

#[test]
fn a_server_that_works_on_one_request_at_a_time_is_named_with_that_number() {
    let (first, result, url) = named(&Scenario::new(Bottleneck::AtOnce(1), 8, 24, 20));
    assert_eq!(first["origin"], url, "{result:#}");
    let requests = first["requests"].as_f64().unwrap();
    assert!((0.7..1.5).contains(&requests), "{result:#}");
    assert!(first["most"].as_f64().unwrap() >= requests, "{result:#}");
    let wait = |arm: &str| result["why"]["phases"][0][arm]["wait"].as_f64().unwrap();
    assert!(wait("parallel") > 3.0 * wait("serial"), "{result:#}");
    assert!(first["share"].as_f64().unwrap() > 0.5, "{result:#}");
}

#[test]
fn the_one_of_two_servers_that_is_the_limit_is_named() {
    let mut scenario = Scenario::new(Bottleneck::AtOnce(1), 8, 32, 20);
    scenario.has_other = true;
    let (first, result, url) = named(&scenario);
    assert_eq!(first["origin"], url, "{result:#}");
    let reasons = result["why"]["reasons"].as_array().unwrap();
    let named = reasons
        .iter()
        .filter(|reason| reason["reason"] == "at-once");
    assert_eq!(named.count(), 1, "{result:#}");
    assert_eq!(
        result["why"]["phases"].as_array().unwrap().len(),
        2,
        "{result:#}"
    );
}

#[test]
fn a_line_that_all_bodies_share_is_named_with_its_rate() {
    let mut scenario = Scenario::new(Bottleneck::Line(4_000_000), 8, 24, 2);
    scenario.length = 64 * 1024;
    let (first, result, _) = named(&scenario);
    let rate = first["parallel"].as_f64().unwrap();
    assert!((2.5e6..4.4e6).contains(&rate), "{result:#}");
}

#[test]
fn connections_that_take_longer_than_requests_are_named() {
    let (first, result, _) = named(&Scenario::new(Bottleneck::Handshake(40), 8, 24, 2));
    let [kept, new] = ["kept", "new"].map(|name| first[name].as_f64().unwrap());
    assert!(new > 0.04 && kept < new / 2.0, "{result:#}");
    assert_eq!(first["is_estimated"], true, "none is kept: {result:#}");
}

#[test]
fn a_server_that_pushes_parallel_clients_back_is_named_with_its_answers() {
    let (first, result, url) = named(&Scenario::new(Bottleneck::PushBack(2), 8, 24, 20));
    assert_eq!(first["origin"], url, "{result:#}");
    assert!(first["too_many"].as_u64().unwrap() > 0, "{result:#}");
    // What pfetch slowed down to is said there, and not a second time.
    assert!(
        !result["notices"].to_string().contains("slowed down"),
        "{result:#}"
    );
    assert!(first["at_once"].is_u64(), "{result:#}");
}

#[test]
fn a_server_that_limits_the_rate_and_queues_a_burst_is_named_with_that_rate() {
    let mut scenario = Scenario::new(
        Bottleneck::Rate {
            per_second: 50,
            burst: 4,
            waits: true,
        },
        8,
        24,
        0,
    );
    for workers in [6, 8] {
        scenario.workers = workers;
        let (first, result, url) = named(&scenario);
        assert_eq!(first["origin"], url, "{result:#}");
        let rate = first["per_second"].as_f64().unwrap();
        assert!((42.0..55.0).contains(&rate), "{result:#}");
        assert!(first["unavailable"].as_u64().unwrap() > 0, "{result:#}");
        // And nothing else is told of it.
        let told = [&result["notices"], &result["why"]["reasons"]].map(Value::to_string);
        for other in ["slowed down", "at-once", "push-back"] {
            assert!(!told.concat().contains(other), "{other}: {result:#}");
        }
    }
}

#[test]
fn the_users_own_limit_is_named_before_all_else() {
    let server = Server::start();
    let list: String = (0..16)
        .map(|n| server.url(&format!("/delay/20/100?{n}")) + "\n")
        .collect();
    let args = [
        "--compare",
        "-j8",
        "--per-host=2",
        "--runs=3",
        "--warmup=0",
        "-",
    ];
    let told = "  why        --per-host holds 8 workers to about 2 at once";
    let (_, run) = certainly(|| {
        let run = pfetch(&args).stdin(&*list).run().exits(0);
        let mut lines = run.stdout.lines();
        let why = lines.find(|line| line.starts_with("  why "));
        (why == Some(told), run)
    });
    run.prints(told);
}

#[test]
fn one_slow_url_is_named() {
    let (first, result, url) = named(&Scenario::new(Bottleneck::SlowUrl(300), 8, 24, 15));
    assert_eq!(first["url"], url + "/delay/300/100?1", "{result:#}");
    let [seconds, of] = ["seconds", "of"].map(|name| first[name].as_f64().unwrap());
    assert!(seconds >= 0.3 && seconds <= of, "{result:#}");
}

#[test]
fn nothing_is_said_of_a_server_with_enough_of_everything() {
    let (_, result, _) = named(&Scenario::new(Bottleneck::None, 8, 24, 20));
    assert_eq!(
        result["why"]["reasons"].as_array().unwrap().len(),
        0,
        "{result:#}"
    );
    assert!(result["why"]["lost"].is_number(), "{result:#}");
}
