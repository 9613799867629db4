//! The tests of `binding`.

use std::time::Duration;

use super::super::{EndKind, Ending, NextStart, PushBackRecord, ServerPolicy, StartLimits};
use super::*;

const MS: Duration = Duration::from_millis(1);

/// A schedule under these limits: how many may be in flight to an origin, and the distances in milliseconds at an
/// origin and over all; with two items at `http://a`, and those of further origins, of which as many as may have
/// been started.
fn started(
    per_origin: Option<usize>,
    distances: [u32; 2],
    others: &[&str],
) -> Schedule<&'static str> {
    let limits = StartLimits {
        per_origin,
        origin_delay: MS * distances[0],
        interval: MS * distances[1],
    };
    let mut schedule = Schedule::new(limits, ServerPolicy::default());
    let now = Instant::now();
    let origins = ["http://a", "http://a"]
        .into_iter()
        .chain(others.iter().copied());
    for (sequence, origin) in (0..).zip(origins) {
        schedule.offer(origin, sequence, "item", now);
    }
    while let NextStart::Start(_) = schedule.next(now) {}
    schedule
}

#[test]
fn the_limits_that_bind_are_those_that_items_wait_for() {
    let none = BindingLimits::default();
    let [rate, host_delay, per_host] = [
        BindingLimits { rate: true, ..none },
        BindingLimits {
            host_delay: true,
            ..none
        },
        BindingLimits {
            per_host: true,
            ..none
        },
    ];
    for (per_origin, distances, expected) in [
        (None, [0, 0], none),
        (Some(2), [0, 0], none),
        (Some(1), [0, 0], per_host),
        (None, [10, 0], host_delay),
        (None, [0, 10], rate),
        // The second waits for the distance at its origin, however soon the rate lets others start.
        (None, [10, 5], host_delay),
        (Some(1), [0, 10], per_host),
    ] {
        let found = started(per_origin, distances, &[]).binding();
        assert_eq!(found, expected, "{per_origin:?} {distances:?}");
    }
    // Two origins, one with an item that waits for each of two limits.
    let both = started(Some(2), [10, 0], &["http://b"]).binding();
    assert_eq!(both, host_delay);
}

/// What the rate of 100/s is missed by, with answers that take 40 ms, so many workers, and an item every so many
/// milliseconds, of the list or to be tried again.
fn missed_by(
    (per_origin, origin_delay): (Option<usize>, u32),
    workers: usize,
    (each, is_retried): (u32, bool),
) -> Option<MissedBy> {
    const ITEMS: u32 = 20;
    let limits = StartLimits {
        per_origin,
        origin_delay: MS * origin_delay,
        interval: MS * 10,
    };
    let mut schedule = Schedule::new(limits, ServerPolicy::default());
    let began = Instant::now();
    let mut in_flight: Vec<(u64, Instant)> = Vec::new();
    let offered = |sequence: u32| began + MS * (each * sequence);
    for sequence in (0..ITEMS).filter(|_| is_retried) {
        schedule.offer_later("http://a", u64::from(sequence), sequence, offered(sequence));
    }
    for tick in 0..5000 {
        let now = began + MS * tick;
        for sequence in (0..ITEMS).filter(|sequence| !is_retried && offered(*sequence) == now) {
            schedule.offer("http://a", u64::from(sequence), sequence, now);
        }
        for (sequence, started) in in_flight.extract_if(.., |(_, at)| now >= *at + MS * 40) {
            let kind = EndKind::Answered;
            let ending = Ending {
                sequence,
                started,
                kind,
            };
            schedule.end("http://a", &ending, &mut PushBackRecord::default(), now);
        }
        loop {
            if in_flight.len() >= workers {
                schedule.block();
                break;
            }
            let NextStart::Start(sequence) = schedule.next(now) else {
                break;
            };
            in_flight.push((u64::from(sequence), now));
        }
    }
    schedule.start_rate().expect("there is a rate").missed_by
}

#[test]
fn a_rate_is_missed_by_what_its_items_waited_for() {
    let none = (None, 0);
    for (limits, workers, items, expected) in [
        (none, 8, (0, false), None),
        (none, 1, (0, false), Some(MissedBy::Workers)),
        ((Some(1), 0), 8, (0, false), Some(MissedBy::PerHost)),
        ((None, 40), 8, (0, false), Some(MissedBy::HostDelay)),
        (none, 8, (40, false), Some(MissedBy::List)),
        (none, 8, (40, true), Some(MissedBy::Server)),
    ] {
        let found = missed_by(limits, workers, items);
        assert_eq!(found, expected, "{limits:?} {workers} {items:?}");
    }
}

#[test]
fn a_wait_that_a_server_asks_for_is_none_of_the_users_limits() {
    let mut schedule = started(None, [10, 0], &[]);
    let now = Instant::now();
    schedule.hold("http://a", now, now + 1000 * MS, now);
    assert_eq!(schedule.binding(), BindingLimits::default());
}

#[test]
fn an_origin_is_full_until_an_item_ends_or_none_waits() {
    let mut schedule = started(Some(1), [0, 0], &[]);
    let now = Instant::now();
    let end = |schedule: &mut Schedule<&'static str>, sequence| {
        let ending = Ending {
            sequence,
            started: now,
            kind: EndKind::Answered,
        };
        schedule.end("http://a", &ending, &mut PushBackRecord::default(), now);
    };
    end(&mut schedule, 0);
    assert_eq!(schedule.full.blocked_by(), None);
    assert_eq!(schedule.next(now), NextStart::Start("item"));
    assert_eq!(schedule.full.blocked_by(), None, "none waits");
    end(&mut schedule, 1);
    let mut schedule = started(Some(1), [0, 0], &[]);
    assert_eq!(schedule.full.blocked_by(), Some(MissedBy::PerHost));
    schedule.drain();
    assert_eq!(schedule.full.blocked_by(), None, "all are taken out");
}
