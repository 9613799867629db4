//! The data that the page keeps of one run: bounded, however many URLs it has.

use super::failure_groups::FailureGroups;
use super::row::Row;
use super::row_sample::RowSample;
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;
use crate::report::export::timeline::Timeline;

/// The data of one run, or of one run of an arm.
#[derive(Debug, Default)]
pub(super) struct RunData {
    pub(super) rows: RowSample,
    pub(super) timeline: Timeline,
    pub(super) failures: FailureGroups,
    /// Its figures, once it is over.
    pub(super) summary: Option<Summary>,
}

impl RunData {
    /// Adds the outcome of one target.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.timeline.add(outcome);
        self.failures.add(outcome);
        self.rows.add(Row::new(outcome));
    }
}
