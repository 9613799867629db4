//! The tests of `reason`.

use super::*;
use crate::model::pacing::BindingLimits;
use crate::model::reason::WeighedReason;

#[test]
fn each_reason_is_one_line_with_its_figures() {
    let origin = || "https://h:8443".to_owned();
    let at_once = |requests, most| Reason::AtOnce {
        origin: origin(),
        requests,
        most,
        serial: 0.02,
        parallel: 0.16,
    };
    let line = |serial, parallel| Reason::FullLine { serial, parallel };
    let machine = |processors, busy| Reason::Machine {
        used: 0.96,
        processors,
        busy,
        running: None,
    };
    let connections = |is_estimated| Reason::Connections {
        kept: 0.0003,
        new: 0.041,
        is_estimated,
        serial: 0.9,
        parallel: 0.9,
    };
    let asked = |limits| Reason::AskedLimit {
        limits,
        workers: 8,
        at_once: 1.97,
    };
    let push_back = |at_once, per_second| Reason::PushBack {
        origin: origin(),
        too_many: 1017,
        unavailable: 0,
        refused: 2,
        at_once,
        per_second,
    };
    for (given, expected) in [
        (
            Reason::SlowestUrl {
                url: "http://h/slow".to_owned(),
                seconds: 1.2,
                waits: 0.0,
                of: 1.21,
            },
            "bounded by its slowest URL: http://h/slow (1.20 s of 1.21 s)",
        ),
        (
            Reason::SlowestUrl {
                url: "http://h/slow".to_owned(),
                seconds: 1.2,
                waits: 0.9,
                of: 1.21,
            },
            "bounded by its slowest URL: http://h/slow (1.20 s of 1.21 s, 900.0 ms of it waiting for retries)",
        ),
        (
            at_once(0.93, 0.98),
            "h:8443 answers about 1 request at a time (1.0 at most)",
        ),
        (
            at_once(3.8, 4.42),
            "h:8443 answers about 4 requests at a time (4.4 at most)",
        ),
        (
            line(94.04e6, 94e6),
            "the line is full: 94.0 MB/s, with one body at a time too",
        ),
        (
            line(1.8e6, 2e6),
            "the line is full: 2.0 MB/s in parallel, 1.8 MB/s with one body at a time",
        ),
        (
            line(31e6, 94e6),
            "the line is full at 94.0 MB/s: one body alone comes with 31.0 MB/s",
        ),
        (
            machine(1, Some(0.6)),
            "this machine is the limit: pfetch uses 1.0 of 1 processor",
        ),
        (
            machine(2, Some(0.994)),
            "this machine is the limit: pfetch uses 1.0 of 2 processors, which are 99 % busy",
        ),
        (
            machine(2, None),
            "this machine is the limit: pfetch uses 1.0 of 2 processors",
        ),
        (
            connections(false),
            "connections are most of it: requests over kept ones take 300 µs, over new ones 41.0 ms",
        ),
        (
            connections(true),
            "connections are most of it: requests take 41.0 ms, and about 300 µs without connecting",
        ),
        (
            push_back(Some(4), None),
            "h:8443 refuses parallel requests (1,017 × 429, 2 refused): slowed down to 4 at once",
        ),
        (
            push_back(Some(1), Some(0.4)),
            "h:8443 refuses parallel requests (1,017 × 429, 2 refused): slowed down to one every 2.5 s",
        ),
        (
            push_back(None, None),
            "h:8443 refuses parallel requests (1,017 × 429, 2 refused)",
        ),
        (
            asked(BindingLimits {
                per_host: true,
                ..BindingLimits::default()
            }),
            "--per-host holds 8 workers to about 2 at once",
        ),
        (
            asked(BindingLimits {
                per_host: true,
                rate: true,
                ..BindingLimits::default()
            }),
            "--rate and --per-host hold 8 workers to about 2 at once",
        ),
        (
            Reason::RateLimit {
                origin: origin(),
                per_second: 10.2,
                too_many: 43,
                unavailable: 0,
            },
            "h:8443 takes about 10 requests a second, however many at once, estimated (43 × 429): --rate 8/s stays \
                 below",
        ),
    ] {
        assert_eq!(reason(&given), expected, "{given:?}");
    }
}

#[test]
fn the_reasons_at_a_knee_name_the_workers_that_were_too_many() {
    let reason = |reason| WeighedReason { reason, share: 0.5 };
    let knee = KneeWhy {
        workers: 8,
        why: Why {
            reasons: vec![
                reason(Reason::FullLine {
                    serial: 94e6,
                    parallel: 94e6,
                }),
                reason(Reason::AtOnce {
                    origin: "http://h".to_owned(),
                    requests: 4.0,
                    most: 4.2,
                    serial: 0.02,
                    parallel: 0.04,
                }),
            ],
            ..Why::default()
        },
    };
    let told: Vec<String> = knee_reasons(Some(&knee)).collect();
    let expected = [
        "with 8 workers: the line is full: 94.0 MB/s, with one body at a time too",
        "with 8 workers: h answers about 4 requests at a time (4.2 at most)",
    ];
    assert_eq!(told, expected);
    assert_eq!(knee_reasons(None).count(), 0);
}
