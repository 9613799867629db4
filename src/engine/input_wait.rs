//! The time in which workers are idle because the input gives nothing: a list that comes more slowly than it is
//! fetched. It takes no clock of its own, only the moments at which the main loop looks around.

use std::time::{Duration, Instant};

/// The workers, at a moment at which the input has no item yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Some are idle.
    Some,
    /// All are idle, and no target waits for anything else.
    All,
}

/// The waiting of a run for its input.
///
/// Only waiting that a job followed counts: at the end of a list nothing is missed, and before the first job
/// there is no makespan yet.
#[derive(Debug, Default)]
pub(super) struct InputWait {
    /// The wait under way, and its beginning.
    since: Option<(Instant, Want)>,
    /// Jobs submitted by the moment before.
    submitted: u64,
    /// Waiting that no job has followed yet.
    pending: Waited,
    total: Waited,
}

/// Durations of waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Waited {
    /// With a worker idle.
    pub(super) wait: Duration,
    /// With all of them idle.
    pub(super) idle: Duration,
}

impl InputWait {
    /// Notes the state at this moment: the jobs submitted so far, and the workers' want of input, if there is one.
    pub(super) fn note(&mut self, now: Instant, submitted: u64, want: Option<Want>) {
        if let Some((since, want)) = self.since.take() {
            let took = now.saturating_duration_since(since);
            self.pending.wait += took;
            if want == Want::All {
                self.pending.idle += took;
            }
        }
        if submitted > self.submitted {
            self.submitted = submitted;
            self.total.wait += self.pending.wait;
            self.total.idle += self.pending.idle;
            self.pending = Waited::default();
        }
        self.since = want.filter(|_| submitted > 0).map(|want| (now, want));
    }

    /// The waiting so far.
    pub(super) fn total(&self) -> Waited {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// The waiting after these states, each 10 ms after the one before: jobs submitted, and want of input.
    fn waited(states: &[(u64, Option<Want>)]) -> Waited {
        let mut wait = InputWait::default();
        let mut now = Instant::now();
        for (submitted, want) in states {
            wait.note(now, *submitted, *want);
            now += 10 * MS;
        }
        wait.total()
    }

    #[test]
    fn waiting_between_jobs_counts_by_how_many_workers_are_idle() {
        for (states, wait, idle) in [
            (&[(1, None), (2, None), (3, None)][..], 0, 0),
            (&[(1, Some(Want::Some)), (2, None)], 10, 0),
            (&[(1, Some(Want::All)), (2, None)], 10, 10),
            (
                &[
                    (1, Some(Want::Some)),
                    (1, Some(Want::All)),
                    (1, Some(Want::All)),
                    (2, None),
                ],
                30,
                20,
            ),
            (
                &[
                    (1, Some(Want::All)),
                    (1, None),
                    (1, Some(Want::All)),
                    (3, None),
                ],
                20,
                20,
            ),
        ] {
            let expected = Waited {
                wait: wait * MS,
                idle: idle * MS,
            };
            assert_eq!(waited(states), expected, "{states:?}");
        }
    }

    #[test]
    fn waiting_before_the_first_job_and_after_the_last_counts_for_nothing() {
        for states in [
            &[(0, Some(Want::All)), (0, Some(Want::All)), (1, None)][..],
            &[
                (0, Some(Want::All)),
                (1, None),
                (1, Some(Want::All)),
                (1, Some(Want::All)),
                (1, None),
            ],
        ] {
            assert_eq!(waited(states), Waited::default(), "{states:?}");
        }
    }
}
