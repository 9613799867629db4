//! What is kept of a run, or of one run of an arm: bounded, however many URLs it has.

use super::kept::Kept;
use super::lanes::Lanes;
use super::row::Row;
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;

/// What is kept of a run.
#[derive(Debug, Default)]
pub(super) struct ArmData {
    pub(super) kept: Kept,
    pub(super) lanes: Lanes,
    /// Its figures, once it is over.
    pub(super) summary: Option<Summary>,
}

impl ArmData {
    pub(super) fn new(workers: usize) -> Self {
        ArmData {
            lanes: Lanes::new(workers),
            ..ArmData::default()
        }
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.lanes.add(outcome);
        self.kept.add(Row::new(outcome));
    }
}
