//! Lists over several hosts, one of which is bad: it is named, and the others are not made to pay for it.

use std::fs;
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::pfetch::{Dir, LIMIT, Run, pfetch};
use crate::raw::{Raw, Wire};
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

#[test]
fn a_retry_that_waits_for_a_worker_is_told_apart_from_its_delay() {
    let failing = Server::with(|_, reply| match reply.is_last_of(2) {
        true => reply.send(200, "", b"x"),
        false => reply.send(500, "", b""),
    });
    // Of another host, so that it is in the queue before the first one fails.
    let slow = Server::with(|_, reply| {
        reply.wait(Duration::from_millis(500));
        reply.send(200, "", b"x")
    });
    let urls = [failing.url("/"), slow.url("/")];
    let options = ["-j1", "--retry-delay=1ms", "--format=jsonl"];
    let args = [&options[..], &[&urls[0], &urls[1]]].concat();
    let run = pfetch(&args).run().exits(0);
    let results = run.results();
    let retried = results.iter().find(|one| one["index"] == 0);
    let retried = retried.expect("it has a result");
    let seconds = |value: &serde_json::Value| value.as_f64().expect("it is told");
    let busy = seconds(&retried["timing"]["total"]) + seconds(&retried["earlier"][0]["total"]);
    let turn = seconds(&retried["elapsed"]) - busy - seconds(&retried["retry_wait"]);
    run.check(&format!("{turn} s for its turn"), turn > 0.25);
    let other = results.iter().find(|one| one["index"] == 1);
    run.check(
        "of one try nothing is told",
        other.is_some_and(|other| other.get("retry_wait").is_none()),
    );
}

/// A server that answers nothing to `/slow…`, half a page to `/half…`, and the rest.
fn partly_slow() -> Raw {
    Raw::start(|mut wire: Wire<'_>| {
        while let Some(path) = wire.request() {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
            match path.as_str() {
                path if path.starts_with("/slow") => return wire.hang(),
                path if path.starts_with("/half") => {
                    wire.send(format!("{head}wh"))?;
                    return wire.hang();
                }
                _ => wire.send(format!("{head}whole"))?,
            }
        }
        Ok(())
    })
}

/// Runs a list of a good page and `count` of those that begin so, with a report in Markdown and one in HTML.
fn run_slow(server: &Raw, options: &[&str], (name, count): (&str, usize)) -> (Run, [String; 2]) {
    let dir = Dir::new();
    let paths = ["run.md", "run.html"].map(|name| dir.path().join(name));
    let exports = paths
        .each_ref()
        .map(|path| format!("--export={}", path.display()));
    let slow = (0..count).map(|number| server.url(&format!("/{name}{number}")));
    let list: Vec<String> = [server.url("/good")].into_iter().chain(slow).collect();
    let fixed = [&exports[0], &exports[1], "-"];
    let run = pfetch(&[options, &fixed].concat()).stdin(list.join("\n"));
    let run = run.run().exits(1);
    let pages = paths.map(|path| fs::read_to_string(path).expect("it was written"));
    (run, pages)
}

/// The requests of the slow ones.
fn slow_requests(server: &Raw) -> Vec<String> {
    let mut asked = server.requests();
    asked.retain(|path| path != "/good");
    asked.sort_unstable();
    asked
}

#[test]
fn slow_pages_of_a_live_server_time_out_once_each_where_nothing_is_tried_again() {
    let server = partly_slow();
    // Far beyond what they take together: they are no reason to wait for the server.
    let options = ["-j8", "--retry=0", "--timeout=400ms", "--give-up=10m"];
    let (run, pages) = run_slow(&server, &options, ("slow", 30));
    let run = run
        .prints("1 ok, 30 failed")
        .prints("  1 × 200  30 × timeout\n");
    let run = run.never_shows("given-up").never_shows("--give-up");
    run.never_shows("Retry-After").never_shows("--retry");
    let asked = slow_requests(&server);
    assert_eq!(asked.len(), 30, "each once: {asked:?}");
    for (page, text) in pages.iter().zip(["| timeout | 30 |", "30 × timeout"]) {
        assert!(page.contains(text), "{text:?} in\n{page}");
    }
}

#[test]
fn a_page_whose_body_times_out_counts_as_that_and_not_by_its_status() {
    let server = partly_slow();
    let options = ["-j8", "--retry=0", "--timeout=400ms"];
    let (run, pages) = run_slow(&server, &options, ("half", 12));
    run.prints("after status 200: receive: timed out after 400ms")
        .prints("  1 × 200  12 × timeout\n");
    for (page, text) in pages.iter().zip(["| timeout | 12 |", "12 × timeout"]) {
        assert!(page.contains(text), "{text:?} in\n{page}");
    }
    let options = [&options[..], &["--format=jsonl"]].concat();
    let (run, _) = run_slow(&server, &options, ("half", 12));
    let summary = run.summary();
    run.check(
        "statuses",
        summary["statuses"] == serde_json::json!({"200": 1}),
    );
    run.check(
        "failures",
        summary["failures"] == serde_json::json!({"timeout": 12}),
    );
}

#[test]
fn no_url_is_probed_again_where_nothing_is_tried_again() {
    let server = Raw::start(|mut wire: Wire<'_>| {
        wire.request();
        wire.hang()
    });
    let options = ["-j8", "--retry=0", "--timeout=100ms", "--give-up=1s", "-"];
    let list: Vec<_> = (0..10)
        .map(|number| server.url(&format!("/{number}")))
        .collect();
    let run = pfetch(&options).stdin(list.join("\n")).run().exits(1);
    let run = run.prints("10 failed");
    let mut asked = server.requests();
    let all = asked.len();
    asked.sort_unstable();
    asked.dedup();
    run.check(&format!("{all} requests of {asked:?}"), asked.len() == all);
}

#[test]
fn a_host_that_is_down_is_named_with_what_waits_less_for_it_and_costs_the_other_nothing() {
    let good = Server::start();
    // Bound and not accepting: nobody else gets the port, and it is closed before the run.
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let down = listener.local_addr().expect("a bound socket has a name");
    drop(listener);
    let list: String = (0..40)
        .map(|n| format!("{}\nhttp://{down}/{n}\n", good.url(&format!("/bytes/{n}"))))
        .collect();
    let args = ["-j4", "--give-up=4s", "-"];
    let run = pfetch(&args).stdin(list).run().exits(1);
    let run = run
        .prints("40 ok, 40 failed")
        .prints(&format!("{down} was given up: "))
        .prints("a shorter --give-up waits less for a server that")
        .never_shows("--retry-after-max");
    run.never_shows("--retry 0");
    assert_eq!(good.requests(), 40, "each once");
}
