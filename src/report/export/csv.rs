//! The CSV export: a table with a row per result.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use ::csv::{Terminator, Writer, WriterBuilder};

use crate::model::event::{Event, Listener};
use crate::model::measurement::ArmRun;
use crate::model::outcome::{HttpVersion, Outcome};
use crate::model::target::Verb;
use crate::model::text::{escape, hex};
use crate::model::timing::Phase;
use crate::report::wording;

const COLUMNS: [&str; 38] = [
    "index",
    "url",
    "final_url",
    "action",
    "outcome",
    "status",
    "http_version",
    "attempts",
    "bytes",
    "wire_bytes",
    "remote",
    "reused",
    "worker",
    "started_at",
    "elapsed",
    "blocked",
    "dns",
    "connect",
    "ssl",
    "send",
    "wait",
    "receive",
    "total",
    "ttfb",
    "redirects",
    "saved_path",
    "saved_bytes",
    "sha256",
    "resumed_from",
    "error_kind",
    "error_phase",
    "error_message",
    "arm",
    "pair",
    "content_type",
    "workers",
    "busy",
    "start_delay",
];

/// CSV table by RFC 4180, written to `W` as results arrive: a header row, and a row per result.
///
/// Columns and units are those of [JSON Lines](super::super::JsonLines), except that `redirects` is a
/// number, and `busy` is the time of all attempts, without the waits between them, that percentiles are of; a `null` is
/// an empty cell. `arm`, `pair` and `workers`, the number of workers of the run, are empty except
/// in a comparison or a sweep.
///
/// Text that a spreadsheet would take for a formula, because it begins with `=`, `+`, `-`, `@` or one of their
/// full-width forms, gets an apostrophe before it, as OWASP advises ("CSV Injection"); programs that read the
/// file remove it. A tab or a line end, which can start a formula too, is escaped like all control characters.
pub struct Csv<W: Write> {
    out: Writer<W>,
    arm: Option<ArmRun>,
}

impl<W: Write> Csv<W> {
    /// A table written to `out`.
    pub fn new(out: W) -> Self {
        let mut builder = WriterBuilder::new();
        builder.terminator(Terminator::CRLF);
        Csv {
            out: builder.from_writer(out),
            arm: None,
        }
    }

    fn row(&mut self, outcome: &Outcome) -> io::Result<()> {
        let timing = &outcome.last.timing;
        let saved = outcome.saved();
        let error = outcome.error();
        let action = match outcome.verb {
            Verb::Get => "get",
            Verb::Head => "head",
        };
        let cells: [String; COLUMNS.len()] = [
            outcome.index.to_string(),
            text_cell(&outcome.url),
            outcome.final_url().map(text_cell).unwrap_or_default(),
            action.to_owned(),
            match outcome.is_unchecked() {
                true => wording::UNCHECKED.to_owned(),
                false => outcome.verdict.as_str().to_owned(),
            },
            optional(outcome.status()),
            optional(outcome.last.version.map(HttpVersion::as_str)),
            outcome.requests().to_string(),
            outcome.bytes.to_string(),
            optional(outcome.wire_bytes()),
            optional(outcome.last.remote),
            optional(outcome.last.reused),
            optional(outcome.last.worker),
            outcome.last.started_at.map(rfc3339).unwrap_or_default(),
            seconds(outcome.elapsed()),
            seconds(timing.phase(Phase::Blocked)),
            seconds(timing.phase(Phase::Dns)),
            seconds(timing.phase(Phase::Connect)),
            seconds(timing.phase(Phase::Ssl)),
            seconds(timing.phase(Phase::Send)),
            seconds(timing.phase(Phase::Wait)),
            seconds(timing.phase(Phase::Receive)),
            seconds(timing.total()),
            seconds(timing.ttfb()),
            outcome.redirects().len().to_string(),
            saved
                .map(|saved| text_cell(&saved.path.to_string_lossy()))
                .unwrap_or_default(),
            optional(saved.map(|saved| saved.bytes)),
            saved
                .and_then(|saved| saved.sha256)
                .map(hex)
                .unwrap_or_default(),
            optional(saved.and_then(|saved| saved.resumed_from)),
            error
                .map(|error| error.kind.as_str())
                .unwrap_or_default()
                .to_owned(),
            optional(
                error
                    .and_then(|error| error.phase)
                    .map(|phase| phase.as_str()),
            ),
            error
                .map(|error| text_cell(&error.message))
                .unwrap_or_default(),
            optional(self.arm.map(|run| run.arm.as_str())),
            optional(self.arm.map(|run| run.pair)),
            outcome.content_type().map(text_cell).unwrap_or_default(),
            optional(self.arm.map(|run| run.workers)),
            seconds(outcome.busy()),
            seconds(outcome.start_delay()),
        ];
        Ok(self.out.write_record(&cells)?)
    }
}

/// A cell of text: escaped, and no formula.
fn text_cell(text: &str) -> String {
    let safe = escape(text);
    if safe.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{safe}")
    } else {
        safe
    }
}

fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn seconds(time: Option<Duration>) -> String {
    optional(time.map(|time| time.as_secs_f64()))
}

fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string()
}

impl<W: Write> Listener for Csv<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(_) => self.out.write_record(COLUMNS)?,
            Event::Finished(outcome) => self.row(outcome)?,
            Event::ArmStarted(run) => self.arm = Some(*run),
            Event::ArmEnded(_) => self.arm = None,
            // The table has results only, no summaries.
            _ => {}
        }
        Ok(())
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> fmt::Debug for Csv<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csv")
            .field("arm", &self.arm)
            .finish_non_exhaustive()
    }
}
