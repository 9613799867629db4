//! Targets that were read ahead of a stop and not begun: told one by one where the end of the list is known, and left
//! out where it is not. How far a list was read ahead says nothing about the run, and of `yes URL` it is all there is.

use crate::model::outcome::{Outcome, Verdict};

/// The targets that a stop leaves undone, while the run is wound up.
#[derive(Debug, Default)]
pub(super) struct Leftover {
    /// True if the number of the list's targets is known: what is left is then a number of its own.
    is_counted: bool,
    /// True if some target has been told as undone: that the run was cut off shows.
    has_some: bool,
    /// Those that were queued and not begun, until it is known if they are told.
    queued: Vec<Outcome>,
}

impl Leftover {
    /// Takes the outcome of a job that ended after the stop. Returns it, if it is to be told in any case.
    pub(super) fn take(&mut self, outcome: Outcome) -> Option<Outcome> {
        if is_unbegun(&outcome) {
            self.queued.push(outcome);
            return None;
        }
        self.note(&outcome);
        Some(outcome)
    }

    /// Takes note of an outcome that is told.
    pub(super) fn note(&mut self, outcome: &Outcome) {
        self.has_some |= outcome.verdict == Verdict::Skipped;
    }

    /// The outcomes of all jobs that are left, those that were queued among them, in the order of the list.
    pub(super) fn with_queued(
        &mut self,
        left: impl Iterator<Item = Outcome>,
        is_counted: bool,
    ) -> Vec<Outcome> {
        self.is_counted = is_counted;
        let mut left: Vec<Outcome> = left.chain(self.queued.drain(..)).collect();
        left.sort_by_key(|outcome| outcome.index);
        self.has_some |= left.iter().any(|outcome| !is_unbegun(outcome));
        left
    }

    /// Tells whether the outcome of a target that is left is told. Where none was under way, the first that would have
    /// been next is: without it no report of the run would show that it was cut off.
    pub(super) fn tells(&mut self, outcome: &Outcome) -> bool {
        let is_told = self.is_counted || !self.has_some || !is_unbegun(outcome);
        self.note(outcome);
        is_told
    }
}

/// Tells whether no attempt at a target reached a worker before the stop.
pub(super) fn is_unbegun(outcome: &Outcome) -> bool {
    outcome.verdict == Verdict::Skipped
        && outcome.requests() == 0
        && outcome.attempts().all(|attempt| attempt.worker.is_none())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;
    use crate::model::outcome::{Failure, FailureKind};
    use crate::model::target::Verb;

    fn left(index: u64, has_begun: bool) -> Outcome {
        let failure = Failure {
            kind: FailureKind::Stopped,
            phase: None,
            message: "stopped".to_owned(),
            is_transient: false,
            is_alone: false,
        };
        let mut outcome = Outcome::untried(index, Arc::from("http://h/"), Verb::default(), failure);
        if has_begun {
            let now = Instant::now();
            outcome.last.worker = Some(0);
            outcome.last.span = Some((now, now));
        }
        outcome
    }

    /// The indexes that are told: of jobs that end after the stop, of those that are left, and of what is read.
    fn told(ended: &[Outcome], left_over: &[Outcome], is_counted: bool) -> Vec<u64> {
        let mut leftover = Leftover::default();
        let ended: Vec<Outcome> = ended
            .iter()
            .filter_map(|outcome| leftover.take(outcome.clone()))
            .collect();
        let all = leftover.with_queued(left_over.iter().cloned(), is_counted);
        let all = all.into_iter().filter(|outcome| leftover.tells(outcome));
        ended.into_iter().chain(all).map(|one| one.index).collect()
    }

    #[test]
    fn what_had_not_begun_is_told_only_where_the_end_of_the_list_is_known() {
        let ended = [left(0, true), left(3, false)];
        let left_over = [left(2, false), left(1, true), left(4, false)];
        assert_eq!(told(&ended, &left_over, true), [0, 1, 2, 3, 4]);
        assert_eq!(told(&ended, &left_over, false), [0, 1]);
    }

    #[test]
    fn the_next_target_stands_for_a_list_of_which_none_was_under_way() {
        let unbegun = [left(7, false), left(6, false), left(8, false)];
        assert_eq!(told(&[], &unbegun, false), [6]);
        assert_eq!(told(&unbegun, &[], false), [6]);
        assert_eq!(told(&[], &unbegun, true), [6, 7, 8]);
    }
}
