//! The estimated serial time of a run.

use std::time::Duration;

use crate::model::pacing::BindingLimits;
use crate::model::slowdown::Slowdown;
use crate::model::summary::Summary;

/// Serial time **estimated** from a parallel run: the sum of the requests' times, those of failures and of attempts
/// that were made again included ([`Outcome::busy`](crate::model::outcome::Outcome::busy)). Waits between attempts
/// are not in it: they keep no worker busy, and most are of the parallel run's own making.
///
/// It is right if the URLs do not slow each other down. Where they share a bottleneck (the network, the server,
/// this machine), each one takes longer in parallel than alone, and the estimate is too long by as much. So the
/// speed-up is rather too high. It can be too low as well, where a serial client pays what a parallel one does not, as
/// 40 ms for each delayed acknowledgement on a kept connection. So it decides nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimated serial time.
    pub serial: Duration,
    /// The measured parallel time.
    pub parallel: Duration,
    /// The part of the parallel time in which nothing was under way because the input gave nothing.
    pub idle: Duration,
    /// `serial / (parallel - idle)`: of a list that comes slowly, the waiting for it would come with every number
    /// of workers.
    pub speedup: f64,
    /// The largest speed-up that any schedule of these requests could have reached, and its bound.
    ///
    /// # Errors
    ///
    /// Something else bounded the run.
    pub best: Result<(f64, Bound), Unbounded>,
    /// The limit that the run would not show, if there is one: the speed-up may then be anything from 1 on.
    pub unseen: Option<UnseenLimit>,
}

/// Limit that parallel requests may have shared without a trace in the figures of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnseenLimit {
    /// Bodies were coming for most of the time. On a full line each comes the more slowly the more of them come, and
    /// nothing in a run with the same number of workers all along tells that from a server that sends slowly.
    Line,
    /// Too few or too short requests, or too few at once, to [see](Slowdown) whether the server, or this machine,
    /// answered more slowly for them.
    Server,
}

impl UnseenLimit {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            UnseenLimit::Line => "line",
            UnseenLimit::Server => "server",
        }
    }

    fn of(summary: &Summary) -> Option<Self> {
        if summary.workers < 2 {
            None
        } else if summary.receiving > summary.busy / 2 {
            Some(UnseenLimit::Line)
        } else {
            let latency = &summary.latency;
            let typical = latency.p(50.0).unwrap_or_default();
            let is_seen = Slowdown::would_show(summary.workers, latency.count(), typical);
            (!is_seen).then_some(UnseenLimit::Server)
        }
    }
}

/// The least estimated speed-up that is told as a range where a limit may be unseen: below, both ends are as good as one.
const RANGE: f64 = 1.1;

/// Reason why neither the workers nor the slowest URL bounded a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unbounded {
    /// Limits of the user's held back starts or bytes.
    HeldBack(BindingLimits),
    /// The list came more slowly than it was fetched.
    FedSlowly,
}

/// Reason why no speed-up is estimated for a run that has times: they are known not to be those of a serial run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// A server pushed requests back: a serial run may have met none of that, or as much.
    PushedBack,
    /// Answers took longer when more requests were under way.
    SlowedDown(Slowdown),
    /// The run waited, before other attempts, for longer than its requests took: a serial run may have waited less,
    /// or as long.
    Waited,
    /// Limits of the user's held back starts or bytes, for longer than the requests took: a serial run would have kept
    /// the same pace.
    Paced(BindingLimits),
}

/// Lower bound of the makespan of every schedule: the longest job, or all jobs divided evenly among the workers
/// (Graham, "Bounds on Multiprocessing Timing Anomalies", 1969).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The slowest URL.
    Slowest {
        /// Its time, with the waits for its retries.
        time: Duration,
        /// Those waits.
        waits: Duration,
    },
    /// The sum divided by the number of workers.
    Workers(usize),
}

/// The least time of the worker with the most URLs, if all succeeded: some worker has at least the number of URLs over
/// that of workers, rounded up, and they take as long as that many of the shortest do. Of 40 equal URLs on 6 workers,
/// one has 7.
fn longest_share(summary: &Summary, workers: usize) -> Duration {
    // A single worker's share is the even one, and a histogram is long.
    if workers == 1 {
        return Duration::ZERO;
    }
    let urls = summary.latency.count();
    match urls == summary.tried() {
        true => summary
            .latency
            .sum_of_shortest(urls.div_ceil(workers as u64)),
        false => Duration::ZERO,
    }
}

/// Tells whether a run's time may be set against another. A stopped run spent time on URLs that it did not finish, so
/// no comparison is fair. Failures are fast or slow for reasons of their own, and a gain in them is none.
fn is_comparable(summary: &Summary) -> bool {
    !summary.stopped && summary.skipped == 0 && summary.succeeded() > 0
}

impl Estimate {
    /// The reason why there is no estimate for a run that would have one otherwise.
    pub fn withheld(summary: &Summary) -> Option<Withheld> {
        let makespan = summary.makespan.filter(|_| is_comparable(summary))?;
        // Where nothing is asked again, a push-back is a failure like any other.
        let is_push_back = |status: &u16| matches!(status, 429 | 503);
        if summary.origins.has_pushed_back() || summary.statuses.keys().any(is_push_back) {
            return Some(Withheld::PushedBack);
        }
        // Workers do not wait for a retry, but the run does.
        let fetching = makespan.saturating_sub(summary.input_idle);
        if summary.is_held_back() && summary.busy < fetching {
            return Some(Withheld::Paced(summary.binding_limits()));
        }
        if summary.retries > 0 && summary.busy < fetching {
            return Some(Withheld::Waited);
        }
        summary.slowdown.map(Withheld::SlowedDown)
    }

    /// The estimate for a run; `None` if it was stopped before its end, if no URL succeeded, if no time passed, if
    /// an origin was given up, or if it is [withheld](Estimate::withheld).
    pub fn of(summary: &Summary) -> Option<Self> {
        let parallel = summary.makespan.filter(|makespan| !makespan.is_zero())?;
        let serial = summary.busy;
        if serial.is_zero() || !is_comparable(summary) || Estimate::withheld(summary).is_some() {
            return None;
        }
        // Most of the run was waiting for that server, together for all of its URLs. One after the other, each
        // might have waited as long, or the first alone.
        if summary.origins.has_given_up() {
            return None;
        }
        let workers = summary.workers.max(1);
        let even = serial.as_secs_f64() / workers as f64;
        let even = even.max(longest_share(summary, workers).as_secs_f64());
        let slowest = summary.slowest.as_secs_f64();
        let (shortest, bound) = if slowest >= even {
            let bound = Bound::Slowest {
                time: summary.slowest,
                waits: summary.slowest_waits,
            };
            (slowest, bound)
        } else {
            (even, Bound::Workers(workers))
        };
        let shortest = shortest.max(f64::MIN_POSITIVE);
        let best = serial.as_secs_f64() / shortest;
        let idle = summary.input_idle.min(parallel);
        // Clocks of several threads: the rest of the time is never below what the URLs took.
        let fetching = (parallel - idle).as_secs_f64().max(shortest);
        let fetching = fetching.min(parallel.as_secs_f64());
        let speedup = serial.as_secs_f64() / fetching;
        // One after the other is always possible, whatever two clocks say of one URL.
        let best = best.max(1.0);
        Some(Estimate {
            unseen: UnseenLimit::of(summary).filter(|_| speedup >= RANGE),
            serial,
            parallel,
            idle,
            speedup,
            best: if summary.is_held_back() {
                Err(Unbounded::HeldBack(summary.binding_limits()))
            } else if summary.is_fed_slowly() {
                Err(Unbounded::FedSlowly)
            } else {
                Ok((best, bound))
            },
        })
    }
}

#[cfg(test)]
mod tests {
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
            let given =
                format!("{workers} workers, {urls} URLs of {ms} ms, {receiving} s of bodies");
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
}
