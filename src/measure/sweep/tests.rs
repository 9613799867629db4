//! Sweeps whose runs are made up: which runs are made, and which count.

use std::time::Duration;

use super::*;
use crate::measure::null_listener::NullListener;
use crate::model::event::Event;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::search_cost::SearchCost;
use crate::model::summary::Summary;
use crate::model::target::Verb;

/// Conducts a sweep over 100 targets, which take a second divided by `law` of the number of workers. Returns
/// the numbers of workers in the order of the runs as well.
fn conduct(plan: &SweepPlan, law: impl Fn(usize) -> f64) -> (Sweep, Vec<usize>) {
    let mut order = Vec::new();
    let swept = plan.conduct(Gates::default(), &mut NullListener, |workers, listener| {
        order.push(workers);
        for index in 0..100 {
            let outcome = Outcome::new(index, "http://h/".into(), Verb::Get);
            listener.event(&Event::Finished(outcome))?;
        }
        Ok::<_, io::Error>(MeasuredRun {
            summary: Summary {
                makespan: Some(Duration::from_secs_f64(1.0 / law(workers))),
                ..Summary::default()
            },
            startup: Duration::ZERO,
        })
    });
    (swept.unwrap().expect("nothing was stopped"), order)
}

#[test]
fn given_numbers_are_tried_there_and_back_again() {
    let plan = SweepPlan {
        counts: WorkerCounts::Given(vec![4, 1, 2, 4]),
        runs: 2,
        stopping: None,
        warmups: 1,
    };
    let (sweep, order) = conduct(&plan, |n| n as f64);
    assert_eq!(order, [1, 2, 4, 4, 2, 1, 1, 2, 4]);
    let counts: Vec<_> = sweep.points.iter().map(|p| p.workers).collect();
    assert_eq!(counts, [1, 2, 4]);
    assert!(sweep.points.iter().all(|p| p.times.seconds.len() == 2));
    assert_eq!((sweep.targets, sweep.knee.unwrap().workers), (100, 4));
    assert_eq!(sweep.law, None, "three points fit anything");
}

#[test]
fn an_automatic_sweep_ends_when_more_workers_gain_nothing_or_have_no_work() {
    let auto = |most| SweepPlan {
        counts: WorkerCounts::Auto { most },
        runs: 1,
        stopping: None,
        warmups: 0,
    };
    let (sweep, order) = conduct(&auto(1000), |n| n.min(8) as f64);
    assert_eq!(order, [1, 2, 4, 8, 16]);
    assert_eq!(sweep.knee.unwrap().workers, 8);
    assert_eq!(sweep.law, None, "no smooth curve has such a bend");
    assert_eq!(sweep.notices, [single()]);
    let (sweep, order) = conduct(&auto(1000), |n| n as f64);
    assert!(sweep.law.is_some());
    assert_eq!(
        order,
        [1, 2, 4, 8, 16, 32, 64, 100],
        "there are 100 targets"
    );
    assert_eq!(sweep.notices, [single(), MeasurementNotice::ShortList(100)]);
    let (sweep, order) = conduct(&auto(6), |n| n as f64);
    assert_eq!(order, [1, 2, 4, 6]);
    assert_eq!(sweep.notices, [single()], "the list was not the limit");
}

#[test]
fn rounds_that_are_whole_when_it_is_stopped_are_its_result() {
    let auto = WorkerCounts::Auto { most: 100 };
    let given = WorkerCounts::Given(vec![1, 2, 4]);
    for (counts, stop, expected) in [
        (&given, 1, None),
        (&given, 3, Some((vec![1, 2], 1, false))),
        (&given, 5, Some((vec![1, 2, 4], 1, true))),
        (&given, 9, Some((vec![1, 2, 4], 2, true))),
        (&auto, 1, None),
        // No knee that the search has not found.
        (&auto, 3, Some((vec![1, 2], 1, false))),
    ] {
        let plan = SweepPlan {
            counts: counts.clone(),
            runs: 3,
            stopping: None,
            warmups: 0,
        };
        let mut made = 0;
        let swept = plan.conduct(Gates::default(), &mut NullListener, |_, listener| {
            made += 1;
            let outcome = Outcome::new(0, "http://h/".into(), Verb::Get);
            listener.event(&Event::Finished(outcome))?;
            listener.event(&Event::Finished(Outcome::new(
                9,
                "http://h/".into(),
                Verb::Get,
            )))?;
            Ok::<_, io::Error>(MeasuredRun {
                summary: Summary {
                    makespan: Some(Duration::from_millis(10)),
                    stopped: made == stop,
                    ..Summary::default()
                },
                startup: Duration::ZERO,
            })
        });
        let swept = swept.expect("the listener takes all");
        let case = format!("{counts:?} {stop}: {swept:?}");
        assert_eq!(made, stop, "{case}");
        let found = swept.as_ref().map(|sweep| {
            let workers: Vec<usize> = sweep.points.iter().map(|point| point.workers).collect();
            let runs: Vec<usize> = sweep
                .points
                .iter()
                .map(|point| point.times.seconds.len())
                .collect();
            assert!(runs.iter().all(|count| *count == runs[0]), "{case}");
            (workers, runs[0], sweep.knee.is_some())
        });
        assert_eq!(found, expected, "{case}");
        let stopped = swept.and_then(|sweep| sweep.stopped);
        assert_eq!(
            stopped.map(|made| made.done),
            expected.map(|_| stop - 1),
            "{case}"
        );
    }
}

/// Listener that keeps what the beginnings of runs say of how many there will be.
struct OfListener(Vec<u32>);

impl Listener for OfListener {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::ArmStarted(run) = event {
            self.0.push(run.of);
        }
        Ok(())
    }
}

#[test]
fn an_automatic_sweep_states_no_number_of_runs_that_it_does_not_know() {
    for (counts, of) in [
        (WorkerCounts::Auto { most: 2 }, 0),
        (WorkerCounts::Given(vec![1, 2]), 4),
    ] {
        let plan = SweepPlan {
            counts,
            runs: 2,
            stopping: None,
            warmups: 0,
        };
        let mut told = OfListener(Vec::new());
        let swept = plan.conduct(Gates::default(), &mut told, |_, listener| {
            for index in 0..4 {
                let outcome = Outcome::new(index, "http://h/".into(), Verb::Get);
                listener.event(&Event::Finished(outcome))?;
            }
            Ok::<_, io::Error>(MeasuredRun {
                summary: Summary {
                    makespan: Some(Duration::from_millis(10)),
                    ..Summary::default()
                },
                startup: Duration::ZERO,
            })
        });
        assert!(swept.expect("the listener takes all").is_some());
        assert_eq!(told.0, [of; 4], "{plan:?}");
    }
}

#[test]
fn an_automatic_sweep_warms_up_once_and_repeats_the_knee_and_its_neighbour_alone() {
    let plan = SweepPlan {
        counts: WorkerCounts::Auto { most: 1000 },
        runs: 5,
        stopping: None,
        warmups: 1,
    };
    let (sweep, order) = conduct(&plan, |n| n.min(16) as f64);
    assert_eq!(order, [4, 1, 2, 4, 8, 16, 32, 16, 32, 12]);
    let runs: Vec<_> = sweep
        .points
        .iter()
        .map(|point| (point.workers, point.times.seconds.len()))
        .collect();
    let expected = [(1, 1), (2, 1), (4, 1), (8, 1), (12, 1), (16, 2), (32, 2)];
    assert_eq!(runs, expected);
    assert_eq!(sweep.knee.map(|knee| knee.workers), Some(16), "{sweep:?}");
    let cost = SearchCost {
        runs: 10,
        warmups: 1,
        grid: vec![1, 2, 4, 8, 16, 32],
        grid_runs: 30,
    };
    assert_eq!(sweep.search, Some(cost));
    // Single runs have an interval too, by the scatter of all.
    assert!(sweep.points.iter().all(|point| point.interval.is_some()));
    let speedup = sweep.speedup().expect("there are two numbers of workers");
    assert!((speedup.ratio - 16.0).abs() < 1e-6, "{speedup:?}");
    assert!(speedup.interval.is_some(), "{speedup:?}");
}

/// Conducts an automatic sweep over 100 targets, of which as many fail as `failed` says of a number of workers and
/// the number of its run. Returns the numbers of workers in the order of the runs.
fn failing(failed: impl Fn(usize, usize) -> u64) -> (Option<Sweep>, Vec<usize>) {
    let plan = SweepPlan {
        counts: WorkerCounts::Auto { most: 1000 },
        runs: 5,
        stopping: None,
        warmups: 0,
    };
    let mut order = Vec::new();
    let swept = plan.conduct(Gates::default(), &mut NullListener, |workers, listener| {
        order.push(workers);
        let run = order.iter().filter(|count| **count == workers).count();
        let failed = failed(workers, run);
        for index in 0..100 {
            let mut outcome = Outcome::new(index, "http://h/".into(), Verb::Get);
            if index < failed {
                outcome.verdict = Verdict::Failed;
            }
            listener.event(&Event::Finished(outcome))?;
        }
        Ok::<_, io::Error>(MeasuredRun {
            summary: Summary {
                ok: 100 - failed,
                failed,
                makespan: Some(Duration::from_secs_f64(1.0 / workers as f64)),
                ..Summary::default()
            },
            startup: Duration::ZERO,
        })
    });
    (swept.expect("the listener takes all"), order)
}

#[test]
fn numbers_of_workers_at_which_more_fails_end_the_search() {
    let (sweep, order) = failing(|workers, _| if workers > 8 { 50 } else { 1 });
    assert_eq!(order, [1, 2, 4, 8, 16, 16, 8, 6], "{sweep:?}");
    // A failure that does not come again is bad luck, and no limit.
    let (sweep, order) = failing(|workers, run| u64::from(workers == 4 && run == 1));
    assert_eq!(order[..6], [1, 2, 4, 4, 8, 16], "{sweep:?}");
    let sweep = sweep.expect("nothing was stopped");
    assert_eq!(sweep.knee.map(|knee| knee.workers), Some(100), "{sweep:?}");
    // Twice in a row it is no luck: each number of workers has a failure at its first run.
    let (_, order) = failing(|workers, run| u64::from(workers >= 4 && run == 1));
    assert_eq!(order, [1, 2, 4, 4, 8, 8, 2], "{order:?}");
}

#[test]
fn where_nothing_succeeds_one_run_is_enough() {
    let (sweep, order) = failing(|_, _| 100);
    assert_eq!(order, [1], "{sweep:?}");
    assert_eq!(sweep.and_then(|sweep| sweep.knee), None);
}

fn single() -> MeasurementNotice {
    MeasurementNotice::SingleRuns
}

#[test]
fn given_numbers_beyond_the_list_are_tried_and_noted() {
    for (counts, is_noted) in [(vec![1, 101], true), (vec![1, 100], false)] {
        let plan = SweepPlan {
            counts: WorkerCounts::Given(counts.clone()),
            runs: 2,
            stopping: None,
            warmups: 0,
        };
        let (sweep, order) = conduct(&plan, |n| n.min(100) as f64);
        assert_eq!(order[..2], counts);
        let notices = [MeasurementNotice::ShortList(100)];
        assert_eq!(
            sweep.notices,
            notices[..usize::from(is_noted)],
            "{counts:?}"
        );
    }
    let text = MeasurementNotice::ShortList(100).to_string();
    assert_eq!(
        text,
        "the list is the limit: 100 URLs keep 100 workers busy at most"
    );
}
