//! Whether a gate holds.

use crate::stats::Interval;

use super::{Gate, Metric};

/// A figure of a run, in the base unit of its metric ([`Metric`] says which).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The best estimate, or the plain value of what was counted.
    pub value: f64,
    /// Where the true value may well lie; `None` for what was counted, or measured only once.
    pub interval: Option<Interval>,
}

impl From<f64> for Figure {
    /// A figure without an interval.
    fn from(value: f64) -> Self {
        Figure {
            value,
            interval: None,
        }
    }
}

/// Whatever knows a run's figures. A closure from a metric to its figure will do.
pub trait Figures {
    /// The figure, or why there is none: "no serial run was measured".
    fn figure(&self, metric: Metric) -> Result<Figure, String>;
}

impl<F: Fn(Metric) -> Result<Figure, String>> Figures for F {
    fn figure(&self, metric: Metric) -> Result<Figure, String> {
        self(metric)
    }
}

/// What a gate makes of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It holds.
    Held,
    /// It does not.
    Failed,
    /// The figure is not known well enough: its interval lies on both sides of the limit.
    Inconclusive,
    /// There is no such figure, and why.
    Unknown(String),
}

impl Gate {
    /// Holds the gate against the figures.
    ///
    /// Where a figure has an interval, all of it has to lie on one side of the limit: a gate neither
    /// holds nor fails by luck. So an `==` on such a figure can fail, but holds only for an interval
    /// that is a single point. Without an interval the value decides.
    pub fn judge(&self, figures: &(impl Figures + ?Sized)) -> Judgement {
        let figure = match figures.figure(self.metric) {
            Ok(figure) => figure,
            Err(why) => return Judgement::Unknown(why),
        };
        let limit = self.limit.value();
        let interval = figure.interval.unwrap_or(Interval {
            low: figure.value,
            high: figure.value,
        });
        if interval.low.is_nan() || interval.high.is_nan() {
            return Judgement::Unknown("the figure is no number".to_owned());
        }
        let holds = |value| self.comparison.holds(value, limit);
        // All comparisons but `==` that hold, or fail, at both ends do so in between.
        if holds(interval.low) && holds(interval.high) {
            Judgement::Held
        } else if holds(interval.low) || holds(interval.high) || self.is_met_within(interval) {
            Judgement::Inconclusive
        } else {
            Judgement::Failed
        }
    }

    /// Whether the gate is an `==` whose limit the interval holds.
    fn is_met_within(&self, interval: Interval) -> bool {
        self.comparison == super::Comparison::Equal && interval.contains(self.limit.value())
    }
}
