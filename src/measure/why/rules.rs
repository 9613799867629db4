//! The rules: each finds one reason in the pairs of runs, or says nothing.
//!
//! The workers' time in the parallel arm is divided up as in a budget: what the same work takes one by one, by how much
//! each phase grew, and the time in which workers had nothing to do. A rule holds if its figure is at or above its limit
//! by the mean of the pairs, and its 95 % interval is beyond another one, in which chance or another load of the machine
//! would leave it. A single pair has no interval, so that nothing is said of it.

use std::time::Duration;

use super::limits::LIMITS;
use super::pairs::{OriginPair, PairFigure, SumPair};
use super::server_time::{mean_times, server_times, waits_grow};
use super::sums::{KindSums, PhaseSums, PushBacks, RunSums, SlowestTarget};
use crate::model::pacing::BindingLimits;
use crate::model::reason::{Reason, WeighedReason};
use crate::model::timing::Phase;
use crate::stats::{Interval, RunPair, Speedup};

/// The most origins that are named by one rule.
const MAX_NAMED: usize = 3;

/// Applies all rules. What the user asked for comes first, then the strongest reason; of two that are as strong to the
/// percent, the one whose rule does. `refused` tells the requests that an origin refused, of so many workers.
pub(super) fn reasons(
    pairs: &[SumPair<'_>],
    origins: &[OriginPair<'_>],
    refused: impl Fn(usize) -> PushBacks,
) -> Vec<WeighedReason> {
    let is_lost = lost(pairs).exceeds(LIMITS.lost);
    let asked = asked_limit(pairs).filter(|_| is_lost);
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for origin in origins {
        match steady_rate(origin, pairs, refused(origin.number)).filter(|_| is_lost) {
            Some(steady) => found.push(steady),
            None => others.push(origin),
        }
    }
    let mut found = strongest(found.into_iter());
    let pushed_back = others.iter().filter_map(|origin| push_back(origin, pairs));
    found.extend(strongest(pushed_back));
    if is_lost {
        let machine = machine(pairs);
        let is_machine = machine.is_some();
        found.extend(machine);
        // Workers that are kept from work have nothing to do for another reason.
        found.extend(slowest_url(pairs).filter(|_| asked.is_none()));
        // Where processors are lacking, everything takes longer: that is what the waits show, then.
        if !is_machine {
            let at_once = others.iter().filter_map(|origin| at_once(origin));
            found.extend(strongest(at_once));
            found.extend(full_line(pairs));
        }
    }
    found.extend(connections(pairs));
    let percent = |weighed: &WeighedReason| (weighed.share * 100.0).round();
    found.sort_by(|one, other| percent(other).total_cmp(&percent(one)));
    asked.into_iter().chain(found).collect()
}

/// Limits of the user's that kept workers idle, in most pairs.
fn asked_limit(pairs: &[SumPair<'_>]) -> Option<WeighedReason> {
    let runs = || pairs.iter().map(|pair| pair.parallel);
    let bound = runs().filter(|run| run.limits.are_any()).count();
    if pairs.len() < 2 || (bound as f64) < LIMITS.pushed_back * pairs.len() as f64 {
        return None;
    }
    let reason = Reason::AskedLimit {
        limits: runs().fold(BindingLimits::default(), |all, run| all.or(run.limits)),
        workers: runs().map(|run| run.at_once() as usize).max()?,
        at_once: PairFigure::of(runs().map(|run| run.busy / run.makespan)).mean,
    };
    weighed(reason, idle(pairs).mean)
}

/// An origin that takes as many requests a second of one worker as of many, has those that it takes wait for their turn, and
/// refuses others: a limit by rate with a burst that queues, as a leaky bucket has it (Jonathan Turner, "New Directions in
/// Communications", 1986). A server that works on one at a time and has room for few to wait looks the same, and the rate
/// is as true of it.
fn steady_rate(
    origin: &OriginPair<'_>,
    pairs: &[SumPair<'_>],
    refused: PushBacks,
) -> Option<WeighedReason> {
    if refused.answered() == 0 {
        return None;
    }
    let rates = origin.pairs.iter();
    let rates = rates.map(|pair| (pair.parallel.per_second(), pair.serial.per_second()));
    let rates: Vec<(f64, f64)> = rates.collect();
    let ratio = PairFigure::of_ratio(rates.iter().copied())?;
    let Interval { low, high } = ratio.interval?;
    let [of_mean, of_interval] = LIMITS.alike;
    let is_alike =
        of_mean.contains(ratio.mean) && [low, high].iter().all(|end| of_interval.contains(*end));
    if !is_alike || !waits_grow(&server_times(origin)?) {
        return None;
    }
    let reason = Reason::RateLimit {
        origin: origin.name.to_string(),
        per_second: PairFigure::of(rates.iter().map(|(parallel, _)| *parallel)).mean,
        too_many: refused.too_many,
        unavailable: refused.unavailable,
    };
    weighed(reason, lost(pairs).mean)
}

/// The share of the workers' time that the same work does not take one by one.
pub(super) fn lost(pairs: &[SumPair<'_>]) -> PairFigure {
    PairFigure::of(pairs.iter().map(|pair| {
        let time = pair.parallel.worker_time();
        1.0 - pair.serial.busy / time
    }))
}

fn strongest(found: impl Iterator<Item = WeighedReason>) -> Vec<WeighedReason> {
    let mut found: Vec<_> = found.collect();
    found.sort_by(|one, other| other.share.total_cmp(&one.share));
    found.truncate(MAX_NAMED);
    found
}

/// A reason that explains enough of the workers' time.
fn weighed(reason: Reason, share: f64) -> Option<WeighedReason> {
    let share = share.clamp(0.0, 1.0);
    (share >= LIMITS.share).then_some(WeighedReason { reason, share })
}

/// The time in which workers had nothing to do, of all their time.
fn idle(pairs: &[SumPair<'_>]) -> PairFigure {
    let idle = |run: &RunSums| 1.0 - run.busy / run.worker_time();
    PairFigure::of(pairs.iter().map(|pair| idle(pair.parallel)))
}

/// Push-backs in the parallel arm only. Their time is that in which workers were held back, and that of the attempts
/// which were for nothing.
fn push_back(origin: &OriginPair<'_>, pairs: &[SumPair<'_>]) -> Option<WeighedReason> {
    let is_only_parallel = |pair: &&SumPair<'_>| {
        let [serial, parallel] =
            [pair.serial, pair.parallel].map(|run| run.push_backs(origin.number).all());
        parallel >= 1 && parallel >= serial * LIMITS.more_often
    };
    let most = LIMITS.pushed_back * pairs.len() as f64;
    let count = pairs.iter().filter(is_only_parallel).count() as f64;
    // Where lone requests are pushed back in most pairs, it is no matter of parallel ones.
    let is_alone = |pair: &&SumPair<'_>| pair.serial.push_backs(origin.number).all() > 0;
    let alone = pairs.iter().filter(is_alone).count() as f64;
    if pairs.len() < 2 || count < most || alone >= most {
        return None;
    }
    let mut all = PushBacks::default();
    let runs = pairs.iter().map(|pair| pair.parallel);
    runs.for_each(|run| all.merge(run.push_backs(origin.number)));
    let spent = pairs.iter().map(|pair| {
        let run = pair.parallel;
        1.0 - (run.busy - run.repeated) / run.worker_time()
    });
    Some(WeighedReason {
        reason: Reason::PushBack {
            origin: origin.name.to_string(),
            too_many: all.too_many,
            unavailable: all.unavailable,
            refused: all.refused,
            at_once: None,
            per_second: None,
        },
        share: PairFigure::of(spent).mean.clamp(0.0, 1.0),
    })
}

/// Processors that are busy: workers that run or wait for one, all that pfetch may use in use, its one engine thread
/// busy, or a machine whose processors others use that it needs too, such as a server on the same machine.
fn machine(pairs: &[SumPair<'_>]) -> Option<WeighedReason> {
    let loads: Option<Vec<_>> = pairs
        .iter()
        .map(|pair| Some((pair.parallel.load?, pair.parallel.at_once())))
        .collect();
    let loads = loads?;
    let processors = num_cpus::get();
    let optional =
        |values: Option<Vec<f64>>| values.map(|values| PairFigure::of(values.into_iter()));
    let running = optional(
        loads
            .iter()
            .map(|(load, workers)| Some((load.used + load.waiting?) / workers))
            .collect(),
    );
    let busy = optional(loads.iter().map(|(load, _)| load.busy).collect());
    let used = PairFigure::of(loads.iter().map(|(load, _)| load.used));
    let part = PairFigure::of(loads.iter().map(|(load, _)| load.used / processors as f64));
    let engine = PairFigure::of(loads.iter().map(|(load, _)| load.engine));
    let exceeds = |figure: &Option<PairFigure>, limit| {
        figure.as_ref().is_some_and(|figure| figure.exceeds(limit))
    };
    let is_limit = exceeds(&running, LIMITS.running)
        || part.exceeds(LIMITS.used)
        || engine.exceeds(LIMITS.engine)
        || (exceeds(&busy, LIMITS.busy) && part.exceeds(LIMITS.involved));
    if !is_limit {
        return None;
    }
    let reason = Reason::Machine {
        used: used.mean,
        processors,
        busy: busy.map(|busy| busy.mean),
        running: running.map(|running| running.mean.min(1.0)),
    };
    weighed(reason, lost(pairs).mean)
}

/// One URL that takes as long by itself, in the serial arm, as everything in the parallel one.
fn slowest_url(pairs: &[SumPair<'_>]) -> Option<WeighedReason> {
    let shares: Option<Vec<f64>> = pairs
        .iter()
        .map(|pair| {
            let alone = pair.serial.slowest.as_ref()?.time.as_secs_f64();
            Some(alone / pair.parallel.makespan)
        })
        .collect();
    if !PairFigure::of(shares?.into_iter()).exceeds(LIMITS.slowest) {
        return None;
    }
    // Of several that take about as long, one is named: the one that was most often the slowest.
    let slowest: Vec<_> = pairs
        .iter()
        .filter_map(|pair| pair.serial.slowest.as_ref())
        .collect();
    let count = |index: u64| {
        slowest
            .iter()
            .filter(|target| target.index == index)
            .count()
    };
    let named = slowest.iter().max_by_key(|target| count(target.index))?;
    let in_parallel = pairs
        .iter()
        .filter_map(|pair| pair.parallel.slowest.as_ref())
        .filter(|target| target.index == named.index);
    let mut told: Vec<&SlowestTarget> = in_parallel.collect();
    if told.is_empty() {
        told.push(named);
    }
    let mean = |time: fn(&SlowestTarget) -> Duration| {
        PairFigure::of(told.iter().map(|target| time(target).as_secs_f64())).mean
    };
    let seconds = mean(|target| target.time);
    let of = PairFigure::of(pairs.iter().map(|pair| pair.parallel.makespan)).mean;
    let reason = Reason::SlowestUrl {
        url: named.url.to_string(),
        seconds: seconds.min(of),
        waits: mean(|target| target.waits).min(of),
        of,
    };
    weighed(reason, idle(pairs).mean)
}

/// An origin at which requests wait for one another. Its effective concurrency is the mean number of requests that it
/// really works on: the throughput in parallel times the time that one takes alone, L = λW (Little, "A Proof for the
/// Queuing Formula: L = λW", Operations Research 9, 1961).
fn at_once(origin: &OriginPair<'_>) -> Option<WeighedReason> {
    let times = server_times(origin)?;
    if !waits_grow(&times) {
        return None;
    }
    let [serial, parallel] = mean_times(&times);
    let pairs: Vec<RunPair> = origin
        .pairs
        .iter()
        .zip(&times)
        .map(|(pair, time)| {
            let [alone, together] = [&pair.serial.phases, &pair.parallel.phases];
            let body = alone.seconds(Phase::Receive) / alone.requests as f64;
            RunPair {
                serial: time.serial + body,
                parallel: pair.parallel.seconds() / together.requests as f64,
            }
        })
        .collect();
    let concurrency = Speedup::of(&pairs)?;
    if concurrency.ratio < LIMITS.concurrency {
        return None;
    }
    // No more than there are workers, however little the runs tell.
    let workers = origin.pairs.iter().map(|pair| pair.at_once);
    let Interval { high, .. } = concurrency.interval?;
    let share = origin.pairs.iter().zip(&times).map(|(pair, time)| {
        let requests = pair.parallel.phases.requests as f64;
        requests * (time.parallel - time.serial) / pair.worker_time
    });
    let reason = Reason::AtOnce {
        origin: origin.name.to_string(),
        requests: concurrency.ratio,
        most: high.min(workers.fold(1.0, f64::max)),
        serial,
        parallel,
    };
    weighed(reason, PairFigure::of(share).mean)
}

/// Bodies that come the more slowly the more of them come at once. Where the user holds bytes back, it is no news.
fn full_line(pairs: &[SumPair<'_>]) -> Option<WeighedReason> {
    if pairs.iter().any(|pair| pair.parallel.is_paced) {
        return None;
    }
    let body = |sums: &PhaseSums| sums.seconds(Phase::Receive) / sums.requests as f64;
    let growth = pairs.iter().map(|pair| {
        let [serial, parallel] = [pair.serial, pair.parallel].map(|run| body(&run.all));
        (parallel, serial)
    });
    let growth: Vec<_> = growth.collect();
    let mean = PairFigure::of(growth.iter().map(|(parallel, serial)| parallel - serial)).mean;
    let ratio = PairFigure::of_ratio(growth.iter().copied())?;
    if !ratio.exceeds(LIMITS.growth) || mean < LIMITS.least_growth {
        return None;
    }
    let serial = pairs.iter().map(|pair| {
        let all = &pair.serial.all;
        all.bytes as f64 / all.seconds(Phase::Receive)
    });
    let parallel = pairs
        .iter()
        .map(|pair| pair.parallel.all.bytes as f64 / pair.parallel.makespan);
    let share = pairs.iter().zip(&growth).map(|(pair, (parallel, serial))| {
        let requests = pair.parallel.all.requests as f64;
        requests * (parallel - serial) / pair.parallel.worker_time()
    });
    let reason = Reason::FullLine {
        serial: PairFigure::of(serial).mean,
        parallel: PairFigure::of(parallel).mean,
    };
    weighed(reason, PairFigure::of(share).mean)
}

/// The seconds that connections cost: connecting, and by how much longer an answer then takes than over a kept
/// connection, because a server that is slow to accept has the first request wait.
fn connection_cost(sums: &PhaseSums) -> f64 {
    let KindSums { requests, .. } = sums.kept;
    let later = match requests >= LIMITS.requests && sums.new.requests > 0 {
        true => (sums.new.mean_wait() - sums.kept.mean_wait()).max(0.0),
        false => 0.0,
    };
    sums.connecting() + later * sums.new.requests as f64
}

/// Connections that are most of the time, in the serial arm or, because that needs fewer of them, in the parallel one.
fn connections(pairs: &[SumPair<'_>]) -> Option<WeighedReason> {
    let time = |sums: &PhaseSums| sums.kept.total + sums.new.total;
    let part = |sums: &PhaseSums| connection_cost(sums) / time(sums);
    let serial = PairFigure::of(pairs.iter().map(|pair| part(&pair.serial.all)));
    let parallel = PairFigure::of(pairs.iter().map(|pair| part(&pair.parallel.all)));
    let is_serial = serial.exceeds(LIMITS.connecting);
    if !is_serial && !parallel.exceeds(LIMITS.connecting) {
        return None;
    }
    let mut arm = PhaseSums::default();
    for pair in pairs {
        arm.merge(match is_serial {
            true => &pair.serial.all,
            false => &pair.parallel.all,
        });
    }
    let is_estimated = arm.kept.requests == 0;
    let kept = match is_estimated {
        true => (time(&arm) - arm.connecting()) / arm.requests as f64,
        false => arm.kept.mean_total(),
    };
    let share = PairFigure::of(pairs.iter().map(|pair| {
        let [serial, parallel] = [pair.serial, pair.parallel].map(|run| connection_cost(&run.all));
        (parallel - serial) / pair.parallel.worker_time()
    }));
    Some(WeighedReason {
        reason: Reason::Connections {
            kept: kept.max(0.0),
            new: arm.new.total / arm.new.requests.max(1) as f64,
            is_estimated,
            serial: serial.mean.clamp(0.0, 1.0),
            parallel: parallel.mean.clamp(0.0, 1.0),
        },
        share: share.mean.clamp(0.0, 1.0),
    })
}
