//! The table of a sweep on the terminal: a line for each number of workers, of at most 80 columns.

use std::io::{self, Write};

use super::lines::{TextWriter, WIDTH, deviation};
use crate::model::measurement::{ArmLatency, ArmTimes, Sweep, SweepRuns};
use crate::report::format::{counted, format_secs};
use crate::report::wording::{self, TERMINAL};

/// The columns before the latencies, and those of the mark at the end.
const BEFORE: usize = 45;
const MARK: usize = 6;

/// The most columns of the bar for the highest throughput, and the fewest in which bars can be told apart.
const BAR: usize = 30;
const MIN_BAR: usize = 9;

/// The columns of a percentile, and those of a number of failures or retries, which are there if there were any.
const PERCENTILE: usize = 10;
const COUNT: usize = 8;

/// A column of latencies: its heading and its figure.
type LatencyColumn = (&'static str, fn(ArmLatency) -> f64);

const P50: LatencyColumn = ("p50", |latency| latency.p50);
const P95: LatencyColumn = ("p95", |latency| latency.p95);

/// The columns that a table has room for.
struct SweepColumns {
    latencies: &'static [LatencyColumn],
    has_failed: bool,
    has_retries: bool,
    /// The columns of the longest bar; 0 without bars.
    bar: usize,
}

impl SweepColumns {
    fn of(points: &[SweepRuns]) -> Self {
        let has = |is: fn(&ArmTimes) -> bool| points.iter().any(|point| is(&point.times));
        let has_failed = has(|times| times.failed > 0);
        let has_retries = has(|times| times.retries > 0);
        let latencies: &[LatencyColumn] = match (
            has(|times| times.latency.is_some()),
            has_failed && has_retries,
        ) {
            (false, _) => &[],
            (true, false) => &[P50, P95],
            (true, true) => &[P95],
        };
        let counts = COUNT * (usize::from(has_failed) + usize::from(has_retries));
        let room = WIDTH.saturating_sub(BEFORE + MARK + counts + PERCENTILE * latencies.len());
        SweepColumns {
            latencies,
            has_failed,
            has_retries,
            bar: if room < MIN_BAR { 0 } else { room.min(BAR) },
        }
    }

    /// The cells between the times and the bar.
    fn cells(&self, latency: impl Fn(&LatencyColumn) -> String, counts: [&str; 2]) -> String {
        let mut text = String::new();
        for column in self.latencies {
            text += &format!("{:<PERCENTILE$}", latency(column));
        }
        for (has_it, count) in [self.has_failed, self.has_retries].into_iter().zip(counts) {
            if has_it {
                text += &format!("{count:<COUNT$}");
            }
        }
        text
    }

    fn headings(&self) -> String {
        let cells = self.cells(|(name, _)| (*name).to_owned(), ["failed", "retries"]);
        cells + if self.bar > 0 { "throughput" } else { "" }
    }

    fn row(&self, times: &ArmTimes) -> String {
        let counts = [times.failed, times.retries].map(|count| count.to_string());
        let latency = |(_, figure): &LatencyColumn| {
            times
                .latency
                .map_or("-".to_owned(), |latency| format_secs(figure(latency)))
        };
        self.cells(latency, counts.each_ref().map(String::as_str))
    }
}

/// Writes the table, `fewest` being the number of workers that the others are set against.
pub(super) fn write(
    out: &mut TextWriter<impl Write>,
    sweep: &Sweep,
    fewest: &SweepRuns,
) -> io::Result<()> {
    let comparable = sweep.sweep_points();
    let seconds_of = |workers| {
        let mut points = comparable
            .iter()
            .filter(move |point| point.workers == workers);
        points.next().map(|point| point.seconds)
    };
    let best = comparable.iter().map(|point| point.seconds);
    let best = best.fold(f64::INFINITY, f64::min);
    let columns = SweepColumns::of(&sweep.points);
    let parts = [
        counted(sweep.targets, "URL"),
        wording::runs_at_each(sweep) + " at each number of workers",
    ];
    let course = wording::sweep_course(sweep).map(str::to_owned);
    out.write_parts("  ", parts.into_iter().chain(course), " · ", 4)?;
    out.write_stopped(wording::sweep_stopped(sweep))?;
    // As wide as its column: "geometric mean" is not.
    let name = match sweep.search {
        Some(_) => "geom. mean",
        None => sweep.typical_name(),
    };
    let head = format!(
        "  workers{name:>11}   σ          against {:<4} ",
        fewest.workers
    );
    writeln!(out, "{}", (head + &columns.headings()).trim_end())?;
    for point in &sweep.points {
        let seconds = seconds_of(point.workers);
        let bar = match (seconds, columns.bar) {
            (Some(seconds), 1..) => (best / seconds * columns.bar as f64).round().max(1.0),
            _ => 0.0,
        };
        // As the speed-up below it: of the runs of each round, and not of the mean times.
        let against = sweep.speedup_at(point.workers);
        let against = against.map_or("-".to_owned(), |speedup| TERMINAL.ratio(speedup.ratio));
        let knee = match sweep.knee {
            _ if sweep.passed_over(point.workers).is_some() => " (passed over)",
            Some(knee) if knee.by_means != point.workers => "",
            Some(_) if sweep.is_undecided() => " knee?",
            Some(_) => " knee",
            None => "",
        };
        let row = format!(
            "  {:>7}  {:>9}   {:<9} {against:>9}   {}{}{knee}",
            point.workers,
            format_secs(sweep.typical_seconds(point)),
            deviation(&point.times),
            columns.row(&point.times),
            "█".repeat(bar as usize),
        );
        writeln!(out, "{}", row.trim_end())?;
    }
    Ok(())
}
