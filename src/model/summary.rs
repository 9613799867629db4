//! The summary of a run: counts, sums and histograms, in constant memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::origin::OriginLimits;
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::pacing::{BindingLimits, Pacing};
use crate::model::retry_idle::RetryIdle;
use crate::model::run_part::RunPart;
use crate::model::run_shard::MissingShards;
use crate::model::slowdown::{LatencyByLoad, Slowdown};
use crate::model::timing::Phase;
use crate::model::unreadable_list::UnreadableList;
use crate::stats::Latency;

/// The figures of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Targets with an accepted status and a complete body.
    pub ok: u64,
    /// Targets whose file was up to date.
    pub unchanged: u64,
    /// Those of them whose file was kept without a request ([`Outcome::is_kept`]).
    pub kept: u64,
    /// Those of these whose file was kept without a look at it ([`Outcome::is_unchecked`]).
    pub unchecked: u64,
    /// Targets that were skipped because the run log lists them as done.
    pub done_before: u64,
    /// Targets that failed, bad input lines included. What was cut off by a stop or by the deadline is not among them:
    /// nothing was found out about it.
    pub failed: u64,
    /// Those of the [skipped](Summary::skipped) targets that the run's deadline cut off.
    pub not_done: u64,
    /// Failed targets whose cause is on this machine
    /// ([`FailureKind::is_local`](crate::model::outcome::FailureKind::is_local)).
    pub local: u64,
    /// Targets that were not started or not completed, because the run was stopped or its deadline passed.
    pub skipped: u64,
    /// Set if the user limited the starts per origin or by a rate, or the bytes.
    pub paced: bool,
    /// What became of those limits. `None` without any, and if it is not known.
    pub pacing: Option<Pacing>,
    /// Attempts beyond the first of each target.
    pub retries: u64,
    /// Body bytes of all targets, decoded.
    pub bytes: u64,
    /// Body bytes of the targets that succeeded: an error page is no throughput.
    pub served_bytes: u64,
    /// Bytes received from sockets.
    pub wire_bytes: u64,
    /// Workers of the run, as many as could be started.
    pub workers: usize,
    /// The parallel time, from the first start to the last end of a target (the makespan of Coffman and
    /// Graham), or to the deadline if that came first. `None` if no target was started.
    pub makespan: Option<Duration>,
    /// The part of the makespan in which nothing but targets that failed was under way. Zero but in the runs of a
    /// measurement, which leave it out where all of them fail alike.
    pub failing_only: Duration,
    /// The time within the makespan in which a worker was idle because the input gave nothing: the list came
    /// more slowly than it was fetched.
    pub input_wait: Duration,
    /// The part of [`input_wait`](Summary::input_wait) in which no target was under way. No schedule could have
    /// used it, so it is left out of the speed-up.
    pub input_idle: Duration,
    /// The time within the makespan in which no target was under way, as all that was left waited for another try, or
    /// for as long as a server had asked for.
    pub retry_idle: RetryIdle,
    /// The sum of the times that workers were busy with requests ([`Outcome::busy`]): of failures and of attempts that
    /// were made again too, without the waits between attempts.
    pub busy: Duration,
    /// The longest time of a URL with the waits for its retries, and without those for its turn, which more workers
    /// would shorten ([`Outcome::unqueued`]).
    pub slowest: Duration,
    /// The part of [`slowest`](Summary::slowest) in which that URL waited for its retries.
    pub slowest_waits: Duration,
    /// The part of [`busy`](Summary::busy) in which bodies came: the HAR phase `receive` of all attempts.
    pub receiving: Duration,
    /// The times that successful targets kept workers busy ([`Outcome::busy`]): of all their attempts, those that a
    /// server refused among them, without the waits between them, which are pfetch's own. An immediate failure or a time-out says nothing about the speed of
    /// the others.
    pub latency: Latency,
    /// The times to first byte of the same targets, in their last attempts.
    pub ttfb: Latency,
    /// Their latency from the intended start ([`Outcome::intended_latency`]), of a run with a rate.
    pub intended: Option<Latency>,
    /// The number of targets by final status, where that decided: without those that failed for another reason, and
    /// those whose body was coming when the run was stopped.
    pub statuses: BTreeMap<u16, u64>,
    /// The number of failed targets by the kind of their failure.
    pub failures: BTreeMap<FailureKind, u64>,
    /// The origins that pushed back or were given up, and what they take.
    pub origins: OriginLimits,
    /// Set if answers took longer when more requests were under way: the per-URL times are then longer than one by
    /// one.
    pub slowdown: Option<Slowdown>,
    /// The time for which the input was repeated, of a run that came to its end: no target began after it, and the
    /// makespan is as long as was asked for, whatever was done.
    pub repeat_time: Option<Duration>,
    /// Set if the run was stopped before its end.
    pub stopped: bool,
    /// Set if that was because a report could not be written: no later run could go on where this one ended.
    pub output_failed: bool,
    /// The targets of the whole input, of a run that was stopped, if they could be counted: those that it did
    /// not come to read are not among the skipped ones.
    pub listed: Option<u64>,
    /// The lists that could not be read to their end, so that the targets are not all that were asked for.
    pub unreadable: Vec<UnreadableList>,
    /// The runs of a comparison or a sweep that was stopped. The counts are then those of all runs
    /// together, and there are no times: those of different arms mean nothing together.
    pub runs: Option<RunsMade>,
    /// The number of runs that a replay merged. The makespan is then the union of their intervals, and the workers
    /// are the most at one time; both rest on the clocks of the machines.
    pub merged: Option<u64>,
    /// The runs that a replay merged.
    pub parts: Vec<RunPart>,
}

/// The runs of a comparison or a sweep that were made, warm-ups included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunsMade {
    /// Completed runs.
    pub done: u32,
    /// Planned runs, as far as known.
    pub of: u32,
    /// True if these are the most that there might have been.
    #[serde(default)]
    pub at_most: bool,
}

impl Summary {
    /// Targets that succeeded.
    pub fn succeeded(&self) -> u64 {
        self.ok + self.unchanged
    }

    /// Targets that came to their end, whichever: neither the deadline nor another stop came first.
    pub fn tried(&self) -> u64 {
        self.succeeded() + self.failed
    }

    /// Targets that were fetched with success: a file that was [kept](Summary::kept) was not fetched.
    pub fn fetched(&self) -> u64 {
        self.succeeded().saturating_sub(self.kept)
    }

    /// Body bytes of successful targets per second of the makespan. `None` if none was fetched: what fails at
    /// once has no rate.
    pub fn throughput(&self) -> Option<f64> {
        self.per_second(self.served_bytes)
    }

    /// [Fetched](Summary::fetched) targets per second of the makespan. `None` if there are none.
    pub fn rate(&self) -> Option<f64> {
        self.per_second(self.fetched())
    }

    fn per_second(&self, count: u64) -> Option<f64> {
        let seconds = self.makespan?.as_secs_f64();
        (seconds > 0.0 && self.fetched() > 0).then(|| count as f64 / seconds)
    }

    /// True if the list came so slowly that it, and not the workers, decided how long the run took: for more
    /// than a twentieth of the makespan a worker was idle for want of input.
    pub fn is_fed_slowly(&self) -> bool {
        let makespan = self.makespan.unwrap_or_default();
        self.input_wait > makespan / 20
    }

    /// True if limits of the user's held back starts or bytes for a noticeable part of the run, so that the makespan is
    /// longer than the work. Where that is not known, true if there were any.
    pub fn is_held_back(&self) -> bool {
        self.paced && (self.pacing.is_none() || self.binding_limits().are_any())
    }

    /// The limits that did, as far as they are known.
    pub fn binding_limits(&self) -> BindingLimits {
        let makespan = self.makespan.unwrap_or_default();
        self.pacing
            .map_or_else(BindingLimits::default, |pacing| pacing.binding(makespan))
    }

    /// True if waits for other tries, with nothing else under way, were a noticeable time and part of the run.
    pub fn is_held_up(&self) -> bool {
        let makespan = self.makespan.unwrap_or_default();
        self.retry_idle.total >= Duration::from_secs(2) && self.retry_idle.total > makespan / 5
    }

    /// The targets of the run, without those [done before](Summary::done_before).
    pub fn targets(&self) -> u64 {
        self.tried() + self.skipped
    }

    /// The targets of the whole input, those done before included, if it was read to its end or could be
    /// counted.
    pub fn all_listed(&self) -> Option<u64> {
        match self.stopped {
            true => self.listed,
            false => Some(self.targets() + self.done_before),
        }
    }

    /// The targets of the input that the run did not come to read, if they could be counted.
    pub fn unread(&self) -> Option<u64> {
        let read = self.targets() + self.done_before;
        // A list may be cut while it is read.
        self.all_listed().map(|all| all.saturating_sub(read))
    }

    /// The shards that are missing beside those that a replay merged. The run then counts as stopped, since figures of
    /// the whole list there are none.
    pub fn missing_shards(&self) -> Option<MissingShards> {
        let shards = self.parts.iter().filter_map(|part| part.shard);
        MissingShards::beside(&shards.collect())
    }

    /// The same counts without a time.
    #[must_use]
    pub fn without_times(self) -> Self {
        Summary {
            makespan: None,
            failing_only: Duration::ZERO,
            input_wait: Duration::ZERO,
            input_idle: Duration::ZERO,
            retry_idle: RetryIdle::default(),
            busy: Duration::ZERO,
            slowest: Duration::ZERO,
            slowest_waits: Duration::ZERO,
            receiving: Duration::ZERO,
            latency: Latency::default(),
            ttfb: Latency::default(),
            intended: None,
            slowdown: None,
            pacing: None,
            ..self
        }
    }

    /// Adds the figures of another run, as if it followed this one: counts and times add up, and the
    /// larger number of workers stays.
    pub fn merge(&mut self, other: &Summary) {
        let listed = self.all_listed().zip(other.all_listed());
        let listed = listed.map(|(one, other)| one.saturating_add(other));
        self.listed = listed.filter(|_| self.stopped || other.stopped);
        self.ok += other.ok;
        self.unchanged += other.unchanged;
        self.kept += other.kept;
        self.unchecked += other.unchecked;
        self.done_before += other.done_before;
        self.failed += other.failed;
        self.not_done += other.not_done;
        self.local += other.local;
        self.skipped += other.skipped;
        self.paced |= other.paced;
        if let Some(other) = &other.pacing {
            self.pacing.get_or_insert_default().merge(other);
        }
        self.retries += other.retries;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.served_bytes = self.served_bytes.saturating_add(other.served_bytes);
        self.wire_bytes = self.wire_bytes.saturating_add(other.wire_bytes);
        self.workers = self.workers.max(other.workers);
        self.makespan = match (self.makespan, other.makespan) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
        };
        self.failing_only += other.failing_only;
        self.input_wait += other.input_wait;
        self.input_idle += other.input_idle;
        self.retry_idle.add(other.retry_idle);
        self.busy += other.busy;
        self.receiving += other.receiving;
        if other.slowest > self.slowest {
            (self.slowest, self.slowest_waits) = (other.slowest, other.slowest_waits);
        }
        self.latency.merge(&other.latency);
        self.ttfb.merge(&other.ttfb);
        if let Some(other) = &other.intended {
            self.intended.get_or_insert_default().merge(other);
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (kind, count) in &other.failures {
            *self.failures.entry(*kind).or_default() += count;
        }
        self.origins.merge(&other.origins);
        self.slowdown = self.slowdown.or(other.slowdown);
        self.stopped |= other.stopped;
        self.output_failed |= other.output_failed;
        UnreadableList::add_new(&mut self.unreadable, &other.unreadable);
        self.runs = self.runs.or(other.runs);
        self.merged = self.merged.or(other.merged);
    }
}

/// Accumulates outcomes into a [`Summary`], in constant memory.
#[derive(Debug, Default)]
pub struct Tally {
    summary: Summary,
    span: Option<(Instant, Instant)>,
    /// The moment until which targets waited that the run then gave up.
    waited_until: Option<Instant>,
    by_load: LatencyByLoad,
    /// The time for which bytes were held back.
    held_bytes: Duration,
}

impl Tally {
    /// An empty tally for a run with this many workers.
    pub fn new(workers: usize) -> Self {
        Tally {
            summary: Summary {
                workers,
                ..Summary::default()
            },
            span: None,
            waited_until: None,
            by_load: LatencyByLoad::new(workers),
            held_bytes: Duration::ZERO,
        }
    }

    /// Adds one outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        let summary = &mut self.summary;
        match outcome.verdict {
            Verdict::Done => {
                // Its figures are those of another run.
                summary.done_before += 1;
                return;
            }
            Verdict::Ok => summary.ok += 1,
            Verdict::Unchanged => {
                summary.unchanged += 1;
                summary.kept += u64::from(outcome.is_kept());
                summary.unchecked += u64::from(outcome.is_unchecked());
            }
            Verdict::Failed => summary.failed += 1,
            Verdict::Skipped => summary.skipped += 1,
        }
        if let Some(failure) = outcome.error() {
            summary.local += u64::from(failure.kind.is_local());
        }
        // Older reports have them as failed, and they are counted as such then.
        let is_cut_off = outcome.verdict == Verdict::Skipped && outcome.is_past_deadline();
        summary.not_done += u64::from(is_cut_off);
        // A replayed log may state any number.
        summary.bytes = summary.bytes.saturating_add(outcome.bytes);
        for bytes in outcome.attempts().filter_map(|attempt| attempt.wire_bytes) {
            summary.wire_bytes = summary.wire_bytes.saturating_add(bytes);
        }
        self.held_bytes += outcome.held_back();
        summary.retries += u64::from(outcome.requests().saturating_sub(1));
        // An interrupted fetch says nothing about its duration, and its status decided nothing.
        let whole = outcome.verdict != Verdict::Skipped;
        let busy = outcome.busy();
        if let Some(unqueued) = outcome.unqueued().filter(|_| whole) {
            let busy = busy.unwrap_or_default();
            summary.busy += busy;
            let attempts = outcome.attempts();
            let received = attempts.filter_map(|attempt| attempt.timing.phase(Phase::Receive));
            summary.receiving += received.sum::<Duration>();
            if unqueued > summary.slowest {
                summary.slowest = unqueued;
                summary.slowest_waits = unqueued.saturating_sub(busy);
            }
        }
        let failure = outcome.error().map(|failure| failure.kind);
        let failure = failure.filter(|_| outcome.verdict == Verdict::Failed);
        if let Some(kind) = failure {
            *summary.failures.entry(kind).or_default() += 1;
        }
        // A status that came before the failure did not decide.
        let has_decided = whole && failure.is_none_or(|kind| kind == FailureKind::Status);
        if let Some(status) = outcome.status().filter(|_| has_decided) {
            *summary.statuses.entry(status).or_default() += 1;
        }
        if matches!(outcome.verdict, Verdict::Ok | Verdict::Unchanged) {
            summary.served_bytes = summary.served_bytes.saturating_add(outcome.bytes);
            if let Some(busy) = busy {
                summary.latency.record(busy);
            }
            if let Some(ttfb) = outcome.last.timing.ttfb() {
                summary.ttfb.record(ttfb);
            }
            if let Some(latency) = outcome.intended_latency() {
                summary.intended.get_or_insert_default().record(latency);
            }
        }
        self.by_load.add(outcome);
        for (start, end) in outcome.attempts().filter_map(|attempt| attempt.span) {
            let (first, last) = self.span.unwrap_or((start, end));
            self.span = Some((first.min(start), last.max(end)));
        }
    }

    /// The figures so far.
    pub fn summary(&self) -> Summary {
        let last_end = |last| self.waited_until.map_or(last, |until| until.max(last));
        let makespan = self.span.map(|(first, last)| last_end(last) - first);
        let summary = self.summary.clone();
        // A job is submitted a moment before its attempt begins, with which the makespan does.
        let input_wait = summary.input_wait.min(makespan.unwrap_or_default());
        let slowdown = self.by_load.slowdown();
        let pacing = summary
            .pacing
            .map(|pacing| pacing.completed(self.held_bytes, summary.busy, slowdown.is_some()));
        Summary {
            makespan,
            input_wait,
            input_idle: summary.input_idle.min(input_wait),
            retry_idle: summary.retry_idle.within(makespan.unwrap_or_default()),
            slowdown,
            pacing,
            ..summary
        }
    }

    /// Records that the user limited starts or bytes.
    pub fn set_paced(&mut self) {
        self.summary.paced = true;
    }

    /// Records what became of those limits, but for the time of held bytes, which the outcomes have.
    pub fn set_pacing(&mut self, pacing: Pacing) {
        self.summary.pacing = Some(pacing);
    }

    /// Records that only this many workers could be started.
    pub fn set_workers(&mut self, started: usize) {
        self.summary.workers = started;
    }

    /// Records the origins that pushed back or were given up.
    pub fn set_origins(&mut self, origins: OriginLimits) {
        self.summary.origins = origins;
    }

    /// Records that targets waited for their start until this moment, at which the run gave them up.
    pub fn extend(&mut self, until: Instant) {
        self.waited_until = Some(until);
    }

    /// Records how long workers were idle for want of input: any of them, and all of them with nothing under way.
    pub fn set_input_wait(&mut self, wait: Duration, idle: Duration) {
        self.summary.input_wait = wait;
        self.summary.input_idle = idle;
    }

    /// Records how long nothing was under way but waits for another try.
    pub fn set_retry_idle(&mut self, idle: RetryIdle) {
        self.summary.retry_idle = idle;
    }

    /// Records the number of targets in the whole input, of a run that was stopped.
    pub fn set_listed(&mut self, listed: Option<u64>) {
        self.summary.listed = listed;
    }

    /// Records that a list could not be read to its end.
    pub fn add_unreadable(&mut self, list: UnreadableList) {
        self.summary.unreadable.push(list);
    }

    /// The lists that could not be read to their end.
    pub fn unreadable(&self) -> &[UnreadableList] {
        &self.summary.unreadable
    }

    /// Records that the input was repeated for this time, which is up.
    pub fn set_repeat_time(&mut self, time: Option<Duration>) {
        self.summary.repeat_time = time;
    }

    /// Records that a report could not be written, which ends the run.
    pub fn set_output_failed(&mut self) {
        self.summary.output_failed = true;
    }

    /// Records that the run was stopped before its end.
    pub fn set_stopped(&mut self) {
        self.summary.stopped = true;
    }
}
