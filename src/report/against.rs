//! Wording of a run's comparison with a baseline, for the terminal and the documents.

use std::time::SystemTime;

use super::format::{counted, distinct_ratio, format_secs, grouped};
use super::interval_text::ratio_and_interval;
use super::wording::{NO_INTERVAL, no_difference};
use crate::model::margin::PracticalVerdict;
use crate::model::measurement::{Against, AgainstPoint, Arm, DatedChange, Reference};
use crate::stats::Change;

/// The limit of what the interval knows: the scatter of the runs of each side.
const DRIFT: &str = "; the interval knows no drift between sessions";

/// The comparison as items of a list: the reason why there is none, each arm, each notice.
pub(in crate::report) fn items(against: &Against) -> Vec<String> {
    let why = against.explain();
    let why = why.iter().map(|why| format!("not compared: {why}"));
    let points = &against.points;
    let points = points.iter().flat_map(|point| {
        let lines = [Some(verdict(against, point)), dated(point)];
        let line = |line| format!("{}: {line}", arm(point));
        lines.into_iter().flatten().map(line)
    });
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
    let interval = interval.map(|interval| match interval.says_something() {
        true => Some(ratio_and_interval(ratio, interval)),
        false => None,
    });
    let shown = match (&interval, verdict) {
        (Some(Some((shown, _))), _) => shown.clone(),
        (_, None | Some(NoDifference | NoneShown)) => format!("{ratio:.2}"),
        (_, Some(_)) => distinct_ratio(ratio),
    };
    // Of several runs no other line has their typical time.
    let took = match point.now.n {
        1 => String::new(),
        _ => format!("{}, ", format_secs(point.seconds)),
    };
    let longer = format!(
        "this took {took}{shown} times as long{}",
        reference(&point.reference)
    );
    let [drift, more] = match point.is_of_history() {
        true => ["", "more saved runs would tell (--save-baseline)"],
        false => [DRIFT, "more runs would tell (--runs)"],
    };
    let longer = match interval {
        // Nothing more is known, unless all of it lies on one side.
        Some(None) => match verdict {
            Some(_) => format!("{longer} · {NO_INTERVAL}"),
            None if point.unlike.is_some() => longer,
            None => return format!("{longer} · {NO_INTERVAL}: {more}"),
        },
        Some(Some((_, [low, high]))) => format!("{longer} · 95 % interval {low} … {high}"),
        None => longer,
    };
    match (verdict, &point.unlike) {
        (Some(NoDifference), _) => format!("{longer} · {}", no_difference(against.margin)),
        (Some(NoneShown), _) => {
            let margin = against.margin;
            format!("{longer} · no difference beyond {margin} shown; {more}")
        }
        (Some(verdict), _) => format!("{longer} · {}{drift}", verdict.as_str()),
        (None, Some(unlike)) => {
            let why = unlike.explain(against.is_renewed);
            format!("{longer} · no verdict: {why}")
        }
        (None, None) => format!(
            "{longer} · one run on a side: no error bars (--compare or --sweep N gives them)"
        ),
    }
}

/// The runs that a run is compared with, if they are several: from when to when.
fn reference(reference: &Reference) -> String {
    let Reference { runs, from, to, .. } = *reference;
    if runs < 2 {
        return String::new();
    }
    let [from, to] = [from, to].map(day);
    let runs = grouped(runs as u64);
    match from == to {
        true => format!(" as {runs} runs of {from}"),
        false => format!(" as {runs} runs of {from} to {to}"),
    }
}

/// The last change of the level of the times, if it is one: `slower since run 14 of 20 (2026-11-02): about 1.31
/// times as long (estimate)`.
pub(in crate::report) fn dated(point: &AgainstPoint) -> Option<String> {
    let change = point.dated?;
    let finding = change.finding()?.as_str();
    let DatedChange { run, of, ratio, .. } = change;
    let day = day(change.started_at);
    let ratio = distinct_ratio(ratio);
    Some(format!(
        "{finding} since run {run} of {of} ({day}): about {ratio} times as long (estimate)"
    ))
}

/// The day of a moment, in UTC.
fn day(moment: SystemTime) -> String {
    let time = humantime::format_rfc3339_seconds(moment).to_string();
    time.split('T').next().unwrap_or_default().to_owned()
}
