//! The targets that are neither done nor under way, as the events of a run tell of them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pfetch::engine::input::{InputConfig, Source};
use pfetch::engine::retry::RetryPolicy;
use pfetch::engine::{self, Order, RunConfig};
use pfetch::http::{FetchConfig, Fetcher};
use pfetch::measure;
use pfetch::model::event::{Event, Listener, Pending};
use pfetch::pool::{Pool, StopToken};

use crate::server::{Reply, Request, Server};

/// A listener that keeps what is pending, and calls a function with it.
struct Recorder<F> {
    events: Vec<String>,
    pending: Vec<Pending>,
    then: F,
}

impl<F: FnMut(&Pending)> Recorder<F> {
    fn new(then: F) -> Self {
        Recorder {
            events: Vec::new(),
            pending: Vec::new(),
            then,
        }
    }
}

impl<F: FnMut(&Pending)> Listener for Recorder<F> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Pending(pending) => {
                (self.then)(pending);
                self.pending.push(*pending);
            }
            Event::Counted(count) => self.events.push(format!("counted {count}")),
            Event::Finished(outcome) => self.events.push(format!("finished {}", outcome.index)),
            _ => {}
        }
        Ok(())
    }
}

fn source(server: &Server, count: usize) -> Source {
    let urls: Vec<String> = (0..count).map(|n| server.url(&format!("/{n}"))).collect();
    Source::new(&urls, Vec::new(), InputConfig::default()).expect("no thread to start")
}

fn fetcher() -> Arc<Fetcher> {
    Fetcher::new(FetchConfig::default(), StopToken::new(), None)
}

/// A server that asks the first request to come again in a second.
fn busy_at_first() -> Server {
    let come = AtomicUsize::new(0);
    Server::with(move |_: &Request, reply: &mut Reply<'_>| {
        match come.fetch_add(1, Ordering::AcqRel) {
            0 => reply.send(503, "Retry-After: 1\r\n", b""),
            _ => reply.send(200, "", b"hello"),
        }
    })
}

/// Asserts that a wait of about a second was told of before it, and its end after it.
fn assert_one_wait(pending: &[Pending], begun: Instant) {
    let waits: Vec<_> = pending
        .iter()
        .filter(|pending| pending.retries > 0)
        .collect();
    let [wait, ..] = waits[..] else {
        panic!("no wait was told of: {pending:?}");
    };
    assert_eq!(wait.retries, 1, "{pending:?}");
    let next = wait.next.expect("the moment is known");
    assert!(next >= begun + Duration::from_millis(900), "{pending:?}");
    assert_eq!(pending.last(), Some(&Pending::default()), "{pending:?}");
}

#[test]
fn a_retry_is_told_of_before_it_is_waited_for() {
    let server = busy_at_first();
    let mut recorder = Recorder::new(|_| {});
    let pool = fetcher().pool(Pool::builder().workers(2));
    let begun = Instant::now();
    engine::run(
        RunConfig::default(),
        source(&server, 1),
        &pool,
        &mut recorder,
    );
    assert_one_wait(&recorder.pending, begun);
}

#[test]
fn a_serial_run_tells_of_its_retries_and_of_its_total_first() {
    let server = busy_at_first();
    let mut recorder = Recorder::new(|_| {});
    let mut client = fetcher().client(0);
    let begun = Instant::now();
    let (summary, error) = measure::serial(
        source(&server, 2),
        &mut client,
        RetryPolicy::default(),
        &StopToken::new(),
        &mut recorder,
    );
    assert!(error.is_none() && summary.ok == 2, "{summary:?} {error:?}");
    assert_one_wait(&recorder.pending, begun);
    assert_eq!(recorder.events, ["counted 2", "finished 0", "finished 1"]);
}

#[test]
fn what_is_done_before_its_turn_is_told_of() {
    let gate = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&gate);
    let server = Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        while request.target == "/0" && !open.load(Ordering::Acquire) {
            if reply.wait(Duration::from_millis(5)) {
                break;
            }
        }
        reply.send(200, "", b"hello")
    });
    // The first answer is given once the others are known to wait for it.
    let mut recorder = Recorder::new(|pending| {
        if pending.unreleased == 2 {
            assert_eq!(pending.unreleased_bytes, 10);
            gate.store(true, Ordering::Release);
        }
    });
    let pool = fetcher().pool(Pool::builder().workers(2));
    let config = RunConfig {
        order: Order::Input,
        ..RunConfig::default()
    };
    engine::run(config, source(&server, 3), &pool, &mut recorder);
    let told = &recorder.pending;
    assert!(
        told.iter().any(|pending| pending.unreleased == 2),
        "{told:?}"
    );
    assert_eq!(
        recorder.events[1..],
        ["finished 0", "finished 1", "finished 2"]
    );
}

#[test]
fn a_run_in_which_nothing_waits_has_nothing_to_tell() {
    let server = Server::with(|_: &Request, reply: &mut Reply<'_>| reply.send(200, "", b""));
    let mut recorder = Recorder::new(|_| {});
    let pool = fetcher().pool(Pool::builder().workers(2));
    engine::run(
        RunConfig::default(),
        source(&server, 20),
        &pool,
        &mut recorder,
    );
    assert_eq!(recorder.pending, []);
}
