//! A run against an earlier one: in words, and as an object of the JSON reports.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::format::{counted, distinct_ratio, duration};
use super::schema::measured::finding;
use super::schema::result::rfc3339;
use crate::model::measurement::{Against, AgainstPoint, Arm};
use crate::stats::{Change, Finding, Interval, Sample};

/// Writes what the run comes to, a line for each way of fetching. Which one it is is said if there are
/// several, or could be.
pub(in crate::report) fn against(
    out: &mut impl Write,
    against: &Against,
    is_sweep: bool,
) -> io::Result<()> {
    if let Some(why) = &against.why {
        writeln!(out, "  baseline   not compared: {why}")?;
    }
    for point in &against.points {
        let then = Duration::try_from_secs_f64(point.then.mean).unwrap_or_default();
        write!(out, "  baseline  {:>9}  ", duration(then))?;
        if is_sweep || against.points.len() > 1 {
            write!(out, "{}: ", way(point))?;
        }
        writeln!(out, "{}", verdict(point))?;
    }
    for notice in &against.notices {
        writeln!(out, "  warning    against the baseline: {notice}")?;
    }
    Ok(())
}

/// What the run comes to, as an item for each thing there is to say of it.
pub(in crate::report) fn items(against: &Against) -> Vec<String> {
    let why = against.why.iter().map(|why| format!("not compared: {why}"));
    let points = &against.points;
    let points = points
        .iter()
        .map(|point| format!("{}: {}", way(point), verdict(point)));
    why.chain(points).chain(against.notices.clone()).collect()
}

/// `serially`, or `with 8 workers`.
fn way(point: &AgainstPoint) -> String {
    match point.arm {
        Arm::Serial => "serially".to_owned(),
        Arm::Parallel => format!("with {}", counted(point.workers as u64, "worker")),
    }
}

/// What has become of the time, in a line.
fn verdict(point: &AgainstPoint) -> String {
    let Change { ratio, interval } = point.change;
    let finding = point.finding();
    let shown = |ratio: f64| match finding {
        Some(Finding::Faster | Finding::Slower) => distinct_ratio(ratio),
        _ => format!("{ratio:.2}"),
    };
    let longer = format!("this took {} times as long", shown(ratio));
    let longer = match interval {
        Some(Interval { low, high }) => {
            format!("{longer} · 95 % interval {} … {}", shown(low), shown(high))
        }
        None => longer,
    };
    match (finding, &point.unlike) {
        (Some(Finding::Faster), _) => format!("{longer} · faster"),
        (Some(Finding::Slower), _) => format!("{longer} · slower"),
        (Some(Finding::NoDifference), _) => format!("{longer} · no difference shown"),
        (None, Some(unlike)) => format!("{longer} · no verdict: {unlike}"),
        (None, None) => format!(
            "{longer} · one run on a side: no error bars (--compare or --sweep N gives them)"
        ),
    }
}

/// What the run comes to, as an object.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Record<'a> {
    file: &'a str,
    version: &'a str,
    #[serde(serialize_with = "rfc3339")]
    started_at: Option<SystemTime>,
    points: Vec<Point<'a>>,
    why: Option<&'a str>,
    notices: &'a [String],
}

#[derive(Debug, Serialize)]
struct Point<'a> {
    arm: Arm,
    workers: usize,
    workers_then: usize,
    now: &'a Sample,
    then: &'a Sample,
    ratio: f64,
    interval: Option<Interval>,
    verdict: Option<&'static str>,
    why: Option<&'a str>,
}

impl<'a> Record<'a> {
    pub(in crate::report) fn new(against: &'a Against) -> Self {
        let point = |point: &'a AgainstPoint| Point {
            arm: point.arm,
            workers: point.workers,
            workers_then: point.workers_then,
            now: &point.now,
            then: &point.then,
            ratio: point.change.ratio,
            interval: point.change.interval,
            verdict: point.finding().map(finding),
            why: point.unlike.as_deref(),
        };
        Record {
            file: &against.file,
            version: &against.version,
            started_at: Some(against.started_at),
            points: against.points.iter().map(point).collect(),
            why: against.why.as_deref(),
            notices: &against.notices,
        }
    }
}
