//! The attempts of an outcome, each with what it was to its target.

use crate::model::outcome::{Attempt, Outcome, Verdict};

/// One attempt that a worker made.
#[derive(Debug)]
pub(super) struct AttemptView<'a> {
    /// Which it is of its target's attempts, from 1.
    pub(super) number: usize,
    /// Whether it is the one that decided.
    pub(super) is_last: bool,
    pub(super) verdict: Verdict,
    pub(super) attempt: &'a Attempt,
}

impl AttemptView<'_> {
    /// Its worker; a lone loop has no workers to count.
    pub(super) fn worker(&self) -> usize {
        self.attempt.worker.unwrap_or(0) as usize
    }
}

/// The attempts that were made, in their order. None, if no worker took the target up.
pub(super) fn attempt_views(outcome: &Outcome) -> impl Iterator<Item = AttemptView<'_>> {
    let count = outcome.earlier().len() + 1;
    outcome.attempts().enumerate().map(move |(place, attempt)| {
        let is_last = place + 1 == count;
        AttemptView {
            number: place + 1,
            is_last,
            verdict: if is_last {
                outcome.verdict
            } else {
                Verdict::Failed
            },
            attempt,
        }
    })
}
