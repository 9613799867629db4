//! The words of a timeline: its title, its description, its notes and the names of its lanes.

use super::DrawnRun;
use crate::model::measurement::Arm;
use crate::report::format::{counted, duration, duration_of_nanos};

/// The name of a lane.
pub(super) fn lane(arm: Option<Arm>, row: usize, group: usize, workers: usize) -> String {
    if arm == Some(Arm::Serial) {
        return "serial".to_owned();
    }
    let first = row * group;
    let last = (first + group).min(workers) - 1;
    if first >= last {
        format!("worker {first}")
    } else {
        format!("workers {first}–{last}")
    }
}

/// The heading of one run among several.
pub(super) fn heading(arm: Arm, run: &DrawnRun<'_>) -> String {
    format!("{} · {}", arm.as_str(), duration(run.timeline.length()))
}

/// The title of a picture.
pub(super) fn title(runs: &[DrawnRun<'_>]) -> String {
    let Some(run) = runs.last().filter(|run| !run.timeline.is_empty()) else {
        return "pfetch: no URL was tried".to_owned();
    };
    let tried = counted(run.timeline.targets - run.timeline.untried, "URL");
    let took = |run: &DrawnRun<'_>| duration(run.timeline.length());
    match runs {
        [serial, parallel] => format!(
            "pfetch: {tried}, {} serial, {} parallel",
            took(serial),
            took(parallel)
        ),
        _ => format!("pfetch: {tried} in {}", took(run)),
    }
}

/// The description of a picture, for readers who do not see it.
pub(super) fn description(runs: &[DrawnRun<'_>]) -> String {
    let mut text = "A lane for each worker, time from left to right, a bar for each attempt at a \
                    URL, coloured by phase."
        .to_owned();
    for DrawnRun { arm, timeline } in runs {
        let arm = arm.map_or("All", Arm::as_str);
        text += &format!(
            " {}{}: {} on {}, {} failed, in {}.",
            arm[..1].to_uppercase(),
            &arm[1..],
            counted(timeline.targets - timeline.untried, "URL"),
            counted(timeline.lanes() as u64, "worker"),
            timeline.failed,
            duration(timeline.length()),
        );
    }
    text
}

/// The notes that a reader needs to read the picture rightly. `column` is the width of a column in
/// nanoseconds, where there are columns in place of bars.
pub(super) fn notes(runs: &[DrawnRun<'_>], column: Option<i64>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(column) = column {
        let width = duration_of_nanos(column);
        let attempts = runs.iter().map(|run| run.timeline.totals().attempts).sum();
        notes.push(format!(
            "{}: a column of {width} shows what a worker did most of that time, its height how busy \
             it was",
            counted(attempts, "attempt")
        ));
    }
    let untried: u64 = runs.iter().map(|run| run.timeline.untried).sum();
    if untried > 0 {
        notes.push(format!(
            "not shown: {}, never started",
            counted(untried, "URL")
        ));
    }
    notes
}
