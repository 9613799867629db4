//! The result of a sweep: the times at each number of workers, the knee and the scaling law.

use std::collections::HashMap;
use std::sync::Arc;

use super::runner::SweptRuns;
use crate::measure::comparison::{AnswerCheck, arm_times, origin_notices};
use crate::model::measurement::{ArmTimes, Sweep, SweepRuns, fair_points};
use crate::model::notice::MeasurementNotice;
use crate::model::origin::OriginLimits;
use crate::model::search_cost::SearchCost;
use crate::stats::{Interval, Knee, PooledScatter, Usl};

/// The result of the counted runs; `None` if there are none.
pub(super) fn sweep(
    runs: &SweptRuns,
    answers: AnswerCheck,
    mut notices: Vec<MeasurementNotice>,
    search: Option<SearchCost>,
) -> Option<Sweep> {
    let targets = answers.targets();
    notices.extend(push_back_notices(runs));
    let times: Option<Vec<ArmTimes>> = runs.iter().map(|(_, runs)| arm_times(runs)).collect();
    let times = times.filter(|times| !times.is_empty())?;
    // A search makes too few runs at each number of workers to judge each by its own alone.
    let scatter = search
        .as_ref()
        .and_then(|_| PooledScatter::of(times.iter().map(|times| &times.seconds[..])));
    let points = runs.iter().zip(times).map(|((workers, _), times)| {
        let interval = match &scatter {
            Some(scatter) => Some(scatter.interval(times.sample.mean, times.sample.n)),
            None => Interval::of_mean(&times.seconds),
        };
        SweepRuns {
            workers: *workers,
            times,
            interval,
        }
    });
    let points: Vec<SweepRuns> = points.collect();
    let fair = fair_points(&points, targets);
    let throughputs: Vec<(usize, f64)> = fair
        .iter()
        .map(|point| (point.workers, targets as f64 / point.seconds))
        .collect();
    let failed = |point: &SweepRuns| point.times.failed;
    if points
        .iter()
        .any(|point| failed(point) != failed(&points[0]))
    {
        notices.push(MeasurementNotice::UnequalFailures);
    }
    Some(Sweep {
        targets,
        stopped: None,
        search,
        knee: Knee::of(&fair),
        law: Usl::fit(&throughputs).filter(|law| law.describes(&throughputs)),
        differing: answers.differing(),
        notices,
        points,
    })
}

/// Notices of the origins that pushed back, with the smallest number of workers that each pushed back.
fn push_back_notices(runs: &SweptRuns) -> Vec<MeasurementNotice> {
    let mut all = OriginLimits::default();
    let mut fewest: HashMap<Arc<str>, usize> = HashMap::new();
    for (workers, runs) in runs {
        for run in runs {
            let origins = &run.summary.origins;
            for limit in &origins.listed {
                fewest.entry(limit.origin.clone()).or_insert(*workers);
            }
            all.merge(origins);
        }
    }
    origin_notices(all, |limit| MeasurementNotice::PushedBackFrom {
        fewest: fewest.get(&limit.origin).copied().unwrap_or(1),
        limit,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::MeasuredRun;
    use crate::model::origin::OriginLimit;
    use crate::model::summary::Summary;

    #[test]
    fn origins_that_push_back_are_noted_with_the_fewest_workers_that_they_push_back() {
        let limit = |push_backs, at_once| OriginLimit {
            origin: Arc::from("http://h"),
            at_once: Some(at_once),
            per_second: None,
            push_backs,
            given_up: None,
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
