//! Comparisons, sweeps and assertions on the terminal.

use std::io::{self, Write};

use crate::model::event::{AssertionResult, AssertionVerdict};
use crate::model::measurement::{ArmTimes, Comparison, Sweep, SweepRuns, fair_points};
use crate::model::notice::MeasurementNotice;
use crate::report::format::{counted, format_secs};
use crate::report::wording::{self, TERMINAL};
use crate::stats::{Speedup, Usl};

/// The characters of the bar for the highest throughput.
const BAR: f64 = 30.0;

/// Writes the comparison.
pub(super) fn comparison(out: &mut impl Write, comparison: &Comparison) -> io::Result<()> {
    let Comparison {
        workers,
        targets,
        warmups,
        serial,
        parallel,
        ..
    } = comparison;
    writeln!(
        out,
        "\n  {} · {} · {} of runs in alternating order, after {}",
        counted(*targets, "URL"),
        counted(*workers as u64, "worker"),
        counted(comparison.pairs() as u64, "pair"),
        counted(u64::from(*warmups), "warm-up"),
    )?;
    writeln!(
        out,
        "                 mean ± σ              median       min … max"
    )?;
    arm(out, "serial", serial)?;
    arm(out, "parallel", parallel)?;
    if let Some(speedup) = comparison.speedup {
        ratio(out, comparison, speedup)?;
    }
    writeln!(
        out,
        "  verdict    {}",
        wording::comparison_verdict(comparison)
    )?;
    writeln!(
        out,
        "  start-up   {} serial, {} parallel (not part of the times)",
        format_secs(serial.startup),
        format_secs(parallel.startup)
    )?;
    failures(out, serial, parallel)?;
    warnings(out, &comparison.differing, &comparison.notices)
}

/// Writes the speed-up, and the estimate of it that a plain run would have made.
fn ratio(out: &mut impl Write, comparison: &Comparison, speedup: Speedup) -> io::Result<()> {
    write!(out, "  speed-up  {:>8.2}x", speedup.ratio)?;
    if let Some(interval) = speedup.interval {
        write!(out, "  {}", TERMINAL.interval(interval))?;
    }
    let efficiency = comparison.efficiency().unwrap_or_default() * 100.0;
    writeln!(out, " · efficiency {efficiency:.0} %")?;
    if let Some(estimated) = comparison.estimated {
        let off = (estimated / speedup.ratio - 1.0) * 100.0;
        writeln!(
            out,
            "  estimate  {estimated:>8.2}x  from the parallel runs alone, {off:+.1} % off"
        )?;
    }
    Ok(())
}

/// Writes the failures and the retries of both arms, if there were any.
fn failures(out: &mut impl Write, serial: &ArmTimes, parallel: &ArmTimes) -> io::Result<()> {
    if serial.failed + parallel.failed + serial.retries + parallel.retries == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "  failed     {} serial, {} parallel · retries {} serial, {} parallel",
        serial.failed, parallel.failed, serial.retries, parallel.retries
    )
}

/// Writes the sweep: a table with a bar for the throughput at each number of workers, then its figures.
pub(super) fn sweep(out: &mut impl Write, sweep: &Sweep) -> io::Result<()> {
    let Some(fewest) = sweep.points.first() else {
        return Ok(());
    };
    sweep_table(out, sweep, fewest)?;
    if let Some(knee) = sweep.knee {
        writeln!(out, "  knee       {}", wording::knee(knee))?;
        if let Some(speedup) = sweep.gain() {
            write!(out, "  speed-up  {:>8.2}x", speedup.ratio)?;
            if let Some(interval) = speedup.interval {
                write!(out, "  {}", TERMINAL.interval(interval))?;
            }
            writeln!(out, " · {} against {}", knee.by_means, fewest.workers)?;
        }
    }
    writeln!(out, "  verdict    {}", wording::sweep_verdict(sweep))?;
    match &sweep.law {
        Some(law) => scaling(out, law)?,
        None => writeln!(
            out,
            "  scaling    four numbers of workers are needed to fit the Universal Scalability Law"
        )?,
    }
    warnings(out, &sweep.differing, &sweep.notices)
}

/// Writes a line for each number of workers, `fewest` being the first of them.
fn sweep_table(out: &mut impl Write, sweep: &Sweep, fewest: &SweepRuns) -> io::Result<()> {
    let fair = fair_points(&sweep.points, sweep.targets);
    let fair_seconds = |workers| {
        let mut points = fair.iter().filter(move |point| point.workers == workers);
        points.next().map(|point| point.seconds)
    };
    let best = fair.iter().map(|point| point.seconds);
    let best = best.fold(f64::INFINITY, f64::min);
    let has_failed = sweep.points.iter().any(|point| point.times.failed > 0);
    writeln!(
        out,
        "\n  {} · {} at each number of workers",
        counted(sweep.targets, "URL"),
        counted(fewest.times.seconds.len() as u64, "run")
    )?;
    writeln!(
        out,
        "  workers       mean ± σ          against {:<4} {}throughput",
        fewest.workers,
        if has_failed { "failed  " } else { "" }
    )?;
    for point in &sweep.points {
        let sample = &point.times.sample;
        let seconds = fair_seconds(point.workers);
        let bar = seconds.map(|seconds| (best / seconds * BAR).round().clamp(1.0, BAR));
        let bar = "█".repeat(bar.unwrap_or_default() as usize);
        let against = fair_seconds(fewest.workers).zip(seconds);
        let against = against.map_or("-".to_owned(), |(fewest, seconds)| {
            TERMINAL.ratio(fewest / seconds)
        });
        let knee = match sweep.knee {
            Some(knee) if knee.by_means != point.workers => "",
            Some(_) if sweep.is_undecided() => " knee by the means",
            Some(_) => " knee",
            None => "",
        };
        writeln!(
            out,
            "  {:>7}  {:>9} ± {:<9} {against:>9}   {}{bar}{knee}",
            point.workers,
            format_secs(sample.mean),
            deviation(&point.times),
            match has_failed {
                true => format!("{:<6}  ", point.times.failed),
                false => String::new(),
            },
        )?;
    }
    Ok(())
}

/// Writes the coefficients of the scaling law.
fn scaling(out: &mut impl Write, law: &Usl) -> io::Result<()> {
    write!(
        out,
        "  scaling    contention σ {:.4}, coherency κ {:.6} (Universal Scalability Law)",
        law.sigma, law.kappa
    )?;
    if let Some(r_squared) = law.r_squared {
        write!(out, " · R² {r_squared:.3}")?;
    }
    match law.peak() {
        Some(peak) => writeln!(out, " · most at {peak:.0} workers"),
        None => out.write_all(b"\n"),
    }
}

/// The standard deviation of the times, or a dash if there was one run.
fn deviation(times: &ArmTimes) -> String {
    times.sample.deviation.map_or("-".to_owned(), format_secs)
}

/// Writes the warning about targets that were not answered alike, and the notices.
fn warnings(
    out: &mut impl Write,
    differing: &(u64, Vec<String>),
    notices: &[MeasurementNotice],
) -> io::Result<()> {
    if let Some(warning) = wording::differing(differing) {
        writeln!(out, "  warning    {warning}")?;
    }
    for notice in notices {
        writeln!(out, "  warning    {notice}")?;
    }
    Ok(())
}

/// Writes the times of an arm.
fn arm(out: &mut impl Write, name: &str, times: &ArmTimes) -> io::Result<()> {
    let sample = &times.sample;
    writeln!(
        out,
        "  {name:<9} {:>9} ± {:<9}  {:>9}   {:>9} … {}",
        format_secs(sample.mean),
        deviation(times),
        format_secs(sample.median),
        format_secs(sample.min),
        format_secs(sample.max),
    )
}

/// Writes an assertion, its verdict and its figure.
pub(super) fn judged(out: &mut impl Write, judged: &AssertionResult) -> io::Result<()> {
    let verdict = match judged.verdict {
        AssertionVerdict::Failed => "FAILED",
        verdict => verdict.as_str(),
    };
    writeln!(
        out,
        "  gate       {:<24} {verdict:<12}  {}",
        judged.assertion,
        wording::assertion_figure(judged)
    )
}
