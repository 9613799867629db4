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
mod tests;
