//! The table of a sweep on the terminal: a line for each number of workers, of at most 80 columns.

use std::io::{self, Write};

use super::lines::{TextWriter, WIDTH};
use crate::model::measurement::{ArmTimes, Sweep, SweepRuns};
use crate::report::format::{counted, format_secs};
use crate::report::wording::{self, TERMINAL};
use crate::stats::Sample;

/// The columns before the latencies, and those of the mark at the end.
const BEFORE: usize = 50;
const MARK: usize = 6;

/// The columns up to the shortest time.
const TIMES: usize = 28;

/// The most columns of the bar for the highest throughput, and the fewest in which bars can be told apart.
const BAR: usize = 30;
const MIN_BAR: usize = 7;

/// The columns of a percentile, and those of the numbers of failures and retries, which are there if there were any.
const PERCENTILE: usize = 9;
const COUNTS: [usize; 2] = ["failed ".len(), "retries ".len()];

/// The columns that a table has room for.
struct SweepColumns {
    /// True if it has the 95th percentile of the URLs.
    has_p95: bool,
    has_failed: bool,
    has_retries: bool,
    /// The columns of the longest bar; 0 without bars.
    bar: usize,
}

impl SweepColumns {
    fn of(sweep: &Sweep) -> Self {
        let points = &sweep.points;
        let has = |is: fn(&ArmTimes) -> bool| points.iter().any(|point| is(&point.times));
        let mut points_of = points.iter();
        let is_mixed = points_of.any(|point| sweep.passed_over(point.workers).is_some());
        let has_failed = has(|times| times.failed > 0);
        let has_retries = has(|times| times.retries > 0);
        // The mark of a number of workers that is passed over takes its place, if all is there.
        let has_room = !(has_failed && has_retries && is_mixed);
        let has_p95 = has_room && has(|times| times.latency.is_some());
        let counts = COUNTS[0] * usize::from(has_failed) + COUNTS[1] * usize::from(has_retries);
        let percentiles = PERCENTILE * usize::from(has_p95);
        let room = WIDTH.saturating_sub(BEFORE + MARK + counts + percentiles);
        SweepColumns {
            has_p95,
            has_failed,
            has_retries,
            bar: if room < MIN_BAR { 0 } else { room.min(BAR) },
        }
    }

    /// The cells between the times and the bar.
    fn cells(&self, p95: &str, counts: [&str; 2]) -> String {
        let mut text = String::new();
        if self.has_p95 {
            text += &format!("{p95:<PERCENTILE$}");
        }
        let has = [self.has_failed, self.has_retries];
        for ((has_it, count), width) in has.into_iter().zip(counts).zip(COUNTS) {
            if has_it {
                text += &format!("{count:<width$}");
            }
        }
        text
    }

    fn headings(&self) -> String {
        let cells = self.cells("p95", ["failed", "retries"]);
        cells + if self.bar > 0 { "throughput" } else { "" }
    }

    fn row(&self, times: &ArmTimes) -> String {
        let counts = [times.failed, times.retries].map(|count| count.to_string());
        let p95 = times.latency.map(|latency| format_secs(latency.p95));
        let p95 = p95.unwrap_or_else(|| "-".to_owned());
        self.cells(&p95, counts.each_ref().map(String::as_str))
    }
}

/// The typical time of some runs, and the shortest and the longest; of one run there is no more than its time.
fn time_and_range(typical: f64, sample: &Sample) -> String {
    let [typical, least, most] = [typical, sample.min, sample.max].map(format_secs);
    match sample.n {
        0 | 1 => format!("{typical:>8}  {:>8}   {:<8}", "-", ""),
        _ => format!("{typical:>8}  {least:>8} … {most:<8}"),
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
    let columns = SweepColumns::of(sweep);
    let parts = [
        counted(sweep.targets, "URL"),
        wording::runs_at_each(sweep) + " at each number of workers",
    ];
    let course = wording::sweep_course(sweep).map(str::to_owned);
    out.write_parts("  ", parts.into_iter().chain(course), " · ", 4)?;
    out.write_stopped(wording::sweep_stopped(sweep))?;
    let over = format!("over {}", fewest.workers);
    // As wide as its column: "geometric mean" is not.
    let name = match sweep.search {
        Some(_) => "geomean",
        None => sweep.typical_name(),
    };
    let start = format!("  workers {name:>8}");
    let head = format!(
        "{start}{:>width$} … {:<8} {over:>8}  ",
        "min",
        "max",
        width = TIMES.saturating_sub(start.chars().count())
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
            "  {:>7} {} {against:>8}  {}{}",
            point.workers,
            time_and_range(sweep.typical_seconds(point), &point.times.sample),
            columns.row(&point.times),
            "█".repeat(bar as usize),
        );
        writeln!(out, "{}{knee}", row.trim_end())?;
    }
    Ok(())
}
