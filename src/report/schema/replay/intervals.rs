//! The intervals of runs that may have been at work at the same time: their union, the most workers at once, and
//! a lane for each worker.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, SystemTime};

use crate::model::activity::MAX_WORKERS;

/// A run on the clock of its machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunInterval {
    /// Start and end; `None` if the run started no target.
    pub(super) span: Option<(SystemTime, SystemTime)>,
    pub(super) workers: usize,
}

/// The runs as one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Overlay {
    /// Time in which any run was at work; `None` if none was.
    pub(super) makespan: Option<Duration>,
    /// The most workers at one time.
    pub(super) workers: usize,
    /// True if no two runs were at work at the same time.
    pub(super) is_sequential: bool,
    /// The lanes of each run's workers. Runs at the same time share none, so that a worker of the whole never does
    /// two things at once.
    lanes: Vec<Vec<usize>>,
}

impl Overlay {
    /// Lays the runs over one another. Lanes are those of a greedy colouring of intervals in the order of their
    /// starts: a lane is opened only when all are taken, so their number is that of workers at one time.
    pub(super) fn of(runs: &[RunInterval]) -> Self {
        let mut overlay = Overlay {
            is_sequential: true,
            lanes: vec![Vec::new(); runs.len()],
            ..Overlay::default()
        };
        let mut order: Vec<(SystemTime, SystemTime, usize)> = Vec::new();
        for (index, run) in runs.iter().enumerate() {
            match run.span {
                Some((start, end)) => order.push((start, end.max(start), index)),
                None => overlay.lanes[index] = (0..run.workers).collect(),
            }
        }
        order.sort_unstable();
        let mut under_way: BinaryHeap<Reverse<(SystemTime, usize)>> = BinaryHeap::new();
        let mut free: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
        let mut opened = 0;
        let mut covered_to: Option<SystemTime> = None;
        for (start, end, index) in order {
            while let Some(Reverse((ended, run))) = under_way.peek().copied()
                && ended <= start
            {
                under_way.pop();
                free.extend(overlay.lanes[run].iter().copied().map(Reverse));
            }
            for _ in 0..runs[index].workers {
                let lane = free.pop().map_or(opened, |Reverse(lane)| lane);
                opened = opened.max(lane + 1);
                overlay.lanes[index].push(lane);
            }
            under_way.push(Reverse((end, index)));
            overlay.is_sequential &= covered_to.is_none_or(|covered| covered <= start);
            let from = covered_to.map_or(start, |covered| covered.max(start));
            let more = end.duration_since(from).unwrap_or_default();
            *overlay.makespan.get_or_insert_default() += more;
            covered_to = covered_to.max(Some(end));
        }
        let alone = runs.iter().map(|run| run.workers).max();
        overlay.workers = opened.max(alone.unwrap_or_default());
        overlay
    }

    /// The lane of a run's worker; `None` beyond the most workers that reports can tell apart.
    pub(super) fn lane(&self, run: usize, worker: u16) -> Option<u16> {
        let lane = *self.lanes.get(run)?.get(usize::from(worker))?;
        u16::try_from(lane)
            .ok()
            .filter(|lane| usize::from(*lane) < MAX_WORKERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: u64, end: u64, workers: usize) -> RunInterval {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        RunInterval {
            span: Some((at(start), at(end))),
            workers,
        }
    }

    fn overlay(runs: &[RunInterval]) -> (Option<u64>, usize) {
        let overlay = Overlay::of(runs);
        (overlay.makespan.map(|time| time.as_secs()), overlay.workers)
    }

    #[test]
    fn time_is_the_union_and_workers_are_the_most_at_one_time() {
        let idle = RunInterval {
            span: None,
            workers: 5,
        };
        for (runs, expected) in [
            (&[][..], (None, 0)),
            (&[idle], (None, 5)),
            (&[run(0, 10, 4), idle], (Some(10), 5)),
            // One after the other, with and without a pause.
            (&[run(0, 10, 4), run(10, 20, 4)], (Some(20), 4)),
            (&[run(0, 10, 4), run(100, 110, 3)], (Some(20), 4)),
            // At the same time, whole and in part, in any order.
            (&[run(0, 10, 4), run(0, 10, 4)], (Some(10), 8)),
            (&[run(5, 15, 2), run(0, 10, 4)], (Some(15), 6)),
            (&[run(0, 30, 1), run(5, 6, 2), run(7, 8, 3)], (Some(30), 4)),
            (&[run(0, 0, 1), run(0, 5, 2)], (Some(5), 2)),
        ] {
            assert_eq!(overlay(runs), expected, "{runs:?}");
        }
    }

    #[test]
    fn workers_of_runs_at_the_same_time_have_lanes_of_their_own() {
        let runs = [run(0, 10, 2), run(5, 20, 2), run(12, 30, 2), run(0, 1, 1)];
        let all = Overlay::of(&runs);
        for (one, first) in runs.iter().enumerate() {
            for (other, second) in runs.iter().enumerate().skip(one + 1) {
                let overlap = first.span.map(|span| span.0) < second.span.map(|span| span.1)
                    && second.span.map(|span| span.0) < first.span.map(|span| span.1);
                let shared = all.lanes[one]
                    .iter()
                    .any(|lane| all.lanes[other].contains(lane));
                assert!(!(overlap && shared), "{one} and {other}: {all:?}");
            }
        }
        let most = all.lanes.iter().flatten().max();
        assert_eq!((most, all.workers), (Some(&3), 4), "{all:?}");
        assert_eq!(all.lane(0, 2), None, "it has two workers: {all:?}");
    }
}
