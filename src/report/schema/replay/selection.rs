//! The runs of a survey that count: each once, in the order of its log, also where a merge is beside its parts.

use std::collections::HashMap;

use super::ReplayError;
use super::overlap::{ReportedRuns, find_overlaps};
use super::survey::Survey;
use super::surveyed::{SurveyedRun, missing_shards};
use crate::model::run_part::RunPart;
use crate::model::run_shard::MissingShards;

impl Survey<'_> {
    /// The runs that count, with their numbers.
    pub(super) fn counted(&self) -> impl Iterator<Item = (usize, &SurveyedRun)> {
        let runs = self.runs.iter().enumerate();
        runs.filter(|(_, run)| !run.is_left_out)
    }

    /// The runs that the whole is made of.
    pub(super) fn parts(&self) -> Vec<RunPart> {
        self.counted()
            .flat_map(|(number, run)| run.made_of(self.is_last(number)))
            .collect()
    }

    /// Tells whether a run is the last one of its list.
    pub(super) fn is_last(&self, run: usize) -> bool {
        let list = &self.lists[self.runs[run].list];
        list.runs.last() == Some(&run)
    }

    /// The shards that are missing beside those that are there.
    pub(super) fn missing_shards(&self) -> Option<MissingShards> {
        missing_shards(&self.parts())
    }

    /// Leaves out what is there twice, so that each run counts once.
    pub(super) fn leave_out(&mut self) -> Result<(), ReplayError> {
        let reports: Vec<ReportedRuns> = self
            .runs
            .iter()
            .map(|run| ReportedRuns {
                runs: run.made_of(true).iter().map(|part| part.run).collect(),
                is_merge: !run.parts.is_empty(),
            })
            .collect();
        if reports.iter().all(|report| !report.is_merge) {
            return Ok(());
        }
        let overlaps = find_overlaps(&reports);
        let name = |run: usize| self.name(run);
        self.overlaps = overlaps.map_err(|(one, other)| ReplayError::Overlap {
            one: name(one),
            other: name(other),
        })?;
        for overlap in &self.overlaps {
            let merge = std::slice::from_ref(&overlap.merge);
            for run in if overlap.is_whole {
                merge
            } else {
                &overlap.parts
            } {
                self.runs[*run].is_left_out = true;
            }
        }
        for list in &mut self.lists {
            list.runs.retain(|run| !self.runs[*run].is_left_out);
            if list.runs.is_empty() {
                list.indices = 0;
            }
        }
        Ok(())
    }

    /// The runs that go on with the log of a part of a merge, without being one: the numbers of such a run and of the
    /// merge. A target may be in both.
    pub(super) fn later_runs(&self) -> Vec<(usize, usize)> {
        let mut merged = HashMap::new();
        for (number, run) in self.counted() {
            let logs = run.parts.iter().filter_map(|part| part.log);
            merged.extend(logs.map(|log| (log, number)));
        }
        let later = self.counted().filter_map(|(number, run)| {
            let merge = merged.get(&run.info.log?.id)?;
            Some((number, *merge))
        });
        later.collect()
    }

    /// Puts the runs of each list in the order of their log.
    pub(super) fn order(&mut self) {
        for list in &mut self.lists {
            let position = |run: &usize| {
                let info = &self.runs[*run].info;
                (info.log.map(|log| log.offset), info.started_at, info.id)
            };
            list.runs.sort_unstable_by_key(position);
            for (order, run) in (0..).zip(&list.runs) {
                self.runs[*run].order = order;
            }
        }
    }
}
