//! The limits of the rules: the one table of them.

use crate::stats::Interval;

/// The limits of a rule's figure.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuleLimit {
    /// The least mean of the pairs.
    pub(super) least: f64,
    /// The value that the whole interval is above.
    pub(super) beyond: f64,
}

/// The limits of all rules: the one table of them.
pub(super) struct RuleLimits {
    /// The workers' time that is lost, of all of it. With less there is no limit to name.
    pub(super) lost: RuleLimit,
    /// The part of the workers' time that a reason explains at least.
    pub(super) share: f64,
    /// The slowest URL's serial time, of the parallel time.
    pub(super) slowest: RuleLimit,
    /// The ratio of parallel to serial waits for an answer, and of the times in which bodies come.
    pub(super) growth: RuleLimit,
    /// The least growth, in seconds: below it, it is that of the machine.
    pub(super) least_growth: f64,
    /// The effective concurrency of an origin that works on one request at a time at least. With less it got slower as more
    /// was asked of it, and this machine may be what did.
    pub(super) concurrency: f64,
    /// The requests of an origin in a run from which on its waits are compared.
    pub(super) requests: u64,
    /// The workers' time in which they run, or wait for a processor.
    pub(super) running: RuleLimit,
    /// The processors that pfetch uses, of those that it may use.
    pub(super) used: RuleLimit,
    /// The processor that the engine's thread uses, which has only one.
    pub(super) engine: RuleLimit,
    /// The processors that the machine uses, and those that pfetch uses if that is to be its concern.
    pub(super) busy: RuleLimit,
    pub(super) involved: RuleLimit,
    /// The time of connecting, of all requests' time.
    pub(super) connecting: RuleLimit,
    /// The ratios of the rates of both arms that are the same: by the mean of the pairs, and with its whole interval.
    pub(super) alike: [Interval; 2],
    /// The pairs in which only the parallel run was pushed back, and how many times as often that is at least.
    pub(super) pushed_back: f64,
    pub(super) more_often: u64,
}

pub(super) const LIMITS: RuleLimits = RuleLimits {
    lost: RuleLimit {
        least: 0.2,
        beyond: 0.1,
    },
    share: 0.15,
    slowest: RuleLimit {
        least: 0.85,
        beyond: 0.6,
    },
    growth: RuleLimit {
        least: 1.5,
        beyond: 1.2,
    },
    least_growth: 0.002,
    concurrency: 0.6,
    requests: 4,
    running: RuleLimit {
        least: 0.6,
        beyond: 0.4,
    },
    used: RuleLimit {
        least: 0.85,
        beyond: 0.7,
    },
    engine: RuleLimit {
        least: 0.9,
        beyond: 0.75,
    },
    busy: RuleLimit {
        least: 0.95,
        beyond: 0.85,
    },
    involved: RuleLimit {
        least: 0.2,
        beyond: 0.1,
    },
    connecting: RuleLimit {
        least: 0.5,
        beyond: 0.35,
    },
    alike: [
        Interval {
            low: 0.87,
            high: 1.15,
        },
        Interval {
            low: 0.67,
            high: 1.5,
        },
    ],
    pushed_back: 0.8,
    more_often: 4,
};
