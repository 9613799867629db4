//! Runs to export: small ones of every kind of outcome, and a large one.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pfetch::model::event::{Event, RunInfo};
use pfetch::model::measurement::{Arm, ArmRun, ArmTimes, Comparison};
use pfetch::model::outcome::{
    Attempt, Details, Exchange, Failure, FailureKind, Hop, HttpVersion, Outcome, Verdict,
};
use pfetch::model::reason::Why;
use pfetch::model::run_id::RunId;
use pfetch::model::summary::Summary;
use pfetch::model::target::Verb;
use pfetch::model::timing::{Phase, Timing};
use pfetch::stats::{RunPair, Sample, Speedup};

const MS: Duration = Duration::from_millis(1);

/// When runs begin by the wall clock.
const BEGAN: Duration = Duration::from_millis(1_700_000_000_123);

/// An attempt by `worker` from one moment of the run to another, in milliseconds.
fn attempt(base: Instant, index: u64, url: &str, worker: u16, span: (u32, u32)) -> Outcome {
    let (start, end) = (span.0 * MS, span.1 * MS);
    let total = end - start;
    let mut timing = Timing::default()
        .with(Phase::Dns, total / 20)
        .with(Phase::Connect, total / 10)
        .with(Phase::Send, Duration::from_micros(80))
        .with(Phase::Wait, total / 2)
        .with(Phase::Receive, total / 8);
    timing.set_ttfb(Some(total * 3 / 4));
    timing.close(total);
    Outcome {
        bytes: 1256,
        last: Attempt {
            started_at: Some(SystemTime::UNIX_EPOCH + BEGAN + start),
            span: Some((base + start, base + end)),
            worker: Some(worker),
            timing,
            requests: 1,
            wire_bytes: Some(1500),
            remote: Some(([192, 0, 2, 1], 443).into()),
            reused: Some(false),
            status: Some(200),
            version: Some(HttpVersion::Http11),
            ..Attempt::default()
        },
        ..Outcome::new(index, Arc::from(url), Verb::Get)
    }
}

fn failure(kind: FailureKind, phase: Option<Phase>, message: &str) -> Failure {
    let message = message.to_owned();
    Failure {
        kind,
        phase,
        message,
        is_transient: false,
        is_alone: false,
    }
}

fn failed(mut outcome: Outcome, error: Failure) -> Outcome {
    let total = outcome.last.timing.total();
    let timing = &mut outcome.last.timing;
    for phase in [Phase::Dns, Phase::Send, Phase::Wait, Phase::Receive] {
        timing.set(phase, None);
    }
    timing.set(Phase::Blocked, Some(Duration::ZERO));
    timing.set(Phase::Connect, total);
    timing.set_ttfb(None);
    outcome.verdict = Verdict::Failed;
    outcome.bytes = 0;
    outcome.last.status = None;
    outcome.last.version = None;
    outcome.last.error = Some(Box::new(error));
    outcome
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

/// Over TLS, with its headers kept.
fn secure(base: Instant) -> Outcome {
    let url = "https://a.example/list?q=a%20b&page=2#top";
    let mut outcome = attempt(base, 0, url, 0, (2, 102));
    outcome.last.timing.set(Phase::Ssl, Some(20 * MS));
    outcome.last.timing.close(100 * MS);
    outcome.last.exchanges = Some(Box::new(vec![Exchange {
        method: "GET".to_owned(),
        url: Arc::from(url),
        request: pairs(&[("accept", "*/*"), ("authorization", "…")]),
        remote: outcome.last.remote,
        proxy: None,
        reused: Some(false),
        status: Some(("HTTP/1.1", 200)),
        response: pairs(&[
            ("Content-Type", "text/html; charset=utf-8"),
            ("etag", "\"x\""),
        ]),
    }]));
    outcome
}

fn redirected(base: Instant) -> Outcome {
    let details = Details {
        final_url: Some(Arc::from("http://b.example/new")),
        redirects: vec![Hop {
            url: Arc::from("http://b.example/old"),
            status: 301,
        }],
        ..Details::default()
    };
    Outcome {
        details: Some(Box::new(details)),
        ..attempt(base, 1, "http://b.example/old", 1, (3, 153))
    }
}

/// Twice by different workers, and then for good.
fn retried(base: Instant) -> Outcome {
    let error = || {
        failure(
            FailureKind::Timeout,
            Some(Phase::Connect),
            "timed out after 50ms",
        )
    };
    let url = "http://[2001:db8::1]:8080/";
    let first = failed(attempt(base, 2, url, 2, (4, 54)), error());
    let second = failed(attempt(base, 2, url, 0, (110, 160)), error());
    let mut outcome = failed(attempt(base, 2, url, 1, (180, 230)), error());
    outcome.follow(vec![first.last, second.last]);
    outcome
}

fn skipped() -> Outcome {
    let why = failure(FailureKind::Stopped, None, "stopped before it was started");
    Outcome::untried(3, Arc::from("http://d.example/"), Verb::Get, why)
}

fn started() -> Event {
    Event::Started(RunInfo {
        version: "0.0.0".to_owned(),
        workers: 3,
        started_at: SystemTime::UNIX_EPOCH + BEGAN,
        startup: MS,
        id: RunId::default(),
        log: None,
        shard: None,
    })
}

pub(crate) fn small() -> Vec<Event> {
    let base = Instant::now();
    let outcomes = [secure(base), redirected(base), retried(base), skipped()];
    let mut events = vec![started()];
    events.extend(outcomes.map(Event::Finished));
    events.push(Event::Ended(Summary::default()));
    events
}

pub(crate) fn empty() -> Vec<Event> {
    vec![started(), Event::Ended(Summary::default())]
}

/// Everything that is not from pfetch, at its worst.
pub(crate) fn hostile() -> Vec<Event> {
    let text = "http://h/</title><script>'\"&\x1b[2J\u{202e}?a=<&b=\u{9b}\u{7f}\0";
    let base = Instant::now();
    let mut outcome = attempt(base, 0, text, 0, (0, 50));
    outcome.last.error = Some(Box::new(failure(FailureKind::Protocol, None, text)));
    outcome.verdict = Verdict::Failed;
    let details = outcome.details_mut();
    details.final_url = Some(Arc::from(text));
    details.redirects = vec![Hop {
        url: Arc::from(text),
        status: 302,
    }];
    let mut kept = outcome.clone();
    kept.last.exchanges = Some(Box::new(vec![Exchange {
        method: "GET".to_owned(),
        url: Arc::from(text),
        request: Vec::new(),
        remote: None,
        proxy: Some(text.to_owned()),
        reused: None,
        status: Some(("HTTP/1.1", 302)),
        response: pairs(&[("location", text), ("content-type", text)]),
    }]));
    vec![
        started(),
        Event::Finished(outcome),
        Event::Finished(kept),
        Event::Ended(Summary::default()),
    ]
}

/// A warm-up and a pair of each arm.
pub(crate) fn comparison() -> Vec<Event> {
    let base = Instant::now();
    let mut events = Vec::new();
    let arms = [Arm::Serial, Arm::Parallel, Arm::Parallel, Arm::Serial];
    for (done, arm) in arms.into_iter().enumerate() {
        let run = ArmRun {
            workers: 4,
            arm,
            pair: done as u32 / 2,
            done: done as u32,
            of: 4,
            most: 0,
        };
        events.push(Event::ArmStarted(run));
        let from = 1000 * done as u32;
        for i in 0..4 {
            let url = format!("http://e.example/{i}");
            let (worker, start) = match arm {
                Arm::Serial => (None, from + 100 * i),
                Arm::Parallel => (Some(i % 2), from + i / 2 * 110),
            };
            let mut outcome = attempt(base, i.into(), &url, 0, (start, start + 95));
            outcome.last.worker = worker.map(|n| n as u16);
            events.push(Event::Finished(outcome));
        }
        events.push(Event::ArmEnded(Summary {
            makespan: Some(395 * MS),
            ..Summary::default()
        }));
    }
    events.push(Event::Compared(compared()));
    events
}

/// `count` attempts shared among `workers`, told one by one.
pub(crate) fn many(base: Instant, count: usize, workers: usize) -> impl Iterator<Item = Event> {
    let mut free = vec![0; workers];
    let outcomes = (0..count).map(move |i| {
        let worker = i % workers;
        // Something between 10 and 110 ms, longer now and then, and pauses.
        let length = 10 + (i * 7919 % 101) as u32 + if i % 97 == 0 { 400 } else { 0 };
        let start = free[worker] + if i % 13 == 0 { 60 } else { 1 };
        free[worker] = start + length;
        let url = format!("http://host-{}.example/path/{i}", i % 50);
        let outcome = attempt(base, i as u64, &url, worker as u16, (start, start + length));
        Event::Finished(if i % 211 == 0 {
            failed(
                outcome,
                failure(FailureKind::Closed, Some(Phase::Wait), "closed"),
            )
        } else {
            outcome
        })
    });
    let end = Event::Ended(Summary::default());
    std::iter::once(started()).chain(outcomes).chain([end])
}

fn compared() -> Comparison {
    let times = |seconds: f64| ArmTimes {
        seconds: vec![seconds],
        sample: Sample::of(&[seconds]).expect("a value"),
        failed: 0,
        retries: 0,
        startup: 0.0,
        latency: None,
        left_out: Vec::new(),
    };
    let pair = RunPair {
        serial: 0.395,
        parallel: 0.205,
    };
    Comparison {
        workers: 2,
        targets: 4,
        warmups: 1,
        stopped: None,
        auto: None,
        serial: times(pair.serial),
        parallel: times(pair.parallel),
        speedup: Speedup::of(&[pair]),
        work: None,
        estimated: None,
        differing: (0, Vec::new()),
        margin: pfetch::model::margin::Margin::default(),
        notices: Vec::new(),
        why: Why::default(),
    }
}
