//! Assertions on a run's figures: `--assert 'p95<500ms'`.
//!
//! A [`Gate`] is read from text, names the [`Metric`] that it is about, and judges whatever
//! [`Figures`] supplies. It measures nothing and prints nothing; what a judgement does to the exit
//! code is decided elsewhere.
//!
//! ```text
//! speedup>=2            total<5s                  failed<=1%            throughput>=10MB/s
//! total_vs_baseline<=1.1  p95<500ms  median<80ms  failed<=3             requests_per_second>=100
//! ```
//!
//! ```
//! use pfetch::measure::assert::{Figure, Gate, Judgement, Metric};
//! use pfetch::stats::Interval;
//!
//! let gate: Gate = "speedup >= 2x".parse().unwrap();
//! assert_eq!(gate.to_string(), "speedup>=2");
//! let measured = |low, high| move |_: Metric| {
//!     Ok(Figure { value: (low + high) / 2.0, interval: Some(Interval { low, high }) })
//! };
//! assert_eq!(gate.judge(&measured(2.1, 2.6)), Judgement::Held);
//! assert_eq!(gate.judge(&measured(1.8, 2.3)), Judgement::Inconclusive);
//! assert_eq!(gate.judge(&measured(1.2, 1.7)), Judgement::Failed);
//! ```

mod figures;
mod judge;
mod metric;
mod parse;
mod unit;

#[cfg(test)]
mod tests;

use std::fmt;

pub use figures::RunFigures;
pub use judge::{Figure, Figures, Judgement};
pub use metric::{Metric, Percent};
pub use parse::ParseGateError;
pub use unit::{Limit, Unit};

/// An assertion: a metric, a comparison and a limit.
///
/// Its `Display` is its canonical text, which reads back to the same gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    metric: Metric,
    comparison: Comparison,
    limit: Limit,
}

impl Gate {
    /// What it is about.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// How the figure has to stand to the limit.
    pub fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// The limit.
    pub fn limit(&self) -> Limit {
        self.limit
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.metric, self.comparison, self.limit)
    }
}

/// How a figure has to stand to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
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

impl Comparison {
    /// All, the longer before the shorter that it begins with.
    const ALL: [Comparison; 5] = [
        Comparison::AtMost,
        Comparison::Below,
        Comparison::AtLeast,
        Comparison::Above,
        Comparison::Equal,
    ];

    /// Whether `value` stands to `limit` in this way.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Comparison::Below => value < limit,
            Comparison::AtMost => value <= limit,
            Comparison::Above => value > limit,
            Comparison::AtLeast => value >= limit,
            Comparison::Equal => value == limit,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
            Comparison::Equal => "==",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
