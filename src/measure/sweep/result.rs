//! The result of a sweep: the times at each number of workers, the knee and the scaling law.

use std::collections::HashMap;
use std::sync::Arc;

use super::runner::SweptRuns;
use crate::measure::answers::AnswerCheck;
use crate::measure::measured_run::times_without_failures;
use crate::measure::notices::{all_origins, origin_notices};
use crate::model::auto_runs::AutoRuns;
use crate::model::margin::Margin;
use crate::model::measurement::{Sweep, SweepRuns};
use crate::model::notice::MeasurementNotice;
use crate::model::search_cost::SearchCost;
use crate::stats::{Interval, Knee, LEVEL, PooledScatter, SweepPoint, Usl, geometric_mean};

/// The result of the counted runs; `None` if there are none.
pub(super) fn sweep(
    runs: &SweptRuns,
    answers: &AnswerCheck,
    auto: Option<AutoRuns>,
    search: Option<SearchCost>,
) -> Option<Sweep> {
    let targets = answers.targets();
    let mut notices = push_back_notices(runs);
    let mut passed_over = answers.passed_over();
    passed_over.retain(|passed| runs.iter().any(|(workers, _)| *workers == passed.workers));
    notices.extend(
        passed_over
            .iter()
            .copied()
            .map(MeasurementNotice::PassedOver),
    );
    let is_alike = |workers| passed_over.iter().all(|passed| passed.workers != workers);
    let points: Option<Vec<SweepRuns>> = runs
        .iter()
        .map(|(workers, runs)| {
            let times = times_without_failures(runs, |_| is_alike(*workers))?;
            Some(SweepRuns {
                workers: *workers,
                // The rounds are chosen by ratios, which the time of one number of workers has little part in.
                interval: Interval::of_median_at(LEVEL, &times.seconds),
                times,
            })
        })
        .collect();
    let points = points.filter(|points| !points.is_empty())?;
    let failed = answers.failed_everywhere();
    if failed > 0 && failed < targets {
        notices.push(MeasurementNotice::SharedFailuresOfSweep(failed));
    }
    let mut sweep = Sweep {
        targets,
        stopped: None,
        auto,
        search,
        points,
        passed_over,
        knee: None,
        law: None,
        differing: answers.differing(),
        margin: Margin::default(),
        notices,
        why: None,
    };
    if sweep.search.is_some() {
        pool(&mut sweep);
    }
    let comparable = sweep.sweep_points();
    let throughputs: Vec<(usize, f64)> = comparable
        .iter()
        .map(|point| (point.workers, targets as f64 / point.seconds))
        .collect();
    sweep.knee = Knee::of(&deciding_points(&sweep));
    sweep.law = Usl::fit(&throughputs).filter(|law| law.describes(&throughputs));
    Some(sweep)
}

/// The comparable points with the intervals that decide. They are the reported ones, unless an early look decided, which
/// is stricter.
fn deciding_points(sweep: &Sweep) -> Vec<SweepPoint> {
    let mut points = sweep.sweep_points();
    if let Some(auto) = sweep.auto {
        for (point, runs) in points.iter_mut().zip(sweep.comparable()) {
            point.interval = Interval::of_median_at(auto.deciding_level, &runs.times.seconds);
        }
    }
    points
}

/// Takes all intervals from the scatter of all runs: a search makes too few at each number of workers to judge each by
/// its own alone.
fn pool(sweep: &mut Sweep) {
    let groups = sweep.comparable().map(|point| &point.times.seconds[..]);
    let scatter = PooledScatter::of(groups);
    for SweepRuns {
        times, interval, ..
    } in &mut sweep.points
    {
        let mean = geometric_mean(&times.seconds);
        *interval = scatter.map(|scatter| scatter.interval(mean, times.sample.n));
    }
}

/// Notices of the origins that pushed back, with the smallest number of workers that each pushed back.
fn push_back_notices(runs: &SweptRuns) -> Vec<MeasurementNotice> {
    let mut fewest: HashMap<Arc<str>, usize> = HashMap::new();
    for (workers, runs) in runs {
        for run in runs {
            for limit in &run.summary.origins.listed {
                fewest.entry(limit.origin.clone()).or_insert(*workers);
            }
        }
    }
    let all = runs.iter().flat_map(|(_, runs)| runs);
    origin_notices(all_origins(all), |limit| {
        MeasurementNotice::PushedBackFrom {
            fewest: fewest.get(&limit.origin).copied().unwrap_or(1),
            limit,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::MeasuredRun;
    use crate::model::origin::{OriginLimit, OriginLimits};
    use crate::model::summary::Summary;

    #[test]
    fn origins_that_push_back_are_noted_with_the_fewest_workers_that_they_push_back() {
        let limit = |push_backs, at_once| OriginLimit {
            origin: Arc::from("http://h"),
            at_once: Some(at_once),
            per_second: None,
            push_backs,
            given_up: None,
            ..OriginLimit::default()
        };
        let run = |ms, limits| MeasuredRun {
            summary: Summary {
                makespan: Some(Duration::from_millis(ms)),
                origins: OriginLimits::new(limits, 0),
                ..Summary::default()
            },
            startup: Duration::ZERO,
        };
        let runs = vec![
            (2, vec![run(80, vec![])]),
            (4, vec![run(50, vec![limit(3, 3)]), run(50, vec![])]),
            (8, vec![run(40, vec![limit(20, 4)])]),
        ];
        let notices = push_back_notices(&runs);
        let texts: Vec<_> = notices.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["h: slowed down to 4 at once (23 requests pushed back), from 4 workers on"]
        );
    }
}
