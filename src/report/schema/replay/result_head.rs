//! The part of a result that says which target it is of and when it ended, read without the rest.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::Deserialize;

use super::ReplayError;
use super::lines::Line;
use crate::engine::resume::{LogEntry, LoggedResult, from_line, read_line};
use crate::model::json::{Rfc3339, Seconds};
use crate::model::outcome::Verdict;
use crate::report::schema::number;

/// The head of a result.
#[derive(Debug)]
pub(super) struct ResultHead<'a> {
    pub(super) index: u64,
    pub(super) url: Cow<'a, str>,
    pub(super) verdict: Verdict,
    /// Start of the first attempt and end of the last one.
    pub(super) span: Option<(SystemTime, SystemTime)>,
}

/// The fields of a `result` line that it is made of.
#[derive(Debug, Deserialize)]
struct HeadFields<'a> {
    #[serde(deserialize_with = "number::count")]
    index: u64,
    #[serde(borrow)]
    url: Cow<'a, str>,
    outcome: Verdict,
    started_at: Option<Rfc3339>,
    elapsed: Option<Seconds>,
    timing: TotalTime,
}

#[derive(Debug, Deserialize)]
struct TotalTime {
    total: Option<Seconds>,
}

impl<'a> ResultHead<'a> {
    /// Reads a `result` line of a report.
    pub(super) fn of_report(line: &Line<'a>) -> Result<Self, ReplayError> {
        let fields: HeadFields<'a> =
            from_line(line.bytes).map_err(|error| line.parse_error(&error))?;
        let start = fields.started_at.map(|time| time.0);
        let total = fields.timing.total.map(|time| time.0);
        let end = start.zip(total);
        let end = end.and_then(|(start, total)| start.checked_add(total));
        let first = end.zip(fields.elapsed);
        let first = first.and_then(|(end, elapsed)| end.checked_sub(elapsed.0));
        Ok(ResultHead {
            index: fields.index,
            url: fields.url,
            verdict: fields.outcome,
            span: first.zip(end),
        })
    }

    /// Reads a line of a run log; `None` if it is not a result.
    pub(super) fn of_log(line: &Line<'a>) -> Result<Option<Self>, ReplayError> {
        let LogEntry::Result(result) = log_entry(line)? else {
            return Ok(None);
        };
        let index = result.index().map_err(|reason| line.error(reason))?;
        let verdict = result.verdict;
        Ok(Some(ResultHead {
            index,
            url: result.url,
            verdict,
            span: None,
        }))
    }
}

/// Reads a line of a run log.
pub(super) fn log_entry<'a>(line: &Line<'a>) -> Result<LogEntry<'a>, ReplayError> {
    read_line(line.bytes).map_err(|reason| line.error(&reason))
}

/// Reads a result of a run log; `None` for another line.
pub(super) fn logged<'a>(line: &Line<'a>) -> Result<Option<LoggedResult<'a>>, ReplayError> {
    match log_entry(line)? {
        LogEntry::Result(result) => Ok(Some(result)),
        LogEntry::Header | LogEntry::Run(_) | LogEntry::Pack(..) => Ok(None),
    }
}
