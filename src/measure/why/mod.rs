//! The reasons why parallel fetching helped as much as it did: from the phases of both arms, per URL and per origin, by
//! the same pairs of runs as the speed-up.
//!
//! * `sums` adds the outcomes of a run up as they come, in constant memory; `load` is the machine's part.
//! * `pairs` sets serial and parallel runs against each other, with intervals.
//! * `knee` does the same for a sweep: one worker, and more than are enough.
//! * `rules` has one rule for each reason, and `limits` the one table of their thresholds.
//! * `server_time` is the time that requests spend at a server, which two of them are about.

mod knee;
mod limits;
mod load;
mod pairs;
mod rules;
mod server_time;
mod sums;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

pub(super) use knee::KneeCollector;
use load::LoadMark;
use pairs::{OriginPair, SumPair};
use sums::{OriginTable, PhaseSums, PushBacks, RunSums};

use super::observing::RunObserver;
use crate::model::event::Event;
use crate::model::measurement::{Arm, ArmRun};
use crate::model::notice::MeasurementNotice;
use crate::model::origin::UntoldLimit;
use crate::model::reason::{KneeWhy, OriginPhases, PhaseMeans, Reason, WeighedReason, Why};
use crate::model::summary::Summary;
use crate::stats::Sample;

/// The most origins whose phases are reported.
const MAX_LISTED: usize = 8;

/// Collector of what the reasons are found by, over all counted runs of a comparison.
#[derive(Debug, Default)]
pub(super) struct WhyCollector {
    table: OriginTable,
    current: RunSums,
    mark: Option<LoadMark>,
    serial: Vec<RunSums>,
    parallel: Vec<RunSums>,
}

impl WhyCollector {
    /// Begins a run.
    pub(super) fn begin(&mut self) {
        self.current = RunSums::default();
        self.mark = Some(LoadMark::now());
    }

    /// Ends the run, whose figures are in `summary`. Warm-ups do not count, nor do runs that were stopped.
    pub(super) fn end(&mut self, run: ArmRun, summary: &Summary) {
        if let Some(sums) = self.take_sums(run, summary) {
            match run.arm {
                Arm::Serial => self.serial.push(sums),
                Arm::Parallel => self.parallel.push(sums),
            }
        }
    }

    /// The sums of the run that ends; `None` if it does not count.
    fn take_sums(&mut self, run: ArmRun, summary: &Summary) -> Option<RunSums> {
        self.measure_load();
        let mut sums = std::mem::take(&mut self.current);
        sums.complete(summary);
        let is_counted = run.pair > 0 && !summary.stopped && summary.makespan.is_some();
        is_counted.then_some(sums)
    }

    fn measure_load(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.current.load = Some(mark.to_now());
        }
    }

    /// The number of requests a second that an origin took in the parallel runs.
    pub(super) fn taken(&self, origin: &str) -> Option<f64> {
        let number = self.table.names.iter().position(|name| **name == *origin)?;
        let runs = self.parallel.iter();
        let rates = runs.filter_map(|run| Some(run.origins.get(number)?.per_second()));
        Some(Sample::of(&rates.collect::<Vec<_>>())?.mean)
    }

    /// The reasons that the pairs show which are whole.
    pub(super) fn why(&self) -> Why {
        // Chance refuses requests of some runs.
        let least = limits::LIMITS.pushed_back * self.parallel.len() as f64;
        self.why_with(|origin| {
            let refused = self.parallel.iter().map(|run| run.push_backs(origin));
            let refused: Vec<PushBacks> = refused.filter(|one| one.answered() > 0).collect();
            match (refused.len() as f64) < least {
                true => PushBacks::default(),
                false => PushBacks::sum(refused),
            }
        })
    }

    /// The same, with the requests that an origin of this number refused.
    fn why_with(&self, refused: impl Fn(usize) -> PushBacks) -> Why {
        let pairs: Vec<SumPair<'_>> = self
            .serial
            .iter()
            .zip(&self.parallel)
            .map(|(serial, parallel)| SumPair { serial, parallel })
            .filter(|pair| pair.serial.makespan > 0.0 && pair.parallel.makespan > 0.0)
            .collect();
        if pairs.is_empty() {
            return Why::default();
        }
        let names = self.table.names.iter().enumerate();
        let origins: Vec<OriginPair<'_>> = names
            .filter_map(|(number, name)| OriginPair::of(number, name, &pairs))
            .collect();
        let is_one_by_one = pairs.iter().all(|pair| pair.parallel.at_once() < 2.0);
        // How fast failures are has no reason to look for.
        let has_only_failures = pairs
            .iter()
            .all(|pair| pair.serial.has_only_failures && pair.parallel.has_only_failures);
        let mut phases: Vec<OriginPhases> = origins.iter().map(phases).collect();
        phases.sort_by_key(|origin| Reverse(origin.parallel.requests));
        phases.truncate(MAX_LISTED);
        let listed: u64 = phases.iter().map(|origin| origin.parallel.requests).sum();
        let all = pairs.iter().map(|pair| pair.parallel.all.requests);
        Why {
            reasons: match is_one_by_one || has_only_failures {
                true => Vec::new(),
                false => rules::reasons(&pairs, &origins, refused),
            },
            lost: Some(rules::lost(&pairs).mean.clamp(0.0, 1.0)),
            phases,
            unlisted: all.sum::<u64>().saturating_sub(listed),
        }
    }
}

impl RunObserver for WhyCollector {
    fn observe(&mut self, event: &Event) {
        match event {
            // The threads have been started.
            Event::Started(_) => self.mark = Some(LoadMark::now()),
            Event::Finished(outcome) => self.current.add(outcome, &mut self.table),
            // They are still there.
            Event::Ended(_) => self.measure_load(),
            _ => {}
        }
    }
}

/// The phases of both arms at an origin, all runs together.
fn phases(origin: &OriginPair<'_>) -> OriginPhases {
    let means = |arm: Arm| -> PhaseMeans {
        let mut sums = PhaseSums::default();
        for pair in &origin.pairs {
            sums.merge(match arm {
                Arm::Serial => &pair.serial.phases,
                Arm::Parallel => &pair.parallel.phases,
            });
        }
        sums.means()
    };
    OriginPhases {
        origin: origin.name.to_owned(),
        serial: means(Arm::Serial),
        parallel: means(Arm::Parallel),
    }
}

/// Takes what the runs slowed down to from the notices into the reasons of the same origins, so that it is said once. A
/// limit by rate is the reason itself: it holds for one request after the other too, so that the arms need not differ.
/// `taken` is the number of requests a second that an origin took in the parallel runs.
pub(super) fn take_limits(
    why: &mut Why,
    notices: &mut Vec<MeasurementNotice>,
    taken: impl Fn(&str) -> Option<f64>,
) {
    take_rate_limits(why, notices, taken);
    for weighed in &mut why.reasons {
        let Reason::PushBack {
            origin,
            at_once,
            per_second,
            ..
        } = &mut weighed.reason
        else {
            continue;
        };
        notices.retain(|notice| match notice {
            // That of a rate says more than that parallel requests are refused.
            MeasurementNotice::PushedBack(limit)
                if *limit.origin == **origin
                    && limit.given_up.is_none()
                    && !limit.untold.is_some_and(UntoldLimit::is_rate) =>
            {
                (*at_once, *per_second) = (limit.at_once, limit.per_second);
                false
            }
            _ => true,
        });
    }
}

/// Has the reasons at the knee of a sweep and its notices say one thing of an origin that limits requests by rate.
pub(super) fn take_limits_of_sweep(
    mut knee: Option<&mut KneeWhy>,
    notices: &mut Vec<MeasurementNotice>,
) {
    notices.retain(|notice| {
        let MeasurementNotice::PushedBackFrom { limit, .. } = notice else {
            return true;
        };
        let Some(KneeWhy { why, .. }) = knee.as_deref_mut().filter(|_| limit.given_up.is_none())
        else {
            return true;
        };
        if limit.rate_limit.is_some() {
            why.reasons.retain(|weighed| match &weighed.reason {
                Reason::AtOnce { origin, .. } => **origin != *limit.origin,
                _ => true,
            });
        }
        !has_rate_limit(why, &limit.origin)
    });
}

fn has_rate_limit(why: &Why, of: &str) -> bool {
    why.reasons
        .iter()
        .any(|weighed| matches!(&weighed.reason, Reason::RateLimit { origin, .. } if origin == of))
}

/// Makes reasons of the notices of origins that limit requests by rate.
///
/// What a run finds of the rate is rather too much, since a burst is part of it; what was taken in all is rather too little,
/// since waits are. Where that is less, the rate is told by their geometric mean.
fn take_rate_limits(
    why: &mut Why,
    notices: &mut Vec<MeasurementNotice>,
    taken: impl Fn(&str) -> Option<f64>,
) {
    let share = why.lost.unwrap_or(1.0);
    notices.retain(|notice| {
        let MeasurementNotice::PushedBack(limit) = notice else {
            return true;
        };
        if limit.given_up.is_none() && has_rate_limit(why, &limit.origin) {
            return false;
        }
        let Some(per_second) = limit.rate_limit.filter(|_| limit.given_up.is_none()) else {
            return true;
        };
        why.reasons.retain(|weighed| match &weighed.reason {
            Reason::PushBack { origin, .. } | Reason::AtOnce { origin, .. } => {
                **origin != *limit.origin
            }
            _ => true,
        });
        let taken = taken(&limit.origin).filter(|taken| *taken > 0.0 && *taken < per_second);
        let reason = Reason::RateLimit {
            origin: limit.origin.to_string(),
            per_second: taken.map_or(per_second, |taken| (taken * per_second).sqrt()),
            too_many: limit.by_cause.too_many,
            unavailable: limit.by_cause.unavailable,
        };
        why.reasons.insert(0, WeighedReason { reason, share });
        false
    });
}
