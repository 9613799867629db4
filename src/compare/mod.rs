//! The serial baseline: what the same URLs take one after the other, estimated or measured.

mod estimate;
mod experiment;
mod serial;
mod sweep;

pub use estimate::{Bound, Estimate};
pub use experiment::{Experiment, Ran};
pub use serial::serial;
pub use sweep::{Counts, SweepPlan};
