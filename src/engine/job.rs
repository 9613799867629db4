//! A target on its way through the run, over all its attempts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backoff::JobOutput;
use super::retry::RetryRecord;
use super::schedule::PushBackRecord;
use crate::http::Naming;
use crate::model::origin::GivenUp;
use crate::model::outcome::{Attempt, Failure, FailureKind, Hop, HttpVersion, Outcome, Verdict};
use crate::model::request_digest::RequestDigest;
use crate::model::save_path::SavePath;
use crate::model::target::Target;
use crate::pool::{JobError, JobResult};

/// A target, and the attempts at it that have failed so far.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) target: Arc<Target>,
    /// The path of its file and the rule for the name, if it gets a file.
    pub(super) file: Option<(SavePath, Naming)>,
    pub(super) retry: RetryRecord,
    pub(super) push_backs: PushBackRecord,
    route: Option<Arc<str>>,
    /// The number of times that the route has changed.
    detours: u32,
    /// The first byte that this run received of the body, where attempts continue one another.
    first_byte: Option<u64>,
    earlier: Vec<Attempt>,
    /// The last answer of an attempt that another was to follow.
    answer: Option<Box<LastAnswer>>,
    /// The number of attempts that the server pushed back, and that used up no try.
    pushed_back: u32,
    /// The sum of the times by which its starts came later than the rate of the run intended.
    start_delay: Option<Duration>,
    /// The time between its attempts in which it could not be started again.
    retry_wait: Duration,
    /// The time for which bytes of its earlier attempts were held back.
    held_back: Duration,
}

/// An answer of the server, for the outcome of a target that gets no other one.
#[derive(Debug)]
struct LastAnswer {
    status: u16,
    version: Option<HttpVersion>,
    content_type: Option<Arc<String>>,
    remote: Option<SocketAddr>,
    final_url: Option<Arc<str>>,
    redirects: Vec<Hop>,
    retry_after: Option<Duration>,
}

/// The maximum number of earlier attempts that are kept. Those that use up no try may be many.
const MAX_EARLIER: usize = 16;

/// The maximum number of times that a job is scheduled at another origin.
const MAX_DETOURS: u32 = 4;

/// In seconds. A `Retry-After` of this length may as well have overflowed, so it is shown as "or more".
const CENTURY: u64 = 100 * 365 * 86_400;

/// The reason why a run stops before all is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopReason {
    /// The stop token was stopped, or the disk is full.
    Requested,
    /// A target has failed, with `--fail-fast`.
    FirstFailure,
    /// The deadline, this long after the run's start, has passed.
    Deadline(Duration),
}

impl Job {
    pub(super) fn new(target: Arc<Target>, file: Option<(SavePath, Naming)>) -> Self {
        Job {
            target,
            file,
            retry: RetryRecord::default(),
            push_backs: PushBackRecord::default(),
            route: None,
            detours: 0,
            first_byte: None,
            earlier: Vec::new(),
            answer: None,
            pushed_back: 0,
            start_delay: None,
            retry_wait: Duration::ZERO,
            held_back: Duration::ZERO,
        }
    }

    /// The origin that the job is scheduled at: its target's, or the one that redirects led to when that
    /// pushed back.
    pub(super) fn origin(&self) -> &str {
        let route = self.route.as_deref();
        route.unwrap_or_else(|| self.target.location.origin())
    }

    /// The origin that the job is scheduled at, and the record of its push-backs.
    pub(super) fn parts(&mut self) -> (&str, &mut PushBackRecord) {
        let route = self.route.as_deref();
        let origin = route.unwrap_or_else(|| self.target.location.origin());
        (origin, &mut self.push_backs)
    }

    /// The origin that the job is scheduled at, if it is another than its target's.
    pub(super) fn route(&self) -> Option<Arc<str>> {
        self.route.clone()
    }

    /// Schedules the job at another origin. Returns false if that has been done too often.
    pub(super) fn detour(&mut self, origin: &str) -> bool {
        self.detours += 1;
        let may = self.detours <= MAX_DETOURS;
        if may {
            self.route = Some(Arc::from(origin));
        }
        may
    }

    /// The output of the attempt under way. An error of the pool becomes a failed outcome.
    pub(super) fn output(&self, result: JobResult<JobOutput>) -> JobOutput {
        let outcome = match result {
            Ok(output) => return output,
            Err(JobError::Stopped) => self.stopped(),
            Err(error @ JobError::NoWorker(_)) => self.failed(
                FailureKind::Local,
                format!("{error}; raise the limit on threads (ulimit -u) or memory (ulimit -v)"),
            ),
            Err(error) => self.failed(
                FailureKind::Local,
                format!("a bug in pfetch: {error}; please report it"),
            ),
        };
        JobOutput::Fetched(outcome.into())
    }

    /// Returns true if an attempt has been made.
    pub(super) fn has_begun(&self) -> bool {
        !self.earlier.is_empty()
    }

    /// Records that the server pushed the attempt under way back, which uses up no try.
    pub(super) fn note_push_back(&mut self) {
        self.pushed_back = self.pushed_back.saturating_add(1);
    }

    /// Adds the time by which a start came later than the rate of the run intended, if there is one.
    pub(super) fn note_start_delay(&mut self, delay: Option<Duration>) {
        if let Some(delay) = delay {
            self.start_delay = Some(self.start_delay.unwrap_or_default() + delay);
        }
    }

    /// Records the moment from which it could be started again, if it has been before: until then it waited for its
    /// retry, and since then for its turn.
    pub(super) fn note_ready(&mut self, ready: Option<Instant>) {
        let ended = self.earlier.last().and_then(|attempt| attempt.span);
        if let (Some(ready), Some((_, ended))) = (ready, ended) {
            self.retry_wait += ready.saturating_duration_since(ended);
        }
    }

    /// Records the attempt under way as failed, before another one.
    pub(super) fn record_attempt(&mut self, mut outcome: Outcome) {
        self.note_first_byte(&outcome);
        if self.earlier.is_empty() {
            // Few jobs have more than one, and very many may wait at once.
            self.earlier.reserve_exact(1);
        }
        self.held_back += outcome.held_back();
        self.answer = LastAnswer::take(&mut outcome).or_else(|| self.answer.take());
        self.earlier.push(outcome.last);
        if self.earlier.len() > MAX_EARLIER {
            // The first one stays, from which the time is counted.
            let dropped = self.earlier.remove(1);
            let next = &mut self.earlier[1];
            next.requests = next.requests.saturating_add(dropped.requests);
            next.wire_bytes = match (next.wire_bytes, dropped.wire_bytes) {
                (None, None) => None,
                (next, dropped) => Some(next.unwrap_or(0).saturating_add(dropped.unwrap_or(0))),
            };
        }
    }

    fn note_first_byte(&mut self, outcome: &Outcome) {
        if let Some(progress) = outcome.progress() {
            let first = self.first_byte.unwrap_or(progress.from);
            self.first_byte = Some(first.min(progress.from));
        }
    }

    /// The outcome of all attempts, of which this was the last.
    pub(super) fn conclude(mut self, mut outcome: Outcome) -> Outcome {
        self.note_first_byte(&outcome);
        // A body that came in pieces has the bytes of all of them.
        if let (Some(progress), Some(first)) = (outcome.progress(), self.first_byte) {
            outcome.bytes = outcome.bytes.max(progress.reached.saturating_sub(first));
        }
        if outcome.last.span.is_none() && !self.earlier.is_empty() {
            // It has waited for another attempt until now.
            let now = Instant::now();
            outcome.last.span = Some((now, now));
        }
        if outcome.last.requests == 0
            && outcome.is_left_undone()
            && let Some(answer) = self.answer.take()
        {
            answer.give_to(&mut outcome);
        }
        if self.pushed_back > 0 {
            outcome.details_mut().pushed_back = self.pushed_back;
        }
        if self.start_delay.is_some() {
            outcome.details_mut().start_delay = self.start_delay;
        }
        if !self.earlier.is_empty() {
            outcome.details_mut().retry_wait = Some(self.retry_wait);
        }
        if !self.held_back.is_zero() {
            outcome.details_mut().held_back += self.held_back;
        }
        outcome.follow(std::mem::take(&mut self.earlier));
        if let Some(sha256) = &self.target.sha256 {
            outcome.details_mut().sha256 = Some(**sha256);
        }
        if let Some(request) = RequestDigest::of(&self.target) {
            outcome.details_mut().request = Some(request);
        }
        if let Some(meta) = &self.target.meta {
            outcome.details_mut().meta = Some(meta.clone());
        }
        if outcome.verdict == Verdict::Failed && self.target.location.is_written_with_blank() {
            outcome.details_mut().is_written_with_blank = true;
        }
        outcome
    }

    /// The outcome of a target with no attempt under way and none to follow.
    pub(super) fn untried(self) -> Outcome {
        let outcome = self.stopped();
        self.conclude(outcome)
    }

    /// The outcome of a target whose origin is given up, which may be for what others were answered: so it says how
    /// its own last attempt failed, if no answer shows that. The summary tells the way on, once for all of them.
    pub(super) fn given_up(self, why: GivenUp) -> Outcome {
        let mut message = match &self.route {
            Some(origin) => format!("{origin}: {why}"),
            None => why.to_string(),
        };
        let last = self.earlier.last().and_then(|last| last.error.as_ref());
        if let Some(own) = last.filter(|own| own.kind != FailureKind::Status) {
            message += &format!("; its own last attempt: {}", own.message);
        }
        let outcome = self.failed(FailureKind::GivenUp, message);
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
            is_transient: false,
            is_alone: false,
        };
        let mut outcome = Outcome::untried(*index, Arc::clone(location.text()), *verb, failure);
        if let Some((place, _)) = &self.file {
            outcome.details_mut().save_path = Some(place.clone());
        }
        outcome
    }
}

impl LastAnswer {
    /// Takes the answer out of an outcome, if it has one.
    fn take(outcome: &mut Outcome) -> Option<Box<Self>> {
        let last = &outcome.last;
        let answer = LastAnswer {
            status: last.status?,
            version: last.version,
            content_type: last.content_type.clone(),
            remote: last.remote,
            final_url: None,
            redirects: Vec::new(),
            retry_after: None,
        };
        let details = outcome.details.take().unwrap_or_default();
        Some(Box::new(LastAnswer {
            final_url: details.final_url,
            redirects: details.redirects,
            retry_after: details.retry_after,
            ..answer
        }))
    }

    /// Makes it the answer of an outcome.
    fn give_to(self, outcome: &mut Outcome) {
        let last = &mut outcome.last;
        last.status = Some(self.status);
        last.version = self.version;
        last.content_type = self.content_type;
        last.remote = self.remote;
        let details = outcome.details_mut();
        details.final_url = self.final_url;
        details.redirects = self.redirects;
        details.retry_after = self.retry_after;
    }
}

impl StopReason {
    /// Rewords the outcome of a stopped target, which counts as skipped: nothing was found out about it.
    pub(super) fn apply(self, mut outcome: Outcome) -> Outcome {
        let failure = outcome.last.error.as_mut();
        let Some(failure) = failure.filter(|failure| failure.kind == FailureKind::Stopped) else {
            return outcome;
        };
        match self {
            StopReason::Requested => {}
            StopReason::FirstFailure => failure.message += " (--fail-fast)",
            StopReason::Deadline(limit) => {
                let limit = humantime::format_duration(limit);
                failure.kind = FailureKind::Deadline;
                failure.message = format!("not done at the run's deadline of {limit}");
            }
        }
        outcome
    }
}

/// Notes in the outcome that it is not retried, because the deadline would pass before the retry.
pub(super) fn deadline_first(mut outcome: Outcome, deadline: Duration) -> Outcome {
    if let Some(failure) = &mut outcome.last.error {
        let deadline = humantime::format_duration(deadline);
        failure.message += &format!("; not retried: the run's deadline of {deadline} comes first");
    }
    outcome
}

/// Notes in the outcome that it is not retried, because `Retry-After` asks for more than `most`.
pub(super) fn wait_too_long(mut outcome: Outcome, asked: Duration, most: Duration) -> Outcome {
    if let Some(failure) = &mut outcome.last.error {
        let asked = match asked.as_secs() {
            seconds @ ..CENTURY => {
                humantime::format_duration(Duration::from_secs(seconds)).to_string()
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
