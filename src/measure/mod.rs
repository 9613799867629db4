//! Measurement: the serial time that a run is set against, estimated or measured; comparisons, sweeps, and the reasons
//! of their results; assertions on figures, and baselines.

mod answers;
pub mod assert;
pub mod baseline;
mod cold_start;
mod comparison;
mod drift;
mod estimate;
mod failing;
mod measured_run;
mod notices;
mod observing;
mod run_end;
pub mod runs;
mod sequential;
mod serial;
mod sweep;
mod why;

#[cfg(test)]
mod made_up_times;
#[cfg(test)]
mod null_listener;
#[cfg(test)]
mod work_tests;

pub use comparison::Experiment;
pub use estimate::{Bound, Estimate, Unbounded, UnseenLimit, Withheld};
pub use measured_run::MeasuredRun;
pub use sequential::{Gates, Stopping};
pub use serial::serial;
pub use sweep::{SweepPlan, WorkerCounts};
