//! The grace after a stop: a worker that ignores the stop token does not delay the end of the run.

use std::io;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use pfetch::engine::input::{InputConfig, Source};
use pfetch::engine::{RunConfig, run};
use pfetch::http::{Client, FetchConfig, Fetcher};
use pfetch::model::event::{Event, Listener};
use pfetch::model::outcome::{Outcome, Verdict};
use pfetch::pool::{Pool, StopToken};

use crate::server::Server;

/// The time after which a test has failed that waits for a thread.
const LONG: Duration = Duration::from_secs(60);

/// The most time from the stop to the end. The grace is 0.9 s; the rest is for a busy machine.
const MOST: Duration = Duration::from_secs(8);

/// The outcomes of a run.
struct Outcomes(Vec<Outcome>);

impl Listener for Outcomes {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Finished(outcome) = event {
            self.0.push(outcome.clone());
        }
        Ok(())
    }
}

#[test]
fn a_worker_that_ignores_the_stop_token_is_not_waited_for() {
    let stop = StopToken::new();
    // A client with another token than its pool: it goes on waiting for the server after the stop.
    let fetcher = Fetcher::new(FetchConfig::default(), StopToken::new(), None);
    let pool: Pool<Client> = Pool::builder()
        .workers(1)
        .stop_token(stop.clone())
        .state(move |worker| fetcher.client(worker))
        .build();
    // A server that stops the run when it is asked, and answers only after its end.
    let (stopped, stopped_at) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let is_released = Mutex::new(is_released);
    let server = Server::with(move |_, reply| {
        stopped.send(Instant::now()).expect("the test waits for it");
        stop.stop();
        let is_released = is_released.lock().expect("no test panics with it");
        // Ends by the release, or with the test.
        let _ = is_released.recv_timeout(LONG);
        reply.send(200, "", b"")
    });
    let urls = [server.url("/")];
    let source =
        Source::new(&urls, Vec::new(), InputConfig::default()).expect("no thread to start");
    let mut outcomes = Outcomes(Vec::new());
    let report = run(RunConfig::default(), source, &pool, &mut outcomes);
    let stopped_at = stopped_at.recv_timeout(LONG).expect("the server is asked");
    let took = stopped_at.elapsed();
    assert!(took < MOST, "the end came {took:?} after the stop");
    assert!(
        report.has_left_jobs,
        "the worker is busy to the end: {report:?}"
    );
    let verdicts: Vec<_> = outcomes.0.iter().map(|o| o.verdict).collect();
    assert_eq!(verdicts, [Verdict::Skipped]);
    // Lets the worker end, which the drop of the pool waits for.
    drop(release);
}
