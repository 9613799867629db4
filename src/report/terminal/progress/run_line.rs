//! The last line of the display: the run as a whole, in as many words as there is room for.

use std::time::Duration;

use super::fit::{cut, width};
use super::rate::{MIN_TIME, Rates, about, whole};
use crate::model::measurement::ArmRun;
use crate::report::format::{bytes, counted, grouped};

/// The bar is no longer than this ...
const MAX_BAR: usize = 40;

/// ... and no shorter than this.
const MIN_BAR: usize = 10;

/// The bar grows in steps, so that its length does not change with every figure.
const BAR_STEP: usize = 5;

/// The space between two parts of the line.
const GAP: usize = 2;

/// The figures of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct DisplayedFigures {
    pub(super) arm: Option<ArmRun>,
    pub(super) running: Duration,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
    /// The targets that are done, with the parts of those under way.
    pub(super) position: f64,
    pub(super) bytes: u64,
    pub(super) rates: Rates,
    pub(super) failed: u64,
    pub(super) left: Option<Duration>,
}

/// A part of the line.
#[derive(Debug)]
struct LinePart {
    text: String,
    /// The parts with the highest are given up first.
    dispensable: u8,
}

/// The place of the bar among the parts, which is made last, of the room that is left.
const BAR: &str = "\0bar";

/// Lays the line out, in at most `columns` columns.
pub(super) fn lay_out(run: &DisplayedFigures, columns: usize) -> String {
    let mut parts = parts(run, columns);
    let part_width = |part: &LinePart| match part.text == BAR {
        true => MIN_BAR,
        false => width(&part.text),
    };
    let line_width = |parts: &[LinePart]| {
        let gaps = parts.len().saturating_sub(1) * GAP;
        parts.iter().map(part_width).sum::<usize>() + gaps
    };
    while line_width(&parts) > columns && parts.len() > 1 {
        let most = parts.iter().map(|part| part.dispensable).max();
        let place = parts
            .iter()
            .rposition(|part| Some(part.dispensable) == most);
        match place {
            Some(place) => parts.remove(place),
            None => break,
        };
    }
    let room = columns.saturating_sub(line_width(&parts));
    for part in parts.iter_mut().filter(|part| part.text == BAR) {
        let length = (MIN_BAR + room / BAR_STEP * BAR_STEP).min(MAX_BAR);
        part.text = bar(run.position, run.total.unwrap_or_default(), length);
    }
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    cut(&texts.join(&" ".repeat(GAP)), columns)
}

fn parts(run: &DisplayedFigures, columns: usize) -> Vec<LinePart> {
    let is_narrow = columns < 60;
    let mut parts = Vec::with_capacity(9);
    let mut add = |dispensable, text| parts.push(LinePart { text, dispensable });
    if let Some(arm) = &run.arm {
        add(3, arm_text(arm, is_narrow));
    }
    add(4, whole(run.running));
    match run.total {
        Some(total) => {
            add(5, BAR.to_owned());
            let total = grouped(total);
            let digits = total.len();
            add(0, format!("{:>digits$}/{total}", grouped(run.done)));
        }
        None => add(0, format!("{} done", grouped(run.done))),
    }
    // Nothing that is done has no rate, though parts of it are, and what came within a moment says nothing of a second.
    let is_settled = run.running >= MIN_TIME;
    if let Some(rate) = run.rates.targets_text()
        && run.done > 0
        && is_settled
    {
        add(6, rate);
    }
    add(8, bytes(run.bytes));
    if let Some(rate) = run.rates.bytes_text()
        && is_settled
    {
        add(7, rate);
    }
    if run.failed > 0 {
        add(1, format!("{} failed", grouped(run.failed)));
    }
    if let Some(left) = run.left {
        let about = about(left);
        add(
            2,
            match is_narrow {
                true => format!("{about} left"),
                false => format!("about {about} left"),
            },
        );
    }
    parts
}

/// Formats the run of a comparison or a sweep: `serial run 8 of 22, 1 worker`. The number of all runs is not
/// always known, or only how many there may be: `serial run 8 of at most 62, 1 worker`.
pub(super) fn arm_text(run: &ArmRun, is_short: bool) -> String {
    let arm = run.arm.as_str();
    let number = run.done.saturating_add(1);
    let workers = counted(run.workers as u64, "worker");
    match (is_short, run.of) {
        (_, 0) if run.most > 0 => {
            let number = format!("{number} of at most {}", run.most);
            match is_short {
                true => format!("{arm} {number}"),
                false => format!("{arm} run {number}, {workers}"),
            }
        }
        (true, 0) => format!("{arm} {number}"),
        (true, of) => format!("{arm} {number}/{of}"),
        (false, 0) => format!("{arm} run {number}, {workers}"),
        (false, of) => format!("{arm} run {number} of {of}, {workers}"),
    }
}

/// A bar of `length` columns for `position` of `total`. It is full when all is done, and not before.
fn bar(position: f64, total: u64, length: usize) -> String {
    let share = match total {
        0 => 1.0,
        total => (position / total as f64).clamp(0.0, 1.0),
    };
    let full = (share * length as f64).floor() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(length - full))
}

#[cfg(test)]
mod tests;
