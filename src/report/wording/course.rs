//! The course of a comparison in words: why there are so many pairs, and at which level their interval is.

use super::notation::Notation;
use crate::model::auto_runs::{AutoEnd, AutoRuns};
use crate::model::measurement::Comparison;

/// The reason why there are no more pairs, where their number was not given: `enough: all is decided`.
pub(in crate::report) fn course(comparison: &Comparison) -> Option<&'static str> {
    comparison.auto?.ended_by.text()
}

/// The nominal level of the interval, where the number of pairs was not given.
pub(in crate::report) fn level(comparison: &Comparison) -> Option<String> {
    let AutoRuns {
        level, ended_by, ..
    } = comparison.auto?;
    let pairs = match ended_by {
        AutoEnd::Precise => "until the interval was narrow enough",
        _ => "until they decided",
    };
    Some(format!(
        "pairs were added {pairs}, so the interval is at {:.1} %, to cover as often as one at 95 %",
        level * 100.0
    ))
}

/// The ratio of the mean times, where it is seen not to be the speed-up, which is the mean of the pairs' ratios:
/// `pairs' mean; of the mean times 4.85x`.
pub(in crate::report) fn other_ratio(
    notation: Notation,
    comparison: &Comparison,
) -> Option<String> {
    let pairs = notation.ratio(comparison.speedup?.ratio);
    let means = comparison.serial.sample.mean / comparison.parallel.sample.mean;
    let means = notation.ratio(means);
    (means != pairs).then(|| format!("mean of the pairs' ratios (the mean times have {means})"))
}
