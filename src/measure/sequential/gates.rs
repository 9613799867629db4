//! The assertions that a comparison or a sweep is to decide.

use crate::measure::assert::{Assertion, Judgement, Metric, RunFigures};
use crate::measure::baseline::EarlierRuns;
use crate::model::measurement::{Against, AgainstPoint, Comparison, Sweep};
use crate::model::summary::Summary;

/// The assertions on a comparison or a sweep, and the earlier runs that some may be about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gates<'a> {
    /// The assertions.
    pub assertions: &'a [Assertion],
    /// The earlier runs.
    pub earlier: Option<&'a EarlierRuns>,
}

impl Gates<'_> {
    /// Tests whether the intervals of a comparison's figures decide each assertion. Those on a figure that has no
    /// interval, or that there is not, would not be decided by more pairs.
    pub(in crate::measure) fn are_decided_by(&self, comparison: &Comparison) -> bool {
        let against = self.earlier.map(|earlier| earlier.preview(comparison));
        self.are_decided(Some(comparison), None, against.as_ref())
    }

    /// Tests the same for a sweep and more rounds of it.
    pub(in crate::measure) fn are_decided_by_sweep(&self, sweep: &Sweep) -> bool {
        let against = self.earlier.map(|earlier| earlier.preview_sweep(sweep));
        self.are_decided(None, Some(sweep), against.as_ref())
    }

    fn are_decided(
        &self,
        comparison: Option<&Comparison>,
        sweep: Option<&Sweep>,
        against: Option<&Against>,
    ) -> bool {
        // Only figures with an interval are asked for here, and those are of the comparison or the sweep.
        let summary = Summary::default();
        let figures = RunFigures {
            summary: &summary,
            counted: &summary,
            estimated_speedup: None,
            comparison,
            sweep,
            against,
            is_first: false,
            allows_empty: false,
        };
        let total = against.and_then(|against| against.total().ok());
        let is_of_history = total.is_some_and(AgainstPoint::is_of_history);
        let is_open = |assertion: &&Assertion| {
            !is_of_history || assertion.metric() != Metric::TotalVsBaseline
        };
        let mut assertions = self.assertions.iter().filter(is_open);
        assertions.all(|assertion| assertion.judge(&figures) != Judgement::Inconclusive)
    }
}
