//! A run's attempts by worker and time, in bounded memory: the data that a timeline is drawn from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::attempt_view::{AttemptView, attempt_views};
use super::CLASSES;
use super::grid::Grid;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::text::excerpt;
use crate::model::timing::Phase;
use crate::report::format::duration;

/// The most attempts that get a bar each. With more, the timeline goes by columns of time.
pub(in crate::report::export) const MOST_BARS: usize = 2000;

/// The most characters of a URL in a tooltip.
const URL_LENGTH: usize = 120;

/// The most characters of an error in a tooltip.
const ERROR_LENGTH: usize = 80;

/// One attempt. Times are nanoseconds from the timeline's base.
#[derive(Debug)]
pub(super) struct TimelineAttempt {
    pub(super) worker: usize,
    pub(super) start: i64,
    pub(super) end: i64,
    /// The time in each class, one after the other.
    pub(super) parts: [i64; CLASSES],
    pub(super) failed: bool,
    pub(super) tooltip: String,
}

impl TimelineAttempt {
    fn add_to(&self, grid: &mut Grid) {
        let span = (self.start, self.end);
        grid.add(self.worker, span, &self.parts, self.failed);
    }
}

/// The totals of one worker.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::report::export) struct WorkerTotals {
    /// Attempts that it made, retries and repeats on fresh connections included.
    pub(in crate::report::export) attempts: u64,
    pub(in crate::report::export) failed: u64,
    /// The time that its attempts took.
    pub(in crate::report::export) busy: Duration,
}

/// The timeline of one run: every attempt, retries included, on the worker that made it.
///
/// Up to [`MOST_BARS`] attempts are kept one by one; from then on a [`Grid`] of fixed size takes them in.
#[derive(Debug, Default)]
pub(in crate::report::export) struct Timeline {
    /// The start of the attempt that was added first: the zero of all times here.
    base: Option<Instant>,
    /// The attempts, unless there are too many.
    attempts: Vec<TimelineAttempt>,
    grid: Option<Grid>,
    workers: BTreeMap<usize, WorkerTotals>,
    pub(super) targets: u64,
    /// Targets that no worker took up.
    pub(super) untried: u64,
    /// Targets that failed.
    pub(super) failed: u64,
    /// The first start and the last end.
    span: Option<(i64, i64)>,
}

impl Timeline {
    /// Adds the attempts of one target.
    pub(in crate::report::export) fn add(&mut self, outcome: &Outcome) {
        if outcome.verdict == Verdict::Done {
            return;
        }
        self.targets += 1;
        self.failed += u64::from(outcome.verdict == Verdict::Failed);
        let mut tried = false;
        for view in attempt_views(outcome) {
            if let Some(span) = view.attempt.worker_span() {
                tried = true;
                self.add_attempt(outcome, &view, span);
            }
        }
        self.untried += u64::from(!tried);
    }

    fn add_attempt(
        &mut self,
        outcome: &Outcome,
        view: &AttemptView<'_>,
        (start, end): (Instant, Instant),
    ) {
        let took = end - start;
        let length = nanos(took);
        let start = since(*self.base.get_or_insert(start), start);
        let end = start + length;
        let mut parts = [0; CLASSES];
        let mut rest = length;
        for (part, (_, took)) in parts.iter_mut().zip(view.attempt.timing.phases()) {
            *part = took.map_or(0, nanos).min(rest);
            rest -= *part;
        }
        parts[Phase::ALL.len()] = rest;
        let failed = view.verdict == Verdict::Failed;
        let (first, last) = self.span.unwrap_or((start, end));
        self.span = Some((first.min(start), last.max(end)));
        let worker = self.workers.entry(view.worker()).or_default();
        // As everywhere: requests that were repeated at once are one bar, and several attempts.
        worker.attempts += u64::from(view.attempt.requests);
        worker.failed += u64::from(failed);
        worker.busy += took;
        let attempt = TimelineAttempt {
            worker: view.worker(),
            start,
            end,
            parts,
            failed,
            tooltip: String::new(),
        };
        if let Some(grid) = &mut self.grid {
            attempt.add_to(grid);
            return;
        }
        self.attempts.push(TimelineAttempt {
            tooltip: tooltip(outcome, view, took),
            ..attempt
        });
        if self.attempts.len() > MOST_BARS {
            self.grid = Some(grid(&self.attempts));
            self.attempts = Vec::new();
        }
    }

    /// The attempts one by one, unless there were too many.
    pub(super) fn attempts(&self) -> Option<&[TimelineAttempt]> {
        self.grid.is_none().then_some(&self.attempts)
    }

    /// The attempts by columns of time. Made for the purpose where they are kept one by one, as a run
    /// that is drawn beside a larger one needs it.
    pub(super) fn grid(&self) -> Cow<'_, Grid> {
        match &self.grid {
            Some(grid) => Cow::Borrowed(grid),
            None => Cow::Owned(grid(&self.attempts)),
        }
    }

    /// Tells if no worker made an attempt.
    pub(in crate::report::export) fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    /// Tells if each attempt has a bar of its own.
    pub(in crate::report::export) fn has_bars(&self) -> bool {
        self.grid.is_none()
    }

    /// The totals of each worker that made an attempt, by its number.
    pub(in crate::report::export) fn workers(&self) -> &BTreeMap<usize, WorkerTotals> {
        &self.workers
    }

    /// The totals of all workers together.
    pub(in crate::report::export) fn totals(&self) -> WorkerTotals {
        let workers = self.workers.values();
        workers.fold(WorkerTotals::default(), |sum, worker| WorkerTotals {
            attempts: sum.attempts + worker.attempts,
            failed: sum.failed + worker.failed,
            busy: sum.busy + worker.busy,
        })
    }

    /// The number of lanes: workers that made an attempt, and idle ones between two such.
    pub(super) fn lanes(&self) -> usize {
        self.workers.keys().next_back().map_or(0, |last| last + 1)
    }

    /// The first start, in nanoseconds from the base.
    pub(super) fn first(&self) -> i64 {
        self.span.map_or(0, |(first, _)| first)
    }

    /// The time from the first start to the last end.
    pub(in crate::report::export) fn length(&self) -> Duration {
        Duration::from_nanos(self.nanos() as u64)
    }

    /// [`length`](Timeline::length) in nanoseconds.
    pub(super) fn nanos(&self) -> i64 {
        self.span.map_or(0, |(first, last)| last - first)
    }

    /// The time from the first start to a moment; `None` before the first attempt was added.
    pub(in crate::report::export) fn since_first(&self, moment: Instant) -> Option<Duration> {
        let after = since(self.base?, moment) - self.first();
        Some(Duration::from_nanos(after.max(0) as u64))
    }
}

fn grid(attempts: &[TimelineAttempt]) -> Grid {
    let mut grid = Grid::default();
    for attempt in attempts {
        attempt.add_to(&mut grid);
    }
    grid
}

/// The text of a bar's tooltip: URL, status, time, number of the attempt, error, and the phases.
fn tooltip(outcome: &Outcome, view: &AttemptView<'_>, took: Duration) -> String {
    let mut text = excerpt(&outcome.url, URL_LENGTH);
    if let Some(status) = view.attempt.status {
        text += &format!(" · {status}");
    }
    text += &format!(" · {}", duration(took));
    if !outcome.earlier().is_empty() {
        text += &format!(" · attempt {}", view.number);
    }
    if let Some(error) = view.attempt.error.as_deref() {
        text += &format!(" · {}", excerpt(&error.to_string(), ERROR_LENGTH));
    }
    let phases = view.attempt.timing.phases().into_iter();
    let phases: Vec<String> = phases
        .filter_map(|(phase, took)| Some((phase, took.filter(|took| !took.is_zero())?)))
        .map(|(phase, took)| format!("{} {}", phase.as_str(), duration(took)))
        .collect();
    if !phases.is_empty() {
        text += &format!(" ({})", phases.join(", "));
    }
    text
}

/// Nanoseconds from `base` to `moment`, negative if it was before.
fn since(base: Instant, moment: Instant) -> i64 {
    match moment.checked_duration_since(base) {
        Some(after) => nanos(after),
        None => -nanos(base - moment),
    }
}

/// Nanoseconds, capped at 73 years so that sums of a few do not overflow.
fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos())
        .unwrap_or(i64::MAX)
        .min(i64::MAX / 4)
}
