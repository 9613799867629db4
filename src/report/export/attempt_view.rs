//! The attempts of an outcome as the exports show them: numbered, each with a verdict.

use crate::model::outcome::{Attempt, Outcome, Verdict};

/// One attempt of an outcome.
#[derive(Debug)]
pub(super) struct AttemptView<'a> {
    /// Its number among the target's attempts, from 1.
    pub(super) number: usize,
    /// True for the attempt that decided the outcome.
    pub(super) is_last: bool,
    /// The outcome's verdict for the last attempt; `Failed` for those before it.
    pub(super) verdict: Verdict,
    pub(super) attempt: &'a Attempt,
}

impl AttemptView<'_> {
    /// Index of its worker; 0 in a serial run, which has no pool.
    pub(super) fn worker(&self) -> usize {
        self.attempt.worker.unwrap_or(0) as usize
    }
}

/// The attempts in their order, the last one included even if no worker began it.
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
