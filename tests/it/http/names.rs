//! Host names: one look-up for all workers of a run.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use pfetch::http::{FetchConfig, Fetcher, TEMPORARY_FAILURE_LIFETIME};
use pfetch::model::outcome::{FailureKind, Outcome};
use pfetch::model::target::Verb;
use pfetch::model::timing::Phase;
use pfetch::pool::StopToken;

use crate::http::support::{check_invariants, client, get, get_with, target};

/// RFC 6761: no resolver may know a name in `invalid`. (Every name that resolvers have to know is known
/// without one.)
const UNKNOWN: &str = "http://nonexistent.invalid/";

fn has_looked_up(outcome: &Outcome) -> bool {
    outcome.last.timing.phase(Phase::Dns).is_some()
}

#[test]
fn a_name_is_looked_up_once_and_the_look_up_has_its_time() {
    let mut client = client(FetchConfig::default());
    let first = get_with(&mut client, UNKNOWN);
    let answered = Instant::now();
    assert!(has_looked_up(&first), "{first:#?}");
    let second = get_with(&mut client, UNKNOWN);
    // Within the shortest lifetime, however slow the machine is.
    if answered.elapsed() < TEMPORARY_FAILURE_LIFETIME / 2 {
        assert!(!has_looked_up(&second), "{second:#?}");
    }
    assert_eq!(
        second.error().map(|failure| failure.kind),
        Some(FailureKind::Dns)
    );
}

#[test]
fn workers_that_ask_for_the_same_host_share_one_look_up() {
    const WORKERS: usize = 8;
    let fetcher = Fetcher::new(FetchConfig::default(), StopToken::new(), None);
    let target = target(UNKNOWN);
    let together = Barrier::new(WORKERS);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let fetch = |worker| {
            let mut client = fetcher.client(worker);
            let (together, target) = (&together, &target);
            scope.spawn(move || {
                together.wait();
                let began = Instant::now();
                (client.fetch(target, Verb::Get), began)
            })
        };
        let workers: Vec<_> = (0..WORKERS).map(fetch).collect();
        workers.into_iter().map(|w| w.join().unwrap()).collect()
    });
    for (outcome, _) in &outcomes {
        check_invariants(outcome);
        let kind = outcome.error().map(|failure| failure.kind);
        assert_eq!(kind, Some(FailureKind::Dns), "{outcome:#?}");
    }
    let looked_up = outcomes
        .iter()
        .filter(|(outcome, _)| has_looked_up(outcome));
    let looked_up = looked_up.count();
    // All began within the shortest lifetime, however slow the machine is.
    let began = outcomes.iter().map(|(_, began)| *began);
    let spread = began
        .clone()
        .max()
        .zip(began.min())
        .map(|(last, first)| last - first);
    assert!(looked_up >= 1, "{outcomes:#?}");
    if spread < Some(TEMPORARY_FAILURE_LIFETIME / 2) {
        assert_eq!(looked_up, 1, "{outcomes:#?}");
    }
}

#[test]
fn an_unknown_host_is_a_failure_of_its_own_kind() {
    let outcome = get(UNKNOWN, FetchConfig::default());
    let failure = outcome.error().expect("it cannot be known");
    assert_eq!(failure.kind, FailureKind::Dns, "{outcome:#?}");
    let words = "the host name could not be resolved: ";
    assert!(failure.message.starts_with(words), "{outcome:#?}");
}
