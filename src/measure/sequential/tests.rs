//! The rule on times that are made up.

use super::*;
use crate::stats::{Interval, RunPair};

fn stopping(seconds: u64, precision: Option<f64>) -> Stopping {
    Stopping {
        most_time: Duration::from_secs(seconds),
        precision,
        margin: Margin::default(),
    }
}

/// Makes pairs of these times in turns, in seconds, until it is over: how, after how many.
fn end(stopping: Stopping, most: u32, times: &[(f64, f64)], gates: bool) -> (AutoEnd, usize) {
    let mut sequence = Sequence::new(stopping, most);
    let mut pairs = Vec::new();
    for &(serial, parallel) in times.iter().cycle().take(1000) {
        pairs.push(RunPair { serial, parallel });
        sequence.add_run(Duration::from_secs_f64(serial));
        sequence.add_run(Duration::from_secs_f64(parallel));
        let is_over = sequence.is_over(pairs.len(), |level| {
            let speedup = Speedup::of(&pairs)?.at_level(LEVEL, level);
            Some(Look {
                speedup: Some(speedup),
                is_knee_open: false,
                are_gates_decided: gates,
            })
        });
        if is_over {
            return (sequence.course(pairs.len()).ended_by, pairs.len());
        }
    }
    panic!("it has no end");
}

const CLEAR: [(f64, f64); 2] = [(0.4, 0.1), (0.41, 0.1)];
const EQUAL: [(f64, f64); 3] = [(0.1, 0.1), (0.1005, 0.1), (0.0995, 0.1)];
const UNCLEAR: [(f64, f64); 2] = [(0.1, 0.2), (0.2, 0.1)];

#[test]
fn it_is_over_when_all_is_decided_or_nothing_is_left() {
    use AutoEnd::{Decided, MostPairs, MostTime, Precise};
    let by_verdict = stopping(60, None);
    for (stopping, times, gates, expected) in [
        (by_verdict, &CLEAR[..], true, (Decided, 3)),
        (by_verdict, &EQUAL, true, (Decided, 3)),
        (by_verdict, &UNCLEAR, true, (MostPairs, 30)),
        // The verdict alone is not enough.
        (by_verdict, &CLEAR, false, (MostPairs, 30)),
        // 0.3 s a pair: after the sixth, another would end later than 2 s.
        (stopping(2, None), &UNCLEAR, true, (MostTime, 6)),
        (stopping(2, None), &CLEAR, true, (Decided, 3)),
        // Three in any case.
        (stopping(0, None), &UNCLEAR, true, (MostTime, 3)),
        (stopping(60, Some(0.5)), &CLEAR, true, (Precise, 8)),
        (stopping(60, Some(0.01)), &CLEAR, true, (Precise, 11)),
        (stopping(60, Some(0.5)), &CLEAR, false, (MostPairs, 30)),
    ] {
        let found = end(stopping, 30, times, gates);
        assert_eq!(found, expected, "{stopping:?} {times:?} {gates}");
    }
    assert_eq!(end(by_verdict, 7, &UNCLEAR, true), (MostPairs, 7));
    assert_eq!(end(by_verdict, 3, &CLEAR, true), (Decided, 3));
}

#[test]
fn warm_ups_take_of_the_time_and_the_level_is_that_of_the_end() {
    let mut sequence = Sequence::new(stopping(10, None), 30);
    sequence.add_run(Duration::from_secs(8));
    for pairs in 1..=3 {
        sequence.add_run(Duration::from_secs(1));
        assert_eq!(sequence.is_over(pairs, |_| None), pairs == 3, "{pairs}");
    }
    let course = sequence.course(3);
    assert_eq!(course.ended_by, AutoEnd::MostTime, "{course:?}");
    assert!((course.level - 0.95).abs() < 1e-4, "{course:?}");
    assert_eq!(course.level, course.deciding_level, "{course:?}");
}

#[test]
fn an_early_decision_is_by_a_stricter_interval_than_the_reported_one() {
    let mut sequence = Sequence::new(stopping(60, None), 30);
    let speedup = Speedup {
        pairs: 3,
        ratio: 2.0,
        interval: Some(Interval {
            low: 1.9,
            high: 2.1,
        }),
    };
    assert!(sequence.is_over(3, |_| {
        Some(Look {
            speedup: Some(speedup),
            is_knee_open: false,
            are_gates_decided: true,
        })
    }));
    let course = sequence.course(3);
    // Nothing was looked at before.
    assert!((course.level - 0.95).abs() < 1e-4, "{course:?}");
    assert!((course.deciding_level - 0.9985).abs() < 1e-4, "{course:?}");
}

#[test]
fn what_no_pair_would_decide_is_not_waited_for() {
    let mut sequence = Sequence::new(stopping(60, None), 30);
    let look = |_| {
        Some(Look {
            speedup: None,
            is_knee_open: false,
            are_gates_decided: true,
        })
    };
    assert!(!sequence.is_over(2, look));
    assert!(sequence.is_over(3, look));
    assert_eq!(sequence.course(3).ended_by, AutoEnd::Decided);
    // Nor is there a speed-up that could be precise.
    let mut sequence = Sequence::new(stopping(60, Some(0.01)), 30);
    assert!(sequence.is_over(3, look));
    assert_eq!(sequence.course(3).ended_by, AutoEnd::Decided);
}
