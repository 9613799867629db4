//! What is kept of a run until it can be drawn.

use std::time::{Duration, Instant};

use super::super::attempt_view::{AttemptView, attempt_views};
use super::CLASSES;
use super::grid::Grid;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::text::excerpt;
use crate::model::timing::Phase;
use crate::report::format::duration;

/// How many attempts have a bar each.
pub(super) const MOST_BARS: usize = 2000;

/// How many characters of a URL a tooltip has.
const URL_LENGTH: usize = 120;

/// How many characters of an error it has.
const ERROR_LENGTH: usize = 80;

/// One attempt. Times are nanoseconds from the panel's base.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) worker: usize,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) parts: [i64; CLASSES],
    pub(super) failed: bool,
    pub(super) title: String,
}

/// A run.
#[derive(Debug, Default)]
pub(super) struct Panel {
    /// The start that was heard of first.
    base: Option<Instant>,
    /// The attempts, unless there are too many.
    stretches: Vec<Stretch>,
    pub(super) grid: Grid,
    pub(super) attempts: u64,
    pub(super) targets: u64,
    pub(super) untried: u64,
    pub(super) failed: u64,
    /// Workers that did anything, or stand between two that did.
    pub(super) workers: usize,
    /// The first start and the last end.
    pub(super) reach: Option<(i64, i64)>,
}

impl Panel {
    /// Takes one target in.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.targets += 1;
        self.failed += u64::from(outcome.verdict == Verdict::Failed);
        let mut tried = false;
        for visit in attempt_views(outcome) {
            if let Some(span) = visit.attempt.span {
                tried = true;
                self.visit(outcome, &visit, span);
            }
        }
        self.untried += u64::from(!tried);
    }

    /// The attempts, if each is to have a bar.
    pub(super) fn stretches(&self) -> Option<&[Stretch]> {
        (self.attempts <= MOST_BARS as u64).then_some(&self.stretches)
    }

    fn visit(
        &mut self,
        outcome: &Outcome,
        visit: &AttemptView<'_>,
        (start, end): (Instant, Instant),
    ) {
        let base = *self.base.get_or_insert(start);
        let length = nanos(end - start);
        let start = match start.checked_duration_since(base) {
            Some(after) => nanos(after),
            None => -nanos(base - start),
        };
        let end = start + length;
        let mut parts = [0; CLASSES];
        let mut rest = length;
        for (part, (_, took)) in parts.iter_mut().zip(visit.attempt.timing.phases()) {
            *part = took.map_or(0, nanos).min(rest);
            rest -= *part;
        }
        parts[Phase::ALL.len()] = rest;
        let failed = visit.verdict == Verdict::Failed;
        let (first, last) = self.reach.unwrap_or((start, end));
        self.reach = Some((first.min(start), last.max(end)));
        self.workers = self.workers.max(visit.worker().saturating_add(1));
        self.grid.add(visit.worker(), (start, end), &parts, failed);
        self.attempts += 1;
        if self.attempts > MOST_BARS as u64 {
            self.stretches = Vec::new();
            return;
        }
        self.stretches.push(Stretch {
            worker: visit.worker(),
            start,
            end,
            parts,
            failed,
            title: title(outcome, visit, Duration::from_nanos(length as u64)),
        });
    }
}

/// What a bar says of itself: which URL, what became of it, how long it took.
fn title(outcome: &Outcome, visit: &AttemptView<'_>, took: Duration) -> String {
    let mut title = excerpt(&outcome.url, URL_LENGTH);
    if let Some(status) = visit.attempt.status {
        title += &format!(" · {status}");
    }
    title += &format!(" · {}", duration(took));
    if !outcome.earlier().is_empty() {
        title += &format!(" · attempt {}", visit.number);
    }
    if let Some(error) = visit.attempt.error.as_deref() {
        title += &format!(" · {}", excerpt(&error.to_string(), ERROR_LENGTH));
    }
    title
}

/// Some 292 years are enough.
fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos())
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4)
}
