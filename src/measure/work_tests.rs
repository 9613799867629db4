//! Tests of what failures do to the times of a comparison and to the knee of a sweep.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::null_listener::NullListener;
use super::sequential::{Gates, Stopping};
use super::{Experiment, MeasuredRun, SweepPlan, WorkerCounts};
use crate::model::event::{Event, Listener};
use crate::model::margin::Margin;
use crate::model::measurement::{Arm, Comparison};
use crate::model::notice::MeasurementNotice;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::{Summary, Tally};
use crate::model::target::Verb;

/// A run of targets from so many milliseconds to so many, of which the marked ones failed.
fn run(
    workers: usize,
    targets: &[(u64, u64, bool)],
    listener: &mut dyn Listener,
) -> io::Result<MeasuredRun> {
    let zero = Instant::now();
    let at = |ms| zero + Duration::from_millis(ms);
    let mut tally = Tally::new(workers);
    for (index, (start, end, has_failed)) in (0..).zip(targets) {
        let mut outcome = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
        outcome.last.span = Some((at(*start), at(*end)));
        if *has_failed {
            outcome.verdict = Verdict::Failed;
        }
        tally.add(&outcome);
        listener.event(&Event::Finished(outcome))?;
    }
    Ok(MeasuredRun {
        summary: tally.summary(),
        startup: Duration::ZERO,
    })
}

/// Compares two successes of 100 ms and a failure of 250 ms with two workers; in the last of so many pairs another
/// one fails in parallel.
fn compared(pairs: u32, has_unlike: bool) -> Comparison {
    let experiment = Experiment {
        warmups: 0,
        pairs,
        workers: 2,
        stopping: None,
    };
    let mut parallel_runs = 0;
    let compared = experiment.conduct(
        Gates::default(),
        &mut NullListener,
        |arm, listener| match arm {
            Arm::Serial => {
                let targets = [(0, 100, false), (100, 200, false), (200, 450, true)];
                run(1, &targets, listener)
            }
            Arm::Parallel => {
                parallel_runs += 1;
                let is_unlike = has_unlike && parallel_runs == pairs;
                let targets = [(0, 100, false), (0, 100, is_unlike), (100, 350, true)];
                run(2, &targets, listener)
            }
        },
    );
    compared
        .expect("the listener takes all")
        .expect("nothing was stopped")
}

fn near(seconds: &[f64], expected: &[f64]) -> bool {
    let mut both = seconds.iter().zip(expected);
    seconds.len() == expected.len() && both.all(|(one, other)| (one - other).abs() < 1e-9)
}

#[test]
fn failures_of_both_arms_are_in_neither_time_and_in_the_makespans() {
    let comparison = compared(3, false);
    let case = format!("{comparison:#?}");
    assert!(near(&comparison.serial.seconds, &[0.2; 3]), "{case}");
    assert!(near(&comparison.parallel.seconds, &[0.1; 3]), "{case}");
    assert!(near(&comparison.serial.makespans(), &[0.45; 3]), "{case}");
    assert!(near(&comparison.parallel.makespans(), &[0.35; 3]), "{case}");
    let speedup = comparison.speedup.expect("the arms are alike");
    assert!((speedup.ratio - 2.0).abs() < 1e-9, "{case}");
    let is_told = |notice: &MeasurementNotice| {
        matches!(notice, MeasurementNotice::SharedFailures { urls: 1, .. })
    };
    assert!(comparison.notices.iter().any(is_told), "{case}");
}

#[test]
fn a_pair_that_is_not_alike_keeps_its_times_and_is_no_part_of_the_speed_up() {
    let comparison = compared(5, true);
    let case = format!("{comparison:#?}");
    let parallel = [0.1, 0.1, 0.1, 0.1, 0.35];
    assert!(near(&comparison.parallel.seconds, &parallel), "{case}");
    let speedup = comparison.speedup.expect("one of five is chance");
    assert_eq!(speedup.pairs, 4, "{case}");
    assert!((speedup.ratio - 2.0).abs() < 1e-9, "{case}");
    let left_out = MeasurementNotice::UnlikePairs { left_out: 1, of: 5 };
    assert!(comparison.notices.contains(&left_out), "{case}");
    // One of three is not.
    let comparison = compared(3, true);
    let case = format!("{comparison:#?}");
    assert!(comparison.unlike_work().is_some(), "{case}");
    assert_eq!(comparison.speedup, None, "{case}");
    assert!(near(&comparison.serial.seconds, &[0.45; 3]), "{case}");
}

#[test]
fn a_knee_is_not_where_urls_fail_fast_and_warm_ups_fail_without_consequence() {
    for (fails_from, knee, passed_over) in [(8, 4, 1), (100, 8, 0)] {
        let plan = SweepPlan {
            counts: WorkerCounts::Given(vec![1, 2, 4, 8]),
            runs: 2,
            stopping: None,
            warmups: 1,
        };
        let mut runs = 0;
        let swept = plan.conduct(Gates::default(), &mut NullListener, |workers, listener| {
            runs += 1;
            // The four warm-ups come first.
            let is_cold = runs <= 4 && workers == 8;
            for index in 0..20 {
                let mut outcome = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
                if index == 0 && (is_cold || workers >= fails_from) {
                    outcome.verdict = Verdict::Failed;
                }
                listener.event(&Event::Finished(outcome))?;
            }
            Ok::<_, io::Error>(MeasuredRun {
                summary: Summary {
                    makespan: Some(Duration::from_secs_f64(1.0 / workers as f64)),
                    ok: 20,
                    ..Summary::default()
                },
                startup: Duration::ZERO,
            })
        });
        let sweep = swept
            .expect("the listener takes all")
            .expect("nothing was stopped");
        let case = format!("{fails_from}: {sweep:#?}");
        assert_eq!(sweep.knee.map(|knee| knee.workers), Some(knee), "{case}");
        assert_eq!(sweep.passed_over.len(), passed_over, "{case}");
        let ratio = sweep.speedup().map(|speedup| speedup.ratio);
        let expected = knee as f64;
        assert!(
            ratio.is_some_and(|ratio| (ratio - expected).abs() < 1e-9),
            "{case}"
        );
    }
}

#[test]
fn pairs_are_made_until_one_that_is_unlike_shows_to_be_chance_or_not() {
    // The pairs whose parallel run fails, and whether there is a speed-up in the end.
    for (unlike, has_speedup) in [(&[][..], true), (&[2], true), (&[1, 2, 3], false)] {
        let experiment = Experiment {
            warmups: 0,
            pairs: 30,
            workers: 2,
            stopping: Some(Stopping {
                precision: None,
                most_time: Duration::from_secs(600),
                margin: Margin::default(),
            }),
        };
        let mut pairs = 0;
        let compared =
            experiment.conduct(
                Gates::default(),
                &mut NullListener,
                |arm, listener| match arm {
                    Arm::Serial => run(1, &[(0, 100, false), (100, 200, false)], listener),
                    Arm::Parallel => {
                        pairs += 1;
                        let targets = [(0, 100, false), (0, 100, unlike.contains(&pairs))];
                        run(2, &targets, listener)
                    }
                },
            );
        let comparison = compared
            .expect("the listener takes all")
            .expect("nothing was stopped");
        let case = format!("{unlike:?}: {comparison:#?}");
        assert_eq!(comparison.speedup.is_some(), has_speedup, "{case}");
        assert!(comparison.pairs() < 30, "{case}");
    }
}
