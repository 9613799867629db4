//! The course of a comparison or a sweep in words: why there are so many pairs or rounds, and at which level their
//! intervals are.

use super::verdict::{has_best, has_finding};
use crate::model::auto_runs::{AutoEnd, AutoRuns};
use crate::model::measurement::{Comparison, Sweep};
use crate::report::format::counted;
use crate::stats::LEVEL;

/// The reason why there are no more pairs, where their number was not given: `enough: all is decided`. Where nothing can
/// be compared, nothing was decided either.
pub(in crate::report) fn course(comparison: &Comparison) -> Option<&'static str> {
    reason(comparison.auto?, has_finding(comparison))
}

/// The reason why a sweep has no more rounds, where their number was not given.
pub(in crate::report) fn sweep_course(sweep: &Sweep) -> Option<&'static str> {
    reason(sweep.auto?, has_best(sweep))
}

fn reason(auto: AutoRuns, has_figures: bool) -> Option<&'static str> {
    match auto.ended_by {
        AutoEnd::Decided | AutoEnd::Precise if !has_figures => None,
        ended_by => ended_by.text(),
    }
}

/// The warm-ups before the pairs: `after 1 warm-up`, `no warm-up`.
pub(in crate::report) fn after_warm_ups(comparison: &Comparison) -> String {
    match comparison.warmups {
        0 => "no warm-up".to_owned(),
        some => format!("after {}", counted(u64::from(some), "warm-up")),
    }
}

/// The nominal level of the interval, where the number of pairs was not given.
pub(in crate::report) fn level(comparison: &Comparison) -> Option<String> {
    let auto = comparison.auto.filter(|_| has_finding(comparison))?;
    Some(level_of(auto, "pairs", "the 95 % interval is"))
}

/// The nominal level of the interval of a sweep's speed-up, where the number of rounds was not given.
pub(in crate::report) fn sweep_level(sweep: &Sweep) -> Option<String> {
    let auto = sweep.auto.filter(|_| has_best(sweep))?;
    Some(level_of(
        auto,
        "rounds",
        "the 95 % interval of the speed-up is",
    ))
}

/// It is one interval with two numbers: the nominal level by which it is computed, and how often it covers.
fn level_of(auto: AutoRuns, pairs: &str, intervals_are: &str) -> String {
    let until = match auto.ended_by {
        AutoEnd::Precise => "until the interval was narrow enough",
        _ => "until they decided",
    };
    if (auto.level - LEVEL).abs() < 0.0005 {
        return format!(
            "{pairs} were added {until}, and {intervals_are} as with a given number of {pairs}"
        );
    }
    format!(
        "{pairs} were added {until}, so {intervals_are} computed at a nominal {:.1} %, to cover that often",
        auto.level * 100.0
    )
}
