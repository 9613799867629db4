//! The result of a comparison: the times of both arms, the speed-up, and the reasons to doubt them.

use crate::measure::Estimate;
use crate::measure::answers::AnswerCheck;
use crate::measure::drift;
use crate::measure::measured_run::{MeasuredRun, arm_times, times_without_failures};
use crate::measure::notices::{all_origins, missed_rate, origin_notices};
use crate::model::margin::Margin;
use crate::model::measurement::{Arm, ArmTimes, Comparison};
use crate::model::notice::MeasurementNotice;
use crate::model::reason::Why;
use crate::stats::{Notice, Sample, Speedup, notice};

/// The result of the counted runs; `None` if there are none.
pub(super) fn comparison(
    warmups: u32,
    serial: &[MeasuredRun],
    parallel: &[MeasuredRun],
    answers: &AnswerCheck,
) -> Option<Comparison> {
    let estimates: Option<Vec<f64>> = parallel
        .iter()
        .map(|run| Estimate::of(&run.summary).map(|estimate| estimate.speedup.ln()))
        .collect();
    let pushed_back = push_back_notices(parallel);
    let missed_rate = missed_rate(parallel.iter().filter_map(|run| run.summary.pacing));
    // Fewer than were asked for, if the system refused some in every run.
    let workers = parallel.iter().map(|run| run.summary.workers).max()?;
    let estimated = estimates.and_then(|logs| Some(Sample::of(&logs)?.mean.exp()));
    let targets = answers.targets();
    let pairs = u32::try_from(parallel.len()).unwrap_or(u32::MAX);
    let work = answers.paired_work(pairs);
    let is_alike = |pair| !work.is_unlike(pair);
    let [serial, parallel] = match work.difference(parallel.len(), targets) {
        Some(_) => [arm_times(serial)?, arm_times(parallel)?],
        None => [
            times_without_failures(serial, is_alike)?,
            times_without_failures(parallel, is_alike)?,
        ],
    };
    let mut comparison = Comparison {
        workers,
        targets,
        warmups,
        stopped: None,
        auto: None,
        speedup: None,
        work: Some(work),
        serial,
        parallel,
        estimated,
        differing: answers.differing(),
        margin: Margin::default(),
        notices: Vec::new(),
        why: Why::default(),
    };
    comparison.speedup = comparison.speedup_of_alike();
    comparison.notices.extend(notices(&comparison));
    comparison.notices.extend(pushed_back);
    comparison.notices.extend(missed_rate);
    let has_left_out = comparison.parallel.mean_left_out() > 0.0;
    if comparison.speedup.is_none() || has_left_out {
        // It would be of other work than the speed-up.
        comparison.estimated = None;
    }
    if comparison.is_one_by_one() {
        // Nothing to repeat.
    } else if comparison.pairs() < 2 {
        comparison.notices.push(MeasurementNotice::SinglePair);
    }
    Some(comparison)
}

/// Notices of the origins that pushed back in these runs: their times are then those of what the servers take.
fn push_back_notices(runs: &[MeasuredRun]) -> Vec<MeasurementNotice> {
    origin_notices(all_origins(runs), MeasurementNotice::PushedBack)
}

/// The remark on a speed-up beyond the number of workers, which no schedule brings: one that is seen in the efficiency.
fn beyond_workers(comparison: &Comparison) -> Option<MeasurementNotice> {
    let Speedup {
        ratio, interval, ..
    } = comparison.speedup?;
    let is_beyond = (comparison.efficiency()? * 100.0).round() > 100.0;
    let workers = comparison.at_once();
    let is_chance = interval.is_some_and(|interval| interval.low <= workers as f64);
    let each = |times: &ArmTimes| Some(times.latency?.p50);
    let each = each(&comparison.serial).zip(each(&comparison.parallel));
    is_beyond.then_some(MeasurementNotice::BeyondWorkers {
        ratio,
        workers,
        is_chance,
        shorter: each.filter(|(serial, parallel)| parallel < serial),
    })
}

/// Reasons to doubt the times of a comparison.
fn notices(comparison: &Comparison) -> Vec<MeasurementNotice> {
    let Comparison {
        serial, parallel, ..
    } = comparison;
    let mut notices = Vec::new();
    for (arm, times) in [(Arm::Serial, serial), (Arm::Parallel, parallel)] {
        notices.extend(arm_notices(arm, times));
    }
    notices.extend(drift::notices(serial, parallel));
    notices.extend(beyond_workers(comparison));
    let Some(work) = &comparison.work else {
        return notices;
    };
    if comparison.unlike_work().is_some() {
        for (arm, times) in [(Arm::Serial, serial), (Arm::Parallel, parallel)] {
            if times.failed > 0 {
                let count = times.failed;
                notices.push(MeasurementNotice::FailedFetches { arm, count });
            }
        }
        return notices;
    }
    if !work.unlike_pairs.is_empty() {
        notices.push(MeasurementNotice::UnlikePairs {
            left_out: work.unlike_pairs.len(),
            of: comparison.pairs(),
        });
    }
    if work.failed_in_both > 0 && work.failed_in_both < comparison.targets {
        notices.push(MeasurementNotice::SharedFailures {
            urls: work.failed_in_both,
            serial: serial.mean_left_out(),
            parallel: parallel.mean_left_out(),
        });
    }
    notices
}

/// Reasons to doubt the times of an arm.
fn arm_notices(arm: Arm, times: &ArmTimes) -> Vec<MeasurementNotice> {
    let mut notices = Vec::new();
    match notice(&times.seconds) {
        None => {}
        Some(Notice::FirstRun) => notices.push(MeasurementNotice::SlowFirstRun(arm)),
        Some(Notice::Outliers(runs)) => notices.push(MeasurementNotice::Outliers { arm, runs }),
    }
    if times.is_short() {
        notices.push(MeasurementNotice::ShortRuns(arm));
    }
    notices
}
