//! The estimated serial time of a run.

use std::time::Duration;

use crate::model::origin::OriginLimits;
use crate::model::summary::Summary;

/// Serial time **estimated** from a parallel run: the sum of the requests' times, those of failures and of attempts
/// that were made again included ([`Outcome::busy`](crate::model::outcome::Outcome::busy)). Waits between attempts
/// are not in it: they keep no worker busy, and most are of the parallel run's own making.
///
/// It is right if the URLs do not slow each other down. Where they share a bottleneck (the network, the server,
/// this machine), each one takes longer in parallel than alone, and the estimate is too long by as much.
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
}

/// Reason why neither the workers nor the slowest URL bounded a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unbounded {
    /// Starts or bytes were held back as asked.
    HeldBack,
    /// A server pushed requests back, and was asked for fewer at once: for so many, if it was one server alone.
    PushedBack(Option<Took>),
    /// The list came more slowly than it was fetched.
    FedSlowly,
}

/// The requests that a server took before it pushed back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Took {
    /// So many at once.
    AtOnce(u64),
    /// So many in a second.
    PerSecond(f64),
}

impl Took {
    /// What the only server of a run that pushed back took.
    fn of(origins: &OriginLimits) -> Option<Self> {
        let mut pushed_back = origins.listed.iter().filter(|limit| limit.push_backs > 0);
        let limit = pushed_back.next().filter(|_| origins.more == 0)?;
        if pushed_back.next().is_some() {
            return None;
        }
        let per_second = limit.per_second.map(Took::PerSecond);
        per_second.or(limit.at_once.map(Took::AtOnce))
    }
}

/// Lower bound of the makespan of every schedule: the longest job, or all jobs divided evenly among the workers
/// (Graham, "Bounds on Multiprocessing Timing Anomalies", 1969).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The slowest URL's time, with the waits between its attempts.
    Slowest(Duration),
    /// The sum divided by the number of workers.
    Workers(usize),
}

impl Estimate {
    /// The estimate for a run; `None` if it was stopped before its end, if no URL succeeded, if no time passed, or
    /// if an origin was given up.
    pub fn of(summary: &Summary) -> Option<Self> {
        let parallel = summary.makespan.filter(|makespan| !makespan.is_zero())?;
        let was_pushed_back = summary.origins.has_pushed_back();
        let serial = summary.busy;
        // A stopped run spent time on URLs that it did not finish, so no comparison is fair.
        if serial.is_zero() || summary.skipped > 0 || summary.stopped {
            return None;
        }
        // Failures are fast or slow for reasons of their own, and a gain in them is none.
        if summary.succeeded() == 0 {
            return None;
        }
        // Most of the run was waiting for that server, together for all of its URLs. One after the other, each
        // might have waited as long, or the first alone.
        if summary.origins.has_given_up() {
            return None;
        }
        let workers = summary.workers.max(1);
        let even = serial.as_secs_f64() / workers as f64;
        let slowest = summary.slowest.as_secs_f64();
        let (shortest, bound) = if slowest >= even {
            (slowest, Bound::Slowest(summary.slowest))
        } else {
            (even, Bound::Workers(workers))
        };
        let shortest = match was_pushed_back {
            true => 0.0,
            false => shortest,
        };
        let shortest = shortest.max(f64::MIN_POSITIVE);
        let best = serial.as_secs_f64() / shortest;
        let idle = summary.input_idle.min(parallel);
        // Clocks of several threads: the rest of the time is never below what the URLs took.
        let fetching = (parallel - idle).as_secs_f64().max(shortest);
        let fetching = fetching.min(parallel.as_secs_f64());
        Some(Estimate {
            serial,
            parallel,
            idle,
            speedup: serial.as_secs_f64() / fetching,
            best: if summary.paced {
                Err(Unbounded::HeldBack)
            } else if was_pushed_back {
                Err(Unbounded::PushedBack(Took::of(&summary.origins)))
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
    use crate::model::origin::{GivenUp, OriginLimit};

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
        assert_eq!(bound, Bound::Slowest(Duration::from_secs(10)));
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
    fn waits_between_attempts_are_in_the_slowest_url_and_not_in_the_serial_time() {
        let waited = summary(4, 3, 12, 13);
        let estimate = Estimate::of(&waited).unwrap();
        assert_eq!(estimate.serial, Duration::from_secs(3));
        let (best, bound) = estimate.best.unwrap();
        assert_eq!(bound, Bound::Slowest(Duration::from_secs(12)));
        assert!((best - 0.25).abs() < 1e-9, "{estimate:?}");
    }

    #[test]
    fn a_run_that_one_server_slowed_down_tells_what_it_took() {
        let limit = |origin: &str, per_second| OriginLimit {
            origin: Arc::from(origin),
            at_once: Some(4),
            per_second,
            push_backs: 3,
            given_up: None,
        };
        let one = vec![limit("http://a", None)];
        let slow = vec![limit("http://a", Some(0.5))];
        let two = vec![limit("http://a", None), limit("http://b", None)];
        for (listed, more, took) in [
            (one.clone(), 0, Some(Took::AtOnce(4))),
            (slow, 0, Some(Took::PerSecond(0.5))),
            (two, 0, None),
            (one, 1, None),
        ] {
            let pushed_back = Summary {
                origins: OriginLimits::new(listed, more),
                ..summary(8, 20, 10, 11)
            };
            let best = Estimate::of(&pushed_back).unwrap().best;
            assert_eq!(best, Err(Unbounded::PushedBack(took)), "{pushed_back:?}");
        }
    }

    #[test]
    fn a_run_that_was_held_back_has_no_best() {
        let paced = Summary {
            paced: true,
            ..summary(2, 20, 2, 30)
        };
        assert_eq!(Estimate::of(&paced).unwrap().best, Err(Unbounded::HeldBack));
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
        };
        for (given_up, has_one) in [(None, true), (Some(GivenUp::NoAnswer), false)] {
            let waited = Summary {
                origins: OriginLimits::new(vec![limit(None), limit(given_up)], 0),
                ..summary(8, 20, 10, 11)
            };
            let estimate = Estimate::of(&waited);
            assert_eq!(estimate.is_some(), has_one, "{given_up:?}: {estimate:?}");
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
