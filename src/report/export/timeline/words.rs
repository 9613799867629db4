//! What the picture says in words.

use std::time::Duration;

use super::panel::Panel;
use super::scene::reach;
use crate::model::measurement::Arm;
use crate::report::format::{duration, plural};

/// The name of a lane.
pub(super) fn label(arm: Option<Arm>, row: usize, group: usize, workers: usize) -> String {
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

/// The picture's title.
pub(super) fn title(panels: &[(Option<Arm>, &Panel)]) -> String {
    let Some((_, panel)) = panels.last().filter(|(_, panel)| panel.reach.is_some()) else {
        return "pfetch: no URL was tried".to_owned();
    };
    let tried = count(panel.targets - panel.untried, "URL");
    let took = |panel: &Panel| duration(Duration::from_nanos(reach(panel) as u64));
    match panels {
        [(_, serial), (_, parallel)] => format!(
            "pfetch: {tried}, {} serial, {} parallel",
            took(serial),
            took(parallel)
        ),
        _ => format!("pfetch: {tried} in {}", took(panel)),
    }
}

/// What the picture shows, for those who do not see it.
pub(super) fn description(panels: &[(Option<Arm>, &Panel)]) -> String {
    let mut text = "A lane for each worker, time from left to right, a bar for each attempt at a \
                    URL, coloured by phase."
        .to_owned();
    for (arm, panel) in panels {
        let arm = arm.map_or("All", Arm::as_str);
        text += &format!(
            " {}{}: {} on {}, {} failed, in {}.",
            arm[..1].to_uppercase(),
            &arm[1..],
            count(panel.targets - panel.untried, "URL"),
            count(panel.workers as u64, "worker"),
            panel.failed,
            duration(Duration::from_nanos(reach(panel) as u64)),
        );
    }
    text
}

/// What has to be said for it to be read rightly.
pub(super) fn notes(panels: &[(Option<Arm>, &Panel)], each: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if !each {
        let widest = panels.iter().map(|(_, panel)| panel.grid.scale().1).max();
        let width = duration(Duration::from_nanos(widest.unwrap_or(0) as u64));
        let attempts = panels.iter().map(|(_, panel)| panel.attempts).sum();
        notes.push(format!(
            "{}: a column of {width} shows what a worker did most of that time, its height how busy \
             it was",
            count(attempts, "attempt")
        ));
    }
    let untried: u64 = panels.iter().map(|(_, panel)| panel.untried).sum();
    if untried > 0 {
        notes.push(format!(
            "not shown: {}, never started",
            count(untried, "URL")
        ));
    }
    notes
}

/// `1 URL`, `20,000 URLs`.
fn count(number: u64, noun: &str) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text} {}", plural(number, noun))
}
