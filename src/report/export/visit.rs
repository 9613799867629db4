//! What an outcome was made of: each attempt by itself, the last one like those before it.

use std::time::{Duration, Instant, SystemTime};

use crate::model::outcome::{Exchange, Failure, Outcome, Verdict};
use crate::model::timing::{Phase, Timing};

/// How many phases there are.
pub(super) const PHASES: usize = 7;

/// One attempt that a worker made.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    /// Which it is of its target's attempts, from 1.
    pub(super) number: usize,
    /// Whether it is the one that the outcome's own figures are of.
    pub(super) is_last: bool,
    pub(super) started_at: Option<SystemTime>,
    pub(super) span: Option<(Instant, Instant)>,
    pub(super) worker: usize,
    pub(super) timing: &'a Timing,
    pub(super) status: Option<u16>,
    pub(super) wire_bytes: Option<u64>,
    pub(super) verdict: Verdict,
    pub(super) error: Option<&'a Failure>,
    pub(super) exchanges: &'a [Exchange],
}

/// The attempts that were made, in their order. None, if no worker took the target up.
pub(super) fn visits(outcome: &Outcome) -> impl Iterator<Item = Visit<'_>> {
    let earlier = outcome
        .earlier
        .iter()
        .enumerate()
        .map(|(i, attempt)| Visit {
            number: i + 1,
            is_last: false,
            started_at: attempt.started_at,
            span: attempt.span,
            // A lone loop has no workers to count.
            worker: attempt.worker.unwrap_or(0),
            timing: &attempt.timing,
            status: attempt.status,
            wire_bytes: Some(attempt.wire_bytes),
            verdict: Verdict::Failed,
            error: attempt.error.as_ref(),
            exchanges: &attempt.exchanges,
        });
    let last = Visit {
        number: outcome.earlier.len() + 1,
        is_last: true,
        started_at: outcome.started_at,
        span: outcome.span,
        worker: outcome.worker.unwrap_or(0),
        timing: &outcome.timing,
        status: outcome.status,
        wire_bytes: outcome.wire_bytes,
        verdict: outcome.verdict,
        error: outcome.error.as_ref(),
        exchanges: &outcome.exchanges,
    };
    earlier.chain([last])
}

/// The phases in their order, with how long each took.
pub(super) fn phases(timing: &Timing) -> [(Phase, Option<Duration>); PHASES] {
    [
        (Phase::Blocked, timing.blocked),
        (Phase::Dns, timing.dns),
        (Phase::Connect, timing.connect),
        (Phase::Ssl, timing.ssl),
        (Phase::Send, timing.send),
        (Phase::Wait, timing.wait),
        (Phase::Receive, timing.receive),
    ]
}
