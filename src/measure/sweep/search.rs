//! Automatic sweeps, which choose the number of workers of each run by those before it.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::runner::{SweepRunner, SweptRuns};
use crate::measure::MeasuredRun;
use crate::model::event::Listener;
use crate::model::search_cost::SearchCost;
use crate::model::summary::Summary;
use crate::model::work::PointDifference;
use crate::stats::KneeSearch;

/// The number of workers of the warm-ups. They are to fill the server's caches, for which four do in a quarter of the
/// time of one, and no more than a browser would ask for at once.
const WARM_UP_WORKERS: usize = 4;

/// Makes the runs that a [search for the knee](KneeSearch) asks for, after the warm-ups.
///
/// Only the first runs warm up: a warm-up at each number of workers would cost as much as the search itself.
pub(super) fn search<E: From<io::Error>>(
    most: usize,
    warmups: u32,
    most_runs: u32,
    runner: &mut SweepRunner<'_, impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>>,
) -> Result<(SweptRuns, SearchCost), E> {
    let mut search = KneeSearch::new(most, usize::try_from(most_runs).unwrap_or(usize::MAX));
    let mut swept: BTreeMap<usize, Vec<MeasuredRun>> = BTreeMap::new();
    let mut is_stopped = false;
    for _ in 0..warmups {
        is_stopped = runner.run(WARM_UP_WORKERS.min(most), 0)?.is_none();
        if is_stopped {
            break;
        }
    }
    let mut least_failed = u64::MAX;
    while let (false, Some(workers)) = (is_stopped, search.next_count()) {
        let made = swept.get(&workers).map_or(0, Vec::len);
        let pair = u32::try_from(made + 1).unwrap_or(u32::MAX);
        let Some(run) = runner.run(workers, pair)? else {
            break;
        };
        // More workers than targets have nothing to do.
        search.limit(runner.targets());
        let summary = &run.summary;
        // Where nothing succeeds, no number of workers is better than another.
        is_stopped = swept.is_empty() && summary.failed > 0 && summary.succeeded() == 0;
        let passed_over = runner.passed_over();
        let is_unlike = passed_over
            .iter()
            .find(|passed| passed.workers == workers)
            .is_some_and(|passed| match passed.difference {
                // They count for good, though this run may have none of them.
                PointDifference::Failed(_) => summary.failed > least_failed,
                PointDifference::OtherStatus(_) | PointDifference::OtherSize => true,
            });
        least_failed = least_failed.min(summary.failed);
        search.add(workers, alike_seconds(summary), is_unlike);
        search.pass_over(passed_over.iter().map(|passed| passed.workers));
        swept.entry(workers).or_default().push(run);
    }
    let grid = search.grid();
    let cost = SearchCost {
        runs: runner.made(),
        warmups,
        grid_runs: most_runs.saturating_mul(u32::try_from(grid.len()).unwrap_or(u32::MAX)),
        grid,
    };
    Ok((swept.into_iter().collect(), cost))
}

/// The time of a run without that in which nothing but failing targets was under way: these fail with each number of
/// workers, or the number is passed over.
fn alike_seconds(summary: &Summary) -> f64 {
    let all = summary.makespan.unwrap_or_default();
    let left_out = match summary.succeeded() {
        0 => Duration::ZERO,
        _ => summary.failing_only,
    };
    all.saturating_sub(left_out).as_secs_f64()
}
