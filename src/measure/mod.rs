//! The serial baseline: what the same URLs take one after the other, estimated or measured.

mod estimate;
pub mod assert;
pub mod baseline;
mod comparison;
mod serial;
mod sweep;

pub use estimate::{Bound, Estimate};
pub use comparison::{Experiment, Ran};
pub use serial::serial;
pub use sweep::{Counts, SweepPlan};
