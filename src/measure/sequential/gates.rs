//! The assertions that a comparison is to decide.

use crate::measure::assert::{Assertion, Judgement, RunFigures};
use crate::measure::baseline::EarlierRun;
use crate::model::measurement::Comparison;
use crate::model::summary::Summary;

/// The assertions on a comparison, and the earlier run that some may be about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gates<'a> {
    /// The assertions.
    pub assertions: &'a [Assertion],
    /// The earlier run.
    pub earlier: Option<&'a EarlierRun>,
}

impl Gates<'_> {
    /// Tests whether the intervals of these figures decide each assertion. Those on a figure that has no interval, or
    /// that there is not, would not be decided by more pairs.
    pub(in crate::measure) fn are_decided_by(&self, comparison: &Comparison) -> bool {
        if self.assertions.is_empty() {
            return true;
        }
        let against = self.earlier.map(|earlier| earlier.preview(comparison));
        // Only figures with an interval are asked for here, and those are of the comparison.
        let summary = Summary::default();
        let figures = RunFigures {
            summary: &summary,
            counted: &summary,
            estimated_speedup: None,
            comparison: Some(comparison),
            sweep: None,
            against: against.as_ref(),
            is_first: false,
            allows_empty: false,
        };
        let mut assertions = self.assertions.iter();
        assertions.all(|assertion| assertion.judge(&figures) != Judgement::Inconclusive)
    }
}
