//! Wording of a run's comparison with a baseline, for the terminal and the documents.

use super::format::{counted, distinct_ratio};
use super::wording::{NO_INTERVAL, no_difference};
use crate::model::margin::PracticalVerdict;
use crate::model::measurement::{Against, AgainstPoint, Arm};
use crate::stats::{Change, Interval};

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
    use PracticalVerdict::{NoDifference, NoneShown};
    let verdict = against.verdict(point);
    let shown = |ratio: f64| match verdict {
        None | Some(NoDifference | NoneShown) => format!("{ratio:.2}"),
        Some(_) => distinct_ratio(ratio),
    };
    let longer = format!("this took {} times as long", shown(ratio));
    let longer = match interval {
        Some(interval) if !interval.says_something() => format!("{longer} · {NO_INTERVAL}"),
        Some(Interval { low, high }) => {
            format!("{longer} · 95 % interval {} … {}", shown(low), shown(high))
        }
        None => longer,
    };
    match (verdict, &point.unlike) {
        (Some(NoDifference), _) => format!("{longer} · {}", no_difference(against.margin)),
        (Some(NoneShown), _) => {
            format!("{longer} · no difference beyond 5 % shown; more runs would tell (--runs)")
        }
        (Some(verdict), _) => format!("{longer} · {}{DRIFT}", verdict.as_str()),
        (None, Some(unlike)) => {
            let why = unlike.explain(against.is_renewed);
            format!("{longer} · no verdict: {why}")
        }
        (None, None) => format!(
            "{longer} · one run on a side: no error bars (--compare or --sweep N gives them)"
        ),
    }
}
