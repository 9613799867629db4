//! Wording of a run's comparison with a baseline, for the terminal and the documents.

use std::io::{self, Write};
use std::time::Duration;

use super::format::{counted, distinct_ratio, duration};
use super::wording::{NO_INTERVAL, NONE, shows_none};
use crate::model::measurement::{Against, AgainstPoint, Arm};
use crate::stats::{Change, Finding, Interval};

/// Writes a line for each arm that was compared. The arm is named if there are several, or could be.
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
            write!(out, "{}: ", arm(point))?;
        }
        writeln!(out, "{}", verdict(point))?;
    }
    for notice in &against.notices {
        writeln!(out, "  warning    against the baseline: {notice}")?;
    }
    Ok(())
}

/// The comparison as items of a list: the reason why there is none, each arm, each notice.
pub(in crate::report) fn items(against: &Against) -> Vec<String> {
    let why = against.why.iter().map(|why| format!("not compared: {why}"));
    let points = &against.points;
    let points = points
        .iter()
        .map(|point| format!("{}: {}", arm(point), verdict(point)));
    let notices = against.notices.iter().map(ToString::to_string);
    why.chain(points).chain(notices).collect()
}

/// The arm in words: `serially`, or `with 8 workers`.
fn arm(point: &AgainstPoint) -> String {
    match point.arm {
        Arm::Serial => "serially".to_owned(),
        Arm::Parallel => format!("with {}", counted(point.workers as u64, "worker")),
    }
}

/// The change of the time and its verdict, in a line.
fn verdict(point: &AgainstPoint) -> String {
    let Change { ratio, interval } = point.change;
    let finding = point.finding();
    let shown = |ratio: f64| match finding {
        Some(Finding::Faster | Finding::Slower) => distinct_ratio(ratio),
        _ => format!("{ratio:.2}"),
    };
    let longer = format!("this took {} times as long", shown(ratio));
    let longer = match interval {
        Some(interval) if !interval.says_something() => format!("{longer} · {NO_INTERVAL}"),
        Some(Interval { low, high }) => {
            format!("{longer} · 95 % interval {} … {}", shown(low), shown(high))
        }
        None => longer,
    };
    match (finding, &point.unlike) {
        (Some(Finding::Faster), _) => format!("{longer} · faster"),
        (Some(Finding::Slower), _) => format!("{longer} · slower"),
        (Some(Finding::NoDifference), _) if interval.is_some_and(shows_none) => {
            format!("{longer} · {NONE}")
        }
        (Some(Finding::NoDifference), _) => {
            format!("{longer} · no difference shown; more runs would tell (--runs)")
        }
        (None, Some(unlike)) => format!("{longer} · no verdict: {unlike}"),
        (None, None) => format!(
            "{longer} · one run on a side: no error bars (--compare or --sweep N gives them)"
        ),
    }
}
