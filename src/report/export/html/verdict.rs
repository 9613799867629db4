//! What it came to, in words and two totals.

use std::io::{self, Write};
use std::time::Duration;

use crate::measure::{Bound, Estimate};
use crate::model::event::RunInfo;
use crate::model::measurement::{ArmTimes, Comparison, Sweep};
use crate::model::summary::Summary;
use crate::report::Baseline;
use crate::report::export::markup::Text;
use crate::report::format::{apart, bytes, counted, duration};
use crate::report::terminal::comparison::enough;
use crate::stats::{Finding, Interval, Speedup};

/// How a run, a comparison or a sweep ended.
pub(super) enum Result<'a> {
    Run(&'a Summary, Option<Estimate>),
    Comparison(&'a Comparison),
    Sweep(&'a Sweep),
}

impl<'a> Result<'a> {
    pub(super) fn of_run(summary: &'a Summary, baseline: Baseline) -> Self {
        let estimate = match baseline {
            Baseline::Estimate => Estimate::of(summary),
            Baseline::None => None,
        };
        Result::Run(summary, estimate)
    }

    /// The verdict.
    pub(super) fn heading(&self) -> String {
        match self {
            Result::Run(summary, estimate) => of_run(summary, estimate.as_ref()),
            Result::Comparison(comparison) => of_comparison(comparison),
            Result::Sweep(sweep) => enough(sweep),
        }
    }

    /// The words below it, then the totals.
    pub(super) fn write(&self, out: &mut dyn Write, info: Option<&RunInfo>) -> io::Result<()> {
        write!(out, "<p class=\"lead\">{}", Text(&self.lead()))?;
        if let Some(info) = info {
            let at = humantime::format_rfc3339_seconds(info.started_at);
            write!(out, " · <time datetime=\"{at}\">{at}</time>")?;
        }
        write!(out, "</p><dl class=\"totals\">")?;
        match self {
            Result::Run(summary, estimate) => run_totals(out, summary, estimate.as_ref())?,
            Result::Comparison(comparison) => comparison_totals(out, comparison)?,
            Result::Sweep(sweep) => sweep_totals(out, sweep)?,
        }
        write!(out, "</dl>")
    }

    fn lead(&self) -> String {
        match self {
            Result::Run(summary, _) => counts(summary),
            Result::Comparison(comparison) => {
                let pairs = comparison.speedup.pairs as u64;
                let mut parts = vec![
                    counted(comparison.targets, "URL"),
                    counted(pairs, "pair") + " of runs",
                    counted(u64::from(comparison.warmups), "warm-up"),
                    counted(comparison.workers as u64, "worker"),
                ];
                for (name, arm) in arms(comparison) {
                    if arm.failed > 0 {
                        parts.push(format!("{} failed ({name}, all runs)", arm.failed));
                    }
                }
                parts.join(" · ")
            }
            Result::Sweep(sweep) => {
                let points = sweep.points.len() as u64;
                let runs = sweep
                    .points
                    .first()
                    .map_or(0, |point| point.times.seconds.len());
                let failed: u64 = sweep.points.iter().map(|point| point.times.failed).sum();
                let mut parts = vec![
                    counted(sweep.targets, "URL"),
                    counted(points, "number") + " of workers",
                    counted(runs as u64, "run") + " at each",
                ];
                if failed > 0 {
                    parts.push(format!("{failed} failed (all runs)"));
                }
                parts.join(" · ")
            }
        }
    }
}

fn arms(comparison: &Comparison) -> [(&'static str, &ArmTimes); 2] {
    [
        ("serial", &comparison.serial),
        ("parallel", &comparison.parallel),
    ]
}

fn of_run(summary: &Summary, estimate: Option<&Estimate>) -> String {
    let targets = summary.targets();
    if targets == 0 {
        return match summary.done_before {
            0 if summary.stopped => "Stopped before anything was fetched".to_owned(),
            0 => "There was nothing to fetch".to_owned(),
            done => format!(
                "Nothing left to fetch: {} done before",
                counted(done, "URL")
            ),
        };
    }
    let whole = summary.ok + summary.unchanged;
    let what = if summary.stopped {
        let after = summary
            .runs
            .map(|runs| format!(", after {} of {} runs", runs.done, runs.of));
        format!(
            "Stopped early: {whole} of {} done{}",
            counted(targets, "URL"),
            after.unwrap_or_default()
        )
    } else if summary.failed > 0 {
        format!("{} of {} failed", summary.failed, counted(targets, "URL"))
    } else if targets == 1 {
        "The URL succeeded".to_owned()
    } else {
        format!("All {targets} URLs succeeded")
    };
    match estimate.filter(|_| targets > 1) {
        Some(estimate) => {
            let gain = estimate.speedup;
            format!("{what}, an estimated {gain:.2}× as fast as one after the other")
        }
        None => what,
    }
}

fn of_comparison(comparison: &Comparison) -> String {
    let ratio = comparison.speedup.ratio;
    match comparison.speedup.finding() {
        Some(Finding::Faster) => {
            format!("Parallel is faster: {}× the speed of serial", apart(ratio))
        }
        Some(Finding::Slower) => {
            format!("Parallel is slower: {}× the speed of serial", apart(ratio))
        }
        Some(Finding::NoDifference) => "No difference shown between parallel and serial".to_owned(),
        None => format!("{ratio:.2}× in a single pair, which gives no interval and no verdict"),
    }
}

fn counts(summary: &Summary) -> String {
    let mut parts = vec![format!("{} ok", summary.ok)];
    for (count, what) in [
        (summary.unchanged, "unchanged"),
        (summary.failed, "failed"),
        (summary.skipped, "skipped"),
        (summary.done_before, "done before"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if summary.retries > 0 {
        parts.push(counted(summary.retries, "retry"));
    }
    parts.push(bytes(summary.bytes));
    parts.push(counted(summary.workers as u64, "worker"));
    if let (Some(throughput), Some(rate)) = (summary.throughput(), summary.rate()) {
        parts.push(format!("{}/s", bytes(throughput as u64)));
        parts.push(format!("{rate:.1} URLs/s"));
    }
    parts.join(" · ")
}

fn card(out: &mut dyn Write, name: &str, figure: &str, notes: &[String]) -> io::Result<()> {
    let (name, figure) = (Text(name), Text(figure));
    write!(
        out,
        "<div><dt>{name}</dt><dd class=\"figure\">{figure}</dd>"
    )?;
    for note in notes {
        write!(out, "<dd>{}</dd>", Text(note))?;
    }
    write!(out, "</div>")
}

fn run_totals(
    out: &mut dyn Write,
    summary: &Summary,
    estimate: Option<&Estimate>,
) -> io::Result<()> {
    let parallel = summary.makespan.map_or("–".to_owned(), duration);
    let note = match (summary.makespan, summary.runs) {
        (Some(_), _) => "measured: first start to last finish",
        (None, Some(_)) => "not all runs were made",
        (None, None) => "nothing was fetched",
    };
    card(out, "Parallel", &parallel, &[note.to_owned()])?;
    let Some(estimate) = estimate else {
        let why = if summary.skipped > 0 || summary.stopped {
            "no estimate: the run was stopped"
        } else if summary.makespan.is_none() {
            "no estimate: nothing was fetched"
        } else {
            "no estimate was made"
        };
        return card(out, "Serial", "–", &[why.to_owned()]);
    };
    card(
        out,
        "Serial",
        &duration(estimate.serial),
        &["estimated: the sum of the per-URL times".to_owned()],
    )?;
    let limit = match estimate.best {
        None => "starts were held back as asked".to_owned(),
        Some((best, Bound::Slowest(slowest))) => {
            format!(
                "at best {best:.2}× here: the slowest URL took {}",
                duration(slowest)
            )
        }
        Some((best, Bound::Workers(workers))) => {
            format!(
                "at best {best:.2}× here: {}",
                counted(workers as u64, "worker")
            )
        }
    };
    let gain = format!("{:.2}×", estimate.speedup);
    card(out, "Speed-up", &gain, &["estimated".to_owned(), limit])
}

fn comparison_totals(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    times_card(out, "Parallel", &comparison.parallel)?;
    times_card(out, "Serial", &comparison.serial)?;
    let speedup = &comparison.speedup;
    let mut notes = vec![interval(speedup)];
    notes.push(format!(
        "efficiency {:.0} % of {}",
        comparison.efficiency() * 100.0,
        counted(comparison.at_once() as u64, "worker")
    ));
    if let Some(estimated) = comparison.estimated {
        notes.push(format!(
            "the estimate from the parallel runs alone: {estimated:.2}×"
        ));
    }
    card(out, "Speed-up", &format!("{:.2}×", speedup.ratio), &notes)
}

/// The knee, which is the verdict's, and the fewest workers; the same, if the fewest are enough.
fn sweep_totals(out: &mut dyn Write, sweep: &Sweep) -> io::Result<()> {
    let workers = |count: usize| counted(count as u64, "worker");
    let (Some(fewest), Some(knee)) = (sweep.points.first(), sweep.at_knee()) else {
        return card(
            out,
            "Knee",
            "–",
            &["no time can be told from the others".to_owned()],
        );
    };
    times_card(
        out,
        &format!(
            "{}, the knee{}",
            workers(knee.workers),
            if sweep.is_undecided() {
                " by the means"
            } else {
                ""
            }
        ),
        &knee.times,
    )?;
    if knee.workers == fewest.workers {
        return Ok(());
    }
    times_card(out, &workers(fewest.workers), &fewest.times)?;
    let Some(speedup) = sweep.speedup() else {
        return Ok(());
    };
    let against = format!("of {} over {}", knee.workers, fewest.workers);
    let gain = format!("{:.2}×", speedup.ratio);
    card(out, "Speed-up", &gain, &[interval(&speedup), against])
}

fn times_card(out: &mut dyn Write, name: &str, times: &ArmTimes) -> io::Result<()> {
    let sample = &times.sample;
    let runs = match sample.n {
        1 => "measured: one run".to_owned(),
        n => format!(
            "measured: mean of {n} runs, {} to {}",
            span(sample.min),
            span(sample.max)
        ),
    };
    card(out, name, &span(sample.mean), &[runs])
}

fn interval(speedup: &Speedup) -> String {
    match speedup.interval {
        Some(Interval { low, high }) => format!("95 % interval {low:.2}× to {high:.2}×"),
        None => "no interval from a single pair".to_owned(),
    }
}

fn span(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or("–".to_owned(), duration)
}
