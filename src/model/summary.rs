//! A run in figures: the counts and sums that do not grow with the number of targets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::model::outcome::{Outcome, Verdict};
use crate::stats::Latency;

/// A run in figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Targets that answered with an accepted status, whole.
    pub ok: u64,
    /// Targets whose file was there already, and is left as it is.
    pub unchanged: u64,
    /// Targets that were left out because the run log has them as done.
    pub done_before: u64,
    /// Targets that failed, bad input lines included.
    pub failed: u64,
    /// Those among the failed whose fault is on this side
    /// ([`FailureKind::is_local`](crate::model::outcome::FailureKind::is_local)).
    pub local: u64,
    /// Targets that were not tried, or not to their end, because the run was stopped.
    pub skipped: u64,
    /// Whether starts were held back by a limit per origin or by a rate, so that the parallel time
    /// is longer than the work.
    pub paced: bool,
    /// Attempts beyond the first of each target.
    pub retries: u64,
    /// Body bytes of all targets, decoded.
    pub bytes: u64,
    /// Bytes that the sockets gave.
    pub wire_bytes: u64,
    /// Workers the run could use.
    pub workers: usize,
    /// From the first start to the last finish of a target (the makespan of Coffman and Graham):
    /// the parallel time. `None` if no target was tried.
    pub makespan: Option<Duration>,
    /// The per-URL times ([`Outcome::elapsed`]), added up.
    pub sum: Duration,
    /// The part of it that workers were busy ([`Outcome::busy`]): all but waiting for a retry.
    pub busy: Duration,
    /// The longest per-URL time.
    pub slowest: Duration,
    /// The per-URL times of those that succeeded. Failures are left out: one that comes at once, or a
    /// time limit, says nothing of how fast the others are.
    pub latency: Latency,
    /// Their times to the first byte.
    pub ttfb: Latency,
    /// How many targets ended with each status.
    pub statuses: BTreeMap<u16, u64>,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
    /// Of a comparison or a sweep that was stopped: how many of its runs were made. The counts are of all
    /// of them together then, and there are no times: mixed, they would say nothing.
    pub runs: Option<RunsMade>,
}

/// How many of the runs of a comparison or a sweep were made, warm-ups included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsMade {
    /// Those that came to their end.
    pub done: u32,
    /// All that there were to be, as far as was known.
    pub of: u32,
}

impl Summary {
    /// Body bytes in a second of the parallel time.
    pub fn throughput(&self) -> Option<f64> {
        self.per_second(self.bytes)
    }

    /// Targets tried in a second of the parallel time.
    pub fn rate(&self) -> Option<f64> {
        self.per_second(self.ok + self.unchanged + self.failed)
    }

    fn per_second(&self, count: u64) -> Option<f64> {
        let seconds = self.makespan?.as_secs_f64();
        (seconds > 0.0).then(|| count as f64 / seconds)
    }

    /// Targets that the run took up or was to take up: all but those [done before](Summary::done_before).
    pub fn targets(&self) -> u64 {
        self.ok + self.unchanged + self.failed + self.skipped
    }

    /// Adds another run's figures, as if it had been made after this one: the counts and times are
    /// added up, and the workers are the most that either had.
    pub fn merge(&mut self, other: &Summary) {
        self.ok += other.ok;
        self.unchanged += other.unchanged;
        self.done_before += other.done_before;
        self.failed += other.failed;
        self.local += other.local;
        self.skipped += other.skipped;
        self.paced |= other.paced;
        self.retries += other.retries;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.wire_bytes = self.wire_bytes.saturating_add(other.wire_bytes);
        self.workers = self.workers.max(other.workers);
        self.makespan = match (self.makespan, other.makespan) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
        };
        self.sum += other.sum;
        self.busy += other.busy;
        self.slowest = self.slowest.max(other.slowest);
        self.latency.merge(&other.latency);
        self.ttfb.merge(&other.ttfb);
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        self.stopped |= other.stopped;
        self.runs = self.runs.or(other.runs);
    }
}

/// Adds outcomes up to a [`Summary`], in constant memory.
#[derive(Debug, Default)]
pub struct Tally {
    summary: Summary,
    span: Option<(Instant, Instant)>,
}

impl Tally {
    /// A tally of nothing, for a run with this many workers.
    pub fn new(workers: usize) -> Self {
        Tally {
            summary: Summary {
                workers,
                ..Summary::default()
            },
            span: None,
        }
    }

    /// Counts one outcome in.
    pub fn add(&mut self, outcome: &Outcome) {
        let summary = &mut self.summary;
        match outcome.verdict {
            Verdict::Ok => summary.ok += 1,
            Verdict::Unchanged => summary.unchanged += 1,
            Verdict::Failed => summary.failed += 1,
            Verdict::Skipped => summary.skipped += 1,
        }
        if let Some(failure) = outcome.error() {
            summary.local += u64::from(failure.kind.is_local());
        }
        // What is read from a file may be anything.
        summary.bytes = summary.bytes.saturating_add(outcome.bytes);
        for bytes in outcome.attempts().filter_map(|attempt| attempt.wire_bytes) {
            summary.wire_bytes = summary.wire_bytes.saturating_add(bytes);
        }
        summary.retries += u64::from(outcome.requests().saturating_sub(1));
        // What was broken off says nothing about how long it takes.
        let whole = outcome.verdict != Verdict::Skipped;
        if let Some(elapsed) = outcome.elapsed().filter(|_| whole) {
            summary.busy += outcome.busy().unwrap_or_default();
            summary.sum += elapsed;
            summary.slowest = summary.slowest.max(elapsed);
        }
        if let Some(status) = outcome.status() {
            *summary.statuses.entry(status).or_default() += 1;
        }
        if matches!(outcome.verdict, Verdict::Ok | Verdict::Unchanged) {
            if let Some(elapsed) = outcome.elapsed() {
                summary.latency.record(elapsed);
            }
            if let Some(ttfb) = outcome.last.timing.ttfb() {
                summary.ttfb.record(ttfb);
            }
        }
        for (start, end) in outcome.attempts().filter_map(|attempt| attempt.span) {
            let (first, last) = self.span.unwrap_or((start, end));
            self.span = Some((first.min(start), last.max(end)));
        }
    }

    /// Counts a target that is left out because an earlier run is done with it.
    pub fn add_done_before(&mut self) {
        self.summary.done_before += 1;
    }

    /// The figures so far.
    pub fn summary(&self) -> Summary {
        Summary {
            makespan: self.span.map(|(first, last)| last - first),
            ..self.summary.clone()
        }
    }

    /// Says that starts were held back.
    pub fn set_paced(&mut self) {
        self.summary.paced = true;
    }

    /// Says that the run was stopped before its end.
    pub fn set_stopped(&mut self) {
        self.summary.stopped = true;
    }
}
