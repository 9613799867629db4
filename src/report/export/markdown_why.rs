//! The reasons for a speed-up in Markdown: a list, and the phases of both arms as a table.

use std::fmt::Write as _;

use super::markup::{markdown_cell, markdown_sentence};
use super::words::short;
use crate::model::reason::{KneeWhy, OriginPhases, PhaseMeans, Why};
use crate::model::timing::Phase;
use crate::model::url_host::host_and_port;
use crate::report::format::{format_secs, grouped};
use crate::report::wording;

/// The reasons of a comparison as a list, the strongest first.
pub(super) fn reasons(why: &Why) -> String {
    list(wording::reasons(why))
}

/// The reasons at the knee of a sweep.
pub(super) fn knee_reasons(knee: Option<&KneeWhy>) -> String {
    list(wording::knee_reasons(knee))
}

fn list(reasons: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for (place, reason) in reasons.enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}- why: {}", markdown_sentence(&short(&reason)));
    }
    text
}

/// The mean time of a URL by phase: a row for each arm at each origin. Phases that never happened have no column.
pub(super) fn phases(why: &Why) -> String {
    let has = |phase: &Phase| {
        let mut arms = why
            .phases
            .iter()
            .flat_map(|origin| [&origin.serial, &origin.parallel]);
        arms.any(|means| means.phases()[*phase as usize].1.is_some())
    };
    let columns: Vec<Phase> = Phase::ALL.into_iter().filter(has).collect();
    if columns.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = columns.iter().map(|phase| phase.as_str()).collect();
    let mut text = format!(
        "\n| mean per URL | URLs | connections | {} |\n| --- | ---: | ---: |{}\n",
        names.join(" | "),
        " ---: |".repeat(columns.len())
    );
    for origin in &why.phases {
        text += &row(origin, "serial", &origin.serial, &columns);
        text += &row(origin, "parallel", &origin.parallel, &columns);
    }
    text
}

fn row(origin: &OriginPhases, arm: &str, means: &PhaseMeans, columns: &[Phase]) -> String {
    let mut text = format!(
        "| {}, {arm} | {} | {} |",
        markdown_cell(&short(host_and_port(&origin.origin))),
        grouped(means.requests),
        grouped(means.connected)
    );
    let phases = means.phases();
    for phase in columns {
        let mean = phases[*phase as usize].1;
        let mean = mean.map_or_else(|| "–".to_owned(), format_secs);
        let _ = write!(text, " {mean} |");
    }
    text + "\n"
}
