//! The serial baseline: what the same URLs take one after the other, estimated or measured.

pub mod assert;
pub mod baseline;
mod comparison;
mod estimate;
pub mod runs;
mod serial;
mod sweep;

pub use comparison::{Experiment, Ran};
pub use estimate::{Bound, Estimate};
pub use serial::serial;
pub use sweep::{Counts, SweepPlan};
