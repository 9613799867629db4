//! Comparisons, sweeps and assertions on the terminal.

use std::io::{self, Write};

use super::lines::{LABEL, TextWriter, deviation};
use super::sweep_table;
use crate::model::event::{AssertionResult, AssertionVerdict};
use crate::model::measurement::{Against, ArmTimes, Comparison, Sweep};
use crate::model::notice::MeasurementNotice;
use crate::model::worker_gain::WorkerGains;
use crate::report::against;
use crate::report::format::{counted, format_secs, grouped};
use crate::report::wording::{self, TERMINAL};
use crate::stats::{Speedup, Usl};

/// Writes the comparison.
pub(super) fn comparison(
    out: &mut TextWriter<impl Write>,
    comparison: &Comparison,
) -> io::Result<()> {
    let Comparison {
        workers,
        targets,
        serial,
        parallel,
        ..
    } = comparison;
    let pairs = counted(comparison.pairs() as u64, "pair");
    let warm_ups = wording::after_warm_ups(comparison);
    let parts = [
        counted(*targets, "URL"),
        counted(*workers as u64, "worker"),
        format!("{pairs} of runs in alternating order, {warm_ups}"),
    ];
    let course = wording::course(comparison).map(str::to_owned);
    out.write_parts("  ", parts.into_iter().chain(course), " · ", 4)?;
    out.write_stopped(wording::comparison_stopped(comparison))?;
    writeln!(
        out,
        "              geomean ± σ              median       min … max"
    )?;
    arm(out, "serial", serial)?;
    arm(out, "parallel", parallel)?;
    if let Some(speedup) = comparison.speedup {
        ratio(out, comparison, speedup)?;
    }
    out.write_text("  verdict    ", &wording::comparison_verdict(comparison))?;
    for reason in wording::reasons(&comparison.why) {
        out.write_text("  why        ", &reason)?;
    }
    if let Some(hint) = wording::sweep_hint(comparison) {
        out.write_text("  hint       ", hint)?;
    }
    writeln!(
        out,
        "  start-up   {} serial, {} parallel (not part of the times)",
        format_secs(serial.startup),
        format_secs(parallel.startup)
    )?;
    latencies(out, serial, parallel)?;
    failures(out, comparison)?;
    warnings(out, &comparison.differing, &comparison.notices)
}

/// Writes the speed-up, and the estimate of it that a plain run would have made.
fn ratio(
    out: &mut TextWriter<impl Write>,
    comparison: &Comparison,
    speedup: Speedup,
) -> io::Result<()> {
    let efficiency = comparison.efficiency().unwrap_or_default() * 100.0;
    speedup_line(out, speedup, &format!("efficiency {efficiency:.0} %"))?;
    if let Some(estimated) = comparison.estimated {
        let off = (estimated / speedup.ratio - 1.0) * 100.0;
        writeln!(
            out,
            "  estimate  {estimated:>8.2}x  from the parallel runs alone, {off:+.1} % off"
        )?;
    }
    Ok(())
}

/// Writes a speed-up, its interval if it has one, and what there is to add.
fn speedup_line(out: &mut TextWriter<impl Write>, speedup: Speedup, more: &str) -> io::Result<()> {
    let (ratio, interval) = TERMINAL.with_interval(speedup);
    let ratio = format!("  speed-up  {ratio:>9}");
    match interval {
        Some(interval) => {
            let parts = [interval, more.to_owned()];
            out.write_parts(&(ratio + "  "), parts, " · ", LABEL)
        }
        None => writeln!(out, "{ratio} · {more}"),
    }
}

/// Writes the latency of both arms' URLs.
fn latencies(
    out: &mut TextWriter<impl Write>,
    serial: &ArmTimes,
    parallel: &ArmTimes,
) -> io::Result<()> {
    let parts = wording::arm_latencies(serial, parallel);
    match parts.is_empty() {
        true => Ok(()),
        false => out.write_parts("  latency    ", parts, " · ", LABEL),
    }
}

/// Writes the failures and the retries of both arms, if there were any.
fn failures(out: &mut TextWriter<impl Write>, comparison: &Comparison) -> io::Result<()> {
    let Comparison {
        serial, parallel, ..
    } = comparison;
    if serial.failed + parallel.failed + serial.retries + parallel.retries == 0 {
        return Ok(());
    }
    let each = comparison.targets.saturating_mul(comparison.pairs() as u64);
    let failed = format!(
        "{} serial, {} parallel, of {} each",
        grouped(serial.failed),
        grouped(parallel.failed),
        grouped(each)
    );
    let retries = format!(
        "retries {} serial, {} parallel",
        grouped(serial.retries),
        grouped(parallel.retries)
    );
    out.write_parts("  failed     ", [failed, retries], " · ", LABEL)
}

/// Writes the sweep: a table with a bar for the throughput at each number of workers, then its figures.
pub(super) fn sweep(out: &mut TextWriter<impl Write>, sweep: &Sweep) -> io::Result<()> {
    let fewest = sweep.comparable().next().or(sweep.points.first());
    let Some(fewest) = fewest else {
        return Ok(());
    };
    sweep_table::write(out, sweep, fewest)?;
    if let Some(knee) = sweep.knee {
        out.write_text("  knee       ", &wording::knee(sweep, knee))?;
        if let Some(speedup) = sweep.gain() {
            let against = format!("{} against {}", knee.by_means, fewest.workers);
            speedup_line(out, speedup, &against)?;
        }
    }
    out.write_text("  verdict    ", &wording::sweep_verdict(sweep))?;
    for reason in wording::knee_reasons(sweep.why.as_ref()) {
        out.write_text("  why        ", &reason)?;
    }
    if let Some(cost) = wording::search_cost(sweep) {
        out.write_parts("  runs       ", cost, " · ", LABEL)?;
    }
    worker_gains(out, sweep)?;
    if let Some(law) = &sweep.law {
        scaling(out, law, sweep.peak())?;
    }
    warnings(out, &sweep.differing, &sweep.notices)
}

/// Writes what each further worker gained, the efficiency at the knee, and what little gain costs.
fn worker_gains(out: &mut TextWriter<impl Write>, sweep: &Sweep) -> io::Result<()> {
    let Some(gains) = WorkerGains::of(sweep) else {
        return Ok(());
    };
    out.write_text(
        "  gain       ",
        &wording::marginal_gains(&gains).join(" · "),
    )?;
    let at_knee = sweep.knee.and_then(|knee| gains.at(knee.by_means));
    if let Some(efficiency) = at_knee.map(wording::efficiency) {
        out.write_text("  efficiency ", &efficiency)?;
    }
    match wording::small_gain(sweep, TERMINAL) {
        Some(cost) => out.write_text("  cost       ", &cost),
        None => Ok(()),
    }
}

/// Writes the coefficients of the scaling law, and the number of workers that has the highest throughput by it, if
/// the measured times bear it out.
fn scaling(out: &mut TextWriter<impl Write>, law: &Usl, peak: Option<f64>) -> io::Result<()> {
    let coefficients = format!(
        "contention σ {:.4}, coherency κ {:.6}",
        law.sigma, law.kappa
    );
    let r_squared = law.r_squared.map(|share| format!("R² {share:.3}"));
    let peak = peak.map(|peak| format!("most at {peak:.0} workers"));
    let law = "Universal Scalability Law".to_owned();
    let parts = [Some(coefficients), r_squared, peak, Some(law)];
    out.write_parts("  scaling    ", parts.into_iter().flatten(), " · ", LABEL)
}

/// Writes the warning about targets that were not answered alike, and the notices.
fn warnings(
    out: &mut TextWriter<impl Write>,
    differing: &(u64, Vec<String>),
    notices: &[MeasurementNotice],
) -> io::Result<()> {
    if let Some(warning) = wording::differing(differing) {
        out.write_text("  warning    ", &warning)?;
    }
    for notice in notices {
        out.write_text("  warning    ", &notice.to_string())?;
    }
    Ok(())
}

/// Writes the times of an arm.
fn arm(out: &mut TextWriter<impl Write>, name: &str, times: &ArmTimes) -> io::Result<()> {
    let sample = &times.sample;
    writeln!(
        out,
        "  {name:<9} {:>9} ± {:<9}  {:>9}   {:>9} … {}",
        format_secs(times.typical_seconds()),
        deviation(times),
        format_secs(sample.median),
        format_secs(sample.min),
        format_secs(sample.max),
    )
}

/// Writes what each arm that was compared with a baseline took. The arm is named if there are several, or could be.
pub(super) fn against(
    out: &mut TextWriter<impl Write>,
    against: &Against,
    is_sweep: bool,
) -> io::Result<()> {
    if let Some(why) = against.explain() {
        out.write_text("  baseline   ", &format!("not compared: {why}"))?;
    }
    for point in &against.points {
        let then = format_secs(point.seconds_then());
        let label = format!("  baseline  {then:>9}  ");
        let named = |line: String| match is_sweep || against.points.len() > 1 {
            true => format!("{}: {line}", against::arm(point)),
            false => line,
        };
        out.write_text(&label, &named(against::verdict(against, point)))?;
        if let Some(dated) = against::dated(point) {
            out.write_text("  change     ", &named(dated))?;
        }
    }
    for notice in &against.notices {
        let text = format!("against the baseline: {notice}");
        out.write_text("  warning    ", &text)?;
    }
    Ok(())
}

/// Writes an assertion, its verdict and its figure.
pub(super) fn judged(out: &mut TextWriter<impl Write>, judged: &AssertionResult) -> io::Result<()> {
    let verdict = match judged.verdict {
        AssertionVerdict::Failed => "FAILED",
        verdict => verdict.as_str(),
    };
    let label = format!("  gate       {:<24} {verdict:<12}  ", judged.assertion);
    let figure = wording::assertion_figure(judged);
    // Where the column of the figures is too narrow for this one, it has the next line.
    let line = label.clone() + &figure;
    if !out.is_too_wide(&line) {
        return writeln!(out, "{line}");
    }
    writeln!(out, "{}", label.trim_end())?;
    out.write_text(&" ".repeat(LABEL), &figure)
}
