//! The summary of a run: its counts, its times beside the serial estimate, and its figures.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::lines::{LABEL, TextWriter};
use super::style::HumanStyle;
use crate::measure::Estimate;
use crate::model::outcome::Verdict;
use crate::model::summary::Summary;
use crate::report::Baseline;
use crate::report::format::{bytes, counted, duration, grouped};
use crate::report::wording::{self, TERMINAL};
use crate::stats::Latency;

/// The least number of targets of which percentiles are shown.
const HANDFUL: u64 = 10;

/// The percentiles that are shown, before the longest time: as many as fit a line.
const PERCENTILES: [f64; 3] = [50.0, 95.0, 99.0];

pub(super) const RED: &str = "\x1b[31m";
pub(super) const GREEN: &str = "\x1b[32m";
pub(super) const DIM: &str = "\x1b[2m";
pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const RESET: &str = "\x1b[0m";

/// Writes the counts, in a line if they fit.
pub(super) fn counts(
    out: &mut TextWriter<impl Write>,
    summary: &Summary,
    style: HumanStyle,
) -> io::Result<()> {
    let targets = summary.targets();
    if targets == 0 && !summary.stopped {
        if summary.done_before == 0 {
            return writeln!(out, "\n  {}", counted(0, "URL"));
        }
        return writeln!(
            out,
            "  nothing left to do: {} done before",
            grouped(summary.done_before)
        );
    }
    let is_partial = summary.stopped && summary.runs.is_none();
    let label = match is_partial {
        true => format!("  {}: ", wording::progress(summary)),
        false if summary.runs.is_some() => {
            format!("  {} in all runs: ", counted(targets, "URL"))
        }
        false => format!("  {}: ", counted(targets, "URL")),
    };
    let [now, before] = verdicts(summary, style, is_partial);
    let parts = [
        Some(now),
        Some(before).filter(|before| !before.is_empty()),
        wording::retries(summary),
        Some(bytes(summary.bytes)),
        // Of one URL this is all that there is to say about times.
        summary
            .makespan
            .filter(|_| is_single(summary))
            .map(duration),
        wording::workers(summary),
        wording::stopped(summary),
        wording::unread_lists(summary),
    ];
    out.write_parts(&label, parts.into_iter().flatten(), " · ", 4)
}

/// Tells that one URL was all that was asked for, whose time is that of the run.
fn is_single(summary: &Summary) -> bool {
    summary.targets().saturating_sub(summary.kept) == 1 && !summary.stopped
}

/// The numbers of targets by verdict, and of those that were done before, because they are not of this run.
/// Of a run that says how far it came, the rest is left out.
fn verdicts(summary: &Summary, style: HumanStyle, is_partial: bool) -> [String; 2] {
    let (mut now, mut before) = (Vec::new(), String::new());
    for target in wording::target_counts(summary) {
        let colour = match target.verdict {
            Verdict::Ok => GREEN,
            Verdict::Failed if target.count > 0 => RED,
            _ if target.count == 0 && !target.is_always_told => continue,
            Verdict::Failed => "",
            Verdict::Skipped if is_partial => continue,
            Verdict::Skipped | Verdict::Unchanged => DIM,
            Verdict::Done => {
                before = target.text();
                continue;
            }
        };
        let mut text = target.text();
        let is_failed = matches!(target.verdict, Verdict::Failed) && target.is_always_told;
        if let (Some(allowance), true) = (style.allowed.allowance(), is_failed && target.count > 0)
        {
            let _ = write!(text, " ({allowance})");
        }
        now.push(match style.colour && !colour.is_empty() {
            true => format!("{colour}{text}{RESET}"),
            false => text,
        });
    }
    [now.join(", "), before]
}

/// Writes the parallel time, the serial time that it is set against, and the speed-up. One URL has none.
pub(super) fn times(
    out: &mut TextWriter<impl Write>,
    summary: &Summary,
    style: HumanStyle,
) -> io::Result<()> {
    let Some(makespan) = summary.makespan.filter(|_| !is_single(summary)) else {
        return Ok(());
    };
    let (bold, reset) = match style.colour {
        true => (BOLD, RESET),
        false => ("", ""),
    };
    let parallel = duration(makespan);
    let meaning =
        wording::parallel_meaning(summary).map_or(String::new(), |meaning| format!("  {meaning}"));
    writeln!(out, "  parallel  {bold}{parallel:>9}{reset}{meaning}")?;
    let estimate = match style.baseline {
        Baseline::Estimate => Estimate::of(summary),
        Baseline::None => None,
    };
    if let Some(estimate) = &estimate {
        writeln!(
            out,
            "  serial    {:>9}  estimated: the sum of the requests' times",
            duration(estimate.serial)
        )?;
        let label = format!("  speed-up  {}  ", TERMINAL.estimate(estimate));
        let parts = [
            wording::condition(estimate).to_owned(),
            TERMINAL.bound(estimate),
        ];
        let parts = parts.into_iter().chain(wording::measured_by(estimate));
        out.write_parts(&label, parts, " · ", LABEL)?;
    }
    let withheld = wording::withheld(summary).filter(|_| style.baseline == Baseline::Estimate);
    if let Some(withheld) = withheld {
        out.write_text("  speed-up   ", &withheld)?;
    }
    match wording::input_wait(summary, estimate.as_ref()) {
        Some(waited) => out.write_text("  input      ", &waited),
        None => Ok(()),
    }
}

/// Writes how long the run waited for other tries alone.
pub(super) fn waits(out: &mut TextWriter<impl Write>, summary: &Summary) -> io::Result<()> {
    match wording::retry_wait(summary) {
        Some(waited) => out.write_text("  retries    ", &waited),
        None => Ok(()),
    }
}

/// Writes what the run slowed down to for the origins that pushed back, or why they were given up.
pub(super) fn origins(out: &mut TextWriter<impl Write>, summary: &Summary) -> io::Result<()> {
    wording::servers(summary)
        .iter()
        .try_for_each(|server| out.write_text("  server     ", server))
}

/// Writes the percentiles, the rates and the statuses, which say little about a few targets.
pub(super) fn figures(out: &mut TextWriter<impl Write>, summary: &Summary) -> io::Result<()> {
    if summary.tried() < HANDFUL {
        return Ok(());
    }
    if let Some(times) = percentiles(&summary.latency) {
        let times = times.chain(wording::of_succeeded(summary));
        let times = times.chain(wording::all_attempts(summary).map(str::to_owned));
        out.write_parts("  latency    ", times, "  ", LABEL)?;
    }
    if let Some(times) = summary.intended.as_ref().and_then(percentiles) {
        let times = times.chain([wording::FROM_INTENDED_START.to_owned()]);
        out.write_parts("  intended   ", times, "  ", LABEL)?;
    }
    if let Some(rates) = wording::rates(summary) {
        writeln!(out, "  rate       {}", rates.join(" · "))?;
    }
    if let Some(missed) = wording::missed_rate(summary) {
        out.write_text("  rate       ", &missed)?;
    }
    let without = wording::without_status(summary);
    let statuses = summary.statuses.iter();
    let statuses = statuses.map(|(status, count)| format!("{} × {status}", grouped(*count)));
    let without = without.map(|(count, why)| format!("{} × {why}", grouped(count)));
    out.write_parts("  statuses   ", statuses.chain(without), "  ", LABEL)
}

/// The percentiles and the longest of these times; `None` without any.
fn percentiles(latency: &Latency) -> Option<impl Iterator<Item = String> + use<'_>> {
    let max = latency.max()?;
    let percentile = |percent| {
        let time = latency.p(percent).unwrap_or_default();
        format!("p{percent} {}", duration(time))
    };
    let times = PERCENTILES.into_iter().map(percentile);
    Some(times.chain([format!("max {}", duration(max))]))
}
