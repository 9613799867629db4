//! Runs and lists as the first reading finds them.

use std::time::{Duration, SystemTime};

use super::latest::Rank;
use crate::model::event::RunInfo;
use crate::model::run_part::RunPart;
use crate::model::run_shard::MissingShards;
use crate::model::unreadable_list::UnreadableList;

/// A run that a file reports.
#[derive(Debug)]
pub(super) struct SurveyedRun {
    pub(super) info: RunInfo,
    /// The files that have lines of it. The first has its beginning.
    pub(super) files: Vec<usize>,
    /// The number of its first line.
    pub(super) line: u64,
    /// True if a report has it, false if only a run log has.
    pub(super) is_reported: bool,
    /// The file and the line in which a run log has its beginning.
    pub(super) logged_at: Option<(usize, u64)>,
    /// Its list.
    pub(super) list: usize,
    /// The runs with the same log before it.
    pub(super) order: u32,
    pub(super) end: Option<SurveyedEnd>,
    /// Its results, but for targets that were done before.
    pub(super) found: u64,
    /// First start and last end of its targets.
    pub(super) span: Option<(SystemTime, SystemTime)>,
    /// The runs that it is a merge of.
    pub(super) parts: Vec<RunPart>,
    /// True if its targets count as those of other runs.
    pub(super) is_left_out: bool,
}

/// End of a run, as its summary tells it.
#[derive(Debug)]
pub(super) struct SurveyedEnd {
    pub(super) targets: u64,
    pub(super) workers: usize,
    pub(super) is_stopped: bool,
    /// The targets of its whole input.
    pub(super) listed: Option<u64>,
    pub(super) makespan: Option<Duration>,
    pub(super) unreadable: Vec<UnreadableList>,
}

/// The list of one run, or of the runs that share a log.
#[derive(Debug, Default)]
pub(super) struct SurveyedList {
    /// Its runs, in the order in which they were made.
    pub(super) runs: Vec<usize>,
    /// The number of indices that it needs.
    pub(super) indices: u64,
    /// The number of results of all its runs.
    pub(super) results: u64,
    /// True if a run log is among the files.
    pub(super) has_log: bool,
}

impl SurveyedRun {
    /// The rank of its results. What a report has of a run is more than what the log has of it.
    pub(super) fn rank(&self, is_log: bool) -> Rank {
        self.order.saturating_mul(2) + if is_log { 1 } else { 2 }
    }

    /// The workers that it had.
    pub(super) fn workers(&self) -> usize {
        self.end
            .as_ref()
            .map_or(self.info.workers, |end| end.workers)
    }

    /// The interval that it took, by its machine's clock. The time of a run is from the first start of a target, which
    /// comes after its own; only without results it has to do.
    pub(super) fn interval(&self) -> Option<(SystemTime, SystemTime)> {
        let Some(end) = &self.end else {
            return self.span;
        };
        let start = self.span.map_or(self.info.started_at, |(first, _)| first);
        start.checked_add(end.makespan?).map(|end| (start, end))
    }
}

impl SurveyedList {
    /// True if targets may have several results.
    pub(super) fn has_reruns(&self, runs: &[SurveyedRun]) -> bool {
        let first = self.runs.first().map(|run| &runs[*run]);
        let is_also_logged = self.has_log && first.is_some_and(|run| run.is_reported);
        self.runs.len() > 1 || is_also_logged
    }
}

impl SurveyedRun {
    /// The runs that it is made of: itself, unless it is a merge. `is_last` tells that no other run went on with its
    /// log.
    pub(super) fn made_of(&self, is_last: bool) -> Vec<RunPart> {
        if !self.parts.is_empty() {
            return self.parts.clone();
        }
        let stopped = match &self.end {
            Some(end) => end.is_stopped,
            None => self.is_reported,
        };
        vec![RunPart {
            run: self.info.id,
            log: self.info.log.map(|log| log.id),
            shard: self.info.shard,
            stopped: stopped && is_last,
        }]
    }
}

/// The shards that are missing beside those of these runs.
pub(super) fn missing_shards(parts: &[RunPart]) -> Option<MissingShards> {
    MissingShards::beside(&parts.iter().filter_map(|part| part.shard).collect())
}
