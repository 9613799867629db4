//! Comparisons whose runs are made up.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::measure::null_listener::NullListener;
use crate::model::event::Event;
use crate::model::notice::MeasurementNotice;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;
use crate::model::target::Verb;

#[test]
fn the_arms_take_turns_in_going_first() {
    let experiment = Experiment {
        warmups: 1,
        pairs: 3,
        workers: 8,
        stopping: None,
    };
    let runs: Vec<_> = experiment.runs().collect();
    let order: String = runs.iter().map(|run| &run.arm.as_str()[..1]).collect();
    assert_eq!(order, "sppsspps");
    let pairs: Vec<u32> = runs.iter().map(|run| run.pair).collect();
    assert_eq!(pairs, [0, 0, 1, 1, 2, 2, 3, 3]);
    assert!(
        runs.iter()
            .zip(0..)
            .all(|(run, n)| run.done == n && run.of == 8)
    );
}

fn outcome(index: u64, bytes: u64) -> Outcome {
    let url = Arc::from(format!("http://h/{index}"));
    let mut outcome = Outcome::new(index, url, Verb::Get);
    outcome.last.status = Some(200);
    outcome.bytes = bytes;
    outcome
}

fn run_of(ms: u64) -> MeasuredRun {
    MeasuredRun {
        summary: Summary {
            makespan: Some(Duration::from_millis(ms)),
            busy: Duration::from_millis(ms),
            ok: 1,
            workers: 3,
            ..Summary::default()
        },
        startup: Duration::from_millis(1),
    }
}

fn experiment(pairs: u32) -> Experiment {
    Experiment {
        warmups: 1,
        pairs,
        workers: 4,
        stopping: None,
    }
}

#[test]
fn a_speed_up_beyond_the_workers_that_can_be_busy_is_doubted() {
    for (parallel, expected) in [
        (40, Some("2.50 times is more than 2 workers can bring: ")),
        (48, Some("2.08 times is more than 2 workers can bring: ")),
        (50, None),
    ] {
        // Two URLs keep two of the three workers busy.
        let compared =
            experiment(3).conduct(Gates::default(), &mut NullListener, |arm, listener| {
                for index in [0, 1] {
                    listener.event(&Event::Finished(outcome(index, 5)))?;
                }
                Ok::<_, io::Error>(run_of(match arm {
                    Arm::Serial => 100,
                    Arm::Parallel => parallel,
                }))
            });
        let comparison = compared.unwrap().expect("nothing was stopped");
        let notices = comparison.notices.iter().map(ToString::to_string);
        let doubts: Vec<String> = notices
            .filter(|notice| notice.contains("can bring"))
            .collect();
        match expected {
            Some(start) => assert!(
                matches!(&doubts[..], [doubt] if doubt.starts_with(start)),
                "{parallel}: {doubts:?}"
            ),
            None => assert!(doubts.is_empty(), "{parallel}: {doubts:?}"),
        }
    }
}

#[test]
fn a_speed_up_beyond_the_workers_is_none_where_targets_were_tried_again() {
    for (retries, parallel, is_claimed) in [(1, 40, false), (0, 40, true), (1, 55, true)] {
        let mut number = 0;
        let compared =
            experiment(4).conduct(Gates::default(), &mut NullListener, |arm, listener| {
                for index in [0, 1] {
                    listener.event(&Event::Finished(outcome(index, 5)))?;
                }
                number += 1;
                let mut run = run_of(match arm {
                    Arm::Serial => 100 + number % 2,
                    Arm::Parallel => parallel,
                });
                run.summary.retries = retries;
                Ok::<_, io::Error>(run)
            });
        let comparison = compared.unwrap().expect("nothing was stopped");
        let case = format!("{retries} retries, {parallel} ms: {comparison:?}");
        assert_eq!(comparison.speedup.is_some(), is_claimed, "{case}");
        assert_eq!(comparison.unlike_work().is_none(), is_claimed, "{case}");
    }
}

#[test]
fn warm_ups_do_not_count_and_pairs_are_set_against_each_other() {
    let mut runs = 0;
    let mut times = [[9000, 100, 200, 400].iter(), [9000, 50, 100, 200].iter()];
    let compared = experiment(3).conduct(Gates::default(), &mut NullListener, |arm, listener| {
        runs += 1;
        for index in [0, 1] {
            listener.event(&Event::Finished(outcome(index, 5)))?;
        }
        let time = times[usize::from(arm == Arm::Parallel)].next();
        Ok::<_, io::Error>(run_of(*time.expect("no more runs than there are times")))
    });
    let comparison = compared.unwrap().expect("nothing was stopped");
    assert_eq!(runs, 8);
    assert_eq!(comparison.serial.seconds, [0.1, 0.2, 0.4]);
    assert_eq!(comparison.parallel.seconds, [0.05, 0.1, 0.2]);
    // Each pair says 2, however much the pairs differ.
    assert!((comparison.speedup.expect("both arms succeed").ratio - 2.0).abs() < 1e-12);
    // Two targets keep no more than two workers busy.
    assert!((comparison.efficiency().expect("both arms succeed") - 1.0).abs() < 1e-12);
    assert_eq!(comparison.differing, (0, Vec::new()));
    assert_eq!(comparison.targets, 2);
    // Of the four that were asked for, three could be started.
    assert_eq!(comparison.workers, 3);
}

#[test]
fn one_target_or_one_worker_is_nothing_to_compare() {
    for (targets, workers, is_one_by_one) in [(1, 3, true), (5, 1, true), (2, 2, false)] {
        let compared =
            experiment(1).conduct(Gates::default(), &mut NullListener, |arm, listener| {
                for index in 0..targets {
                    listener.event(&Event::Finished(outcome(index, 5)))?;
                }
                let mut run = run_of(if arm == Arm::Serial { 40 } else { 90 });
                run.summary.workers = workers;
                Ok::<_, io::Error>(run)
            });
        let comparison = compared.unwrap().expect("nothing was stopped");
        let case = format!("{targets} targets, {workers} workers: {comparison:?}");
        assert_eq!(comparison.is_one_by_one(), is_one_by_one, "{case}");
        assert_eq!(comparison.speedup.is_none(), is_one_by_one, "{case}");
        assert_eq!(comparison.estimated.is_none(), is_one_by_one, "{case}");
        let single = comparison.notices.contains(&MeasurementNotice::SinglePair);
        assert_eq!(single, !is_one_by_one, "{case}");
    }
}

#[test]
fn targets_that_are_not_answered_alike_are_named_once_each() {
    let mut runs = 0;
    let compared = experiment(2).conduct(Gates::default(), &mut NullListener, |_, listener| {
        runs += 1;
        for index in 0..10 {
            // The first is always the same, the others change with every run.
            let bytes = if index == 0 { 0 } else { runs };
            listener.event(&Event::Finished(outcome(index, bytes)))?;
        }
        Ok::<_, io::Error>(run_of(100))
    });
    let (count, named) = compared.unwrap().expect("it is whole").differing;
    assert_eq!(count, 9);
    assert_eq!(named.len(), 5, "{named:?}");
    assert!(!named.contains(&"http://h/0".to_owned()), "{named:?}");
}

#[test]
fn a_run_that_was_stopped_ends_the_comparison_without_a_result() {
    let compared = experiment(2).conduct(Gates::default(), &mut NullListener, |_, _| {
        let mut run = run_of(100);
        run.summary.stopped = true;
        Ok::<_, io::Error>(run)
    });
    assert_eq!(compared.unwrap(), None);
}

/// Conducts a comparison of five pairs after a warm-up, whose run with this number is stopped.
fn stopped_at(stop: u32) -> Option<Comparison> {
    let mut runs = 0;
    let compared = experiment(5).conduct(Gates::default(), &mut NullListener, |arm, listener| {
        runs += 1;
        let mut run = run_of(if arm == Arm::Serial { 40 } else { 10 });
        run.summary.stopped = runs == stop;
        for index in 0..4 {
            let mut outcome = outcome(index, 5);
            if run.summary.stopped && index > 1 {
                outcome.verdict = Verdict::Skipped;
            }
            listener.event(&Event::Finished(outcome))?;
        }
        Ok::<_, io::Error>(run)
    });
    compared.expect("the listener takes all")
}

#[test]
fn pairs_that_are_whole_when_it_is_stopped_are_its_result() {
    // Of twelve runs the first two are warm-ups.
    for (stop, pairs) in [(1, 0), (3, 0), (4, 0), (5, 1), (6, 1), (9, 3), (12, 4)] {
        let Some(comparison) = stopped_at(stop) else {
            assert_eq!(pairs, 0, "{stop}");
            continue;
        };
        let case = format!("{stop}: {comparison:?}");
        assert_eq!(comparison.pairs(), pairs, "{case}");
        assert_eq!(comparison.serial.seconds.len(), pairs, "{case}");
        let made = RunsMade {
            done: stop - 1,
            of: 12,
            at_most: false,
        };
        assert_eq!(comparison.stopped, Some(made), "{case}");
        assert_eq!(comparison.planned_pairs(), Some(5), "{case}");
        let ratio = comparison.speedup.expect("both arms succeed").ratio;
        assert!((ratio - 4.0).abs() < 1e-9, "{case}");
        assert_eq!(comparison.differing, (0, Vec::new()), "{case}");
    }
    let whole = stopped_at(0).expect("nothing was stopped");
    assert_eq!((whole.pairs(), whole.stopped), (5, None));
}
