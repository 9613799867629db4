//! The grace after a stop: a worker that ignores the stop token does not delay the end of the run.

use std::io;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pfetch::engine::input::{InputConfig, Source};
use pfetch::engine::{RunConfig, run};
use pfetch::http::{Client, FetchConfig, Fetcher};
use pfetch::model::event::{Event, Listener};
use pfetch::model::outcome::{Outcome, Verdict};
use pfetch::pool::{Pool, StopToken, Worker};

use crate::server::Server;

/// The time after which a test has failed that waits for a thread.
const LONG: Duration = Duration::from_secs(60);

/// The most time from the stop to the end. The grace is 0.9 s; the rest is for a busy machine.
const MOST: Duration = Duration::from_secs(8);

/// Stops the run as soon as its one target is in the pool's queue, and keeps what it is told.
struct StopOnCount {
    stop: StopToken,
    stopped_at: Option<Instant>,
    outcomes: Vec<Outcome>,
}

impl Listener for StopOnCount {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            // The input is counted after the jobs that there is room for were submitted.
            Event::Counted(_) => {
                self.stopped_at = Some(Instant::now());
                self.stop.stop();
            }
            Event::Finished(outcome) => self.outcomes.push(outcome.clone()),
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn a_worker_that_ignores_the_stop_token_is_not_waited_for() {
    let stop = StopToken::new();
    let fetcher = Fetcher::new(FetchConfig::default(), stop.clone(), None);
    let pool: Pool<Client> = Pool::builder()
        .workers(1)
        .queue(4)
        .stop_token(stop.clone())
        .state(move |worker| fetcher.client(worker))
        .build();
    // An action that holds the only worker until it is released.
    let (started, has_started) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let blocked = pool.submit(
        move |_: &mut Worker<Client>, ()| {
            started.send(()).expect("the test waits for it");
            // Ends by the release, or with the test.
            let _ = is_released.recv_timeout(LONG);
        },
        (),
    );
    has_started.recv_timeout(LONG).expect("the worker starts");

    let server = Server::with(|_, reply| reply.send(200, "", b""));
    let urls = [server.url("/")];
    let source =
        Source::new(&urls, Vec::new(), InputConfig::default()).expect("no thread to start");
    let mut listener = StopOnCount {
        stop,
        stopped_at: None,
        outcomes: Vec::new(),
    };
    let report = run(RunConfig::default(), source, &pool, &mut listener);
    let stopped_at = listener.stopped_at.expect("the input is counted");
    let took = stopped_at.elapsed();
    assert!(took < MOST, "the end came {took:?} after the stop");
    assert!(!blocked.is_done(), "the worker is blocked to the end");
    assert!(report.has_left_jobs, "{report:?}");
    let verdicts: Vec<_> = listener.outcomes.iter().map(|o| o.verdict).collect();
    assert_eq!(verdicts, [Verdict::Skipped]);
    drop(release);
}
