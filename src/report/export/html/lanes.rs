//! What each worker did and when: bar by bar, or by time slot when there are too many bars.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::grid::Grid;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::text::excerpt;
use crate::report::format::duration;

/// The most bars that are drawn one by one, in each arm.
pub(super) const BARS: usize = 2000;

/// The most lanes in which they are.
const BAR_LANES: usize = 64;

/// The most characters of a URL in what a bar shows under the pointer.
const LABEL: usize = 80;

/// One request, in seconds from the first that was seen (some began before it).
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) worker: usize,
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) phases: [f64; 7],
    pub(super) is_failed: bool,
    pub(super) label: String,
}

/// What a worker did in all.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) busy: Duration,
}

/// What each worker did.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// The zero of all seconds here.
    zero: Option<Instant>,
    /// The first start and the last end.
    span: (f64, f64),
    pub(super) bars: Vec<Bar>,
    pub(super) grid: Option<Grid>,
    pub(super) lanes: BTreeMap<usize, Lane>,
    /// Attempts that were followed by another. Nobody knows whose they were.
    pub(super) earlier: usize,
    workers: usize,
}

impl Lanes {
    pub(super) fn new(workers: usize) -> Self {
        Lanes {
            workers,
            ..Lanes::default()
        }
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.earlier += outcome.earlier().len();
        let (Some(worker), Some((start, end))) = (outcome.last.worker, outcome.last.span) else {
            return;
        };
        let zero = *self.zero.get_or_insert(start);
        let seconds = |time: Instant| match time.checked_duration_since(zero) {
            Some(after) => after.as_secs_f64(),
            None => -(zero - time).as_secs_f64(),
        };
        let (start, end) = (seconds(start), seconds(end));
        self.span = match self.lanes.is_empty() {
            true => (start, end),
            false => (self.span.0.min(start), self.span.1.max(end)),
        };
        let worker = worker as usize;
        let is_failed = outcome.verdict == Verdict::Failed;
        let lane = self.lanes.entry(worker).or_default();
        lane.requests += 1;
        lane.failed += u64::from(is_failed);
        lane.busy += Duration::from_secs_f64(end - start);
        let phases = outcome.last.timing.phases();
        let phases = phases.map(|(_, took)| took.unwrap_or_default().as_secs_f64());
        if let Some(grid) = &mut self.grid {
            grid.add(worker, start, phases);
            return;
        }
        self.bars.push(Bar {
            worker,
            start,
            end,
            phases,
            is_failed,
            label: label(outcome),
        });
        if self.bars.len() > BARS || self.lanes.len() > BAR_LANES {
            let workers = self.lanes.keys().next_back().map_or(0, |last| last + 1);
            let (start, end) = self.span;
            let mut grid = Grid::new(workers.max(self.workers), start, end);
            for bar in std::mem::take(&mut self.bars) {
                grid.add(bar.worker, bar.start, bar.phases);
            }
            self.grid = Some(grid);
        }
    }

    /// When the first request began.
    pub(super) fn first(&self) -> f64 {
        self.span.0
    }

    /// From the first start to the last end, in seconds.
    pub(super) fn length(&self) -> f64 {
        self.span.1 - self.span.0
    }

    /// How long after the first start this was.
    pub(super) fn since_first(&self, time: Instant) -> Option<f64> {
        let zero = self.zero?;
        let after = match time.checked_duration_since(zero) {
            Some(after) => after.as_secs_f64(),
            None => -(zero - time).as_secs_f64(),
        };
        Some((after - self.span.0).max(0.0))
    }
}

fn label(outcome: &Outcome) -> String {
    let what = match (outcome.status(), outcome.verdict) {
        (Some(status), _) => status.to_string(),
        (None, verdict) => super::row::word(verdict).to_owned(),
    };
    let time = outcome
        .last
        .timing
        .total()
        .map(duration)
        .unwrap_or_default();
    format!("{what} · {time} · {}", excerpt(&outcome.url, LABEL))
}
