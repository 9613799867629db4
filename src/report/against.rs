//! Wording of a run's comparison with a baseline, for the terminal and the documents.

use super::format::{counted, distinct_ratio};
use super::wording::{NO_INTERVAL, NONE, shows_none};
use crate::model::measurement::{Against, AgainstPoint, Arm};
use crate::stats::{Change, Finding, Interval};

/// The limit of what the interval knows: the scatter of the runs of each side.
const DRIFT: &str = "; the interval knows no drift between sessions";

/// The comparison as items of a list: the reason why there is none, each arm, each notice.
pub(in crate::report) fn items(against: &Against) -> Vec<String> {
    let why = against.explain();
    let why = why.iter().map(|why| format!("not compared: {why}"));
    let points = &against.points;
    let points = points
        .iter()
        .map(|point| format!("{}: {}", arm(point), verdict(against, point)));
    let notices = against.notices.iter().map(ToString::to_string);
    why.chain(points).chain(notices).collect()
}

/// The arm in words: `serially`, or `with 8 workers`.
pub(in crate::report) fn arm(point: &AgainstPoint) -> String {
    match point.arm {
        Arm::Serial => "serially".to_owned(),
        Arm::Parallel => format!("with {}", counted(point.workers as u64, "worker")),
    }
}

/// The change of the time and its verdict, in a line.
pub(in crate::report) fn verdict(against: &Against, point: &AgainstPoint) -> String {
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
        (Some(Finding::Faster), _) => format!("{longer} · faster{DRIFT}"),
        (Some(Finding::Slower), _) => format!("{longer} · slower{DRIFT}"),
        (Some(Finding::NoDifference), _) if interval.is_some_and(shows_none) => {
            format!("{longer} · {NONE}")
        }
        (Some(Finding::NoDifference), _) => {
            format!("{longer} · no difference beyond 5 % shown; more runs would tell (--runs)")
        }
        (None, Some(unlike)) => {
            let why = unlike.explain(against.is_renewed);
            format!("{longer} · no verdict: {why}")
        }
        (None, None) => format!(
            "{longer} · one run on a side: no error bars (--compare or --sweep N gives them)"
        ),
    }
}
