//! One row of the table: the data that the page keeps of one outcome.

use std::time::{Duration, Instant};

use crate::model::outcome::{Outcome, Verdict};
use crate::model::text::excerpt;
use crate::model::timing::Phase;
use crate::report::wording;

/// The most characters of any text in a row: longer ones are not read, and the page's size is limited.
const TEXT: usize = 400;

/// The most redirects of one URL that are kept.
const HOPS: usize = 20;

/// One row of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) index: u64,
    pub(super) status: Option<u16>,
    pub(super) verdict: Verdict,
    /// The time of all attempts together.
    pub(super) time: Option<Duration>,
    pub(super) ttfb: Option<Duration>,
    pub(super) bytes: Option<u64>,
    pub(super) worker: Option<u16>,
    pub(super) attempts: u32,
    pub(super) url: String,
    pub(super) saved: Option<String>,
    pub(super) error: Option<String>,
    pub(super) final_url: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) start: Option<Instant>,
    /// The phases of the last attempt, in the order of [`Phase::ALL`].
    pub(super) phases: [Option<Duration>; Phase::ALL.len()],
    /// The status and the URL of each redirect.
    pub(super) redirects: Vec<(u16, String)>,
}

impl Row {
    pub(super) fn new(outcome: &Outcome) -> Self {
        let text = |text: &str| excerpt(text, TEXT);
        let started = outcome.status().is_some() || outcome.bytes > 0;
        Row {
            index: outcome.index,
            status: outcome.status(),
            verdict: outcome.verdict,
            time: outcome.elapsed(),
            ttfb: outcome.last.timing.ttfb(),
            bytes: started.then_some(outcome.bytes),
            worker: outcome.last.worker,
            attempts: outcome.requests(),
            url: text(&outcome.url),
            saved: outcome.saved().map(|saved| {
                let path = text(&saved.path.display().to_string());
                match outcome.is_unchecked() {
                    true => format!("{path} ({})", wording::UNCHECKED),
                    false => path,
                }
            }),
            error: outcome.error().map(|error| text(&error.to_string())),
            final_url: outcome.final_url().map(text),
            content_type: outcome.content_type().map(text),
            start: outcome.last.worker_span().map(|(start, _)| start),
            phases: outcome.last.timing.phases().map(|(_, took)| took),
            redirects: outcome
                .redirects()
                .iter()
                .take(HOPS)
                .map(|hop| (hop.status, text(&hop.url)))
                .collect(),
        }
    }
}
