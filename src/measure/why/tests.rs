use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::load::RunLoad;
use super::sums::SlowestTarget;
use super::*;
use crate::measure::null_listener::NullListener;
use crate::measure::{Gates, MeasuredRun, SweepPlan, WorkerCounts};
use crate::model::origin::{GivenUp, OriginLimit, PushBackCounts, UntoldLimit};
use crate::model::outcome::{Attempt, Outcome, Verdict};
use crate::model::pacing::BindingLimits;
use crate::model::reason::{KneeWhy, WeighedReason};
use crate::model::target::Verb;
use crate::model::timing::{Phase, Timing};

/// Workers of the parallel arm, and URLs of each run.
const WORKERS: usize = 8;
const URLS: u32 = 24;

const ORIGIN: &str = "http://h:8080";

/// A time in milliseconds, which differs a little from pair to pair.
fn ms(millis: f64, pair: u32) -> Duration {
    let factor = 1.0 + f64::from(pair % 3) * 0.01;
    Duration::from_secs_f64(millis * factor / 1e3)
}

/// The phases of a request, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    connect: f64,
    ssl: f64,
    wait: f64,
    receive: f64,
}

impl Spent {
    fn wait(wait: f64) -> Self {
        Spent {
            wait,
            ..Spent::default()
        }
    }

    fn total(self) -> f64 {
        self.connect + self.ssl + self.wait + self.receive
    }
}

/// The outcomes of a run whose n-th request spends this, each on the worker that is free first, and its figures.
fn simulated(workers: usize, pair: u32, spent: impl Fn(u32) -> Spent) -> (Vec<Outcome>, Summary) {
    let zero = Instant::now();
    let mut free = vec![Duration::ZERO; workers];
    let mut busy = Duration::ZERO;
    let mut outcomes = Vec::new();
    for n in 0..URLS {
        let spent = spent(n);
        let worker = (0..workers).min_by_key(|worker| free[*worker]).unwrap_or(0);
        let (start, time) = (free[worker], ms(spent.total(), pair));
        free[worker] += time;
        busy += time;
        let mut outcome = outcome(n);
        let mut timing = Timing::default()
            .with(Phase::Wait, ms(spent.wait, pair))
            .with(Phase::Receive, ms(spent.receive, pair));
        let connected = [(Phase::Connect, spent.connect), (Phase::Ssl, spent.ssl)];
        for (phase, millis) in connected.into_iter().filter(|(_, millis)| *millis > 0.0) {
            timing.set(phase, Some(ms(millis, pair)));
        }
        timing.close(time);
        outcome.last.timing = timing;
        outcome.last.span = Some((zero + start, zero + start + time));
        outcome.last.reused = Some(spent.connect == 0.0);
        outcome.last.wire_bytes = Some(100_000);
        outcomes.push(outcome);
    }
    let summary = Summary {
        ok: u64::from(URLS),
        workers,
        makespan: free.into_iter().max(),
        busy,
        ..Summary::default()
    };
    (outcomes, summary)
}

/// The sums of such a run.
fn run(workers: usize, pair: u32, spent: impl Fn(u32) -> Spent) -> (RunSums, OriginTable) {
    let mut table = OriginTable::default();
    let mut sums = RunSums::default();
    let (outcomes, summary) = simulated(workers, pair, spent);
    for outcome in &outcomes {
        sums.add(outcome, &mut table);
    }
    sums.complete(&summary);
    (sums, table)
}

fn outcome(n: u32) -> Outcome {
    let url = Arc::from(format!("{ORIGIN}/{n}"));
    Outcome::new(u64::from(n), url, Verb::Get)
}

/// What is found in so many pairs, whose runs are changed by `change`.
fn found(
    pairs: u32,
    serial: impl Fn(u32) -> Spent,
    parallel: impl Fn(u32) -> Spent,
    change: impl Fn(u32, &mut RunSums, &mut RunSums),
) -> Why {
    let mut collector = WhyCollector::default();
    for pair in 0..pairs {
        let (mut alone, table) = run(1, pair, &serial);
        let (mut together, _) = run(WORKERS, pair, &parallel);
        change(pair, &mut alone, &mut together);
        collector.table = table;
        collector.serial.push(alone);
        collector.parallel.push(together);
    }
    let why = collector.why();
    let json = serde_json::to_string(&why).expect("it is data");
    // A figure that is no number would be null.
    let read: Why = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(read.reasons.len(), why.reasons.len(), "{json}");
    why
}

fn unchanged(_: u32, _: &mut RunSums, _: &mut RunSums) {}

/// The kinds of the reasons, in their order.
fn kinds(why: &Why) -> Vec<&'static str> {
    why.reasons
        .iter()
        .map(|WeighedReason { reason, .. }| match reason {
            Reason::SlowestUrl { .. } => "slowest-url",
            Reason::AtOnce { .. } => "at-once",
            Reason::FullLine { .. } => "full-line",
            Reason::Machine { .. } => "machine",
            Reason::Connections { .. } => "connections",
            Reason::PushBack { .. } => "push-back",
            Reason::RateLimit { .. } => "rate-limit",
            Reason::AskedLimit { .. } => "asked-limit",
        })
        .collect()
}

#[track_caller]
fn shows(why: &Why, expected: &[&str]) {
    assert_eq!(kinds(why), expected, "{why:#?}");
}

#[test]
fn waits_that_grow_as_workers_are_added_show_how_many_are_answered_at_a_time() {
    for (at_once, wait) in [(1.0, 160.0), (2.0, 80.0), (4.0, 40.0)] {
        let why = found(4, |_| Spent::wait(20.0), |_| Spent::wait(wait), unchanged);
        shows(&why, &["at-once"]);
        let Reason::AtOnce {
            origin,
            requests,
            most,
            ..
        } = &why.reasons[0].reason
        else {
            panic!("{why:#?}");
        };
        assert_eq!(origin, ORIGIN);
        assert!((requests - at_once).abs() < 0.1, "{why:#?}");
        assert!((*requests..at_once + 0.2).contains(most), "{why:#?}");
        // All that the workers lose.
        let lost = why.lost.unwrap_or_default();
        assert!((why.reasons[0].share - lost).abs() < 0.02, "{why:#?}");
        assert!((lost - (1.0 - at_once / 8.0)).abs() < 0.02, "{why:#?}");
    }
}

#[test]
fn waits_that_hardly_grow_or_are_short_show_nothing() {
    for (serial, parallel) in [(20.0, 20.0), (20.0, 24.0), (20.0, 29.0), (0.2, 1.6)] {
        let why = found(
            4,
            |_| Spent::wait(serial),
            |_| Spent::wait(parallel),
            unchanged,
        );
        shows(&why, &[]);
    }
}

#[test]
fn a_small_loss_is_not_explained() {
    let spent = |wait| Spent {
        wait,
        receive: 20.0,
        ..Spent::default()
    };
    // Waits grow by more than half, which is a sixth of the time.
    let why = found(4, |_| spent(10.0), |_| spent(16.0), unchanged);
    assert!(
        why.lost.is_some_and(|lost| (0.15..0.2).contains(&lost)),
        "{why:#?}"
    );
    shows(&why, &[]);
    let why = found(4, |_| spent(10.0), |_| spent(24.0), unchanged);
    shows(&why, &["at-once"]);
}

#[test]
fn a_single_pair_shows_nothing_and_neither_do_pairs_that_contradict_each_other() {
    let why = found(1, |_| Spent::wait(20.0), |_| Spent::wait(160.0), unchanged);
    shows(&why, &[]);
    assert_eq!(
        why.phases.len(),
        1,
        "they are evidence all the same: {why:#?}"
    );
    // The mean growth is 8-fold, but it is not there in every second pair.
    let why = found(
        4,
        |_| Spent::wait(20.0),
        |_| Spent::wait(160.0),
        |pair, alone, together| {
            if pair % 2 == 0 {
                *together = run(WORKERS, pair, |_| Spent::wait(20.0)).0;
                *alone = run(1, pair, |_| Spent::wait(20.0)).0;
            }
        },
    );
    shows(&why, &[]);
}

#[test]
fn a_url_that_takes_as_long_alone_as_all_do_in_parallel_is_the_slowest() {
    let one = |slow: f64| move |n: u32| Spent::wait(if n == 3 { slow } else { 10.0 });
    let why = found(4, one(300.0), one(300.0), unchanged);
    shows(&why, &["slowest-url"]);
    let Reason::SlowestUrl {
        url, seconds, of, ..
    } = &why.reasons[0].reason
    else {
        panic!("{why:#?}");
    };
    assert_eq!(url, "http://h:8080/3");
    assert!(seconds <= of && *seconds > 0.9 * of, "{why:#?}");
    // Slow in parallel only, one slow URL is no property of the URL.
    shows(&found(4, one(10.0), one(300.0), unchanged), &[]);
    // As slow as the others, and nothing is idle.
    let why = found(4, |_| Spent::wait(20.0), |_| Spent::wait(20.0), unchanged);
    shows(&why, &[]);
}

#[test]
fn bodies_that_come_the_more_slowly_the_more_come_at_once_fill_the_line() {
    let body = |receive| Spent {
        wait: 2.0,
        receive,
        ..Spent::default()
    };
    let why = found(4, |_| body(20.0), |_| body(160.0), unchanged);
    shows(&why, &["full-line"]);
    let Reason::FullLine { serial, parallel } = &why.reasons[0].reason else {
        panic!("{why:#?}");
    };
    assert!((0.9..1.1).contains(&(parallel / serial)), "{why:#?}");
    shows(&found(4, |_| body(20.0), |_| body(25.0), unchanged), &[]);
    let paced = |_, _: &mut RunSums, together: &mut RunSums| together.is_paced = true;
    shows(&found(4, |_| body(20.0), |_| body(160.0), paced), &[]);
}

/// The load of a run in which pfetch used, and waited for, so many processors.
fn load(used: f64, waiting: Option<f64>, busy: f64) -> Option<RunLoad> {
    Some(RunLoad {
        seconds: 1.0,
        used,
        engine: 0.05,
        waiting,
        busy: Some(busy),
    })
}

#[test]
fn a_machine_without_a_free_processor_is_the_limit_before_all_that_it_slows_down() {
    let slower = |load: Option<RunLoad>| {
        found(
            4,
            |_| Spent::wait(20.0),
            |_| Spent::wait(160.0),
            move |_, _, together| together.load = load,
        )
    };
    let processors = num_cpus::get() as f64;
    for load in [
        // Workers that run or wait to run,
        load(0.1, Some(6.0), 0.5),
        // all processors in use by pfetch,
        load(processors * 0.95, None, 0.5),
        // or by others on a machine that pfetch needs too.
        load(processors * 0.3, Some(0.1), 0.99),
        Some(RunLoad {
            engine: 0.97,
            ..load(0.1, None, 0.1).expect("it is one")
        }),
    ] {
        let why = slower(load);
        assert_eq!(kinds(&why), ["machine"], "{load:?}: {why:#?}");
    }
    for load in [
        None,
        load(0.1, Some(0.2), 0.99),
        load(0.1, None, 0.99),
        load(processors * 0.5, Some(0.2), 0.6),
    ] {
        let why = slower(load);
        assert_eq!(kinds(&why), ["at-once"], "{load:?}: {why:#?}");
    }
    // Busy, and as fast as can be.
    let fast = |_, _: &mut RunSums, together: &mut RunSums| together.load = load(9.0, None, 1.0);
    shows(
        &found(4, |_| Spent::wait(20.0), |_| Spent::wait(20.0), fast),
        &[],
    );
}

#[test]
fn connections_are_named_where_they_are_most_of_the_time_of_an_arm() {
    let new = |ssl| Spent {
        connect: 1.0,
        ssl,
        wait: 2.0,
        ..Spent::default()
    };
    let why = found(4, |_| new(40.0), |_| new(40.0), unchanged);
    shows(&why, &["connections"]);
    let Reason::Connections {
        kept,
        new: connected,
        is_estimated,
        ..
    } = why.reasons[0].reason
    else {
        panic!("{why:#?}");
    };
    assert!(is_estimated && (0.0019..0.0025).contains(&kept), "{why:#?}");
    assert!((0.042..0.045).contains(&connected), "{why:#?}");
    shows(&found(4, |_| new(0.5), |_| new(0.5), unchanged), &[]);
    // One connection is kept in the serial arm, and each of many workers needs one of its own.
    let first = |count: u32| {
        move |n: u32| match n < count {
            true => new(40.0),
            false => Spent::wait(2.0),
        }
    };
    let why = found(4, first(1), first(8), unchanged);
    assert!(kinds(&why).contains(&"connections"), "{why:#?}");
    let Some(Reason::Connections {
        kept, is_estimated, ..
    }) = why
        .reasons
        .iter()
        .map(|one| &one.reason)
        .find(|reason| matches!(reason, Reason::Connections { .. }))
    else {
        panic!("{why:#?}");
    };
    assert!(!is_estimated && (0.0019..0.0025).contains(kept), "{why:#?}");
}

#[test]
fn a_server_that_is_slow_to_accept_costs_connections_and_not_requests() {
    // Eight connections, each accepted 40 ms after the one before.
    let accepted = |n: u32| Spent {
        connect: 0.1,
        wait: 40.0 * f64::from(n + 1) + 2.0,
        ..Spent::default()
    };
    let parallel = |n: u32| match n < 8 {
        true => accepted(n),
        false => Spent::wait(2.0),
    };
    let serial = |n: u32| match n {
        0 => accepted(0),
        _ => Spent::wait(2.0),
    };
    let why = found(4, serial, parallel, unchanged);
    assert_eq!(kinds(&why).first(), Some(&"connections"), "{why:#?}");
    assert!(!kinds(&why).contains(&"at-once"), "{why:#?}");
}

#[test]
fn a_server_that_makes_connections_one_by_one_is_the_limit_there() {
    let new = |ssl| Spent {
        connect: 1.0,
        ssl,
        wait: 2.0,
        ..Spent::default()
    };
    let why = found(4, |_| new(40.0), |_| new(320.0), unchanged);
    assert_eq!(kinds(&why).first(), Some(&"at-once"), "{why:#?}");
}

/// Has so many attempts of a run answered with this status before.
fn push_back(sums: &mut RunSums, status: u16, count: u32) {
    let mut table = OriginTable::default();
    let mut outcome = outcome(0);
    outcome.verdict = Verdict::Failed;
    outcome.last.timing.close(Duration::from_millis(1));
    let attempt = Attempt {
        status: Some(status),
        ..Attempt::default()
    };
    let now = Instant::now();
    outcome.last.span = Some((now, now));
    outcome.follow(
        (0..count)
            .map(|_| Attempt {
                span: Some((now, now)),
                ..attempt.clone()
            })
            .collect(),
    );
    let before = sums.clone();
    sums.add(&outcome, &mut table);
    // Its time is none of the test's.
    sums.slowest = before.slowest;
    let counts = sums.origins[0].push_backs;
    sums.origins = before.origins;
    sums.origins[0].push_backs = counts;
}

#[test]
fn push_backs_of_the_parallel_arm_only_are_a_reason() {
    let wait = |_| Spent::wait(20.0);
    let why = found(4, wait, wait, |_, _, together| push_back(together, 429, 4));
    shows(&why, &["push-back"]);
    let Reason::PushBack {
        too_many,
        unavailable,
        ..
    } = why.reasons[0].reason
    else {
        panic!("{why:#?}");
    };
    assert_eq!((too_many, unavailable), (16, 0), "{why:#?}");
    // A server that fails by chance does so in both arms.
    let why = found(4, wait, wait, |_, alone, together| {
        push_back(alone, 503, 2);
        push_back(together, 503, 4);
    });
    shows(&why, &[]);
    let why = found(4, wait, wait, |pair, _, together| {
        push_back(together, 503, u32::from(pair == 1));
    });
    shows(&why, &[]);
    // Lone requests are pushed back in most runs too, by chance in one of them.
    for (alone_in, expected) in [(0..4, &[][..]), (0..1, &["push-back"])] {
        let why = found(4, wait, wait, |pair, alone, together| {
            push_back(alone, 503, u32::from(alone_in.contains(&pair)));
            push_back(together, 503, 8);
        });
        shows(&why, expected);
    }
}

#[test]
fn the_same_rate_in_both_arms_with_requests_that_wait_and_others_that_are_refused_is_a_limit_by_rate()
 {
    let refused =
        |count| move |_, _: &mut RunSums, together: &mut RunSums| push_back(together, 503, count);
    // Eight workers of which each has to wait eight times as long: as many a second.
    let wait = |millis: f64| move |_| Spent::wait(millis);
    let why = found(4, wait(40.0), wait(320.0), refused(3));
    shows(&why, &["rate-limit"]);
    let Reason::RateLimit {
        per_second,
        unavailable,
        ..
    } = why.reasons[0].reason
    else {
        panic!("{why:#?}");
    };
    assert!((24.0..26.0).contains(&per_second), "{why:#?}");
    assert_eq!(unavailable, 12, "{why:#?}");
    // Nothing is refused; twice as many a second in parallel; what is taken does not wait.
    shows(&found(4, wait(40.0), wait(320.0), unchanged), &["at-once"]);
    let why = found(4, wait(40.0), wait(160.0), refused(3));
    assert!(!kinds(&why).contains(&"rate-limit"), "{why:#?}");
    let why = found(4, wait(40.0), wait(40.0), refused(3));
    shows(&why, &["push-back"]);
    // By chance, in one run of four.
    let why = found(4, wait(40.0), wait(320.0), |pair, _, together| {
        push_back(together, 503, u32::from(pair == 1));
    });
    shows(&why, &["at-once"]);
}

#[test]
fn limits_of_the_users_that_leave_workers_idle_are_named_before_all_else() {
    let per_host = BindingLimits {
        per_host: true,
        ..BindingLimits::default()
    };
    // Two of eight workers at once.
    let asked = |limits| {
        move |pair, _: &mut RunSums, together: &mut RunSums| {
            *together = run(2, pair, |_| Spent::wait(20.0)).0;
            (together.workers, together.limits) = (WORKERS, limits);
        }
    };
    let wait = |_| Spent::wait(20.0);
    let why = found(4, wait, wait, asked(per_host));
    shows(&why, &["asked-limit"]);
    let Reason::AskedLimit {
        limits,
        workers,
        at_once,
    } = why.reasons[0].reason
    else {
        panic!("{why:#?}");
    };
    assert_eq!((limits, workers), (per_host, 8));
    assert!((at_once - 2.0).abs() < 0.01, "{why:#?}");
    shows(&found(4, wait, wait, asked(BindingLimits::default())), &[]);
    // A limit that leaves no worker idle is none to name.
    let busy = |_, _: &mut RunSums, together: &mut RunSums| together.limits = per_host;
    shows(&found(4, wait, wait, busy), &[]);
}

#[test]
fn the_reason_that_explains_more_comes_first() {
    let body = |wait: f64, receive: f64| Spent {
        wait,
        receive,
        ..Spent::default()
    };
    let why = found(4, |_| body(10.0, 10.0), |_| body(40.0, 80.0), unchanged);
    shows(&why, &["full-line", "at-once"]);
    let why = found(4, |_| body(10.0, 10.0), |_| body(80.0, 40.0), unchanged);
    shows(&why, &["at-once", "full-line"]);
}

#[test]
fn what_is_fetched_one_by_one_has_no_reasons() {
    let mut collector = WhyCollector::default();
    for pair in 0..4 {
        for arm in [&mut collector.serial, &mut collector.parallel] {
            let (sums, table) = run(1, pair, |_| Spent {
                connect: 40.0,
                ..Spent::wait(1.0)
            });
            arm.push(sums);
            collector.table = table;
        }
    }
    shows(&collector.why(), &[]);
}

#[test]
fn what_the_run_slowed_down_to_moves_from_the_notices_into_the_reason() {
    let mut why = found(
        4,
        |_| Spent::wait(20.0),
        |_| Spent::wait(20.0),
        |_, _, together| push_back(together, 429, 4),
    );
    let limit = |origin: &str, given_up| {
        MeasurementNotice::PushedBack(OriginLimit {
            origin: origin.into(),
            at_once: Some(3),
            per_second: None,
            push_backs: 5,
            given_up,
            ..OriginLimit::default()
        })
    };
    let others = [
        limit("http://h", None),
        limit(ORIGIN, Some(GivenUp::TooMany)),
        MeasurementNotice::SinglePair,
    ];
    let mut notices = others.to_vec();
    notices.insert(1, limit(ORIGIN, None));
    take_limits(&mut why, &mut notices, |_| None);
    assert_eq!(notices, others);
    let Reason::PushBack { at_once, .. } = why.reasons[0].reason else {
        panic!("{why:#?}");
    };
    assert_eq!(at_once, Some(3));
}

#[test]
fn a_limit_by_rate_that_is_not_known_stays_a_notice() {
    for (untold, stays) in [
        (None, false),
        (Some(UntoldLimit::Kind), false),
        (Some(UntoldLimit::RateOfFew), true),
        (Some(UntoldLimit::RateBetweenWaits), true),
    ] {
        let mut why = found(
            4,
            |_| Spent::wait(20.0),
            |_| Spent::wait(20.0),
            |_, _, together| push_back(together, 429, 4),
        );
        let limit = MeasurementNotice::PushedBack(OriginLimit {
            origin: ORIGIN.into(),
            at_once: Some(1),
            push_backs: 5,
            untold,
            ..OriginLimit::default()
        });
        let mut notices = vec![limit.clone()];
        take_limits(&mut why, &mut notices, |_| None);
        assert_eq!(notices.contains(&limit), stays, "{untold:?}: {why:#?}");
    }
}

#[test]
fn a_limit_by_rate_is_the_reason_also_where_the_serial_runs_are_pushed_back_too() {
    let found = || {
        found(
            4,
            |_| Spent::wait(20.0),
            |_| Spent::wait(20.0),
            |_, _, together| push_back(together, 429, 4),
        )
    };
    let limit = |rate_limit, given_up| {
        MeasurementNotice::PushedBack(OriginLimit {
            origin: ORIGIN.into(),
            at_once: Some(1),
            push_backs: 5,
            by_cause: PushBackCounts {
                too_many: 5,
                ..PushBackCounts::default()
            },
            rate_limit,
            given_up,
            ..OriginLimit::default()
        })
    };
    for mut why in [found(), Why::default()] {
        let mut notices = vec![limit(Some(10.0), None), MeasurementNotice::SinglePair];
        take_limits(&mut why, &mut notices, |_| None);
        assert_eq!(notices, [MeasurementNotice::SinglePair]);
        let is_rate = |reason: &Reason| matches!(reason, Reason::RateLimit { per_second, too_many: 5, .. } if *per_second == 10.0);
        assert!(is_rate(&why.reasons[0].reason), "{why:#?}");
        let others = why.reasons.iter().skip(1);
        let is_said_once = others
            .clone()
            .all(|other| !matches!(other.reason, Reason::PushBack { .. }));
        assert!(is_said_once, "{why:#?}");
    }
    // Between what runs found and what was taken, if that is less.
    for (taken, expected) in [(6.4, 8.0), (12.0, 10.0)] {
        let mut why = Why::default();
        take_limits(&mut why, &mut vec![limit(Some(10.0), None)], |_| {
            Some(taken)
        });
        let Reason::RateLimit { per_second, .. } = why.reasons[0].reason else {
            panic!("{why:#?}");
        };
        assert!((per_second - expected).abs() < 1e-9, "{why:#?}");
    }
    // Without an estimate, or of a server that was given up, it is none.
    for other in [limit(None, None), limit(Some(10.0), Some(GivenUp::TooMany))] {
        let mut why = Why::default();
        let mut notices = vec![other];
        take_limits(&mut why, &mut notices, |_| None);
        assert!(why.reasons.is_empty() && notices.len() == 1, "{why:#?}");
    }
}

#[test]
fn warm_ups_and_stopped_runs_are_left_out() {
    let mut collector = WhyCollector::default();
    let arm_run = |arm, pair| ArmRun {
        arm,
        pair,
        workers: 2,
        done: 0,
        of: 8,
        most: 0,
    };
    let summary = |is_stopped| Summary {
        makespan: Some(Duration::from_millis(10)),
        stopped: is_stopped,
        ..Summary::default()
    };
    for (run, is_stopped) in [
        (arm_run(Arm::Serial, 0), false),
        (arm_run(Arm::Parallel, 0), false),
        (arm_run(Arm::Serial, 1), false),
        (arm_run(Arm::Parallel, 1), true),
    ] {
        collector.begin();
        collector.end(run, &summary(is_stopped));
    }
    let counts = (collector.serial.len(), collector.parallel.len());
    assert_eq!(counts, (1, 0));
    assert!(collector.serial[0].load.is_some());
    assert_eq!(collector.why(), Why::default(), "no pair is whole");
}

#[test]
fn where_nothing_succeeds_there_is_no_reason() {
    let busy = |serial_fails: bool| {
        found(
            4,
            |_| Spent::wait(20.0),
            |_| Spent::wait(160.0),
            move |_, alone, together| {
                together.load = load(0.1, Some(6.0), 0.5);
                alone.has_only_failures = serial_fails;
                together.has_only_failures = true;
            },
        )
    };
    shows(&busy(true), &[]);
    // What fails in parallel alone may have one.
    shows(&busy(false), &["machine"]);
}

#[test]
fn a_run_in_which_nothing_succeeds_has_only_failures() {
    for (ok, failed, expected) in [(0, 3, true), (1, 3, false), (0, 0, false)] {
        let mut sums = RunSums::default();
        sums.complete(&Summary {
            ok,
            failed,
            ..Summary::default()
        });
        assert_eq!(sums.has_only_failures, expected, "{ok} ok, {failed} failed");
    }
}

#[test]
fn the_slowest_target_is_the_one_that_took_longest_with_its_waits() {
    let (sums, _) = run(2, 0, |n| Spent::wait(f64::from(n % 7)));
    let slowest = SlowestTarget {
        index: 6,
        url: Arc::from("http://h:8080/6"),
        time: Duration::from_millis(6),
        waits: Duration::ZERO,
    };
    assert_eq!(sums.slowest, Some(slowest));
}

#[test]
fn a_url_that_fails_slowly_in_both_arms_is_no_limit() {
    let mut table = OriginTable::default();
    let mut sums = RunSums::default();
    let zero = Instant::now();
    for (n, millis) in [(0, 900), (1, 40), (2, 50)] {
        let mut outcome = outcome(n);
        if n == 0 {
            outcome.verdict = Verdict::Failed;
        }
        let time = Duration::from_millis(millis);
        outcome.last.timing.close(time);
        outcome.last.span = Some((zero, zero + time));
        sums.add(&outcome, &mut table);
    }
    sums.complete(&Summary {
        ok: 2,
        failed: 1,
        workers: 3,
        makespan: Some(Duration::from_millis(900)),
        failing_only: Duration::from_millis(850),
        busy: Duration::from_millis(990),
        ..Summary::default()
    });
    let slowest = sums.slowest.as_ref().map(|target| target.index);
    assert_eq!(slowest, Some(2), "{sums:#?}");
    assert!((sums.makespan - 0.05).abs() < 1e-9, "{sums:#?}");
    assert!((sums.busy - 0.09).abs() < 1e-9, "{sums:#?}");
}

#[test]
fn a_server_that_does_less_in_parallel_than_alone_is_not_said_to_answer_one_at_a_time() {
    let why = found(4, |_| Spent::wait(10.0), |_| Spent::wait(160.0), unchanged);
    shows(&why, &[]);
    assert!(why.lost.is_some_and(|lost| lost > 0.9), "{why:#?}");
}

/// The reasons at the knee of a sweep with these numbers of workers, over a server that answers two requests at a time
/// and fails some with so many workers.
fn at_knee(counts: &[usize], failing: Option<usize>) -> Option<KneeWhy> {
    let plan = SweepPlan {
        counts: WorkerCounts::Given(counts.to_vec()),
        runs: 3,
        stopping: None,
        warmups: 0,
    };
    let spent = |workers: usize| Spent::wait(20.0 * (workers as f64 / 2.0).max(1.0));
    let mut pair = 0;
    let swept = plan.conduct(Gates::default(), &mut NullListener, |workers, listener| {
        pair += 1;
        let (mut outcomes, mut summary) = simulated(workers, pair, |_| spent(workers));
        if failing == Some(workers) {
            outcomes[3].verdict = Verdict::Failed;
            outcomes[3].last.status = Some(503);
            summary.failed = 1;
        }
        for outcome in outcomes {
            listener.event(&Event::Finished(outcome))?;
        }
        Ok::<_, io::Error>(MeasuredRun {
            summary,
            startup: Duration::ZERO,
        })
    });
    let sweep = swept.expect("the listener takes all")?;
    // Simulated runs take no time, so the load of this machine is none of theirs.
    let mut collector = KneeCollector::default();
    for workers in counts {
        let (_, table) = run(1, 0, |_| spent(1));
        collector.run.table = table;
        let runs = (0..3).map(|pair| run(*workers, pair, |_| spent(*workers)).0);
        collector.ended.insert(*workers, runs.collect());
    }
    let (told, found) = (
        sweep.why.as_ref().map(|knee| knee.workers),
        collector.why(&sweep),
    );
    assert_eq!(told, found.as_ref().map(|knee| knee.workers), "{sweep:#?}");
    found
}

#[test]
fn one_worker_and_the_next_number_beyond_the_knee_show_why_more_gain_no_more() {
    for (counts, failing, workers) in [
        (&[1, 2, 4, 8][..], None, 4),
        (&[1, 2, 8, 12], None, 8),
        // What answers otherwise does other work.
        (&[1, 2, 8, 12], Some(8), 12),
    ] {
        let knee = at_knee(counts, failing).expect("more were tried");
        assert_eq!(knee.workers, workers, "{counts:?}: {knee:#?}");
        shows(&knee.why, &["at-once"]);
        let Reason::AtOnce { requests, .. } = knee.why.reasons[0].reason else {
            panic!("{knee:#?}");
        };
        assert!((1.8..2.2).contains(&requests), "{counts:?}: {knee:#?}");
    }
    assert_eq!(at_knee(&[1, 2], None), None, "none beyond the knee");
    assert_eq!(at_knee(&[2, 4, 8], None), None, "not one by one");
}
