//! A target on its way through a run, over all its attempts.

use std::sync::Arc;
use std::time::Duration;

use super::backoff::Ran;
use crate::http::Naming;
use crate::model::outcome::{Attempt, Failure, FailureKind, Outcome, Verdict};
use crate::model::save_path::SavePath;
use crate::model::target::Target;
use crate::pool::{JobError, JobResult};

/// A target, and the attempts at it that have failed so far.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) target: Arc<Target>,
    /// Where its file goes and what it is named, if it is to have one.
    pub(super) file: Option<(SavePath, Naming)>,
    earlier: Vec<Attempt>,
}

/// In seconds. A server that asks for as much may as well have asked for more than a number holds.
const CENTURY: u64 = 100 * 365 * 86_400;

/// Why a run ends before its time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// It was asked to.
    Stopped,
    /// Its deadline, this long after its beginning, has passed.
    Deadline(Duration),
}

impl Job {
    pub(super) fn new(target: Arc<Target>, file: Option<(SavePath, Naming)>) -> Self {
        Job {
            target,
            file,
            earlier: Vec::new(),
        }
    }

    /// The number of the attempt that is next or under way, from 1.
    pub(super) fn attempt(&self) -> u32 {
        u32::try_from(self.earlier.len()).map_or(u32::MAX, |earlier| earlier + 1)
    }

    /// The outcome of the attempt under way, whatever became of it.
    pub(super) fn settle(&self, result: JobResult<Ran>) -> Ran {
        let (kind, message) = match result {
            Ok(ran) => return ran,
            Err(JobError::Stopped) => return Ran::Done(self.stopped(), None),
            Err(error @ JobError::NoWorker(_)) => (
                FailureKind::Local,
                format!("{error}; allow this user more threads (ulimit -u)"),
            ),
            Err(error) => (
                FailureKind::Local,
                format!("a bug in pfetch: {error}; please report it"),
            ),
        };
        Ran::Done(self.failed(kind, message), None)
    }

    /// Notes the attempt under way as failed; another will follow.
    pub(super) fn again(&mut self, outcome: Outcome) {
        self.earlier.push(outcome.last);
    }

    /// The outcome of all attempts, of which this was the last.
    pub(super) fn conclude(mut self, mut outcome: Outcome) -> Outcome {
        outcome.follow(std::mem::take(&mut self.earlier));
        outcome
    }

    /// The outcome of a target at which no attempt is under way, and none will follow.
    pub(super) fn untried(self) -> Outcome {
        let outcome = self.stopped();
        self.conclude(outcome)
    }

    fn stopped(&self) -> Outcome {
        let message = if self.earlier.is_empty() {
            "stopped before it was started"
        } else {
            "stopped before it was tried again"
        };
        self.failed(FailureKind::Stopped, message.to_owned())
    }

    fn failed(&self, kind: FailureKind, message: String) -> Outcome {
        let Target {
            index,
            location,
            verb,
            ..
        } = &*self.target;
        let failure = Failure {
            kind,
            phase: None,
            message,
        };
        let mut outcome = Outcome::untried(*index, Arc::clone(location.text()), *verb, failure);
        if let Some((place, _)) = &self.file {
            outcome.details_mut().save_path = Some(place.clone());
        }
        outcome
    }
}

impl Ending {
    /// What this ending makes of an outcome: a target that was only stopped was skipped at somebody's
    /// request, and has failed at a deadline.
    pub(super) fn apply(self, mut outcome: Outcome) -> Outcome {
        if let (Ending::Deadline(limit), Some(failure)) = (self, &mut outcome.last.error)
            && failure.kind == FailureKind::Stopped
        {
            let limit = humantime::format_duration(limit);
            failure.kind = FailureKind::Timeout;
            failure.message = format!("not done at the run's deadline of {limit}");
            outcome.verdict = Verdict::Failed;
        }
        outcome
    }
}

/// The outcome of an attempt that would have been made again, were the run not over before that.
pub(super) fn out_of_time(mut outcome: Outcome, deadline: Duration) -> Outcome {
    if let Some(failure) = &mut outcome.last.error {
        let deadline = humantime::format_duration(deadline);
        failure.message += &format!("; not retried: the run's deadline of {deadline} comes first");
    }
    outcome
}

/// The outcome of an attempt that would have been made again, had the server not asked to wait for so
/// long.
pub(super) fn not_retried(mut outcome: Outcome, asked: Duration, most: Duration) -> Outcome {
    if let Some(failure) = &mut outcome.last.error {
        let asked = match asked.as_secs() {
            ..CENTURY => {
                humantime::format_duration(Duration::from_secs(asked.as_secs())).to_string()
            }
            _ => "a century or more".to_owned(),
        };
        let most = humantime::format_duration(most);
        failure.message += &format!(
            "; not retried: the server asks for a wait of {asked}, more than {most} \
             (--retry-after-max)"
        );
    }
    outcome
}
