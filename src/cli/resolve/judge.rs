//! Saved runs and assertions: what they need of the run that they judge.

use crate::cli::args::{JudgeArgs, MeasureArgs, TypedRuns};
use crate::cli::files::{NamedFiles, are_same};
use crate::cli::plan::JudgePlan;
use crate::measure::WorkerCounts;
use crate::measure::assert::{Assertion, Metric};

/// Refuses options that are of no use with what is measured, or without it.
pub(super) fn check(
    judge: &JudgeArgs,
    measure: &MeasureArgs,
    is_replay: bool,
) -> Result<(), String> {
    let needs_baseline = judge
        .assertions
        .iter()
        .any(|assertion| assertion.metric() == Metric::TotalVsBaseline);
    if let Some(counts) = &measure.sweep {
        let is_one = matches!(counts, WorkerCounts::Given(counts) if counts.len() == 1);
        let mut metrics = judge.assertions.iter().map(Assertion::metric);
        if let Some(metric) = metrics.find(|metric| !is_one && !metric.is_of_sweeps()) {
            return Err(format!("--assert {metric}: {}", metric.not_of_sweeps()));
        }
        if needs_baseline && !is_one {
            return Err(
                "--assert total_vs_baseline: give --sweep one number of workers, as --sweep 8"
                    .to_owned(),
            );
        }
    }
    let is_measured = measure.compare || measure.sweep.is_some();
    let mut metrics = judge.assertions.iter().map(Assertion::metric);
    // An estimate decides nothing, so such a gate would never hold. What a replay is of is known later.
    if !is_measured && !is_replay && metrics.any(|metric| metric == Metric::Speedup) {
        return Err(
            "--assert speedup needs a measured one, and a plain run only estimates it; add --compare (or --sweep)"
                .to_owned(),
        );
    }
    check_runs(measure)?;
    let options = [
        (measure.warmup.is_some(), "--warmup"),
        (measure.runs.is_some(), "--runs"),
    ];
    match options.iter().find(|(is_given, _)| *is_given) {
        Some((_, option)) if !is_measured => Err(format!(
            "{option} is of no use without --compare or --sweep; add one of them"
        )),
        _ if judge.margin.is_some() && !is_measured && !is_replay && judge.against.is_none() => {
            Err(
                "--margin is of no use without --compare, --sweep or --against; add one of them"
                    .to_owned(),
            )
        }
        _ if judge.against.is_none() && needs_baseline => Err(
            "--assert total_vs_baseline is about a saved run; name its file with --against"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

/// Refuses options about an automatic number of runs where there is none.
fn check_runs(measure: &MeasureArgs) -> Result<(), String> {
    let options = [
        (measure.runs == Some(TypedRuns::Auto), "--runs auto"),
        (measure.max_runs.is_some(), "--max-runs"),
        (measure.measurement_time.is_some(), "--measurement-time"),
        (measure.precision.is_some(), "--precision"),
    ];
    let Some((_, option)) = options.iter().find(|(is_given, _)| *is_given) else {
        return Ok(());
    };
    match (&measure.sweep, measure.runs) {
        (Some(WorkerCounts::Auto { .. }), _) => Err(format!(
            "{option} is of no use with --sweep auto, which chooses its runs; --runs N is the most at each number of workers"
        )),
        (None, _) if !measure.compare => Err(format!(
            "{option} is of no use without --compare or --sweep; add one of them"
        )),
        (_, Some(TypedRuns::Given(runs))) => Err(format!(
            "{option} is of no use with --runs {runs}, which is made in any case; take out one of them"
        )),
        (Some(WorkerCounts::Given(counts)), _)
            if measure.precision.is_some() && counts.len() == 1 =>
        {
            Err(
                "--precision is about a speed-up; give --sweep several numbers of workers"
                    .to_owned(),
            )
        }
        _ => Ok(()),
    }
}

/// Adds the files of saved runs: the one to write, and the one to read.
pub(super) fn add_files(args: &JudgeArgs, files: &mut NamedFiles) -> Result<(), String> {
    if let Some(path) = &args.save_baseline {
        if path.as_os_str() == "-" {
            return Err("--save-baseline needs a file of its own, not standard output".to_owned());
        }
        files.add_written("--save-baseline", path);
    }
    if let Some(path) = &args.against {
        files.add_read("--against", path);
    }
    Ok(())
}

/// Makes the part of the plan.
pub(super) fn plan(args: JudgeArgs) -> JudgePlan {
    let files = args.save_baseline.as_deref().zip(args.against.as_deref());
    JudgePlan {
        is_followed: files.is_some_and(|(saved, against)| are_same(saved, against)),
        save_baseline: args.save_baseline,
        against: args.against,
        assertions: args.assertions,
        is_strict: args.strict_assert,
        margin: args.margin,
    }
}
