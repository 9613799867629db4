//! Remedies for figures that do not decide.

use std::time::Duration;

use crate::model::auto_runs::{AutoEnd, AutoRuns};
use crate::model::measurement::{Comparison, Sweep};

/// A number of runs that says more than so many: five in the place of one, which has no interval; else twice as
/// many and ten at least, because the width of an interval shrinks quickly until there.
fn more_runs(runs: usize) -> usize {
    match runs {
        ..=1 => 5,
        runs => runs.saturating_mul(2).max(10),
    }
}

/// The remedy for a number of runs: `more runs would tell (--runs 10)`.
pub fn more_runs_would_tell(runs: usize) -> String {
    format!("more runs would tell (--runs {})", more_runs(runs))
}

/// The remedy for a measurement that was stopped: more than it was to make is no advice yet.
const REST_WOULD_TELL: &str = "the rest of its runs would tell";

/// The remedy for a comparison: more of what it ended by, or what it was stopped before.
pub fn more_would_tell(comparison: &Comparison) -> String {
    if comparison.stopped.is_some() {
        return REST_WOULD_TELL.to_owned();
    }
    more_than(comparison.auto, comparison.pairs())
}

/// The remedy for a sweep: more of what it ended by, or what it was stopped before.
pub fn more_rounds_would_tell(sweep: &Sweep) -> String {
    if sweep.stopped.is_some() {
        return REST_WOULD_TELL.to_owned();
    }
    let (_, runs) = sweep.runs_at_each();
    more_than(sweep.auto, runs)
}

/// More than so many pairs or rounds, or more of what they ended by.
fn more_than(auto: Option<AutoRuns>, runs: usize) -> String {
    let Some(auto) = auto else {
        return more_runs_would_tell(runs);
    };
    match auto.ended_by {
        AutoEnd::MostTime => {
            let twice = Duration::try_from_secs_f64(auto.most_seconds.ceil() * 2.0);
            let twice = humantime::format_duration(twice.unwrap_or(Duration::MAX)).to_string();
            format!(
                "more time would tell (--measurement-time {})",
                twice.replace(' ', "")
            )
        }
        AutoEnd::Precise => {
            let percent = auto.precision.unwrap_or_default() * 50.0;
            format!("more runs would tell (--precision {percent:.1}%)")
        }
        AutoEnd::MostPairs | AutoEnd::Decided | AutoEnd::Stopped => {
            let most = (auto.most_pairs as usize).max(runs);
            format!("more runs would tell (--max-runs {})", more_runs(most))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_runs_are_five_or_ten_or_twice_as_many() {
        for (runs, more) in [(0, 5), (1, 5), (2, 10), (5, 10), (6, 12), (30, 60)] {
            assert_eq!(more_runs(runs), more, "{runs}");
        }
    }
}
