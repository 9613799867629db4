//! The course of a comparison or a sweep that chose its number of pairs or rounds itself. The rounds of a sweep, each
//! with a run at each number of workers, are called pairs here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The reason why no more pairs were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoEnd {
    /// The verdict, or the knee, and all assertions were decided.
    Decided,
    /// The interval of the speed-up was as narrow as asked for, and all assertions were decided.
    Precise,
    /// There were as many pairs as there may be.
    MostPairs,
    /// A further pair would have taken longer than the time that there is.
    MostTime,
    /// It was stopped.
    Stopped,
}

impl AutoEnd {
    /// The reason in a few words, for reports: `enough: all is decided`. None for a stop, which reports tell otherwise.
    pub fn text(self) -> Option<&'static str> {
        match self {
            AutoEnd::Decided => Some("enough: all is decided"),
            AutoEnd::Precise => Some("enough: as precise as asked for"),
            AutoEnd::MostPairs => Some("the most there may be (--max-runs)"),
            AutoEnd::MostTime => Some("no time for more (--measurement-time)"),
            AutoEnd::Stopped => None,
        }
    }
}

/// The course of a measurement to which pairs were added until its figures decided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AutoRuns {
    /// Why no more pairs were made.
    pub ended_by: AutoEnd,
    /// The most pairs that there may be.
    pub most_pairs: u32,
    /// The time in seconds after which no pair begins.
    #[schemars(range(min = 0.0))]
    pub most_seconds: f64,
    /// The half width of the interval that was asked for, as a share of the speed-up.
    #[schemars(range(min = 0.0))]
    pub precision: Option<f64>,
    /// The nominal level of the intervals: 95 % at the first look, and higher the more looks there were before. Because the
    /// number of pairs depends on the figures, an interval at this level
    /// covers the true value about as often as one at 95 % of a fixed number of pairs.
    #[schemars(range(min = 0.0))]
    pub level: f64,
    /// The level of the interval that decided. It is higher the earlier the look, since all looks together err in 5 % of
    /// cases.
    #[schemars(range(min = 0.0))]
    pub deciding_level: f64,
}
