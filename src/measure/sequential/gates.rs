//! The assertions that a comparison is to decide.

use crate::measure::assert::{Assertion, Judgement, Metric, RunFigures};
use crate::measure::baseline::EarlierRuns;
use crate::model::measurement::{AgainstPoint, Comparison};
use crate::model::summary::Summary;

/// The assertions on a comparison, and the earlier runs that some may be about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gates<'a> {
    /// The assertions.
    pub assertions: &'a [Assertion],
    /// The earlier runs.
    pub earlier: Option<&'a EarlierRuns>,
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
        let total = against.as_ref().and_then(|against| against.total().ok());
        let is_of_history = total.is_some_and(AgainstPoint::is_of_history);
        let is_open = |assertion: &&Assertion| {
            !is_of_history || assertion.metric() != Metric::TotalVsBaseline
        };
        let mut assertions = self.assertions.iter().filter(is_open);
        assertions.all(|assertion| assertion.judge(&figures) != Judgement::Inconclusive)
    }
}
