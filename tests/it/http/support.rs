//! What these tests have in common: fetching through the public API, bounded in time.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pfetch::http::{Client, FetchConfig, Fetcher};
use pfetch::model::activity::WorkerActivity;
use pfetch::model::outcome::{FailureKind, Outcome, Verdict};
use pfetch::model::target::{DefaultScheme, Location, Target, Verb};
use pfetch::model::timing::Phase;
use pfetch::pool::StopToken;

/// No test waits longer than this for something that has to happen.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The target that a URL is.
pub(crate) fn target(url: &str) -> Target {
    let location = Location::parse(url, DefaultScheme::Http);
    Target {
        index: 0,
        location: location.unwrap_or_else(|error| panic!("{url}: {error}")),
        verb: Verb::Get,
        headers: None,
        output: None,
        sha256: None,
        meta: None,
    }
}

/// A client whose fetches are bounded in time.
#[derive(Debug)]
pub(crate) struct Bounded(Option<Client>);

/// A client of its own, with these settings.
pub(crate) fn client(config: FetchConfig) -> Bounded {
    let fetcher = Fetcher::new(config, StopToken::new(), None);
    Bounded(Some(fetcher.client(0)))
}

/// Gets a URL with a fresh client.
pub(crate) fn get(url: &str, config: FetchConfig) -> Outcome {
    get_with(&mut client(config), url)
}

/// Gets a URL with this client.
pub(crate) fn get_with(client: &mut Bounded, url: &str) -> Outcome {
    fetch(client, &target(url), Verb::Get)
}

/// Fetches a target with this client; panics if that does not end.
pub(crate) fn fetch(client: &mut Bounded, target: &Target, verb: Verb) -> Outcome {
    let mut inner = client.0.take().expect("a fetch gives its client back");
    let (done, ended) = mpsc::channel();
    let its_target = target.clone();
    let watched = thread::spawn(move || {
        let outcome = inner.fetch(&its_target, verb);
        // Nobody listens any more if it took too long.
        let _ = done.send(());
        (inner, outcome)
    });
    // An error is either the time-out or a panic, which the join then shows.
    if ended.recv_timeout(LONG) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("{}: the fetch did not end", target.location.text());
    }
    let (inner, outcome) = watched.join().expect("fetching does not panic");
    client.0 = Some(inner);
    check_invariants(&outcome);
    outcome
}

/// What holds for every outcome of a fetch, good or bad.
pub(crate) fn check_invariants(outcome: &Outcome) {
    let timing = &outcome.last.timing;
    let sum: Duration = timing.phases().iter().filter_map(|(_, time)| *time).sum();
    let total = timing.total().expect("whatever was tried took time");
    assert!(
        sum.abs_diff(total) <= Duration::from_micros(1),
        "the phases add up to {sum:?}, the total is {total:?}: {outcome:#?}"
    );
    assert!(
        timing.ttfb().is_none_or(|ttfb| ttfb <= total),
        "{outcome:#?}"
    );
    assert!(
        outcome.last.wire_bytes >= Some(outcome.bytes),
        "{outcome:#?}"
    );
    assert_eq!(
        outcome.verdict == Verdict::Ok,
        outcome.error().is_none(),
        "{outcome:#?}"
    );
    if let Some(failure) = outcome.error() {
        let text = failure.to_string();
        assert!(
            !text.is_empty() && !text.contains(char::is_control),
            "one plain line: {text:?}"
        );
    }
}

/// What became of a URL, in the words of a report: `ok 200 5` (status, bytes), or why not.
pub(crate) fn told(outcome: &Outcome) -> String {
    match outcome.error() {
        None => format!("ok {} {}", outcome.status().unwrap_or(0), outcome.bytes),
        Some(failure) => failure.to_string(),
    }
}

/// Asserts that a fetch failed in this way.
pub(crate) fn assert_failed(
    what: &str,
    outcome: &Outcome,
    kind: FailureKind,
    phase: Option<Phase>,
    message: &str,
) {
    let failure = outcome
        .error()
        .unwrap_or_else(|| panic!("{what}: should have failed: {outcome:#?}"));
    assert_eq!(
        (failure.kind, failure.phase, failure.message.as_str()),
        (kind, phase, message),
        "{what}: {outcome:#?}"
    );
    assert_eq!(outcome.verdict, Verdict::Failed, "{what}: {outcome:#?}");
}

/// A fetch on a thread of its own, to be stopped.
pub(crate) struct Underway {
    stop: StopToken,
    lanes: Arc<WorkerActivity>,
    ended: mpsc::Receiver<Outcome>,
}

impl Underway {
    /// Starts to get a URL.
    pub(crate) fn get(url: &str, config: FetchConfig) -> Underway {
        let stop = StopToken::new();
        let lanes = Arc::new(WorkerActivity::new(1));
        let fetcher = Fetcher::new(config, stop.clone(), Some(Arc::clone(&lanes)));
        let target = target(url);
        let (send, ended) = mpsc::channel();
        thread::spawn(move || {
            // Nobody listens any more if it took too long.
            let _ = send.send(fetcher.client(0).fetch(&target, Verb::Get));
        });
        Underway { stop, lanes, ended }
    }

    /// Waits until the worker has taken the URL up and received this many bytes of its body.
    pub(crate) fn wait_for_bytes(&self, bytes: u64) {
        let started = Instant::now();
        while !self.lanes.busy().iter().any(|lane| lane.bytes >= bytes) {
            assert!(started.elapsed() < LONG, "{:?}", self.lanes.busy());
            thread::yield_now();
        }
    }

    /// Stops it and gives what became of it.
    pub(crate) fn stop(self) -> Outcome {
        self.stop.stop();
        let outcome = self.ended.recv_timeout(LONG).expect("a stop ends a fetch");
        check_invariants(&outcome);
        outcome
    }
}
