//! Lists over several hosts, one of which is bad: it is named, and the others are not made to pay for it.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::pfetch::{LIMIT, pfetch};
use crate::server::{Reply, Server};

/// The requests of several servers, in the order in which they came, and a gate that the test opens.
#[derive(Debug, Default)]
struct Arrivals {
    state: Mutex<(Vec<String>, bool)>,
    changed: Condvar,
}

impl Arrivals {
    fn note(&self, name: &str) {
        let mut state = self.state.lock().expect("nobody panics with it");
        state.0.push(name.to_owned());
        self.changed.notify_all();
    }

    fn open(&self) {
        self.state.lock().expect("nobody panics with it").1 = true;
        self.changed.notify_all();
    }

    /// Waits until the test has opened the gate.
    fn pass(&self) {
        self.wait(LIMIT / 2, |state| state.1);
    }

    /// Waits until this name has come so often, or for so long.
    fn await_nth(&self, name: &str, count: usize, limit: Duration) {
        self.wait(limit, |state| {
            state.0.iter().filter(|came| *came == name).count() >= count
        });
    }

    fn wait(&self, limit: Duration, is_over: impl Fn(&(Vec<String>, bool)) -> bool) {
        let state = self.state.lock().expect("nobody panics with it");
        let waited = (self.changed).wait_timeout_while(state, limit, |state| !is_over(state));
        drop(waited.expect("nobody panics with it"));
    }

    /// The place of the n-th that came of this name, from 0.
    fn place(&self, name: &str, nth: usize) -> Option<usize> {
        let state = self.state.lock().expect("nobody panics with it");
        let places = state.0.iter().enumerate();
        let mut places = places.filter(|(_, came)| *came == name);
        places.nth(nth).map(|(place, _)| place)
    }
}

const PAGES: usize = 200;

/// The list's other host has one worker busy with each request, and is slow as long as the retry has not come.
#[test]
fn a_retry_of_one_host_does_not_wait_for_the_list_of_another() {
    let arrivals = Arc::new(Arrivals::default());
    let busy = Arc::clone(&arrivals);
    let long = Server::with(move |request, reply: &mut Reply<'_>| {
        busy.note("page");
        match request.target.as_str() {
            "/0" | "/1" => busy.pass(),
            _ => busy.await_nth("retried", 2, Duration::from_millis(20)),
        }
        reply.send(200, "", b"x")
    });
    let failing = Arc::clone(&arrivals);
    let short = Server::with(move |_, reply| {
        failing.note("retried");
        match failing.place("retried", 1) {
            None => reply.send(503, "", b""),
            Some(_) => reply.send(200, "", b"x"),
        }
    });
    let options = ["-j2", "--retry-delay=1ms", "--format=jsonl", "-"];
    let mut running = pfetch(&options).start();
    for page in 0..PAGES {
        running.feed(&long.url(&format!("/{page}")));
    }
    running.feed(&short.url("/"));
    // Its result comes as soon as it is read: by then the one before it is in the queue, before all pages but two.
    running.feed("http://[bad");
    while !running.line().contains("http://[bad") {}
    arrivals.open();
    let run = running.finish().exits(1);
    run.check("all", run.summary()["ok"] == PAGES + 1);
    let place = arrivals.place("retried", 1);
    run.check(
        &format!("tried again after {place:?} of {PAGES}"),
        place.is_some_and(|place| place < PAGES / 2),
    );
}
