//! A run through the library: its events, their order, and the end of the run.

use std::io::{self, Read, Seek, Write};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use crate::server::Server;
use pfetch::engine::input::{InputConfig, List, ListFile, Source};
use pfetch::engine::{CutShort, Order, Report, RunConfig, run};
use pfetch::http::{Client, FetchConfig, Fetcher};
use pfetch::model::event::{Event, Listener};
use pfetch::model::outcome::{FailureKind, Outcome, Verdict};
use pfetch::model::summary::Summary;
use pfetch::pool::{Pool, StopToken};

const LONG: Duration = Duration::from_secs(60);

/// A listener that records events, and may stop the run or fail.
struct Recorder {
    outcomes: Vec<Outcome>,
    /// `finished`, `counted 3`, `warning …`, `ended`.
    order: Vec<String>,
    ended: Option<Summary>,
    /// Stops the run after this many outcomes.
    stop_after: Option<(usize, StopToken)>,
    /// Fails on this outcome.
    fail_on: Option<usize>,
    /// Dropped as the input has been counted.
    until_counted: Option<crossbeam_channel::Sender<()>>,
}

impl Recorder {
    fn new() -> Recorder {
        Recorder {
            outcomes: Vec::new(),
            order: Vec::new(),
            ended: None,
            stop_after: None,
            fail_on: None,
            until_counted: None,
        }
    }

    fn indices(&self) -> Vec<u64> {
        self.outcomes.iter().map(|outcome| outcome.index).collect()
    }

    /// Asserts that all of 0..n were emitted once and the sums agree. Returns the summary.
    fn assert_each_once(&self, report: &Report) -> Summary {
        let mut indices = self.indices();
        indices.sort_unstable();
        let all: Vec<u64> = (0..indices.len() as u64).collect();
        assert_eq!(indices, all, "{:?}", self.order);
        let summary = self.ended.clone().expect("an end is recorder");
        assert_eq!(summary, report.summary);
        assert_eq!(summary.targets(), all.len() as u64, "{summary:?}");
        let count = |verdict| {
            self.outcomes
                .iter()
                .filter(|o| o.verdict == verdict)
                .count() as u64
        };
        let counted = [Verdict::Ok, Verdict::Failed, Verdict::Skipped].map(count);
        assert_eq!([summary.ok, summary.failed, summary.skipped], counted);
        assert_eq!(self.order.last().map(String::as_str), Some("ended"));
        let ends = self.order.iter().filter(|what| *what == "ended").count();
        assert_eq!(ends, 1, "{:?}", self.order);
        summary
    }
}

impl Listener for Recorder {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        assert!(self.ended.is_none(), "after the end: {event:?}");
        self.order.push(match event {
            Event::Finished(outcome) => {
                if self.fail_on == Some(self.outcomes.len()) {
                    return Err(io::Error::other("the disk is full"));
                }
                self.outcomes.push(outcome.clone());
                if let Some((count, stop)) = &self.stop_after
                    && *count == self.outcomes.len()
                {
                    stop.stop();
                }
                "finished".to_owned()
            }
            Event::Counted(count) => {
                self.until_counted = None;
                format!("counted {count}")
            }
            Event::Warning(warning) => format!("warning {warning}"),
            Event::Ended(summary) => {
                self.ended = Some(summary.clone());
                "ended".to_owned()
            }
            Event::Started(info) => format!("started {}", info.workers),
            other => format!("{other:?}"),
        });
        Ok(())
    }
}

fn pool(workers: usize, stop: &StopToken) -> Pool<Client> {
    let fetcher = Fetcher::new(FetchConfig::default(), stop.clone(), None);
    Pool::builder()
        .workers(workers)
        .queue(4)
        .stop_token(stop.clone())
        .state(move |worker| fetcher.client(worker))
        .build()
}

fn source(urls: &[String]) -> Source {
    Source::new(urls, Vec::new(), InputConfig::default()).expect("no thread to start")
}

fn urls(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|n| server.url(&format!("/{n}"))).collect()
}

fn number(target: &str) -> usize {
    target[1..].parse().expect("a number")
}

#[test]
fn every_outcome_is_emitted_once_and_the_end_last() {
    let server = Server::with(|request, reply| {
        let status = if number(&request.target).is_multiple_of(3) {
            404
        } else {
            200
        };
        reply.send(status, "", b"abc")
    });
    let mut recorder = Recorder::new();
    let pool = pool(4, &StopToken::new());
    let source = source(&urls(&server, 60));
    let report = run(RunConfig::default(), source, &pool, &mut recorder);
    let summary = recorder.assert_each_once(&report);
    assert_eq!((summary.ok, summary.failed), (40, 20), "{summary:?}");
    assert_eq!((summary.bytes, summary.workers), (180, 4), "{summary:?}");
    assert!(!summary.stopped && summary.makespan.is_some());
    assert!(report.cut_short.is_none(), "{report:?}");
    let is_count = |what: &&String| what.starts_with("counted");
    let counts: Vec<_> = recorder.order.iter().filter(is_count).collect();
    assert_eq!(counts, ["counted 60"]);
    assert!(server.connections() <= 4, "one a worker");
    assert!(server.max_concurrent() <= 4);
}

/// Runs six targets of which the first is answered when the last has been asked for.
fn run_with_a_slow_first(order: Order) -> Vec<u64> {
    let (last_came, wait_for_last) = mpsc::channel();
    let channels = Mutex::new((last_came, Some(wait_for_last)));
    let server = Server::with(move |request, reply| {
        let slow = {
            let mut channels = channels.lock().expect("nobody panics with it");
            match number(&request.target) {
                0 => channels.1.take(),
                5 => {
                    channels.0.send(()).expect("the first waits");
                    None
                }
                _ => None,
            }
        };
        if let Some(last) = slow {
            last.recv_timeout(LONG).expect("the last comes");
        }
        reply.send(200, "", b"")
    });
    let mut recorder = Recorder::new();
    let config = RunConfig {
        order,
        ..RunConfig::default()
    };
    let pool = pool(2, &StopToken::new());
    let report = run(config, source(&urls(&server, 6)), &pool, &mut recorder);
    recorder.assert_each_once(&report);
    recorder.indices()
}

#[test]
fn outcomes_come_in_completion_order_or_in_input_order() {
    let indices = run_with_a_slow_first(Order::Completion);
    assert_eq!(indices[..4], [1, 2, 3, 4], "{indices:?}");
    let indices = run_with_a_slow_first(Order::Input);
    assert_eq!(indices, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn bad_input_is_a_failed_target_and_with_strict_ends_the_run() {
    let server = Server::with(|_, reply| reply.send(200, "", b""));
    let mut list = urls(&server, 3);
    list.insert(1, "ftp://h/".to_owned());
    let mut recorder = Recorder::new();
    let tolerant = pool(2, &StopToken::new());
    let report = run(
        RunConfig::default(),
        source(&list),
        &tolerant,
        &mut recorder,
    );
    let summary = recorder.assert_each_once(&report);
    assert_eq!((summary.ok, summary.failed), (3, 1), "{summary:?}");
    let bad = recorder
        .outcomes
        .iter()
        .find(|o| o.index == 1)
        .expect("recorder");
    let failure = bad.error().expect("it is bad");
    assert_eq!(
        failure.message,
        "argument 2: scheme \"ftp\" is not supported; use http or https"
    );
    assert_eq!((failure.kind, bad.requests()), (FailureKind::Input, 0));

    let mut recorder = Recorder::new();
    let config = RunConfig {
        strict: true,
        ..RunConfig::default()
    };
    let strict = pool(2, &StopToken::new());
    let report = run(config, source(&list), &strict, &mut recorder);
    let Some(CutShort::Strict(bad)) = &report.cut_short else {
        panic!("{report:?}");
    };
    assert_eq!(bad.index, 1, "{report:?}");
    assert!(report.summary.stopped, "{report:?}");
}

/// So that they look at the stop more often then, and the run ends in time.
#[test]
fn the_workers_are_told_when_the_deadline_will_stop_the_run() {
    let server = Server::start();
    let url = [server.url("/bytes/1")];
    for deadline in [None, Some(LONG)] {
        let stop = StopToken::new();
        let config = RunConfig {
            deadline,
            ..RunConfig::default()
        };
        let before = Instant::now();
        let pool = pool(1, &stop);
        run(config, source(&url), &pool, &mut Recorder::new());
        let expected = stop.expected_stop();
        let is_right = match deadline {
            None => expected.is_none(),
            Some(deadline) => expected.is_some_and(|at| {
                // The token knows it to the nanosecond.
                at + Duration::from_nanos(1) >= before + deadline && at <= Instant::now() + deadline
            }),
        };
        assert!(is_right, "{deadline:?}: {expected:?}");
    }
}

#[test]
fn after_a_stop_every_target_that_was_read_is_emitted_once() {
    for order in [Order::Completion, Order::Input] {
        let server = Server::with(|request, reply| {
            if number(&request.target) >= 10 {
                reply.wait(Duration::MAX);
            }
            reply.send(200, "", b"")
        });
        let stop = StopToken::new();
        let mut recorder = Recorder::new();
        recorder.stop_after = Some((10, stop.clone()));
        let config = RunConfig {
            order,
            ..RunConfig::default()
        };
        let pool = pool(4, &stop);
        let report = run(config, source(&urls(&server, 100)), &pool, &mut recorder);
        let summary = recorder.assert_each_once(&report);
        assert_eq!(
            (summary.ok, summary.failed, summary.skipped),
            (10, 0, 90),
            "{order:?}: {summary:?}"
        );
        assert!(summary.stopped && report.cut_short.is_none(), "{report:?}");
        assert!(server.requests() <= 14, "{:?}", server.targets());
    }
}

#[test]
fn a_listener_that_cannot_write_ends_the_run() {
    let server = Server::with(|_, reply| reply.send(200, "", b""));
    let stop = StopToken::new();
    let mut recorder = Recorder::new();
    recorder.fail_on = Some(3);
    let pool = pool(2, &stop);
    let source = source(&urls(&server, 10_000));
    let report = run(RunConfig::default(), source, &pool, &mut recorder);
    let Some(CutShort::Listener(error)) = &report.cut_short else {
        panic!("{report:?}");
    };
    assert_eq!(error.to_string(), "the disk is full");
    assert!(stop.is_stopped() && report.summary.stopped, "{report:?}");
    let order = [
        "started 2",
        "counted 10000",
        "finished",
        "finished",
        "finished",
        "ended",
    ];
    assert_eq!(recorder.order, order, "nothing else is recorder after that");
    assert!(server.requests() < 10_000);
}

/// An endless list.
struct Endless(Vec<u8>, usize);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.0[self.1 % self.0.len()];
            self.1 += 1;
        }
        Ok(buffer.len())
    }
}

#[test]
fn no_more_is_admitted_than_the_bounds_allow() {
    let server = Server::with(|_, reply| reply.send(200, "", b""));
    let list = List {
        name: "endless".to_owned(),
        bytes: Box::new(Endless(format!("{}\n", server.url("/")).into_bytes(), 0)),
        file: None,
    };
    let source = Source::new::<String>(&[], vec![list], InputConfig::default()).expect("a thread");
    let stop = StopToken::new();
    let mut recorder = Recorder::new();
    recorder.stop_after = Some((2000, stop.clone()));
    let pool = pool(2, &stop);
    let report = run(RunConfig::default(), source, &pool, &mut recorder);
    let summary = recorder.assert_each_once(&report);
    assert!(summary.ok >= 2000 - 6, "{summary:?}");
    // Those of the two workers. What was queued or read ahead says nothing about the run.
    assert!(summary.skipped <= 2, "{summary:?}");
}

/// A list in a file: as many URLs of the server, each with a comment above it.
fn list_in_file(server: &Server, count: usize) -> List {
    let line = |n| format!("# comment\n{}\n", server.url(&format!("/{n}")));
    let text: String = (0..count).map(line).collect();
    let mut file = tempfile::tempfile().expect("there is a place for temporary files");
    file.write_all(text.as_bytes()).expect("there is room");
    file.rewind().expect("a file can be rewound");
    List {
        name: "list".to_owned(),
        file: ListFile::of(&file),
        bytes: Box::new(file),
    }
}

#[test]
fn a_list_in_a_file_is_counted_while_its_first_urls_are_fetched() {
    let (until_counted, counted) = crossbeam_channel::bounded::<()>(0);
    let server = Server::with(move |_, reply| {
        let _ = counted.recv();
        reply.send(200, "", b"")
    });
    let lists = vec![list_in_file(&server, 5_000)];
    let argument = [server.url("/argument")];
    let source = Source::new(&argument, lists, InputConfig::default()).expect("a thread");
    let stop = StopToken::new();
    let mut recorder = Recorder::new();
    recorder.until_counted = Some(until_counted);
    recorder.stop_after = Some((20, stop.clone()));
    let pool = pool(2, &stop);
    let report = run(RunConfig::default(), source, &pool, &mut recorder);
    let summary = recorder.assert_each_once(&report);
    assert_eq!(&recorder.order[..2], ["started 2", "counted 5001"]);
    assert_eq!(summary.listed, Some(5_001), "{summary:?}");
    assert!(summary.skipped < 4_000, "{summary:?}");
}

#[test]
fn the_rest_of_a_stream_is_not_counted_when_the_run_stops() {
    let server = Server::with(|_, reply| reply.send(200, "", b""));
    let lists = vec![List {
        file: None,
        ..list_in_file(&server, 5_000)
    }];
    let source = Source::new::<&str>(&[], lists, InputConfig::default()).expect("a thread");
    let stop = StopToken::new();
    let mut recorder = Recorder::new();
    recorder.stop_after = Some((20, stop.clone()));
    let pool = pool(2, &stop);
    let report = run(RunConfig::default(), source, &pool, &mut recorder);
    let summary = recorder.assert_each_once(&report);
    assert_eq!(summary.listed, None, "{summary:?}");
}
