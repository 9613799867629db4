//! Runs as they were measured, and the times of several.

use std::time::Duration;

use crate::model::measurement::{ArmLatency, ArmTimes};
use crate::model::summary::Summary;
use crate::stats::{Latency, Sample};

/// One run of an arm, as measured.
#[derive(Debug)]
pub struct MeasuredRun {
    /// Its figures.
    pub summary: Summary,
    /// Set-up time before it, which is not part of the makespan.
    pub startup: Duration,
}

fn seconds(summary: &Summary) -> f64 {
    summary.makespan.unwrap_or_default().as_secs_f64()
}

/// Times of several runs; `None` if there are none.
pub(super) fn arm_times(runs: &[MeasuredRun]) -> Option<ArmTimes> {
    times_without_failures(runs, |_| false)
}

/// Times of several runs, without the time in which nothing but failing targets was under way. It is left out of those
/// runs only that are like the others they are set against: of those for whose number, from 1, `is_alike` is true.
///
/// Of a serial run that is all the time of these targets. Of a parallel one it is less than they cost, as a failing
/// target also keeps a worker from the others, so what remains is no faster than it would be without them.
pub(super) fn times_without_failures(
    runs: &[MeasuredRun],
    is_alike: impl Fn(u32) -> bool,
) -> Option<ArmTimes> {
    let left_out: Vec<f64> = (1..)
        .zip(runs)
        .map(|(number, MeasuredRun { summary, .. })| {
            match is_alike(number) && summary.succeeded() > 0 {
                true => summary.failing_only.as_secs_f64(),
                false => 0.0,
            }
        })
        .collect();
    let seconds: Vec<f64> = runs
        .iter()
        .zip(&left_out)
        .map(|(run, left_out)| seconds(&run.summary) - left_out)
        .collect();
    let mut latency = Latency::default();
    for run in runs {
        latency.merge(&run.summary.latency);
    }
    let startup: Duration = runs.iter().map(|run| run.startup).sum();
    Some(ArmTimes {
        sample: Sample::of(&seconds)?,
        failed: runs.iter().map(|run| run.summary.failed).sum(),
        retries: runs.iter().map(|run| run.summary.retries).sum(),
        startup: startup.as_secs_f64() / runs.len() as f64,
        latency: ArmLatency::of(&latency),
        left_out: match left_out.iter().any(|seconds| *seconds > 0.0) {
            true => left_out,
            false => Vec::new(),
        },
        seconds,
    })
}
