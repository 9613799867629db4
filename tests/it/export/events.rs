//! Events to report: a run of everything that can be, text that wants to be more than text, and a
//! comparison.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pfetch::model::event::{AssertionResult, AssertionVerdict, Event, RunInfo};
use pfetch::model::margin::Margin;
use pfetch::model::measurement::{
    Against, AgainstPoint, Arm, ArmRun, ArmTimes, Comparison, DatedChange, Reference, Sweep,
    SweepRuns,
};
use pfetch::model::notice::{BaselineNotice, Incomparable, MeasurementNotice, ResponseNotice};
use pfetch::model::outcome::{
    Attempt, Details, Exchange, Failure, FailureKind, Hop, HttpVersion, Outcome, Saved, Verdict,
};
use pfetch::model::reason::{KneeWhy, OriginPhases, PhaseMeans, Reason, WeighedReason, Why};
use pfetch::model::run_id::RunId;
use pfetch::model::summary::{Summary, Tally};
use pfetch::model::target::Verb;
use pfetch::model::timing::{Phase, Timing};
use pfetch::model::work::PairedWork;
use pfetch::report::Baseline;
use pfetch::report::export::Export;
use pfetch::stats::{Change, Interval, Knee, LEVEL, Sample, Speedup, Usl, geometric_mean};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// What a spreadsheet, a page, a terminal or a parser would take for something else than text.
pub(crate) const HOSTILE: [&str; 14] = [
    "=cmd|' /C calc'!A0",
    "+1+cmd|x",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
    "\t=1",
    "a,b\";\"c\r\nd",
    "<script>alert(1)</script><img src=x onerror=y>",
    "]]>&amp;<!--",
    "` `` *b* _i_ ~~s~~ [l](http://e.example) ![i](x) $m$ @octocat #1 :smile: <https://e.example>",
    "a|b\\|c\\",
    "\u{202e}txt.exe \u{1b}[2J\u{7}\u{0}\u{fffe}\u{ffff}",
    "www.e.example http://e.example/ a@e.example\n\n# heading\n- item",
    "1. x",
];

/// What an export writes, to be read while it is still held.
#[derive(Debug, Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The report on these events.
pub(crate) fn exported(export: Export, events: &[Event]) -> String {
    let out = Shared::default();
    let mut report = export
        .listener(Box::new(out.clone()), Baseline::Estimate)
        .expect("temporary files can be made");
    for event in events {
        report.event(event).expect("memory can be written");
    }
    report.close().expect("memory can be written");
    drop(report);
    let bytes = out.0.take();
    String::from_utf8(bytes).expect("reports are UTF-8")
}

pub(crate) fn started() -> Event {
    Event::Started(RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workers: 4,
        started_at: SystemTime::UNIX_EPOCH + 1250 * MS,
        startup: MS,
        id: RunId::default(),
        log: None,
        shard: None,
    })
}

fn failure(kind: FailureKind, phase: Option<Phase>, message: &str) -> Failure {
    Failure {
        kind,
        phase,
        message: message.to_owned(),
        is_transient: false,
        is_alone: false,
    }
}

/// A success, of which everything is known.
pub(crate) fn ok(index: u64, url: &str, total: Duration) -> Outcome {
    let mut timing = Timing::default()
        .with(Phase::Blocked, MS)
        .with(Phase::Connect, 3 * MS)
        .with(Phase::Send, Duration::ZERO)
        .with(Phase::Receive, total - 4 * MS);
    timing.set_total(Some(total));
    timing.set_ttfb(Some(4 * MS));
    Outcome {
        bytes: 1256,
        last: Attempt {
            started_at: Some(SystemTime::UNIX_EPOCH + 1500 * MS),
            worker: Some(3),
            timing,
            requests: 1,
            wire_bytes: Some(1500),
            remote: Some(([127, 0, 0, 1], 80).into()),
            reused: Some(false),
            status: Some(200),
            version: Some(HttpVersion::Http11),
            ..Attempt::default()
        },
        ..Outcome::new(index, Arc::from(url), Verb::Get)
    }
}

/// A request of a run that keeps headers, and its response, if there was one.
fn exchange(url: &str, status: Option<u16>, response: &[(&str, &str)]) -> Exchange {
    let headers = |headers: &[(&str, &str)]| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        headers.iter().map(owned).collect()
    };
    Exchange {
        method: "GET".to_owned(),
        url: Arc::from(url),
        request: headers(&[("host", "a.example"), ("x-key", "<hidden>")]),
        remote: status.map(|_| ([127, 0, 0, 1], 80).into()),
        proxy: Some("proxy.example:3128".to_owned()),
        reused: status.map(|_| true),
        status: status.map(|status| ("HTTP/1.1", status)),
        response: headers(response),
    }
}

/// A redirect to another server, and what that one answered.
fn led_on() -> Vec<Exchange> {
    vec![
        exchange(
            "http://a.example/b",
            Some(301),
            &[("location", "https://c.example/new")],
        ),
        exchange(
            "https://c.example/new",
            Some(200),
            &[
                ("content-type", "text/html"),
                ("set-cookie", "<hidden>"),
                ("via", "a|b"),
            ],
        ),
    ]
}

/// A target that no server could be reached for, in two attempts.
fn unreachable() -> Outcome {
    let url = "http://[::1]/";
    let (first, moment) = (Instant::now(), SystemTime::UNIX_EPOCH + 1300 * MS);
    let connecting = |time| {
        let mut timing = Timing::default().with(Phase::Connect, time);
        timing.set_total(Some(time));
        timing
    };
    let refused = failure(FailureKind::Connect, Some(Phase::Connect), "refused");
    let timed_out = failure(FailureKind::Timeout, Some(Phase::Connect), "timed out");
    let mut outcome = Outcome::untried(4, Arc::from(url), Verb::Head, timed_out);
    outcome.last.started_at = Some(moment + 1200 * MS);
    outcome.last.span = Some((first + 1200 * MS, first + 11_200 * MS));
    outcome.last.timing = connecting(10_000 * MS);
    outcome.last.requests = 1;
    outcome.last.wire_bytes = Some(0);
    outcome.follow(vec![Attempt {
        started_at: Some(moment),
        span: Some((first, first + 1000 * MS)),
        worker: Some(2),
        timing: connecting(1000 * MS),
        requests: 1,
        wire_bytes: Some(7),
        error: Some(Box::new(refused)),
        exchanges: Some(Box::new(vec![exchange(url, None, &[])])),
        ..Attempt::default()
    }]);
    outcome
}

/// A target of each verdict, with a redirect, a saved file and a failed attempt among them.
pub(crate) fn outcomes() -> Vec<Outcome> {
    let saved = Saved {
        path: "d/b".into(),
        bytes: 1256,
        sha256: Some([0xab; 32]),
        resumed_from: Some(56),
    };
    let mut redirected = ok(1, "http://a.example/b", 70 * MS);
    redirected.last.exchanges = Some(Box::new(led_on()));
    *redirected.details_mut() = Details {
        final_url: Some(Arc::from("https://c.example/new")),
        redirects: vec![Hop {
            url: Arc::from("http://a.example/b"),
            status: 301,
        }],
        saved: Some(saved.clone()),
        notices: vec![ResponseNotice::EncodedUnasked("gzip".to_owned())],
        ..Details::default()
    };
    let mut unchanged = ok(2, "http://a.example/c", 20 * MS);
    unchanged.verdict = Verdict::Unchanged;
    unchanged.bytes = 0;
    unchanged.last.status = Some(304);
    unchanged.details_mut().saved = Some(saved);
    let mut missing = ok(3, "http://a.example:8080/missing", 30 * MS);
    missing.verdict = Verdict::Failed;
    missing.last.status = Some(404);
    missing.last.error = Some(Box::new(failure(FailureKind::Status, None, "not found")));
    vec![
        ok(0, "http://a.example/", 50 * MS),
        redirected,
        unchanged,
        missing,
        unreachable(),
        Outcome::untried(
            5,
            Arc::from("http://a.example/full"),
            Verb::Get,
            failure(FailureKind::DiskFull, None, "no space left"),
        ),
        Outcome::untried(
            6,
            Arc::from("http://d.example/"),
            Verb::Get,
            failure(FailureKind::Stopped, None, "stopped before it was started"),
        ),
    ]
}

/// A summary of them, with a makespan that is told.
pub(crate) fn summary(outcomes: &[Outcome], makespan: Option<Duration>) -> Summary {
    let mut tally = Tally::new(4);
    for outcome in outcomes {
        tally.add(outcome);
    }
    Summary {
        makespan,
        ..tally.summary()
    }
}

/// A whole run of these.
pub(crate) fn run(outcomes: Vec<Outcome>, makespan: Option<Duration>) -> Vec<Event> {
    let summary = summary(&outcomes, makespan);
    let mut events = vec![started()];
    events.extend(outcomes.into_iter().map(Event::Finished));
    events.push(Event::Ended(summary));
    events
}

/// A run in which everything that can be hostile is, in URL, message, path and redirect.
pub(crate) fn hostile() -> Vec<Event> {
    let outcome = |(index, text): (usize, &&str)| {
        let mut outcome = ok(index as u64, text, 50 * MS);
        outcome.verdict = Verdict::Failed;
        outcome.last.error = Some(Box::new(failure(FailureKind::Input, None, text)));
        let details = outcome.details_mut();
        details.final_url = Some(Arc::from(*text));
        details.saved = Some(Saved {
            path: text.into(),
            bytes: 1,
            sha256: None,
            resumed_from: None,
        });
        outcome
    };
    run(
        HOSTILE.iter().enumerate().map(outcome).collect(),
        Some(80 * MS),
    )
}

fn arm_times(seconds: &[f64]) -> ArmTimes {
    ArmTimes {
        seconds: seconds.to_vec(),
        sample: Sample::of(seconds).expect("some finite times"),
        failed: 0,
        retries: 1,
        startup: 0.5,
        latency: None,
        left_out: Vec::new(),
    }
}

/// A comparison with a warm-up and two pairs, with hostile notices.
pub(crate) fn comparison(speedup: Speedup) -> Vec<Event> {
    let mut events = vec![started()];
    let arms = [
        (Arm::Serial, 0),
        (Arm::Serial, 1),
        (Arm::Parallel, 1),
        (Arm::Parallel, 2),
        (Arm::Serial, 2),
    ];
    for (done, (arm, pair)) in (0..).zip(arms) {
        let of = arms.len() as u32;
        let results = vec![ok(0, "http://a.example/", 50 * MS)];
        let ended = Event::ArmEnded(summary(&results, Some(60 * MS)));
        events.push(Event::ArmStarted(ArmRun {
            workers: 4,
            arm,
            pair,
            done,
            of,
            most: 0,
        }));
        events.extend(results.into_iter().map(Event::Finished));
        events.push(ended);
    }
    events.push(Event::Compared(Comparison {
        workers: 4,
        targets: 2,
        warmups: 1,
        stopped: None,
        auto: None,
        serial: arm_times(&[2.0, 4.0]),
        parallel: arm_times(&[1.0, 1.0]),
        speedup: Some(speedup),
        work: Some(PairedWork::default()),
        estimated: Some(1.5),
        differing: (3, vec!["http://a.example/|<b>".to_owned()]),
        margin: Margin::default(),
        notices: vec![
            MeasurementNotice::Replayed("1 run is an outlier".to_owned()),
            MeasurementNotice::Replayed("- *x*".to_owned()),
        ],
        why: why(),
    }));
    events
}

/// A reason of each kind, and the phases of an origin whose name is hostile.
pub(crate) fn why() -> Why {
    let origin = || "http://a.example|<b>:8080".to_owned();
    let reasons = [
        Reason::AtOnce {
            origin: origin(),
            requests: 1.04,
            most: 2.1,
            serial: 0.02,
            parallel: 0.16,
        },
        Reason::SlowestUrl {
            url: "http://a.example/|<b>".to_owned(),
            seconds: 1.2,
            waits: 0.0,
            of: 1.21,
        },
        Reason::FullLine {
            serial: 94e6,
            parallel: 93e6,
        },
        Reason::Machine {
            used: 1.9,
            processors: 2,
            busy: Some(0.99),
            running: Some(0.9),
        },
        Reason::Connections {
            kept: 0.0003,
            new: 0.041,
            is_estimated: false,
            serial: 0.9,
            parallel: 0.8,
        },
        Reason::PushBack {
            origin: origin(),
            too_many: 17,
            unavailable: 1,
            refused: 2,
            at_once: Some(4),
            per_second: None,
        },
        Reason::RateLimit {
            origin: origin(),
            per_second: 10.0,
            too_many: 40,
            unavailable: 0,
        },
    ];
    let reasons = reasons.into_iter().zip([0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1]);
    let phases = |wait| PhaseMeans {
        requests: 4,
        connected: 2,
        blocked: Some(0.001),
        connect: Some(0.0005),
        send: Some(0.0),
        wait: Some(wait),
        receive: Some(0.002),
        ..PhaseMeans::default()
    };
    Why {
        reasons: reasons
            .map(|(reason, share)| WeighedReason { reason, share })
            .collect(),
        lost: Some(0.75),
        phases: vec![OriginPhases {
            origin: origin(),
            serial: phases(0.02),
            parallel: phases(0.16),
        }],
        unlisted: 3,
    }
}

/// The reason at a knee.
pub(crate) fn knee_why() -> KneeWhy {
    let mut why = why();
    why.reasons.truncate(1);
    KneeWhy { workers: 8, why }
}

pub(crate) fn faster() -> Speedup {
    Speedup {
        pairs: 2,
        ratio: 2.5,
        interval: Some(Interval {
            low: 2.0,
            high: 3.125,
        }),
    }
}

/// A sweep over these numbers of workers, of as many runs as there are times, after a warm-up of the
/// first.
pub(crate) fn sweep(points: &[(usize, &[f64])], law: Option<Usl>) -> Vec<Event> {
    let mut events = vec![started()];
    let point = |&(workers, seconds): &(usize, &[f64])| SweepRuns {
        workers,
        times: arm_times(seconds),
        interval: Interval::of_median_at(LEVEL, seconds),
    };
    let points: Vec<SweepRuns> = points.iter().map(point).collect();
    let rounds = points[0].times.seconds.len() as u32;
    let of = rounds * points.len() as u32 + 1;
    let counted = points
        .iter()
        .flat_map(|point| (1..=rounds).map(|pair| (point.workers, pair)));
    for (done, (workers, pair)) in (0..).zip([(1, 0)].into_iter().chain(counted)) {
        let results = vec![ok(0, "http://a.example/", 50 * MS)];
        let summary = summary(&results, Some(60 * MS));
        events.push(Event::ArmStarted(ArmRun {
            arm: Arm::Parallel,
            pair,
            workers,
            done,
            of,
            most: 0,
        }));
        events.extend(results.into_iter().map(Event::Finished));
        events.push(Event::ArmEnded(Summary { workers, ..summary }));
    }
    events.push(Event::Swept(Sweep {
        targets: 1,
        stopped: None,
        auto: None,
        search: None,
        knee: Some(Knee {
            workers: 4,
            by_means: 4,
        }),
        points,
        passed_over: Vec::new(),
        law,
        differing: (1, vec!["http://a.example/|<b>".to_owned()]),
        margin: Margin::default(),
        notices: vec![MeasurementNotice::Replayed(
            "2 URLs failed in warm-ups".to_owned(),
        )],
        why: Some(knee_why()),
    }));
    events
}

/// A sweep whose knee is four workers.
pub(crate) fn swept() -> Vec<Event> {
    let points: [(usize, &[f64]); 4] = [
        (1, &[8.0, 8.2, 8.1]),
        (2, &[4.0, 4.2, 4.1]),
        (4, &[2.0, 2.1, 2.05]),
        (8, &[2.0, 2.05, 2.1]),
    ];
    let law = Usl {
        lambda: 0.12,
        sigma: 0.01,
        kappa: 0.002,
        r_squared: Some(0.99),
    };
    sweep(&points, Some(law))
}

/// What became of four assertions, one of each verdict.
pub(crate) fn judged() -> Vec<Event> {
    let judged = |assertion: &str, value, unit, verdict| {
        Event::Assertion(AssertionResult {
            assertion: assertion.to_owned(),
            value,
            interval: None,
            unit,
            verdict,
            why: String::new(),
            of: None,
        })
    };
    let straddling = AssertionResult {
        assertion: "total<2s".to_owned(),
        value: Some(2.0),
        interval: Some(Interval {
            low: 1.5,
            high: 2.5,
        }),
        unit: "s",
        verdict: AssertionVerdict::Inconclusive,
        why: String::new(),
        of: None,
    };
    let unknown = AssertionResult {
        assertion: "p95<1s".to_owned(),
        value: None,
        interval: None,
        unit: "s",
        verdict: AssertionVerdict::Unknown,
        why: "no URL <succeeded>".to_owned(),
        of: None,
    };
    vec![
        judged("failed<=1%", Some(0.5), "%", AssertionVerdict::Held),
        judged("speedup>=2", Some(1.25), "x", AssertionVerdict::Failed),
        Event::Assertion(straddling),
        Event::Assertion(unknown),
    ]
}

/// The same, with what became of assertions.
pub(crate) fn with_assertions(mut events: Vec<Event>) -> Vec<Event> {
    events.extend(judged());
    events
}

/// A run against a saved one: compared once with an interval and once without, and with hostile words.
pub(crate) fn against() -> Vec<Event> {
    let sample = |seconds: &[f64]| Sample::of(seconds).expect("some finite times");
    let point = |arm, now: &[f64], then: &[f64]| AgainstPoint {
        arm,
        workers: 4,
        workers_then: 4,
        seconds: geometric_mean(now),
        now: sample(now),
        then: sample(then),
        reference: Reference {
            runs: 1,
            from: SystemTime::UNIX_EPOCH,
            to: SystemTime::UNIX_EPOCH,
            deviation: None,
        },
        change: Change::of(now, then).expect("times above 0"),
        dated: None,
        unlike: None,
    };
    let mut events = comparison(faster());
    let end = events.pop().expect("it has an end");
    events.push(Event::Against(Against {
        file: "a<b>.json".to_owned(),
        started_at: SystemTime::UNIX_EPOCH,
        version: "0.0.9".to_owned(),
        points: vec![
            point(Arm::Serial, &[2.0, 4.0], &[2.0]),
            AgainstPoint {
                reference: Reference {
                    runs: 3,
                    from: SystemTime::UNIX_EPOCH,
                    to: SystemTime::UNIX_EPOCH + 86_400 * 1000 * MS,
                    deviation: Some(0.031),
                },
                dated: Some(DatedChange {
                    run: 2,
                    of: 4,
                    started_at: SystemTime::UNIX_EPOCH,
                    ratio: 1.3,
                }),
                ..point(Arm::Parallel, &[2.0, 2.0], &[1.0, 1.0])
            },
        ],
        why: None,
        notices: vec![BaselineNotice::Version {
            now: "0.1.0".to_owned(),
            then: "<b>*x*</b>".to_owned(),
        }],
        is_renewed: false,
        margin: Margin::default(),
    }));
    events.push(end);
    events
}

/// A run that cannot be set against a saved one.
pub(crate) fn incomparable() -> Vec<Event> {
    let mut events = run(outcomes(), Some(80 * MS));
    let end = events.pop().expect("it has an end");
    events.push(Event::Against(Against {
        file: "a.json".to_owned(),
        started_at: SystemTime::UNIX_EPOCH,
        version: "0.1.0".to_owned(),
        points: Vec::new(),
        why: Some(Incomparable::OtherTargets {
            now: 6,
            then: 5,
            runs: 20,
        }),
        notices: Vec::new(),
        is_renewed: false,
        margin: Margin::default(),
    }));
    events.push(end);
    events
}
