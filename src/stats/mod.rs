//! Statistics of measured times: summaries, confidence intervals, percentiles and scaling laws.
//!
//! This module knows nothing of fetching. It is pure: it owns no clock, prints nothing, and the same
//! numbers always give the same answers. Times are in seconds unless a signature says otherwise.
//!
//! * [`Sample`] summarises the runs of one arm; [`outliers`] and [`notice`] find its outliers.
//! * [`Speedup`] compares the two arms of a comparison, pair by pair, with a 95 % [`Interval`] and a
//!   [`Finding`].
//! * [`Change`] compares runs with earlier, unpaired ones; [`HistoryChange`] with several earlier ones of other
//!   days, and [`last_change_point`] dates a change in the series of them.
//! * [`Looks`] are the points at which growing data may end a measurement, and [`Trend`] a drift in them.
//! * [`exceeds`] tells whether the values of one sample are larger than those of another.
//! * [`sign_test`] tells whether as many differences point one way as the other.
//! * [`precedence()`] is the probability with which chance alone puts a part of one sample before another.
//! * [`Latency`] keeps percentiles of millions of durations in constant memory.
//! * [`Usl`] fits a scaling law to a sweep, and [`Knee`] finds the worker count after which more
//!   workers hardly help. [`KneeSearch`] decides which worker count to run next, so that few runs find it, and
//!   [`PooledScatter`] is what the runs at all counts tell of how much they vary.
//!
//! ```
//! use pfetch::stats::{Finding, RunPair, Speedup};
//!
//! let runs = [(10.1, 2.5), (9.9, 2.6), (10.0, 2.4)];
//! let pairs = runs.map(|(serial, parallel)| RunPair { serial, parallel });
//! let speedup = Speedup::of(&pairs).unwrap();
//! assert_eq!(speedup.finding(), Some(Finding::Faster));
//! assert!((speedup.ratio - 4.0).abs() < 0.01);
//! ```

mod change;
mod change_point;
mod history;
mod interval;
mod knee;
mod knee_search;
mod latency;
mod median;
mod pooled;
mod precedence;
mod rank;
mod ratio;
mod sample;
mod sequential;
mod sign;
mod student;
mod trend;
mod usl;

#[cfg(test)]
mod tests;

pub use change::{ALIKE, Change};
pub use change_point::{ChangePoint, change_points, last_change_point};
pub use history::HistoryChange;
pub use interval::{Interval, LEVEL};
pub use knee::{Knee, SweepPoint, is_close, is_gain_open};
pub use knee_search::KneeSearch;
pub use latency::Latency;
pub use pooled::{PooledScatter, geometric_mean};
pub use precedence::precedence;
pub use rank::exceeds;
pub use ratio::{Finding, RunPair, Speedup};
pub use sample::{Notice, Sample, notice, outliers, quantile};
pub use sequential::Looks;
pub use sign::sign_test;
pub use student::critical_value;
pub use trend::Trend;
pub use usl::Usl;
