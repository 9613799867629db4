//! What the page keeps of one outcome.

use std::time::{Duration, Instant};

use crate::model::outcome::{Outcome, Verdict};
use crate::model::text::excerpt;
use crate::model::timing::{Phase, Timing};

/// The phases in the order in which they happen.
pub(super) const PHASES: [Phase; 7] = [
    Phase::Blocked,
    Phase::Dns,
    Phase::Connect,
    Phase::Ssl,
    Phase::Send,
    Phase::Wait,
    Phase::Receive,
];

/// The most characters of any text in the page: nobody reads more, and a page has its limits.
const TEXT: usize = 400;

/// The most redirects of one URL that are kept.
const HOPS: usize = 20;

/// One line of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) index: u64,
    pub(super) status: Option<u16>,
    pub(super) verdict: Verdict,
    /// All attempts together.
    pub(super) time: Option<Duration>,
    pub(super) ttfb: Option<Duration>,
    pub(super) bytes: Option<u64>,
    pub(super) worker: Option<usize>,
    pub(super) attempts: u32,
    pub(super) url: String,
    pub(super) saved: Option<String>,
    pub(super) error: Option<String>,
    pub(super) final_url: Option<String>,
    pub(super) start: Option<Instant>,
    pub(super) phases: [Option<Duration>; 7],
    /// Status and URL of each.
    pub(super) redirects: Vec<(u16, String)>,
}

impl Row {
    pub(super) fn new(outcome: &Outcome) -> Self {
        let text = |text: &str| excerpt(text, TEXT);
        let started = outcome.status.is_some() || outcome.bytes > 0;
        Row {
            index: outcome.index,
            status: outcome.status,
            verdict: outcome.verdict,
            time: outcome.elapsed(),
            ttfb: outcome.timing.ttfb,
            bytes: started.then_some(outcome.bytes),
            worker: outcome.worker,
            attempts: outcome.attempts,
            url: text(&outcome.url),
            saved: outcome
                .saved
                .as_ref()
                .map(|saved| text(&saved.path.display().to_string())),
            error: outcome.error.as_ref().map(|error| text(&error.to_string())),
            final_url: outcome.final_url.as_deref().map(text),
            start: outcome.span.map(|(start, _)| start),
            phases: phases(&outcome.timing),
            redirects: outcome
                .redirects
                .iter()
                .take(HOPS)
                .map(|hop| (hop.status, text(&hop.url)))
                .collect(),
        }
    }
}

/// The phases' durations, in the order of [`PHASES`].
pub(super) fn phases(timing: &Timing) -> [Option<Duration>; 7] {
    [
        timing.blocked,
        timing.dns,
        timing.connect,
        timing.ssl,
        timing.send,
        timing.wait,
        timing.receive,
    ]
}

/// What the reports call a verdict.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Unchanged => "unchanged",
        Verdict::Failed => "failed",
        Verdict::Skipped => "skipped",
    }
}
