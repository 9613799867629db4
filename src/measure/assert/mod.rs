//! Assertions on a run's figures: `--assert 'p95<500ms'`.
//!
//! An [`Assertion`] is parsed from text, names a [`Metric`], and judges the value that a [`MetricSource`] gives
//! for it. This module measures and prints nothing; `cli/exit` maps verdicts to the exit code.
//!
//! ```text
//! speedup>=2            total<5s                  failed<=1%            throughput>=10MB/s
//! total_vs_baseline<=1.1  p95<500ms  median<80ms  failed<=3             urls_per_second>=100
//! ```
//!
//! ```
//! use pfetch::measure::assert::{Assertion, Judgement, Metric, MetricValue};
//! use pfetch::stats::Interval;
//!
//! let assertion: Assertion = "speedup >= 2x".parse().unwrap();
//! assert_eq!(assertion.to_string(), "speedup>=2");
//! let measured = |low, high| move |_: Metric| {
//!     let interval = Some(Interval { low, high });
//!     Ok(MetricValue { value: (low + high) / 2.0, interval })
//! };
//! assert_eq!(assertion.judge(&measured(2.1, 2.6)), Judgement::Held);
//! assert_eq!(assertion.judge(&measured(1.8, 2.3)), Judgement::Inconclusive);
//! assert_eq!(assertion.judge(&measured(1.2, 1.7)), Judgement::Failed);
//! ```

mod cut_off;
mod judgement;
mod metric;
mod parse;
mod remedy;
mod run_figures;
mod unit;

#[cfg(test)]
mod tests;

use std::fmt;

pub use judgement::{Judgement, MetricSource, MetricValue};
pub use metric::{Metric, Percent};
pub use parse::ParseAssertionError;
pub use remedy::{more_rounds_would_tell, more_would_tell};
pub use run_figures::{NO_BASELINE_YET, RunFigures, one_by_one};
pub use unit::{Threshold, Unit};

/// An assertion: a metric, a relation and a threshold.
///
/// Its `Display` is its canonical text, which parses to the same assertion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assertion {
    metric: Metric,
    relation: Relation,
    threshold: Threshold,
}

impl Assertion {
    /// Its metric.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The relation that the metric's value must have to the threshold.
    pub fn relation(&self) -> Relation {
        self.relation
    }

    /// Its threshold.
    pub fn threshold(&self) -> Threshold {
        self.threshold
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.metric, self.relation, self.threshold)
    }
}

/// Relation of a value to a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

impl Relation {
    /// All relations, a longer one before the shorter one that it begins with.
    const ALL: [Relation; 5] = [
        Relation::AtMost,
        Relation::Below,
        Relation::AtLeast,
        Relation::Above,
        Relation::Equal,
    ];

    /// True if `value` has this relation to `threshold`.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Relation::Below => value < threshold,
            Relation::AtMost => value <= threshold,
            Relation::Above => value > threshold,
            Relation::AtLeast => value >= threshold,
            Relation::Equal => value == threshold,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Relation::Below => "<",
            Relation::AtMost => "<=",
            Relation::Above => ">",
            Relation::AtLeast => ">=",
            Relation::Equal => "==",
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
