//! Checks of answers that are made up.

use std::sync::Arc;

use super::*;
use crate::model::outcome::{Failure, FailureKind};
use crate::model::target::Verb;
use crate::model::work::FailureCause;

/// Runs of both arms in turns, the first `warmups` pairs not counted. An answer is of arm, pair (from 0) and index:
/// a status, which fails from 400 on, and a size.
fn compared(
    warmups: u32,
    pairs: u32,
    targets: u64,
    answer: impl Fn(Arm, u32, u64) -> (u16, u64),
) -> PairedWork {
    let mut check = AnswerCheck::default();
    for pair in 0..warmups + pairs {
        for arm in [Arm::Serial, Arm::Parallel] {
            let workers = if arm == Arm::Serial { 1 } else { 4 };
            run(
                &mut check,
                arm,
                (pair + 1).saturating_sub(warmups),
                workers,
                |index| answer(arm, pair, index),
                targets,
            );
        }
    }
    check.paired_work(pairs)
}

fn run(
    check: &mut AnswerCheck,
    arm: Arm,
    pair: u32,
    workers: usize,
    answer: impl Fn(u64) -> (u16, u64),
    targets: u64,
) {
    check.begin_run(&ArmRun {
        arm,
        pair,
        workers,
        done: 0,
        of: 0,
        most: 0,
    });
    for index in 0..targets {
        let (status, bytes) = answer(index);
        let mut outcome = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
        outcome.last.status = Some(status);
        outcome.bytes = bytes;
        if status >= 400 {
            outcome.verdict = Verdict::Failed;
            outcome.last.error = Some(Box::new(Failure {
                kind: FailureKind::Status,
                phase: None,
                message: String::new(),
                is_transient: false,
                is_alone: false,
            }));
        }
        check.add(&outcome);
    }
    check.end_run(true);
}

#[test]
fn a_failure_in_one_arm_makes_its_pair_unlike_whichever_arm_it_is() {
    let work = compared(0, 4, 10, |arm, pair, index| match (arm, pair, index) {
        (Arm::Parallel, 1, 3 | 4) | (Arm::Serial, 3, 5) => (503, 0),
        (Arm::Parallel, 3, 6) => (203, 0),
        // Both arms, in whichever way.
        (Arm::Serial, _, 9) => (404, 0),
        (Arm::Parallel, _, 9) => (503, 0),
        _ => (200, 0),
    });
    assert_eq!(
        work,
        PairedWork {
            unlike_pairs: vec![2, 4],
            failed_in_parallel: 2,
            failed_serially: 1,
            other_status: 1,
            other_size: 0,
            failed_in_both: 1,
        }
    );
}

#[test]
fn warm_ups_fail_without_consequence() {
    let work = compared(1, 3, 4, |arm, pair, _| match (arm, pair) {
        (Arm::Parallel, 0) => (503, 7),
        _ => (200, 5),
    });
    assert_eq!(work, PairedWork::default());
}

#[test]
fn a_size_is_evidence_only_beyond_what_the_same_arm_varies_by() {
    // Each case: what is answered, and how many targets have another size.
    type Answer = fn(Arm, u32, u64) -> u64;
    let cases: [(&str, u32, Answer, u64); 8] = [
        ("steady in each arm", 3, |arm, _, _| arm as u64, 20),
        (
            "one of them",
            3,
            |arm, _, index| (arm as u64) * u64::from(index == 7),
            1,
        ),
        (
            "a nonce",
            3,
            |arm, pair, _| u64::from(pair) * 2 + arm as u64,
            0,
        ),
        (
            "a cold first run",
            3,
            |arm, pair, _| u64::from(pair == 0 && arm == Arm::Serial),
            0,
        ),
        ("seen once in each arm", 1, |arm, _, _| arm as u64, 0),
        (
            "short pages now and then",
            4,
            |arm, pair, index| {
                u64::from(arm == Arm::Parallel && (u64::from(pair) + index) % 2 == 0)
            },
            20,
        ),
        (
            "a few that vary in one arm by chance",
            4,
            |arm, pair, index| u64::from(arm == Arm::Parallel && pair == 2 && index < 5),
            0,
        ),
        (
            "as many that vary in the other",
            4,
            |arm, pair, index| u64::from(pair == 2 && (arm == Arm::Parallel) == (index % 2 == 0)),
            0,
        ),
    ];
    for (case, pairs, answer, expected) in cases {
        let warmups = u32::from(case.contains("cold"));
        let work = compared(warmups, pairs, 20, |arm, pair, index| {
            (200, 100 + answer(arm, pair, index))
        });
        assert_eq!(work.other_size, expected, "{case}: {work:?}");
        let unlike = if expected > 0 { pairs as usize } else { 0 };
        assert_eq!(work.unlike_pairs.len(), unlike, "{case}: {work:?}");
    }
}

/// What is passed over of two runs each, by number of workers, run and index.
fn swept(counts: &[usize], answer: impl Fn(usize, u32, u64) -> (u16, u64)) -> Vec<PassedOver> {
    let mut check = AnswerCheck::default();
    for round in 1..=2 {
        for workers in counts {
            let answer = |index| answer(*workers, round, index);
            run(&mut check, Arm::Parallel, round, *workers, answer, 10);
        }
    }
    check.passed_over()
}

#[test]
fn numbers_of_workers_with_failures_of_their_own_are_passed_over_with_the_cause_of_most() {
    let passed = swept(&[1, 4, 8], |workers, round, index| match (workers, index) {
        // Everywhere, which is nobody's fault.
        (_, 9) => (404, 0),
        (8, 0) => (500, 0),
        (8, 1..=3) if round == 2 => (503, 0),
        _ => (200, 5),
    });
    let expected = PassedOver {
        workers: 8,
        urls: 4,
        difference: PointDifference::Failed(Some(FailureCause::Status(503))),
    };
    assert_eq!(passed, [expected]);
    // The fewest can fail too.
    let passed = swept(&[1, 4], |workers, _, index| match (workers, index) {
        (1, 2) => (503, 0),
        _ => (200, 5),
    });
    let workers: Vec<usize> = passed.iter().map(|passed| passed.workers).collect();
    assert_eq!(workers, [1]);
}

#[test]
fn statuses_and_sizes_are_compared_with_the_fewest_workers_that_remain() {
    let passed = swept(&[1, 2, 4, 8], |workers, _, index| match (workers, index) {
        (1, 0) => (503, 0),
        (4, 1) => (203, 5),
        (8, 1) => (200, 6),
        _ => (200, 5),
    });
    let found: Vec<_> = passed
        .iter()
        .map(|passed| (passed.workers, passed.difference))
        .collect();
    assert_eq!(
        found,
        [
            (1, PointDifference::Failed(Some(FailureCause::Status(503)))),
            (4, PointDifference::OtherStatus(203)),
            (8, PointDifference::OtherSize),
        ]
    );
}
