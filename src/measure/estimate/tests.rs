//! The tests of `estimate`.

use std::sync::Arc;

use super::*;
use crate::model::origin::{GivenUp, OriginLimit, OriginLimits};
use crate::model::pacing::{HeldBack, Pacing};

fn summary(workers: usize, sum: u64, slowest: u64, makespan: u64) -> Summary {
    Summary {
        ok: 2,
        workers,
        busy: Duration::from_secs(sum),
        slowest: Duration::from_secs(slowest),
        makespan: Some(Duration::from_secs(makespan)),
        ..Summary::default()
    }
}

#[test]
fn the_slowest_url_bounds_the_speedup_when_workers_abound() {
    let estimate = Estimate::of(&summary(8, 20, 10, 11)).unwrap();
    let (best, bound) = estimate.best.unwrap();
    let slowest = Bound::Slowest {
        time: Duration::from_secs(10),
        waits: Duration::ZERO,
    };
    assert_eq!(bound, slowest);
    assert!((best - 2.0).abs() < 1e-9, "{estimate:?}");
    assert!(
        (estimate.speedup - 20.0 / 11.0).abs() < 1e-9,
        "{estimate:?}"
    );
}

#[test]
fn the_workers_bound_it_when_they_are_few() {
    let estimate = Estimate::of(&summary(2, 20, 2, 11)).unwrap();
    let (best, bound) = estimate.best.unwrap();
    assert_eq!(bound, Bound::Workers(2));
    assert!((best - 2.0).abs() < 1e-9, "{estimate:?}");
}

#[test]
fn urls_that_cannot_be_shared_out_evenly_lower_the_bound() {
    for (urls, workers, expected) in [(40, 6, 40.0 / 7.0), (42, 6, 6.0), (5, 4, 2.5)] {
        let mut run = Summary {
            ok: urls,
            ..summary(workers, urls, 1, 100)
        };
        for _ in 0..urls {
            run.latency.record(Duration::from_secs(1));
        }
        let (best, bound) = Estimate::of(&run).unwrap().best.unwrap();
        assert!(
            (best / expected - 1.0).abs() < 2e-3,
            "{urls} on {workers}: {best}"
        );
        assert_eq!(bound, Bound::Workers(workers), "{urls} on {workers}");
        // Of other lengths the shares may be even: no more is claimed than is known.
        let failed = Summary { failed: 1, ..run };
        let (best, _) = Estimate::of(&failed).unwrap().best.unwrap();
        assert!((best - workers as f64).abs() < 1e-9, "{best}");
    }
}

#[test]
fn a_run_that_waited_for_longer_than_it_fetched_has_no_estimate() {
    let retried = |busy| Summary {
        retries: 1,
        ..summary(4, busy, 12, 13)
    };
    assert_eq!(Estimate::withheld(&retried(12)), Some(Withheld::Waited));
    assert_eq!(Estimate::of(&retried(12)), None);
    let estimate = Estimate::of(&retried(14)).expect("its requests took longer");
    assert_eq!(estimate.serial, Duration::from_secs(14));
    // Without a retry it is the list, or the machine, that was waited for.
    assert_eq!(Estimate::withheld(&summary(4, 12, 12, 13)), None);
}

#[test]
fn a_run_with_push_backs_that_were_left_at_that_has_no_estimate() {
    for (status, withheld) in [
        (503, Some(Withheld::PushedBack)),
        (429, Some(Withheld::PushedBack)),
        (404, None),
    ] {
        let mut run = summary(8, 20, 10, 11);
        run.statuses.insert(status, 3);
        assert_eq!(Estimate::withheld(&run), withheld, "{status}");
    }
}

#[test]
fn a_limit_that_the_run_would_not_show_is_named() {
    let run = |workers, urls, receiving, ms| {
        let mut run = Summary {
            ok: urls,
            receiving: Duration::from_secs(receiving),
            ..summary(workers, 100, 3, 20)
        };
        for _ in 0..urls {
            run.latency.record(Duration::from_millis(ms));
        }
        Estimate::of(&run).expect("it has times").unseen
    };
    use UnseenLimit::{Line, Server};
    for (workers, urls, receiving, ms, expected) in [
        (8, 100, 10, 1000, None),
        (8, 100, 50, 1000, None),
        (8, 100, 51, 1000, Some(Line)),
        (8, 39, 10, 1000, Some(Server)),
        (8, 40, 10, 1000, None),
        (5, 100, 10, 1000, Some(Server)),
        (6, 100, 10, 1000, None),
        (2, 2, 90, 1000, Some(Line)),
        // 2 ms more than 5 would have been told, and are 1.4 times as much; of shorter ones they are more.
        (8, 100, 10, 8, None),
        (8, 100, 10, 6, Some(Server)),
        (8, 100, 10, 1, Some(Server)),
        // One worker shares nothing.
        (1, 2, 90, 1000, None),
    ] {
        let found = run(workers, urls, receiving, ms);
        let given = format!("{workers} workers, {urls} URLs of {ms} ms, {receiving} s of bodies");
        assert_eq!(found, expected, "{given}");
    }
    // From 1 to 1.05 is no range.
    let hardly = Estimate::of(&summary(2, 20, 19, 19)).expect("it has times");
    assert_eq!(hardly.unseen, None, "{hardly:?}");
}

#[test]
fn a_run_that_was_held_back_has_no_best() {
    let paced = |pacing| Summary {
        paced: true,
        pacing,
        ..summary(2, 20, 2, 15)
    };
    let best = |pacing| Estimate::of(&paced(pacing)).unwrap().best;
    let unknown = BindingLimits::default();
    assert_eq!(best(None), Err(Unbounded::HeldBack(unknown)));
    let pacing = |seconds| Pacing {
        held_back: HeldBack {
            per_host: Some(Duration::from_secs(seconds)),
            ..HeldBack::default()
        },
        rate: None,
    };
    let per_host = BindingLimits {
        per_host: true,
        ..unknown
    };
    let held_back = best(Some(pacing(3)));
    assert_eq!(held_back, Err(Unbounded::HeldBack(per_host)));
    // A limit that nothing came near is no bound.
    let free = best(Some(pacing(0)));
    assert!(free.is_ok(), "{free:?}");
}

#[test]
fn a_run_that_was_held_back_for_longer_than_it_fetched_has_no_estimate() {
    let run = |paced| Summary {
        paced,
        ..summary(2, 20, 2, 30)
    };
    let paced = Withheld::Paced(BindingLimits::default());
    assert_eq!(Estimate::withheld(&run(true)), Some(paced));
    assert_eq!(Estimate::of(&run(true)), None);
    assert_eq!(Estimate::withheld(&run(false)), None);
}

#[test]
fn a_run_that_was_stopped_has_none_even_if_all_that_was_read_was_done() {
    let stopped = Summary {
        stopped: true,
        ..summary(8, 20, 10, 11)
    };
    assert_eq!(Estimate::of(&stopped), None);
}

#[test]
fn a_run_that_gave_a_server_up_has_none() {
    let limit = |given_up| OriginLimit {
        origin: Arc::from("http://h"),
        at_once: None,
        per_second: None,
        push_backs: 3,
        given_up,
        ..OriginLimit::default()
    };
    for (given_up, has_one) in [(None, true), (Some(GivenUp::NoAnswer), false)] {
        let limit = |given_up| OriginLimit {
            push_backs: 0,
            ..limit(given_up)
        };
        let waited = Summary {
            origins: OriginLimits::new(vec![limit(None), limit(given_up)], 0),
            ..summary(8, 20, 10, 11)
        };
        let estimate = Estimate::of(&waited);
        assert_eq!(estimate.is_some(), has_one, "{given_up:?}: {estimate:?}");
    }
}

#[test]
fn a_run_whose_times_are_those_of_a_busy_server_has_none() {
    let pushed_back = OriginLimit {
        origin: Arc::from("http://h"),
        at_once: Some(2),
        per_second: None,
        push_backs: 1,
        given_up: None,
        ..OriginLimit::default()
    };
    let pushed_back = Summary {
        origins: OriginLimits::new(vec![pushed_back], 0),
        ..summary(8, 20, 10, 11)
    };
    let slowdown = Slowdown {
        under_way: 4,
        few: Duration::from_millis(10),
        many: Duration::from_millis(80),
    };
    let slowed_down = Summary {
        slowdown: Some(slowdown),
        ..summary(8, 20, 10, 11)
    };
    for (summary, why) in [
        (&pushed_back, Withheld::PushedBack),
        (&slowed_down, Withheld::SlowedDown(slowdown)),
    ] {
        assert_eq!(Estimate::withheld(summary), Some(why));
        assert_eq!(Estimate::of(summary), None, "{why:?}");
        let stopped = Summary {
            stopped: true,
            ..summary.clone()
        };
        assert_eq!(Estimate::withheld(&stopped), None, "it has none anyway");
    }
}

#[test]
fn waiting_for_the_list_is_left_out_of_the_speedup() {
    let fed = |wait, idle| Summary {
        input_wait: Duration::from_secs(wait),
        input_idle: Duration::from_secs(idle),
        ..summary(4, 20, 2, 30)
    };
    for (wait, idle, speedup, best) in [
        (0, 0, 20.0 / 30.0, Ok((4.0, Bound::Workers(4)))),
        // A twentieth of the time decides nothing.
        (1, 1, 20.0 / 29.0, Ok((4.0, Bound::Workers(4)))),
        (20, 0, 20.0 / 30.0, Err(Unbounded::FedSlowly)),
        (25, 20, 2.0, Err(Unbounded::FedSlowly)),
        // Never below the bound: clocks may differ.
        (30, 30, 4.0, Err(Unbounded::FedSlowly)),
        (99, 99, 4.0, Err(Unbounded::FedSlowly)),
    ] {
        let estimate = Estimate::of(&fed(wait, idle)).unwrap();
        assert!(
            (estimate.speedup - speedup).abs() < 1e-9 && estimate.best == best,
            "{wait} {idle}: {estimate:?}"
        );
        assert_eq!(estimate.parallel, Duration::from_secs(30), "{estimate:?}");
    }
}

#[test]
fn nothing_that_succeeded_means_no_estimate() {
    let failed = Summary {
        ok: 0,
        failed: 2,
        ..summary(8, 20, 10, 11)
    };
    assert_eq!(Estimate::of(&failed), None);
    let unchanged = Summary {
        unchanged: 1,
        ..failed
    };
    assert!(Estimate::of(&unchanged).is_some());
}

#[test]
fn nothing_tried_means_no_estimate() {
    assert_eq!(Estimate::of(&Summary::default()), None);
}
