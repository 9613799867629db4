//! Remedies for figures that do not decide.

use std::time::Duration;

use super::MetricValue;
use crate::model::auto_runs::{AutoEnd, AutoRuns};
use crate::model::measurement::{Comparison, Sweep};

/// The pairs of runs whose scatter tells how many more would do: that of fewer is easily far off, so that these are asked for
/// first.
const PILOT: usize = 10;

/// The most pairs, and the longest time in seconds, that are asked for.
const MOST: usize = 200;
const LONGEST: f64 = 3600.0;

/// A number of runs that says more than so many: five in the place of one, which has no interval; else twice as
/// many and ten at least, because the width of an interval shrinks quickly until there.
fn more_runs(runs: usize) -> usize {
    match runs {
        ..=1 => 5,
        runs => runs.saturating_mul(2).max(PILOT),
    }
}

/// The remedy for a measurement that was stopped: more than it was to make is no advice yet.
const REST_WOULD_TELL: &str = "the rest of its runs would tell";

/// The remedy for runs of which no number that anybody would make would tell.
const LESS_SCATTER_WOULD_TELL: &str = "a quieter machine would tell, or a larger --margin";

/// The same for a gate.
const TOO_NEAR: &str = "too near to the limit for runs that scatter so much";

/// The remedy for a comparison: more of what it ended by, or what it was stopped before. They are as many as would show a
/// difference, or that there is none beyond the margin, if they scatter as those that were made.
pub fn more_would_tell(comparison: &Comparison) -> String {
    let needed = comparison.deciding_speedup().and_then(|speedup| {
        let away = speedup.ratio.ln().abs();
        let to_margin = comparison.margin.ratios().high.ln() - away;
        speedup
            .interval?
            .runs_for(speedup.pairs, away.max(to_margin))
    });
    more_pairs(comparison, needed, LESS_SCATTER_WOULD_TELL)
}

/// The remedy for a gate on a comparison that its figure, of all pairs, does not decide.
pub(super) fn more_would_decide(
    comparison: &Comparison,
    figure: MetricValue,
    threshold: f64,
) -> String {
    let away = (figure.value / threshold).ln().abs();
    let interval = figure.interval;
    let needed = interval.and_then(|interval| interval.runs_for(comparison.pairs(), away));
    more_pairs(comparison, needed, TOO_NEAR)
}

fn more_pairs(comparison: &Comparison, needed: Option<usize>, beyond: &str) -> String {
    if comparison.stopped.is_some() {
        return REST_WOULD_TELL.to_owned();
    }
    let (auto, pairs) = (comparison.auto, comparison.pairs());
    match needed {
        Some(_) if pairs < PILOT => more_than(auto, pairs, more_runs(pairs)),
        Some(needed) => {
            let needed = needed.max(pairs + 1);
            let seconds = auto.map_or(0.0, |auto| auto.most_seconds);
            match needed > MOST || seconds * needed as f64 / pairs as f64 > LONGEST {
                true => beyond.to_owned(),
                false => more_than(auto, pairs, needed),
            }
        }
        None => more_than(auto, pairs, more_runs(pairs)),
    }
}

/// The remedy for a sweep: more of what it ended by, or what it was stopped before.
pub fn more_rounds_would_tell(sweep: &Sweep) -> String {
    if sweep.stopped.is_some() {
        return REST_WOULD_TELL.to_owned();
    }
    let (_, runs) = sweep.runs_at_each();
    let needed = match sweep.auto {
        Some(auto) if auto.ended_by == AutoEnd::MostTime => runs * 2,
        Some(auto) => more_runs(runs.max(auto.most_pairs as usize)),
        None => more_runs(runs),
    };
    match needed > MOST {
        true => LESS_SCATTER_WOULD_TELL.to_owned(),
        false => more_than(sweep.auto, runs, needed),
    }
}

/// So many pairs or rounds instead of those that were made, or as much more of what they ended by.
fn more_than(auto: Option<AutoRuns>, runs: usize, needed: usize) -> String {
    let Some(auto) = auto else {
        return format!("more runs would tell (--runs {needed})");
    };
    match auto.ended_by {
        AutoEnd::MostTime => {
            let more = needed as f64 / runs.max(1) as f64;
            let time = Duration::try_from_secs_f64((auto.most_seconds * more).ceil());
            let time = humantime::format_duration(time.unwrap_or(Duration::MAX)).to_string();
            format!(
                "more time would tell (--measurement-time {})",
                time.replace(' ', "")
            )
        }
        AutoEnd::Precise => {
            let percent = auto.precision.unwrap_or_default() * 50.0;
            format!("more runs would tell (--precision {percent:.1}%)")
        }
        AutoEnd::MostPairs | AutoEnd::Decided | AutoEnd::Stopped => {
            let most = (auto.most_pairs as usize + 1).max(needed);
            format!("more runs would tell (--max-runs {most})")
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
