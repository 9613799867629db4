//! Host names: one look-up for all workers of a run.

use std::sync::Barrier;
use std::thread;

use pfetch::http::{FetchConfig, Fetcher};
use pfetch::model::outcome::{FailureKind, Verdict};
use pfetch::model::target::Verb;
use pfetch::model::timing::Phase;
use pfetch::pool::StopToken;

use crate::http::support::{check_invariants, client, get, get_with, target};
use crate::server::Server;

fn by_name(server: &Server) -> String {
    format!("http://localhost:{}/bytes/1", server.addr().port())
}

#[test]
fn a_name_is_looked_up_once_and_the_look_up_has_its_time() {
    let server = Server::start();
    let mut client = client(FetchConfig::default());
    let first = get_with(&mut client, &by_name(&server));
    assert_eq!(first.verdict, Verdict::Ok, "{first:#?}");
    assert!(first.last.timing.phase(Phase::Dns).is_some(), "{first:#?}");
    assert_eq!(first.last.remote, Some(server.addr()), "{first:#?}");
    let second = get_with(&mut client, &by_name(&server));
    assert_eq!(second.last.timing.phase(Phase::Dns), None, "{second:#?}");
    assert_eq!(second.last.reused, Some(true), "{second:#?}");
}

#[test]
fn workers_that_ask_for_the_same_host_share_one_look_up() {
    const WORKERS: usize = 8;
    let server = Server::start();
    let fetcher = Fetcher::new(FetchConfig::default(), StopToken::new(), None);
    let target = target(&by_name(&server));
    let together = Barrier::new(WORKERS);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let fetch = |worker| {
            let mut client = fetcher.client(worker);
            let (together, target) = (&together, &target);
            scope.spawn(move || {
                together.wait();
                client.fetch(target, Verb::Get)
            })
        };
        let workers: Vec<_> = (0..WORKERS).map(fetch).collect();
        workers.into_iter().map(|w| w.join().unwrap()).collect()
    });
    for outcome in &outcomes {
        check_invariants(outcome);
        assert_eq!(outcome.verdict, Verdict::Ok, "{outcome:#?}");
    }
    let looked_up = outcomes
        .iter()
        .filter(|o| o.last.timing.phase(Phase::Dns).is_some())
        .count();
    assert_eq!(looked_up, 1, "{outcomes:#?}");
}

#[test]
fn an_unknown_host_is_a_failure_of_its_own_kind() {
    // RFC 6761: no resolver may know a name in `invalid`.
    let outcome = get("http://nonexistent.invalid/", FetchConfig::default());
    let failure = outcome.error().expect("it cannot be known");
    assert_eq!(failure.kind, FailureKind::Dns, "{outcome:#?}");
    let words = "the host name could not be resolved: ";
    assert!(failure.message.starts_with(words), "{outcome:#?}");
}
