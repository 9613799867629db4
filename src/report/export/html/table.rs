//! The table of URLs: a plain one for everybody, and the data for one that sorts and filters.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use super::escape::json;
use super::kept::Kept;
use super::lanes::Lanes;
use super::row::{Row, word};
use crate::model::outcome::Verdict;
use crate::model::text::excerpt;
use crate::report::export::markup::Text;
use crate::report::format::{bytes, duration};

/// The rows of the plain table.
const PLAIN: usize = 200;

/// The most bytes of data, and how long its texts may be to keep to that: the first that will do.
const DATA: usize = 1_400_000;
const TEXTS: [usize; 4] = [400, 160, 60, 20];

/// Where the table stands and how it is filtered, its plain form, and a note of what it leaves out.
pub(super) fn section(out: &mut dyn Write, kept: &Kept) -> io::Result<()> {
    let mut rows = kept.rows();
    if rows.is_empty() {
        return write!(out, "<p class=\"note\">No URL was tried.</p>");
    }
    if let Some(sentence) = kept.sentence() {
        write!(
            out,
            "<p class=\"note\">{} URLs in all. {sentence}</p>",
            kept.seen()
        )?;
    }
    // Of a long list, the script has the whole texts.
    let limit = if rows.len() > PLAIN {
        TEXTS[1]
    } else {
        TEXTS[0]
    };
    if rows.len() > PLAIN {
        write!(
            out,
            "<noscript><p class=\"note\">Without JavaScript, these are {PLAIN} of {} rows: failures \
             first, then the slowest.</p></noscript>",
            rows.len()
        )?;
        rows.sort_by_key(|row| (row.verdict != Verdict::Failed, std::cmp::Reverse(row.time)));
        rows.truncate(PLAIN);
        rows.sort_by_key(|row| row.index);
    }
    write!(
        out,
        "<div class=\"controls\" id=\"controls\" hidden><label for=\"filter\">Filter</label>\
         <input id=\"filter\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"URL, status, outcome, error …\" aria-describedby=\"shown\">\
         <p id=\"shown\" role=\"status\"></p></div>\
         <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"URLs\">\
         <table class=\"urls\" id=\"urls\"><caption class=\"hidden\">URLs</caption><thead><tr>"
    )?;
    for name in [
        "#",
        "Status",
        "Outcome",
        "Time",
        "First byte",
        "Size",
        "Worker",
        "Attempts",
        "URL",
        "Saved file",
        "Error",
    ] {
        write!(out, "<th scope=\"col\">{name}</th>")?;
    }
    write!(out, "</tr></thead><tbody>")?;
    for row in &rows {
        plain(out, row, limit)?;
    }
    write!(
        out,
        "</tbody></table></div>\
         <p class=\"controls\"><button type=\"button\" id=\"more\" hidden>Show more</button></p>"
    )
}

fn plain(out: &mut dyn Write, row: &Row, limit: usize) -> io::Result<()> {
    let cut = |text: Option<&String>| text.map(|text| excerpt(text, limit)).unwrap_or_default();
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let word = word(row.verdict);
    write!(
        out,
        "<tr class=\"{word}\"><td>{}</td><td>{}</td><td>{word}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        row.index + 1,
        number(row.status.map(u64::from)),
        row.time.map(duration).unwrap_or_default(),
        row.ttfb.map(duration).unwrap_or_default(),
        row.bytes.map(bytes).unwrap_or_default(),
        number(row.worker.map(|worker| worker as u64)),
        row.attempts,
        Text(&cut(Some(&row.url))),
        Text(&cut(row.saved.as_ref())),
        Text(&cut(row.error.as_ref())),
    )
}

/// The data element: an array of rows, each an array of what `page.js` expects in this order.
pub(super) fn data(out: &mut dyn Write, kept: &Kept, lanes: &Lanes) -> io::Result<()> {
    let rows = kept.rows();
    let mut lines = Vec::new();
    for limit in TEXTS {
        lines = encoded(&rows, lanes, limit)?;
        if size(&lines) <= DATA {
            break;
        }
    }
    // Only texts that are all escapes come here.
    let every = size(&lines).div_ceil(DATA).max(1);
    write!(out, "<script type=\"application/json\" id=\"data\">[")?;
    for (place, line) in lines.iter().step_by(every).enumerate() {
        let comma = if place > 0 { ",\n" } else { "\n" };
        write!(out, "{comma}{line}")?;
    }
    write!(out, "\n]</script>")
}

fn size(lines: &[String]) -> usize {
    lines.iter().map(|line| line.len() + 2).sum()
}

fn encoded(rows: &[Arc<Row>], lanes: &Lanes, limit: usize) -> io::Result<Vec<String>> {
    let text = |text: &String| excerpt(text, limit);
    let lines = rows.iter().map(|row| {
        let start = row.start.and_then(|start| lanes.since_first(start));
        let hops = row
            .redirects
            .iter()
            .map(|(status, url)| (*status, text(url)));
        json(&(
            row.index + 1,
            row.status,
            word(row.verdict),
            row.time.map(seconds),
            row.ttfb.map(seconds),
            row.bytes,
            row.worker,
            row.attempts,
            text(&row.url),
            row.saved.as_ref().map(text),
            row.error.as_ref().map(text),
            (
                start.map(micros),
                row.phases.map(|phase| phase.map(seconds)),
                row.final_url.as_ref().map(text),
                hops.collect::<Vec<_>>(),
            ),
        ))
    });
    Ok(lines.collect::<serde_json::Result<_>>()?)
}

fn seconds(duration: Duration) -> f64 {
    micros(duration.as_secs_f64())
}

/// To the microsecond: more digits only take room.
fn micros(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
