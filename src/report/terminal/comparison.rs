//! A comparison in words, and what became of the assertions.

use std::io::{self, Write};

use crate::model::event::{GateVerdict, Judged};
use crate::model::measurement::{ArmTimes, Comparison, Sweep};
use crate::model::notice::MeasurementNotice;
use crate::report::format::{apart, bytes, counted, duration};
use crate::stats::{Finding, Interval, Knee};

use std::time::Duration;

/// The length of a bar for the highest throughput.
const BAR: f64 = 30.0;

/// Writes the comparison.
pub(in crate::report) fn comparison(
    out: &mut impl Write,
    comparison: &Comparison,
) -> io::Result<()> {
    let Comparison {
        workers,
        targets,
        warmups,
        serial,
        parallel,
        speedup,
        ..
    } = comparison;
    writeln!(
        out,
        "\n  {} · {} · {} of runs in alternating order, after {}",
        counted(*targets, "URL"),
        counted(*workers as u64, "worker"),
        counted(speedup.pairs as u64, "pair"),
        counted(u64::from(*warmups), "warm-up"),
    )?;
    writeln!(
        out,
        "                 mean ± σ              median       min … max"
    )?;
    arm(out, "serial", serial)?;
    arm(out, "parallel", parallel)?;
    write!(out, "  speed-up  {:>8.2}x", speedup.ratio)?;
    if let Some(Interval { low, high }) = speedup.interval {
        write!(out, "  95 % interval {low:.2}x … {high:.2}x")?;
    }
    writeln!(
        out,
        " · efficiency {:.0} %",
        comparison.efficiency() * 100.0
    )?;
    if let Some(estimated) = comparison.estimated {
        let off = (estimated / speedup.ratio - 1.0) * 100.0;
        writeln!(
            out,
            "  estimate  {estimated:>8.2}x  from the parallel runs alone, {off:+.1} % off"
        )?;
    }
    writeln!(out, "  verdict    {}", verdict(comparison))?;
    writeln!(
        out,
        "  start-up   {} serial, {} parallel (not part of the times)",
        of(serial.startup),
        of(parallel.startup)
    )?;
    let failed = serial.failed + parallel.failed;
    let retries = serial.retries + parallel.retries;
    if failed + retries > 0 {
        writeln!(
            out,
            "  failed     {} serial, {} parallel · retries {} serial, {} parallel",
            serial.failed, parallel.failed, serial.retries, parallel.retries
        )?;
    }
    not_alike(out, &comparison.differing)?;
    notices(out, &comparison.notices)
}

/// Writes the sweep: a table with a bar for the throughput at each number of workers.
pub(in crate::report) fn sweep(out: &mut impl Write, sweep: &Sweep) -> io::Result<()> {
    let runs = sweep
        .points
        .first()
        .map_or(0, |point| point.times.seconds.len());
    let (Some(first), Some(best)) = (
        sweep.points.first(),
        sweep
            .points
            .iter()
            .map(|point| point.times.sample.mean)
            .min_by(f64::total_cmp),
    ) else {
        return Ok(());
    };
    let has_failed = sweep.points.iter().any(|point| point.times.failed > 0);
    writeln!(
        out,
        "\n  {} · {} at each number of workers",
        counted(sweep.targets, "URL"),
        counted(runs as u64, "run")
    )?;
    writeln!(
        out,
        "  workers       mean ± σ          against {:<4} {}throughput",
        first.workers,
        if has_failed { "failed  " } else { "" }
    )?;
    for point in &sweep.points {
        let sample = &point.times.sample;
        let deviation = sample.deviation.map_or("-".to_owned(), of);
        let share = best / sample.mean;
        let bar = "█".repeat((share * BAR).round().clamp(1.0, BAR) as usize);
        let knee = match sweep.knee {
            Some(knee) if knee.by_means != point.workers => "",
            Some(_) if sweep.is_undecided() => " knee by the means",
            Some(_) => " knee",
            None => "",
        };
        writeln!(
            out,
            "  {:>7}  {:>9} ± {deviation:<9} {:>8.2}x   {}{bar}{knee}",
            point.workers,
            of(sample.mean),
            first.times.sample.mean / sample.mean,
            match has_failed {
                true => format!("{:<6}  ", point.times.failed),
                false => String::new(),
            },
        )?;
    }
    if let Some(knee) = sweep.knee {
        writeln!(out, "  knee       {}", self::knee(knee))?;
        if let Some(speedup) = sweep.speedup() {
            write!(out, "  speed-up  {:>8.2}x", speedup.ratio)?;
            if let Some(Interval { low, high }) = speedup.interval {
                write!(out, "  95 % interval {low:.2}x … {high:.2}x")?;
            }
            writeln!(out, " · {} against {}", knee.by_means, first.workers)?;
        }
        writeln!(out, "  verdict    {}", enough(sweep))?;
    }
    match &sweep.law {
        Some(law) => {
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
            }?;
        }
        None => writeln!(
            out,
            "  scaling    four numbers of workers are needed to fit the Universal Scalability Law"
        )?,
    }
    not_alike(out, &sweep.differing)?;
    notices(out, &sweep.notices)
}

fn notices(out: &mut impl Write, notices: &[MeasurementNotice]) -> io::Result<()> {
    for notice in notices {
        writeln!(out, "  warning    {notice}")?;
    }
    Ok(())
}

/// What the comparison shows, in a sentence.
pub(in crate::report) fn verdict(comparison: &Comparison) -> String {
    let ratio = comparison.speedup.ratio;
    match comparison.speedup.finding() {
        Some(Finding::Faster) => format!("parallel is faster, {} times", apart(ratio)),
        Some(Finding::Slower) => format!("parallel is slower, {} times", apart(1.0 / ratio)),
        Some(Finding::NoDifference) => "no difference shown".to_owned(),
        None => "one pair of runs shows no difference beyond chance".to_owned(),
    }
}

/// What the sweep shows, in a sentence.
pub(in crate::report) fn enough(sweep: &Sweep) -> String {
    let (Some(fewest), Some(most), Some(knee)) =
        (sweep.points.first(), sweep.points.last(), sweep.knee)
    else {
        return "the times do not tell how many workers are enough".to_owned();
    };
    let workers = counted(knee.workers as u64, "worker");
    let gain = sweep.speedup().map(|speedup| speedup.ratio);
    let gain = gain.map(|gain| format!("{gain:.2} times as fast as {}", fewest.workers));
    if sweep.is_undecided() {
        let by_means = counted(knee.by_means as u64, "worker");
        let gain = gain.map(|gain| format!(", {gain}")).unwrap_or_default();
        return format!(
            "the runs do not decide how many workers are enough: by the means {by_means}{gain}, but \
             {workers} {} not shown to be too few",
            if knee.workers == 1 { "is" } else { "are" }
        );
    }
    let verdict = match gain.filter(|_| knee.workers > fewest.workers) {
        // Perhaps more would be faster still.
        Some(gain) if knee.workers == most.workers => {
            format!("{workers} are {gain}, and more were not tried")
        }
        Some(gain) => format!("{workers} are enough: {gain}"),
        None if knee.workers == most.workers => {
            format!("{workers}, and no other number was tried")
        }
        None if knee.workers == 1 => {
            format!("{workers} is enough: more are not shown to gain more than 5 %")
        }
        None => format!("{workers} are enough: more are not shown to gain more than 5 %"),
    };
    match sweep.is_single() && sweep.points.len() > 1 {
        true => format!("{verdict} (one run each, which shows little)"),
        false => verdict,
    }
}

/// Where the knee is, and what that means.
pub(in crate::report) fn knee(knee: Knee) -> String {
    let workers = counted(knee.workers as u64, "worker");
    let is = if knee.workers == 1 { "is" } else { "are" };
    match knee.by_means == knee.workers {
        true => {
            format!("{workers}: the fewest that are not shown to be 5 % slower than the best")
        }
        false => format!(
            "not decided: {} by the means, but {workers} {is} not shown to be 5 % slower than the best",
            counted(knee.by_means as u64, "worker")
        ),
    }
}

fn not_alike(out: &mut impl Write, (count, named): &(u64, Vec<String>)) -> io::Result<()> {
    if *count == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "  warning    {} {} not answered alike in all runs, so the arms did not do the same work: {}",
        counted(*count, "URL"),
        if *count == 1 { "was" } else { "were" },
        named.join(" ")
    )
}

fn arm(out: &mut impl Write, name: &str, times: &ArmTimes) -> io::Result<()> {
    let sample = &times.sample;
    let deviation = sample.deviation.map_or("-".to_owned(), of);
    writeln!(
        out,
        "  {name:<9} {:>9} ± {deviation:<9}  {:>9}   {:>9} … {}",
        of(sample.mean),
        of(sample.median),
        of(sample.min),
        of(sample.max),
    )
}

/// Writes what became of an assertion.
pub(in crate::report) fn judged(out: &mut impl Write, judged: &Judged) -> io::Result<()> {
    let verdict = match judged.verdict {
        GateVerdict::Failed => "FAILED",
        verdict => verdict.as_str(),
    };
    writeln!(
        out,
        "  gate       {:<24} {verdict:<12}  {}",
        judged.gate,
        figure(judged)
    )
}

/// The figure that an assertion was held against, or why there is none.
pub(in crate::report) fn figure(judged: &Judged) -> String {
    let figure = match (judged.value, judged.interval) {
        (Some(value), Some(Interval { low, high })) => format!(
            "{} (95 % interval {} … {})",
            in_unit(value, judged.unit),
            in_unit(low, judged.unit),
            in_unit(high, judged.unit)
        ),
        (Some(value), None) => in_unit(value, judged.unit),
        (None, _) => return judged.why.clone(),
    };
    match judged.why.is_empty() {
        true => figure,
        false => format!("{figure}, {}", judged.why),
    }
}

fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "s" => of(value),
        "B/s" => format!("{}/s", bytes(value as u64)),
        "x" => format!("{value:.2}x"),
        "%" => format!("{value:.2} %"),
        "/s" => format!("{value:.0}/s"),
        _ => format!("{value}"),
    }
}

/// Seconds in words.
fn of(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
