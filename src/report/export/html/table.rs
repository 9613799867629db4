//! The table of URLs: a plain one that needs no script, and the data for one that sorts and filters.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use maud::{Markup, PreEscaped, html};

use super::json_data::json;
use super::row::Row;
use super::row_sample::RowSample;
use crate::model::outcome::Verdict;
use crate::model::text::excerpt;
use crate::report::export::markup::MarkupText;
use crate::report::export::timeline::Timeline;
use crate::report::format::{bytes, counted, duration, grouped};

/// The most rows of the plain table.
const PLAIN_ROWS: usize = 200;

/// The most bytes of data.
const MOST_DATA: usize = 1_400_000;

/// The limits of a text's length, in characters. The first is taken with which the data keeps to its size.
const TEXT_LIMITS: [usize; 4] = [400, 160, 60, 20];

/// The columns, in the order in which `page.js` expects them.
const COLUMNS: [&str; 11] = [
    "#",
    "Status",
    "Outcome",
    "Time",
    "First byte",
    "Size",
    "Worker",
    "Attempts",
    "URL",
    SAVED,
    ERROR,
];

/// The columns that few runs have anything in.
const SAVED: &str = "Saved file";
const ERROR: &str = "Error";

/// Writes the filter, the plain table, and a note of what the table leaves out.
pub(super) fn section(sample: &RowSample) -> Markup {
    let mut rows = sample.rows();
    if rows.is_empty() {
        return html! { p.note { "No URL was tried." } };
    }
    let count = rows.len();
    let is_long = count > PLAIN_ROWS;
    if is_long {
        rows.sort_by_key(|row| (row.verdict != Verdict::Failed, Reverse(row.time)));
        rows.truncate(PLAIN_ROWS);
        rows.sort_by_key(|row| row.index);
    }
    // Of a long list, the script has the whole texts.
    let limit = TEXT_LIMITS[usize::from(is_long)];
    // Columns that are empty in all rows are hidden.
    let has_saved = rows.iter().any(|row| row.saved.is_some());
    let has_error = rows.iter().any(|row| row.error.is_some());
    let is_shown = |name: &str| match name {
        SAVED => has_saved,
        ERROR => has_error,
        _ => true,
    };
    html! {
        @if let Some(sentence) = sample.sentence() {
            p.note { (counted(sample.seen(), "URL")) " in all. " (sentence) }
        }
        @if rows.iter().any(|row| row.attempts > 1) {
            p.note { "The time of a URL that was tried again is with waiting for retries." }
        }
        @if is_long {
            noscript {
                p.note {
                    "Without JavaScript, these are " (PLAIN_ROWS) " of " (grouped(count as u64)) " rows: failures first, \
                     then the slowest."
                }
            }
        }
        .controls id="controls" hidden {
            label for="filter" { "Filter" }
            input id="filter" type="search" autocomplete="off" spellcheck="false"
                placeholder="URL, status, outcome, error …" aria-describedby="shown";
            p id="shown" role="status" {}
        }
        .scroll tabindex="0" role="group" aria-label="URLs" {
            table.urls id="urls" {
                caption.hidden { "URLs" }
                thead {
                    tr {
                        @for name in COLUMNS { th class=[(!is_shown(name)).then_some("empty")] scope="col" { (name) } }
                    }
                }
                tbody {
                    @for row in &rows { (plain_row(row, limit, &is_shown)) }
                }
            }
        }
        p.controls { button type="button" id="more" hidden { "Show more" } }
    }
}

fn plain_row(row: &Row, limit: usize, is_shown: &dyn Fn(&str) -> bool) -> Markup {
    let cut = |text: Option<&String>| text.map(|text| excerpt(text, limit)).unwrap_or_default();
    let word = row.verdict.as_str();
    html! {
        tr class=(word) {
            td { (row.index + 1) }
            td { @if let Some(status) = row.status { (status) } }
            td { (word) }
            td { (row.time.map(duration).unwrap_or_default()) }
            td { (row.ttfb.map(duration).unwrap_or_default()) }
            td { (row.bytes.map(bytes).unwrap_or_default()) }
            td { @if let Some(worker) = row.worker { (worker) } }
            td { (row.attempts) }
            td { (MarkupText(&cut(Some(&row.url)))) }
            td class=[(!is_shown(SAVED)).then_some("empty")] { (MarkupText(&cut(row.saved.as_ref()))) }
            td class=[(!is_shown(ERROR)).then_some("empty")] { (MarkupText(&cut(row.error.as_ref()))) }
        }
    }
}

/// Writes the data element: a JSON array of rows, each an array in the order of [`COLUMNS`].
pub(super) fn data(sample: &RowSample, timeline: &Timeline) -> serde_json::Result<Markup> {
    let rows = sample.rows();
    let mut lines = Vec::new();
    for limit in TEXT_LIMITS {
        lines = encoded(&rows, timeline, limit)?;
        if size(&lines) <= MOST_DATA {
            break;
        }
    }
    // Only texts that are all escapes are too long even when cut to the last limit.
    let every = size(&lines).div_ceil(MOST_DATA).max(1);
    let lines: Vec<String> = lines.into_iter().step_by(every).collect();
    Ok(html! {
        script type="application/json" id="data" {
            "[\n" (PreEscaped(lines.join(",\n"))) "\n]"
        }
    })
}

fn size(lines: &[String]) -> usize {
    lines.iter().map(|line| line.len() + 2).sum()
}

fn encoded(
    rows: &[Arc<Row>],
    timeline: &Timeline,
    limit: usize,
) -> serde_json::Result<Vec<String>> {
    let text = |text: &String| excerpt(text, limit);
    let lines = rows.iter().map(|row| {
        let start = row.start.and_then(|start| timeline.since_first(start));
        let hops = row
            .redirects
            .iter()
            .map(|(status, url)| (*status, text(url)));
        json(&(
            row.index + 1,
            row.status,
            row.verdict.as_str(),
            row.time.map(seconds),
            row.ttfb.map(seconds),
            row.bytes,
            row.worker,
            row.attempts,
            text(&row.url),
            row.saved.as_ref().map(text),
            row.error.as_ref().map(text),
            (
                start.map(seconds),
                row.phases.map(|phase| phase.map(seconds)),
                row.final_url.as_ref().map(text),
                hops.collect::<Vec<_>>(),
                row.content_type.as_ref().map(text),
            ),
        ))
    });
    lines.collect()
}

/// Seconds to the microsecond: more digits would only take space.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}
