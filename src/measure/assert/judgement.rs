//! The judgement of an assertion: whether the figures decide it, and how.

use crate::stats::Interval;

use super::{Assertion, Metric, Relation};

/// Value of a metric, in its base unit ([`Metric`] says which).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricValue {
    /// The best estimate of what was measured, or the count.
    pub value: f64,
    /// The 95 % interval of what was measured; `None` for a count, or for one measurement.
    pub interval: Option<Interval>,
}

impl From<f64> for MetricValue {
    /// A value without an interval.
    fn from(value: f64) -> Self {
        MetricValue {
            value,
            interval: None,
        }
    }
}

/// Source of a run's figures. A closure from metric to value is one.
pub trait MetricSource {
    /// The value, or the reason why there is none, as "no serial run was measured".
    fn value(&self, metric: Metric) -> Result<MetricValue, String>;
}

impl<F: Fn(Metric) -> Result<MetricValue, String>> MetricSource for F {
    fn value(&self, metric: Metric) -> Result<MetricValue, String> {
        self(metric)
    }
}

/// Result of judging an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The assertion holds.
    Held,
    /// It does not hold.
    Failed,
    /// The interval of its figure lies on both sides of the threshold.
    Inconclusive,
    /// There is no such figure, for this reason.
    Unknown(String),
}

impl Assertion {
    /// Judges the assertion by the figures.
    ///
    /// The whole interval of a figure has to lie on one side of the threshold, so that no assertion holds or
    /// fails by luck. An `==` therefore can fail, but holds only for an interval that is a single point. Without
    /// an interval the value decides.
    pub fn judge(&self, figures: &(impl MetricSource + ?Sized)) -> Judgement {
        let figure = match figures.value(self.metric) {
            Ok(figure) => figure,
            Err(why) => return Judgement::Unknown(why),
        };
        let threshold = self.threshold.value();
        let interval = figure.interval.unwrap_or(Interval {
            low: figure.value,
            high: figure.value,
        });
        if interval.low.is_nan() || interval.high.is_nan() {
            return Judgement::Unknown("the figure is no number".to_owned());
        }
        let holds = |value| self.relation.holds(value, threshold);
        // Relations other than `==` that hold, or fail, at both ends do so in between.
        if holds(interval.low) && holds(interval.high) {
            Judgement::Held
        } else if holds(interval.low) || holds(interval.high) || self.is_met_within(interval) {
            Judgement::Inconclusive
        } else {
            Judgement::Failed
        }
    }

    /// True for an `==` with its threshold within the interval.
    fn is_met_within(&self, interval: Interval) -> bool {
        self.relation == Relation::Equal && interval.contains(self.threshold.value())
    }
}
