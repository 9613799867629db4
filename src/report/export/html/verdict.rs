//! What it came to, in words and two totals.

use std::io::{self, Write};
use std::time::Duration;

use super::escape::Text;
use crate::compare::{Bound, Estimate};
use crate::comparison::{ArmTimes, Comparison};
use crate::event::RunInfo;
use crate::report::Baseline;
use crate::report::units::{bytes, duration};
use crate::stats::Finding;
use crate::summary::Summary;

/// How a run or a comparison ended.
pub(super) enum Result<'a> {
    Run(&'a Summary, Option<Estimate>),
    Comparison(&'a Comparison),
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
        }
        write!(out, "</dl>")
    }

    fn lead(&self) -> String {
        match self {
            Result::Run(summary, _) => counts(summary),
            Result::Comparison(comparison) => {
                let pairs = comparison.speedup.pairs as u64;
                let mut parts = vec![
                    many(comparison.targets, "URL"),
                    many(pairs, "pair") + " of runs",
                    many(u64::from(comparison.warmups), "warm-up"),
                    many(comparison.workers as u64, "worker"),
                ];
                for (name, arm) in arms(comparison) {
                    if arm.failed > 0 {
                        parts.push(format!("{} failed ({name}, all runs)", arm.failed));
                    }
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
            0 => "There was nothing to fetch".to_owned(),
            done => format!("Nothing left to fetch: {} done before", many(done, "URL")),
        };
    }
    let whole = summary.ok + summary.unchanged;
    let what = if summary.stopped {
        format!("Stopped early: {whole} of {} done", many(targets, "URL"))
    } else if summary.failed > 0 {
        format!("{} of {} failed", summary.failed, many(targets, "URL"))
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
        Some(Finding::Faster) => format!("Parallel is faster: {ratio:.2}× the speed of serial"),
        Some(Finding::Slower) => format!("Parallel is slower: {ratio:.2}× the speed of serial"),
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
    match summary.retries {
        0 => {}
        1 => parts.push("1 retry".to_owned()),
        retries => parts.push(format!("{retries} retries")),
    }
    parts.push(bytes(summary.bytes));
    parts.push(many(summary.workers as u64, "worker"));
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
    card(
        out,
        "Parallel",
        &parallel,
        &["measured: first start to last finish".to_owned()],
    )?;
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
                many(workers as u64, "worker")
            )
        }
    };
    let gain = format!("{:.2}×", estimate.speedup);
    card(out, "Speed-up", &gain, &["estimated".to_owned(), limit])
}

fn comparison_totals(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    for (name, arm) in [
        ("Parallel", &comparison.parallel),
        ("Serial", &comparison.serial),
    ] {
        let sample = &arm.sample;
        let runs = match sample.n {
            1 => "measured: one run".to_owned(),
            n => format!(
                "measured: mean of {n} runs, {} to {}",
                span(sample.min),
                span(sample.max)
            ),
        };
        card(out, name, &span(sample.mean), &[runs])?;
    }
    let speedup = &comparison.speedup;
    let mut notes = vec![match speedup.interval {
        Some(interval) => {
            format!(
                "95 % interval {:.2}× to {:.2}×",
                interval.low, interval.high
            )
        }
        None => "no interval from a single pair".to_owned(),
    }];
    notes.push(format!(
        "efficiency {:.0} % of {}",
        comparison.efficiency() * 100.0,
        many(comparison.workers as u64, "worker")
    ));
    if let Some(estimated) = comparison.estimated {
        notes.push(format!(
            "the estimate from the parallel runs alone: {estimated:.2}×"
        ));
    }
    card(out, "Speed-up", &format!("{:.2}×", speedup.ratio), &notes)
}

fn span(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or("–".to_owned(), duration)
}

/// `1 URL`, `2 URLs`.
pub(super) fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
