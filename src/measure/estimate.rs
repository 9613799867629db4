//! The estimated serial time of a run.

use std::time::Duration;

use crate::model::summary::Summary;

/// Serial time **estimated** from a parallel run: the sum of the per-URL times.
///
/// It is right if the URLs do not slow each other down. Where they share a bottleneck (the network, the server,
/// this machine), each one takes longer in parallel than alone, and the estimate is too long by as much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimated serial time.
    pub serial: Duration,
    /// The measured parallel time.
    pub parallel: Duration,
    /// `serial / parallel`.
    pub speedup: f64,
    /// The largest speed-up that any schedule of these per-URL times could have reached, and its bound. `None` for
    /// a run whose starts were held back as asked, because that bounds it.
    pub best: Option<(f64, Bound)>,
}

/// Lower bound of the makespan of every schedule: the longest job, or all jobs divided evenly among the workers
/// (Graham, "Bounds on Multiprocessing Timing Anomalies", 1969).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The slowest URL's time.
    Slowest(Duration),
    /// The sum divided by the number of workers.
    Workers(usize),
}

impl Estimate {
    /// The estimate for a run; `None` if it was stopped before its end, if no URL succeeded, if no time passed, or
    /// if an origin was given up.
    pub fn of(summary: &Summary) -> Option<Self> {
        let parallel = summary.makespan.filter(|makespan| !makespan.is_zero())?;
        let serial = summary.sum;
        // A stopped run spent time on URLs that it did not finish, so no comparison is fair.
        if serial.is_zero() || summary.skipped > 0 || summary.stopped {
            return None;
        }
        // Failures are fast or slow for reasons of their own, and a gain in them is none.
        if summary.ok + summary.unchanged == 0 {
            return None;
        }
        // Most of the run was waiting for that server, together for all of its URLs. One after the other, each
        // might have waited as long, or the first alone.
        if summary.origins.has_given_up() {
            return None;
        }
        let workers = summary.workers.max(1);
        // Back-off before a retry occupies no worker.
        let even = summary.busy.as_secs_f64() / workers as f64;
        let slowest = summary.slowest.as_secs_f64();
        let (shortest, bound) = if slowest >= even {
            (slowest, Bound::Slowest(summary.slowest))
        } else {
            (even, Bound::Workers(workers))
        };
        Some(Estimate {
            serial,
            parallel,
            speedup: serial.as_secs_f64() / parallel.as_secs_f64(),
            best: (!summary.paced).then(|| {
                (
                    serial.as_secs_f64() / shortest.max(f64::MIN_POSITIVE),
                    bound,
                )
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::origin::{GivenUp, OriginLimit, OriginLimits};

    fn summary(workers: usize, sum: u64, slowest: u64, makespan: u64) -> Summary {
        Summary {
            workers,
            sum: Duration::from_secs(sum),
            busy: Duration::from_secs(sum),
            slowest: Duration::from_secs(slowest),
            makespan: Some(Duration::from_secs(makespan)),
            ok: 1,
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
    fn a_run_that_was_held_back_has_no_best() {
        let paced = Summary {
            paced: true,
            ..summary(2, 20, 2, 30)
        };
        assert_eq!(Estimate::of(&paced).unwrap().best, None);
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
    fn a_run_in_which_nothing_succeeded_has_none() {
        for (ok, unchanged, has_one) in [(0, 0, false), (1, 0, true), (0, 1, true)] {
            let failed = Summary {
                ok,
                unchanged,
                failed: 20,
                ..summary(8, 20, 10, 11)
            };
            let estimate = Estimate::of(&failed);
            assert_eq!(estimate.is_some(), has_one, "{estimate:?}");
        }
    }

    #[test]
    fn nothing_tried_means_no_estimate() {
        assert_eq!(Estimate::of(&Summary::default()), None);
    }
}
