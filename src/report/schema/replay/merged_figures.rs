//! The figures of a merged run: collected from the lines of its runs, and summed up at the end.

use std::time::Duration;

use super::intervals::Overlay;
use super::survey::Survey;
use crate::model::origin::OriginLimits;
use crate::model::pacing::Pacing;
use crate::model::summary::{Summary, Tally};

/// Waits for input of the runs.
#[derive(Debug, Default)]
struct InputWaits {
    wait: Duration,
    idle: Duration,
    longest: Duration,
}

impl InputWaits {
    fn add(&mut self, summary: &Summary) {
        self.wait += summary.input_wait;
        self.idle += summary.input_idle;
        self.longest = self.longest.max(summary.input_wait);
    }

    /// The time that the whole waited, and the part of it in which nothing was under way. Of runs at the same time,
    /// it is not known how their waits lie to each other: so long as the longest is certain, and no idle time.
    fn of_all(&self, is_sequential: bool) -> (Duration, Duration) {
        match is_sequential {
            true => (self.wait, self.idle),
            false => (self.longest, Duration::ZERO),
        }
    }
}

/// Figures of the merged run so far.
pub(super) struct MergedFigures {
    pub(super) tally: Tally,
    origins: OriginLimits,
    /// Bytes received, of each run by its results and then by its summary.
    pub(super) wire_bytes: Vec<u64>,
    pub(super) has_ended: Vec<bool>,
    is_paced: bool,
    /// What became of the limits, of the runs that say so.
    pacing: Option<Pacing>,
    /// True if a run that had limits does not say what became of them.
    is_pacing_unknown: bool,
    input: InputWaits,
    /// True once a result of a run log has counted.
    pub(super) has_logged: bool,
}

impl MergedFigures {
    /// Nothing yet, of the runs of this survey.
    pub(super) fn new(survey: &Survey<'_>, overlay: &Overlay) -> Self {
        let runs = survey.runs.len();
        MergedFigures {
            tally: Tally::new(overlay.workers),
            origins: OriginLimits::default(),
            wire_bytes: vec![0; runs],
            has_ended: vec![false; runs],
            is_paced: false,
            pacing: None,
            is_pacing_unknown: false,
            input: InputWaits::default(),
            has_logged: false,
        }
    }

    /// Notes what the summary of this run has beside its results.
    pub(super) fn note_summary(&mut self, run: usize, summary: &Summary) {
        self.wire_bytes[run] = summary.wire_bytes;
        self.is_paced |= summary.paced;
        self.is_pacing_unknown |= summary.paced && summary.pacing.is_none();
        if let Some(pacing) = &summary.pacing {
            self.pacing.get_or_insert_default().merge(pacing);
        }
        self.origins.merge(&summary.origins);
        self.input.add(summary);
    }

    /// The summary of all the runs.
    pub(super) fn summary(self, survey: &Survey<'_>, overlay: &Overlay) -> Summary {
        let last = survey.lists.iter().filter_map(|list| list.runs.last());
        // Nothing is known of the length of a shard that is missing, nor of what a run was to fetch of which there
        // is no line.
        let is_missing = survey.missing_shards().is_some();
        let mut is_stopped = is_missing || !survey.blank.is_empty();
        let mut listed = Some(0_u64).filter(|_| !is_stopped);
        let mut unreadable = Vec::new();
        for run in last.map(|run| &survey.runs[*run]) {
            let (stopped, of_list) = match &run.end {
                Some(end) => (end.is_stopped, end.listed),
                None => (run.is_reported, None),
            };
            is_stopped |= stopped;
            let of_run = run.end.iter().flat_map(|end| &end.unreadable);
            unreadable.extend(of_run.cloned());
            let both = listed.zip(of_list);
            listed = both.map(|(all, of_list)| all.saturating_add(of_list));
        }
        let parts = survey.parts();
        let wire_bytes = self.wire_bytes.iter().copied();
        let (input_wait, input_idle) = self.input.of_all(overlay.is_sequential);
        let summary = Summary {
            input_wait,
            input_idle,
            workers: overlay.workers,
            makespan: overlay.makespan,
            wire_bytes: wire_bytes.fold(0, u64::saturating_add),
            paced: self.is_paced,
            pacing: self.pacing.filter(|_| !self.is_pacing_unknown),
            origins: self.origins,
            stopped: is_stopped,
            listed: listed.filter(|_| is_stopped),
            unreadable,
            merged: Some(parts.len() as u64).filter(|runs| *runs > 1),
            parts: if parts.len() > 1 { parts } else { Vec::new() },
            // Runs of several machines ask one server at different times.
            slowdown: None,
            ..self.tally.summary()
        };
        match self.has_logged {
            true => Summary {
                workers: 0,
                merged: None,
                ..summary.without_times()
            },
            false => summary,
        }
    }
}
